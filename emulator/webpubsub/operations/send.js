// Knows the sends of the REST interface: to all, a group, a user, a connection.

import { parseFilter } from '../filter.js';
import {
  ApiError, connectionOf, groupOf, maybeConnectionOf, parseJson, readNumber, userOf,
} from './call.js';

const BINARY = 'application/octet-stream';
const MIME_JSON = 'application/json';
const TYPES = ['text/plain', MIME_JSON, BINARY];
const MAX_TTL = 300; // seconds

/**
 * @typedef {object} Message what a connection is asked to send to its client
 * @property {string} contentType
 * @property {Buffer} body
 * @property {string} [group]
 * @property {() => string} text the body as text, decoded once for all
 */

function send(call, recipients, group) {
  const type = call.type || BINARY;
  if (!TYPES.includes(type)) {
    throw new ApiError(415, 'UnsupportedMediaType', `a message is ${TYPES.join(', ')}`);
  }
  if (type === MIME_JSON) parseJson(call.body);
  readNumber(call.query, 'messageTtlSeconds', 0, MAX_TTL);
  const matches = filterOf(call.query.get('filter'));
  const excluded = new Set(call.query.getAll('excluded'));
  const message = makeMessage(type, call.body, group);
  const chosen = recipients.filter((c) => !excluded.has(c.id) && matches(c));
  for (const connection of chosen) connection.send(message);
  return { status: 202, note: `to ${chosen.length}` };
}

function makeMessage(contentType, body, group) {
  let text;
  return { contentType, body, group, text: () => (text ??= body.toString('utf8')) };
}

/** An empty filter is no filter. */
export function filterOf(text) {
  if (!text) return () => true;
  const matches = parseFilter(text);
  return ({ id, userId, groups }) => matches({ connectionId: id, userId, groups });
}

export const sendToAll = (call) => send(call, [...call.hub.connections.values()]);

export const sendToUser = (call) => send(call, userOf(call));

export function sendToGroup(call) {
  const group = groupOf(call);
  return send(call, call.hub.groups.members(group), group);
}

export function sendToConnection(call) {
  const strict = call.service.options.missingTarget === 'refuse';
  return send(call, strict ? [connectionOf(call)] : maybeConnectionOf(call));
}
