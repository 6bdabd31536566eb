// Of two writers in one room, the one with the greater epoch goes on and the other gives way. Of two
// with the same, the one with the greater socket id asks negotiate for a new epoch, and the other
// makes itself known, so that it does: nobody gives way to an equal, because each of the two may
// know only some of the other's sockets, and both would. Viewers who have heard both under one epoch
// begin anew with the next. Pure: what has to be done about it is the caller's.

import { isSocketId } from './protocol.js';

/** News of this writer may get lost: it is told again until the other one has left, so often. */
const TELL_AGAIN_MS = 2_000;
const MAX_TOLD = 5;
const NEVER = Infinity;

export class Takeover {
  /** This writer has given way. */
  done = false;
  /** The greatest epoch it has given way to: taking the pen back needs a greater one still. */
  rivalEpoch = 0;
  /** When `poll` has something to do. */
  wakeAt = NEVER;
  /** @type {Map<string, number>} sockets of writers that are to give way, and how often they were told */
  #told = new Map();

  /**
   * @param {{ writer: import('./writer.js').Writer, announce: () => void, renew: () => void,
   *   giveWay: () => void }} options  announce: to all other writers in the room; renew: the writer
   *   needs a new epoch
   */
  constructor({ writer, announce, renew, giveWay }) {
    this.writer = writer;
    this.announce = announce;
    this.renew = renew;
    this.giveWay = giveWay;
  }

  /** Somebody has joined or left the room. @param {any} event @param {number} now */
  presence(event, now) {
    const { role, state, from, epoch } = event ?? {};
    if (role !== 'writer' || !isSocketId(from) || this.done) return;
    // Late news of an earlier socket of this writer is not another writer.
    if (this.writer.sids.has(from)) return;
    if (state !== 'joined') this.#told.delete(from);
    // A writer that does not tell its epoch must be taken for a newer one.
    else if (!Number.isSafeInteger(epoch)) this.yieldTo(0);
    else if (epoch > this.writer.epoch) this.yieldTo(epoch);
    else this.#outlast(from, epoch, now);
  }

  /** @param {string} rival  its socket @param {number} epoch @param {number} now */
  #outlast(rival, epoch, now) {
    const known = this.#told.has(rival);
    if (!known) this.#told.set(rival, 1);
    this.wakeAt = Math.min(this.wakeAt, now + TELL_AGAIN_MS);
    if (epoch === this.writer.epoch && rival < this.#greatestSocket) this.renew();
    else if (!known) this.announce();
  }

  /** Of all its sockets: the other writer may have heard of any of them. */
  get #greatestSocket() {
    return [...this.writer.sids].reduce((a, b) => (a > b ? a : b), '');
  }

  /** Tells again what may have got lost. @param {number} now */
  poll(now) {
    if (now < this.wakeAt) return;
    this.wakeAt = NEVER;
    const again = [...this.#told].filter(([, times]) => times < MAX_TOLD);
    if (again.length === 0 || this.done) return;
    for (const [rival, times] of again) this.#told.set(rival, times + 1);
    this.wakeAt = now + TELL_AGAIN_MS;
    this.announce();
  }

  /** Another tab has saved this session. @param {number} epoch */
  saved(epoch) {
    const { writer } = this;
    // While it waits for a new epoch it has taken the pen with the one before.
    const own = writer.epoch || writer.least;
    if (own === 0) writer.greatest = Math.max(writer.greatest, epoch);
    else if (epoch > own) this.yieldTo(epoch);
  }

  /** @param {number} epoch */
  yieldTo(epoch) {
    this.rivalEpoch = Math.max(this.rivalEpoch, epoch);
    if (this.done) return;
    this.done = true;
    this.wakeAt = NEVER;
    this.giveWay();
  }
}
