// The host's mode "proxying" (enableProxyingHttpRequest): a reverse proxy that streams both ways.

import http from 'node:http';

import { HOST_VERSION, pairs, passHeaders, release } from './wire.js';

const IDLE_MS = 240_000; // without anything happening
const ATTEMPTS = 10; // to connect
const FIRST_PAUSE_MS = 50; // doubled up to the last
const LAST_PAUSE_MS = 250;

/** Headers that are not passed on, in either direction. */
const HOP_BY_HOP = new Set([
  'connection',
  'transfer-encoding',
  'keep-alive',
  'upgrade',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'alt-svc',
  'alpn',
  'close',
  'http2-settings',
  'upgrade-insecure-requests',
  'strict-transport-security',
]);

/** Headers of the caller that the host replaces or removes. */
const REPLACED = new Set([
  'host',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-prefix',
  'x-azure-functions-hostversion',
  'x-azure-functions-invocationid',
  'x-ms-invocation-id',
]);

export class Proxying {
  #agent = new http.Agent({ keepAlive: true });

  /** @param {import('./host.js').Invocation} invocation */
  async invoke({ req, res, port, id }) {
    const options = {
      host: '127.0.0.1',
      port,
      agent: this.#agent,
      method: req.method,
      path: req.url,
      headers: proxiedHeaders(req, port, id),
    };
    let pauseMs = FIRST_PAUSE_MS;
    for (let attempt = 1; ; attempt++) {
      try {
        return await stream(options, req, res);
      } catch (error) {
        if (error.code !== 'ECONNREFUSED' || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
      }
    }
  }

  /** Closes idle connections, and from now on every other one after its response. */
  release() {
    release(this.#agent);
  }

  close() {
    this.#agent.destroy();
  }
}

/** No part of the body is sent before there is a connection, so that the request can be retried. */
function stream(options, req, res) {
  return new Promise((resolve, reject) => {
    const sent = http.request(options);
    const gone = () => sent.destroy(new Error('the caller has gone'));
    res.on('close', gone);
    sent.setTimeout(IDLE_MS, () => sent.destroy(new Error('the connection was idle for too long')));
    sent.on('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => req.pipe(sent));
      else req.pipe(sent);
    });
    sent.on('error', (error) => {
      res.removeListener('close', gone);
      reject(error);
    });
    sent.on('response', (response) => {
      try {
        passHeaders(res, pairs(response.rawHeaders).filter(passes));
        res.writeHead(response.statusCode, response.statusMessage);
      } catch (error) {
        reject(error); // Node reads answers that it does not write
        sent.destroy();
        return;
      }
      response.on('error', (error) => res.destroy(error));
      response.on('end', () => {
        res.removeListener('close', gone);
        resolve();
      });
      response.pipe(res);
    });
  });
}

const passes = ([name]) => !HOP_BY_HOP.has(name.toLowerCase());

function proxiedHeaders(req, port, id) {
  const copied = pairs(req.rawHeaders).filter(
    (pair) => passes(pair) && !REPLACED.has(pair[0].toLowerCase()),
  );
  const { remoteAddress } = req.socket;
  const added = [
    ['Host', `127.0.0.1:${port}`],
    ['X-Forwarded-For', remoteAddress],
    ['X-Forwarded-Host', req.headers.host],
    ['X-Forwarded-Proto', 'http'],
    ['X-Azure-Functions-HostVersion', HOST_VERSION],
    ['X-Azure-Functions-InvocationId', id],
    ['x-ms-invocation-id', id],
  ];
  if (req.headers['transfer-encoding']) added.push(['Transfer-Encoding', 'chunked']);
  return [...copied, ...added.filter(([, value]) => value !== undefined)].flat();
}
