// Work in order: one task after the other, with bounds on what waits.

export class Queue {
  #tail = Promise.resolve();
  #limits;
  #failed;
  #count = 0;
  #bytes = 0;

  /**
   * @param {{count: number, bytes: number, failed: (error: Error) => void}} limits of what is
   *   waiting or under way; failed: is told what a task throws; the next one follows
   */
  constructor({ failed, ...limits }) {
    this.#limits = limits;
    this.#failed = failed;
  }

  /**
   * @param {() => Promise<void> | void} task
   * @param {{bytes?: number, evenIfFull?: boolean}} [more] bytes: what the task holds
   * @returns {boolean} false if the queue is full and the task was not taken
   */
  add(task, { bytes = 0, evenIfFull = false } = {}) {
    const { count: most, bytes: mostBytes } = this.#limits;
    const full = this.#count >= most || this.#bytes + bytes > mostBytes;
    if (full && !evenIfFull) return false;
    this.#count += 1;
    this.#bytes += bytes;
    this.#tail = this.#tail
      .then(task)
      .catch(this.#failed)
      .then(() => {
        this.#count -= 1;
        this.#bytes -= bytes;
      });
    return true;
  }

  /** Resolves when everything that is waiting now has been done. */
  idle() {
    return this.#tail;
  }
}
