// How the REST interface closes connections.

import { groupOf, maybeConnectionOf, userOf } from './call.js';

function close({ query }, connections) {
  const excluded = new Set(query.getAll('excluded'));
  const reason = query.get('reason') || 'ClosedByAppServer';
  for (const connection of connections) if (!excluded.has(connection.id)) connection.close(reason);
  return { status: 204 };
}

export const closeAll = (call) => close(call, [...call.hub.connections.values()]);
export const closeGroup = (call) => close(call, call.hub.groups.members(groupOf(call)));
export const closeUser = (call) => close(call, userOf(call));
export const closeConnection = (call) => close(call, maybeConnectionOf(call));
