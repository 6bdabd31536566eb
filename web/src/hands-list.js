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
  /** @type {Map<string, { state: string, row: HTMLElement, number: number }>} by socket */
  #made = new Map();
  #next = 0;
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

  /**
   * A row stays its hand's as long as that is up: what somebody is about to press, or has the focus
   * on, must not become somebody else's.
   * @param {Raised[]} raised
   */
  show(raised) {
    if (!this.#sheet.isOpen) return;
    const shown = raised.slice(0, MAX_ROWS);
    const focus = this.#focus();
    const sids = new Set(shown.map(({ sid }) => sid));
    for (const sid of [...this.#made.keys()].filter((known) => !sids.has(known))) this.#remove(sid);
    shown.forEach((hand, i) => {
      const row = this.#rowOf(hand);
      const there = this.#rows.children[i] ?? null;
      if (there !== row) this.#rows.insertBefore(row, there);
    });
    this.#more.textContent = raised.length > MAX_ROWS ? `and ${raised.length - MAX_ROWS} more` : '';
    if (raised.length === 0) this.#sheet.close();
    else if (focus) this.#refocus(focus);
  }

  /** @param {string} sid */
  #remove(sid) {
    this.#made.get(sid)?.row.remove();
    this.#made.delete(sid);
  }

  /** The row of a hand; a new one where something of it has changed. @param {Raised} hand */
  #rowOf(hand) {
    const { sid, line, question, noted } = hand;
    const state = JSON.stringify([line, question, noted]);
    const made = this.#made.get(sid);
    if (made?.state === state) return made.row;
    const row = this.#row(hand, made?.number ?? this.#next++);
    made?.row.replaceWith(row);
    this.#made.set(sid, { state, row, number: made?.number ?? this.#next - 1 });
    return row;
  }

  /** Where the focus is: in which row, on which of its buttons. */
  #focus() {
    const { activeElement } = document;
    if (!activeElement || !this.#rows.contains(activeElement)) return undefined;
    const rows = [...this.#rows.children];
    return { id: activeElement.id, place: rows.findIndex((row) => row.contains(activeElement)) };
  }

  /**
   * The same button, or what can be pressed beside it, else in the row that has taken the place.
   * @param {{ id: string, place: number }} focus
   */
  #refocus({ id, place }) {
    const rows = this.#rows.children;
    const same = document.getElementById(id);
    if (same && same === document.activeElement) return;
    const row = same?.closest('li') ?? rows[Math.min(place, rows.length - 1)];
    const enabled = same instanceof HTMLButtonElement && !same.disabled ? same : row?.querySelector('button:enabled');
    (enabled instanceof HTMLElement ? enabled : this.#sheet.box).focus();
  }

  /** @param {Raised} hand @param {number} i  its own for good */
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
