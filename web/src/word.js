// The word that an owner may require for starting a stream: the page asks for it when it is
// required, keeps it once it has opened a room, sends it only in the body of a request and never
// shows it.

import { forgetWord, keepWord, keptWord } from './store.js';

/**
 * @typedef {object} Form  see word-form.js
 * @property {(problem: string, entered: (word: string) => void) => void} ask  problem: why the last
 *   word was refused, '' on the first time
 * @property {(kept: boolean) => void} showKept  whether there is a word that can be forgotten
 */

const WRONG = 'That is not the word. Ask the owner for it, and mind capital letters.';
const OUTDATED =
  'The word that this browser remembers has been changed. Ask the owner for the new one.';

export class Word {
  /** @param {string} api @param {Form} form @param {() => void} retry  asks for a room again */
  constructor(api, form, retry) {
    this.api = api;
    this.form = form;
    this.retry = retry;
    this.word = keptWord(api);
    this.kept = this.word !== '';
    /** @type {unknown} the refusal after which the page has asked */
    this.answered = undefined;
    this.problem = '';
    form.showKept(this.kept);
  }

  /** Asks once for each refusal: a person who cancels is left in peace. @param {unknown} refusal */
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

  /** A room is open: the word that opened it is worth keeping. */
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
