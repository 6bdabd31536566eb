// Messages that have been sent and not yet acknowledged. Pure: every method that needs the time is
// given it.

import { DEAD_MS, SLOW_MS } from './protocol.js';

/**
 * @typedef {{ kind: 'stream' | 'answer' | 'beat' | 'sync', to?: string, ended?: boolean }} Flight
 *   stream: a full or a delta for the whole room; answer: a full for the one viewer who asked
 */

export class Flights {
  #nextId = 1;
  /** @type {Map<number, Flight & { since: number }>} the oldest first */
  #open = new Map();

  /** @param {Flight} flight @param {number} now @returns {number} the id of its acknowledgement */
  start(flight, now) {
    const id = this.#nextId++;
    this.#open.set(id, { ...flight, since: now });
    return id;
  }

  /** @param {number} id @returns {Flight | undefined} undefined: no such message is under way */
  finish(id) {
    const flight = this.#open.get(id);
    this.#open.delete(id);
    return flight;
  }

  /** The connection is new, or gone: nothing that was sent before will be acknowledged. */
  clear() {
    this.#open.clear();
  }

  get size() {
    return this.#open.size;
  }

  /** @param {Flight['kind']} kind */
  has(kind) {
    for (const flight of this.#open.values()) if (flight.kind === kind) return true;
    return false;
  }

  /** @param {number} now */
  slow(now) {
    return now >= this.#oldest() + SLOW_MS;
  }

  /** An acknowledgement is so late that the connection has to be replaced. @param {number} now */
  dead(now) {
    return now >= this.#oldest() + DEAD_MS;
  }

  /** When the connection will next be called slow or dead. @param {number} now */
  wakeAt(now) {
    const oldest = this.#oldest();
    return [oldest + SLOW_MS, oldest + DEAD_MS].find((time) => time > now) ?? Infinity;
  }

  #oldest() {
    const [oldest] = this.#open.values();
    return oldest?.since ?? Infinity;
  }
}
