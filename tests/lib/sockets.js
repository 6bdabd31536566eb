// Real Socket.IO clients for tests: negotiated as a page does it, every event kept in the order of
// its arrival, so that a test can wait for one and can tell that another never came.
import { io } from 'socket.io-client';
import { deferred, Inbox, PATIENCE, within } from './deadline.js';
import { request } from './http.js';

const CONNECT_MS = 10_000;
const ACK_MS = 10_000;
export const TRANSPORTS = {
  polling: ['polling'],
  websocket: ['websocket'],
  'polling upgraded to websocket': ['polling', 'websocket'],
};

/** What /negotiate answers. {}: a writer; { room }: a viewer; { room, key }: its writer again. */
export async function negotiate(api, { room, key, path = '/negotiate' } = {}) {
  const url = new URL(path, api);
  const body = JSON.stringify({ room_id: room, writer_key: key });
  if (room && !key) url.searchParams.set('room_id', room);
  const post = { method: 'POST', body, headers: { 'Content-Type': 'application/json' } };
  // Node's fetch gives up a connection after ten seconds, which a busy machine may need.
  const answer = await request(url.port, {
    ...(key ? post : {}), path: url.pathname + url.search,
  }, CONNECT_MS);
  if (answer.status === 200) return answer.json();
  throw new Error(`${url.pathname} answered ${answer.status}: ${answer.text}`);
}

/** A client with the token that a negotiation gave; not yet connected when it returns. */
export class Client {
  constructor({ endpoint, path, token }, { transports, namespace = '' } = {}) {
    const query = token === undefined ? {} : { access_token: token };
    this.events = new Inbox('an event from the service');
    const connected = deferred();
    const refused = deferred();
    this.connected = connected.promise;
    this.refused = refused.promise;
    this.connected.catch(() => {});
    this.socket = io(endpoint + namespace, {
      path, query, transports, forceNew: true, reconnection: false,
      timeout: PATIENCE * CONNECT_MS,
    });
    this.socket.on('connect', connected.resolve);
    this.socket.on('connect_error', (error) => {
      refused.resolve(error);
      connected.reject(error);
    });
    this.socket.onAny((name, ...args) => this.events.push({ name, args }));
  }

  get id() {
    return this.socket.id;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  /** The arguments of the next event of that name whose first argument `wanted` accepts. */
  async next(name, wanted = () => true, ms = ACK_MS) {
    const event = await this.events.next((item) => item.name === name && wanted(item.args[0]), ms);
    return event.args[0];
  }

  /** The next `message` of a type; `editorMessage` is what other people in the room said. */
  message(type, wanted = () => true) {
    return this.next('message', (message) => message?.type === type && wanted(message));
  }

  /** All that other people said so far. */
  heard() {
    return this.events.all
      .filter(({ name, args }) => name === 'message' && args[0]?.type === 'editorMessage')
      .map(({ args }) => args[0]);
  }

  emit(name, ...args) {
    this.socket.emit(name, ...args);
  }

  /** Emits with an acknowledgement and waits for it. */
  ask(name, ...args) {
    const acknowledged = new Promise((resolve) => {
      this.socket.emit(name, ...args, resolve);
    });
    return within(ACK_MS, acknowledged, `the ack of ${name}`);
  }

  close() {
    this.socket.disconnect();
  }
}

/** Writers and viewers of one api; `close` ends all that were ever opened. */
export class Crowd {
  #api;
  #transports;
  #clients = [];

  constructor(api, transports) {
    this.#api = api;
    this.#transports = transports;
  }

  /** A client that is connected but in no room. Its `session`: what negotiate gave. */
  async dial(form) {
    const session = await negotiate(this.#api, form);
    const client = this.connect(session);
    client.session = session;
    await within(CONNECT_MS, client.connected, 'a connection');
    return client;
  }

  /** The same, and the handler has greeted it. */
  async open(form) {
    const client = await this.dial(form);
    await client.next('login');
    return client;
  }

  /** A client for any endpoint, path and token, which may well be refused. */
  connect(session, options) {
    const client = new Client(session, { transports: this.#transports, ...options });
    this.#clients.push(client);
    return client;
  }

  /** The same, and in its room. */
  async join(form) {
    const client = await this.open(form);
    const answer = await client.ask('joinRoom', { room_id: client.session.room_id });
    if (!answer.success) throw new Error(`joinRoom was refused: ${JSON.stringify(answer)}`);
    return client;
  }

  /** A writer and as many viewers as asked for, all in the writer's room. */
  async room(viewerCount = 2) {
    const writer = await this.join();
    const viewers = [];
    for (let i = 0; i < viewerCount; i += 1) {
      viewers.push(await this.join({ room: writer.session.room_id }));
    }
    return { writer, viewers, room: writer.session.room_id };
  }

  close() {
    for (const client of this.#clients.splice(0)) client.close();
  }
}
