// The stand-ins' command lines: options from a table, --help from the same table, and an orderly
// end on Ctrl-C.

import { parseArgs } from 'node:util';

const INDENT = 30; // columns before the help text
const PARENT_MS = 1000; // how often it is looked whether the parent is still there

/** A command line that makes no sense. */
class UsageError extends Error {}

/**
 * Reads the command line by a table of options; prints the help and exits if asked to.
 * @param {{about: string, options: object}} spec each option: {kind, value?, help, many?};
 *   option names are camelCase here and kebab-case on the command line; kinds as in
 *   webpubsub/options.js
 * @returns {object} the values that were given, and the defaults
 */
export function readCommandLine(spec) {
  const all = { help: { kind: 'flag', help: 'print this and exit' }, ...spec.options };
  try {
    const values = parse(all);
    if (values.help) {
      console.log(helpText(spec.about, all));
      process.exit(0);
    }
    delete values.help;
    return values;
  } catch (error) {
    if (!(error instanceof UsageError) && !error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    return fail(`${error.message}\nTry --help.`);
  }
}

function parse(options) {
  const names = {};
  for (const [name, { kind, many = false }] of Object.entries(options)) {
    names[kebab(name)] = { type: kind === 'flag' ? 'boolean' : 'string', multiple: many };
    if (kind === 'flag') names[`no-${kebab(name)}`] = { type: 'boolean' };
  }
  const { values: given } = parseArgs({ options: names, strict: true });
  const values = {};
  for (const [name, option] of Object.entries(options)) {
    const text = given[`no-${kebab(name)}`] ? false : given[kebab(name)];
    values[name] = text === undefined ? option.value : readValue(name, option, text);
  }
  return values;
}

function readValue(name, { kind, many }, text) {
  if (typeof text === 'boolean' || kind === 'text' || many) return text;
  if (Array.isArray(kind)) {
    if (kind.includes(text)) return text;
    throw new UsageError(`--${kebab(name)} is ${kind.join(' or ')}, not '${text}'`);
  }
  return kind === 'list' ? readNumbers(name, text) : readNumber(name, text);
}

/** A list may be empty. */
function readNumbers(name, text) {
  const items = text.split(',').filter(Boolean);
  return items.map((item) => readNumber(name, item));
}

function readNumber(name, text) {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`--${kebab(name)} needs a number, not '${text}'`);
}

function helpText(about, options) {
  const lines = Object.entries(options).map(([name, option]) => {
    const flag = `  --${kebab(name)}${placeholder(option.kind)}`;
    const unknown = option.unknown ? ' [real value unknown]' : '';
    const text = `${option.help}${defaultText(option)}${unknown}`;
    return flag.length < INDENT
      ? `${flag.padEnd(INDENT)}${text}`
      : `${flag}\n${' '.repeat(INDENT)}${text}`;
  });
  return `${about}\n\n${lines.join('\n')}`;
}

function placeholder(kind) {
  if (kind === 'flag') return '';
  if (Array.isArray(kind)) return ` ${kind.join('|')}`;
  return ` ${kind.toUpperCase()}`;
}

function defaultText({ kind, value }) {
  if (value === undefined || value === false) return '';
  return kind === 'flag' ? ' (on; --no-… turns it off)' : ` (${value})`;
}

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Ends the program with a message and a status. */
export function fail(message, status = 2) {
  console.error(message);
  process.exit(status);
}

/**
 * Calls `close` at the first Ctrl-C, SIGTERM or SIGHUP and exits; the second one exits at once.
 * @param {() => Promise<void>} close
 * @param {{withParent?: boolean}} [options] withParent: also when the process that started this one
 *   has ended, which that process cannot announce when it is killed
 */
export function closeOnSignal(close, { withParent = false } = {}) {
  let closing = false;
  const stop = async () => {
    if (closing) process.exit(1);
    closing = true;
    await close();
    process.exit(0);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  if (!withParent) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop();
  }, PARENT_MS);
  watch.unref();
}
