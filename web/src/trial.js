// Whether the page survives the colours of a text. A grammar that takes for ever stops the page, and
// the kept session would stop it again each time: a mark that is still there when the page opens
// says that the last one never came to rest.

import { keepTrial, keptTrial } from './store.js';

/** A page that has answered for so long after the language was set has survived it. */
const SURVIVED_MS = 2_000;

export class Trial {
  /** The last page of this browser did not survive. */
  failed = keptTrial() !== '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    keepTrial('');
    // A page that is closed in the ordinary way has survived.
    addEventListener('pagehide', () => keepTrial(''));
  }

  /** @param {string} language */
  begin(language) {
    if (language === 'plaintext') return;
    keepTrial(language);
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => keepTrial(''), SURVIVED_MS);
  }
}
