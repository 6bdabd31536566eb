// The writer's draft: what of a session the browser is to keep, and when that is saved. Pure:
// saving itself, and the time, are the caller's.

/** A change is saved this much later, so that typing does not save with each key. */
export const SAVE_MS = 400;

export class Draft {
  #closed = false;
  /** When the draft has to be saved. */
  wakeAt = Infinity;
  /** The browser has taken the draft; in some it does not outlive the page. */
  kept = true;

  /**
   * @param {{ session: { room: string, key: string }, writer: import('./writer.js').Writer,
   *   store: (record: import('./store.js').Draft) => boolean, dropped?: () => boolean }} options
   *   store: whether the browser keeps it; dropped: the function app is not to keep this text
   */
  constructor({ session, writer, store, dropped = () => false }) {
    this.dropped = dropped;
    this.session = session;
    this.writer = writer;
    this.store = store;
  }

  /**
   * Before negotiate has let the writer in, its draft goes beside the one that it came from.
   * @returns {import('./store.js').Draft}
   */
  get record() {
    const { epoch, greatest, text, language, name, ended, paused, known } = this.writer;
    const hidden = paused ? { known } : {};
    const own = epoch > 0 ? { epoch } : { epoch: greatest, beside: true };
    const dropped = this.dropped() ? { dropped: true } : {};
    return { ...this.session, ...own, text, language, name, ended, ...hidden, ...dropped };
  }

  /** The text on the page is neither kept nor sent: leaving the page would lose it. */
  get atRisk() {
    const { text, settled } = this.writer;
    return !this.#closed && !this.kept && text !== '' && !settled;
  }

  /** @param {number} now */
  saveSoon(now) {
    this.wakeAt = Math.min(this.wakeAt, now + SAVE_MS);
  }

  /** Saves what is due. @param {number} now */
  poll(now) {
    if (now >= this.wakeAt) this.save();
  }

  save() {
    this.wakeAt = Infinity;
    if (!this.#closed) this.kept = this.store(this.record);
  }

  /** From now on the session's draft is another page's: it is saved once more, and never again. */
  close() {
    this.save();
    this.#closed = true;
  }
}
