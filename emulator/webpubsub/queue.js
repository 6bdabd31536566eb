// Knows how work is kept in order: one task after the other, with bounds on what waits.

export class Queue {
  #tail = Promise.resolve();
  #limits;
  #count = 0;
  #bytes = 0;

  /** @param {{count: number, bytes: number}} limits of what is waiting or under way */
  constructor(limits) {
    this.#limits = limits;
  }

  /**
   * @param {() => Promise<void> | void} task must not throw
   * @param {{bytes?: number, evenIfFull?: boolean}} [more] bytes: what the task holds
   * @returns {boolean} false if the queue is full and the task was not taken
   */
  add(task, { bytes = 0, evenIfFull = false } = {}) {
    const { count: most, bytes: mostBytes } = this.#limits;
    const full = this.#count >= most || this.#bytes + bytes > mostBytes;
    if (full && !evenIfFull) return false;
    this.#count += 1;
    this.#bytes += bytes;
    this.#tail = this.#tail.then(task).finally(() => {
      this.#count -= 1;
      this.#bytes -= bytes;
    });
    return true;
  }

  /** Resolves when what is waiting now has been done. */
  idle() {
    return this.#tail;
  }
}
