// One hub: its connections, by id and by user, and its groups.

import { Groups } from './groups.js';

export class Hub {
  groups = new Groups();
  connections = new Map(); // id -> connection
  #users = new Map(); // user id -> Set of connections

  /** @param {string} name as first spelt; hub names are compared without case */
  constructor(name, { anonymousConnectPolicy = 'deny' } = {}) {
    this.name = name;
    this.allowsAnonymous = anonymousConnectPolicy === 'allow';
  }

  add(connection) {
    this.connections.set(connection.id, connection);
    const { userId } = connection;
    if (userId === undefined) return;
    if (this.#users.has(userId)) this.#users.get(userId).add(connection);
    else this.#users.set(userId, new Set([connection]));
  }

  /** Forgets a connection and takes it out of every group. */
  remove(connection) {
    if (!this.connections.delete(connection.id)) return;
    this.groups.leaveAll(connection);
    const ofUser = this.#users.get(connection.userId);
    ofUser?.delete(connection);
    if (ofUser?.size === 0) this.#users.delete(connection.userId);
  }

  /** @returns {object[]} the connections of a user: a copy */
  ofUser(userId) {
    return [...(this.#users.get(userId) ?? [])];
  }
}
