// The viewer's first paint: the lines that the writer sees, as plain text, in the very places where
// the reader will draw them. It is there until the reader has been loaded.

import { cutOf } from './drawn.js';

/** As in style.css: what is left free above the first line and below the last. */
const PADDING = 12;
/** CodeMirror keeps this far from the edge when it scrolls to a place. */
const MARGIN = 5;
/** Of a longer line the rest is out of sight. */
const MAX_LINE = 1_000;
/** Marks and changes of direction that are drawn in a line: the first paint is to be quick. */
const MAX_COSTLY = 100;

/**
 * How far a reader that follows the writer will have scrolled.
 * @param {{ top: number, bottom: number, line: number | undefined, lines: number, height: number,
 *   lineHeight: number }} place  lines of the writer's screen and cursor, counted from 1, and the
 *   size of this one
 */
export function scrollOf({ top, bottom, line, lines, height, lineHeight }) {
  const most = Math.max(0, lines * lineHeight + 2 * PADDING - height);
  const start = Math.min((top - 1) * lineHeight, most);
  if (line === undefined || line < top || line > bottom) return start;
  const above = PADDING + (line - 1) * lineHeight;
  const least = above + lineHeight + MARGIN - height;
  return Math.min(most, Math.max(start, least));
}

export class FirstText {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.box = document.createElement('div');
    this.box.className = 'first-text';
    host.append(this.box);
  }

  /** @param {string} text @param {import('./protocol.js').View | undefined} view */
  show(text, view) {
    const lines = text.split('\n');
    const { clientHeight: height } = this.box;
    const lineHeight = parseFloat(getComputedStyle(this.box).lineHeight);
    const head = view?.selections[0]?.[1];
    const line = head === undefined ? undefined : text.slice(0, head).split('\n').length;
    const { top = 1, bottom = 1 } = view ?? {};
    const scroll = scrollOf({ top, bottom, line, lines: lines.length, height, lineHeight });
    const first = Math.max(0, Math.floor((scroll - PADDING) / lineHeight));
    const count = Math.ceil(height / lineHeight) + 2;
    const drawn = lines.slice(first, first + count).map((content, i) => {
      const row = document.createElement('div');
      const start = content.slice(0, MAX_LINE);
      row.textContent = start.slice(0, cutOf(start, MAX_COSTLY)) || '\n';
      row.dataset.line = String(first + i + 1);
      return row;
    });
    this.box.style.setProperty('--digits', String(Math.max(3, String(lines.length).length)));
    this.box.style.paddingTop = `${PADDING + first * lineHeight - scroll}px`;
    this.box.replaceChildren(...drawn);
  }

  remove() {
    this.box.remove();
  }
}
