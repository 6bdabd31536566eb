// Virtual time: what is to happen, in its order, and how fast a thing goes through what has a limit.

/** A calendar of milliseconds; what is put in for the same one happens in that order. */
export class Time {
  /** @type {Map<number, (() => void)[]>} */
  #days = new Map();
  now = 0;

  /** Not before the next millisecond, if it is for this one or earlier. */
  at(time, action) {
    const day = Math.max(Math.ceil(time), this.now + 1);
    const actions = this.#days.get(day);
    if (actions) actions.push(action);
    else this.#days.set(day, [action]);
  }

  /** Lets everything happen that is due until then. */
  run(until) {
    while (this.now < until) {
      this.now++;
      const actions = this.#days.get(this.now);
      if (!actions) continue;
      this.#days.delete(this.now);
      for (const action of actions) action();
    }
  }
}

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
