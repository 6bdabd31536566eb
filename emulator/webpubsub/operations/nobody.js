// A send that reaches nobody is accepted, as the service does, and mostly it is a mistake: what was
// probably meant is said once for each target.

import { groupOf, roomOf } from '../groups.js';

const MAX_TOLD = 1000; // targets that are remembered

const told = new WeakMap(); // hub -> Set of targets that were warned of

/**
 * @param {import('./call.js').Call} call
 * @param {string} [group] that nobody is in
 */
export function warnOfNobody({ hub, params, service }, group) {
  const target = JSON.stringify(params);
  if (!told.has(hub) || told.get(hub).size > MAX_TOLD) told.set(hub, new Set());
  if (told.get(hub).has(target)) return;
  told.get(hub).add(target);
  service.log.warn('rest', 'a send reaches nobody:', reason(hub, params, group));
}

function reason(hub, { user, connection }, group) {
  if (user !== undefined) return `user '${user}' has no connection`;
  if (connection !== undefined) return explainConnection(hub, connection);
  if (group === undefined) return `hub ${hub.name} has no connection`;
  const room = roomOf(group);
  if (room) return `nobody is in room '${room.name}' of namespace ${room.namespace}`;
  const asRoom = groupOf('/', group);
  return `nobody is in group '${group}'; Socket.IO's room of that name in / is group ${asRoom}`;
}

/** Why there is no connection of an id: it may be that of a socket, which is another thing. */
export function explainConnection(hub, id) {
  const owner = [...hub.connections.values()].find((one) => one.hasSocket?.(id));
  if (!owner) return `there is no connection '${id}'`;
  const socket = `'${id}' is a socket; its connection is '${owner.id}'`;
  return `${socket}, its own group in / would be ${groupOf('/', id)}`;
}
