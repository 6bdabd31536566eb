// Wakes the page at a given time, also when it is hidden.

/* global TICKER_WORKER */

/**
 * @param {() => void} wake
 * @returns {(at: number) => void}  sets the one time at which to wake next; Infinity for never
 */
export function ticker(wake) {
  const worker = new Worker(new URL(TICKER_WORKER, import.meta.url), {
    type: 'module',
    name: 'ticker',
  });
  let next = Infinity;
  worker.onmessage = () => {
    next = Infinity;
    wake();
  };
  return (at) => {
    if (at === next) return;
    next = at;
    // A timer of 2^31 ms and more would ring at once.
    worker.postMessage(Math.min(Math.max(0, at - now()), 2 ** 31 - 1));
  };
}

/** The page's one clock: it never jumps, whatever happens to the time of day. */
export const now = () => performance.now();
