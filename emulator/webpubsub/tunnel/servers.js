// The servers of a service: which line belongs to which process of an application, and which of them
// gets a new client.

import { randomUUID } from 'node:crypto';

import { nearest } from '../../nearest.js';
import { readTarget } from '../target.js';
import { Instance } from './instance.js';
import { Line } from './line.js';

export const MAX_LINES = 100; // of a hub

export class Servers {
  #service;
  #instances = new Map(); // Hub -> Map of key -> Instance

  /** @param {{options, log, rest}} service */
  constructor(service) {
    this.#service = service;
  }

  #of(hub) {
    if (!this.#instances.has(hub)) this.#instances.set(hub, new Map());
    return this.#instances.get(hub);
  }

  /** Whether a hub has so many lines that it takes no other. */
  isFull(hub) {
    return [...this.#of(hub).values()].reduce((sum, { lines }) => sum + lines.length, 0) >= MAX_LINES;
  }

  /**
   * A server has opened a line.
   * @param {string} [key] of its process; without one every line is a process of its own
   */
  accept(hub, socket, key = randomUUID()) {
    const instance = this.#of(hub).get(key) ?? this.#begin(hub, key);
    const { log, rest } = this.#service;
    const line = new Line({
      id: randomUUID(), hub, socket, service: this.#service,
      serve: ({ method, url, headers, body }) => rest.relay({
        method, url: readTarget(url), type: headers['content-type'], body: body ?? Buffer.alloc(0),
      }, hub),
      onEnd: (code) => {
        log.life(line.id, `line of a server of hub '${hub.name}' closed (${code})`);
        instance.remove(line);
      },
    });
    log.life(line.id, `line of a server of hub '${hub.name}' opened`);
    instance.add(line);
  }

  #begin(hub, key) {
    const instance = new Instance(key, {
      graceMs: this.#service.options.serverGraceMs,
      onGone: () => this.#of(hub).delete(key),
    });
    this.#of(hub).set(key, instance);
    return instance;
  }

  /** @returns {Instance | undefined} the one that gets a new client: that with the fewest, if it answers */
  choose(hub) {
    const able = [...this.#of(hub).values()].filter(({ lines }) => lines.length > 0);
    return able.sort((a, b) => a.isSilent - b.isSilent || a.connections.size - b.connections.size)[0];
  }

  /** Sends a request of an event handler behind a line. See Line.request. */
  async send(hub, url, request) {
    const server = this.choose(hub);
    if (server) return server.send(url, request);
    throw new Error(`hub '${hub.name}' has no line: awps-tunnel run --hub ${hub.name} opens one`);
  }

  /** Why a client of a hub finds no server, and what to do. */
  explainNone({ name }) {
    const others = [...this.#instances].filter(([, servers]) => servers.size > 0).map(([hub]) => hub.name);
    const near = nearest(name, others) ?? others[0];
    const meant = near === undefined ? '' : `; hub '${near}' has one: was that meant?`;
    const handlers = this.#service.upstream.hasHandlers(name)
      ? '; its event handlers get events of Socket.IO without --service-mode default' : '';
    return `hub '${name}' has no server: it calls useAzureSocketIO(io, { hub: '${name}', connectionString })`
      + `${meant || ' with the connection string that is printed at the start'}${handlers}`;
  }

  close() {
    for (const servers of this.#instances.values()) {
      for (const instance of [...servers.values()]) {
        for (const line of instance.lines) line.close(1001, 'the service is closing');
        instance.end();
      }
    }
  }
}
