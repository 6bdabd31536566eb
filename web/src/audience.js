// Who is watching, as far as the writer can know: viewers by socket, and what they have said of
// themselves. No server keeps the list, so after each reconnection it is built again by a roll call.
// Of many viewers only a sample answers it; the others are a number.

import { Gone } from './gone.js';
import { MAX_AUDIENCE, ROLL_CALL_ANSWERS, ROLL_CALL_MS } from './protocol.js';

export class Audience {
  /** @param {number} [rollCallEvery]  ms; by default only a reconnection calls the roll */
  constructor(rollCallEvery = Infinity) {
    this.rollCallEvery = rollCallEvery;
    /** @type {Map<string, boolean>} false: has not answered the roll call yet */
    this.viewers = new Map();
    /** Viewers that are there but not in the list: the sample has spoken for them. */
    this.unlisted = 0;
    /** @type {Set<string>} viewers that have joined and said nothing so far */
    this.silent = new Set();
    /** @type {Set<string>} viewers that do not read arrays */
    this.older = new Set();
    /** @type {Set<string>} viewers whose page was written after the articles */
    this.plain = new Set();
    this.gone = new Gone();
    /** When the current roll call ends. */
    this.rollCallEnd = Infinity;
    this.nextRollCall = Infinity;
    /** Counts the roll calls between reconnections: a viewer notices those by itself. */
    this.roll = 0;
    /** One viewer in so many answers the roll call. */
    this.sample = 1;
    /** How many there were before a sample was asked: this counts until it has answered. */
    this.before = 0;
  }

  /** When `keepRoll` has something to do. */
  get wakeAt() {
    return Math.min(this.rollCallEnd, this.nextRollCall);
  }

  get size() {
    return Math.max(this.before, this.viewers.size + this.unlisted);
  }

  /** Nobody watches; during a roll call there may be somebody. */
  get isEmpty() {
    return this.size === 0 && this.rollCallEnd === Infinity;
  }

  /** Every viewer has said that it reads arrays; during a roll call there may be others. */
  get readsArrays() {
    const { older, plain, silent } = this;
    return (
      this.size > 0 &&
      this.rollCallEnd === Infinity &&
      older.size + plain.size + silent.size === 0
    );
  }

  /** @param {string} viewer */
  has(viewer) {
    return this.viewers.has(viewer);
  }

  /** @param {string} viewer */
  join(viewer) {
    if (this.gone.has(viewer)) return;
    if (this.has(viewer)) this.viewers.set(viewer, true);
    else if (this.viewers.size >= MAX_AUDIENCE) this.unlisted++;
    else {
      this.viewers.set(viewer, true);
      this.silent.add(viewer);
    }
  }

  /** A viewer has spoken. @param {string} viewer @param {import('./protocol.js').Sync} said */
  hear(viewer, { plain, arrays, here }) {
    if (this.gone.has(viewer)) return;
    this.silent.delete(viewer);
    const present = this.viewers.get(viewer);
    if (present === undefined) this.#list(viewer);
    else if (!present) this.viewers.set(viewer, true);
    // The sample speaks for those of whom nothing has been heard since the connection was made.
    if (here && !present && arrays && this.rollCallEnd < Infinity) this.unlisted += this.sample - 1;
    // What it reads matters even of those who are only counted.
    if (plain) this.#note(this.plain, viewer);
    else if (!arrays) this.#note(this.older, viewer);
  }

  /** @param {Set<string>} set @param {string} viewer */
  #note(set, viewer) {
    if (set.size < MAX_AUDIENCE) set.add(viewer);
  }

  /** @param {string} viewer */
  #list(viewer) {
    if (this.viewers.size >= MAX_AUDIENCE) return;
    this.viewers.set(viewer, true);
    // One of those who were only counted so far.
    if (this.rollCallEnd === Infinity && this.unlisted > 0) this.unlisted--;
  }

  /** @param {string} viewer */
  leave(viewer) {
    const known = this.has(viewer) || this.gone.has(viewer);
    if (!known && this.unlisted > 0) this.unlisted--;
    this.gone.add(viewer);
    this.remove(viewer);
  }

  /** @param {string} viewer */
  remove(viewer) {
    this.silent.delete(viewer);
    this.older.delete(viewer);
    this.plain.delete(viewer);
    this.viewers.delete(viewer);
  }

  /**
   * The writer has a new connection and may have missed viewers that joined or left. Viewers notice
   * that and make themselves known; pages of the articles do not, and are counted until they leave.
   * @param {number} now
   */
  callRoll(now) {
    const { size } = this;
    this.sample = Math.max(1, Math.ceil(size / ROLL_CALL_ANSWERS));
    this.before = this.sample > 1 ? size : 0;
    this.unlisted = 0;
    for (const viewer of this.older) if (!this.has(viewer)) this.older.delete(viewer);
    for (const viewer of this.viewers.keys()) {
      if (this.plain.has(viewer)) this.viewers.set(viewer, true);
      else if (this.sample > 1) this.remove(viewer);
      else this.viewers.set(viewer, false);
    }
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
    this.#endRollCall(now);
    return again;
  }

  /** @param {number} now */
  #endRollCall(now) {
    if (now < this.rollCallEnd) return;
    this.rollCallEnd = Infinity;
    this.before = 0;
    for (const [viewer, present] of this.viewers) if (!present) this.remove(viewer);
  }
}
