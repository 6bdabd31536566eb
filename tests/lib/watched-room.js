// A room with somebody who types and viewers, and the truth about it: how long each page has called
// itself live while what it shows, or has sent, was not the newest. The pages live in this process,
// and cannot notice what it is kept from noticing: that time is left out (lived.js).
import { randomBytes } from 'node:crypto';
import { eventually, pause } from './deadline.js';
import { lived } from './lived.js';
import { ViewerPage, WriterPage } from './page-core.js';

/** After a fault the texts are equal this soon, */
const HEALED_MS = 10_000;
/**
 * and no page calls itself live for longer than this while it is not: a word may be as old as a
 * sender waits for its answer when it comes at last, and is then believed for as long as a silent
 * writer is (DEAD_MS, AWAY_MS).
 */
export const LIE_MS = 15_000;
const SOON_MS = 5_000;

const KEY_MS = 250; // between two words of the one who types
const LOOK_MS = 100; // between two looks at the pages, besides those at every change
const OPEN_MS = 15_000;
/** Older texts of the writer are forgotten: whoever shows one of those is as late as this. */
const MEMORY_MS = 60_000;

/**
 * A room in which everybody is live.
 * @param {string} api where negotiate is
 * @param {{ viewers?: number, transport?: string }} [options]
 */
export async function openRoom(api, { viewers = 2, transport } = {}) {
  const room = new WatchedRoom({ api, transport });
  try {
    await room.open(viewers);
  } catch (error) {
    room.close();
    throw error;
  }
  return room;
}

/**
 * For how long nobody who is there has had the writer's text. A writer is right as long as somebody
 * has it, or nobody is there to have it: whoever has come only now has been without it only since.
 * @param {{ age: number, since: number }[]} there how old what each shows is, and when they came
 */
export function unseenFor(there, now) {
  if (there.length === 0) return 0;
  return Math.min(...there.map(({ age, since }) => Math.min(age, now - since)));
}

export class WatchedRoom {
  #backEnd;
  #typing;
  #looking;
  #words = 0;
  /** The writer's texts in order, each with the time at which it came to be. */
  #history = [];
  #liveSince = new Map();
  #thereSince = new Map();
  /** Milliseconds for which each page was falsely live, at most. */
  #lies = new Map();
  /** The longest of all, of those too who have left. */
  worstLie = 0;
  /** How it was when somebody had been falsely live for too long. @type {string | undefined} */
  evidence;
  /** What else there was to see then. @type {() => string} */
  witness = () => '';

  constructor(backEnd) {
    this.#backEnd = backEnd;
    this.viewers = [];
  }

  async open(viewers) {
    this.writer = new WriterPage({ backEnd: this.#backEnd, text: 'begin' });
    this.#watch(this.writer);
    this.#remember();
    await eventually(OPEN_MS, () => this.writer.live, 'the writer is live', lived);
    for (let i = 0; i < viewers; i += 1) this.addViewer();
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    await this.equal(OPEN_MS);
  }

  /** Somebody who joins now, under whatever conditions. */
  addViewer() {
    const name = `viewer ${this.viewers.length + 1}`;
    const viewer = new ViewerPage({ backEnd: this.#backEnd, room: this.writer.room, name });
    this.viewers.push(viewer);
    this.#watch(viewer);
    return viewer;
  }

  removeViewer(viewer) {
    viewer.close();
    this.#lies.delete(viewer);
    this.#liveSince.delete(viewer);
    this.#thereSince.delete(viewer);
    this.viewers = this.viewers.filter((other) => other !== viewer);
  }

  get pages() {
    return [this.writer, ...this.viewers];
  }

  /** What the room is called on the wire: groups carry its id encoded. */
  get mark() {
    return Buffer.from(this.writer.room).toString('base64url').replace(/.$/, '');
  }

  startTyping() {
    this.#typing = setInterval(() => this.type(), KEY_MS);
  }

  stopTyping() {
    clearInterval(this.#typing);
  }

  /** A word that nobody has typed before. */
  type() {
    this.#words += 1;
    this.writer.type(` ${this.#words}-${randomBytes(3).toString('hex')}`);
    this.#remember();
  }

  /** An edit of any kind. @param {import('../../web/src/ops.js').Op[]} ops */
  edit(ops) {
    this.writer.edit(ops);
    this.#remember();
  }

  get isEqual() {
    return this.viewers.every(({ text }) => text === this.writer.text);
  }

  /** Resolves when all texts are equal. */
  async equal(ms) {
    await eventually(ms, () => this.isEqual, 'equal texts', lived).catch((error) => {
      throw new Error(`${error.message}\n${this.describe()}`);
    });
  }

  /** Resolves when everybody says so. */
  async allLive(ms) {
    const allLive = () => this.pages.every(({ live }) => live);
    await eventually(ms, allLive, 'all live', lived).catch((error) => {
      throw new Error(`${error.message}\n${this.describe()}`);
    });
  }

  /** The longest time that each page was falsely live. @returns {[string, number][]} */
  get lies() {
    return this.pages.map((page) => [page.name, Math.round(this.#lies.get(page) ?? 0)]);
  }

  /** Who has had to connect again. @returns {string[]} */
  get reconnected() {
    const again = ['Reconnecting', 'Offline'];
    const had = this.pages.filter(({ words }) => words.some(({ word }) => again.includes(word)));
    return had.map(({ name }) => name);
  }

  /** What a person wants to know who looks into a failure. */
  describe() {
    const now = performance.now();
    return this.pages.map(({ name, text, words, connection: { state } }) => {
      const said = words.filter(({ at }) => at >= now - MEMORY_MS)
        .map(({ at, word }) => `${((at - now) / 1000).toFixed(1)} ${word}`);
      const reason = state.trouble ? ` (${state.trouble.code}: ${state.trouble.message})` : '';
      return `${name}: …${JSON.stringify(text.slice(-24))} ${said.join(', ')}${reason}`;
    }).join('\n');
  }

  close() {
    this.stopTyping();
    clearInterval(this.#looking);
    for (const page of this.pages) page?.close();
  }

  #remember() {
    const at = lived();
    this.#history.push({ at, text: this.writer.text });
    while (this.#history.length > 1 && this.#history[1].at < at - MEMORY_MS) this.#history.shift();
    this.#look();
  }

  #watch(page) {
    page.onShow = () => this.#look();
  }

  #look() {
    const now = lived();
    const ages = new Map(this.viewers.map((viewer) => [viewer, this.#age(viewer, now)]));
    for (const viewer of this.viewers) {
      if (viewer.connection.state.phase !== 'up') this.#thereSince.delete(viewer);
      else if (!this.#thereSince.has(viewer)) this.#thereSince.set(viewer, now);
    }
    const there = [...this.#thereSince].map(([viewer, since]) => ({ age: ages.get(viewer), since }));
    ages.set(this.writer, unseenFor(there, now));
    for (const page of this.pages) {
      if (!page.live) this.#liveSince.delete(page);
      else if (!this.#liveSince.has(page)) this.#liveSince.set(page, now);
      const live = page.live ? now - this.#liveSince.get(page) : 0;
      const lie = Math.min(live, ages.get(page));
      this.#lies.set(page, Math.max(this.#lies.get(page) ?? 0, lie));
      if (lie > this.worstLie) this.#worst(page, lie);
    }
  }

  #worst(page, lie) {
    this.worstLie = lie;
    if (lie <= LIE_MS) return;
    this.evidence ??= `${page.name} was falsely live\n${this.describe()}\n${this.witness()}`;
  }

  /** For how long something else than what a viewer shows has been the writer's text. */
  #age(viewer, now) {
    const shown = this.#history.findLastIndex(({ text }) => text === viewer.text);
    if (shown < 0) return MEMORY_MS;
    return shown === this.#history.length - 1 ? 0 : now - this.#history[shown + 1].at;
  }
}

/**
 * Lets a fault befall a room in which somebody types all the time and one more viewer joins in the
 * middle of it, and holds everybody to what the page promises.
 * @param {WatchedRoom} room
 * @param {{ begin: () => unknown, end: () => unknown, ms: number }} fault
 * @returns {Promise<{ healed: number, lies: [string, number][] }>} healed: milliseconds from the
 *   fault's end to equal texts
 */
export async function outlive(room, { begin, end, ms }) {
  room.startTyping();
  await begin();
  await pause(ms / 3);
  room.addViewer();
  await pause((ms * 2) / 3);
  await end();
  const ended = lived();
  room.type();
  room.stopTyping();
  await room.equal(HEALED_MS);
  const healed = Math.round(lived() - ended);
  await room.allLive(Math.max(SOON_MS, LIE_MS - healed));
  // What heals by a text for all must not have broken what carries the next edit.
  room.type();
  await room.equal(SOON_MS);
  const { lies } = room;
  const worst = lies.filter(([, lie]) => lie > LIE_MS);
  if (worst.length > 0) throw new Error(`falsely live: ${worst.join('; ')}\n${room.describe()}`);
  return { healed, lies };
}
