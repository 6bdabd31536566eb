// The parts put together to one service: Web PubSub for Socket.IO, on one port.

import http from 'node:http';

import { listen } from '../listen.js';
import { isEverywhere } from '../loopback.js';
import { nearest } from '../nearest.js';
import { Clients } from './clients.js';
import { Hub } from './hub.js';
import { makeLog } from './log.js';
import { explainNoRequest, explainPath, readsOf } from './misdirected.js';
import { NativeClients } from './native/endpoint.js';
import { changeFaults, isEndpoint, isHubName, readOptions } from './options.js';
import { Rest } from './rest.js';
import { readTarget } from './target.js';
import { ServerEndpoint } from './tunnel/endpoint.js';
import { Servers } from './tunnel/servers.js';
import { isOfWebSocket, refuseUpgrade, respondAndClose, serveAsPlain } from './upgrade.js';
import { Upstream } from './upstream.js';

const MAX_HEADER = 16 * 1024; // bytes of all headers of a request
const CLOSE_GRACE_MS = 500; // for the last `disconnected` events

/**
 * Starts the service.
 * @param {object} given see options.js; also port, orFree, endpoint, accessKeys, hubs, log, logEntry
 */
export async function startWebPubSub(given = {}) {
  const options = readOptions(given);
  const server = http.createServer({ maxHeaderSize: MAX_HEADER });
  const listening = await listen(server, {
    port: options.port, orFree: options.orFree, host: options.host,
  });
  return new WebPubSub(options, server, listening);
}

class WebPubSub {
  #listening;
  #hubs = new Map(); // name in lower case -> Hub
  #silent = new Set(); // hubs without an event handler that were warned of
  #clients;
  #native;
  #serverEndpoint;

  constructor(options, server, listening) {
    this.options = options;
    this.log = makeLog(options);
    this.port = listening.port;
    this.wantedPort = listening.wanted;
    // Tokens name the endpoint as the connection string spells it, whatever Host says: a client
    // that connects to 127.0.0.1 still presents a token made for localhost.
    // It is a URL: in lower case, and without its scheme's default port.
    this.endpoint = new URL(options.endpoint ?? reachedAt(options.host, this.port)).origin;
    this.servers = new Servers(this);
    this.upstream = new Upstream(options, this.log, new URL(this.endpoint).hostname,
      (hub, ...request) => this.servers.send(this.hub(hub), ...request));
    this.#listening = listening;
    this.#clients = new Clients(this);
    this.#native = new NativeClients(this);
    this.rest = new Rest(this);
    this.#serverEndpoint = new ServerEndpoint(this);
    server.on('request', (req, res) => {
      this.#attempt(
        () => this.#request(req, res),
        () => (res.headersSent ? res.destroy() : res.writeHead(500).end()),
      );
    });
    server.on('clientError', (error, socket) => this.#refuseNoRequest(error, socket));
    server.on('upgrade', (req, socket, head) => {
      this.#attempt(
        () => (isOfWebSocket(req)
          ? this.#upgrade(req, socket, head)
          : serveAsPlain(server, req, socket, head)),
        () => socket.destroy(),
      );
    });
  }

  /** A failure of the stand-in costs one request and not the process. */
  #attempt(serve, refuse) {
    try {
      serve();
    } catch (error) {
      this.log.warn(error.stack);
      refuse();
    }
  }

  /** What the handler's WebPubSubForSocketIOConnectionString is set to. */
  get connectionString() {
    const { protocol, hostname, port } = new URL(this.endpoint);
    const place = port
      ? `Endpoint=${protocol}//${hostname};Port=${port}`
      : `Endpoint=${this.endpoint}`;
    return `${place};AccessKey=${this.options.accessKeys[0]};Version=1.0;`;
  }

  /** @returns {Hub | undefined} the hub of a name, created at its first use; undefined: no name */
  hub(name) {
    const key = name.toLowerCase();
    if (!this.#hubs.has(key)) {
      if (!isHubName(name)) return undefined;
      const configured = Object.entries(this.options.hubs).find(([n]) => n.toLowerCase() === key);
      this.#hubs.set(key, new Hub(configured?.[0] ?? name, configured?.[1]));
    }
    return this.#hubs.get(key);
  }

  /** Is there no room for one more client? */
  get isFull() {
    const { maxConnections } = this.options;
    const count = [...this.#hubs.values()].reduce((sum, { connections }) => sum + connections.size, 0);
    return maxConnections > 0 && count >= maxConnections;
  }

  /** Events of a hub that nobody listens to are lost: said once, when it has a client. */
  warnOfSilence({ name }) {
    if (this.upstream.hasHandlers(name) || this.#silent.has(name)) return;
    this.#silent.add(name);
    const near = nearest(name, Object.keys(this.options.hubs).filter((other) => other !== name));
    const meant = near === undefined ? '' : `; did the client mean hub '${near}'?`;
    const cure = `--hub ${name} --upstream URL, or --hubs FILE, names one${meant}`;
    const what = `hub '${name}' has no event handler, and the first event ends a connection of Socket.IO`;
    this.log.warn('client', `${what}: ${cure}`, { hub: name });
  }

  setEventHandlers(hub, eventHandlers) {
    this.upstream.setEventHandlers(hub, eventHandlers);
  }

  /** See Upstream.validated. */
  handlersValidated(ms) {
    return this.upstream.validated(ms);
  }

  /** Changes faults on purpose, by the names of faults.js, for what comes from now on. */
  setFaults(faults) {
    changeFaults(this.options, faults);
  }

  /**
   * Ends the connections that there are.
   * @param {{hub?: string, cut?: boolean}} [which] hub: only its; cut: without a word, as a network
   *   that breaks off, and not politely
   */
  endConnections({ hub, cut = false } = {}) {
    for (const { name, connections } of [...this.#hubs.values()]) {
      if (hub !== undefined && name.toLowerCase() !== hub.toLowerCase()) continue;
      for (const connection of [...connections.values()]) {
        if (cut) connection.terminate();
        else connection.close('OnPurpose');
      }
    }
  }

  #request(req, res) {
    const url = readTarget(req.url);
    if (!url) {
      this.#refused(400, 'the target of the request is no path', 'malformed');
      return res.writeHead(400).end();
    }
    const parts = [this.#clients, this.#native, this.rest];
    if (parts.some((part) => part.request(req, res, url))) return undefined;
    if (url.pathname === '/') return res.writeHead(200, TEXT).end(`${GREETING}\n`);
    const why = explainPath(url.pathname);
    this.#refused(404, `${req.method}: ${why}`, 'path', readsOf(404, url));
    return res.writeHead(404, TEXT).end(`${why}\n`);
  }

  #upgrade(req, socket, head) {
    const url = readTarget(req.url);
    const parts = [this.#clients, this.#native, this.#serverEndpoint];
    if (url && parts.some((part) => part.upgrade(req, socket, head, url))) return;
    const why = explainPath(url?.pathname ?? req.url);
    this.#refused(404, `no WebSocket: ${why}`, 'path', readsOf(404, url));
    refuseUpgrade(socket, '404 Not Found', `${why}\n`);
  }

  #refused(status, why, rule, reads) {
    this.log.refused(['client', `refused (${status}):`], why, { rule, reads, status });
  }

  /** As Node answers it, but not in silence; a connection that breaks off has asked for nothing. */
  #refuseNoRequest(error, socket) {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const { status, why } = explainNoRequest(error);
    this.#refused(status, why, 'malformed');
    const name = http.STATUS_CODES[status];
    respondAndClose(socket, `HTTP/1.1 ${status} ${name}\r\nConnection: close\r\n\r\n`);
  }

  /** Ends every connection and frees the port. */
  async close() {
    const connections = [...this.#hubs.values()].flatMap((hub) => [...hub.connections.values()]);
    for (const connection of connections) {
      connection.close('ServiceReload', { discard: true });
    }
    const idle = Promise.all(connections.map((connection) => connection.idle()));
    await this.upstream.close(idle, CLOSE_GRACE_MS);
    for (const connection of connections) connection.terminate();
    this.servers.close();
    this.#serverEndpoint.close();
    this.#clients.close();
    this.#native.close();
    await this.#listening.close();
  }
}

/** An address to which 'localhost' does not lead is the endpoint's, if a URL can have it. */
function reachedAt(host = V4, port) {
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  const isLocal = host === V4 || isEverywhere(host) || !isEndpoint(own);
  return isLocal ? `http://localhost:${port}` : own;
}

const V4 = '127.0.0.1';

const TEXT = { 'Content-Type': 'text/plain' };
const GREETING = 'A local stand-in for Azure Web PubSub for Socket.IO.';
