// A reverse proxy, plain or behind TLS: the other name, the other clock, the other certificate and
// the slowness that a service or a function app may have in front of it.
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { closeServer } from './close-server.js';
import { pause } from './deadline.js';

/** Headers that are about one connection only. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'transfer-encoding'];

/**
 * Starts a proxy; requests get through once `to(port)` has said where they go.
 * @param {{ tls?: { key: string, cert: string }, clockOffMs?: number, delayMs?: number,
 *   refuse?: (path: string) => number | undefined }} [options]
 *   clockOffMs: how far the clock is off that the answers' Date is read from; delayMs: how long
 *   every request takes; refuse: the status with which a request is not passed on
 */
export async function startProxy({
  tls, clockOffMs = 0, delayMs = 0, refuse = () => undefined,
} = {}) {
  const server = tls ? https.createServer(tls) : http.createServer();
  server.on('tlsClientError', () => {}); // a client that does not like the certificate
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new ReverseProxy(server, { scheme: tls ? 'https' : 'http', clockOffMs, delayMs, refuse });
}

class ReverseProxy {
  #server;
  #options;
  #target;
  #agent = new http.Agent({ keepAlive: true });

  constructor(server, options) {
    this.#server = server;
    this.#options = options;
    /** What was asked for, as `GET /path`. */
    this.requests = [];
    server.on('request', (request, response) => this.#pass(request, response));
  }

  get port() {
    return this.#server.address().port;
  }

  get url() {
    return `${this.#options.scheme}://localhost:${this.port}`;
  }

  /** Sends all requests to this port of 127.0.0.1. */
  to(port) {
    this.#target = port;
  }

  async close() {
    this.#agent.destroy();
    await closeServer(this.#server);
  }

  async #pass(request, response) {
    const { method, url, headers } = request;
    this.requests.push(`${method} ${url.split('?')[0]}`);
    if (this.#options.delayMs > 0) await pause(this.#options.delayMs);
    const refusal = this.#options.refuse(url);
    if (refusal) {
      response.writeHead(refusal, this.#answerHeaders({})).end();
      return;
    }
    const options = { port: this.#target, agent: this.#agent, method, path: url, headers };
    const onward = http.request({ host: '127.0.0.1', ...options });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy()); // the caller has what it wants, or has gone
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode, this.#answerHeaders(answer.headers));
      answer.pipe(response);
    });
    request.pipe(onward);
  }

  #answerHeaders(headers) {
    const passed = Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.includes(name));
    const date = new Date(Date.now() + this.#options.clockOffMs).toUTCString();
    return { ...Object.fromEntries(passed), date };
  }
}
