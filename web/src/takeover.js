// Of two writers in one room, the one with the greater epoch goes on and the other gives way; of two
// with the same, the one with the greater socket id. Pure: what has to be done about it is the
// caller's.

import { isSocketId } from './protocol.js';

export class Takeover {
  /** This writer has given way. */
  done = false;
  /** The greatest epoch it has given way to: taking the pen back needs a greater one still. */
  rivalEpoch = 0;
  /** @type {Set<string>} sockets of older writers that this one has made itself known to */
  #announcedTo = new Set();

  /**
   * @param {{ writer: import('./writer.js').Writer, announce: () => void, giveWay: () => void }}
   *   options
   */
  constructor({ writer, announce, giveWay }) {
    this.writer = writer;
    this.announce = announce;
    this.giveWay = giveWay;
  }

  /** Somebody has joined or left the room. @param {any} event */
  presence(event) {
    const { role, state, from, epoch } = event ?? {};
    if (role !== 'writer' || state !== 'joined' || !isSocketId(from)) return;
    // Late news of an earlier socket of this writer is not another writer.
    if (this.writer.sids.has(from)) return;
    // A writer that does not tell its epoch must be taken for a newer one.
    if (!Number.isSafeInteger(epoch)) this.yieldTo(0);
    else if (epoch > this.writer.epoch) this.yieldTo(epoch);
    else if (epoch === this.writer.epoch && from > this.#greatestSocket) this.yieldTo(epoch);
    else if (!this.#announcedTo.has(from)) {
      // The other one may have been away and not have heard of this one.
      this.#announcedTo.add(from);
      this.announce();
    }
  }

  /** Of all its sockets: the other writer may have heard of any of them. */
  get #greatestSocket() {
    return [...this.writer.sids].reduce((a, b) => (a > b ? a : b), '');
  }

  /** Another tab has saved this session. @param {number} epoch */
  saved(epoch) {
    const { writer } = this;
    if (writer.epoch === 0) writer.greatest = Math.max(writer.greatest, epoch);
    else if (epoch > writer.epoch) this.yieldTo(epoch);
  }

  /** @param {number} epoch */
  yieldTo(epoch) {
    this.rivalEpoch = Math.max(this.rivalEpoch, epoch);
    if (this.done) return;
    this.done = true;
    this.giveWay();
  }
}
