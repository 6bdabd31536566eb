// A viewer's page reads the kept text whenever kept-reads.js says so, and gives it to the viewer.

import { kindOf, readKept } from './kept.js';
import { KeptReads } from './kept-reads.js';
import { TextStore } from './text-store.js';
import { now } from './ticker.js';

/** Whether somebody can see the text. */
const PAGE = {
  isVisible: () => !document.hidden,
  onChange: (/** @type {() => void} */ changed) =>
    document.addEventListener('visibilitychange', changed),
};

export class Reading {
  #reads = new KeptReads();
  #store;
  /** Which text was read last. */
  #last = '';

  /**
   * @param {object} options
   * @param {string} options.api
   * @param {string} options.room
   * @param {import('./viewer.js').Viewer} options.viewer
   * @param {(ops: import('./ops.js').Op[]) => void} options.edited
   * @param {() => void} options.changed
   * @param {typeof PAGE} [options.screen]
   */
  constructor({ api, room, viewer, edited, changed, screen = PAGE }) {
    this.room = room;
    this.viewer = viewer;
    this.edited = edited;
    this.changed = changed;
    this.#store = new TextStore(api);
    this.screen = screen;
    screen.onChange(changed);
  }

  /** How often the text is read without a socket, in ms. */
  get every() {
    return this.#reads.every;
  }

  /** Reads if that is due. @param {boolean} connected @returns {number} when the next is */
  step(connected) {
    const { needsText } = this.viewer;
    const page = { connected, needsText, visible: this.screen.isVisible() };
    if (this.#reads.poll(page, now())) this.#read();
    return this.#reads.wakeAt;
  }

  async #read() {
    const { status, body } = await this.#store.read(this.room);
    const kind = kindOf(status, body);
    const text = kind === 'text' ? readKept(body) : undefined;
    const name = text ? `${text.epoch} ${text.version} ${text.at}` : this.#last;
    this.#reads.done(kind, name !== this.#last, now());
    this.#last = name;
    if (text) this.edited(this.viewer.restored(text, now()));
    else this.viewer.notKept();
    this.changed();
  }
}
