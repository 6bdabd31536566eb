// The stand-ins' command lines: options from a table, --help from the same table, and an orderly
// end on Ctrl-C.

import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { nearest } from './nearest.js';

const INDENT = 30; // columns before the help text
const PARENT_MS = 1000; // how often it is looked whether the parent is still there

/** A setting that makes no sense. */
export class UsageError extends Error {}

/**
 * Reads the settings as readSettings does; prints the help or the version, or what is wrong, and
 * exits.
 */
export function readCommandLine(spec, args = process.argv.slice(2), env = process.env) {
  try {
    const { help, version, ...values } = readSettings(spec, args, env);
    if (help) answer(helpText(spec, optionsOf(spec)));
    if (version) answer(spec.version);
    return values;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    return fail(`${error.message}\nTry --help.`);
  }
}

function answer(text) {
  console.log(text);
  process.exit(0);
}

/**
 * Reads the settings by a table of options. The command line comes before the environment, the
 * environment before the file.
 * @param {{about: string, options: object, prefix?: string, passedOver?: string[],
 *   version?: string}} spec each option: {kind, value?, help, many?, short?, instead?}; option names
 *   are camelCase here and in the file, kebab-case on the command line; kinds as in
 *   webpubsub/options.js, and json: an object in the file, a file's path elsewhere; instead: what to
 *   do rather than name two of them; prefix: what variables of the environment begin with, where they
 *   count; with it comes --config; passedOver: settings of other commands, which the environment and
 *   the file may have as well; version: what --version prints
 * @param {string[]} args the command line
 * @param {object} env the environment
 * @returns {object} the values that were given, and the defaults; help or version if asked for
 * @throws {UsageError}
 */
export function readSettings(spec, args, env) {
  const all = optionsOf(spec);
  const given = readArguments(all, args);
  if (given.help || given.version) return given; // whatever else is wrong
  const variables = spec.prefix === undefined ? {} : readVariables(all, spec, env);
  const file = given.config ?? variables.config;
  const values = {
    ...defaultsOf(spec.options),
    ...(file === undefined ? {} : readFile(spec, file)),
    ...variables,
    ...given,
  };
  delete values.config;
  return values;
}

const optionsOf = ({ prefix, version, options }) => ({
  help: { kind: 'flag', short: 'h', help: 'print this and exit' },
  ...(version === undefined ? {} : VERSION),
  ...(prefix === undefined ? {} : CONFIG),
  ...options,
});

const VERSION = { version: { kind: 'flag', help: 'print the version and exit' } };
const CONFIG = {
  config: { kind: 'text', help: 'JSON file with these settings, their names in camelCase' },
};

function defaultsOf(options) {
  return Object.fromEntries(Object.entries(options).map(([name, { value }]) => [name, value]));
}

function readArguments(options, args) {
  const names = {};
  for (const [name, { kind, short }] of Object.entries(options)) {
    names[kebab(name)] = { type: kind === 'flag' ? 'boolean' : 'string', multiple: true };
    if (short) names[kebab(name)].short = short;
    if (kind === 'flag') names[`no-${kebab(name)}`] = { type: 'boolean' };
  }
  for (const [, name] of args.map((arg) => /^--([^=]+)/.exec(arg)).filter(Boolean)) {
    if (!Object.hasOwn(names, name)) throw unknown('option', '--', name, Object.keys(names));
  }
  const given = parse(args, names);
  const values = {};
  for (const [name, option] of Object.entries(options)) {
    const flag = kebab(name);
    const all = given[`no-${flag}`] ? [false] : given[flag];
    if (all) values[name] = readValue(`--${flag}`, option, option.many ? all : single(flag, option, all));
  }
  return values;
}

function parse(args, options) {
  try {
    return parseArgs({ args, options, strict: true }).values;
  } catch (error) {
    if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error;
    throw new UsageError(error.message);
  }
}

/** The last one counts, as everywhere, unless all of them may have been meant. */
function single(flag, { instead }, values) {
  const last = values.at(-1);
  const other = values.find((value) => value !== last);
  if (instead === undefined || other === undefined) return last;
  throw new UsageError(`--${flag} ${other} and --${flag} ${last} do not go together: ${instead}`);
}

/** Of options that may be given several times, the values are separated by commas. */
function readVariables(options, { prefix, passedOver = [] }, env) {
  const names = new Map(Object.keys(options).map((name) => [snake(name), name]));
  names.delete('HELP');
  names.delete('VERSION');
  const others = passedOver.map(snake);
  const values = {};
  for (const [variable, text] of Object.entries(env)) {
    if (!variable.startsWith(prefix)) continue;
    const spelling = variable.slice(prefix.length);
    const name = names.get(spelling);
    if (!name && others.includes(spelling)) continue;
    if (!name) throw unknown('variable', prefix, spelling, [...names.keys()]);
    const { kind, many } = options[name];
    const given = many ? text.split(',').filter(Boolean) : text;
    values[name] = readValue(variable, options[name], kind === 'flag' ? asFlag(given) : given);
  }
  return values;
}

const asFlag = (text) => ({ true: true, 1: true, false: false, 0: false })[text.toLowerCase()] ?? text;

function readFile({ options, passedOver = [] }, file) {
  const values = {};
  for (const [name, value] of Object.entries(readJson(file))) {
    if (!Object.hasOwn(options, name)) {
      if (passedOver.includes(name)) continue;
      throw unknown(`setting in ${file}`, '', name, Object.keys(options));
    }
    const place = `${name} in ${file}`;
    values[name] = readValue(place, options[name], asText(place, options[name], value));
  }
  return values;
}

/** @returns {object} what a JSON file has */
export function readJson(file) {
  let value;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${error.message}`);
  }
  if (isObject(value)) return value;
  throw new UsageError(`${file} is no JSON object`);
}

const isObject = (value) =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

/** A value of the file as it would have been written on the command line. */
function asText(place, { kind, many }, value) {
  if (kind === 'json') return value;
  if (kind === 'flag' && typeof value === 'boolean') return value;
  const wrong = [value].flat().find((one) => !['string', 'number'].includes(typeof one));
  if (wrong !== undefined) {
    throw new UsageError(`${place} is a text, a number or a list of them, not ${JSON.stringify(wrong)}`);
  }
  if (!Array.isArray(value)) return many ? [String(value)] : String(value);
  return many ? value.map(String) : value.join(',');
}

function readValue(place, { kind, many }, given) {
  if (kind === 'flag') {
    if (typeof given === 'boolean') return given;
    throw new UsageError(`${place} is true or false, not '${given}'`);
  }
  if (kind === 'json') return isObject(given) ? given : readJson(String(given));
  if (many || kind === 'text') return given;
  if (Array.isArray(kind)) {
    if (kind.includes(given)) return given;
    throw new UsageError(`${place} is ${kind.join(' or ')}, not '${given}'`);
  }
  return kind === 'list' ? readNumbers(place, given) : readNumber(place, given);
}

/** A list may be empty. */
function readNumbers(place, text) {
  const items = text.split(',').filter(Boolean);
  return items.map((item) => readNumber(place, item));
}

function readNumber(place, text) {
  if (/^\d+$/.test(text)) return Number(text);
  throw new UsageError(`${place} needs a number, not '${text}'`);
}

function unknown(what, prefix, name, names) {
  const near = nearest(name, names);
  const hint = near === undefined ? '' : `: did you mean ${prefix}${near}?`;
  return new UsageError(`there is no ${what} ${prefix}${name}${hint}`);
}

function helpText({ about, prefix }, options) {
  const lines = Object.entries(options).map(([name, option]) => {
    const short = option.short ? `-${option.short}, ` : '';
    const flag = `  ${short}--${kebab(name)}${placeholder(option.kind)}`;
    const unknown = option.unknown ? ' [real value unknown]' : '';
    const text = `${option.help}${defaultText(option)}${unknown}`;
    return flag.length < INDENT
      ? `${flag.padEnd(INDENT)}${text}`
      : `${flag}\n${' '.repeat(INDENT)}${text}`;
  });
  const variables = prefix === undefined
    ? ''
    : `\n\nEach of them may stand in the environment, as ${prefix}<OPTION>, or in the file.`;
  return `${about}\n\n${lines.join('\n')}${variables}`;
}

function placeholder(kind) {
  if (kind === 'flag') return '';
  if (kind === 'json') return ' FILE';
  if (Array.isArray(kind)) return ` ${kind.join('|')}`;
  return ` ${kind.toUpperCase()}`;
}

function defaultText({ kind, value }) {
  if (value === undefined || value === false) return '';
  return kind === 'flag' ? ' (on; --no-… turns it off)' : ` (${value})`;
}

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
const snake = (name) => kebab(name).replaceAll('-', '_').toUpperCase();

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
