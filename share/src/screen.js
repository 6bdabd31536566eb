// Which part of a text a terminal shows, and what is written for it. Pure.

import { cut, widthOf } from './columns.js';
import { visibleLine } from './visible.js';

/**
 * The first line to show, so that the writer's is on the screen: the text moves only if it has to.
 * @param {{ lines: number, line: number, top: number, height: number }} place  lines: of the text;
 *   line: the writer's; top: the first line that was shown; height: in lines; all from 0
 */
export function topLine({ lines, line, top, height }) {
  const last = Math.max(0, lines - height);
  if (line >= top && line < top + height) return Math.min(top, last);
  return Math.min(last, Math.max(0, line - Math.floor(height / 3)));
}

/**
 * The first column to show: that of the beginning, unless the writer's would not be on the screen.
 * @param {{ column: number, left: number, width: number }} place
 */
export function leftColumn({ column, left, width }) {
  if (column < width) return 0;
  if (column >= left && column < left + width) return left;
  return column - Math.floor(width / 2);
}

/** The column that a place in a text is in, from 0. @param {string} text @param {number} offset */
export const columnAt = (text, offset) =>
  widthOf(text.slice(offset > 0 ? text.lastIndexOf('\n', offset - 1) + 1 : 0, offset));

/**
 * The whole screen: the text, and below it the line of state.
 * @param {{ text: string, top: number, left: number, line: number | undefined, state: string,
 *   rows: number, columns: number }} what  line: the writer's, marked at its beginning
 */
export function frame({ text, top, left, line, state, rows, columns }) {
  const lines = text.split('\n').slice(top, top + rows - 1);
  let out = '\x1b[H';
  for (let y = 0; y < rows - 1; y++) {
    const mark = top + y === line && lines[y] !== undefined ? '\x1b[7m \x1b[0m' : ' ';
    const { shown, width } = cut(lines[y] ?? '', left, columns - 1);
    // Behind the last column there is nothing to erase, and the last would be.
    out += `${mark}${shown}${width < columns - 1 ? '\x1b[K' : ''}\r\n`;
  }
  return `${out}\x1b[7m${cut(visibleLine(state), 0, columns - 1).shown}\x1b[K\x1b[0m`;
}
