// Between a viewer's core and its screen: edits that arrive close together are drawn together.
// Pure: it is told the time, and says when the next drawing is due (`wakeAt`).

import { replacement } from './ops.js';

/** @typedef {import('./ops.js').Op} Op */

/** The screen is changed at most this often. */
export const DRAW_MS = 200;
/** More edits than these are drawn as one replacement, which costs the same however many. */
export const MAX_EDITS = 20;

export class Burst {
  /** @type {Op[]} */
  #edits = [];
  #many = false;
  #drawnAt = -DRAW_MS;
  /** The text on the screen. */
  #shown = '';
  wakeAt = Infinity;

  /** Something is to be drawn: these edits, or the place of the writer. @param {Op[]} edits */
  add(edits) {
    this.wakeAt = this.#drawnAt + DRAW_MS;
    this.#many ||= this.#edits.length + edits.length > MAX_EDITS;
    // What will be one replacement needs none of the edits.
    if (this.#many) this.#edits = [];
    else this.#edits.push(...edits);
  }

  /**
   * The edits to draw now, if it is time to draw.
   * @param {string} text  what the edits lead to @param {number} now
   */
  take(text, now) {
    if (now < this.wakeAt || this.wakeAt === Infinity) return undefined;
    const edits = this.#many ? replacement(this.#shown, text) : this.#edits;
    this.drawn(text, now);
    return edits;
  }

  /** All of the text has been drawn. @param {string} text @param {number} now */
  drawn(text, now) {
    this.#edits = [];
    this.#many = false;
    this.#shown = text;
    this.#drawnAt = now;
    this.wakeAt = Infinity;
  }
}
