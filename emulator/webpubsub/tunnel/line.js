// One line: the WebSocket that a server has opened. Requests and answers go both ways on it; what
// they are about is others' business.

import { Queue } from '../queue.js';
import { Outlet } from './outlet.js';
import {
  FrameError, connectedFrame, readCall, requestFrame, responseFrame, statusFrame,
} from './wire.js';

const MAX_ANSWER = 16 * 1024 * 1024; // bytes of an answer's body, all its parts together
const MAX_PENDING = 10_000; // requests that wait for their answers
const CLOSE_MS = 2000; // for the server's answer to a close
const PROTOCOL_ERROR = 1002;

export class Line {
  #socket;
  #service;
  #serve;
  #calls;
  #outlet;
  #pending = new Map(); // AckId -> {resolve, reject, parts, bytes}
  #nextAck = 1;
  #keepAlive;

  /**
   * @param {{id: string, hub, socket: import('ws').WebSocket, service: {options, log},
   *   serve: (call: import('./wire.js').Call) => Promise<{status: number, text?: string,
   *   stream?: (write: (text: string) => void) => Promise<void>}>, onEnd: (code: number) => void}} setup
   */
  constructor({ id, hub, socket, service, serve, onEnd }) {
    Object.assign(this, { id, hub });
    this.#socket = socket;
    this.#service = service;
    this.#serve = serve;
    const { maxQueuedPackets: count, maxPendingBytes: bytes, tunnelKeepAliveMs } = service.options;
    this.#calls = new Queue({
      count, bytes, failed: (error) => this.#warn(error.stack), onRoom: () => socket.resume(),
    });
    this.#outlet = new Outlet(socket, bytes);
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('error', (error) => this.#warn(`is broken: ${error.message}`));
    socket.on('close', (code) => this.#end(code, onEnd));
    this.#write(connectedFrame(id));
    if (tunnelKeepAliveMs > 0) {
      this.#keepAlive = setInterval(() => this.#beAlive(), tunnelKeepAliveMs);
    }
  }

  get isOpen() {
    return this.#socket.readyState === this.#socket.OPEN;
  }

  // --- to the server --------------------------------------------------------------------------

  /**
   * Sends a request and waits for the whole answer.
   * @param {{method: string, url: string, headers: object, body: string, signal: AbortSignal,
   *   progress?: {status?: number}}} request progress: gets the status when the first part has come
   * @returns {Promise<{status: number, headers: object, body: string}>}
   */
  request({ signal, progress = {}, ...request }) {
    return new Promise((resolve, reject) => {
      if (!this.isOpen) throw new Error('its line is closed');
      if (this.#pending.size >= MAX_PENDING) throw new Error(`${MAX_PENDING} requests wait for it already`);
      const ackId = this.#nextAck++;
      const settle = (act) => (value) => {
        this.#pending.delete(ackId);
        signal.removeEventListener('abort', onAbort);
        act(value);
      };
      const onAbort = settle(() => reject(new Error('given up')));
      signal.addEventListener('abort', onAbort);
      this.#pending.set(ackId, { resolve: settle(resolve), reject: settle(reject), parts: [], bytes: 0, progress });
      this.#outlet.add(() => (this.#pending.has(ackId) ? requestFrame({ ackId, ...request }) : undefined));
    });
  }

  #write(bytes) {
    if (!this.isOpen) return;
    this.#outlet.add(() => bytes, bytes.length);
    if (this.#outlet.isFull) this.#cut();
  }

  #beAlive() {
    if (this.#outlet.isStuck()) this.#cut();
    else this.#write(statusFrame('alive'));
  }

  #cut() {
    this.#warn('leaves unread what it is sent, and is cut: it does not read');
    this.#socket.terminate();
  }

  // --- from the server ------------------------------------------------------------------------

  #receive(data, isBinary) {
    if (!this.isOpen) return; // what was on its way when it was closed
    try {
      if (!isBinary) throw new FrameError('it is text, and frames are bytes');
      const call = readCall(data);
      if (call.isRequest) this.#enqueue(call, data.length);
      else this.#answered(call);
    } catch (error) {
      const isFrame = error instanceof FrameError;
      this.#refuse(isFrame ? `a frame is wrong: ${error.message}` : error.stack);
    }
  }

  #refuse(why) {
    const { log } = this.#service;
    log.refused(['server', this.id, 'broke the protocol:'], why, {
      rule: 'frame', reads: 'that its line is closed (1002)', hub: this.hub.name,
    });
    this.close(PROTOCOL_ERROR, 'protocol error');
  }

  /** A part of an answer; one that nobody waits for any longer is late. */
  #answered({ ackId, status, headers, body, more }) {
    const waiting = this.#pending.get(ackId);
    if (!waiting) return;
    waiting.first ??= { status, headers };
    waiting.progress.status = waiting.first.status;
    if (body !== undefined) waiting.parts.push(body);
    waiting.bytes += body?.length ?? 0;
    if (waiting.bytes > MAX_ANSWER) {
      waiting.reject(new Error(`the answer is larger than ${MAX_ANSWER} bytes`));
    } else if (!more) {
      waiting.resolve({ ...waiting.first, body: Buffer.concat(waiting.parts).toString('utf8') });
    }
  }

  /** Calls take effect one after the other, as they have come: a server relies on that. */
  #enqueue(call, bytes) {
    this.#calls.add(() => this.#carryOut(call), { bytes });
    if (this.#calls.isFull) this.#socket.pause();
  }

  /** Every call is answered: a server waits for that before it sends on. */
  async #carryOut(call) {
    const { status, text, stream } = await this.#serve(call);
    if (!stream) {
      this.#write(responseFrame(call, { status, body: text }));
      return;
    }
    const part = (body) => this.#write(responseFrame(call, { status, body, more: true }));
    part();
    stream(part) // others need not wait until it is over
      .catch((error) => this.#warn(error.stack))
      .then(() => this.#write(responseFrame(call, { status })));
  }

  // --- the end --------------------------------------------------------------------------------

  close(code, reason) {
    this.#socket.close(code, reason);
    const timer = setTimeout(() => this.#socket.terminate(), CLOSE_MS);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #end(code, onEnd) {
    clearInterval(this.#keepAlive);
    for (const { reject } of [...this.#pending.values()]) reject(new Error('its line is gone'));
    onEnd(code);
  }

  #warn(what) {
    this.#service.log.warn('server', this.id, what, { hub: this.hub.name });
  }
}
