// What of the stream is read out to somebody who listens to the page: the lines that the writer has
// finished, in few words and not too often. Pure: it is told the time with every call, and says when it
// wants to be called again (`wakeAt`).

import { lineAt } from './lines.js';

/** Between two announcements; what comes meanwhile is said in one. */
export const EVERY_MS = 2_000;
/** The line with the cursor is finished when nothing has changed for so long. */
export const QUIET_MS = 3_000;
/** More lines than this are counted, and a longer line is cut. */
const MAX_LINES = 3;
const MAX_LENGTH = 200;
const NEVER = Infinity;

export class Announcer {
  /** @type {(string | undefined)[] | undefined} the lines as they have been said; undefined: one
   *   that the writer was still in */
  #said;
  #text = '';
  #changedAt = 0;
  #spokeAt = -NEVER;
  wakeAt = NEVER;

  /** What is there now needs no announcement. @param {string} text */
  begin(text) {
    this.#text = text;
    this.#said = text.split('\n');
    this.wakeAt = NEVER;
  }

  /**
   * @param {string} text @param {number | undefined} cursor  the writer's, in it
   * @param {number} now
   * @returns {string} what is to be said now, '' if there is nothing
   */
  hear(text, cursor, now) {
    if (text !== this.#text) this.#changedAt = now;
    this.#text = text;
    const due = Math.max(now, this.#spokeAt + EVERY_MS);
    const lines = text.split('\n');
    const said = this.#said ?? lines;
    const [from, to] = changed(said, lines);
    if (from === to && lines.length === said.length) this.wakeAt = NEVER;
    else if (due > now) this.wakeAt = due;
    else return this.#speak(said, lines, { from, to, writing: cursor === undefined ? -1 : lineAt(text, cursor) }, now);
    return '';
  }

  /**
   * @param {(string | undefined)[]} said @param {string[]} lines
   * @param {{ from: number, to: number, writing: number }} range  `writing`: the line with the cursor
   * @param {number} now
   */
  #speak(said, lines, { from, to, writing }, now) {
    const quietAt = this.#changedAt + QUIET_MS;
    const open = now < quietAt && writing >= from && writing < to ? writing : undefined;
    this.wakeAt = open === undefined ? NEVER : quietAt;
    const same = lines.length === said.length;
    const fresh = [];
    for (let i = from; i < to; i++)
      if (i !== open && lines[i].trim() !== '' && !(same && lines[i] === said[i])) fresh.push(i);
    // A line that is still being written is all that has changed.
    if (open !== undefined && fresh.length === 0) return '';
    const gone = said.length - lines.length;
    this.#said = lines.map((line, i) => (i === open ? undefined : line));
    const words = wordsOf(lines, fresh, from === to ? gone : 0, from);
    if (words !== '') this.#spokeAt = now;
    return words;
  }
}

/**
 * Which lines are not as they were.
 * @param {(string | undefined)[]} before @param {string[]} after @returns {[number, number]}
 */
function changed(before, after) {
  const most = Math.min(before.length, after.length);
  let from = 0;
  while (from < most && before[from] === after[from]) from++;
  let same = 0;
  while (same < most - from && before[before.length - 1 - same] === after[after.length - 1 - same]) same++;
  return [from, after.length - same];
}

/** @param {string[]} lines @param {number[]} fresh @param {number} gone @param {number} from */
function wordsOf(lines, fresh, gone, from) {
  if (fresh.length > MAX_LINES)
    return `Lines ${fresh[0] + 1} to ${fresh[fresh.length - 1] + 1} have changed.`;
  if (fresh.length === 0)
    return gone > 0 ? `${gone === 1 ? 'A line was' : `${gone} lines were`} deleted before line ${from + 1}.` : '';
  return fresh.map((i) => `Line ${i + 1}: ${cut(lines[i].trim())}`).join('\n');
}

/** @param {string} line */
const cut = (line) =>
  line.length <= MAX_LENGTH ? line : `${line.slice(0, MAX_LENGTH).replace(/[\ud800-\udbff]$/, '')} …`;
