// A message on its way to clients, whatever their protocol: where it is from, and its data as text,
// JSON or bytes.

import { readPayload } from './packets.js';
import { readServerPayload } from './tunnel/payload.js';

const TYPES = new Map([
  ['text/plain', 'text'],
  ['application/json', 'json'],
  ['application/octet-stream', 'binary'],
]);

/** @returns {'text' | 'json' | 'binary' | undefined} of a Content-Type */
export function dataTypeOf(contentType) {
  return TYPES.get(contentType.split(';')[0].trim().toLowerCase());
}

export function contentTypeOf(dataType) {
  return [...TYPES.keys()].find((type) => TYPES.get(type) === dataType);
}

export class Message {
  #text;
  #json;
  #payload;
  #serverPayload;
  #isFaultTold = false;

  /**
   * @param {object} parts
   * @param {'server' | 'group'} parts.from
   * @param {string} [parts.group]
   * @param {string} [parts.fromUserId]
   * @param {'text' | 'json' | 'binary'} parts.dataType
   * @param {Buffer} parts.body
   */
  constructor({ from, group, fromUserId, dataType, body }) {
    Object.assign(this, { from, group, fromUserId, dataType, body });
  }

  /** The body as text, decoded once for all recipients. */
  text = () => (this.#text ??= this.body.toString('utf8'));

  /** The body as packets of Socket.IO, read once for all recipients. */
  payload = () => (this.#payload ??= readPayload(this.text()));

  /** The same as a server sends it. */
  serverPayload = () => (this.#serverPayload ??= readServerPayload(this.text()));

  /** What is wrong is told of one recipient, and not of a thousand. */
  warn(tell) {
    if (!this.#isFaultTold) tell();
    this.#isFaultTold = true;
  }

  /** The message in the JSON subprotocol, encoded once for all recipients; without a closing }. */
  openJson() {
    this.#json ??= this.#writeJson();
    return this.#json;
  }

  #writeJson() {
    const { from, group, fromUserId, dataType } = this;
    const head = { type: 'message', from, group, fromUserId, dataType };
    return `${JSON.stringify(head).slice(0, -1)},"data":${this.#writeData()}`;
  }

  /** JSON stays as it was written. */
  #writeData() {
    if (this.dataType === 'json') return this.text();
    return JSON.stringify(this.dataType === 'text' ? this.text() : this.body.toString('base64'));
  }
}
