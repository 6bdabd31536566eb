// The form that asks for the owner's word.

import { element } from './element.js';

export class WordForm {
  #dialog = element('word-dialog', HTMLDialogElement);
  #input = element('word', HTMLInputElement);
  #problem = element('word-problem', HTMLElement);
  #forget = element('forget-word', HTMLButtonElement);
  /** @type {(word: string) => void} */
  #entered = () => {};

  /** @param {() => void} closed  puts the focus back */
  constructor(closed) {
    element('word-cancel', HTMLButtonElement).onclick = () => this.#dialog.close();
    element('word-form', HTMLFormElement).onsubmit = (event) => {
      event.preventDefault();
      const word = this.#input.value;
      this.#dialog.close();
      this.#entered(word);
    };
    // A slow machine may come to this when the form is open again: then it is not of this one.
    this.#dialog.onclose = () => {
      if (this.#dialog.open) return;
      this.#input.value = '';
      closed();
    };
  }

  /** @param {string} problem @param {(word: string) => void} entered */
  ask(problem, entered) {
    this.#entered = entered;
    if (!this.#dialog.open) {
      this.#input.value = '';
      this.#dialog.showModal();
    }
    this.#input.setAttribute('aria-invalid', String(problem !== ''));
    this.#problem.hidden = problem === '';
    // Written while the form is on the screen, so that screen readers read it out.
    this.#problem.textContent = problem;
    this.#input.focus();
  }

  /** @param {boolean} kept */
  showKept(kept) {
    this.#forget.hidden = !kept;
  }
}
