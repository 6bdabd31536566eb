// The sends of the REST interface: to all, a group, a user, a connection.

import { ApiError, InvalidParameter } from '../errors.js';
import { FilterError, parseFilter } from '../filter.js';
import { Message, dataTypeOf } from '../message.js';
import {
  connectionOf,
  groupOf,
  maybeConnectionOf,
  parseJson,
  readNumber,
  userOf,
} from './call.js';
import { warnOfNobody } from './nobody.js';

const MAX_TTL = 300; // seconds

function send(call, recipients, group) {
  const dataType = dataTypeOf(call.type || 'application/octet-stream');
  if (!dataType) throw new ApiError(415, 'UnsupportedMediaType', `messages cannot be ${call.type}`);
  if (dataType === 'json') parseJson(call.body);
  readNumber(call.query, 'messageTtlSeconds', 0, MAX_TTL);
  const matches = filterOf(call.query.get('filter'), 'filter');
  const excluded = new Set(call.query.getAll('excluded'));
  const message = new Message({
    from: group ? 'group' : 'server',
    group,
    dataType,
    body: call.body,
  });
  if (recipients.length === 0 && !call.ofServer) warnOfNobody(call, group);
  const chosen = recipients.filter((c) => !excluded.has(c.id) && matches(c));
  for (const connection of chosen) connection.send(message);
  return { status: 202, note: `to ${chosen.length}` };
}

/** An empty filter is no filter. @param {string} target where it stands, as errors name it */
export function filterOf(text, target) {
  if (!text) return () => true;
  const matches = readFilter(text, target);
  return ({ id, userId, groups }) => matches({ connectionId: id, userId, groups });
}

function readFilter(text, target) {
  try {
    return parseFilter(text);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    const message = `Invalid syntax for '${text}': ${error.message}. (Parameter 'filter')`;
    throw new InvalidParameter(target, message);
  }
}

export const sendToAll = (call) => send(call, [...call.hub.connections.values()]);

export const sendToUser = (call) => send(call, userOf(call));

export function sendToGroup(call) {
  const group = groupOf(call);
  return send(call, call.hub.groups.members(group), group);
}

export function sendToConnection(call) {
  const strict = call.service.options.missingTarget === 'refuse';
  return send(call, strict ? [connectionOf(call, 'Warning')] : maybeConnectionOf(call));
}
