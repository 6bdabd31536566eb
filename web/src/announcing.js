// Reads the stream out to whoever wants that: a choice in the menu, and the region that a screen reader
// watches.

import { Announcer } from './announcer.js';
import { element } from './element.js';
import { make } from './make.js';
import { preferences, savePreferences } from './store.js';

export class Announcing {
  #announcer = new Announcer();
  #choice = element('announce', HTMLInputElement);
  #region = element('new-lines', HTMLElement);
  #begun = false;

  /** @param {() => void} changed  the choice has */
  constructor(changed) {
    this.#choice.checked = preferences().announce;
    this.#choice.onchange = () => {
      savePreferences({ ...preferences(), announce: this.#choice.checked });
      changed();
    };
  }

  /**
   * @param {string | undefined} text  undefined: there is none, or not the newest is on the screen
   * @param {number | undefined} cursor  the writer's, in it @param {number} now
   * @returns when there is something to do again
   */
  show(text, cursor, now) {
    const on = this.#choice.checked && text !== undefined;
    if (on && !this.#begun) this.#announcer.begin(text);
    this.#begun = on;
    if (!on) return Infinity;
    const words = this.#announcer.hear(text, cursor, now);
    // A new element is read out even if it says the same as the one before.
    if (words) this.#region.replaceChildren(make('span', {}, words));
    return this.#announcer.wakeAt;
  }
}
