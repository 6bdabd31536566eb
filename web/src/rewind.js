// The slider over what this browser has received: it shows an earlier text in place of the live
// one, and leads back.

import { element } from './element.js';
import { Recording } from './recording.js';

export class Rewind {
  #recording = new Recording();
  /** @type {number | undefined} the moment on the screen; undefined: the live text */
  #moment;
  #slider = element('rewind', HTMLInputElement);
  #output = element('moment', HTMLOutputElement);
  #back = element('back-to-live', HTMLButtonElement);

  /**
   * @param {{ showPast: (text: string | undefined) => void, now: () => number,
   *   changed: () => void }} options  showPast: undefined is the live text
   */
  constructor({ showPast, now, changed }) {
    this.showPast = showPast;
    this.now = now;
    this.changed = changed;
    this.#slider.oninput = () => this.#go(Number(this.#slider.value));
    this.#back.onclick = () => {
      this.#go(this.#recording.last);
      this.#slider.focus();
    };
    this.show();
  }

  get live() {
    return this.#moment === undefined;
  }

  /** The past text on the screen, if it is one. */
  get text() {
    return this.#moment === undefined ? undefined : this.#recording.textAt(this.#moment).text;
  }

  /** @param {import('./ops.js').Op[]} ops @param {string} text */
  add(ops, text) {
    if (ops.length === 0) return;
    this.#recording.add(ops, text, this.now());
    const { first } = this.#recording;
    // The moment on the screen has been evicted.
    if (this.#moment !== undefined && this.#moment < first) this.#go(first);
    this.show();
  }

  /** @param {number} moment */
  #go(moment) {
    const wasLive = this.live;
    this.#moment = moment >= this.#recording.last ? undefined : moment;
    this.showPast(this.text);
    this.show();
    if (wasLive !== this.live) this.changed();
  }

  show() {
    const { first, last, empty } = this.#recording;
    this.#slider.min = String(first);
    // With nothing to go back to, the handle stands at the end, where the live text is.
    this.#slider.max = String(empty ? first + 1 : last);
    this.#slider.value = String(this.#moment ?? this.#slider.max);
    this.#slider.disabled = empty;
    const label =
      this.#moment === undefined
        ? 'now'
        : ago(this.now() - this.#recording.textAt(this.#moment).time);
    this.#slider.setAttribute('aria-valuetext', label);
    if (this.#output.value !== label) this.#output.value = label;
    this.#back.hidden = this.live;
    document.documentElement.dataset.past = String(!this.live);
  }
}

/** @param {number} ms */
function ago(ms) {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s ago` : `${seconds} s ago`;
}
