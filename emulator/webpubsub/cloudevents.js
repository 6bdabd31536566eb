// An event as a request: the CloudEvents headers that carry it to an event handler or to a server.

import { createHmac } from 'node:crypto';

/** No header can carry blanks at its ends either: they are no part of a value. */
const UNSAFE_MINIMAL = /[^\x20-\x7e]|^ +| +$/gu;
const UNSAFE_CLOUDEVENTS = /[^\x21-\x7e]|["%]/gu;

/**
 * @typedef {object} UpstreamEvent
 * @property {object} connection with id, hub and perhaps userId
 * @property {string} name
 * @property {boolean} system
 * @property {number} id
 * @property {string} contentType
 * @property {string | Buffer} body
 * @property {string} [namespace] of Socket.IO
 * @property {string} [socketId] of Socket.IO
 * @property {string} [subprotocol] of a native client
 * @property {string} [state] ce-connectionState
 */

/**
 * The headers, spelt as in the documents.
 * @param {UpstreamEvent} event
 * @param {object} options of the service
 * @param {string} origin its host, without a port
 */
export function eventHeaders(event, options, origin) {
  const { connection, name, namespace, socketId, subprotocol, state } = event;
  const { headerEncoding, headerCase, originOnEvents, signEvents, clock } = options;
  const encode = (value) => value && encodeHeader(value, headerEncoding);
  const headers = {
    'WebHook-Request-Origin': originOnEvents ? origin : undefined,
    'Content-Type': event.contentType,
    'ce-specversion': '1.0',
    'ce-awpsversion': '1.0',
    'ce-type': `azure.webpubsub.${encode(typeOf(event, options))}`,
    'ce-source': `/hubs/${connection.hub.name}/client/${connection.id}`,
    'ce-id': String(event.id),
    'ce-time': new Date(clock()).toISOString(),
    'ce-connectionId': connection.id,
    'ce-hub': connection.hub.name,
    'ce-eventName': encode(name),
    'ce-signature': signEvents ? sign(connection.id, options) : undefined,
    'ce-namespace': encode(namespace),
    'ce-socketId': socketId,
    'ce-subprotocol': subprotocol,
    'ce-userId': encode(connection.userId),
    'ce-connectionState': state,
  };
  const present = Object.entries(headers).filter(([, value]) => value !== undefined);
  const spell = (header) => (headerCase === 'lower' ? header.toLowerCase() : header);
  return Object.fromEntries(present.map(([header, value]) => [spell(header), value]));
}

function typeOf({ system, name, namespace }, { eventType }) {
  if (system) return `sys.${name}`;
  const named = namespace === undefined || eventType === 'name';
  return `user.${named ? name : 'message'}`;
}

/** Only the connection id is signed: once with each access key. */
function sign(connectionId, { accessKeys }) {
  const hmac = (key) => `sha256=${createHmac('sha256', key).update(connectionId).digest('hex')}`;
  return accessKeys.map(hmac).join(',');
}

function encodeHeader(value, encoding) {
  const unsafe = encoding === 'cloudevents' ? UNSAFE_CLOUDEVENTS : UNSAFE_MINIMAL;
  return value.replace(unsafe, (text) =>
    [...Buffer.from(text)].map((byte) => `%${hex(byte)}`).join(''),
  );
}

const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, '0');
