// The command line, read into what the program is to do. Pure: the environment and the file in the
// home directory are given to it.

import { parseArgs } from 'node:util';
import { readHash } from '../../web/src/address.js';
import { LANGUAGES } from '../../web/src/languages.js';

/** Whoever wants the text once does not wait longer for somebody to have it. */
const ONCE_SECONDS = 20;
const MAX_SECONDS = 86_400;

/** A command line that makes no sense. */
export class UsageError extends Error {}

export const USAGE = `codestream-share FILE          streams FILE whenever it is saved
codestream-share -             streams what comes on standard input
codestream-share watch LINK    shows a stream in the terminal

  --page URL       the page on which people watch; also CODESTREAM_PAGE in the environment, or
                   {"page": "URL"} in ~/.codestream-share.json
  --api URL        the function app, where the page is not to be asked for it
  --name NAME      the name that viewers see (the file's own)
  --language ID    the language of the colours (by the file's name)
  --resume         goes on in the room of the last session of this file, which was not ended
  --no-keep        the text is not kept, where the page keeps texts for those who come later
  --end            the session ends with the standard input
watch:
  --once           prints the text and ends
  --timeout S      with --once: waits S seconds for a text (20)
  --save FILE      writes the text to FILE, again with each change
  --api URL        as above

  --help, --version

Where the owner of the page wants a word for opening a stream, it is asked for on the terminal, or
taken from CODESTREAM_WRITERS_WORD. Ctrl-C ends the session for everybody.`;

const SHARE = /** @type {const} */ ({
  page: { type: 'string' },
  api: { type: 'string' },
  name: { type: 'string' },
  language: { type: 'string' },
  resume: { type: 'boolean' },
  'no-keep': { type: 'boolean' },
  end: { type: 'boolean' },
});
const WATCH = /** @type {const} */ ({
  api: { type: 'string' },
  once: { type: 'boolean' },
  save: { type: 'string' },
  timeout: { type: 'string' },
});
const BOTH = /** @type {const} */ ({
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean', short: 'v' },
});

/**
 * @typedef {{ command: 'help' } | { command: 'version' } | ShareOptions | WatchOptions} Options
 * @typedef {object} ShareOptions
 * @property {'share'} command
 * @property {string} file  '-' is standard input
 * @property {URL} page  without a fragment
 * @property {string} [api]  without a slash at its end
 * @property {string} [name]
 * @property {string} [language]
 * @property {boolean} resume
 * @property {boolean} keep
 * @property {boolean} end
 * @typedef {object} WatchOptions
 * @property {'watch'} command
 * @property {URL} page
 * @property {string} room
 * @property {string} [api]
 * @property {boolean} once
 * @property {number} timeout  of once, in seconds
 * @property {string} [save]
 */

/**
 * @param {string[]} args @param {{ page?: string }} settings  of environment and file
 * @returns {Options}
 * @throws {UsageError}
 */
export function readOptions(args, settings) {
  const watching = isWatching(args);
  const { values, positionals: words } = parse(args, watching ? WATCH : SHARE);
  const positionals = watching ? words.slice(1) : words;
  if (values.help) return { command: 'help' };
  if (values.version) return { command: 'version' };
  const what = watching ? 'LINK' : 'FILE';
  if (positionals.length === 0) throw new UsageError(`There is no ${what}.`);
  if (positionals.length > 1)
    throw new UsageError(`There is more than one ${what}: ${positionals.join(' ')}`);
  const api = values.api === undefined ? undefined : readAddress('--api', values.api);
  const common = { api: api && api.origin + api.pathname.replace(/\/$/, '') };
  return watching
    ? { ...readWatch(positionals[0], values), ...common }
    : { ...readShare(positionals[0], values, settings), ...common };
}

/** Options may stand before the command. @param {string[]} args */
function isWatching(args) {
  const options = { ...SHARE, ...WATCH, ...BOTH };
  return parseArgs({ args, options, allowPositionals: true, strict: false }).positionals[0] === 'watch';
}

/** @param {string[]} args @param {object} own @returns {{ values: any, positionals: string[] }} */
function parse(args, own) {
  try {
    return parseArgs({ args, options: { ...own, ...BOTH }, allowPositionals: true });
  } catch (error) {
    // Node's own words name the option.
    throw new UsageError(String(/** @type {Error} */ (error).message).split('. ')[0]);
  }
}

/**
 * @param {string} file @param {any} values @param {{ page?: string }} settings
 * @returns {Omit<ShareOptions, 'api'>}
 */
function readShare(file, values, settings) {
  const address = values.page ?? settings.page;
  if (address === undefined)
    throw new UsageError(
      'On which page do people watch? Name it with --page URL, or in CODESTREAM_PAGE.',
    );
  const { language } = values;
  if (language !== undefined && !LANGUAGES.some(({ id }) => id === language))
    throw new UsageError(
      `--language ${language} is not known; these are: ${LANGUAGES.map(({ id }) => id).join(' ')}`,
    );
  if (values.end && file !== '-') throw new UsageError('--end goes with - alone.');
  const page = readAddress('The address of the page', address);
  page.hash = '';
  return {
    command: 'share',
    file,
    page,
    name: values.name,
    language,
    resume: values.resume === true,
    keep: values['no-keep'] !== true,
    end: values.end === true,
  };
}

/** @param {string} link @param {any} values @returns {Omit<WatchOptions, 'api'>} */
function readWatch(link, values) {
  const page = readAddress('The link', link);
  const place = readHash(page.hash);
  if (!place || place.room === '')
    throw new UsageError(
      'This link is incomplete: the part after # is not a room. Ask the writer for the whole link.',
    );
  page.hash = '';
  const once = values.once === true;
  if (values.timeout !== undefined && !once) throw new UsageError('--timeout goes with --once alone.');
  const timeout = readTimeout(values.timeout);
  return { command: 'watch', page, room: place.room, once, timeout, save: values.save };
}

/** @param {string} [seconds] */
function readTimeout(seconds = String(ONCE_SECONDS)) {
  const timeout = Number(seconds);
  if (!(timeout > 0 && timeout <= MAX_SECONDS))
    throw new UsageError(`--timeout is a number of seconds, at most ${MAX_SECONDS}: ${seconds}`);
  return timeout;
}

/** @param {string} what @param {string} address */
function readAddress(what, address) {
  try {
    const url = new URL(address);
    if (['http:', 'https:'].includes(url.protocol)) return url;
  } catch {
    // The same words as for another protocol.
  }
  throw new UsageError(`${what} is not an address that begins with https:// or http://: ${address}`);
}
