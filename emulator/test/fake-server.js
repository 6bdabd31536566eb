// A server of an application, as far as its line goes: what it hears is recorded, what it answers is
// the test's to say. It knows nothing of Socket.IO.

import { WebSocket } from 'ws';

import { TYPES, decodeFrame, encodeFrame } from '../webpubsub/tunnel/wire.js';
import { signToken } from '../webpubsub/token.js';
import { inTime, until } from './testing.js';

export const SESSION = { upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000 };

/** @param {object} [claims] are added or override @returns {string} the address of a line */
export function lineUrl(service, hub, { claims = {}, key = service.options.accessKeys[0], query = '', token } = {}) {
  const place = `/server/tunnel?hub=${encodeURIComponent(hub)}${query}`;
  const now = Math.floor(Date.now() / 1000);
  const aud = `${service.endpoint.replace(/^http/, 'ws')}${place}`;
  const signed = token ?? signToken({ iat: now, exp: now + 3600, aud, sub: 'process-1', ...claims }, key);
  return `ws://127.0.0.1:${service.port}${place}${signed === '' ? '' : `&access_token=${signed}`}`;
}

export class FakeServer {
  frames = [];
  requests = []; // {path, name, connection, body, headers}
  answer = () => ({});
  #answers = new Map(); // AckId -> {parts, resolve}
  #ack = 0;

  constructor(service, hub, options) {
    this.socket = new WebSocket(lineUrl(service, hub, options));
    this.socket.on('error', () => {});
    this.socket.on('message', (data) => this.#receive(data));
    this.closed = new Promise((resolve) => this.socket.on('close', resolve));
    this.closed.then(() => { // nothing more comes
      for (const { frames, resolve } of this.#answers.values()) resolve(frames);
    });
    this.refused = new Promise((resolve) => {
      this.socket.on('unexpected-response', (_, response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
  }

  /** Resolves when the line is open, as its first frame says. */
  async opened() {
    await until(() => this.frames.length > 0, 'the first frame');
    return this;
  }

  async #receive(data) {
    const frame = decodeFrame(data);
    this.frames.push(frame);
    const { AckId: ackId } = frame.fields;
    if (frame.type === TYPES.request) await this.#hear(ackId, frame);
    if (frame.type !== TYPES.response) return;
    const waiting = this.#answers.get(ackId);
    waiting.frames.push(frame);
    if (!frame.fields.NotCompleted) waiting.resolve(waiting.frames);
  }

  async #hear(ackId, { fields, body }) {
    const header = (name) => fields.Headers[name]?.[0];
    const request = {
      method: fields.HttpMethod, url: fields.Url, name: header('ce-type').split('.').slice(2).join('.'),
      connection: header('ce-connectionId'), body: body?.toString(), headers: fields.Headers,
    };
    this.requests.push(request);
    const isConnect = request.name === 'sys.connect';
    const usual = isConnect ? JSON.stringify({ socketio: { sid: request.connection, ...SESSION } }) : '';
    const answer = await this.answer(request);
    if (answer === undefined) return; // never
    const { status = 200, body: text = usual, parts } = answer;
    const respond = (part, more) => this.send(TYPES.response, {
      AckId: ackId, StatusCode: status, Headers: {}, LocalRouting: fields.LocalRouting,
      ChannelName: fields.ChannelName, NotCompleted: more,
    }, part);
    for (const part of parts ?? []) respond(part, true);
    respond(text, false);
  }

  /** The first request of this name (and connection), now or within the deadline. */
  async heard(name, count = 1) {
    const all = () => this.requests.filter((request) => request.name === name);
    await until(() => all().length >= count, `${name}, ${count} times`);
    return all()[count - 1];
  }

  send(type, fields, body) {
    this.socket.send(encodeFrame(type, fields, body));
  }

  /** Calls the service: the frames of the answer; of a line that closes those that have come. */
  call(method, target, body, { type = 'text/plain', url = `https://host${target}` } = {}) {
    const AckId = ++this.#ack;
    const answered = new Promise((resolve) => this.#answers.set(AckId, { frames: [], resolve }));
    this.send(TYPES.request, {
      AckId, LocalRouting: true, ChannelName: 'c', HttpMethod: method, Url: url,
      Headers: body === undefined ? {} : { 'Content-Type': [type] },
    }, body);
    return inTime(answered, `the answer to ${target}`);
  }

  /** The status of a send to a connection; undefined: the line has closed. */
  async sendTo(hub, connection, text) {
    const target = `/api/hubs/${hub}/connections/${connection}/:send?api-version=2023-07-01`;
    const [frame] = await this.call('POST', target, text);
    return frame?.fields.StatusCode;
  }
}
