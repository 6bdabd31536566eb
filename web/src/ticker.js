// Wakes the page at a given time, even while it is hidden.

/* global TICKER_WORKER */

/**
 * @param {() => void} wake
 * @returns {(at: number) => void}  sets the one time at which to wake next; Infinity for never
 */
export function ticker(wake) {
  const worker = new Worker(trusted(new URL(TICKER_WORKER, import.meta.url)), {
    type: 'module',
    name: 'ticker',
  });
  let next = Infinity;
  const ring = () => {
    next = Infinity;
    wake();
  };
  let set = (/** @type {number} */ ms) => worker.postMessage(ms);
  worker.onmessage = ring;
  worker.onerror = () => {
    // Its script could not be loaded. The page's own timers are slow while it is hidden, but better
    // than none.
    set = pageTimer(ring);
    set(delayUntil(next));
  };
  return (at) => {
    if (at === next) return;
    next = at;
    set(delayUntil(at));
  };
}

/**
 * The page's policy (Trusted Types) lets no plain address become a script.
 * @param {URL} ours @returns {URL}
 */
function trusted(ours) {
  const { trustedTypes } = /** @type {any} */ (window);
  const policy = trustedTypes?.createPolicy('codestream', {
    createScriptURL: (/** @type {string} */ address) => address,
  });
  return policy ? policy.createScriptURL(ours.href) : ours;
}

/** @param {() => void} ring @returns {(ms: number) => void} */
function pageTimer(ring) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  return (ms) => {
    clearTimeout(timer);
    timer = setTimeout(ring, ms);
  };
}

/** A timer of 2^31 ms or more would fire at once. @param {number} at */
const delayUntil = (at) => Math.min(Math.max(0, at - now()), 2 ** 31 - 1);

/** The page's only clock: it never jumps, whatever happens to the time of day. */
export const now = () => performance.now();

/** Lets the page do what else there is to do, so that no single task of it takes long. */
export const breath = () => new Promise((resolve) => setTimeout(resolve));
