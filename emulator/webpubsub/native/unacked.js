// The messages that a reliable client has not acknowledged yet.

export class Unacked {
  #messages = []; // {sequenceId, text}
  #bytes = 0;
  #next = 1;
  #limits;

  /** @param {{maxUnackedMessages: number, maxPendingBytes: number}} limits */
  constructor(limits) {
    this.#limits = limits;
  }

  /**
   * Numbers a message and keeps it.
   * @param {(sequenceId: number) => string} write
   * @returns {string | undefined} its text; undefined: there are too many
   */
  add(write) {
    const sequenceId = this.#next++;
    const text = write(sequenceId);
    this.#messages.push({ sequenceId, text });
    this.#bytes += Buffer.byteLength(text);
    const { maxUnackedMessages, maxPendingBytes } = this.#limits;
    const fits = this.#messages.length <= maxUnackedMessages && this.#bytes <= maxPendingBytes;
    return fits ? text : undefined;
  }

  /** Removes the messages up to a number. */
  acknowledge(sequenceId) {
    while (this.#messages.length > 0 && this.#messages[0].sequenceId <= sequenceId) {
      this.#bytes -= Buffer.byteLength(this.#messages.shift().text);
    }
  }

  /** The texts of all that are left, in order. */
  texts() {
    return this.#messages.map(({ text }) => text);
  }
}
