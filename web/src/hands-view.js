// The writer's strip below the editor: how many hands are up, and at which lines. The list behind it
// is loaded when it is first wanted.

import { onceLoaded } from './again.js';
import { element } from './element.js';
import { loadHandsList } from './parts.js';

/**
 * @typedef {import('./hands.js').Raised} Raised
 * @typedef {import('./hands.js').Hands} Hands
 */

/** Many hands at once are shown together. */
const SHOW_MS = 250;
/** More lines than this are not named. */
const MAX_LINES = 6;

/** @param {number} count @param {string} what */
const counted = (count, what) => `${count} ${what}${count === 1 ? '' : 's'}`;

/** @param {Raised[]} raised */
function summaryOf(raised) {
  const lines = [...new Set(raised.flatMap(({ line }) => line ?? []))].sort((a, b) => a - b);
  const named = lines.slice(0, MAX_LINES).join(', ') + (lines.length > MAX_LINES ? ' …' : '');
  const questions = raised.filter(({ question }) => question !== '').length;
  return {
    hands: counted(raised.filter(({ up }) => up).length, 'hand'),
    lines: lines.length > 0 ? `${lines.length === 1 ? 'line' : 'lines'} ${named}` : '',
    questions: questions > 0 ? counted(questions, 'question') : '',
    marked: lines,
  };
}

export class HandsView {
  #strip = element('hands-strip', HTMLElement);
  #button = element('hands', HTMLButtonElement);
  #count = element('hands-count', HTMLElement);
  #lines = element('hands-lines', HTMLElement);
  #version = 0;
  #shownAt = -Infinity;
  #text = '';
  /** @type {import('./hands-list.js').HandsList | undefined} */
  #list;

  /**
   * @param {{ hands: Hands, changed: () => void, reveal: (line: number) => void,
   *   mark: (lines: number[]) => void, lack: (lack: import('./again.js').Lack) => void }} options
   */
  constructor({ hands, changed, reveal, mark, lack }) {
    this.hands = hands;
    this.mark = mark;
    this.#button.onclick = onceLoaded(
      async () => (this.#list = new (await loadHandsList())(this.#button, { hands, changed, reveal })),
      (list) => list.toggle(hands.list(this.#text)),
      lack,
    );
  }

  /**
   * @param {string} text @param {boolean} off  the session is over, or somebody else's
   * @param {number} now @returns when there is something to show again
   */
  show(text, off, now) {
    this.#text = text;
    const { version } = this.hands;
    if (version === this.#version && off === this.#strip.hidden) return Infinity;
    if (now < this.#shownAt + SHOW_MS) return this.#shownAt + SHOW_MS;
    if (version === this.#version && !off) return Infinity;
    this.#version = version;
    this.#shownAt = now;
    const raised = off ? [] : this.hands.list(text);
    const { hands, lines, questions, marked } = summaryOf(raised);
    this.#strip.hidden = raised.length === 0;
    this.#count.textContent = raised.length === 0 ? '' : [hands, questions].filter(Boolean).join(', ');
    this.#lines.textContent = lines;
    this.mark(marked);
    this.#list?.show(raised);
    return Infinity;
  }
}
