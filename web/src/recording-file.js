// A recording as a file: a page of its own that plays it, with the recording inside as JSON. Pure.
// The file has texts, times, cursors and names, and nothing else: no address, key, socket, hand or
// question.

import { MAX_NAME, MAX_TEXT, cleanName } from './protocol.js';
import { Pieces } from './pieces.js';
import { Recording } from './recording.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./recording.js').Selections} Selections
 * @typedef {import('./recording.js').Title} Title
 * @typedef {[ms: number, ops: Op[], cursor?: Selections | null, title?: Title]} Row  ms since the last
 * @typedef {{ format: string, version: number, began: number, text: string, cursor: Selections,
 *   title: Title, rows: Row[] }} Data  began: by the time of day
 */

const FORMAT = 'codestream-recording';
const VERSION = 1;
/** What stands in the page of the player for the data. */
export const PLACE = '%RECORDING%';

/** @param {Recording} recording @param {number} began @returns {Data} */
export function toData(recording, began) {
  const { text, cursor, title, time: start } = recording.show(recording.first);
  /** @type {Row[]} */
  const rows = [];
  let last = start;
  for (const { steps } of recording.stretches)
    for (const { time, ops, cursor: moved, title: renamed } of steps) {
      const ms = Math.max(0, Math.round(time - last));
      last += ms;
      if (renamed) rows.push([ms, ops, moved ?? null, renamed]);
      else if (moved) rows.push([ms, ops, moved]);
      else rows.push([ms, ops]);
    }
  return { format: FORMAT, version: VERSION, began: Math.round(began), text, cursor, title, rows };
}

/**
 * The recording in a file, which anybody may have changed.
 * @param {unknown} json
 */
export function fromData(json) {
  const data = /** @type {Data} */ (json);
  if (data?.format !== FORMAT) throw new Error('This is no recording.');
  if (data.version !== VERSION) throw new Error('This recording is of a version that is not known here.');
  const wrong = () => new Error('This recording is damaged.');
  if (!isText(data.text) || !Array.isArray(data.rows)) throw wrong();
  const recording = new Recording({ maxWeight: Infinity });
  const title = titleOf(data.title);
  recording.add([], data.text, 0, { cursor: cursorOf(data.cursor), title });
  const pieces = new Pieces(data.text);
  let time = 0;
  for (const row of data.rows) {
    if (!Array.isArray(row)) throw wrong();
    const [ms, ops, cursor, renamed] = row;
    if (!isCount(ms) || !isOps(ops) || !ops.every((op) => pieces.apply(op)) || pieces.length > MAX_TEXT) throw wrong();
    time += ms;
    recording.add(ops, () => String(pieces), time, {
      ...(cursor && { cursor: cursorOf(cursor) }),
      ...(renamed && { title: titleOf(renamed) }),
    });
  }
  return { recording, began: isCount(data.began) ? data.began : 0 };
}

const isCount = (/** @type {any} */ value) => Number.isSafeInteger(value) && value >= 0;
const isText = (/** @type {any} */ value) => typeof value === 'string' && value.length <= MAX_TEXT;

/** @param {unknown} ops @returns {ops is Op[]} */
const isOps = (ops) =>
  Array.isArray(ops) &&
  ops.every((op) => Array.isArray(op) && isCount(op[0]) && isCount(op[1]) && isText(op[2]));

/** @param {any} title @returns {Title} */
const titleOf = (title) => ({
  language: typeof title?.language === 'string' ? title.language.slice(0, MAX_NAME) : 'plaintext',
  name: cleanName(title?.name),
});

/** @param {any} cursor @returns {Selections} */
const cursorOf = (cursor) =>
  Array.isArray(cursor)
    ? cursor.filter((pair) => Array.isArray(pair) && pair.length === 2 && pair.every(isCount))
    : [];

/**
 * The whole file. In JSON `<` stands only in strings, so nothing of it can end or begin an element.
 * @param {string} page  the player's @param {Data} data
 */
export function toPage(page, data) {
  const json = JSON.stringify(data).replaceAll('<', '\\u003c');
  return page.replace(PLACE, () => json);
}

/** @param {Title} title @param {Date} date */
export function fileName({ name }, date) {
  const day = date.toISOString().slice(0, 10);
  const base = name.replace(/\.[^.]*$/, '').replace(/[^\p{L}\p{N}_-]+/gu, '-');
  return `${base || 'codestream'}-${day}.recording.html`;
}
