// The writer's page keeps its text: asks the function app for what keeper.js wants, and shows what it
// says of that.

import { Keeper } from './keeper.js';
import { TextStore } from './text-store.js';
import { now } from './ticker.js';

export class Keeping {
  #keeper;
  #store;
  /** @type {Promise<void> | undefined} the newest request */
  #asked;

  /**
   * @param {object} options
   * @param {string} options.api
   * @param {number} options.days
   * @param {boolean} [options.dropped]  this session is not to be kept
   * @param {{ room: string, key: string }} options.session
   * @param {import('./writer.js').Writer} options.writer
   * @param {() => void} options.changed  something is to be sent or shown
   * @param {(epoch: number) => void} options.outranked  a text of a greater epoch is kept
   * @param {(leave: () => void) => void} [options.whenLeaving]  tells that nothing may be kept later
   */
  constructor({ api, days, dropped, session, writer, changed, outranked, whenLeaving = whenHidden }) {
    this.days = days;
    this.session = session;
    this.writer = writer;
    this.changed = changed;
    this.outranked = outranked;
    this.#keeper = new Keeper({ days, dropped });
    this.#store = new TextStore(api);
    /** The page has said that the text will be kept; before that nothing is. */
    this.told = false;
    whenLeaving(() => this.hurry());
  }

  get dropped() {
    return this.#keeper.dropped;
  }

  /** A text that was to be deleted may still be there. */
  get dropping() {
    return this.#keeper.dropping;
  }

  get words() {
    return this.#keeper.words(now());
  }

  /** Somebody has joined or left the room. @param {any} event */
  presence({ role, state }) {
    if (role === 'viewer' && state === 'joined') this.#keeper.came();
  }

  /** Hands in what is not kept yet without waiting for its turn. @returns when that is done */
  async hurry() {
    // The last letters may still wait for the next flush: only what has been published is kept.
    this.writer.hurry();
    this.changed();
    this.#keeper.hurry();
    this.step();
    await this.#asked;
  }

  drop() {
    this.#keeper.drop();
    this.#store.giveUpWrite();
    this.step();
  }

  /** Asks for what is due. @returns {number} when the next is */
  step() {
    const wish = this.#due();
    if (wish) this.#asked = this.#ask(wish);
    return this.told || this.dropping ? this.#keeper.wakeAt : Infinity;
  }

  #due() {
    return this.told || this.dropping ? this.#keeper.poll(this.writer, now()) : undefined;
  }

  /** @param {import('./keeper.js').Wish} wish */
  async #ask(wish) {
    const { room, key } = this.session;
    const outcome =
      wish.kind === 'put'
        ? await this.#store.put(room, key, wish.text)
        : await this.#store.delete(room, key, wish.epoch);
    this.#keeper.done(wish, outcome, now());
    if (this.#keeper.rivalEpoch > 0) this.outranked(this.#keeper.rivalEpoch);
    this.changed();
  }
}

/** @param {() => void} leave */
function whenHidden(leave) {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) leave();
  });
  addEventListener('pagehide', leave);
}
