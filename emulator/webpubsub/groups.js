// Who is in which group, and how Socket.IO rooms are spelt as groups.
//
// Rooms and namespaces are groups with encoded names; membership is the connection's, not the
// socket's. A connection needs an `id` and a Set `groups`, which is kept here.

const MAX_NAME = 1024; // characters of a group name
const ROOM = /^0~[A-Za-z0-9_-]+~[A-Za-z0-9_-]*$/;

/** The group of a room; without a room, the group of the whole namespace. */
export function groupOf(namespace, room) {
  const encode = (text) => Buffer.from(text).toString('base64url');
  return `0~${encode(namespace)}~${room === undefined ? '' : encode(room)}`;
}

/** @returns {{namespace: string, name: string} | undefined} the room that a group stands for */
export function roomOf(group) {
  if (!ROOM.test(group)) return undefined;
  const decode = (part) => Buffer.from(part, 'base64url').toString();
  const [, namespace, name] = group.split('~').map(decode);
  return { namespace, name };
}

/** @returns {string | undefined} what is wrong with a group name */
export function groupNameFault(name) {
  if (typeof name !== 'string' || name.trim() === '') return 'a group name must not be empty';
  if (name.length > MAX_NAME) return `a group name has at most ${MAX_NAME} characters`;
  // Names of Socket.IO rooms are encoded by programs, so an invalid one is a bug in a program.
  if (name.startsWith('0~') && !ROOM.test(name)) {
    return 'a room is spelt 0~base64url(namespace)~base64url(room), without padding';
  }
  return undefined;
}

export class Groups {
  #members = new Map();

  join(name, connection) {
    connection.groups.add(name);
    const members = this.#members.get(name);
    if (members) members.add(connection);
    else this.#members.set(name, new Set([connection]));
  }

  leave(name, connection) {
    connection.groups.delete(name);
    const members = this.#members.get(name);
    if (!members?.delete(connection)) return;
    if (members.size === 0) this.#members.delete(name);
  }

  leaveAll(connection) {
    for (const name of [...connection.groups]) this.leave(name, connection);
  }

  /** Leaves the groups of every room of a namespace, and the namespace's own. */
  leaveNamespace(namespace, connection) {
    const prefix = groupOf(namespace);
    for (const name of [...connection.groups]) {
      if (name.startsWith(prefix)) this.leave(name, connection);
    }
  }

  has(name) {
    return this.#members.has(name);
  }

  /** @returns {object[]} the connections in a group: a copy, safe to send to */
  members(name) {
    return [...(this.#members.get(name) ?? [])];
  }
}
