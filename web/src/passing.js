// A notice that the page shows for a moment, in place of the one that belongs to its state. Pure.

/** @typedef {import('./status.js').Notice} Notice */

export const PASSING_MS = 8_000;

export class Passing {
  /** @type {Notice | undefined} */
  #notice;
  /** When the notice goes. */
  wakeAt = Infinity;

  /** @param {Notice} notice @param {number} now */
  say(notice, now) {
    this.#notice = notice;
    this.wakeAt = now + PASSING_MS;
  }

  /** It is said no longer. */
  drop() {
    this.#notice = undefined;
    this.wakeAt = Infinity;
  }

  /**
   * What the page says now. An offer made in passing gives way to a failure, which matters more.
   * @param {import('./status.js').Status} status @param {boolean} failed @param {number} now
   * @returns {import('./status.js').Status}
   */
  over(status, failed, now) {
    if (now >= this.wakeAt || (failed && this.#notice?.action)) {
      this.drop();
    }
    return this.#notice ? { ...status, notice: this.#notice } : status;
  }
}
