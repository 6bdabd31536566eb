// The Engine.IO servers of hubs. A hub needs one, and another for each set of limits that its servers
// ask for: engine.io reads some of them when it is made.

import { Server } from 'engine.io';
import { WebSocket, WebSocketServer } from 'ws';

import { refuseBadHandshakes } from './upgrade.js';

const NORMAL = 1000; // close code
const MAX_ENGINES = 16; // of a hub

/** The service says 1000 where engine.io, and ws, would say nothing. */
class PoliteSocket extends WebSocket {
  close(code = NORMAL, reason = undefined) {
    super.close(code, reason);
  }
}

class PoliteServer extends WebSocketServer {
  constructor(options) {
    super({ ...options, WebSocket: PoliteSocket });
  }
}

export class Engines {
  #log;
  #limits;
  #handlers;
  #engines = new Map(); // Hub -> Map of limits -> engine

  /**
   * @param {{options: object, log}} service
   * @param {{onSession: (socket: import('engine.io').Socket, hub) => void,
   *   onError: (error: object) => void, idOf: (req) => string}} handlers
   */
  constructor({ options, log }, handlers) {
    this.#log = log;
    this.#limits = {
      pingInterval: options.pingIntervalMs,
      pingTimeout: options.pingTimeoutMs,
      maxHttpBufferSize: options.maxPayload,
    };
    this.#handlers = handlers;
  }

  #of(hub) {
    if (!this.#engines.has(hub)) this.#engines.set(hub, new Map());
    return this.#engines.get(hub);
  }

  /** The one for new sessions with these limits; of too many different ones the first. */
  engine(hub, limits = this.#limits) {
    const engines = this.#of(hub);
    const key = Object.values(limits).join();
    if (!engines.has(key) && engines.size < MAX_ENGINES) engines.set(key, this.#make(hub, limits));
    return engines.get(key) ?? engines.values().next().value;
  }

  /** The one that a request of an open session is for; of an unknown one any, to refuse it. */
  withSession(hub, id) {
    const own = [...this.#of(hub).values()].find(({ clients }) => Object.hasOwn(clients, id));
    return own ?? this.engine(hub);
  }

  #make(hub, limits) {
    const { onSession, onError, idOf } = this.#handlers;
    const engine = new Server({ ...limits, wsEngine: PoliteServer });
    refuseBadHandshakes(engine.ws, this.#log);
    engine.generateId = idOf;
    engine.on('connection', (socket) => onSession(socket, hub));
    engine.on('connection_error', onError);
    return engine;
  }

  close() {
    for (const engines of this.#engines.values()) {
      for (const engine of engines.values()) engine.close();
    }
  }
}

/** Whether engine.io will refuse a request for a new session, whatever anybody says. */
export function isRefused(engine, req, isUpgrade) {
  engine.prepare(req);
  let code;
  engine.verify(req, isUpgrade, (error) => (code = error));
  return code !== undefined || req._query.EIO !== '4';
}
