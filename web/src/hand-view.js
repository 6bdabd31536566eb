// The viewer's button for raising a hand, and what it says of the hand. The form behind it is loaded
// when it is first wanted.

import { onceLoaded } from './again.js';
import { element } from './element.js';
import { HANDS, QUESTIONS } from './hand-messages.js';
import { loadHandForm } from './parts.js';

/** @typedef {import('./hand.js').Hand} Hand */

/** What the button says, and what is read out when that changes. */
const WORDS = {
  lowered: { label: 'Raise hand', said: '' },
  raised: { label: 'Hand raised', said: 'Your hand is raised.' },
  noted: { label: 'Hand seen', said: 'The writer has seen your hand.' },
  cleared: { label: 'Hand lowered', said: 'The writer has lowered your hand.' },
};

export class HandView {
  #button = element('hand', HTMLButtonElement);
  #label = element('hand-label', HTMLElement);
  #said = element('hand-said', HTMLElement);
  /** @type {import('./hand-form.js').HandForm | undefined} */
  #form;
  #allowed = 0;

  /**
   * @param {{ hand: Hand, set: (wanted: Parameters<Hand['set']>[0]) => void,
   *   pointed: () => number | undefined, lack: (lack: import('./again.js').Lack) => void }} options
   *   pointed: the line that the person has selected in; lack: what has become of the form
   */
  constructor({ hand, set, pointed, lack }) {
    this.hand = hand;
    this.#button.onclick = onceLoaded(
      async () => (this.#form = new (await loadHandForm())(this.#button, set)),
      (form) => {
        form.allow(this.#allowed >= QUESTIONS);
        if (this.#allowed >= HANDS) form.toggle(hand, pointed());
      },
      lack,
    );
  }

  /** @param {number} allowed  of the session, 0 when it is over */
  show(allowed) {
    this.#allowed = allowed;
    this.#button.hidden = allowed < HANDS;
    const { label, said } = WORDS[this.hand.state];
    if (this.#label.textContent !== label) this.#label.textContent = label;
    if (this.#said.textContent !== said) this.#said.textContent = said;
    this.#button.dataset.state = this.hand.state;
    this.#form?.allow(allowed >= QUESTIONS);
    if (allowed < HANDS) this.#form?.close();
  }
}
