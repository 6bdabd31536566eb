// The endpoint of native Web PubSub clients, /client/hubs/{hub}: who is admitted, what the event
// handler's response to `connect` says, and how a reliable client comes back.

import { randomBytes } from 'node:crypto';
import { WebSocketServer } from 'ws';

import { admit, describeHandshake, FULL } from '../admission.js';
import { groupNameFault } from '../groups.js';
import { connectionId } from '../ids.js';
import { decodeSegment } from '../target.js';
import { invalidHub } from '../misdirected.js';
import { TokenError } from '../token.js';
import { refuseBadHandshakes, refuseUpgrade } from '../upgrade.js';
import { NativeConnection } from './connection.js';
import { PLAIN, RELIABLE } from './protocol.js';

const PATH = /^\/client\/hubs\/([^/]+)\/?$/;
const TOKEN_BYTES = 24;
const GONE = 1008; // the close code after which a reliable client gives up

/** A handshake that is refused with an HTTP status. */
class Refusal extends Error {
  /** @param {string} [rule] of RULES */
  constructor(status, message, rule = 'request') {
    super(message);
    this.status = status;
    this.rule = rule;
  }
}

export class NativeClients {
  #service;
  #server;

  /** @param {{options, log, upstream, endpoint, hub: (name: string) => object}} service */
  constructor(service) {
    this.#service = service;
    this.#server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      maxPayload: service.options.maxPayload,
      handleProtocols: (_, req) => req.subprotocol,
    });
    refuseBadHandshakes(this.#server, service.log);
  }

  /** @returns {boolean} whether a plain request was for this endpoint: it takes WebSockets only */
  request(req, res, url) {
    const name = hubName(url);
    if (name === undefined) return false;
    const isHub = this.#service.hub(name) !== undefined;
    const why = isHub ? 'Only WebSockets are served here.' : invalidHub(name);
    const hint = isHub ? ' Socket.IO clients connect to /clients/socketio/hubs/{hub}' : '';
    const details = { rule: isHub ? 'request' : 'hubName', status: 400 };
    const where = ['client', 'refused (400):', req.method, url.pathname];
    this.#service.log.refused(where, `${why}${hint}`, details);
    res.writeHead(400, { 'Content-Type': 'text/plain' }).end(`${why}\n`);
    return true;
  }

  /** @returns {boolean} whether the upgrade was for this endpoint */
  upgrade(req, socket, head, url) {
    const name = hubName(url);
    if (name === undefined) return false;
    const hub = this.#service.hub(name);
    const away = () => {}; // an error of the socket while the handshake is pending
    socket.on('error', away);
    this.#handshake(req, url, hub, name)
      .then((take) => {
        socket.removeListener('error', away);
        this.#server.handleUpgrade(req, socket, head, take);
      })
      .catch((error) => {
        const refusal = error instanceof Refusal ? error : new Refusal(500, error.stack);
        const { status, rule, message } = refusal;
        const details = { rule, status, reads: `a handshake that fails with ${status}` };
        this.#service.log.refused(['client', `refused (${status}):`], message, details);
        refuseUpgrade(socket, `${refusal.status} Refused`, `${refusal.message}\n`);
      });
    return true;
  }

  /** @returns {Promise<(socket) => void>} what to do with the WebSocket */
  async #handshake(req, url, hub, name) {
    if (!hub) throw new Refusal(400, invalidHub(name), 'hubName');
    const offered = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((p) => p.trim());
    req.subprotocol = offered.find((p) => p === PLAIN || p === RELIABLE) ?? false;
    const former = url.searchParams.get('awps_connection_id');
    if (former !== null) return this.#recover(hub, former, url);
    if (!req.subprotocol && offered[0] !== '') {
      throw new Refusal(400, `the stand-in has none of the subprotocols ${offered}`);
    }
    const handshake = { url, headers: req.headers };
    const claims = this.#admit(handshake, hub, name);
    if (this.#service.isFull) throw new Refusal(429, FULL, 'full');
    const setup = await this.#connect(handshake, hub, claims, offered, req.subprotocol);
    return (socket) => {
      this.#service.warnOfSilence(hub);
      new NativeConnection(setup).open(socket);
    };
  }

  #admit(handshake, hub, name) {
    const { options, endpoint } = this.#service;
    const audience = `${endpoint}/client/hubs/${name}`;
    try {
      return admit(handshake, audience, { hub, options });
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new Refusal(401, error.message, 'clientToken');
    }
  }

  /** @returns {Promise<object>} the parts of a NativeConnection */
  async #connect(handshake, hub, claims, offered, subprotocol) {
    const identity = {
      userId: claims?.sub,
      roles: [claims?.role ?? []].flat(),
      groups: [claims?.['webpubsub.group'] ?? []].flat(),
    };
    const id = connectionId(this.#service.options.idsBeginWith);
    const event = { id, hub, userId: identity.userId, subprotocol: subprotocol || undefined };
    const subprotocols = offered.filter(Boolean);
    const body = { ...describeHandshake(handshake, claims), subprotocols, clientCertificates: [] };
    await this.#askHandler(event, body, identity);
    const fault = identity.groups.map(groupNameFault).find(Boolean);
    if (fault) throw new Refusal(400, fault);
    const reconnectionToken = subprotocol === RELIABLE ? secret() : undefined;
    const service = this.#service;
    return { id, hub, service, subprotocol: event.subprotocol, identity, reconnectionToken };
  }

  /** The event handler may refuse, and may name user, roles, groups and state. */
  async #askHandler(connection, body, identity) {
    const { upstream } = this.#service;
    if (!upstream.wanted(connection.hub.name, { system: true, name: 'connect' })) return;
    let answer;
    try {
      answer = await upstream.deliver({
        connection,
        subprotocol: connection.subprotocol,
        name: 'connect',
        system: true,
        id: 0,
        contentType: 'application/json; charset=utf-8',
        body: JSON.stringify(body),
      });
    } catch (error) {
      throw new Refusal(error.status ?? 500, error.message, 'handler');
    }
    identity.state = answer.headers['ce-connectionstate'];
    if (answer.body === '') return;
    const { userId, roles, groups } = readAnswer(answer.body);
    if (typeof userId === 'string') identity.userId = userId;
    identity.roles.push(...[roles ?? []].flat());
    identity.groups.push(...[groups ?? []].flat());
  }

  #recover(hub, id, url) {
    const connection = hub.connections.get(id);
    const token = url.searchParams.get('awps_reconnection_token');
    const known = connection?.reconnectionToken && connection.reconnectionToken === token;
    if (known) return (socket) => connection.resume(socket);
    this.#service.log.warn('client', id, 'cannot come back: it is no longer known');
    return (socket) => {
      socket.on('error', () => {}); // of what it may still send
      socket.close(GONE, 'The connection cannot be recovered.');
    };
  }

  close() {
    this.#server.close();
  }
}

const secret = () => randomBytes(TOKEN_BYTES).toString('base64url');

/** /client/hubs/{hub}, or the older /client/?hub={hub}; undefined: another path */
function hubName(url) {
  const match = PATH.exec(url.pathname);
  if (match) return decodeSegment(match[1]) ?? match[1];
  return /^\/client\/?$/.test(url.pathname) ? (url.searchParams.get('hub') ?? '') : undefined;
}

function readAnswer(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    throw new Refusal(500, "the event handler's response to connect is not JSON");
  }
}
