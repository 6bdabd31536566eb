// A part of the page that did not arrive is asked for again, as long as it is wanted: the network may
// have been away for a moment.

const FIRST_MS = 2_000;
const MOST_MS = 60_000;

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
      const part = await load();
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
