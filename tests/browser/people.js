// Somebody who writes and somebody who watches, without a screen: they run in the test's process what
// the page runs, and cost a twentieth of a page. They are there for the one whose screen is looked at.
import { eventually } from '../lib/deadline.js';
import { ViewerPage, WriterPage } from '../lib/page-core.js';

const SOON_MS = 10_000;

class Person {
  #what;

  constructor(what, core) {
    this.#what = what;
    this.core = core;
  }

  /** The one word that says how things are, as the page would have it. */
  state() {
    return this.core.status.word;
  }

  async says(word, ms = SOON_MS) {
    await this.#until(() => this.state(), word, ms);
  }

  async shows(text, ms = SOON_MS) {
    await this.#until(() => this.core.text, text, ms);
  }

  leaves() {
    this.core.close();
  }

  async #until(now, wanted, ms) {
    const what = `${this.#what} has ${JSON.stringify(wanted).slice(0, 200)}`;
    await eventually(ms, () => now() === wanted, what).catch((error) => {
      error.message += `; now: ${JSON.stringify(now()).slice(0, 200)}`;
      throw error;
    });
  }
}

export class Author extends Person {
  /**
   * @param {{ page: string, api: string }} stack
   * @param {string} text
   * @param {{ room?: string, key?: string, greatest?: number }} [session] one that has been begun before
   */
  constructor({ page, api }, text, { greatest, ...session } = {}) {
    super('the writer', new WriterPage({ backEnd: { api, ...session }, text, greatest }));
    this.site = page;
  }

  /** What viewers are given. */
  get link() {
    return `${this.site}#${this.core.room}`;
  }

  /** With this, another author goes on. */
  get session() {
    const { room, key } = this.core.connection.link;
    return { room, key, greatest: this.core.core.epoch };
  }

  type(words) {
    this.core.type(words);
  }

  /** @param {Parameters<import('../../web/src/writer.js').Writer['set']>[0]} change */
  set(change) {
    this.core.core.set(change);
    this.core.connection.step();
  }

  /** What viewers may do besides watching. */
  allowHands(allowed) {
    this.core.core.allowHands(allowed);
    this.core.connection.step();
  }
}

export class Reader extends Person {
  constructor({ api }, link) {
    super('the viewer', new ViewerPage({ backEnd: { api }, room: new URL(link).hash.slice(1) }));
  }

  get hand() {
    return this.core.core.hand;
  }

  /** Its hand goes up or down. @param {boolean} up */
  raises(up = true) {
    this.hand.set({ up }, performance.now());
    this.core.connection.step();
  }
}
