// Virtual time: what is to happen, in its order, and how fast a thing goes through what has a limit.

/** A binary heap of actions; of those for one time, the first put in is the first out. */
export class Time {
  #heap = [];
  #order = 0;
  now = 0;

  at(time, action) {
    const heap = this.#heap;
    const entry = { time: Math.max(time, this.now), order: this.#order++, action };
    let i = heap.length;
    heap.push(entry);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(entry, heap[parent])) break;
      heap[i] = heap[parent];
      i = parent;
    }
    heap[i] = entry;
  }

  /** Lets everything happen that is due until then. */
  run(until) {
    while (this.#heap.length > 0 && this.#heap[0].time <= until) {
      const { time, action } = this.#pop();
      this.now = time;
      action();
    }
    this.now = until;
  }

  #pop() {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (!before(heap[child], last)) break;
      heap[i] = heap[child];
      i = child;
    }
    heap[i] = last;
    return first;
  }
}

const before = (a, b) => a.time < b.time || (a.time === b.time && a.order < b.order);

/** A token bucket that holds what one second brings; who finds it empty waits in line. */
export class Bucket {
  #through = 0;

  /** @param {number} perSecond */
  constructor(perSecond) {
    this.perMs = perSecond / 1_000;
  }

  /** @returns {number} when it is through */
  pass(now, cost = 1) {
    this.#through = Math.max(this.#through, now) + cost / this.perMs;
    return Math.max(now, this.#through - 1_000);
  }
}

/** A wire: one after the other, at its rate. */
export class Wire {
  #free = 0;

  /** @param {number} bytesPerSecond */
  constructor(bytesPerSecond) {
    this.perMs = bytesPerSecond / 1_000;
  }

  /** @returns {number} when the last byte has left */
  pass(now, bytes) {
    this.#free = Math.max(this.#free, now) + bytes / this.perMs;
    return this.#free;
  }
}
