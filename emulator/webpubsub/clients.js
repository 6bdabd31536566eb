// The Socket.IO client endpoint, /clients/socketio/hubs/{hub}: who is admitted, CORS, and one
// Engine.IO server for each hub. Transports, heartbeat and upgrades are engine.io's.

import { STATUS_CODES } from 'node:http';
import { Server } from 'engine.io';
import { WebSocket, WebSocketServer } from 'ws';

import { admit, describeHandshake, FULL } from './admission.js';
import { SocketIoConnection } from './connection.js';
import { connectionId } from './ids.js';
import { explainEngine, invalidHub, readsOf } from './misdirected.js';
import { decodeSegment } from './target.js';
import { TokenError } from './token.js';
import { refuseBadHandshakes, refuseUpgrade } from './upgrade.js';

const PATH = /^\/clients\/socketio\/hubs\/([^/]+)\/?$/;
const TEXT = { 'Content-Type': 'text/plain' };
const NORMAL = 1000; // close code
const POLL_AGAIN_MS = 1000; // a client that polls has this long to fetch the end of its session

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

export class Clients {
  #service;
  #engines = new Map(); // Hub -> engine.io Server
  #admitted = new WeakMap(); // handshake request -> claims and description

  /** @param {{options, log, upstream, endpoint, hub: (name: string) => object}} service */
  constructor(service) {
    this.#service = service;
  }

  /** @returns {boolean} whether the request was for this endpoint */
  request(req, res, url) {
    const name = hubName(url);
    if (name === undefined) return false;
    allowOrigin(req, res);
    if (req.method === 'OPTIONS') {
      res.writeHead(204, preflight(req)).end();
      return true;
    }
    const hub = this.#service.hub(name);
    const fault = this.#check(req, url, hub, name);
    if (fault) res.writeHead(fault.status, TEXT).end(`${fault.message}\n`);
    else this.#pass(req, res, url, hub);
    return true;
  }

  /** The packets of a client that has to wait are not read from its requests. */
  #pass(req, res, url, hub) {
    const connection = hub.connections.get(url.searchParams.getAll('sid').at(-1));
    const held = req.method === 'POST' && connection?.readable?.();
    if (!held) {
      this.#engine(hub).handleRequest(req, res);
      return;
    }
    const pass = () => req.destroyed || this.#engine(hub).handleRequest(req, res);
    held.then(pass).catch((error) => {
      this.#service.log.warn('client', error.stack);
      res.destroy();
    });
  }

  /** @returns {boolean} whether the upgrade was for this endpoint */
  upgrade(req, socket, head, url) {
    const name = hubName(url);
    if (name === undefined) return false;
    const hub = this.#service.hub(name);
    const fault = this.#check(req, url, hub, name);
    if (fault) refuseUpgrade(socket, `${fault.status} ${STATUS_CODES[fault.status]}`, fault.message);
    else this.#engine(hub).handleUpgrade(req, socket, head);
    return true;
  }

  /** @returns {{status: number, message: string} | undefined} why the request is refused */
  #check(req, url, hub, name) {
    const fault = this.#fault(req, url, hub, name);
    if (!fault) return undefined;
    const { status, message, rule } = fault;
    const details = { rule, status, reads: readsOf(status, url) };
    this.#service.log.refused(['client', `refused (${status}):`], message, details);
    return fault;
  }

  #fault(req, url, hub, name) {
    if (!hub) return { status: 400, message: invalidHub(name), rule: 'hubName' };
    // As engine.io reads it: the last one counts, and an empty one asks for a new session.
    const open = Boolean(url.searchParams.getAll('sid').at(-1));
    if (open && !this.#service.options.checkTokenOnEveryRequest) return undefined;
    const handshake = { url, headers: req.headers };
    const audience = `${this.#service.endpoint}${url.pathname.replace(/\/$/, '')}`;
    try {
      const claims = admit(handshake, audience, { hub, options: this.#service.options });
      if (!open && this.#service.isFull) return { status: 429, message: FULL, rule: 'full' };
      this.#admitted.set(req, { claims, description: describeHandshake(handshake, claims) });
      return undefined;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { status: 401, message: error.message, rule: 'clientToken' };
    }
  }

  #engine(hub) {
    if (!this.#engines.has(hub)) this.#engines.set(hub, this.#makeEngine(hub));
    return this.#engines.get(hub);
  }

  #makeEngine(hub) {
    const { pingIntervalMs, pingTimeoutMs, maxPayload, idsBeginWith } = this.#service.options;
    const engine = new Server({
      pingInterval: pingIntervalMs,
      pingTimeout: pingTimeoutMs,
      maxHttpBufferSize: maxPayload,
      wsEngine: PoliteServer,
    });
    refuseBadHandshakes(engine.ws, this.#service.log);
    engine.generateId = () => connectionId(idsBeginWith);
    engine.on('connection', (socket) => {
      socket.transport.closeTimeout = POLL_AGAIN_MS;
      const { claims, description } = this.#admitted.get(socket.request);
      const service = this.#service;
      service.warnOfSilence(hub);
      new SocketIoConnection({ engine: socket, hub, service, claims, request: description });
      service.log.life(
        socket.id,
        `opened by ${claims?.sub ?? 'nobody'} (${socket.transport.name})`,
      );
    });
    engine.on('connection_error', (error) => {
      const context = JSON.stringify(error.context ?? {});
      const where = ['client', 'request refused (400):'];
      const details = { rule: 'engine', status: 400, reads: `400 '${error.message}'` };
      this.#service.log.refused(where, `${explainEngine(error)} ${context}`, details);
    });
    return engine;
  }

  close() {
    for (const engine of this.#engines.values()) engine.close();
  }
}

/** @returns {string | undefined} undefined: another path */
function hubName({ pathname }) {
  const match = PATH.exec(pathname);
  return match ? (decodeSegment(match[1]) ?? match[1]) : undefined;
}

/** The page is on another origin and socket.io-client may send credentials. */
function allowOrigin(req, res) {
  const { origin } = req.headers;
  if (origin === undefined) return;
  res.setHeader('Access-Control-Allow-Origin', origin);
  res.setHeader('Access-Control-Allow-Credentials', 'true');
  res.setHeader('Vary', 'Origin');
}

function preflight(req) {
  return {
    'Access-Control-Allow-Methods': 'GET,POST,OPTIONS',
    'Access-Control-Allow-Headers': req.headers['access-control-request-headers'] ?? '',
  };
}
