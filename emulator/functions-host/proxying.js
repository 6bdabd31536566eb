// The host's mode "proxying" (enableProxyingHttpRequest): a reverse proxy that streams responses.

import http from 'node:http';

import { hasNonAscii } from './limits.js';
import {
  HOST_VERSION, deliver, joinHeaders, lengthHeader, pairs, passHeaders, release,
} from './wire.js';

const IDLE_MS = 240_000; // without anything happening
const ATTEMPTS = 10; // to get a response that can be read
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
  'content-length',
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
  async invoke(invocation) {
    // A caller that has sent a body and leaves takes its request back.
    if (invocation.body.length > 0) invocation.res.on('close', invocation.cancel);
    await streamBack(await this.#tryOften(invocation), invocation);
  }

  /** Whatever goes wrong before there is a response, the request is delivered again. */
  async #tryOften(invocation) {
    const { body, signal } = invocation;
    let pauseMs = FIRST_PAUSE_MS;
    let isBodySent = false;
    for (let attempt = 1; ; attempt++) {
      try {
        if (isBodySent) throw new Error('the request has gone, with its body');
        return await this.#try(invocation);
      } catch (error) {
        isBodySent ||= body.length > 0 && error.code !== 'ECONNREFUSED';
        if (signal.aborted || attempt === ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
      }
    }
  }

  async #try({ req, body, port, id, signal }) {
    if (hasNonAscii(req.rawHeaders)) throw new Error('a header that is not ASCII does not pass');
    const options = {
      port,
      signal,
      timeout: IDLE_MS,
      agent: this.#agent,
      method: req.method,
      path: req.url,
      headers: proxiedHeaders(req, body, port, id),
    };
    return deliver(options, body);
  }

  /** Closes idle connections, and from now on every other one after its response. */
  release() {
    release(this.#agent);
  }

  close() {
    this.#agent.destroy();
  }
}

function streamBack(response, { res }) {
  return new Promise((resolve, reject) => {
    if (res.destroyed) {
      response.destroy();
      resolve();
      return;
    }
    try {
      passHeaders(res, pairs(response.rawHeaders).filter(passes));
      res.writeHead(response.statusCode, response.statusMessage);
    } catch (error) {
      reject(error); // Node reads answers that it does not write
      response.destroy();
      return;
    }
    res.on('close', () => response.destroy());
    response.on('error', reject);
    response.on('end', resolve);
    response.pipe(res);
  });
}

const passes = ([name]) => !HOP_BY_HOP.has(name.toLowerCase());

function proxiedHeaders(req, body, port, id) {
  const copied = pairs(req.rawHeaders).filter(
    (pair) => passes(pair) && !REPLACED.has(pair[0].toLowerCase()),
  );
  const isChunked = req.headers['transfer-encoding'] !== undefined;
  const added = [
    ['Host', `127.0.0.1:${port}`],
    ['X-Forwarded-For', req.socket.remoteAddress],
    ['X-Forwarded-Host', req.headers.host],
    ['X-Forwarded-Proto', 'http'],
    ['X-Azure-Functions-HostVersion', HOST_VERSION],
    ['X-Azure-Functions-InvocationId', id],
    ['x-ms-invocation-id', id],
    ...(isChunked ? [['Transfer-Encoding', 'chunked']] : lengthHeader(req.method, body)),
  ];
  return joinHeaders([...copied, ...added.filter(([, value]) => value !== undefined)]).flat();
}
