// One client connection of Socket.IO: its namespaces, the order of its events, and what is sent
// upstream when. It knows no rooms: they are groups that the REST interface fills.

import { randomBytes } from 'node:crypto';

import { atExpiry, cut, reasonOf } from './engine.js';
import { limitLife } from './faults.js';
import { groupNameFault, groupOf } from './groups.js';
import { Intake } from './intake.js';
import { AckIds } from './outgoing.js';
import { Output } from './output.js';
import { PacketReader, PacketType, connected, disconnect, refused } from './packets.js';
import { Permissions } from './permissions.js';
import { Queue } from './queue.js';
import { refusalText } from './validation.js';

/** What a client learns of an event that has failed. */
const FAILED_READS = {
  close: "'transport close'",
  disconnect: "'io server disconnect'",
  ignore: 'nothing',
};
const JSON_TYPE = 'application/json; charset=utf-8';
const SID_BYTES = 15; // 20 characters, as Socket.IO's own
const MAX_ACK_IDS = 10_000; // of events whose acknowledgement has not come

export class SocketIoConnection {
  groups = new Set();
  permissions = new Permissions(); // can be granted, but nothing of Socket.IO asks for them
  #engine;
  #output;
  #intake;
  #service;
  #claims;
  #request;
  #namespaces = new Map(); // namespace -> the socket that has the name, see #accept
  #departed = new Set(); // namespaces the service itself has ended
  #queues = new Map();
  #reader = new PacketReader((packet) => this.#accept(packet));
  #nextEvent = 1;
  #state; // ce-connectionState
  #timers = [];
  #ended = false;

  /**
   * @param {{engine, hub, service: {options, upstream, log}, claims?: object, request}} setup
   *   engine: the Engine.IO socket; request: how `connect` describes the handshake
   */
  constructor({ engine, hub, service, claims, request }) {
    this.id = engine.id;
    this.hub = hub;
    this.userId = claims?.sub;
    this.#engine = engine;
    this.#intake = new Intake(engine);
    this.#output = new Output(engine, service, {
      socketOf: (namespace) => this.#connectedSocket(namespace),
      onDisconnect: (namespace, closes) =>
        this.#endSocket(namespace, 'ClosedByAppServer', { closes }),
      onSlow: () => this.#dropSlow(),
      onWrite: (text) => this.#logPacket('->', text),
    });
    this.#service = service;
    this.#claims = claims;
    this.#request = request;
    hub.add(this);
    if (service.options.groupClaim) this.#joinNamed(claims?.['webpubsub.group']);
    this.#limitTimes();
    limitLife(this, service.options);
    engine.on('data', (message) => this.#receive(message));
    engine.on('close', (reason) => this.#end(reasonOf(reason)));
  }

  /** Joins the groups that a token or a response names; invalid names are ignored. */
  #joinNamed(groups) {
    for (const group of [groups ?? []].flat()) {
      const fault = groupNameFault(group);
      if (fault) this.#service.log.warn('client', this.id, fault);
      else this.hub.groups.join(group, this);
    }
  }

  #limitTimes() {
    const { options } = this.#service;
    this.#timers.push(
      setTimeout(() => {
        if (this.#namespaces.size === 0) this.close('ConnectTimeout');
      }, options.connectTimeoutMs),
      atExpiry(this.#claims, options, () => this.close('TokenExpired')),
    );
  }

  // --- from the client ------------------------------------------------------------------------

  #receive(message) {
    if (this.#ended) return;
    try {
      this.#logPacket('<-', typeof message === 'string' ? message : '(binary)');
      this.#reader.add(message);
    } catch (error) {
      this.#violation(error.message);
    }
  }

  /**
   * Dispatches a packet when it arrives; its consequences are queued and happen in order. A socket
   * is 'connecting', then 'connected', perhaps 'leaving' (the client has left, but earlier events
   * are still in the queue), and in the end 'left'.
   */
  #accept(packet) {
    const { type, namespace } = packet;
    const socket = this.#namespaces.get(namespace);
    if (type === PacketType.CONNECT && !socket) {
      this.#acceptConnect(packet);
    } else if (socket?.state === 'connected' && type === PacketType.DISCONNECT) {
      this.#acceptDisconnect(socket);
    } else if (socket?.state === 'connected' && packet.isEmpty) {
      this.#service.log.life(this.id, 'sent a packet with nothing in it: it is ignored');
    } else if (socket?.state === 'connected' && type === PacketType.EVENT) {
      this.#acceptEvent(socket, packet);
    } else if (socket?.state === 'connected' && type === PacketType.ACK) {
      this.#service.log.life(this.id, 'sent an ack: acks do not go upstream');
    } else if (!this.#departed.has(namespace)) {
      this.#violation(`${PacketType[type]} does not fit the state of namespace ${namespace}`);
    }
  }

  #acceptConnect({ namespace, data }) {
    this.#departed.delete(namespace);
    const socketId = randomBytes(SID_BYTES).toString('base64url');
    const acks = new AckIds(MAX_ACK_IDS);
    const socket = { namespace, socketId, state: 'connecting', acks };
    this.#namespaces.set(namespace, socket);
    this.#enqueue(namespace, () => this.#connect(socket, data));
  }

  /** The name is free and the groups are left at once: a CONNECT may follow immediately. */
  #acceptDisconnect(socket) {
    const { namespace } = socket;
    this.#enqueue(namespace, () => this.#leave(socket, ''));
    socket.state = 'leaving';
    this.#namespaces.delete(namespace);
    this.hub.groups.leaveNamespace(namespace, this);
  }

  #acceptEvent(socket, packet) {
    if (packet.binary && this.#service.options.binaryEvents === 'refuse') {
      this.#violation('binary events are refused');
      return;
    }
    if (packet.id !== undefined) socket.acks.add(packet.id);
    const bytes = Buffer.byteLength(packet.payload);
    this.#enqueue(socket.namespace, () => this.#forward(socket, packet), bytes);
  }

  #violation(why) {
    const details = { rule: 'protocol', reads: "'transport close'", connection: this.id };
    this.#service.log.refused(['client', this.id, 'broke the protocol:'], why, details);
    this.close('ProtocolError');
  }

  /** @param {'<-' | '->'} arrow */
  #logPacket(arrow, text) {
    const { log } = this.#service;
    if (!log.isWanted) return;
    const namespace = /^\d(?:\d*-)?(\/[^,]*)/.exec(text)?.[1] ?? '/';
    log.client(this.id, arrow, text, { namespace, socket: this.#namespaces.get(namespace)?.socketId });
  }

  #enqueue(namespace, task, bytes = 0) {
    const key = this.#service.options.ordering === 'socket' ? namespace : '';
    if (!this.#queues.has(key)) this.#queues.set(key, this.#makeQueue());
    const queue = this.#queues.get(key);
    queue.add(task, { bytes });
    if (queue.isFull && !this.#ended) this.#intake.hold();
  }

  #makeQueue() {
    const { maxQueuedPackets: count, maxPendingBytes: bytes } = this.#service.options;
    const failed = (error) => this.#service.log.warn('client', this.id, error.stack);
    const onRoom = () => {
      if (![...this.#queues.values()].some((queue) => queue.isFull)) this.#intake.release();
    };
    return new Queue({ count, bytes, failed, onRoom });
  }

  /** Resolves when the client may send more. */
  readable() {
    return this.#intake.open();
  }

  // --- upstream -------------------------------------------------------------------------------

  async #connect(socket, auth) {
    const { namespace, socketId } = socket;
    let answer;
    if (this.#service.upstream.wanted(this.hub.name, { system: true, name: 'connect' })) {
      try {
        const body = this.#connectBody(auth);
        answer = await this.#deliver(socket, { name: 'connect', body, id: 0 });
      } catch (error) {
        this.#namespaces.delete(namespace);
        this.#refuse(namespace, error);
        return;
      }
    }
    if (this.#ended) {
      // The client is gone, but the handler has accepted it and is told of the end.
      this.#announce('disconnected', socket, { reason: '' });
      return;
    }
    this.#honour(answer);
    socket.state = 'connected';
    this.hub.groups.join(groupOf(namespace), this);
    this.hub.groups.join(groupOf(namespace, socketId), this);
    this.#output.write({ text: connected(namespace, socketId) });
    const { connectedDelayMs } = this.#service.options;
    const announce = () => this.#announce('connected', socket, {});
    if (connectedDelayMs > 0) setTimeout(announce, connectedDelayMs);
    else announce();
  }

  #connectBody(auth) {
    const { claims, query, headers } = this.#request;
    const body = { claims, query, headers, clientCertificates: [] };
    if (this.#service.options.connectAuth === 'forward' && auth !== undefined) body.auth = auth;
    return JSON.stringify(body);
  }

  #refuse(namespace, error) {
    const body = this.#service.options.connectErrorText === 'body' ? error.body : undefined;
    const message = body || refusalText(error.reason ?? 'no response');
    this.#service.log.refused(['client', this.id, namespace, 'was refused:'], error.message, {
      rule: error.rule === 'validation' ? 'validation' : 'connect',
      reads: `connect_error '${message}'`, connection: this.id, namespace, status: error.status,
    });
    if (this.#ended) return;
    this.#output.write({ text: refused(namespace, message) });
  }

  /** The parts of a response to `connect` that plain Web PubSub honours. */
  #honour(answer) {
    if (!answer) return;
    const { connectResponse, connectionState } = this.#service.options;
    if (connectionState) this.#state = answer.headers['ce-connectionstate'] ?? this.#state;
    if (!connectResponse || answer.body === '') return;
    try {
      const { userId, groups } = JSON.parse(answer.body);
      if (typeof userId === 'string') this.#rename(userId);
      this.#joinNamed(groups);
    } catch {
      this.#service.log.warn('client', this.id, 'the response to connect is not JSON');
    }
  }

  #rename(userId) {
    const groups = [...this.groups];
    this.hub.remove(this);
    this.userId = userId;
    this.hub.add(this);
    for (const group of groups) this.hub.groups.join(group, this);
  }

  async #forward(socket, { data, payload, id }) {
    if (socket.state === 'left') return; // the service has ended it meanwhile
    const event = {
      name: String(data[0]),
      body: payload,
      system: false,
      contentType: 'text/plain',
    };
    try {
      const answer = await this.#deliver(socket, event);
      if (this.#service.options.connectionState) {
        this.#state = answer.headers['ce-connectionstate'] ?? this.#state;
      }
      // A later socket must not get these packets.
      if (socket.state === 'connected') this.#output.answer(answer, socket, id);
    } catch (error) {
      const { id: connection } = this;
      this.#service.log.refused(['client', connection, `event '${data[0]}':`], error.message, {
        rule: error.rule ?? 'retries', reads: FAILED_READS[this.#service.options.userEventFailure],
        connection, socket: socket.socketId, namespace: socket.namespace, event: event.name,
        status: error.status,
      });
      this.#eventFailed(socket);
    }
  }

  #eventFailed({ namespace }) {
    const { userEventFailure } = this.#service.options;
    if (userEventFailure === 'close') this.close('UpstreamFailed');
    else if (userEventFailure === 'disconnect') this.#endSocket(namespace, 'UpstreamFailed');
  }

  /** Sends an event whose response nothing waits for. */
  #announce(name, socket, body) {
    if (!this.#service.upstream.wanted(this.hub.name, { system: true, name })) return;
    this.#deliver(socket, { name, body: JSON.stringify(body) }).catch((error) => {
      this.#service.log.warn('client', this.id, `${name}:`, error.message);
    });
  }

  #deliver({ namespace, socketId }, event) {
    return this.#service.upstream.deliver({
      connection: this,
      system: true,
      contentType: JSON_TYPE,
      state: this.#state,
      namespace,
      socketId,
      ...event,
      id: event.id ?? this.#nextEvent++,
    });
  }

  // --- to the client --------------------------------------------------------------------------

  /** @param {import('./message.js').Message} message of a REST send */
  send(message) {
    this.#output.send(message);
  }

  #connectedSocket(namespace) {
    const socket = this.#namespaces.get(namespace);
    return socket?.state === 'connected' ? socket : undefined;
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

  /** Ends one socket on behalf of the service: the client is told. closes: and the connection. */
  #endSocket(namespace, reason, { closes = false } = {}) {
    const socket = this.#connectedSocket(namespace);
    if (socket) {
      this.#output.write({ text: disconnect(namespace) });
      this.#departed.add(namespace);
      this.#namespaces.delete(namespace);
      this.#leave(socket, reason);
    }
    if (!closes) return;
    if (this.#service.options.closingDisconnect === 'all') {
      for (const other of [...this.#namespaces.keys()]) this.#endSocket(other, reason);
    }
    this.close(reason);
  }

  /** Its last events may have put it into groups: a later socket must not inherit them. */
  #leave(socket, reason) {
    if (socket.state === 'left') return;
    socket.state = 'left';
    this.hub.groups.leaveNamespace(socket.namespace, this);
    this.#announce('disconnected', socket, { reason });
  }

  /** Ends the connection on behalf of the service; `discard`: without waiting for the client. */
  close(reason, { discard = false } = {}) {
    this.#end(reason);
    this.#engine.close(discard);
  }

  /** Cuts the transport. */
  terminate() {
    cut(this.#engine);
  }

  /** The groups in which its sockets are by themselves, as long as nobody takes them out. */
  ownGroups() {
    const sockets = [...this.#namespaces.values()].filter(({ state }) => state === 'connected');
    return sockets.flatMap(({ namespace, socketId }) => [
      groupOf(namespace),
      groupOf(namespace, socketId),
    ]);
  }

  /** Whether one of its sockets has this id. */
  hasSocket(socketId) {
    return [...this.#namespaces.values()].some((socket) => socket.socketId === socketId);
  }

  /** Resolves when everything that the client has sent is dealt with. */
  idle() {
    return Promise.all([...this.#queues.values()].map((queue) => queue.idle()));
  }

  /** Leaves the groups at once; `disconnected` follows the events that were queued before. */
  #end(reason) {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.forEach(clearTimeout);
    this.#reader.destroy();
    this.#output.end();
    this.#intake.release();
    this.hub.remove(this);
    this.#service.log.life(this.id, `ended${reason ? `: ${reason}` : ''}`);
    for (const [namespace, socket] of this.#namespaces) {
      if (socket.state !== 'connected') continue; // a pending connect ends by itself
      this.#enqueue(namespace, () => this.#leave(socket, reason));
    }
  }
}
