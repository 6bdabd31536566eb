// Where a watched stream is shown: on a terminal that holds a part of the text at a time, or line by
// line where the output goes somewhere else.

import { lineAt } from '../../web/src/lines.js';
import { now } from '../../web/src/ticker.js';
import { Keys } from './keys.js';
import { columnAt, frame, leftColumn, topLine } from './screen.js';
import { onSuspension } from './signals.js';
import { StateLine } from './terminal.js';
import { visible } from './visible.js';

/**
 * @typedef {{ text: string | undefined, offset: number | undefined, state: string }} Shown
 *   offset: where the writer is
 * @typedef {{ show: (shown: Shown) => number, close: () => void }} Output  show: returns when it
 *   wants to be called again, at the latest
 */

/** A screen is drawn at most this often. */
const DRAW_MS = 50;
/** Where texts are written one after the other, one has to have rested for so long. */
const REST_MS = 300;

/** The other screen, without a cursor, and long lines are clipped. */
const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J';
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l';

/** The whole terminal, as long as it lasts. @implements {Output} */
export class FullScreen {
  #stream;
  #keys;
  #isOn = false;
  #top = 0;
  #left = 0;
  #drawnAt = -DRAW_MS;
  /** @type {Shown} */
  #shown = { text: undefined, offset: undefined, state: '' };
  #resized = () => this.#draw();
  #quit = () => {
    if (!this.#isOn) return;
    this.#isOn = false;
    this.#stream.write(LEAVE);
    this.#keys.giveBack();
  };
  #unsuspend;

  /** @param {NodeJS.WriteStream} stream @param {import('node:tty').ReadStream} input */
  constructor(stream, input) {
    this.#stream = stream;
    this.#keys = new Keys(input);
    this.#enter();
    stream.on('resize', this.#resized);
    process.on('exit', this.#quit); // whatever the reason is
    this.#unsuspend = onSuspension({
      leave: this.#quit,
      back: () => {
        this.#enter();
        this.#draw();
      },
    });
  }

  /** @param {Shown} shown */
  show(shown) {
    const { text, offset, state } = this.#shown;
    const same = text === shown.text && offset === shown.offset && state === shown.state;
    if (same) return Infinity;
    if (now() < this.#drawnAt + DRAW_MS) return this.#drawnAt + DRAW_MS;
    this.#shown = shown;
    this.#draw();
    return Infinity;
  }

  #enter() {
    this.#keys.take();
    this.#isOn = true;
    this.#stream.write(ENTER);
  }

  #draw() {
    if (!this.#isOn) return;
    // Some terminals say that they have none.
    const [rows, columns] = [this.#stream.rows || 24, this.#stream.columns || 80];
    const { text = '', offset, state } = this.#shown;
    const line = offset === undefined ? undefined : lineAt(text, offset);
    const height = Math.max(1, rows - 1);
    const lines = lineAt(text, text.length) + 1;
    const column = offset === undefined ? 0 : columnAt(text, offset);
    this.#top = topLine({ lines, line: line ?? this.#top, top: this.#top, height });
    this.#left = leftColumn({ column, left: this.#left, width: columns - 1 });
    this.#drawnAt = now();
    const [top, left] = [this.#top, this.#left];
    this.#stream.write(frame({ text, top, left, line, state, rows, columns }));
  }

  close() {
    this.#stream.off('resize', this.#resized);
    process.off('exit', this.#quit);
    this.#unsuspend();
    this.#quit();
  }
}

/** Each text that has rested, one after the other. @implements {Output} */
export class Lines {
  #stream;
  #state;
  /** @type {string | undefined} */
  #written;
  /** @type {string | undefined} */
  #waiting;
  #since = 0;

  /**
   * @param {NodeJS.WriteStream | undefined} stream  undefined: only the state is wanted
   * @param {NodeJS.WriteStream} errors
   */
  constructor(stream, errors) {
    this.#stream = stream;
    this.#state = new StateLine(errors);
  }

  /** @param {Shown} shown */
  show({ text, state }) {
    const stateAt = this.#state.show(state);
    if (text === undefined || text === this.#written || !this.#stream) return stateAt;
    if (text !== this.#waiting) this.#since = now();
    this.#waiting = text;
    const restedAt = this.#since + REST_MS;
    if (now() < restedAt) return Math.min(stateAt, restedAt);
    this.#write(text);
    return stateAt;
  }

  /** @param {string} text */
  #write(text) {
    this.#written = text;
    this.#stream?.write(ended(visible(text)));
  }

  close() {
    if (this.#waiting !== undefined && this.#waiting !== this.#written) this.#write(this.#waiting);
    this.#state.end();
  }
}

/** What is written next begins on a new line. @param {string} text */
export const ended = (text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
