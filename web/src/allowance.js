// How often something may be done: a few times at once, and then one time in a while. Pure.

export class Allowance {
  /** What has been saved up, in ms. */
  #saved;
  #at = 0;

  /** @param {number} burst  how often at once @param {number} every  ms for one more */
  constructor(burst, every) {
    this.every = every;
    this.most = burst * every;
    this.#saved = this.most;
  }

  /** @param {number} now @returns {boolean} whether it may be done; then it counts as done */
  take(now) {
    if (this.readyAt(now) > now) return false;
    this.#saved -= this.every;
    return true;
  }

  /** When `take` will say yes. @param {number} now */
  readyAt(now) {
    this.#saved = Math.min(this.most, this.#saved + Math.max(0, now - this.#at));
    this.#at = now;
    return now + Math.max(0, this.every - this.#saved);
  }
}
