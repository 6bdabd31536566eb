// When a viewer's page reads the kept text: at once, again while it joins, and for as long as it has no
// socket. Pure: it is told the time with every call, and says when it wants to be called again.

/** After joining, while deltas are heard that do not fit the text here. */
const JOIN_MS = [0, 1_000, 2_000, 3_000];
/** Without a socket. An unchanged text, or a storage that is busy, is read less and less often. */
export const EVERY_MS = 4_000;
const SELDOM_MS = 30_000;
const NEVER = Infinity;

export class KeptReads {
  #reading = false;
  #off = false;
  #connected = false;
  #joinedAt = 0;
  /** How many of the reads after joining are over. */
  #joins = 0;
  #every = EVERY_MS;
  #nextAt = 0;
  #readAt = -NEVER;
  wakeAt = NEVER;

  /** @param {{ random?: () => number }} [options] */
  constructor({ random = Math.random } = {}) {
    this.random = random;
  }

  /** Without a socket, how often the text is read. */
  get every() {
    return this.#every;
  }

  /**
   * Is the text to be read now?
   * @param {{ connected: boolean, needsText: boolean, visible: boolean }} page @param {number} now
   */
  poll({ connected, needsText, visible }, now) {
    if (connected !== this.#connected) this.#turn(connected, now);
    const due = this.#off || this.#reading ? NEVER : this.#due(needsText, visible);
    this.wakeAt = due > now ? due : NEVER;
    if (due > now) return false;
    this.#reading = true;
    this.#readAt = now;
    if (this.#connected) this.#joins++;
    return true;
  }

  /** @param {boolean} needsText @param {boolean} visible */
  #due(needsText, visible) {
    if (!this.#connected) return visible ? this.#nextAt : NEVER;
    if (!needsText || this.#joins >= JOIN_MS.length) return NEVER;
    return this.#joinedAt + JOIN_MS[this.#joins];
  }

  /** @param {boolean} connected @param {number} now */
  #turn(connected, now) {
    this.#connected = connected;
    this.#joinedAt = now;
    // What was read a moment ago need not be read again.
    this.#joins = now - this.#readAt < JOIN_MS[1] / 2 ? 1 : 0;
    this.#every = EVERY_MS;
    this.#nextAt = now + this.#jitter();
  }

  /**
   * @param {import('./kept.js').Kind} kind @param {boolean} changed  it is another text than the last
   * @param {number} now
   */
  done(kind, changed, now) {
    this.#reading = false;
    if (kind === 'off') this.#off = true;
    // Who has come where nothing is kept asks the writer.
    if (kind !== 'text' && this.#connected) this.#joins = JOIN_MS.length;
    this.#every = changed ? EVERY_MS : Math.min(SELDOM_MS, this.#every * 2);
    this.#nextAt = now + this.#jitter();
  }

  /** Many have lost the same service at the same moment. */
  #jitter() {
    return this.#every * (0.75 + this.random() / 2);
  }
}
