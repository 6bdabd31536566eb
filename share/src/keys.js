// What is typed while a stream is on the screen: none of it is written there, and the keys that steer
// a program still do.

const SIGNALS = /** @type {Record<string, NodeJS.Signals>} */ ({
  '\x03': 'SIGINT',
  '\x1a': 'SIGTSTP',
  '\x1c': 'SIGQUIT',
});

export class Keys {
  #input;
  #pressed = (/** @type {Buffer} */ piece) => {
    for (const key of piece.toString('latin1'))
      if (Object.hasOwn(SIGNALS, key)) process.kill(process.pid, SIGNALS[key]);
  };

  /** @param {import('node:tty').ReadStream} input */
  constructor(input) {
    this.#input = input;
    // A terminal that has gone is told by a signal.
    if (input.isTTY) input.on('error', () => {});
  }

  /** In the background, this stops the program until it is in front again. */
  take() {
    if (!this.#input.isTTY) return;
    this.#input.setRawMode(true);
    this.#input.off('data', this.#pressed).on('data', this.#pressed);
    this.#input.resume();
  }

  giveBack() {
    if (!this.#input.isTTY) return;
    this.#input.off('data', this.#pressed);
    this.#input.pause();
    this.#input.setRawMode(false);
  }
}
