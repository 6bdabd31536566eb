// Signals: the first interruption ends things properly, a second one at once.

const CODES = /** @type {Record<string, number>} */ ({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 });

/**
 * @param {{ interrupted: () => void, left?: (code: number) => void }} listener  left: the terminal
 *   has been closed, or somebody wants this program to stop; the same as interrupted where missing
 */
export function onSignals({ interrupted, left = interrupted }) {
  let first = true;
  for (const signal of Object.keys(CODES))
    process.on(signal, () => {
      if (!first) process.exit(CODES[signal]);
      first = false;
      if (signal === 'SIGINT') interrupted();
      else left(CODES[signal]);
    });
}
