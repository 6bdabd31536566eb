// The service's REST side as the handler sees it: checks each token as the service does, records
// each request byte for byte, and answers as a test tells it to, well or badly.
import { createHmac, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { ACCESS_KEY, connectionString } from './handler.js';
import { Inbox, pause } from './deadline.js';

/** As many as a handler may open at the same moment: Node's 511 are fewer, and the rest would wait for
 * the next SYN, until when a handler may have given up. */
const BACKLOG = 4096;

/**
 * What a script may return for a request; the default is what the service answers when all is well.
 * @typedef {{ status?: number, headers?: object, body?: string|Buffer, delay?: number,
 *   until?: Promise<void>, never?: boolean, reset?: boolean, raw?: string|Buffer,
 *   endless?: boolean }} Answer
 */

/**
 * entraToken: this bearer is accepted instead of tokens that are signed with the access key.
 * host: how the handler is to call this one; `[::1]` listens on IPv6.
 */
export async function startRestRecorder({ accessKey = ACCESS_KEY, entraToken, host = 'localhost' } = {}) {
  const server = http.createServer();
  server.keepAliveTimeout = 60_000;
  server.listen({ port: 0, host: host === '[::1]' ? '::1' : '127.0.0.1', backlog: BACKLOG });
  await once(server, 'listening');
  return new RestRecorder(server, accessKey, entraToken, host);
}

class RestRecorder {
  #server;
  #accessKey;
  #entraToken;
  #sockets = new Set();
  #script = null;

  constructor(server, accessKey, entraToken, host) {
    this.#server = server;
    this.#accessKey = accessKey;
    this.#entraToken = entraToken;
    this.port = server.address().port;
    this.endpoint = `http://${host}:${this.port}`;
    this.connectionString = connectionString(this.endpoint, accessKey);
    /** How many connections the handler has opened. */
    this.connections = 0;
    /** Wrong tokens, unknown routes: a test that expects none looks here. */
    this.faults = [];
    this.arrived = new Inbox('a REST request of the handler');
    server.on('connection', (socket) => {
      this.connections += 1;
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
    });
    server.on('request', (message, response) => this.#serve(message, response));
  }

  /** All requests so far. */
  get requests() {
    return this.arrived.all;
  }

  /** The next request not yet taken: { method, url, path, query, filter, headers, body }. */
  next(wanted, ms) {
    return this.arrived.next(wanted, ms);
  }

  /** `script(request)` returns an Answer, or nothing for the ordinary one. */
  answerWith(script) {
    this.#script = script;
  }

  forget() {
    this.arrived.all.length = 0;
    this.arrived.unread.length = 0;
    this.faults.length = 0;
  }

  /** Listens again on the same port after `close`. */
  async reopen() {
    this.#server.listen({ port: this.port, host: '127.0.0.1', backlog: BACKLOG });
    await once(this.#server, 'listening');
  }

  /** Ends all connections on this side, politely or with a reset; resolves when that is sent. */
  async hangUp({ isReset = false } = {}) {
    await Promise.all([...this.#sockets].map(async (socket) => {
      const done = isReset ? once(socket, 'close') : finished(socket, { readable: false });
      if (isReset) socket.resetAndDestroy();
      else socket.end();
      await done;
    }));
  }

  async close() {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #tokenFault(request) {
    if (!this.#entraToken) return tokenFault(request, this.endpoint, this.#accessKey);
    const isRight = request.headers.authorization === `Bearer ${this.#entraToken}`;
    return isRight ? null : 'not the token of the identity';
  }

  async #serve(message, response) {
    const chunks = [];
    try {
      for await (const chunk of message) chunks.push(chunk);
    } catch {
      return; // whoever gives up a request in its midst has sent none
    }
    const request = describe(message, Buffer.concat(chunks));
    const fault = this.#tokenFault(request) ?? routeFault(request);
    if (fault) this.faults.push(`${request.method} ${request.url}: ${fault}`);
    const answer = this.#script?.(request) ?? ordinaryAnswer(request, fault);
    this.arrived.push(request);
    await sendAnswer(answer, response);
  }
}

function describe(message, body) {
  const url = new URL(message.url, 'http://service');
  return {
    method: message.method,
    url: message.url,
    path: url.pathname,
    query: url.searchParams,
    filter: url.searchParams.get('filter'),
    headers: message.headers,
    body,
    text: body.toString(),
  };
}

/** The service's own rule: the audience is the full address of the request, query included. */
function tokenFault({ url, headers }, endpoint, accessKey) {
  const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
  if (!token) return 'no bearer token';
  const claims = verifyToken(token, accessKey);
  if (!claims) return 'the token is not signed with our key';
  if (claims.aud !== endpoint + url) return `the token is for ${claims.aud}`;
  if (!(claims.exp > Date.now() / 1000)) return 'the token has expired';
  return null;
}

/** The claims of a token that is signed with the key, else null. */
export function verifyToken(token, accessKey = ACCESS_KEY) {
  const parts = token.split('.');
  if (parts.length !== 3) return null;
  const expected = createHmac('sha256', accessKey).update(`${parts[0]}.${parts[1]}`).digest();
  const given = Buffer.from(parts[2], 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  if (parts.some((part) => !/^[A-Za-z0-9_-]+$/.test(part))) return null;
  const header = JSON.parse(Buffer.from(parts[0], 'base64url'));
  if (header.alg !== 'HS256' || header.typ !== 'JWT') return null;
  return JSON.parse(Buffer.from(parts[1], 'base64url'));
}

const ROUTES = [
  [/^POST \/api\/hubs\/[^/]+\/:(addTo|removeFrom)Groups$/, 200, 'application/json'],
  [/^POST \/api\/hubs\/[^/]+\/(groups|connections)\/[A-Za-z0-9_~-]+\/:send$/, 202, 'text/plain'],
  [/^POST \/api\/hubs\/[^/]+\/:send$/, 202, 'text/plain'],
];

const routeOf = ({ method, path }) => ROUTES.find(([route]) => route.test(`${method} ${path}`));

function routeFault(request) {
  const route = routeOf(request);
  if (!route) return 'no such route';
  if (!request.query.get('api-version')) return 'no api-version';
  const [type] = (request.headers['content-type'] ?? '').split(';');
  return type === route[2] ? null : `content type ${type}`;
}

function ordinaryAnswer(request, fault) {
  if (!fault) return { status: routeOf(request)[1] };
  return { status: /token/.test(fault) ? 401 : 400, body: JSON.stringify({ message: fault }) };
}

/** @param {Answer} answer */
export async function sendAnswer(answer, response) {
  if (answer.delay) await pause(answer.delay);
  if (answer.until) await answer.until;
  const { socket } = response;
  if (answer.never || !socket || socket.destroyed) return;
  if (answer.reset) socket.resetAndDestroy();
  else if (answer.raw !== undefined) socket.end(answer.raw);
  else if (answer.endless) sendForever(answer, response);
  else {
    response.writeHead(answer.status ?? 200, answer.headers);
    response.end(answer.body);
  }
}

/** A body that ends only when the other side has had enough. */
function sendForever(answer, response) {
  response.writeHead(answer.status ?? 200, { 'Content-Type': 'text/plain' });
  const piece = Buffer.alloc(64 * 1024, 'x');
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}
