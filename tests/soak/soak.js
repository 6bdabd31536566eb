// Many rooms for a long time, in which people come and go while one mishap follows the other, and
// one of two handlers is ended and started every minute. At the end all texts are equal, nobody was
// falsely live for long, and the handler that has lived all the time takes no more of the machine
// than after its first minute. Prints a table and a verdict; exit 1: it does not hold.
//
//   SOAK_SECONDS  how long (600)      SOAK_ROOMS  how many rooms (50)
//   SOAK_SEED     of everything that is random; printed, so that a run can be repeated
import { randomInt } from 'node:crypto';
import { eventually, pause } from '../lib/deadline.js';
import { startFaultStack } from '../lib/fault-stack.js';
import { openRoom } from '../lib/watched-room.js';
import { randomFrom } from '../../web/test/simulation.js';
import { mishapsOf } from './mishaps.js';
import { leastUsage, usage } from './usage.js';

const SECONDS = Number(process.env.SOAK_SECONDS || 600);
const ROOMS = Number(process.env.SOAK_ROOMS || 50);
const SEED = Number(process.env.SOAK_SEED || randomInt(1, 2 ** 31));

const EDIT_MS = 1500; // between two edits of a room, on average
const MOVE_MS = 400; // between two comings or goings of viewers anywhere
const ROOM_MS = 15_000; // between two rooms that are left for good
const OPEN_ATTEMPTS = 5;
const RENEW_MS = 60_000; // between two ends of the handler that is renewed
const MAX_VIEWERS = 4; // of a room
const MAX_TEXT = 4000;
const MISHAP_MS = [500, 6000]; // the shortest and the longest
const RELIEF_MS = [200, 4000]; // between two mishaps
/** Without mishaps before anything is measured: a burst has to be over for 5 s (src/worker.c). */
const QUIET_MS = 15_000;
const MEASURE_MS = 6000;
/** What one room needs at a time depends on whether its events come one by one. */
const CONNECTIONS_MORE = 2;
const EQUAL_MS = 30_000; // at the end, for all rooms together
const REMEMBERED = 8; // mishaps
const ROWS = 20; // of the table
const GROWTH = 0.05;

const random = randomFrom(SEED);
const below = (n) => Math.floor(random() * n);
const between = ([least, most]) => least + random() * (most - least);
const pick = (list) => list[below(list.length)];

class Soak {
  #rooms = [];
  #timers = [];
  #faults = 0;
  #told = new Set();
  #restarting = Promise.resolve();
  #counts = { edits: 0, joins: 0, leaves: 0, left: 0, restarts: 0 };
  #worstLie = 0;
  #mishaps = [];

  async run() {
    console.log(`soak: ${SECONDS} s, ${ROOMS} rooms, SOAK_SEED=${SEED}`);
    this.stack = await startFaultStack({
      env: { CODESTREAM_REST_TIMEOUT_MS: '2000' },
      service: { retryDelaysMs: [200, 1000], log: undefined },
    });
    [this.steady] = this.stack.handlers;
    try {
      await this.#measured();
    } finally {
      this.#stop();
      for (const room of this.#rooms) room.close();
      await this.stack.close();
    }
    console.log(this.#faults > 0 ? 'soak: FAILED' : 'soak: passed');
    return this.#faults === 0;
  }

  async #measured() {
    const { pid } = this.steady;
    const first = await this.#alone();
    await this.stack.addHandler();
    this.#head();
    this.started = Date.now();
    await Promise.all(Array.from({ length: ROOMS }, () => this.#openRoom()));
    this.#every(1000 * (SECONDS / ROWS), () => this.#row());
    this.#live();
    const mishaps = mishapsOf(this.stack, random);
    // Every mishap once, so that what it takes to outlive them has been taken.
    const warmMs = Math.min(60_000, SECONDS * 250);
    const eachMs = warmMs / mishaps.length;
    for (const mishap of mishaps) await this.#befall(mishap, 0.7 * eachMs, 0.3 * eachMs);
    await pause(QUIET_MS);
    const before = await leastUsage(pid, MEASURE_MS);
    const end = this.started + SECONDS * 1000 - QUIET_MS - MEASURE_MS;
    while (Date.now() < end) {
      await this.#befall(pick(mishaps), between(MISHAP_MS), between(RELIEF_MS));
    }
    await pause(QUIET_MS);
    const after = await leastUsage(pid, MEASURE_MS);
    await this.#settle();
    await this.stack.dropHandler('SIGTERM');
    const last = await this.#alone();
    this.#judge({ first, before, after, last });
  }

  /**
   * What the handler takes for one room in which somebody types. Whatever connections are left of
   * more than that are closed by now, and found to be by its calls.
   */
  async #alone() {
    const room = await openRoom(this.stack.api, { viewers: 1 });
    room.startTyping();
    await pause(QUIET_MS);
    const least = await leastUsage(this.steady.pid, MEASURE_MS);
    room.close();
    return least;
  }

  // ---- people ----

  async #openRoom() {
    const viewers = 1 + below(MAX_VIEWERS - 1);
    const room = await openRoom(this.stack.api, { viewers });
    room.witness = () => this.#history(Date.now());
    this.#rooms.push(room);
  }

  #live() {
    this.#every(EDIT_MS / ROOMS, () => this.#edit(pick(this.#rooms)));
    this.#every(MOVE_MS, () => this.#move(pick(this.#rooms)));
    this.#every(ROOM_MS, () => this.#replaceRoom());
    this.#every(RENEW_MS, () => {
      this.#restarting = this.#renew();
    });
  }

  /** Words come, go and are replaced, anywhere. */
  #edit(room) {
    const { length } = room.writer.text;
    const offset = below(length + 1);
    const kind = length > MAX_TEXT ? 1 : random();
    const deleted = kind < 0.6 ? 0 : Math.min(below(length > MAX_TEXT ? 400 : 40), length - offset);
    const inserted = kind < 0.85 ? `${pick(['let x', 'né\n', '🎈', '\t}', '"'])}${below(1e6)}` : '';
    room.edit([[offset, deleted, inserted]]);
    this.#counts.edits += 1;
  }

  #move(room) {
    const comes = room.viewers.length < 2 || (room.viewers.length < MAX_VIEWERS && random() < 0.5);
    if (comes) room.addViewer();
    else room.removeViewer(pick(room.viewers));
    this.#counts[comes ? 'joins' : 'leaves'] += 1;
  }

  /** A room is left by everybody, and another begins as soon as it can. */
  async #replaceRoom() {
    const [gone] = this.#rooms.splice(below(this.#rooms.length), 1);
    this.#close(gone);
    this.#counts.left += 1;
    // In the middle of mishaps it may take more than one attempt.
    for (let left = OPEN_ATTEMPTS; left > 0; left -= 1) {
      if (await this.#openRoom().then(() => true, () => false)) return;
    }
  }

  #close(room) {
    this.#hold(room);
    room.close();
  }

  /** Takes down what a room has seen so far. */
  #hold(room) {
    this.#worstLie = Math.max(this.#worstLie, room.worstLie);
    if (!room.evidence || this.#told.has(room)) return;
    this.#told.add(room);
    this.#fault(room.evidence);
  }

  /** Said at once: who ends a soak that hangs has to know what it has seen. */
  #fault(what) {
    this.#faults += 1;
    console.log(`soak: ${what}`);
  }

  // ---- mishaps ----

  async #befall({ name, begin, end }, ms, reliefMs) {
    const mishap = { name, began: Date.now(), ended: Infinity };
    this.#mishaps = [...this.#mishaps, mishap].slice(-REMEMBERED);
    await begin();
    await pause(ms);
    await end();
    mishap.ended = Date.now();
    await pause(reliefMs);
  }

  /** The last mishaps, in seconds before now. */
  #history(now) {
    const ago = (time) => (time === Infinity ? '' : ((time - now) / 1000).toFixed(1));
    return this.#mishaps.map(({ name, began, ended }) => `${ago(began)} to ${ago(ended)} ${name}`)
      .join('\n');
  }

  /** As the platform ends an instance, and every other time as nobody should. */
  async #renew() {
    const signal = this.#counts.restarts % 2 === 0 ? 'SIGTERM' : 'SIGKILL';
    const end = await this.stack.dropHandler(signal);
    if (end.signal !== signal) this.#fault(`a handler ended with ${end.code ?? end.signal}`);
    await this.stack.addHandler();
    this.#counts.restarts += 1;
  }

  // ---- the end ----

  #every(ms, act) {
    this.#timers.push(setInterval(act, ms));
  }

  #stop() {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
  }

  /** Nobody types, comes or goes any more: now all texts have to become equal. */
  async #settle() {
    this.#stop();
    await this.#restarting;
    const ended = Date.now();
    const differing = () => this.#rooms.filter((room) => !room.isEqual);
    await eventually(EQUAL_MS, () => differing().length === 0, 'equal texts').catch(() => {
      this.#fault(`${differing().length} rooms differ:\n${differing()[0].describe()}`);
    });
    console.log(`all texts equal ${Date.now() - ended} ms after the last edit`);
    for (const room of this.#rooms.splice(0)) this.#close(room);
  }

  #judge({ first, before, after, last }) {
    const growth = after.rssKb / before.rssKb - 1;
    console.log(`the handler that lived all the time:
                        RSS KiB  descriptors  threads
  one room, at first    ${cells(first)}
  after the first minute${cells(before)}
  at the end            ${cells(after)}
  one room, at last     ${cells(last)}
RSS at the end: ${(100 * growth).toFixed(1)} % more than after the first minute`);
    const lie = Math.round(this.#worstLie);
    console.log(`falsely live for ${lie} ms at most, ${this.#counts.restarts} restarts`);
    if (growth > GROWTH) this.#fault(`RSS has grown by more than ${100 * GROWTH} %`);
    if (last.descriptors > first.descriptors + CONNECTIONS_MORE) this.#fault('descriptors have grown');
    if (last.threads !== first.threads) this.#fault('threads differ');
    if (!this.steady.alive) this.#fault('the handler that was to live has died');
    if (this.#counts.edits === 0 || this.#counts.joins === 0) this.#fault('nobody came');
  }

  #head() {
    console.log('     s rooms viewers   edits joins leaves left restarts' +
      ' RSS KiB descr threads lie ms');
  }

  async #row() {
    const { rssKb, descriptors, threads } = await usage(this.steady.pid);
    const viewers = this.#rooms.reduce((sum, room) => sum + room.viewers.length, 0);
    for (const room of this.#rooms) this.#hold(room);
    const { edits, joins, leaves, left, restarts } = this.#counts;
    const seconds = Math.round((Date.now() - this.started) / 1000);
    const row = [[seconds, 6], [this.#rooms.length, 5], [viewers, 7], [edits, 7], [joins, 5],
      [leaves, 6], [left, 4], [restarts, 8], [rssKb, 7], [descriptors, 5],
      [threads, 7], [Math.round(this.#worstLie), 6]];
    const { name, ended } = this.#mishaps.at(-1) ?? { name: '', ended: 0 };
    const text = row.map(([value, width]) => String(value).padStart(width)).join(' ');
    console.log(text, ended === Infinity ? name : '');
  }
}

const cells = ({ rssKb, descriptors, threads }) =>
  `${String(rssKb).padStart(9)}${String(descriptors).padStart(13)}${String(threads).padStart(9)}`;

process.exitCode = (await new Soak().run()) ? 0 : 1;
