// The list of the page's keys, which `?` opens. Loaded when it is wanted.

import './shared.js';
import { make } from './make.js';

/** @type {[string[], string][]} */
const VIEWER = [
  [['←', '→'], 'On the slider: 5 s back or on'],
  [['PgUp', 'PgDn'], 'On the slider: a minute'],
  [[',', '.'], 'On the slider: one change back or on'],
  [['Space'], 'On the slider: play or pause'],
  [['Home', 'End'], 'On the slider: the beginning, or live'],
  [['Ctrl F'], 'In the text: search'],
];
/** @type {[string[], string][]} */
const WRITER = [
  [['Ctrl M'], 'Tab leaves the editor, or stays in it (on a Mac ⌃ ⇧ M)'],
  [['F1'], 'All commands of the editor'],
];

export class KeysHelp {
  /** @param {boolean} writes */
  constructor(writes) {
    const close = make('button', { type: 'button', id: 'keys-close' }, 'Close');
    /** @type {[string[], string][]} */
    const rows = [...(writes ? WRITER : VIEWER), [['Esc'], 'Close what is open'], [['?'], 'This list']];
    this.dialog = make(
      'dialog',
      { class: 'dialog', id: 'keys-help', 'aria-labelledby': 'keys-title' },
      make('h2', { id: 'keys-title' }, 'Keys'),
      make('dl', { class: 'keys' }, ...rows.flatMap(([keys, what]) => [
        make('dt', {}, ...keys.map((key) => make('kbd', {}, key))),
        make('dd', {}, what),
      ])),
      make('p', { class: 'choices' }, close),
    );
    close.onclick = () => this.dialog.close();
    document.body.append(this.dialog);
  }

  open() {
    if (!this.dialog.open) this.dialog.showModal();
  }
}
