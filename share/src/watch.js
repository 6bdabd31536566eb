// `codestream-share watch LINK`: the text on the terminal, in the output or in a file.

import { readBackEnd } from './page.js';
import { Saver } from './saver.js';
import { FullScreen, Lines, ended } from './screens.js';
import { INTERRUPTED, onSignals } from './signals.js';
import { complaint, visible } from './visible.js';
import { Watching } from './watching.js';
import { reasonOf } from './words.js';

/** @param {import('./options.js').WatchOptions} options @returns {Promise<number>} the exit code */
export async function watch(options) {
  const backEnd = await readBackEnd(options.page, options.api);
  return new Run(options).run(backEnd);
}

class Run {
  #options;
  #saver;
  /** @type {import('./screens.js').Output | undefined} */
  #output;
  #problem = '';
  #state = '';
  #hasText = false;
  #isOver = false;
  /** @type {Watching | undefined} */
  #watching;
  /** @type {(code: number) => void} */
  #end = () => {};

  /** @param {import('./options.js').WatchOptions} options */
  constructor(options) {
    this.#options = options;
    if (options.save !== undefined)
      this.#saver = new Saver(options.save, (problem) => {
        this.#problem = problem && `${options.save} ${problem}`;
      });
  }

  /**
   * @param {import('../../web/src/connection.js').BackEnd} backEnd
   * @returns {Promise<number>}
   */
  async run(backEnd) {
    const { once, room, timeout } = this.#options;
    const over = new Promise((/** @type {(code: number) => void} */ resolve) => (this.#end = resolve));
    if (!once) this.#output = this.#openOutput();
    const timer = once ? setTimeout(() => this.#late(), timeout * 1_000) : undefined;
    onSignals({
      interrupted: () => this.#finish(this.#hasText && !once ? 0 : INTERRUPTED),
      left: (code) => this.#finish(code),
    });
    this.#watching = new Watching(backEnd, room, (shown) => this.#show(shown));
    this.#watching.start();
    const code = await over;
    clearTimeout(timer);
    return code;
  }

  #openOutput() {
    const { stdin, stdout, stderr } = process;
    if (this.#saver) return new Lines(undefined, stderr);
    return stdout.isTTY ? new FullScreen(stdout, stdin) : new Lines(stdout, stderr);
  }

  /** @param {Parameters<ConstructorParameters<typeof Watching>[2]>[0]} shown */
  #show({ text, offset, state, whole, ended: isEnded, refused }) {
    if (this.#isOver) return Infinity;
    this.#state = state;
    this.#hasText = text !== undefined;
    if (refused) {
      this.#finish(1, reasonOf(refused));
      return Infinity;
    }
    if (text !== undefined && whole) this.#saver?.save(text);
    if (this.#options.once) {
      if (text !== undefined && whole) this.#printOnce(text);
      return Infinity;
    }
    const remark = this.#problem === '' ? state : `${state}, ${this.#problem}`;
    const showAt = this.#output?.show({ text, offset, state: remark }) ?? Infinity;
    // On a terminal the last text stays until somebody has read it.
    if (isEnded && !(this.#output instanceof FullScreen)) this.#finish(0);
    return showAt;
  }

  /** @param {string} text */
  #printOnce(text) {
    if (!this.#saver) process.stdout.write(ended(visible(text)));
    this.#finish(0);
  }

  #late() {
    this.#finish(1, `no text within ${this.#options.timeout} s (${this.#state}).`);
  }

  /** @param {number} code @param {string} [why] */
  async #finish(code, why) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#watching?.stop();
    this.#output?.close();
    const saved = (await this.#saver?.done()) ?? true;
    const problem = why ?? (saved ? undefined : this.#problem);
    if (problem) process.stderr.write(complaint(problem));
    this.#end(problem && code === 0 ? 1 : code);
  }
}
