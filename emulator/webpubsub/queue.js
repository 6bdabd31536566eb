// Work in order: one task after the other. It takes whatever it is given, and says when there is
// more than there should be, and when there is room again.

export class Queue {
  #tail = Promise.resolve();
  #limits;
  #failed;
  #onRoom;
  #count = 0;
  #bytes = 0;
  #wasFull = false;

  /**
   * @param {{count: number, bytes: number, failed: (error: Error) => void,
   *   onRoom?: () => void}} setup count, bytes: of what is waiting or under way; failed: is told
   *   what a task throws; the next one follows; onRoom: half of what made the queue full is done
   */
  constructor({ failed, onRoom = () => {}, ...limits }) {
    this.#limits = limits;
    this.#failed = failed;
    this.#onRoom = onRoom;
  }

  /** Whether whoever adds tasks should stop until there is room. */
  get isFull() {
    const { count, bytes } = this.#limits; // where nothing may wait, one task may be under way
    return this.#count >= Math.max(count, 1) || this.#bytes > bytes;
  }

  /**
   * @param {() => Promise<void> | void} task
   * @param {{bytes?: number}} [more] bytes: what the task holds
   */
  add(task, { bytes = 0 } = {}) {
    this.#count += 1;
    this.#bytes += bytes;
    this.#wasFull ||= this.isFull;
    this.#tail = this.#tail
      .then(task)
      .catch(this.#failed)
      .then(() => this.#done(bytes));
  }

  #done(bytes) {
    this.#count -= 1;
    this.#bytes -= bytes;
    const { count, bytes: mostBytes } = this.#limits;
    if (!this.#wasFull || this.#count > count / 2 || this.#bytes > mostBytes / 2) return;
    this.#wasFull = false;
    this.#onRoom();
  }

  /** Resolves when everything that is waiting now has been done. */
  idle() {
    return this.#tail;
  }
}
