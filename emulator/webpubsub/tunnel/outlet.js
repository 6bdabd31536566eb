// What goes to a server, in its order and no faster than the server reads: many clients that send at once
// are no reason to cut it.

export class Outlet {
  #socket;
  #maxBytes;
  #waiting = []; // {give, held}
  #held = 0; // bytes
  #hasMoved = true;

  /** @param {import('ws').WebSocket} socket @param {number} maxBytes that may be unread, or be held */
  constructor(socket, maxBytes) {
    this.#socket = socket;
    this.#maxBytes = maxBytes;
  }

  /**
   * @param {() => Buffer | undefined} give makes what is written, in its turn; undefined: it is not wanted
   *   any longer
   * @param {number} [held] the bytes that are kept for this alone
   */
  add(give, held = 0) {
    this.#waiting.push({ give, held });
    this.#held += held;
    this.#flush();
  }

  /** Whether so much is held that the server has to be given up. */
  get isFull() {
    return this.#held > this.#maxBytes;
  }

  /** @returns {boolean} whether nothing was read since this was asked before, though there was something */
  isStuck() {
    const isStuck = this.#socket.bufferedAmount > 0 && !this.#hasMoved;
    this.#hasMoved = false;
    return isStuck;
  }

  #flush() {
    const socket = this.#socket;
    while (this.#waiting.length > 0 && socket.readyState === socket.OPEN && socket.bufferedAmount <= this.#maxBytes / 2) {
      const { give, held } = this.#waiting.shift();
      this.#held -= held;
      const bytes = give();
      if (bytes) socket.send(bytes, () => this.#moved());
    }
  }

  #moved() {
    this.#hasMoved = true;
    this.#flush();
  }
}
