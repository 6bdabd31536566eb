// A room: somebody types, others watch, and of every keystroke it is known when it was made, when
// the page sent it, and when each viewer had it.

import { eventually, within } from '../../tests/lib/deadline.js';
import { now, openViewer, openWriter } from './peer.mjs';

const OPEN_MS = 30_000;
/** After the last keystroke everybody has the same text by then. */
const SETTLE_MS = 15_000;

const KEYS = 'int main(void)\n{\n    return puts("live") < 0;\n}\n';

export class Room {
  /** Of each keystroke, which is also the length of the text before it. */
  #typed = [];
  #sent = [];
  #typing;
  #measures = false;

  /**
   * @param {string} api
   * @param {{ path: number[], all: number[] }} samples gets milliseconds: from the page to the
   *   viewers, and from the keystroke to the viewers
   */
  constructor(api, samples) {
    this.api = api;
    this.samples = samples;
    this.viewers = [];
  }

  async open() {
    const onSend = (data) => this.#note(data);
    this.writer = await within(OPEN_MS, openWriter(this.api, { onSend }), 'a writer in its room');
  }

  async addViewer() {
    let seen = 0;
    const onText = (length) => {
      this.#see(seen, length);
      seen = length;
    };
    const viewer = openViewer(this.api, this.writer.link.room, { onText });
    this.viewers.push(await within(OPEN_MS, viewer, 'a viewer with the text'));
  }

  /** Types in uneven steps, so many keys a second on average. */
  type(perSecond, random) {
    const gap = () => (1000 / perSecond) * (0.5 + random());
    let due = now() + gap();
    const key = () => {
      this.#press(due);
      due += gap();
      this.#typing = setTimeout(key, Math.max(0, due - now()));
    };
    this.#typing = setTimeout(key, due - now());
  }

  /** From now on the keystrokes count. */
  measure() {
    this.#measures = true;
  }

  /** Resolves to the number of viewers whose text is not the writer's. */
  async settle() {
    clearTimeout(this.#typing);
    const { core } = this.writer;
    const wrong = () => this.viewers.filter((viewer) => viewer.core.text !== core.text).length;
    const settled = () => core.settled && wrong() === 0;
    await eventually(SETTLE_MS, settled, 'equal texts').catch(() => {});
    return wrong();
  }

  close() {
    clearTimeout(this.#typing);
    for (const viewer of this.viewers) viewer.stop();
    this.writer?.stop();
  }

  /** A late timer does not make the keystroke late: it was due then. */
  #press(due) {
    const { core } = this.writer;
    const at = core.text.length;
    this.#typed[at] = this.#measures ? due : undefined;
    core.edit([[at, 0, KEYS[at % KEYS.length]]]);
    core.setView({ selections: [[at + 1, at + 1]], top: 0, bottom: 40 });
    this.writer.step();
  }

  #note({ type, n }) {
    if (type !== 'delta' && type !== 'full') return;
    for (let i = this.#sent.length; i < n; i++) this.#sent[i] = now();
  }

  #see(from, to) {
    for (let i = from; i < to; i++) {
      if (this.#typed[i] === undefined) continue;
      this.samples.all.push(now() - this.#typed[i]);
      this.samples.path.push(now() - this.#sent[i]);
    }
  }
}
