// What tests of the service need: an event handler that records what it gets and responds as told,
// tokens, and REST calls. The service itself uses nothing of this.

import http from 'node:http';
import { WebSocket } from 'ws';

import { listen } from '../listen.js';
import { signToken } from '../webpubsub/token.js';

/** A Java program that lives for a second is not worth a compiler's best. */
export const JAVA = { JAVA_TOOL_OPTIONS: '-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' };

const WAIT_MS = 30_000; // for an expected event: on a busy machine, too

/**
 * Starts an event handler. Every request is recorded in `events`; responses are made by
 * `handler.answer(event)`, which may be replaced and may return {status, headers, body}.
 */
export async function startHandler({ allow = '*', port = 0 } = {}) {
  const server = http.createServer();
  const listening = await listen(server, { port });
  const waiting = new Set();
  const handler = {
    allow,
    answer: () => ({}), // undefined cuts the connection
    validationStatus: () => 200, // of a method
    events: [],
    validations: [],
    url: `http://127.0.0.1:${listening.port}/eventhandler`,
    settings: {
      urlTemplate: `http://127.0.0.1:${listening.port}/eventhandler`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    },
    /** The first recorded event that matches, now or within the deadline. */
    event(matches) {
      const test = typeof matches === 'string' ? (e) => e.name === matches : matches;
      const found = handler.events.find(test);
      if (found) return Promise.resolve(found);
      const coming = new Promise((resolve) => {
        waiting.add((event) => test(event) && resolve(event));
      });
      return inTime(coming, `event ${matches}`);
    },
    close: () => listening.close(),
  };
  server.on('request', async (req, res) => {
    const chunks = [];
    for await (const chunk of req) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const { method, headers: given, rawHeaders, url, socket } = req;
    if (method !== 'POST') {
      handler.validations.push({ method, headers: given, url });
      const headers = handler.allow ? { 'WebHook-Allowed-Origin': handler.allow } : {};
      res.writeHead(handler.validationStatus(method), headers).end();
      return;
    }
    const event = { name: given['ce-eventname'], headers: given, rawHeaders, url, body, socket };
    handler.events.push(event);
    for (const waiter of waiting) waiter(event);
    const answer = await handler.answer(event);
    if (answer === undefined) {
      socket.destroy();
      return;
    }
    const { status = 200, headers = {}, body: text = '' } = answer;
    const type = text === '' ? {} : { 'Content-Type': 'text/plain' };
    res.writeHead(status, { ...type, ...headers }).end(text);
  });
  return handler;
}

/** A client token for a hub; `claims` are added or override. */
export function clientToken(service, hub, claims = {}, path = '/clients/socketio/hubs/') {
  const now = Math.floor(Date.now() / 1000);
  const aud = `${service.endpoint}${path}${hub}`;
  return signToken({ iat: now, exp: now + 600, aud, ...claims }, service.options.accessKeys[0]);
}

/**
 * A REST call with a token made for it.
 * @param {string} path from /api/hubs/… on, with the query except api-version
 */
export async function rest(service, method, path, more = {}) {
  const { body, type = 'text/plain', version = '2024-12-01', token, aud } = more;
  const target = `${path}${path.includes('?') ? '&' : '?'}api-version=${version}`;
  const url = `${service.endpoint}${target}`;
  const exp = Math.floor(Date.now() / 1000) + 60;
  const bearer = token ?? signToken({ aud: aud ?? url, exp }, service.options.accessKeys[0]);
  const headers = { Authorization: `Bearer ${bearer}` };
  if (body !== undefined) headers['Content-Type'] = type;
  return request(`http://127.0.0.1:${service.port}${target}`, { method, headers, body });
}

/** One HTTP request with its whole response; the target is sent as it is spelt. */
export function request(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const target = url.slice(new URL(url).origin.length);
    const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) };
    const options = { method, path: target, headers: { ...headers, ...length } };
    const sent = http.request(new URL(url), options, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString('utf8');
      resolve({ status: response.statusCode, headers: response.headers, text });
    });
    sent.setTimeout(WAIT_MS, () => sent.destroy(new Error('no answer in time')));
    sent.on('error', reject);
    sent.end(body);
  });
}

/** The first argument of an emitter's next event of this name, within the deadline. */
export function next(emitter, name) {
  return inTime(new Promise((resolve) => emitter.once(name, resolve)), `'${name}'`);
}

/** The address of the client endpoint, with a token unless the query brings one. */
export function clientUrl(service, hub, query = {}, scheme = 'http') {
  const parameters = { EIO: '4', access_token: clientToken(service, hub), ...query };
  for (const [name, value] of Object.entries(parameters)) {
    if (value === undefined) delete parameters[name];
  }
  const search = new URLSearchParams(parameters);
  return `${scheme}://127.0.0.1:${service.port}/clients/socketio/hubs/${hub}/?${search}`;
}

/** The address of the native endpoint, with a token unless the query brings one. */
export function nativeUrl(service, hub, claims, query = {}) {
  const access_token = clientToken(service, hub, claims, '/client/hubs/');
  const search = new URLSearchParams({ access_token, ...query });
  return `ws://127.0.0.1:${service.port}/client/hubs/${hub}?${search}`;
}

/** Waits until a check, or its promise, is true: for what has no event that could be awaited. */
export async function until(check, what) {
  const end = Date.now() + WAIT_MS;
  while (!(await check())) {
    if (Date.now() > end) throw new Error(`${what} did not happen in time`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** A bare WebSocket whose messages are kept until they are asked for. */
export class RawSocket {
  #messages = [];
  #waiting = [];

  constructor(url, protocols, options) {
    this.socket = new WebSocket(url, protocols, options);
    this.socket.on('error', () => {}); // what matters is that it closes
    this.socket.on('message', (data, isBinary) => {
      const message = isBinary ? data : data.toString();
      const waiter = this.#waiting.shift();
      if (waiter) waiter(message);
      else this.#messages.push(message);
    });
    this.opened = new Promise((resolve) => this.socket.on('open', resolve));
    this.closed = new Promise((resolve) => {
      this.socket.on('close', (code, reason) => resolve({ code, reason: reason.toString() }));
    });
    this.refused = new Promise((resolve) => {
      this.socket.on('unexpected-response', (_, response) => {
        resolve(response.statusCode);
        response.destroy();
        this.socket.terminate();
      });
    });
  }

  /** The next message: text, or a Buffer. */
  next() {
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.shift());
    return inTime(new Promise((resolve) => this.#waiting.push(resolve)), 'a message');
  }

  /** The next message that is not an Engine.IO ping. */
  async packet() {
    for (;;) {
      const message = await this.next();
      if (message !== '2') return message;
    }
  }

  /** The next message, read as JSON. */
  async json() {
    return JSON.parse(await this.next());
  }

  send(message) {
    this.socket.send(
      typeof message === 'object' && !Buffer.isBuffer(message) ? JSON.stringify(message) : message,
    );
  }

  close() {
    this.socket.close();
  }
}

/** The promise's value, or an error when it takes too long. */
export async function inTime(promise, what, ms = WAIT_MS) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} in time`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether there is a process with this id. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
