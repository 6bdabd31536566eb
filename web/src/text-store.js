// The requests for kept texts. What came of one is told as a value; nothing here throws.

import { MAX_TEXT } from './protocol.js';
import { readJson } from './read-json.js';

/** Longer than the function app gives storage. */
const REQUEST_MS = 8_000;
/** What every browser sends for a page that is going: some take no more in all. */
const KEEPALIVE_BYTES = 60_000;
/** A text, each letter of which may be escaped, and what is kept beside it. */
const MAX_RESPONSE_BYTES = 6 * MAX_TEXT + 64 * 1024;

/** @typedef {import('./keeper.js').Outcome} Outcome */

/** @param {number} status @param {any} body @returns {Outcome} */
const outcomeOf = (status, { error, epoch, version } = {}) => ({
  status,
  epoch,
  version,
  ...(error && { code: String(error.code), message: String(error.message) }),
});

export class TextStore {
  /** @type {AbortController | undefined} of a write */
  #write;

  /** @param {string} api */
  constructor(api) {
    this.api = api;
  }

  /** @param {string} room @param {string} [more] */
  #url = (room, more = '') => `${this.api}/text?room_id=${encodeURIComponent(room)}${more}`;

  /**
   * Safari has AbortSignal.timeout since 16.
   * @param {string} url @param {RequestInit} how
   */
  async #ask(url, how, abort = new AbortController()) {
    const timer = setTimeout(() => abort.abort(), REQUEST_MS);
    try {
      const response = await fetch(url, { credentials: 'omit', signal: abort.signal, ...how });
      const body = await readJson(response, MAX_RESPONSE_BYTES).catch(() => ({}));
      return { status: response.status, body };
    } catch {
      return { status: 0, body: {} };
    } finally {
      clearTimeout(timer);
      abort.abort(); // what is left of it is not wanted
    }
  }

  /** @param {string} room */
  read(room) {
    return this.#ask(this.#url(room), { cache: 'no-cache' });
  }

  /**
   * @param {string} room @param {string} key @param {import('./keeper.js').HandedIn} text
   * @returns {Promise<Outcome>}
   */
  async put(room, key, text) {
    const body = JSON.stringify(text);
    this.#write?.abort(); // an older text: its bytes count against the keepalive limit
    this.#write = new AbortController();
    const request = {
      method: 'PUT',
      headers: { Authorization: `Bearer ${key}`, 'Content-Type': 'application/json' },
      body,
      keepalive: body.length * 3 < KEEPALIVE_BYTES || byteLength(body) < KEEPALIVE_BYTES,
    };
    const { status, body: said } = await this.#ask(this.#url(room), request, this.#write);
    return outcomeOf(status, said);
  }

  /** A write that is under way would only be refused. */
  giveUpWrite() {
    this.#write?.abort();
  }

  /**
   * @param {string} room @param {string} key @param {number} epoch
   * @returns {Promise<Outcome>}
   */
  async delete(room, key, epoch) {
    const { status, body } = await this.#ask(this.#url(room, `&epoch=${epoch}`), {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${key}` },
      keepalive: true,
    });
    return outcomeOf(status, body);
  }
}

/** @param {string} text */
const byteLength = (text) => new TextEncoder().encode(text).length;
