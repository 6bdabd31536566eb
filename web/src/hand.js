// A viewer's hand and question: what the person wants, and what the writer has been told of it. Pure:
// every method that needs the time is given it.

import { Allowance } from './allowance.js';
import { HANDS, HANDS_OFF, HAND_BURST, HAND_EVERY_MS, QUESTIONS, cleanQuestion } from './hand-messages.js';

const NEVER = Infinity;
/** After a refusal the same is said again. */
const RETRY_MS = 2_000;

export class Hand {
  up = false;
  /** @type {number | undefined} the line that it points at */
  line;
  question = '';
  /** @type {'lowered' | 'raised' | 'noted' | 'cleared'} as the person is to know it */
  state = 'lowered';
  /** Grows with each change. */
  n = 0;
  #allowance = new Allowance(HAND_BURST, HAND_EVERY_MS);
  /** When the writer is to be told. */
  #due = NEVER;
  #underWay = false;

  get any() {
    return this.up || this.question !== '';
  }

  // ---- what the person does ----

  /** @param {{ up?: boolean, line?: number, question?: string }} wanted @param {number} now */
  set({ up = this.up, line, question = this.question }, now) {
    const before = [this.up, this.line, this.question].join();
    this.up = up;
    this.line = up ? line : undefined;
    this.question = cleanQuestion(question);
    if ([this.up, this.line, this.question].join() === before && this.state !== 'cleared') return;
    this.n++;
    this.state = this.any ? 'raised' : 'lowered';
    this.#due = now;
  }

  // ---- what is heard ----

  /** The session says what is allowed. @param {number} allowed */
  allow(allowed) {
    if (allowed < QUESTIONS) this.question = '';
    if (allowed < HANDS) [this.up, this.line] = [false, undefined];
    // The writer has dropped it, too, and need not be told.
    if (this.any || this.state === 'cleared') return;
    this.state = 'lowered';
    if (allowed === HANDS_OFF) this.#due = NEVER;
  }

  /** The writer may not know of it: this socket or the writer's is new. @param {number} from */
  tell(from) {
    this.#underWay = false;
    if (this.any) this.#due = Math.min(this.#due, from);
  }

  left() {
    this.#underWay = false;
  }

  /** @param {import('./hand-messages.js').Reply} reply */
  replied({ n, state }) {
    // It has changed since.
    if (n !== this.n || !this.any) return;
    this.state = state;
    if (state === 'cleared') [this.up, this.line, this.question] = [false, undefined, ''];
  }

  /** @param {boolean} success @param {number} now */
  answered(success, now) {
    this.#underWay = false;
    if (!success) this.#due = Math.min(this.#due, now + RETRY_MS);
  }

  // ---- what is to be done ----

  /** What has to be said now. @param {number} now @returns {object | undefined} */
  poll(now) {
    if (this.#underWay || now < this.#due || !this.#allowance.take(now)) return undefined;
    this.#due = NEVER;
    this.#underWay = true;
    const { n, up, line, question } = this;
    return { data: 'hand', n, up, ...(line && { line }), ...(question && { question }) };
  }

  /** @param {number} now */
  wakeAt(now) {
    if (this.#underWay || this.#due === NEVER) return NEVER;
    return Math.max(this.#due, this.#allowance.readyAt(now));
  }
}
