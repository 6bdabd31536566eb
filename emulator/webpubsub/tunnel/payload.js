// What a server sends to its clients: Engine.IO payloads, in which the service finds what concerns
// itself. Pure.

import { decodePayload } from 'engine.io-parser';

import { PacketType } from '../packets.js';

const HEAD = /^([0-6])(?:\d+-)?(?:(\/[^,]*),?)?/; // type, attachments, namespace
const TO_ASK = /^([25](?:\d+-)?(?:\/[^,]*,)?)(\[.*)$/s; // an event without an id

/**
 * @typedef {object} Item
 * @property {'message' | 'close' | 'ping' | 'pong' | 'noop'} kind
 * @property {number} [type] of PacketType
 * @property {string} [namespace]
 * @property {string} [text] the packet, without the Engine.IO type in front
 * @property {Buffer[]} [attachments]
 * @property {boolean} [close] of a DISCONNECT that says whether the session ends with it
 */

/**
 * @param {string} text
 * @returns {{items: Item[], fault?: string}} fault: why the rest is not carried out
 */
export function readServerPayload(text) {
  const items = [];
  for (const { type: kind, data } of decodePayload(text, 'nodebuffer')) {
    const last = items.at(-1);
    if (kind === 'error') return { items, fault: 'it is no payload of Engine.IO' };
    if (kind !== 'message') items.push({ kind });
    else if (typeof data === 'string' && HEAD.test(data)) items.push(readPacket(data));
    else if (data === undefined || typeof data === 'string') return { items, fault: 'it has no packet of Socket.IO' };
    else if (last?.kind !== 'message') return { items, fault: 'it has an attachment without its packet' };
    else last.attachments.push(data);
  }
  return { items };
}

function readPacket(text) {
  const [head, type, namespace = '/'] = HEAD.exec(text);
  const item = { kind: 'message', type: Number(type), namespace, text, attachments: [] };
  if (item.type === PacketType.DISCONNECT) item.close = readClose(text.slice(head.length));
  return item;
}

/** The library's own addition to DISCONNECT; clients never see it. */
function readClose(rest) {
  try {
    const { close } = JSON.parse(rest);
    return typeof close === 'boolean' ? close : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Reads an event that its recipients are to acknowledge.
 * @param {string} text
 * @returns {((id: number) => {text: string, attachments: Buffer[], namespace: string}) | undefined}
 *   the packet with an id; undefined: it is no such event
 */
export function readInvocation(text) {
  const { items: [item, ...others], fault } = readServerPayload(text);
  const match = TO_ASK.exec(item?.text ?? '');
  if (fault || others.length > 0 || !match) return undefined;
  const { attachments, namespace } = item;
  return (id) => ({ text: `${match[1]}${id}${match[2]}`, attachments, namespace });
}
