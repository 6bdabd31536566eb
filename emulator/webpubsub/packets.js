// Socket.IO packets and Engine.IO payloads: what arrives from a client, with its text kept exactly
// as it came, and what a handler's response or a REST send wants written.
//
// The decoding itself is that of the Socket.IO project (engine.io-parser, socket.io-parser).

import { decodePayload } from 'engine.io-parser';
import { Decoder, PacketType, isPacketValid } from 'socket.io-parser';

import { examine, quote } from './outgoing.js';

export { PacketType };

const SEPARATOR = '\x1e'; // between the packets of one payload
const ATTACHMENT = /^b(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const HEAD = /^([0-6])(?:\d+-)?(?:(\/[^,]*),?)?/; // type, attachments, namespace

/** Why a payload cannot be written to a client. */
class PayloadError extends Error {}

/** An event or acknowledgement without anything in it, which is none, and no fault either. */
const isEmpty = ({ type, data }) =>
  data === undefined && (type === PacketType.EVENT || type === PacketType.ACK);

/**
 * Assembles a client's messages into packets; a binary packet is several messages.
 * `add` throws on whatever Socket.IO's own decoder refuses.
 */
export class PacketReader {
  #decoder = new Decoder();
  #messages = [];

  /** @param {(packet: ClientPacket) => void} onPacket */
  constructor(onPacket) {
    this.#decoder.on('decoded', (decoded) => {
      const messages = this.#messages;
      this.#messages = [];
      const empty = isEmpty(decoded);
      if (!empty && !isPacketValid(decoded)) throw new Error('invalid packet');
      onPacket({
        type: decoded.type,
        namespace: decoded.nsp,
        data: decoded.data,
        id: decoded.id,
        isEmpty: empty,
        binary: messages.length > 1,
        payload: messages.map(encodeMessage).join(SEPARATOR),
      });
    });
  }

  /** @param {string | Buffer} message the content of one Engine.IO message packet */
  add(message) {
    this.#messages.push(message);
    this.#decoder.add(message);
  }

  destroy() {
    this.#decoder.destroy();
  }
}

/**
 * @typedef {object} ClientPacket
 * @property {number} type of PacketType; binary events and acks have the plain type
 * @property {string} namespace
 * @property {any} data the parsed payload
 * @property {boolean} isEmpty an event or acknowledgement with nothing in it
 * @property {number} [id] under which an acknowledgement is waited for
 * @property {boolean} binary whether it came with attachments
 * @property {string} payload the Engine.IO payload, its packet's text unchanged
 */

function encodeMessage(message) {
  if (typeof message === 'string') return `4${message}`;
  return `b${Buffer.from(message).toString('base64')}`;
}

/**
 * Reads an Engine.IO payload that is to be written to clients, as far as it is one.
 * @param {string} text
 * @returns {{packets: ServerPacket[], fault?: string}} fault: why the rest cannot be written
 */
export function readPayload(text) {
  const packets = [];
  try {
    const parts = text.split(SEPARATOR);
    for (const [i, message] of decodePayload(text, 'nodebuffer').entries()) {
      addMessage(packets, message, parts[i]);
    }
    for (const packet of packets) packet.finding = findingOf(packet);
    return { packets };
  } catch (error) {
    if (!(error instanceof PayloadError)) throw error;
    return { packets: [], fault: error.message };
  }
}

function addMessage(packets, { type, data }, part) {
  if (type !== 'message' || data === undefined) {
    throw new PayloadError(`${quote(part)} is no packet: an event is 42["name",…], U+001E separates`);
  }
  const last = packets[packets.length - 1];
  if (typeof data === 'string') packets.push(readHead(data));
  else if (!last) throw new PayloadError('an attachment without its packet');
  else {
    last.attachments.push(data);
    if (!ATTACHMENT.test(part)) last.misspelt = part;
  }
}

/** Bytes are read leniently here, which nobody should rely on: base64url, or without padding. */
function findingOf({ misspelt, ...packet }) {
  const finding = examine(packet);
  if (misspelt === undefined || finding.fault) return finding;
  return { ...finding, fault: `the attachment ${quote(misspelt)} is not b and base64 with padding` };
}

/**
 * @typedef {object} ServerPacket
 * @property {number} type
 * @property {string} namespace
 * @property {string} text the packet, without the Engine.IO type in front
 * @property {Buffer[]} attachments
 * @property {import('./outgoing.js').Finding} finding what is wrong with it
 * @property {boolean} closes for a DISCONNECT: whether the whole connection ends with it
 */

function readHead(text) {
  const match = HEAD.exec(text);
  if (!match) throw new PayloadError(`not a Socket.IO packet: ${text.slice(0, 20)}`);
  const type = Number(match[1]);
  const closes = type === PacketType.DISCONNECT && readClose(text.slice(match[0].length));
  return { type, namespace: match[2] ?? '/', text, attachments: [], closes };
}

/** The service's own addition to DISCONNECT, `{"close":true}`; clients never see it. */
function readClose(rest) {
  if (rest === '') return false;
  try {
    const { close } = JSON.parse(rest);
    if (typeof close === 'boolean') return close;
  } catch {
    // falls through
  }
  throw new PayloadError('after a DISCONNECT only {"close":true} or {"close":false} may follow');
}

const prefix = (namespace) => (namespace === '/' ? '' : `${namespace},`);

/** The service's own packets. */
export const connected = (namespace, sid) => `0${prefix(namespace)}${JSON.stringify({ sid })}`;
export const disconnect = (namespace) => `1${prefix(namespace)}`;
export const refused = (namespace, message) =>
  `4${prefix(namespace)}${JSON.stringify({ message })}`;
