// Which part of a text a terminal shows, and what is written for it. Pure.

import { visible, visibleLine } from './visible.js';

const TAB = 4;

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

/** The line that a place in a text is on, from 0. @param {string} text @param {number} offset */
export function lineAt(text, offset) {
  let line = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

/** As much of a line as there is room for. @param {string} line @param {number} columns */
function shownLine(line, columns) {
  let shown = '';
  let width = 0;
  for (const character of line.slice(0, columns * 2)) {
    const piece = character === '\t' ? ' '.repeat(TAB - (width % TAB)) : visible(character);
    shown += piece;
    width += piece.length;
    if (width >= columns) break;
  }
  return shown;
}

/**
 * The whole screen: the text, and below it the line of state.
 * @param {{ text: string, top: number, line: number | undefined, state: string, rows: number,
 *   columns: number }} what  line: the writer's, marked at its beginning
 */
export function frame({ text, top, line, state, rows, columns }) {
  const lines = text.split('\n').slice(top, top + rows - 1);
  let out = '\x1b[H';
  for (let y = 0; y < rows - 1; y++) {
    const mark = top + y === line && lines[y] !== undefined ? '\x1b[7m \x1b[0m' : ' ';
    out += `${mark}${lines[y] === undefined ? '' : shownLine(lines[y], columns - 1)}\x1b[K\r\n`;
  }
  return `${out}\x1b[7m${visibleLine(state).slice(0, columns - 1)}\x1b[K\x1b[0m`;
}
