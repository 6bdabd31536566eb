// The form with which a viewer raises a hand, points at a line and asks a question.

import './shared.js';
import { MAX_QUESTION } from './hand-messages.js';
import { make } from './make.js';
import { Sheet } from './sheet.js';

export class HandForm {
  #line = make('input', { id: 'hand-line', type: 'number', min: 1, max: 262145, inputmode: 'numeric', placeholder: 'none' });
  #question = make('textarea', { id: 'hand-question', rows: 3, maxlength: MAX_QUESTION, 'aria-describedby': 'hand-hint' });
  #asking = make(
    'div',
    { class: 'part' },
    make('label', { for: 'hand-question' }, 'Question (if you like)'),
    this.#question,
    make('p', { id: 'hand-hint', class: 'hint' }, `At most ${MAX_QUESTION} characters, without your name. It is kept nowhere.`),
  );
  #lower = make('button', { type: 'button', id: 'hand-lower' }, 'Lower hand');
  #raise = make('button', { type: 'submit', id: 'hand-raise', class: 'primary' }, 'Raise hand');
  #sheet;

  /**
   * @param {HTMLButtonElement} opener
   * @param {(wanted: { up: boolean, line?: number, question: string }) => void} set
   */
  constructor(opener, set) {
    const form = make(
      'form',
      {},
      make('label', { class: 'choice' }, make('span', {}, 'It is about line'), this.#line),
      this.#asking,
      make('p', { class: 'choices' }, this.#lower, this.#raise),
    );
    this.#sheet = new Sheet(opener, 'hand-sheet', 'Raise your hand', form);
    form.onsubmit = (event) => {
      event.preventDefault();
      const line = this.#line.valueAsNumber;
      set({ up: true, line: line > 0 ? line : undefined, question: this.#question.value });
      this.#sheet.close();
    };
    this.#lower.onclick = () => {
      set({ up: false, question: '' });
      this.#sheet.close();
    };
  }

  close() {
    this.#sheet.close(this.#sheet.box.contains(document.activeElement));
  }

  /** @param {boolean} asks  questions are allowed */
  allow(asks) {
    this.#asking.hidden = !asks;
  }

  /** @param {import('./hand.js').Hand} hand @param {number | undefined} pointed */
  toggle(hand, pointed) {
    if (this.#sheet.isOpen) {
      this.#sheet.close();
      return;
    }
    this.#line.value = String((hand.any ? hand.line : pointed) ?? '');
    this.#question.value = hand.question;
    this.#lower.hidden = !hand.any;
    this.#raise.textContent = hand.any ? 'Change' : 'Raise hand';
    this.#sheet.open();
    this.#raise.focus();
  }
}
