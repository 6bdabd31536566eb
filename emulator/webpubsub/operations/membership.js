// How the REST interface fills and empties groups: one connection, one user, or whatever a
// filter selects.

import { INVALID_GROUP, InvalidParameter, notExisted } from '../errors.js';
import { roomOf } from '../groups.js';
import {
  checkedGroup,
  connectionOf,
  groupOf,
  maybeConnectionOf,
  readJson,
  userOf,
} from './call.js';
import { filterOf } from './send.js';

/** Joins at once, or after the delay that is configured to try out slow joins. */
function join({ hub, service }, group, connections) {
  const act = () => {
    for (const connection of connections) {
      if (hub.connections.has(connection.id)) hub.groups.join(group, connection);
    }
  };
  const { joinDelayMs } = service.options;
  if (joinDelayMs > 0) setTimeout(act, joinDelayMs).unref();
  else act();
}

function leave(call, group, connections) {
  warnOfLost(call, connections, (own) => own === group);
  for (const connection of connections) call.hub.groups.leave(group, connection);
}

function leaveAll(call, connections) {
  warnOfLost(call, connections, () => true);
  for (const connection of connections) call.hub.groups.leaveAll(connection);
  return { status: 204 };
}

/** A socket of Socket.IO is told things by way of groups that are not the caller's to take. */
function warnOfLost({ service }, connections, isLeft) {
  for (const connection of connections) {
    const own = connection.ownGroups?.() ?? []; // a native client has none
    const lost = own.filter((group) => connection.groups.has(group) && isLeft(group));
    if (lost.length === 0) continue;
    const rooms = lost.map(roomOf).map(({ namespace, name }) =>
      name ? `the room of socket ${name}` : `namespace ${namespace}`,
    );
    const what = `leaves ${rooms.join(', ')}: what is sent there misses it now`;
    service.log.warn('rest', connection.id, what);
  }
}

function bulk(change) {
  return (call) => {
    const { groups, filter } = readJson(call);
    if (!Array.isArray(groups) || groups.length === 0) {
      throw new InvalidParameter('Groups', INVALID_GROUP);
    }
    if (filter !== undefined && filter !== null && typeof filter !== 'string') {
      throw new InvalidParameter('Filter', 'filter has to be a string');
    }
    groups.forEach(checkedGroup);
    const connections = [...call.hub.connections.values()].filter(filterOf(filter, 'Filter'));
    for (const group of groups) change(call, group, connections);
    return { status: 200, note: `${connections.length} connection(s)` };
  };
}

export const addToGroups = bulk(join);
export const removeFromGroups = bulk(leave);

export function addConnection(call) {
  join(call, groupOf(call), [connectionOf(call, 'Error')]);
  return { status: 200 };
}

export function removeConnection(call) {
  leave(call, groupOf(call), maybeConnectionOf(call));
  return { status: 204 };
}

export const removeConnectionFromAll = (call) => leaveAll(call, maybeConnectionOf(call));

export function addUser(call) {
  const connections = userOf(call);
  if (connections.length === 0) throw notExisted('Warning', 'User', call.params.user);
  join(call, groupOf(call), connections);
  return { status: 200 };
}

export function removeUser(call) {
  leave(call, groupOf(call), userOf(call));
  return { status: 204 };
}

export const removeUserFromAll = (call) => leaveAll(call, userOf(call));
