// When the writer's page hands its text in to be kept, and what came of that. What is kept is what the
// room has been told, never what is typed during a pause. Pure: it is told the time with every call,
// and says when it wants to be called again (`wakeAt`).

import { ago, daysText } from './kept.js';

/**
 * @typedef {import('./writer.js').Writer} Writer
 * @typedef {{ epoch: number, version: number, name: string, language: string, content: string,
 *   ended?: true }} HandedIn  ended: the session has, and this is its last text
 * @typedef {{ kind: 'put', text: HandedIn } | { kind: 'delete', epoch: number }} Wish
 * @typedef {{ status: number, code?: string, message?: string, epoch?: number, version?: number }}
 *   Outcome  status 0: no response; epoch, version: of what is there
 */

/** Between two writes while something changes, and while people come. */
export const EVERY_MS = 5_000;
export const SOON_MS = 2_000;
const RETRY_MIN_MS = 5_000;
const RETRY_MAX_MS = 60_000;
/** The version of a text that has been deleted: none of its epoch is kept any more. */
const DELETED = Number.MAX_SAFE_INTEGER;
const NEVER = Infinity;
const UNREACHED = 'the function app cannot be reached';

/** @param {HandedIn | undefined} a @param {HandedIn | undefined} b */
const isSame = (a, b) =>
  a?.epoch === b?.epoch &&
  a?.version === b?.version &&
  a?.name === b?.name &&
  a?.language === b?.language &&
  a?.ended === b?.ended;

export class Keeper {
  /** @type {HandedIn | undefined} what is under way */
  #underWay;
  #deleting = false;
  /** @type {HandedIn | undefined} what is there, as far as this page knows */
  #kept;
  #keptAt = 0;
  #startedAt = -NEVER;
  /** Somebody has come: the text they read is not to be old. */
  #awaited = false;
  /** The page is about to be hidden, or the session has ended. */
  #urgent = false;
  #failures = 0;
  #retryAt = 0;
  #trouble = '';
  /** @type {'keep' | 'drop' | 'dropped' | 'stopped'} stopped: no texts are kept here */
  #wish = 'keep';
  wakeAt = NEVER;
  /** The greatest epoch of another writer that was seen here: only a greater one is kept. */
  rivalEpoch = 0;

  /** @param {{ days: number, dropped?: boolean }} options  dropped: this session is not to be kept */
  constructor({ days, dropped = false }) {
    this.days = days;
    if (dropped) this.#wish = 'drop'; // the page before may have gone before that was done
  }

  // ---- called by the page ----

  /** A viewer has joined. */
  came() {
    this.#awaited = true;
  }

  /** What is not kept now may never be. */
  hurry() {
    this.#urgent = true;
  }

  /** What is kept of this session is to be deleted, and nothing more of it is to be kept. */
  drop() {
    if (this.#wish !== 'keep') return;
    this.#wish = 'drop';
    this.#retryAt = 0;
    this.#failures = 0;
  }

  get dropped() {
    return this.#wish === 'drop' || this.#wish === 'dropped';
  }

  /** Something is being deleted, or has still to be. */
  get dropping() {
    return this.#wish === 'drop';
  }

  /** What the room has been told, if that is to be kept. @param {Writer} writer */
  #told(writer) {
    const { epoch, version, known } = writer;
    const begun = epoch > this.rivalEpoch && (version > 0 || !writer.needRoomFull);
    if (!begun || (known.text === '' && !this.#kept)) return undefined;
    const { name, language, text: content } = known;
    const last = writer.endTold ? { ended: /** @type {true} */ (true) } : {};
    return { epoch, version, name, language, content, ...last };
  }

  /**
   * What has to be asked of the function app now.
   * @param {Writer} writer @param {number} now @returns {Wish | undefined}
   */
  poll(writer, now) {
    this.wakeAt = NEVER;
    if (this.#wish === 'drop') return this.#pollDrop(writer, now);
    const told = this.#wish === 'keep' ? this.#told(writer) : undefined;
    if (!told || isSame(told, this.#underWay ?? this.#kept)) return undefined;
    // A page that is about to go does not wait for the write before: its own would never be sent.
    if (this.#underWay && !this.#urgent) return undefined;
    const due = Math.max(this.#retryAt, this.#startedAt + this.#pause(writer));
    if (now < due) {
      this.wakeAt = due;
      return undefined;
    }
    this.#awaited = false;
    this.#urgent = false;
    this.#startedAt = now;
    this.#underWay = told;
    return { kind: 'put', text: told };
  }

  /** @param {Writer} writer */
  #pause(writer) {
    if (this.#urgent || writer.endTold) return 0;
    return this.#awaited ? SOON_MS : EVERY_MS;
  }

  /** @param {Writer} writer @param {number} now @returns {Wish | undefined} */
  #pollDrop(writer, now) {
    if (this.#deleting || writer.epoch <= this.rivalEpoch) return undefined;
    if (now < this.#retryAt) {
      this.wakeAt = this.#retryAt;
      return undefined;
    }
    this.#deleting = true;
    return { kind: 'delete', epoch: writer.epoch };
  }

  /**
   * @param {Wish} wish @param {Outcome} outcome @param {number} now
   */
  done(wish, outcome, now) {
    if (wish.kind === 'delete') this.#deleting = false;
    else if (wish.text !== this.#underWay) return; // a newer one is on its way, or has arrived
    else this.#underWay = undefined;
    if (outcome.status === 200) this.#succeeded(wish, now);
    else if (outcome.status === 412 && outcome.epoch) this.#outrun(wish, outcome, now);
    else this.#failed(wish, outcome, now);
  }

  /** @param {Wish} wish @param {number} now */
  #succeeded(wish, now) {
    this.#failures = 0;
    this.#retryAt = 0;
    this.#trouble = '';
    if (wish.kind === 'delete') this.#wish = 'dropped';
    else {
      this.#kept = wish.text;
      this.#keptAt = now;
    }
  }

  /**
   * Something newer is there. Only a greater epoch is another writer's: of this one it may be an
   * earlier write, whose response was lost.
   * @param {Wish} wish @param {Outcome} outcome @param {number} now
   */
  #outrun(wish, { epoch = 0, version = 0 }, now) {
    const own = wish.kind === 'delete' ? wish.epoch : wish.text.epoch;
    if (epoch > own) {
      this.rivalEpoch = Math.max(this.rivalEpoch, epoch);
    } else if (version === DELETED) {
      this.#wish = 'dropped';
    } else {
      this.#succeeded(wish, now);
    }
  }

  /** @param {Wish} wish @param {Outcome} outcome @param {number} now */
  #failed(wish, { status, code, message }, now) {
    const none = code === 'NotFound'; // no texts are kept here
    if (none) this.#wish = 'stopped';
    if ((none || code === 'NotKept') && wish.kind === 'delete') this.#wish = 'dropped';
    const pause = RETRY_MIN_MS * 2 ** this.#failures++;
    this.#retryAt = now + Math.min(RETRY_MAX_MS, pause);
    this.#trouble = message ?? (status > 0 ? `the function app says ${status}` : UNREACHED);
  }

  // ---- what the page says ----

  /** @param {number} now @returns {string} '' where there is nothing to say */
  words(now) {
    switch (this.#wish) {
      case 'stopped':
        return '';
      case 'dropped':
        return 'This text is not kept.';
      case 'drop':
        return this.#trouble === ''
          ? 'The kept text is being deleted.'
          : `The kept text could not be deleted: ${this.#trouble}. The page tries again.`;
      default:
        return this.#keptWords(now);
    }
  }

  /** @param {number} now */
  #keptWords(now) {
    const last = this.#kept ? `kept, ${ago(now - this.#keptAt)}` : '';
    if (this.#trouble !== '')
      return `Not kept: ${this.#trouble}. ${last && `Last ${last}. `}The page tries again.`;
    if (last) return `${last[0].toUpperCase()}${last.slice(1)}`;
    return `Will be kept for ${daysText(this.days)}.`;
  }
}

/** Said before anything is kept. @param {number} days @returns {import('./status.js').Notice} */
export const keepNotice = (days) => ({
  text:
    `The newest text is kept for ${daysText(days)}: whoever has the link can read it, ` +
    'also when you have gone.',
  action: 'drop',
  label: 'Do not keep this text',
});
