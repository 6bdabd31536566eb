// Knows how work is kept in order: one task after the other, with a bound on how many wait.

export class Queue {
  #tail = Promise.resolve();
  #limit;
  size = 0;

  /** @param {number} limit how many tasks may be waiting or under way */
  constructor(limit) {
    this.#limit = limit;
  }

  /**
   * @param {() => Promise<void> | void} task must not throw
   * @returns {boolean} false if the queue is full and the task was not taken
   */
  add(task, { evenIfFull = false } = {}) {
    if (this.size >= this.#limit && !evenIfFull) return false;
    this.size += 1;
    this.#tail = this.#tail.then(task).finally(() => {
      this.size -= 1;
    });
    return true;
  }

  /** Resolves when what is waiting now has been done. */
  idle() {
    return this.#tail;
  }
}
