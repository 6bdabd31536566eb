// The JSON subprotocol of native clients: what a client may ask for, and what it is told.

import { groupNameFault } from '../groups.js';

export const PLAIN = 'json.webpubsub.azure.v1';
export const RELIABLE = 'json.reliable.webpubsub.azure.v1';

const MAX_TTL = 300; // seconds
const EVENT_NAME = /^[^\s\x00-\x1f]{1,128}$/;

/** Why a client's message is invalid. */
export class RequestError extends Error {}

const READERS = {
  ping: () => ({}),
  sequenceAck: (m) => ({ sequenceId: required(number(m, 'sequenceId'), 'sequenceId') }),
  joinGroup: (m) => ({ group: group(m) }),
  leaveGroup: (m) => ({ group: group(m) }),
  sendToGroup: (m) => ({ group: group(m), noEcho: m.noEcho === true, ttl: ttl(m), ...data(m) }),
  event: (m) => ({ event: eventName(m), ...data(m) }),
};

/** Parts of the subprotocol that are not built here. */
const NOT_BUILT = ['invoke', 'cancelInvocation', 'invokeResponse', 'setGroupState', 'streamData'];

/**
 * Reads one message of a client.
 * @returns {{type: string, ackId?: number, group?: string, event?: string, sequenceId?: number,
 *   noEcho?: boolean, dataType?: string, body?: Buffer}}
 */
export function readRequest(text) {
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    throw new RequestError('the message is not JSON');
  }
  if (message === null || typeof message !== 'object')
    throw new RequestError('the message is not a JSON object');
  const { type } = message;
  if (typeof type !== 'string') throw new RequestError("'type' is not a string");
  if (NOT_BUILT.includes(type)) throw new RequestError(`'${type}' is not built in the stand-in`);
  if (!Object.hasOwn(READERS, type)) throw new RequestError(`unknown type '${type}'`);
  return { type, ackId: number(message, 'ackId'), ...READERS[type](message) };
}

function required(value, name) {
  if (value === undefined) throw new RequestError(`'${name}' is missing`);
  return value;
}

function number(message, name) {
  const value = message[name] ?? undefined;
  if (value === undefined || (Number.isInteger(value) && value >= 0)) return value;
  throw new RequestError(`'${name}' is not a whole number`);
}

function group(message) {
  const fault = groupNameFault(message.group);
  if (fault) throw new RequestError(fault);
  return message.group;
}

function eventName({ event }) {
  if (typeof event === 'string' && EVENT_NAME.test(event)) return event;
  throw new RequestError("'event' is not a name");
}

function ttl(message) {
  const seconds = number(message, 'ttlSeconds') ?? 0;
  if (seconds > MAX_TTL) throw new RequestError(`'ttlSeconds' is 0 to ${MAX_TTL}`);
  return seconds;
}

function data({ data: value, dataType = 'json' }) {
  required(value ?? undefined, 'data');
  if (typeof dataType !== 'string') throw new RequestError("'dataType' is not a string");
  if (dataType === 'json') return { dataType, body: Buffer.from(JSON.stringify(value)) };
  if (typeof value !== 'string') throw new RequestError(`'data' of ${dataType} has to be a string`);
  if (dataType === 'text') return { dataType, body: Buffer.from(value) };
  if (dataType !== 'binary') throw new RequestError(`unknown dataType '${dataType}'`);
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(value)) throw new RequestError("'data' is not base64");
  return { dataType, body: Buffer.from(value, 'base64') };
}

/** The messages that the service sends to a client. */
export const connected = ({ id, userId, reconnectionToken }) =>
  JSON.stringify({
    type: 'system',
    event: 'connected',
    userId: userId ?? null,
    connectionId: id,
    reconnectionToken,
  });

export const disconnected = (message) =>
  JSON.stringify({ type: 'system', event: 'disconnected', message });

export const pong = () => JSON.stringify({ type: 'pong' });

export const ack = (ackId) => JSON.stringify({ type: 'ack', ackId, success: true });

export const failedAck = (ackId, name, message) =>
  JSON.stringify({ type: 'ack', ackId, success: false, error: { name, message } });

/** @param {import('../message.js').Message} message */
export const messageText = (message, sequenceId) =>
  sequenceId === undefined
    ? `${message.openJson()}}`
    : `${message.openJson()},"sequenceId":${sequenceId}}`;
