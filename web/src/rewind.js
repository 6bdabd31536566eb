// The tape below a text: it shows an earlier moment in place of the last, plays from there, and leads
// back. A viewer's page and a recording have the same.

import { element } from './element.js';
import { Playback } from './playback.js';

/** @typedef {import('./recording.js').Moment} Moment */

/** What an arrow key moves by, and a page key. */
const STEP_MS = 5_000;
const PAGE_MS = 60_000;
/** How often the picture moves on while it is played. */
const FRAME_MS = 50;

export class Rewind {
  #slider = element('rewind', HTMLInputElement);
  #output = element('moment', HTMLOutputElement);
  #play = element('play', HTMLButtonElement);
  #speed = element('speed', HTMLButtonElement);
  /** The pointer holds the thumb: the tape must not move below it. */
  #held = false;
  /** The number of the moment on the screen; undefined: the last. */
  #shown = /** @type {number | undefined} */ (undefined);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /**
   * @param {{ recording: import('./recording.js').Recording, now: () => number,
   *   show: (moment: Moment | undefined) => void,
   *   label: (place: { time: number, at: number } | undefined) => string, changed: () => void }} options
   *   show: undefined is the end; changed: the end has been left, or reached
   */
  constructor({ recording, now, show, label, changed }) {
    this.recording = recording;
    this.playback = new Playback(recording);
    this.now = now;
    this.draw = show;
    this.label = label;
    this.changed = changed;
    const slider = this.#slider;
    slider.oninput = () => this.#do(() => this.playback.go(Number(slider.value)));
    slider.onpointerdown = () => {
      this.#held = true;
    };
    for (const type of ['pointerup', 'pointercancel', 'lostpointercapture', 'blur'])
      slider.addEventListener(type, () => this.#release());
    slider.onkeydown = (event) => this.#key(event);
    this.#play.onclick = () => this.toggle();
    this.#speed.onclick = () => this.changeSpeed();
    this.show();
  }

  get live() {
    return this.playback.atEnd;
  }

  /** The past moment on the screen, if it is one. @returns {Moment | undefined} */
  get past() {
    return this.live ? undefined : this.recording.show(this.playback.moment);
  }

  /** Something has been recorded. */
  grown() {
    this.playback.keepWithin();
    if (!this.live) this.#picture();
    this.show();
  }

  toBegin() {
    this.#do(() => this.playback.go(-Infinity));
  }

  toEnd() {
    this.#do(() => this.playback.go(Infinity));
    this.#slider.focus();
  }

  toggle() {
    this.#do(() => this.playback.toggle(this.now()));
  }

  changeSpeed() {
    this.playback.tick(this.now());
    this.playback.speed = this.playback.speed === 1 ? 4 : 1;
    this.show();
  }

  #release() {
    this.#held = false;
    this.show();
  }

  /** @param {() => void} action */
  #do(action) {
    const wasLive = this.live;
    action();
    this.#picture();
    this.show();
    clearTimeout(this.#timer);
    if (this.playback.playing) this.#timer = setTimeout(() => this.#frame(), FRAME_MS);
    if (wasLive !== this.live) this.changed();
  }

  #frame() {
    this.#do(() => this.playback.tick(this.now()));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const { playback } = this;
    /** @type {Record<string, () => void>} */
    const actions = {
      ArrowLeft: () => playback.by(-STEP_MS),
      ArrowDown: () => playback.by(-STEP_MS),
      ArrowRight: () => playback.by(STEP_MS),
      ArrowUp: () => playback.by(STEP_MS),
      PageDown: () => playback.by(-PAGE_MS),
      PageUp: () => playback.by(PAGE_MS),
      Home: () => playback.go(-Infinity),
      End: () => playback.go(Infinity),
      ',': () => playback.step(-1),
      '.': () => playback.step(1),
      ' ': () => playback.toggle(this.now()),
    };
    if (!Object.hasOwn(actions, event.key) || this.#slider.disabled) return;
    event.preventDefault();
    this.#do(actions[event.key]);
  }

  /** A key that no part of the page has taken. @param {KeyboardEvent} event */
  pageKey(event) {
    const { target } = event;
    const isOwn = target instanceof HTMLElement && target.closest('button, input, select, textarea, .cm-editor');
    if (!isOwn && !event.defaultPrevented) this.#key(event);
  }

  /** Brings the right moment on the screen. */
  #picture() {
    const { atEnd, moment } = this.playback;
    const wanted = atEnd ? undefined : moment;
    if (wanted === this.#shown) return;
    this.#shown = wanted;
    this.draw(this.past);
  }

  show() {
    const { begin, end, empty } = this.recording;
    const { at, playing, speed, moment } = this.playback;
    const slider = this.#slider;
    slider.disabled = empty;
    if (!this.#held) {
      slider.min = String(begin);
      // With nothing to go back to, the thumb stands at the end, where the last text is.
      slider.max = String(Math.max(end, begin + 1));
      slider.value = empty ? slider.max : String(at);
    }
    const part = (Number(slider.value) - begin) / (Number(slider.max) - begin);
    slider.style.setProperty('--at', `${Math.round(part * 1_000) / 10}%`);
    const label = this.label(this.live ? undefined : { time: this.recording.place(moment).time, at });
    slider.setAttribute('aria-valuetext', label);
    if (this.#output.value !== label) this.#output.value = label;
    this.#play.disabled = empty;
    setLabel(this.#play, playing ? 'Pause' : 'Play');
    this.#play.dataset.playing = String(playing);
    this.#speed.disabled = empty;
    setLabel(this.#speed, `Speed: ${speed} times`);
    if (this.#speed.textContent !== `${speed}×`) this.#speed.textContent = `${speed}×`;
    document.documentElement.dataset.past = String(!this.live);
  }
}

/** @param {HTMLElement} button @param {string} label */
function setLabel(button, label) {
  if (button.ariaLabel !== label) button.setAttribute('aria-label', label);
}

/** How long ago. @param {number} ms */
export function ago(ms) {
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  return minutes > 0 ? `${minutes} min ${seconds % 60} s ago` : `${seconds} s ago`;
}

/** Minutes and seconds. @param {number} ms */
export function clock(ms) {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
