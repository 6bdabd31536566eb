// How the log of the service is printed: lines, in colours on a terminal, or JSON.

/** Of the terminal, by the kind of a line. */
const COLOURS = { client: 36, upstream: 35, rest: 34, note: 32, warn: 33 };

/**
 * @param {{log?: boolean, logJson?: boolean}} wanted without both, warnings and notes are printed
 * @param {import('node:tty').WriteStream} stream
 * @param {object} [env] NO_COLOR as no-color.org has it
 * @returns {{logEntry: (entry: object) => void, logLevel: string}} for startWebPubSub
 */
export function logTo({ log, logJson }, stream, env = process.env) {
  const isColoured = stream.isTTY && !env.NO_COLOR;
  const logEntry = (entry) => {
    stream.write(`${logJson ? JSON.stringify(entry) : lineOf(entry, { log, isColoured })}\n`);
  };
  return { logEntry, logLevel: log || logJson ? 'all' : 'warnings' };
}

/** The time of day stands in front where each exchange has its line. */
function lineOf({ time, kind, text }, { log, isColoured }) {
  const name = kind.padEnd(8);
  const shown = isColoured ? `\x1b[${COLOURS[kind]}m${name}\x1b[0m` : name;
  return `${log ? `${time.slice(11, 23)} ` : ''}${shown} ${text}`;
}
