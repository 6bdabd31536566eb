// Messages that have been sent and not yet acknowledged. Pure: every method that needs the time is
// given it.

import { DEAD_MS, SLOW_MS, UPLINK_BYTES_PER_S } from './protocol.js';

/**
 * @typedef {{ kind: 'stream' | 'answer' | 'beat' | 'sync' | 'hand', to?: string[],
 *   text?: boolean, ended?: boolean, bytes?: number, told?: import('./hands.js').Told }} Flight
 *   stream: a full or a delta for the whole room; answer: what only the viewers who asked get, a
 *   full (text) or a beat; hand: a viewer's, or what it is told of it (told)
 */

export class Flights {
  #nextId = 1;
  /** @type {Map<number, Flight & { since: number, deadAt: number }>} the oldest first */
  #open = new Map();

  /** @param {Flight} flight @param {number} now @returns {number} the id of its acknowledgement */
  start(flight, now) {
    const id = this.#nextId++;
    let bytes = flight.bytes ?? 0;
    for (const earlier of this.#open.values()) bytes += earlier.bytes ?? 0;
    // A second's worth of bytes is in DEAD_MS already.
    const extra = Math.max(0, Math.round((1_000 * bytes) / UPLINK_BYTES_PER_S) - 1_000);
    const deadAt = now + DEAD_MS + extra;
    this.#open.set(id, { ...flight, since: now, deadAt });
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

  /** Bytes under way. @param {Flight['kind']} kind */
  bytes(kind) {
    let bytes = 0;
    for (const flight of this.#open.values()) if (flight.kind === kind) bytes += flight.bytes ?? 0;
    return bytes;
  }

  /** @param {number} now */
  slow(now) {
    return now >= this.#slowAt;
  }

  /** An acknowledgement is so late that the connection has to be replaced. @param {number} now */
  dead(now) {
    return now >= this.#deadAt;
  }

  /** When the connection will next be called slow or dead. @param {number} now */
  wakeAt(now) {
    return [this.#slowAt, this.#deadAt].find((time) => time > now) ?? Infinity;
  }

  get #oldest() {
    const [oldest] = this.#open.values();
    return oldest;
  }

  get #slowAt() {
    return this.#oldest ? this.#oldest.since + SLOW_MS : Infinity;
  }

  get #deadAt() {
    return this.#oldest?.deadAt ?? Infinity;
  }
}
