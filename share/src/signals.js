// Signals: the first interruption ends things properly, a second one at once.

/** The exit code of what was interrupted before it had come to anything. */
export const INTERRUPTED = 130;
const CODES = /** @type {Record<string, number>} */ ({
  SIGHUP: 129,
  SIGINT: INTERRUPTED,
  SIGQUIT: 131,
  SIGTERM: 143,
});

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

/** A stop that is asked for is there sooner than this; where nobody could undo it, it never is. */
const STOP_MS = 50;

/**
 * Ctrl-Z, which the system would do without a word, and `fg` after it; and whatever else has stopped
 * the program and lets it go on.
 * @param {{ leave: () => void, back: () => void }} screen  back: may be called more than once
 * @returns {() => void} for when there is no screen any more
 */
export function onSuspension({ leave, back }) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const stop = () => {
    leave();
    process.off('SIGTSTP', stop); // from now on it stops the program
    process.kill(process.pid, 'SIGTSTP');
    timer = setTimeout(goOn, STOP_MS);
  };
  const goOn = () => {
    clearTimeout(timer);
    process.off('SIGTSTP', stop).on('SIGTSTP', stop);
    back();
  };
  process.on('SIGTSTP', stop).on('SIGCONT', goOn);
  return () => {
    clearTimeout(timer);
    process.off('SIGTSTP', stop).off('SIGCONT', goOn);
  };
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
