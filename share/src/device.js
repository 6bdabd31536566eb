// What a connection needs of the machine that it runs on, in Node.

import { now } from '../../web/src/ticker.js';

/** @type {import('../../web/src/connection.js').Device} */
export const NODE = {
  ticker(wake) {
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let next = Infinity;
    return (at) => {
      if (at === next) return;
      next = at;
      clearTimeout(timer);
      if (at === Infinity) return;
      const ring = () => {
        next = Infinity;
        wake();
      };
      // A timer of 2^31 ms or more would fire at once.
      timer = setTimeout(ring, Math.min(Math.max(0, at - now()), 2 ** 31 - 1));
    };
  },
  // Node does not know; whether the function app answers is found out by asking it.
  hasNetwork: () => true,
  onNetwork() {},
};
