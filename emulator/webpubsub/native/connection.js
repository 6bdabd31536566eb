// One client connection of native Web PubSub: what its messages do, what it is sent, and, for
// reliable clients, how it outlives its WebSocket.

import { limitLife } from '../faults.js';
import { Message, contentTypeOf, dataTypeOf } from '../message.js';
import { Permissions } from '../permissions.js';
import { Queue } from '../queue.js';
import {
  RELIABLE,
  RequestError,
  ack,
  connected,
  disconnected,
  failedAck,
  messageText,
  pong,
  readRequest,
} from './protocol.js';
import { Unacked } from './unacked.js';
import { Wire } from './wire.js';

const JSON_TYPE = 'application/json; charset=utf-8';
const MAX_ACK_IDS = 10_000; // remembered, to answer a repeated request without doing it again
const NORMAL = 1000;
const POLICY = 1008; // tells a reliable client not to come back

export class NativeConnection {
  groups = new Set();
  #service;
  #queue;
  #wire;
  #unacked;
  #ackIds = new Set();
  #nextEvent = 1;
  #expiry;
  #ended = false;

  /**
   * @param {{id: string, hub, service: {options, upstream, log}, subprotocol?: string,
   *   identity: {userId?, roles: string[], groups: string[], state?},
   *   reconnectionToken?: string}} setup
   */
  constructor({ id, hub, service, subprotocol, identity, reconnectionToken }) {
    Object.assign(this, { id, hub, subprotocol, reconnectionToken, userId: identity.userId });
    this.permissions = new Permissions(identity.roles);
    this.state = identity.state;
    this.#service = service;
    const { maxQueuedPackets: count, maxPendingBytes: bytes } = service.options;
    const failed = (error) => service.log.warn('client', id, error.stack);
    const onRoom = () => this.#wire?.release();
    this.#queue = new Queue({ count, bytes, failed, onRoom });
    if (subprotocol === RELIABLE) this.#unacked = new Unacked(service.options);
    hub.add(this);
    limitLife(this, service.options);
    for (const group of identity.groups) hub.groups.join(group, this);
  }

  /** The connection has its first WebSocket. */
  open(socket) {
    this.#attach(socket);
    const how = this.subprotocol ?? 'no subprotocol';
    this.#service.log.life(this.id, `opened by ${this.userId ?? 'nobody'} (${how})`);
    if (this.subprotocol) this.#write(connected(this));
    this.#announce('connected', {});
  }

  /** A reliable client has come back on another WebSocket. */
  resume(socket) {
    clearTimeout(this.#expiry);
    this.#wire?.terminate();
    this.#attach(socket);
    this.#service.log.life(this.id, 'has come back');
    for (const text of this.#unacked.texts()) this.#write(text);
  }

  #attach(socket) {
    const wire = new Wire(socket, this.#service.options, {
      onMessage: (data, isBinary) => this.#receive(data, isBinary),
      onEnd: (reason, clean) => {
        if (wire === this.#wire) this.#lost(reason, clean);
      },
    });
    this.#wire = wire;
    if (this.#queue.isFull) wire.hold();
  }

  // --- from the client ------------------------------------------------------------------------

  #receive(data, isBinary) {
    if (this.#ended) return;
    const { log } = this.#service;
    log.client(this.id, '<-', isBinary ? '(binary)' : data.toString());
    try {
      this.#accept(this.subprotocol ? readRequest(data.toString()) : rawRequest(data, isBinary));
    } catch (error) {
      // A failure of the stand-in itself costs this connection, and no other.
      const [what, reason] =
        error instanceof RequestError
          ? [`broke the protocol: ${error.message}`, error.message]
          : [error.stack, 'InternalServerError'];
      log.warn('client', this.id, what);
      this.#disconnect(reason, POLICY);
    }
  }

  /** Requests about the connection itself are carried out at once, all others in order. */
  #accept(request) {
    const { type, sequenceId, body } = request;
    if (type === 'ping') this.#write(pong());
    else if (type === 'sequenceAck') this.#unacked?.acknowledge(sequenceId);
    else this.#enqueue(request, body?.length);
  }

  /** While more wait than may, no more is read. */
  #enqueue(request, bytes) {
    this.#queue.add(() => this.#serve(request), { bytes });
    if (this.#queue.isFull) this.#wire?.hold();
  }

  async #serve(request) {
    if (this.#ended) return;
    const { type, ackId } = request;
    if (ackId !== undefined && this.#repeated(ackId)) {
      const message = `Message with ack-id: ${ackId} has been processed`;
      this.#write(failedAck(ackId, 'Duplicate', message));
      return;
    }
    const fault = type === 'event' ? await this.#event(request) : this.#group(request);
    if (ackId !== undefined) {
      this.#write(fault ? failedAck(ackId, fault.name, fault.message) : ack(ackId));
    }
    if (fault?.ends) this.#disconnect('UpstreamFailed', NORMAL, '');
  }

  #repeated(ackId) {
    if (this.#ackIds.has(ackId)) return true;
    this.#ackIds.add(ackId);
    if (this.#ackIds.size > MAX_ACK_IDS) this.#ackIds.delete(this.#ackIds.values().next().value);
    return false;
  }

  /** @returns {{name: string, message: string} | undefined} why it is refused */
  #group(request) {
    const { type, group } = request;
    const permission = type === 'sendToGroup' ? 'sendToGroup' : 'joinLeaveGroup';
    if (!this.permissions.allows(permission, group)) {
      this.#service.log.warn('client', this.id, `may not ${type} '${group}'`);
      return { name: 'Forbidden', message: `The client does not have permission to ${type}.` };
    }
    const { groups } = this.hub;
    if (type === 'joinGroup') groups.join(group, this);
    else if (type === 'leaveGroup') groups.leave(group, this);
    else this.#sendToGroup(request);
    return undefined;
  }

  #sendToGroup({ group, noEcho, dataType, body }) {
    const message = new Message({ from: 'group', group, fromUserId: this.userId, dataType, body });
    for (const member of this.hub.groups.members(group)) {
      if (!noEcho || member !== this) member.send(message);
    }
  }

  /** @returns {{name: string, message: string, ends: boolean} | undefined} why it has failed */
  async #event({ event, dataType, body }) {
    const contentType = contentTypeOf(dataType) + (dataType === 'binary' ? '' : '; charset=utf-8');
    try {
      const details = { name: event, system: false, contentType, body };
      const { headers, bytes } = await this.#deliver(details);
      this.state = headers['ce-connectionstate'] ?? this.state;
      const answered = dataTypeOf(headers['content-type'] ?? 'application/octet-stream');
      if (bytes.length === 0) return undefined;
      if (answered) this.send(new Message({ from: 'server', dataType: answered, body: bytes }));
      else this.#service.log.warn('client', this.id, 'was not sent a response of unknown type');
      return undefined;
    } catch (error) {
      this.#service.log.warn('client', this.id, `event '${event}':`, error.message);
      const ends = this.#service.options.userEventFailure !== 'ignore';
      return { name: 'InternalServerError', message: error.message, ends };
    }
  }

  #deliver(event) {
    const { subprotocol, state } = this;
    const id = this.#nextEvent++;
    return this.#service.upstream.deliver({ connection: this, subprotocol, state, id, ...event });
  }

  #announce(name, body) {
    if (!this.#service.upstream.wanted(this.hub.name, { system: true, name })) return;
    const event = { name, system: true, contentType: JSON_TYPE, body: JSON.stringify(body) };
    this.#deliver(event).catch((error) => {
      this.#service.log.warn('client', this.id, `${name}:`, error.message);
    });
  }

  // --- to the client --------------------------------------------------------------------------

  /** @param {Message} message */
  send(message) {
    if (this.#ended) return;
    if (!this.subprotocol) {
      this.#write(message.dataType === 'binary' ? message.body : message.text());
    } else if (!this.#unacked) {
      this.#write(messageText(message));
    } else {
      const text = this.#unacked.add((sequenceId) => messageText(message, sequenceId));
      if (text === undefined) this.#disconnect('SlowClient', POLICY);
      else this.#write(text);
    }
  }

  /** Without a WebSocket this writes nothing; what a reliable client needs is kept elsewhere. */
  #write(data) {
    if (!this.#wire || this.#ended) return;
    const text = typeof data === 'string' ? data : '(binary)';
    this.#service.log.client(this.id, '->', text);
    if (!this.#wire.send(data)) this.#end('SlowClient');
  }

  // --- the end --------------------------------------------------------------------------------

  /** The WebSocket is gone; a reliable client that did not say goodbye may come back. */
  #lost(reason, clean) {
    this.#wire = undefined;
    if (this.#ended) return;
    if (!this.#unacked || clean) {
      this.#end(reason);
      return;
    }
    this.#service.log.life(this.id, 'is cut off and may come back');
    this.#expiry = setTimeout(() => this.#end(reason), this.#service.options.recoveryMs);
  }

  /** Ends the connection on behalf of the service. */
  close(reason) {
    this.#disconnect(reason, NORMAL);
  }

  /** @param {string} [words] in the close frame */
  #disconnect(reason, code, words = reason) {
    if (this.#ended) return;
    if (this.subprotocol) this.#write(disconnected(reason));
    this.#end(reason);
    this.#wire?.close(code, words);
  }

  terminate() {
    this.#wire?.terminate();
  }

  /** Resolves when everything that the client has sent is dealt with. */
  idle() {
    return this.#queue.idle();
  }

  #end(reason) {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#expiry);
    this.hub.remove(this);
    this.#service.log.life(this.id, `ended${reason ? `: ${reason}` : ''}`);
    this.#wire?.release(); // its goodbye has to be read
    this.#queue.add(() => this.#announce('disconnected', { reason }));
  }
}

/** A client without a subprotocol sends plain frames: each is one event `message`. */
function rawRequest(data, isBinary) {
  return { type: 'event', event: 'message', dataType: isBinary ? 'binary' : 'text', body: data };
}
