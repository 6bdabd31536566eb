// The writer's draft: what of a session the browser is to keep, and when that is saved. Pure:
// saving itself, and the time, are the caller's.

/** A change is saved this much later, so that typing does not save with each key. */
export const SAVE_MS = 400;
/** A page that has answered for so long after the language was set has survived its colours. */
export const SURVIVED_MS = 2_000;

export class Draft {
  #closed = false;
  #saveAt = Infinity;
  /** Until then, a page that stops has been stopped by the colours of this text. */
  #triedUntil = Infinity;
  /** The browser has taken the draft; in some it does not outlive the page. */
  kept = true;

  /**
   * @param {{ session: { room: string, key: string }, writer: import('./writer.js').Writer,
   *   store: (record: import('./store.js').Draft, options?: { makeRoom?: boolean }) => boolean,
   *   dropped?: () => boolean }} options
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
    const trial = this.#triedUntil < Infinity ? { trying: true } : {};
    const own = epoch > 0 ? { epoch } : { epoch: greatest, beside: true };
    const dropped = this.dropped() ? { dropped: true } : {};
    return { ...this.session, ...own, text, language, name, ended, ...hidden, ...dropped, ...trial };
  }

  /**
   * Leaving the page would lose the text. Viewers may have it, but nobody could go on with it: the
   * right to write would be lost as well.
   */
  get atRisk() {
    const { text, endTold } = this.writer;
    return !this.#closed && !this.kept && text !== '' && !endTold;
  }

  /** When `poll` has something to do. */
  get wakeAt() {
    return Math.min(this.#saveAt, this.#triedUntil);
  }

  /** @param {number} now */
  saveSoon(now) {
    this.#saveAt = Math.min(this.#saveAt, now + SAVE_MS);
  }

  /**
   * The text is about to be coloured. A grammar that takes for ever stops the page, and the kept
   * session would stop it again each time: if the draft still says so when a page takes it up, the
   * last one never came to rest.
   * @param {number} now
   */
  trying(now) {
    this.#triedUntil = now + SURVIVED_MS;
    this.save();
  }

  /** The page has survived: it has answered for long enough, or is closed in the ordinary way. */
  survived() {
    if (this.#triedUntil === Infinity) return;
    this.#triedUntil = Infinity;
    this.save();
  }

  /** Saves what is due. @param {number} now */
  poll(now) {
    if (now >= this.#triedUntil) this.survived();
    if (now >= this.#saveAt) this.save();
  }

  /** @param {{ makeRoom?: boolean }} [options]  see store.js */
  save(options) {
    this.#saveAt = Infinity;
    if (!this.#closed) this.kept = this.store(this.record, options);
  }

  /**
   * Another page may have removed it: it is saved again, though at no cost to others, which would do
   * the same in turn.
   * @param {(draft: import('./store.js').Draft) => boolean} isIt
   */
  removed(isIt) {
    if (isIt(this.record)) this.save({ makeRoom: false });
  }

  /** From now on nothing is saved. */
  drop() {
    this.#closed = true;
  }

  /** From now on the session's draft is another page's: it is saved once more, and never again. */
  close() {
    this.#triedUntil = Infinity;
    this.save();
    this.#closed = true;
  }
}
