// One client of Socket.IO whose events go to a server, where its sockets live: what passes on in both
// directions, and the little that the service does by itself, because no call ever asks for it.

import { cut, atExpiry, reasonOf } from '../engine.js';
import { limitLife } from '../faults.js';
import { groupOf } from '../groups.js';
import { Intake } from '../intake.js';
import { Output } from '../output.js';
import { PacketReader, PacketType, disconnect } from '../packets.js';
import { Permissions } from '../permissions.js';
import { Queue } from '../queue.js';
import { Invocations } from './invocations.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const PONG = '3';
const SEPARATOR = '\x1e'; // between the packets of one payload
const MAX_JOINED = 256 * 1024; // characters of payloads that go together

export class RelayedConnection {
  groups = new Set();
  permissions = new Permissions(); // can be granted, but nothing of Socket.IO asks for them
  #service;
  #request;
  #claims;
  #engine;
  #output;
  #intake;
  #reader = new PacketReader((packet) => this.#accept(packet));
  #queue;
  #unsent = []; // payloads that wait for the answer to the one before
  #namespaces = new Set(); // in which it is
  #invocations = new Invocations();
  #nextEvent = 0;
  #expiry;
  #ended = false;
  #isDropped = false; // the server has ended it, and hears nothing more of it but that

  /**
   * @param {{id: string, hub, server: import('./instance.js').Instance,
   *   service: {options, upstream, log}, claims?: object, request}} setup request: how `connect`
   *   describes the handshake
   */
  constructor({ id, hub, server, service, claims, request }) {
    Object.assign(this, { id, hub, server, userId: claims?.sub });
    this.#service = service;
    this.#request = request;
    this.#claims = claims;
    const { maxQueuedPackets: count, maxPendingBytes: bytes } = service.options;
    const failed = (error) => service.log.warn('client', id, error.stack);
    this.#queue = new Queue({ count, bytes, failed, onRoom: () => this.#intake.release() });
    server.connections.add(this);
  }

  /**
   * Asks the server for a session, which comes before Engine.IO's own handshake.
   * @returns {Promise<{status: number, body: string}>}
   * @throws {import('../upstream.js').UpstreamError} the server refuses, or does not answer
   */
  async ask() {
    const { claims, query, headers } = this.#request;
    const body = JSON.stringify({ claims, query, headers, clientCertificates: [] });
    try {
      return await this.#deliver({ name: 'connect', system: true, contentType: JSON_TYPE, body });
    } catch (error) {
      if (error.status === undefined) this.abandon(); // it may have made one all the same
      else this.server.connections.delete(this);
      throw error;
    }
  }

  /** The client has its session; but the server's may have ended meanwhile. */
  attach(engine) {
    if (this.#ended) {
      engine.close(true);
      return;
    }
    this.#engine = engine;
    this.#intake = new Intake(engine);
    this.#output = new Output(engine, this.#service, {
      onSlow: () => this.#dropSlow(),
      onWrite: (text) => this.#log('->', text),
    });
    this.hub.add(this);
    limitLife(this, this.#service.options);
    this.#expiry = atExpiry(this.#claims, this.#service.options, () => this.close('TokenExpired'));
    engine.on('data', (message) => this.#receive(message));
    engine.on('close', (reason) => this.#end(reasonOf(reason)));
    if (this.server.isGone) this.close('ServerLost');
  }

  get isAttached() {
    return this.#engine !== undefined;
  }

  /** The server has made a session, but the client is not there any more. */
  abandon() {
    if (!this.isAttached) this.#end('');
  }

  // --- from the client ------------------------------------------------------------------------

  #receive(message) {
    if (this.#ended) return;
    this.#log('<-', typeof message === 'string' ? message : '(binary)');
    try {
      this.#reader.add(message);
    } catch (error) {
      const details = { rule: 'protocol', reads: "'transport close'", connection: this.id };
      this.#service.log.refused(['client', this.id, 'broke the protocol:'], error.message, details);
      this.close('ProtocolError');
    }
  }

  /** What fits the state of a namespace is for the server to say. */
  #accept({ type, namespace, id, payload }) {
    if (type === PacketType.ACK && this.#invocations.answer(id, payload)) return;
    if (type === PacketType.DISCONNECT) this.#leave(namespace);
    this.#forward(payload, { alone: type === PacketType.CONNECT });
    if (this.#queue.isFull && !this.#ended) this.#intake.hold();
  }

  /** Resolves when the client may send more. */
  readable() {
    return this.#intake.open();
  }

  /**
   * What waits for the answer to the payload before goes together. alone: nothing goes with it: a server
   * ends a client whose event comes with its CONNECT.
   */
  #forward(payload, { alone = false } = {}) {
    this.#unsent.push({ payload, alone });
    this.#queue.add(() => this.#send(), { bytes: Buffer.byteLength(payload) });
  }

  #takeUnsent() {
    const { payload, alone } = this.#unsent[0];
    let [count, length] = [1, payload.length];
    while (!alone && count < this.#unsent.length && !this.#unsent[count].alone) {
      length += this.#unsent[count].payload.length;
      if (length > MAX_JOINED) break;
      count += 1;
    }
    return this.#unsent.splice(0, count).map((one) => one.payload).join(SEPARATOR);
  }

  async #send() {
    if (this.#isDropped || this.#unsent.length === 0) return;
    const body = this.#takeUnsent();
    try {
      await this.#deliver({ name: 'message', system: false, contentType: 'text/plain', body });
    } catch (error) {
      if (this.#ended) return; // and the server's session may have ended as well
      this.#service.log.refused(['client', this.id], error.message, {
        rule: 'serverEvents', reads: "'transport close'", connection: this.id, status: error.status,
      });
      this.close('UpstreamFailed');
    }
  }

  #deliver(event) {
    return this.#service.upstream.deliver({ connection: this, id: this.#nextEvent++, ...event });
  }

  // --- from the server ------------------------------------------------------------------------

  /** @param {import('../message.js').Message} message of a send */
  send(message) {
    const { items, fault } = message.serverPayload();
    for (const item of items) {
      if (this.#ended) return;
      this.#carryOut(item);
    }
    if (fault) message.warn(() => this.#service.log.warn('client', this.id, `cannot be sent a payload: ${fault}`));
  }

  #carryOut(item) {
    if (item.kind === 'message') this.#pass(item);
    else if (item.kind === 'ping') this.#pong();
    else if (item.kind === 'close') this.close('ClosedByAppServer', { byServer: true });
  }

  /** Engine.IO's session with the client has pings of its own. One answer is enough for many. */
  #pong() {
    if (this.#unsent.at(-1)?.payload !== PONG) this.#forward(PONG);
  }

  #pass(item) {
    const { type, namespace } = item;
    if (type === PacketType.DISCONNECT) {
      this.#disconnect(item);
    } else if (type === PacketType.CONNECT) {
      this.#namespaces.add(namespace);
      this.hub.groups.join(groupOf(namespace), this);
      this.#output.write(item);
    } else if (type === PacketType.CONNECT_ERROR || this.#namespaces.has(namespace)) {
      this.#output.write(item);
    }
  }

  /**
   * The client is told once, and in plain words. With `close` the server has only passed a wish on,
   * and waits to hear of the end; without it the socket is gone there, and must not be named again.
   */
  #disconnect({ namespace, close }) {
    const isThere = this.#namespaces.has(namespace);
    if (isThere) this.#output.write({ text: disconnect(namespace) });
    this.#leave(namespace);
    if (close === undefined) return;
    if (isThere) this.#forward(`4${disconnect(namespace)}`);
    if (close) this.close('ClosedByAppServer');
  }

  #leave(namespace) {
    this.#namespaces.delete(namespace);
    this.hub.groups.leaveNamespace(namespace, this);
  }

  /**
   * Asks the client for an acknowledgement of its own.
   * @param {(id: number) => {text: string, attachments: Buffer[], namespace: string}} packet
   * @returns {{answer: Promise<string | undefined>, cancel: () => void}} answer: a payload; undefined:
   *   the client is gone, or it was cancelled
   */
  invoke(packet) {
    return this.#invocations.begin((id) => {
      const { namespace, ...written } = packet(id);
      if (!this.#ended && this.#namespaces.has(namespace)) this.#output.write(written);
      else this.#invocations.answer(id, undefined);
    });
  }

  /** @param {'<-' | '->'} arrow */
  #log(arrow, text) {
    const { log } = this.#service;
    if (!log.isWanted) return;
    log.client(this.id, arrow, text, { namespace: /^\d(?:\d*-)?(\/[^,]*)/.exec(text)?.[1] ?? '/' });
  }

  /** It would not read the close frame either. */
  #dropSlow() {
    const { maxPendingBytes } = this.#service.options;
    const what = `has left more than ${maxPendingBytes} bytes unread, and is dropped: it does not read`;
    this.#service.log.warn('client', this.id, what, { connection: this.id });
    this.close('SlowClient');
    this.terminate();
  }

  // --- the end --------------------------------------------------------------------------------

  /** Ends the session. byServer: at its wish. `discard`: without waiting for the client. */
  close(reason, { discard = false, byServer = false } = {}) {
    this.#isDropped ||= byServer;
    this.#end(reason);
    this.#engine?.close(discard);
  }

  terminate() {
    if (this.#engine) cut(this.#engine);
  }

  /** Resolves when everything that the client has sent is dealt with. */
  idle() {
    return this.#queue.idle();
  }

  /** `disconnected` follows what the client has sent before. */
  #end(reason) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#expiry);
    this.#reader.destroy();
    this.#output?.end();
    this.#intake?.release();
    this.#invocations.end();
    this.hub.remove(this);
    this.server.connections.delete(this);
    this.#service.log.life(this.id, `ended${reason ? `: ${reason}` : ''}`);
    this.#queue.add(() => this.#announce(reason));
  }

  async #announce(reason) {
    if (this.server.isGone) return;
    const body = JSON.stringify({ reason });
    try {
      await this.#deliver({ name: 'disconnected', system: true, contentType: JSON_TYPE, body });
    } catch (error) {
      if (this.server.isGone) return; // and its sockets with it
      this.#service.log.warn('client', this.id, 'disconnected:', error.message);
    }
  }
}
