// The terminal: one line of state that is written over where that is possible, and otherwise a line
// for each change; the link, with a QR code for phones in the room.

import { openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { qrRows } from '../../web/src/qr-rows.js';
import { now } from '../../web/src/ticker.js';
import { cut } from './columns.js';
import { visibleLine } from './visible.js';

/** Where lines cannot be written over, they come no faster than this. */
const LINE_MS = 1_000;

/** The line of state, on standard error. */
export class StateLine {
  #stream;
  #shown = '';
  #shownAt = -LINE_MS;

  /** @param {NodeJS.WriteStream} stream */
  constructor(stream) {
    this.#stream = stream;
    if (!stream.isTTY) return;
    stream.on('resize', () => this.#draw());
    process.on('SIGCONT', () => this.#draw()); // the shell has written something
  }

  /** @param {string} state @returns {number} when it has to be shown again */
  show(state) {
    const line = visibleLine(state);
    if (line === this.#shown) return Infinity;
    if (!this.#stream.isTTY && now() < this.#shownAt + LINE_MS) return this.#shownAt + LINE_MS;
    this.#shown = line;
    this.#shownAt = now();
    if (this.#stream.isTTY) this.#draw();
    else this.#stream.write(`${line}\n`);
    return Infinity;
  }

  #draw() {
    if (this.#shown !== '')
      this.#stream.write(`\r\x1b[2K${clipped(this.#shown, this.#stream.columns)}`);
  }

  /** A line that stays; the state comes below it. @param {string} line */
  say(line) {
    if (this.#stream.isTTY) this.#stream.write('\r\x1b[2K');
    this.#stream.write(`${visibleLine(line)}\n`);
    if (this.#stream.isTTY) this.#draw();
  }

  /** What was true so far is not any more; where it has been written for good, it stays. */
  clear() {
    if (this.#stream.isTTY && this.#shown !== '') this.#stream.write('\r\x1b[2K');
    this.#shown = '';
  }

  /** Whatever is written next begins on a line of its own. */
  end() {
    if (this.#stream.isTTY && this.#shown !== '') this.#stream.write('\n');
    this.#shown = '';
  }
}

/** Some terminals say that they have none. @param {string} line @param {number | undefined} columns */
const clipped = (line, columns) => cut(line, 0, Math.max(1, (columns || 80) - 1)).shown;

/**
 * A QR code of half blocks, two rows of squares to a line, dark on light whatever the colours of the
 * terminal are. None where a line of it would be broken: no phone reads that.
 * @param {string} link @param {number} columns  of the terminal; some say that they have none
 */
export function qrText(link, columns) {
  const rows = qrRows(link);
  if (columns && rows[0].length > columns) return '';
  let text = '';
  for (let y = 0; y < rows.length; y += 2) {
    text += '\x1b[30;107m';
    rows[y].forEach((upper, x) => {
      const lower = rows[y + 1]?.[x] ?? false;
      text += upper ? (lower ? '█' : '▀') : lower ? '▄' : ' ';
    });
    text += '\x1b[0m\n';
  }
  return text;
}

/**
 * Asks for a word, which is not shown.
 * @param {string} question
 * @returns {Promise<string | undefined>} '' if nobody can be asked, or nothing is answered; undefined:
 *   Ctrl-C
 */
export async function askHidden(question) {
  const { stderr } = process;
  const input = stderr.isTTY ? personsInput() : undefined;
  if (!input) return '';
  return new Promise((resolve) => {
    // What is typed is written nowhere.
    const output = new Writable({ write: (_piece, _encoding, done) => done() });
    const lines = createInterface({ input, output, terminal: true });
    stderr.write(`\r\x1b[2K${question} `);
    /** @type {string | undefined} */
    let word = '';
    lines.once('line', (line) => {
      word = line.trim();
      lines.close();
    });
    lines.once('SIGINT', () => {
      word = undefined;
      lines.close();
    });
    // Ctrl-D, or the terminal has gone: nothing more is typed.
    lines.once('close', () => {
      if (input !== process.stdin) input.destroy();
      stderr.write('\n');
      resolve(word);
    });
  });
}

/** Standard input may be what is streamed. @returns {ReadStream | undefined} */
function personsInput() {
  if (process.stdin.isTTY) return process.stdin;
  try {
    return new ReadStream(openSync('/dev/tty', 'r'));
  } catch {
    return undefined;
  }
}
