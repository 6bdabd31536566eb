// Follows standard input, to which a program writes: tells the text so far, of a long one its end.

import { encodedSize, toLf } from '../../web/src/ops.js';
import { MAX_TEXT, fits } from '../../web/src/protocol.js';

/** After each piece the input rests, so that whoever writes faster than can be read is slowed. */
const REST_MS = 25;
export const LEFT_OUT = '[… what came before is left out]\n';
/** So much of a text that is too long stays. */
const KEPT = MAX_TEXT * 0.75;

export class InputSource {
  #stream;
  #told;
  #decoder = new TextDecoder();
  #text = '';
  /** A carriage return whose line feed may be in the next piece. */
  #return = '';
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #closed = false;

  /**
   * @param {import('node:stream').Readable} stream
   * @param {{ told: (text: string) => void, ended: () => void }} listener
   */
  constructor(stream, { told, ended }) {
    this.#stream = stream;
    this.#told = told;
    stream.on('data', (/** @type {Buffer} */ piece) => this.#take(piece));
    const end = () => {
      if (this.#closed) return;
      this.#closed = true;
      this.#add(this.#decoder.decode());
      this.#text = toLf(this.#text + this.#return);
      told(this.#text);
      ended();
    };
    stream.on('end', end);
    stream.on('error', end);
    stream.resume(); // whoever has asked for the word has paused it
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#stream.destroy();
  }

  /** @param {Buffer} piece */
  #take(piece) {
    if (this.#closed) return;
    this.#add(this.#decoder.decode(piece, { stream: true }));
    this.#told(this.#text);
    this.#stream.pause();
    this.#timer = setTimeout(() => this.#stream.resume(), REST_MS);
  }

  /** @param {string} piece */
  #add(piece) {
    const whole = this.#return + piece;
    this.#return = whole.endsWith('\r') ? '\r' : '';
    this.#text += toLf(this.#return === '' ? whole : whole.slice(0, -1));
    if (!fits(this.#text, encodedSize)) this.#text = newest(this.#text);
  }
}

/**
 * The end of a text, from the beginning of a line on unless a line is most of it.
 * @param {string} text
 */
export function newest(text) {
  for (let kept = KEPT; ; kept /= 2) {
    const rest = text.slice(-kept);
    const line = rest.indexOf('\n') + 1;
    // Of a line that is most of it, the end is more than nothing.
    const from = line < rest.length / 2 ? line : 0;
    // A half of a surrogate pair is no letter.
    const end = LEFT_OUT + rest.slice(from).replace(/^[\udc00-\udfff]/, '');
    if (fits(end, encodedSize)) return end;
  }
}
