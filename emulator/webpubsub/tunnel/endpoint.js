// The endpoint of servers, /server/tunnel: who may open a line. A refusal is told loudly, because a
// server that is refused tries again for ever and says nothing.

import { STATUS_CODES } from 'node:http';
import { WebSocketServer } from 'ws';

import { sameAudience } from '../admission.js';
import { hubNameFault } from '../options.js';
import { TokenError, verifyToken } from '../token.js';
import { refuseBadHandshakes, refuseUpgrade } from '../upgrade.js';
import { MAX_LINES } from './servers.js';

export const PATH = '/server/tunnel';

const MAX_FRAME = 16 * 1024 * 1024; // bytes; what is too large for a REST call is answered 413
const TOKEN = /([?&])access_token=[^&]*&?/;

export class ServerEndpoint {
  #service;
  #webSockets = new WebSocketServer({ noServer: true, clientTracking: false, maxPayload: MAX_FRAME });

  /** @param {{options, log, endpoint, upstream, servers, hub: (name: string) => object}} service */
  constructor(service) {
    this.#service = service;
    refuseBadHandshakes(this.#webSockets, service.log);
  }

  /** @returns {boolean} whether the upgrade was for this endpoint */
  upgrade(req, socket, head, url) {
    if (url.pathname !== PATH) return false;
    const name = url.searchParams.get('hub') ?? '';
    const hub = this.#service.hub(name);
    const { fault, key } = this.#admit(req, url, hub, name);
    if (fault) this.#refuse(socket, fault, name);
    else this.#webSockets.handleUpgrade(req, socket, head, (ws) => this.#service.servers.accept(hub, ws, key));
    return true;
  }

  #refuse(socket, { status, rule, message }, hub) {
    const where = ['server', `of hub '${hub}' refused (${status}):`];
    const reads = 'nothing, and tries again every 2 s';
    this.#service.log.refused(where, message, { rule, status, reads, hub });
    refuseUpgrade(socket, `${status} ${STATUS_CODES[status]}`, `${message}\n`);
  }

  /** @returns {{fault?: {status: number, rule: string, message: string}, key?: string}} key: of the process */
  #admit(req, url, hub, name) {
    const { options, upstream, servers } = this.#service;
    if (!hub) return { fault: { status: 400, rule: 'hubName', message: hubNameFault(name) } };
    if (options.serviceMode !== 'default' && !upstream.hasTunnel(hub.name)) {
      return { fault: { status: 400, rule: 'mode', message: WRONG_MODE } };
    }
    const message = `it has ${MAX_LINES} lines of servers already`;
    if (servers.isFull(hub)) return { fault: { status: 429, rule: 'line', message } };
    try {
      return { key: this.#keyOf(req, url) };
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      return { fault: { status: 401, rule: 'line', message: error.message } };
    }
  }

  /** What tells the processes apart: a token of Entra's does not. */
  #keyOf(req, url) {
    const { options, endpoint } = this.#service;
    const token = url.searchParams.get('access_token');
    if (!token) throw new TokenError(NO_TOKEN);
    if (options.identityTokens.includes(token)) return undefined;
    const target = req.url.replace(TOKEN, '$1').replace(/[?&]$/, '');
    const wanted = `${endpoint}${target}`;
    const audience = (aud) => sameAudience(aud.replace(/^ws/i, 'http'), wanted, options.audience);
    const { accessKeys: keys, clockSkewSeconds: skew } = options;
    const { sub } = verifyToken(token, {
      keys, audience, wanted: wanted.replace(/^http/, 'ws'), now: options.clock() / 1000, skew,
    });
    return typeof sub === 'string' ? sub : undefined;
  }

  close() {
    this.#webSockets.close();
  }
}

const NO_TOKEN = 'there is no access_token: useAzureSocketIO makes one of the connection string';
const WRONG_MODE = 'the service is in serverless mode, where event handlers get the events: '
  + '--service-mode default is for servers that call useAzureSocketIO';
