// The list of hands and questions at the writer. A question is a number until it is opened: the
// screen may be on a projector. It becomes text, never markup.

import './shared.js';
import { make } from './make.js';
import { Sheet } from './sheet.js';

/** @typedef {import('./hands.js').Raised} Raised */

/** As many rows as somebody looks through. */
const MAX_ROWS = 50;

export class HandsList {
  #rows = make('ol', { class: 'hands-rows' });
  #more = make('p', { class: 'hint' });
  /** @type {Set<string>} questions that are open, by socket and words */
  #opened = new Set();
  #sheet;

  /**
   * @param {HTMLButtonElement} opener
   * @param {{ hands: import('./hands.js').Hands, changed: () => void,
   *   reveal: (line: number) => void }} options  changed: something is to be sent and shown
   */
  constructor(opener, { hands, changed, reveal }) {
    this.hands = hands;
    this.changed = changed;
    this.reveal = reveal;
    const all = button('hands-clear-all', 'Lower all', () => this.#do(() => hands.clearAll()));
    this.#sheet = new Sheet(
      opener,
      'hands-sheet',
      'Raised hands',
      this.#rows,
      this.#more,
      make('p', { class: 'choices' }, all),
    );
  }

  /** @param {() => void} action */
  #do(action) {
    action();
    this.changed();
  }

  /** @param {Raised[]} raised */
  toggle(raised) {
    if (this.#sheet.isOpen) {
      this.#sheet.close();
      return;
    }
    this.#sheet.open();
    this.show(raised);
    this.#sheet.box.querySelector('button')?.focus();
  }

  /** @param {Raised[]} raised */
  show(raised) {
    if (!this.#sheet.isOpen) return;
    const focused = this.#rows.contains(document.activeElement) ? document.activeElement?.id : undefined;
    this.#rows.replaceChildren(...raised.slice(0, MAX_ROWS).map((hand, i) => this.#row(hand, i)));
    this.#more.textContent = raised.length > MAX_ROWS ? `and ${raised.length - MAX_ROWS} more` : '';
    if (raised.length === 0) this.#sheet.close();
    else if (focused !== undefined) this.#refocus(focused);
  }

  /** The row that has taken the place of the one that was used, or the last. @param {string} id */
  #refocus(id) {
    const kind = id.split('-')[0];
    const rows = this.#rows.querySelectorAll(`[id^=${kind}-]`);
    const next = document.getElementById(id) ?? rows[rows.length - 1] ?? this.#sheet.box;
    if (next instanceof HTMLElement) next.focus();
  }

  /** @param {Raised} hand @param {number} i */
  #row({ sid, line, question, noted }, i) {
    const place = line === undefined ? 'No line' : `Line ${line}`;
    const where =
      line === undefined
        ? make('span', { class: 'place' }, place)
        : button(`line-${i}`, place, () => this.reveal(line), 'place');
    const about = `of hand ${i + 1}`;
    const note = button(`note-${i}`, noted ? 'Noted' : 'Note', () => this.#do(() => this.hands.note(sid)));
    note.disabled = noted;
    note.setAttribute('aria-label', `${noted ? 'Noted' : 'Note'} ${about}`);
    const lower = button(`lower-${i}`, 'Lower', () => this.#do(() => this.hands.clear(sid)));
    lower.setAttribute('aria-label', `Lower ${about}`);
    return make('li', {}, where, ...this.#question(`${sid} ${question}`, question, i), note, lower);
  }

  /** @param {string} key @param {string} question @param {number} i */
  #question(key, question, i) {
    if (question === '') return [];
    const isOpen = this.#opened.has(key);
    const words = make('p', { class: 'question', hidden: !isOpen, id: `words-${i}` }, question);
    const show = button(`question-${i}`, '1 question', () => {
      words.hidden = !words.hidden;
      show.setAttribute('aria-expanded', String(!words.hidden));
      if (words.hidden) this.#opened.delete(key);
      else this.#opened.add(key);
    });
    show.setAttribute('aria-expanded', String(isOpen));
    show.setAttribute('aria-controls', words.id);
    return [show, words];
  }
}

/** @param {string} id @param {string} label @param {() => void} pressed @param {string} [kind] */
function button(id, label, pressed, kind) {
  const made = make('button', { type: 'button', id, class: kind }, label);
  made.onclick = pressed;
  return made;
}
