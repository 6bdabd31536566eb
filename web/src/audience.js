// Who is watching, as far as the writer can know: viewers by socket, and those of them who wait for
// the text. No server keeps the list, so after each reconnection it is built again by a roll call.

import { Gone } from './gone.js';
import { MAX_AUDIENCE, ROLL_CALL_MS } from './protocol.js';

export class Audience {
  /** @param {number} [rollCallEvery]  ms; by default only a reconnection calls the roll */
  constructor(rollCallEvery = Infinity) {
    this.rollCallEvery = rollCallEvery;
    /** @type {Map<string, boolean>} false: has not answered the roll call yet */
    this.viewers = new Map();
    /** @type {Set<string>} viewers that have asked for the text */
    this.waiting = new Set();
    /** @type {Set<string>} viewers whose page was written after the articles */
    this.plain = new Set();
    this.gone = new Gone();
    /** When the current roll call ends. */
    this.rollCallEnd = Infinity;
    this.nextRollCall = Infinity;
    /** Counts the roll calls between reconnections: a viewer notices those by itself. */
    this.roll = 0;
  }

  /** When `keepRoll` has something to do. */
  get wakeAt() {
    return Math.min(this.rollCallEnd, this.nextRollCall);
  }

  get size() {
    return this.viewers.size;
  }

  /** @param {string} viewer */
  has(viewer) {
    return this.viewers.has(viewer);
  }

  /** @param {string} viewer @returns {boolean} whether the number has changed */
  add(viewer) {
    if (this.gone.has(viewer)) return false;
    const news = !this.viewers.has(viewer);
    if (!news || this.size < MAX_AUDIENCE) this.viewers.set(viewer, true);
    return news;
  }

  /** @param {string} viewer @returns {boolean} whether the number has changed */
  leave(viewer) {
    this.gone.add(viewer);
    return this.remove(viewer);
  }

  /** @param {string} viewer @returns {boolean} whether the number has changed */
  remove(viewer) {
    this.waiting.delete(viewer);
    this.plain.delete(viewer);
    return this.viewers.delete(viewer);
  }

  /** @param {string} viewer */
  ask(viewer) {
    if (this.waiting.size < MAX_AUDIENCE) this.waiting.add(viewer);
  }

  /** @param {string} viewer */
  askPlainly(viewer) {
    if (this.has(viewer)) this.plain.add(viewer);
  }

  /**
   * The writer has a new connection and may have missed viewers that joined or left. Viewers notice
   * that and make themselves known; pages of the articles do not, and are counted until they leave.
   * @param {number} now
   */
  callRoll(now) {
    for (const viewer of this.viewers.keys()) this.viewers.set(viewer, this.plain.has(viewer));
    this.rollCallEnd = now + ROLL_CALL_MS;
    this.nextRollCall = now + this.rollCallEvery;
  }

  /**
   * Calls the roll again when it is due, and ends the current roll call.
   * @param {number} now
   * @returns {boolean} whether the viewers have to be told
   */
  keepRoll(now) {
    const again = now >= this.nextRollCall;
    if (again) {
      this.roll++;
      this.callRoll(now);
    }
    return this.#endRollCall(now) || again;
  }

  /** @param {number} now @returns {boolean} whether the number has changed */
  #endRollCall(now) {
    if (now < this.rollCallEnd) return false;
    this.rollCallEnd = Infinity;
    const absent = [...this.viewers].filter(([, present]) => !present);
    for (const [viewer] of absent) this.remove(viewer);
    return absent.length > 0;
  }
}
