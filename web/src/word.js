// The word that an owner may want of whoever starts a stream: asked for when it is wanted, kept when it
// has opened a room, sent in the body of a request and shown nowhere.

import { forgetWord, keepWord, keptWord } from './store.js';

/**
 * @typedef {object} Form  what asks for it, see word-form.js
 * @property {(problem: string, entered: (word: string) => void) => void} ask  problem: why once more
 * @property {(kept: boolean) => void} showKept  is there one that can be forgotten?
 */

const WRONG = 'That is not the word. Ask the owner for it; capital letters matter.';
const OUTDATED = 'The word that this browser remembers has been changed. Ask the owner for the new one.';

export class Word {
  /** @param {string} api @param {Form} form @param {() => void} retry opens the room once more */
  constructor(api, form, retry) {
    this.api = api;
    this.form = form;
    this.retry = retry;
    this.word = keptWord(api);
    this.kept = this.word !== '';
    /** @type {unknown} the refusal that has been answered by asking */
    this.answered = undefined;
    this.problem = '';
    form.showKept(this.kept);
  }

  /** Once for each refusal; who cancels is not asked again. @param {unknown} refusal */
  refused(refusal) {
    if (refusal === this.answered) return;
    this.answered = refusal;
    this.problem = this.word === '' ? '' : this.kept ? OUTDATED : WRONG;
    this.forget();
    this.ask();
  }

  ask() {
    this.form.ask(this.problem, (word) => {
      this.word = word;
      this.retry();
    });
  }

  /** A room is open: what opened it is worth keeping. */
  accepted() {
    if (this.word === '' || this.kept) return;
    keepWord(this.api, this.word);
    this.kept = true;
    this.form.showKept(true);
  }

  forget() {
    forgetWord(this.api);
    this.word = '';
    this.kept = false;
    this.form.showKept(false);
  }
}
