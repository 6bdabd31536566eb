// What a client will make of a packet that a handler or a REST call has made: found out with the
// decoder that clients have, and said with what was probably meant. Pure.

import { Decoder, PacketType } from 'socket.io-parser';

const MAX_SHOWN = 60; // characters of a packet in a warning

const SPELLINGS = {
  [PacketType.EVENT]: 'an event is 42["name",…]',
  [PacketType.ACK]: 'an acknowledgement is 43<id of the event>[…]',
  [PacketType.BINARY_EVENT]: 'an event with attachments is 45<how many>-["name",…]',
  [PacketType.BINARY_ACK]: 'an acknowledgement with attachments is 46<how many>-<id>[…]',
};

const STATES = {
  [PacketType.CONNECT]: 'a client takes it for another socket; answer `connect` with 200 instead',
  [PacketType.CONNECT_ERROR]:
    'a client takes its socket for refused; answer `connect` with a 4xx instead, or send 41',
};

/**
 * @typedef {object} Finding
 * @property {string} [fault] what the client will not understand as it was meant
 * @property {boolean} [isIncomplete] its attachments are missing: it would take the next messages
 * @property {number} [acknowledges] the id in an acknowledgement
 */

/**
 * What is wrong with a packet, whoever gets it.
 * @param {import('./packets.js').ServerPacket} packet
 * @returns {Finding}
 */
export function examine({ type, text, attachments }) {
  const shown = quote(`4${text}`);
  if (type === PacketType.DISCONNECT) { // the service writes its own
    if (attachments.length === 0) return {};
    return { fault: `${shown} ends a namespace and takes no attachments: they are not sent` };
  }
  const wanted = Number(/^[56](\d+)-/.exec(text)?.[1] ?? 0);
  if (attachments.length < wanted) {
    const count = `${attachments.length} of ${wanted} attachments`;
    const how = 'each is b<base64>, after the packet and U+001E';
    return { fault: `${shown} has ${count}, and was not sent: ${how}`, isIncomplete: true };
  }
  const { packet, problem } = decode(text, attachments);
  if (problem) return { fault: `no client can read ${shown} (${problem}): ${spelling(type)}` };
  if (STATES[type]) return { fault: `${shown}: ${STATES[type]}` };
  if (packet.type !== PacketType.ACK) return {};
  if (packet.id !== undefined) return { acknowledges: packet.id };
  return { fault: `${shown} acknowledges nothing without the event's id: 43<id>[…]` };
}

/** The beginning of a packet, for a warning. */
export const quote = (text) => `'${text.slice(0, MAX_SHOWN)}${text.length > MAX_SHOWN ? '…' : ''}'`;

const spelling = (type) => SPELLINGS[type] ?? 'events are 42["name",…]';

/** @returns {{packet?: object, problem?: string}} */
function decode(text, attachments) {
  const decoder = new Decoder();
  let packet;
  decoder.on('decoded', (decoded) => (packet = decoded));
  try {
    for (const part of [text, ...attachments]) decoder.add(part);
    return { packet, problem: lacking(packet) };
  } catch ({ message }) {
    return { problem: message };
  } finally {
    decoder.destroy();
  }
}

/** What the decoder lets pass and the client then stumbles over. */
function lacking({ type, data }) {
  const hasData = ![PacketType.EVENT, PacketType.ACK].includes(type) || data !== undefined;
  return hasData ? undefined : 'there is nothing in it';
}

/**
 * What is wrong with a packet for this client, though not in itself.
 * @param {Finding} finding of the packet
 * @param {{namespace: string, socket?: {acks: AckIds}}} recipient socket: of that namespace
 * @returns {string | undefined}
 */
export function misfit({ acknowledges }, { namespace, socket }) {
  if (!socket) return `it is for namespace ${namespace}, where the client is not`;
  if (acknowledges === undefined || socket.acks.take(acknowledges)) return undefined;
  return `the client waits for no acknowledgement ${acknowledges} in ${namespace}`;
}

/** The ids under which a client waits for acknowledgements. */
export class AckIds {
  #ids = new Set();
  #most;

  constructor(most) {
    this.#most = most;
  }

  /** The one that waits longest is forgotten when there are too many. */
  add(id) {
    this.#ids.add(id);
    if (this.#ids.size > this.#most) this.#ids.delete(this.#ids.values().next().value);
  }

  /** @returns {boolean} whether it was waited for: it is no longer */
  take(id) {
    return this.#ids.delete(id);
  }

  has(id) {
    return this.#ids.has(id);
  }
}
