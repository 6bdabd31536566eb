// The messages inside `data`, their limits and their checks. The handler passes `data` on unread,
// so whatever arrives here may have been written by anybody and is checked field by field.
//
//   writer → room    full   epoch seq version n hash, content, Session [view]   the whole text
//                    delta  epoch version n, changes [view]     from version-1 to version
//                    view   epoch seq version, view             where the writer is; may be lost
//                    beat   epoch seq version n hash, Session   every 5 s, and when Session changes
//   viewer → writer  {data:'sync'} epoch version form           what I have; bring me up to date
//                    {data:'sync'} … here                       I am here, and need nothing
//   both             hand                                       hand-messages.js
//
// `epoch` grows with each writer session, `version` with each text published in it, `seq` with each
// full, view and beat. Where every viewer reads them (`form`), deltas, views and beats go as arrays:
// positional.js.

import { toLf } from './ops.js';
import { toNamed } from './positional.js';

/** @typedef {import('./ops.js').Op} Op */

/**
 * @typedef {object} View where the writer is: offsets of the selections (anchor, head), first and
 *   last visible line
 * @property {[number, number][]} selections
 * @property {number} top
 * @property {number} bottom
 */

/**
 * @typedef {object} Session  everything about a session but its text
 * @property {string} language
 * @property {string} name      file name, may be empty
 * @property {boolean} paused
 * @property {boolean} ended
 * @property {number} viewers
 * @property {string} sid the writer's socket, so that a late `left` of an older one is not
 *   mistaken for it
 * @property {number} roll  counts the roll calls on one socket; each is answered
 * @property {number} sample  one viewer in so many answers
 * @property {number} pace  ms between two deltas
 * @property {number} hands  0: viewers cannot raise their hands; 1: they can; 2: and may ask
 */

/** The most text a session holds, in UTF-16 units. */
export const MAX_TEXT = 256 * 1024;
/**
 * The most bytes a text may take in a message: control characters take six each, and the service
 * refuses messages of more than 1 MB.
 */
export const MAX_ENCODED = 900_000;
/** The most edits in one delta; more become one replacement. */
export const MAX_OPS = 500;
export const MAX_SELECTIONS = 32;
export const MAX_NAME = 80;
/** The service's own ids are shorter; over the native endpoint, a sender may claim any. */
export const MAX_SOCKET_ID = 128;
/** Deltas kept while an earlier one is missing. */
export const MAX_BUFFERED = 64;
/** The most viewers whose sockets are remembered; more are only counted. */
export const MAX_AUDIENCE = 100_000;
/** Sockets that are remembered as gone: far more than can leave while one event is handled. */
export const MAX_GONE = 10_000;

/** What a viewer that reads arrays says of itself. */
export const FORM = 1;

export const FLUSH_MS = 200;
export const VIEW_MS = 100;
export const BEAT_MS = 5_000;
/** A change of the session is announced at once, but not more often than this. */
export const EARLY_BEAT_MS = 500;
/** Requests for the text are collected this long before they are answered, all but a quiet room's first. */
export const COLLECT_MS = 200;
export const ROOM_FULL_MS = 1_000;
/** What one answer may be addressed to: so many sockets, in a filter of so many characters. */
export const MAX_RECIPIENTS = 50;
export const MAX_FILTER = 4_096;
/** The same viewer is answered again after the first of these, and at last only after the second. */
export const ANSWER_MIN_MS = 1_000;
export const ANSWER_MAX_MS = 10_000;
/** The most that a writer sends in answers, besides what a single one takes. */
export const ANSWER_BYTES_PER_S = 768 * 1024;
/** Answers go one after the other; small ones do not wait for each other's acknowledgements. */
export const ANSWER_WINDOW_BYTES = 192 * 1024;
/** For this long, a missing delta may still be on its way. */
export const GAP_MS = 400;
/** While messages come closer together than this, it may be among those that a busy page takes next. */
export const LULL_MS = 50;
/** But for no longer than this: somebody may send without end. */
export const LONGEST_BURST_MS = 4_000;
/**
 * Without an acknowledgement for this long the connection counts as slow, and then as dead; what is
 * large has more time, as an uplink of so many bytes takes for it and for what is in front of it.
 */
export const SLOW_MS = 2_500;
export const DEAD_MS = 6_000;
export const UPLINK_BYTES_PER_S = 32_000;
/** After this much silence a viewer asks for the text, and later takes the writer to be away. */
export const SILENCE_MS = 6_000;
export const SILENCE_JITTER_MS = 1_000;
export const AWAY_MS = 9_000;
/** A viewer that has not answered a roll call after this long is no longer counted. */
export const ROLL_CALL_MS = 6_000;
export const ROLL_CALL_JITTER_MS = 3_000;
/** Where the service does not report that a viewer has left, the roll is called this often. */
export const ROLL_CALL_EVERY_MS = 60_000;
/** About so many viewers answer a roll call: of more, a sample does. */
export const ROLL_CALL_ANSWERS = 500;
/** The viewers are told of their number early when it has changed by more than this share. */
export const COUNT_NEWS = 0.02;
/** A unit of the service serves so many viewers at full pace; with more, the writer slows down. */
export const VIEWERS_PER_UNIT = 400;
export const MAX_SLOWDOWN = 4;
/** The sender of requests that do not name theirs: viewers of the older CodeStream. */
export const SOMEBODY = 'somebody';

/**
 * How much slower than alone a writer sends to so many viewers.
 * @param {number} viewers @param {number} units  of the service
 */
export const slowdown = (viewers, units) =>
  Math.min(MAX_SLOWDOWN, Math.max(1, viewers / (VIEWERS_PER_UNIT * units)));

/** A text of this many units always fits; the encoded size of a longer one has to be computed. */
const SURELY_SMALL = Math.floor(MAX_ENCODED / 6);

/**
 * @param {string} text
 * @param {(text: string) => number} encodedSize
 */
export function fits(text, encodedSize) {
  if (text.length > MAX_TEXT) return false;
  return text.length <= SURELY_SMALL || encodedSize(text) <= MAX_ENCODED;
}

// ---- reading ----

/** @param {unknown} value */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
/** @param {unknown} value @param {number} [max] */
const isCount = (value, max = Number.MAX_SAFE_INTEGER) =>
  Number.isSafeInteger(value) &&
  /** @type {number} */ (value) >= 0 &&
  /** @type {number} */ (value) <= max;

/**
 * @typedef {{ type: 'full', epoch: number, seq: number, version: number, content: string, hash:
 *   number,
 *   session: Session, view?: View }} Full
 * @typedef {{ type: 'delta', epoch: number, version: number, changes: Op[] | object[], n?:
 *   number, view?: View }} Delta
 * @typedef {{ type: 'view', epoch: number, seq: number, version: number, view: View }} ViewMessage
 * @typedef {{ type: 'beat', epoch: number, seq: number, version: number, n: number, hash: number,
 *   session?: Session, since?: number }} Beat  session: or else the seq since which it is the same
 * @typedef {{ type: 'sync', epoch: number, version: number, plain: boolean, arrays: boolean,
 *   here: boolean }} Sync  arrays: reads the positional form
 */

/**
 * A writer's message, checked; undefined if it is none of ours.
 * @param {unknown} raw
 * @param {number} [current]  the epoch of positional messages, which do not name theirs
 * @returns {Full | Delta | ViewMessage | Beat | undefined}
 */
export function readFromWriter(raw, current = -1) {
  const named = Array.isArray(raw) ? toNamed(raw, current) : raw;
  if (!isObject(named)) return undefined;
  const m = /** @type {Record<string, any>} */ (named);
  if (!isCount(m.version)) return undefined;
  if (m.epoch === undefined) return readArticle(m);
  if (!isCount(m.epoch)) return undefined;
  const { type, epoch, version } = m;
  if (type === 'delta') {
    if (!isOps(m.changes) && !isEvents(m.changes)) return undefined;
    if (!isCount(m.n, MAX_TEXT)) return undefined;
    return { type, epoch, version, changes: m.changes, n: m.n, view: readView(m.view) };
  }
  if (!isCount(m.seq)) return undefined;
  const { seq, hash } = m;
  if (type === 'view') {
    const view = readView(m.view);
    return view && { type, epoch, seq, version, view };
  }
  if (!isCount(hash, 0xffffffff)) return undefined;
  if (type === 'beat' && isCount(m.n, MAX_TEXT)) {
    const beat = { type, epoch, seq, version, n: m.n, hash };
    return isCount(m.since) ? { ...beat, since: m.since } : { ...beat, session: readSession(m) };
  }
  if (type === 'full' && isText(m.content)) {
    const session = readSession(m);
    return { type, epoch, seq, version, content: m.content, hash, session, view: readView(m.view) };
  }
  return undefined;
}

/**
 * A message of a page written after the articles: it has no epoch, and a full carries the number of
 * the next delta, where ours carries that of the text.
 * @param {Record<string, any>} m
 * @returns {Full | Delta | undefined}
 */
function readArticle(m) {
  if (m.type === 'full' && typeof m.content === 'string' && m.content.length <= MAX_TEXT) {
    return {
      type: 'full',
      epoch: 0,
      seq: 0,
      version: m.version,
      content: toLf(m.content),
      hash: -1,
      session: readSession(m),
    };
  }
  if (m.type === 'delta' && isEvents(m.changes)) {
    return { type: 'delta', epoch: 0, version: m.version + 1, changes: m.changes };
  }
  return undefined;
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string' && value.length <= MAX_TEXT && !value.includes('\r');
}

/** @param {unknown} value */
function isOps(value) {
  return (
    Array.isArray(value) &&
    value.length <= MAX_OPS &&
    value.every(
      (op) =>
        Array.isArray(op) &&
        op.length === 3 &&
        isCount(op[0], MAX_TEXT) &&
        isCount(op[1], MAX_TEXT) &&
        isText(op[2]),
    )
  );
}

/** Monaco's change events; change-events.js checks what is in them. @param {unknown} value */
function isEvents(value) {
  return Array.isArray(value) && value.length <= MAX_OPS && value.every(isObject);
}

/** @param {unknown} raw @returns {View | undefined} */
function readView(raw) {
  if (!isObject(raw)) return undefined;
  const { selections, top, bottom } = /** @type {Record<string, any>} */ (raw);
  const isSelection = (/** @type {unknown} */ s) =>
    Array.isArray(s) && s.length === 2 && s.every((offset) => isCount(offset, MAX_TEXT));
  const good =
    Array.isArray(selections) &&
    selections.length <= MAX_SELECTIONS &&
    selections.every(isSelection) &&
    isCount(top) &&
    top > 0 &&
    isCount(bottom);
  return good ? { selections, top, bottom } : undefined;
}

/** @param {Record<string, any>} m @returns {Session} */
export function readSession(m) {
  return {
    language: typeof m.language === 'string' ? m.language.slice(0, MAX_NAME) : 'plaintext',
    name: cleanName(m.name),
    paused: m.paused === true,
    ended: m.ended === true,
    viewers: isCount(m.viewers) ? m.viewers : 0,
    sid: typeof m.sid === 'string' ? m.sid.slice(0, MAX_NAME) : '',
    roll: isCount(m.roll) ? m.roll : 0,
    sample: isCount(m.sample) && m.sample > 0 ? m.sample : 1,
    hands: isCount(m.hands, 2) ? m.hands : 0,
    pace: isCount(m.pace, MAX_SLOWDOWN * FLUSH_MS) && m.pace > FLUSH_MS ? m.pace : FLUSH_MS,
  };
}

/** @param {unknown} value @returns {value is string} */
export function isSocketId(value) {
  return typeof value === 'string' && value !== '' && value.length <= MAX_SOCKET_ID;
}

/**
 * Control and formatting characters (bidirectional ones, tags), lone surrogates, private use, and
 * everything invisible: they could make one name look like another.
 */
const UNSEEN = new RegExp(
  `[${['Cc', 'Cf', 'Cs', 'Co', 'Zl', 'Zp', 'Noncharacter_Code_Point', 'Default_Ignorable_Code_Point']
    .map((kind) => `\\p{${kind}}`)
    .join('')}]`,
  'gu',
);
/** Blanks of any width: a row of them could push the end of a name out of sight. */
const BLANKS = /[\p{Z}\u2800]+/gu;
/** Separators of folders, and what looks like one. */
const SLASHES = /[/\\\u2044\u2215\u2216\u29f5\u29f8\u29f9\ufe68\uff0f\uff3c]/gu;
/** What looks like a dot. */
const DOTS = /[\u2024\ufe52\uff0e]/gu;

/**
 * A line of somebody's, as it can be shown: text alone.
 * @param {unknown} line @param {number} max  UTF-16 units
 */
export function plainText(line, max) {
  if (typeof line !== 'string') return '';
  // What is longer by far need not be read.
  const clean = line.slice(0, 4 * max).replace(/[\t\n\r]/g, ' ').replace(UNSEEN, '').replace(BLANKS, ' ').trim();
  return clean.slice(0, max).replace(/[\ud800-\udbff]$/, '').trimEnd();
}

/**
 * A file name that is safe to show and to save under.
 * @param {unknown} name
 */
export function cleanName(name) {
  if (typeof name !== 'string') return '';
  const clean = name
    .replace(/[\t\n\r]/g, ' ')
    .replace(UNSEEN, '')
    .replace(SLASHES, '')
    .replace(BLANKS, ' ')
    .replace(DOTS, '.')
    .replace(/(?:\. ?)+\./g, '.') // `..` is the folder above
    .trim();
  if (clean.length <= MAX_NAME) return cut(clean, MAX_NAME);
  // What a file is stands at the end of its name.
  const extension = EXTENSION.exec(clean)?.[0] ?? '';
  return cut(clean, MAX_NAME - extension.length) + extension;
}

const EXTENSION = /\.[^. ]{1,15}$/;

/**
 * No surrogate pair is cut in two, and a dot or blank at the end would be dropped by some systems.
 * @param {string} name @param {number} length
 */
const cut = (name, length) =>
  name
    .slice(0, length)
    .replace(/[\ud800-\udbff]$/, '')
    .replace(/[. ]+$/, '');

/**
 * A viewer's message, checked; undefined if it is none of ours.
 * @param {unknown} raw
 * @returns {Sync | undefined}
 */
export function readFromViewer(raw) {
  if (!isObject(raw)) return undefined;
  const m = /** @type {Record<string, any>} */ (raw);
  if (m.data !== 'sync') return undefined;
  const known = isCount(m.epoch) && Number.isSafeInteger(m.version);
  const [arrays, here] = [m.form === FORM, m.here === true];
  return known
    ? { type: 'sync', epoch: m.epoch, version: m.version, plain: false, arrays, here }
    : { type: 'sync', epoch: 0, version: -1, plain: true, arrays: false, here: false };
}
