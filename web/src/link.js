// The connection: gets a token from the function app, has a transport connect to the service and
// join the room with it, and starts again with a fresh token whenever that breaks. It knows
// nothing of texts, and of the wire only negotiate's response.

import * as socketio from './socketio.js';
import * as native from './native.js';
import { readJson } from './read-json.js';

/**
 * @typedef {{ code: string, message: string }} Reason
 * @typedef {{ success: true } | { success: false, error: Reason }} Answer  an acknowledgement
 * @typedef {{ room_id: string, url: string, endpoint: string, path: string, token: string,
 *   role: string, writer_key?: string, epoch?: number, units?: number }} Ticket  negotiate's
 *   response; endpoint, path and token for Socket.IO only
 * @typedef {Reason & { final: boolean }} Trouble  final: trying again would not help
 * @typedef {object} Party  the rooms of whoever joins
 * @property {string} subscribeTo
 * @property {string} publishTo
 * @property {() => number} [epoch]  a writer's, announced when it joins
 * @property {() => object | undefined} [firstWord]  a viewer's, for a request to join that carries data
 * @typedef {object} Events  what a transport reports; after `failed` nothing more
 * @property {(sid: string) => void} joining  it asks to join: others may hear of it before it is told
 * @property {(sid: string, said?: boolean) => void} joined  said: and the first word with it
 * @property {(reason: Reason) => void} failed
 * @property {(data: unknown, from: unknown) => void} heard
 * @property {(event: any) => void} presence
 * @typedef {object} Carrier  one attempt of a transport; it reports nothing before `open` returns
 * @property {(data: object, to?: string | string[], answered?: (answer: Answer) => void) => void}
 *   send
 * @property {() => void} close  nothing is reported afterwards
 * @property {() => void} [announce]  announces this writer once more, where the transport can
 * @typedef {object} Transport
 * @property {string} query  the query of negotiate's request
 * @property {string[]} fields  what its response must have
 * @property {(ticket: Ticket, party: Party, events: Events, last?: string, begun?: Begun) => Carrier}
 *   open  last: the code with which the previous attempt failed; begun: a socket to go on with
 * @typedef {Omit<Events, 'failed'> & { ticket: (ticket: Ticket) => void,
 *   left: (trouble?: Trouble) => void }} Listener
 */

const NEGOTIATE_MS = 6_000;
/** A ticket takes a kilobyte or two. */
const MAX_RESPONSE_BYTES = 64 * 1024;
/** News of other sockets that waits until this one has joined. */
const MAX_EARLY = 1_000;
/** A connection that has lasted this long ends the back-off. */
const STABLE_MS = 10_000;
const RETRY_MIN_MS = 500;
/** Short, so that even after an attempt that hangs the stream is back within ten seconds. */
const RETRY_MAX_MS = 2_000;

/** @type {Record<string, Transport>} */
const TRANSPORTS = { socketio, native };

/** Whatever else an address may name is the default. @param {string} name */
const transportOf = (name) => (Object.hasOwn(TRANSPORTS, name) ? TRANSPORTS[name] : socketio);

export class Link {
  /** @type {Carrier | undefined} */
  #carrier;
  #joined = false;
  #joinedAt = 0;
  #attempts = 0;
  /** @type {string | undefined} the code with which the transport's last attempt failed */
  #lastFailure;
  /** Between start and stop. */
  #running = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {typeof codestreamEarly} what start.js has made for this attempt */
  #early;
  /** The number of this attempt: what an earlier one reports late is ignored. */
  #life = 0;

  /**
   * @param {{ api: string, room?: string, key?: string, transport?: string | Transport,
   *   epoch?: () => number, greatest?: () => number, least?: () => number, word?: () => string,
   *   firstWord?: () => object | undefined, listener: Listener }} options
   *   room and key: a writer who returns; room alone: a viewer; neither (or ''): the writer of a
   *   new room; epoch: a writer's, 0 as long as negotiate has not given it one; greatest: which it
   *   has to exceed; least: which it must exceed, or it would ask again at once; word: the owner's,
   *   which opening a room may need ('': none is known); firstWord: see Party
   */
  constructor({
    api, room, key, transport = 'socketio', epoch, greatest, least, word, firstWord, listener,
  }) {
    this.transport = typeof transport === 'string' ? transportOf(transport) : transport;
    this.api = api;
    this.room = room;
    this.key = key;
    this.word = word;
    this.epoch = epoch;
    this.greatest = greatest;
    this.least = least;
    this.firstWord = firstWord;
    this.listener = listener;
  }

  start() {
    this.#running = true;
    this.#connect();
  }

  /** For good: whatever happens afterwards, it does not connect again. */
  stop() {
    this.#running = false;
    this.#end();
  }

  /** Ends this attempt. */
  #end() {
    this.#life++;
    clearTimeout(this.#timer);
    this.#joined = false;
    this.#carrier?.close();
    this.#carrier = undefined;
    this.#early?.begun?.socket.close();
    this.#early = undefined;
  }

  /** Connects without delay: the connection is dead, or the network is back. */
  restart() {
    if (!this.#running) return;
    this.#attempts = 0;
    this.#end();
    this.listener.left();
    this.#connect();
  }

  /**
   * @param {object} data
   * @param {{ to?: string | string[], answered?: (answer: Answer) => void }} [options]
   */
  send(data, { to, answered } = {}) {
    if (this.#joined) this.#carrier?.send(data, to, answered);
  }

  /** Makes this writer known to another one. */
  announce() {
    if (this.#joined) this.#carrier?.announce?.();
  }

  /**
   * A writer publishes to the room and subscribes to its control room, a viewer the reverse.
   * @returns {Party}
   */
  #party() {
    const [room, control] = [`${this.room}`, `${this.room}-control`];
    const { epoch, firstWord } = this;
    return this.key
      ? { subscribeTo: control, publishTo: room, epoch }
      : { subscribeTo: room, publishTo: control, firstWord };
  }

  async #connect() {
    const life = ++this.#life;
    try {
      const ticket = await this.#negotiate();
      if (life !== this.#life) return;
      this.room = ticket.room_id;
      this.key = ticket.role === 'writer' ? (ticket.writer_key ?? this.key) : undefined;
      this.listener.ticket(ticket);
      this.#open(ticket, life);
    } catch (error) {
      if (life === this.#life) this.#failed(troubleOf(error));
    }
  }

  /** A writer that has no epoch is given one; a reconnection keeps its own. */
  get #needsEpoch() {
    return (!this.room || Boolean(this.key)) && this.epoch?.() === 0;
  }

  /** Secrets travel in the body: an address may be logged. @returns {object | undefined} */
  #body() {
    const { room, key } = this;
    const epoch = this.#needsEpoch ? { epoch: this.greatest?.() ?? 0 } : {};
    if (room) return key ? { room_id: room, writer_key: key, ...epoch } : undefined;
    const word = this.word?.();
    return word ? { writers_word: word, ...epoch } : undefined;
  }

  /** @returns {Promise<Ticket>} */
  async #negotiate() {
    const { url, body } = this.#request();
    this.#early = early(url);
    const { controller, response } = this.#early ?? ask(url, body);
    const silence = 'The function app did not answer in time.';
    const late = () => controller.abort(new Refusal('Timeout', silence, { final: false }));
    const timer = setTimeout(late, NEGOTIATE_MS);
    try {
      return await this.#read(await response);
    } catch (error) {
      controller.abort(); // whoever else reads it (start.js) does not go on, either
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #request() {
    const { api, room } = this;
    const body = this.#body();
    const parameters = new URLSearchParams(this.transport.query);
    if (room && !body) parameters.set('room_id', room);
    if (!body && this.#needsEpoch) parameters.set('epoch', String(this.greatest?.() ?? 0));
    const query = String(parameters);
    return { url: `${api}/negotiate${query && `?${query}`}`, body };
  }

  /** @param {Response} response @returns {Promise<Ticket>} */
  async #read(response) {
    if (!response.ok) throw await Refusal.from(response);
    const ticket = await readJson(response, MAX_RESPONSE_BYTES).catch(foreign);
    for (const field of ['room_id', 'role', ...this.transport.fields]) {
      if (typeof ticket?.[field] !== 'string')
        throw new Error(`The response of negotiate has no ${field}.`);
    }
    const least = this.least?.() ?? 0;
    if (this.#needsEpoch && !(Number.isSafeInteger(ticket.epoch) && ticket.epoch > least))
      throw new Error(`The response of negotiate has no epoch above ${least}.`);
    this.#check(ticket);
    return ticket;
  }

  /**
   * Nobody who asked to watch may find themselves writing, and nobody may land in another room.
   * @param {Ticket} ticket
   */
  #check({ room_id: room, role }) {
    const wanted = this.room && !this.key ? 'viewer' : 'writer';
    if (role !== wanted)
      throw new Refusal(
        'Configuration',
        `The function app was asked for a ${wanted} and answered for a ${role}.`,
      );
    if (this.room && room !== this.room)
      throw new Refusal('Configuration', 'The function app answered for another room.');
  }

  /** @param {Ticket} ticket @param {number} life */
  #open(ticket, life) {
    const { listener } = this;
    const current = () => life === this.#life;
    /** @type {any[]} */
    const early = [];
    /** @type {Events} */
    const events = {
      joining: (sid) => {
        if (current()) listener.joining(sid);
      },
      joined: (sid, said) => {
        if (!current() || this.#joined) return;
        this.#joined = true;
        this.#lastFailure = undefined;
        this.#joinedAt = performance.now();
        listener.joined(sid, said);
        for (const event of early.splice(0)) if (current()) listener.presence(event);
      },
      failed: (reason) => {
        if (!current()) return;
        this.#lastFailure = reason.code;
        this.#failed({ ...reason, final: false });
      },
      heard: (data, from) => {
        if (current()) listener.heard(data, from);
      },
      presence: (event) => {
        if (!current()) return;
        // Who is to give way depends on this socket's id, too.
        if (this.#joined) listener.presence(event);
        else if (early.length < MAX_EARLY) early.push(event);
      },
    };
    const begun = this.#early?.begun;
    this.#early = undefined;
    this.#carrier = this.transport.open(ticket, this.#party(), events, this.#lastFailure, begun);
  }

  /** @param {Trouble & { wait?: number }} trouble */
  #failed(trouble) {
    // A connection that breaks as soon as it is made must not be retried in a tight loop.
    if (this.#joined && performance.now() - this.#joinedAt >= STABLE_MS) this.#attempts = 0;
    this.#end();
    this.listener.left(trouble);
    if (trouble.final || !this.#running) return;
    const jitter = 0.5 + Math.random() / 2;
    const backOff = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#attempts++) * jitter;
    this.#timer = setTimeout(() => this.#connect(), Math.max(backOff, trouble.wait ?? 0));
  }
}

/** @param {string} url @param {object | undefined} body */
function ask(url, body) {
  // Safari 15 has no AbortSignal.timeout.
  const controller = new AbortController();
  const response = fetch(url, {
    signal: controller.signal,
    credentials: 'omit',
    ...(body && {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  return { controller, response };
}

/** The request that start.js has made before this was loaded, once. @param {string} url */
function early(url) {
  const { codestreamEarly: made } = globalThis;
  globalThis.codestreamEarly = undefined;
  return made?.url === url ? made : undefined;
}

/** @param {unknown} error @returns {never} */
function foreign(error) {
  if (!(error instanceof SyntaxError)) throw error;
  throw new Error(
    'This is no response of the function app; a network that wants a login first may have answered ' +
      'in its place.',
  );
}

/** Why there is no token, or no usable one. */
class Refusal extends Error {
  /**
   * @param {string} code @param {string} message
   * @param {{ final?: boolean, wait?: number }} [options]
   */
  constructor(code, message, { final = true, wait = 0 } = {}) {
    super(message);
    this.code = code;
    this.final = final;
    this.wait = wait;
  }

  /** The function app's own explanation. @param {Response} response */
  static async from(response) {
    const body = await readJson(response, MAX_RESPONSE_BYTES).catch(() => undefined);
    const {
      code = `Http${response.status}`,
      message = `The function app answered ${response.status}.`,
    } = body?.error ?? {};
    const wait = Math.min(30, Number(response.headers.get('Retry-After')) || 0) * 1000;
    // These are about the link or the key: the same request would fail again.
    const final = [400, 403].includes(response.status);
    return new Refusal(String(code), String(message), { final, wait });
  }
}

/** @param {any} error @returns {Trouble & { wait?: number }} */
function troubleOf(error) {
  if (error instanceof Refusal) return error;
  // fetch fails with a TypeError, and with a DOMException when its time is over.
  const silent = error instanceof TypeError || error instanceof DOMException;
  const code = silent ? 'Unreachable' : 'Unexpected';
  return { code, message: String(error?.message ?? error), final: false };
}
