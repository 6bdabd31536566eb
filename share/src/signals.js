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
      if (signal === 'SIGHUP') outliveTerminal();
      if (signal === 'SIGINT') interrupted();
      else left(CODES[signal]);
    });
}

/** What is written to a terminal that has gone is lost, and no reason to leave without last words. */
function outliveTerminal() {
  for (const stream of [process.stdout, process.stderr])
    stream.removeAllListeners('error').on('error', () => {});
}

/** @param {number} code */
export function exit(code) {
  if (code !== CODES.SIGHUP) process.exit(code);
  // Node would set the terminal back, and crash since there is none.
  process.removeAllListeners('SIGHUP');
  process.kill(process.pid, 'SIGHUP');
}
