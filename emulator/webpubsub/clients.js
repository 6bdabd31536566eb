// The Socket.IO client endpoint, /clients/socketio/hubs/{hub}: who is admitted, CORS, and Engine.IO
// servers for each hub. Transports, heartbeat and upgrades are engine.io's.

import { STATUS_CODES } from 'node:http';

import { admit, describeHandshake, FULL } from './admission.js';
import { SocketIoConnection } from './connection.js';
import { Engines, isRefused } from './engines.js';
import { connectionId } from './ids.js';
import { explainEngine, invalidHub, readsOf } from './misdirected.js';
import { decodeSegment, readTarget } from './target.js';
import { TokenError } from './token.js';
import { Refusal, open } from './tunnel/opening.js';
import { refuseUpgrade } from './upgrade.js';

const PATH = /^\/clients\/socketio\/hubs\/([^/]+)\/?$/;
const TEXT = { 'Content-Type': 'text/plain' };
const POLL_AGAIN_MS = 1000; // a client that polls has this long to fetch the end of its session

export class Clients {
  #service;
  #engines;
  #admitted = new WeakMap(); // handshake request -> claims, description, and perhaps its connection

  /** @param {{options, log, upstream, endpoint, hub: (name: string) => object}} service */
  constructor(service) {
    this.#service = service;
    this.#engines = new Engines(service, {
      onSession: (socket, hub) => this.#begin(socket, hub),
      onError: (error) => this.#refusedByEngine(error),
      idOf: (req) => this.#admitted.get(req).connection?.id ?? this.#newId(),
    });
  }

  #newId() {
    return connectionId(this.#service.options.idsBeginWith);
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
    const refuse = ({ status, message }) => res.writeHead(status, TEXT).end(`${message}\n`);
    if (fault) refuse(fault);
    else if (sessionOf(url)) this.#pass(req, res, hub, sessionOf(url));
    else this.#open(req, hub, false, (engine) => engine.handleRequest(req, res), refuse);
    return true;
  }

  /** The packets of a client that has to wait are not read from its requests. */
  #pass(req, res, hub, id) {
    const pass = () => req.destroyed || this.#engines.withSession(hub, id).handleRequest(req, res);
    const held = req.method === 'POST' && hub.connections.get(id)?.readable?.();
    if (!held) {
      pass();
      return;
    }
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
    const refuse = ({ status, message }) => refuseUpgrade(socket, `${status} ${STATUS_CODES[status]}`, message);
    const id = sessionOf(url);
    if (fault) refuse(fault);
    else if (id) this.#engines.withSession(hub, id).handleUpgrade(req, socket, head);
    else this.#open(req, hub, true, (engine) => engine.handleUpgrade(req, socket, head), refuse);
    return true;
  }

  /** @returns {{status: number, message: string} | undefined} why the request is refused */
  #check(req, url, hub, name) {
    const fault = this.#fault(req, url, hub, name);
    if (fault) this.#tell(fault, url);
    return fault;
  }

  #tell({ status, message, rule }, url) {
    const details = { rule, status, reads: readsOf(status, url) };
    this.#service.log.refused(['client', `refused (${status}):`], message, details);
  }

  #fault(req, url, hub, name) {
    if (!hub) return { status: 400, message: invalidHub(name), rule: 'hubName' };
    const isOpen = Boolean(sessionOf(url));
    if (isOpen && !this.#service.options.checkTokenOnEveryRequest) return undefined;
    const handshake = { url, headers: req.headers };
    const audience = `${this.#service.endpoint}${url.pathname.replace(/\/$/, '')}`;
    try {
      const claims = admit(handshake, audience, { hub, options: this.#service.options });
      if (!isOpen && this.#service.isFull) return { status: 429, message: FULL, rule: 'full' };
      this.#admitted.set(req, { claims, description: describeHandshake(handshake, claims) });
      return undefined;
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { status: 401, message: error.message, rule: 'clientToken' };
    }
  }

  /** In default mode a server is asked first, but not for a request that engine.io refuses anyway. */
  #open(req, hub, isUpgrade, pass, refuse) {
    const any = this.#engines.engine(hub);
    if (this.#service.options.serviceMode !== 'default' || isRefused(any, req, isUpgrade)) {
      pass(any);
      return;
    }
    const admitted = this.#admitted.get(req);
    admitted.forget = whileWaiting(req.socket, () => admitted.connection?.abandon());
    open(hub, this.#newId(), admitted, this.#service).then(({ connection, limits }) => {
      admitted.connection = connection;
      if (req.socket.destroyed) connection.abandon();
      else pass(this.#engines.engine(hub, limits));
    }).catch((error) => {
      admitted.forget();
      const isRefusal = error instanceof Refusal;
      if (isRefusal) this.#tell(error, readTarget(req.url));
      else this.#service.log.warn('client', error.stack);
      refuse(isRefusal ? error : { status: 500, message: 'the stand-in failed' });
    });
  }

  /** A client has its session. */
  #begin(socket, hub) {
    socket.transport.closeTimeout = POLL_AGAIN_MS;
    const { claims, description, connection, forget } = this.#admitted.get(socket.request);
    const service = this.#service;
    if (connection) {
      forget();
      connection.attach(socket);
    } else {
      service.warnOfSilence(hub);
      new SocketIoConnection({ engine: socket, hub, service, claims, request: description });
    }
    service.log.life(socket.id, `opened by ${claims?.sub ?? 'nobody'} (${socket.transport.name})`);
  }

  #refusedByEngine(error) {
    const { connection, forget } = this.#admitted.get(error.req) ?? {};
    connection?.abandon();
    forget?.();
    const context = JSON.stringify(error.context ?? {});
    const where = ['client', 'request refused (400):'];
    const details = { rule: 'engine', status: 400, reads: `400 '${error.message}'` };
    this.#service.log.refused(where, `${explainEngine(error)} ${context}`, details);
  }

  close() {
    this.#engines.close();
  }
}

/** Nobody else listens meanwhile. @returns {() => void} it is over: the next request may have the socket */
function whileWaiting(socket, onClose) {
  const ignore = () => {};
  socket.on('error', ignore).on('close', onClose);
  return () => socket.off('error', ignore).off('close', onClose);
}

/** @returns {string | undefined} undefined: another path */
function hubName({ pathname }) {
  const match = PATH.exec(pathname);
  return match ? (decodeSegment(match[1]) ?? match[1]) : undefined;
}

/** As engine.io reads it: the last one counts, and an empty one asks for a new session. */
const sessionOf = ({ searchParams }) => searchParams.getAll('sid').at(-1);

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
