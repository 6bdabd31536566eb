// A viewer in the terminal: the page's own viewer, whose text goes to a screen, to the output or to a
// file.

import { Connection } from '../../web/src/connection.js';
import { Reading } from '../../web/src/reading.js';
import { now } from '../../web/src/ticker.js';
import { Viewer } from '../../web/src/viewer.js';
import { NODE } from './device.js';
import { watchingLine } from './words.js';

/** @typedef {import('./screens.js').Shown} Shown */

/** Somebody is always looking. */
const OPEN = { isVisible: () => true, onChange() {} };

export class Watching {
  #viewer;
  /** @type {Connection} */
  #connection;
  /** @type {Reading | undefined} where texts are kept */
  #reading;
  #shown;

  /**
   * @param {import('../../web/src/connection.js').BackEnd} backEnd @param {string} room
   * @param {(shown: Shown & { whole: boolean, ended: boolean,
   *   refused?: import('../../web/src/link.js').Trouble }) => number | void} shown
   *   called with each step, may return when to be called again; whole: the text is the
   *   newest that can be had; refused: for good
   */
  constructor(backEnd, room, shown) {
    this.#shown = shown;
    const keeps = backEnd.keepDays > 0;
    this.#viewer = new Viewer({ reads: keeps });
    this.#connection = new Connection(
      {
        ...backEnd,
        room,
        core: this.#viewer,
        show: () => this.#show(),
      },
      NODE,
    );
    if (keeps)
      this.#reading = new Reading({
        api: backEnd.api,
        room,
        viewer: this.#viewer,
        edited() {},
        changed: () => this.#connection.step(),
        screen: OPEN,
      });
  }

  start() {
    this.#connection.start();
  }

  stop() {
    this.#connection.stop();
  }

  /** @returns {number} when to be called again */
  #show() {
    const viewer = this.#viewer;
    const { state: link } = this.#connection;
    const readAt = this.#reading?.step(link.phase === 'up') ?? Infinity;
    const showAt = this.#shown({
      text: viewer.hasText ? viewer.text : undefined,
      offset: viewer.view?.selections[0]?.[1],
      state: watchingLine({ link, viewer, now: now() }),
      // Of a writer who is away nobody has a newer text than the one that was kept.
      whole: viewer.hasText && (!viewer.needsText || viewer.away(now())),
      ended: viewer.session.ended && viewer.hasText && !viewer.needsText,
      refused: link.phase === 'failed' ? link.trouble : undefined,
    });
    return Math.min(readAt, showAt ?? Infinity);
  }
}
