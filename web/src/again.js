// A part of the page that did not arrive is asked for again, as long as it is wanted: the network may
// have been away for a moment. None may be silent for ever.

const FIRST_MS = 2_000;
const MOST_MS = 60_000;
/** What has not arrived by then is said to be missing. */
export const LATE_MS = 10_000;

/**
 * @template T
 * @param {() => Promise<T>} load  fails if the part cannot be had now
 * @param {{ wanted: () => boolean, missing: (missing: boolean) => void,
 *   pause?: (ms: number) => Promise<unknown> }} options
 *   wanted: whether it still is; missing: told when it could not be had, and when it could
 * @returns {Promise<T | undefined>} undefined: it is not wanted any more
 */
export async function keepTrying(load, { wanted, missing, pause = untilOnline }) {
  for (let wait = FIRST_MS; ; wait = Math.min(2 * wait, MOST_MS)) {
    try {
      const part = await inTime(load());
      if (!wanted()) return undefined;
      missing(false);
      return part;
    } catch {
      if (!wanted()) return undefined;
      missing(true);
    }
    await pause(wait);
    if (!wanted()) return undefined;
  }
}

/** @typedef {'late' | 'failed' | undefined} Lack  of a part; undefined: it is there after all */

/**
 * What a press does with a part that the first press loads. Whoever is impatient and presses again
 * meanwhile has pressed once.
 * @template Part
 * @param {() => Promise<Part>} load @param {(part: Part) => unknown} use
 * @param {(lack: Lack) => void} tell  when it does not come as it should
 */
export function onceLoaded(load, use, tell) {
  /** @type {Part | undefined} */
  let part;
  let loading = false;
  let lacks = false;
  const say = (/** @type {Lack} */ lack) => {
    lacks = lack !== undefined;
    tell(lack);
  };
  return async () => {
    if (loading) return;
    loading = true;
    const timer = setTimeout(() => say('late'), LATE_MS);
    try {
      part ??= await load();
      await use(part);
      if (lacks) say(undefined);
    } catch {
      say('failed');
    } finally {
      clearTimeout(timer);
      loading = false;
    }
  };
}

/**
 * Fails when it takes too long.
 * @template T @param {Promise<T>} part @returns {Promise<T>}
 */
function inTime(part) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, fail) => {
    timer = setTimeout(() => fail(new Error('it did not arrive in time')), LATE_MS);
  });
  return Promise.race([part, late]).finally(() => clearTimeout(timer));
}

/** So long, or until the network is back. @param {number} ms */
const untilOnline = (ms) =>
  new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve(undefined);
    }
    addEventListener('online', done);
  });
