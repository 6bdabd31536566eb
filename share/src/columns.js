// How many columns of a terminal a text takes, and the part of a line that there is room for. Pure.

import { visible } from './visible.js';

const TAB = 4;
/** What is drawn onto the character before it. */
const NONE = /^[\p{Mn}\p{Me}\p{Cf}]$/u;
/** East Asian letters, and pictures. */
const TWO =
  /^[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f1e6}-\u{1f1ff}\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;
/** Marks upon marks take no column, and are not endless. */
const PER_COLUMN = 8;

/**
 * @param {string} character @param {number} at  the column that it begins in
 * @returns {{ shown: string, width: number }}
 */
function cell(character, at) {
  if (character === '\t') {
    const width = TAB - (at % TAB);
    return { shown: ' '.repeat(width), width };
  }
  const shown = visible(character);
  if (shown !== character) return { shown, width: shown.length };
  if (character < '\u0300') return { shown, width: 1 };
  return { shown, width: NONE.test(character) ? 0 : TWO.test(character) ? 2 : 1 };
}

/** The columns that a line takes. @param {string} line */
export function widthOf(line) {
  let at = 0;
  for (const character of line) at += cell(character, at).width;
  return at;
}

/**
 * The part of a line from a column on; what is cut in two is left out.
 * @param {string} line @param {number} left @param {number} columns  for so many there is room
 * @returns {{ shown: string, width: number }}
 */
export function cut(line, left, columns) {
  const right = left + columns;
  let shown = '';
  let at = 0;
  let end = left;
  for (const character of line) {
    const next = cell(character, at);
    if (at + next.width > right || shown.length > PER_COLUMN * columns) break;
    if (at >= left && (next.width > 0 || shown !== '')) shown += next.shown;
    else if (at + next.width > left) shown = ' '.repeat(at + next.width - left);
    at += next.width;
    end = Math.max(end, at);
  }
  return { shown, width: end - left };
}
