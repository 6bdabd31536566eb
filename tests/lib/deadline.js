// Waiting: the only places where a test waits for something, each with a bound and a reason.

import { PATIENCE } from '../../emulator/test/patience.js';

export { PATIENCE };

/** The promise, or an error that says what did not come in time. */
export async function within(ms, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${PATIENCE} x ${ms} ms`)),
      PATIENCE * ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves at the first truthy answer of `check`. For what gives no event to await. */
export async function eventually(ms, check, what, clock = () => performance.now(), every = 10) {
  const end = clock() + PATIENCE * ms;
  for (;;) {
    const answer = await check();
    if (answer) return answer;
    if (clock() > end) throw new Error(`${what}: not within ${PATIENCE} x ${ms} ms`);
    await pause(every);
  }
}

/** For tests about time itself; whatever can be awaited as an event is awaited as one. */
export function pause(ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A promise with its two ends outside. */
export function deferred() {
  const ends = {};
  ends.promise = new Promise((resolve, reject) => {
    ends.resolve = resolve;
    ends.reject = reject;
  });
  return ends;
}

/** Things that arrive, in order, and people who wait for one of them. */
export class Inbox {
  #waiting = [];
  #name;

  constructor(name) {
    this.#name = name;
    /** Everything that ever arrived. */
    this.all = [];
    /** What nobody has taken yet. */
    this.unread = [];
  }

  push(item) {
    this.all.push(item);
    const index = this.#waiting.findIndex(({ wanted }) => wanted(item));
    if (index < 0) this.unread.push(item);
    else this.#waiting.splice(index, 1)[0].resolve(item);
  }

  /** Takes the first item that `wanted` accepts, past or future. */
  async next(wanted = () => true, ms = 5000) {
    const index = this.unread.findIndex(wanted);
    if (index >= 0) return this.unread.splice(index, 1)[0];
    const { promise, resolve } = deferred();
    const entry = { wanted, resolve };
    this.#waiting.push(entry);
    try {
      return await within(ms, promise, this.#name);
    } catch (error) {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
      error.message += `; arrived and not taken: ${summary(this.unread)}`;
      throw error;
    }
  }
}

function summary(items) {
  const text = JSON.stringify(items.slice(-5)) ?? '';
  return `${items.length} ${text.slice(0, 600)}`;
}
