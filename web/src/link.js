// The connection: asks the function app for a token, has a transport connect to the service and
// join the room with it, and starts again with a fresh token whenever that breaks. It knows
// nothing of texts, and of the wire only what negotiate answers.

import * as socketio from './socketio.js';
import * as native from './native.js';

/**
 * @typedef {{ success: boolean, error?: { code: string, message: string } }} Answer
 * @typedef {{ room_id: string, url: string, endpoint: string, path: string, token: string,
 *   role: string, writer_key?: string }} Ticket what negotiate answered; endpoint, path and token
 *   for Socket.IO only
 * @typedef {{ code: string, message: string, final: boolean }} Trouble final: trying again would
 *   not help
 * @typedef {object} Party  who joins: in which room it listens, and to which it speaks
 * @property {string} hears
 * @property {string} speaks
 * @property {() => number} [epoch]  a writer's, told with its coming
 * @typedef {object} Events  what a transport tells; after `failed` nothing more
 * @property {(sid: string) => void} joined
 * @property {(trouble: { code: string, message: string }) => void} failed
 * @property {(data: unknown, from: unknown) => void} data
 * @property {(event: any) => void} presence
 * @typedef {object} Carrier  one attempt of a transport; it says nothing before `open` returned
 * @property {(data: object, to?: string, answered?: (answer: Answer) => void) => void} send
 * @property {() => void} close  and be silent from then on
 * @property {() => void} [announce]  tells once more that this writer is there, where it can be told
 * @typedef {object} Transport
 * @property {string} query  what negotiate has to be asked for
 * @property {string[]} fields  what its answer must have
 * @property {(ticket: Ticket, party: Party, events: Events, last?: string) => Carrier} open
 *   last: the code with which the attempt before failed
 * @typedef {object} Listener
 * @property {(ticket: Ticket) => void} onTicket
 * @property {(sid: string) => void} onJoin
 * @property {(trouble?: Trouble) => void} onDown
 * @property {(data: unknown, from: unknown) => void} onData
 * @property {(event: any) => void} onPresence
 */

const NEGOTIATE_MS = 6_000;
/** A connection that has lasted this long has proved itself. */
const STABLE_MS = 10_000;
const RETRY_MIN_MS = 500;
/** With an attempt that hangs until it is given up: well under ten seconds until all is well again. */
const RETRY_MAX_MS = 2_000;

/** @type {Record<string, Transport>} */
const TRANSPORTS = { socketio, native };

/** The default for whatever else an address may say. @param {string} name */
const transportOf = (name) => (Object.hasOwn(TRANSPORTS, name) ? TRANSPORTS[name] : socketio);

export class Link {
  /**
   * @param {{ api: string, room?: string, key?: string, transport?: string | Transport,
   *   epoch?: () => number, word?: () => string, listener: Listener }} options
   *   room and key: writer again; room alone: viewer; neither: writer of a new room, which may take
   *   the owner's word ('': none is known)
   */
  constructor({ api, room, key, transport = 'socketio', epoch, word, listener }) {
    this.transport = typeof transport === 'string' ? transportOf(transport) : transport;
    this.api = api;
    this.room = room;
    this.key = key;
    this.word = word;
    this.epoch = epoch;
    this.listener = listener;
    /** @type {Carrier | undefined} */
    this.carrier = undefined;
    this.joined = false;
    this.joinedAt = 0;
    this.attempts = 0;
    /** @type {string | undefined} why the last attempt of the transport came to nothing */
    this.lastFailure = undefined;
    /** Between start and stop. */
    this.running = false;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Counts the attempts, so that what belongs to an earlier one is not taken for this one's. */
    this.life = 0;
  }

  start() {
    this.running = true;
    this.#connect();
  }

  /** For good: whatever happens afterwards, nothing is connected again. */
  stop() {
    this.running = false;
    this.#end();
  }

  /** Of this attempt. */
  #end() {
    this.life++;
    clearTimeout(this.timer);
    this.#drop();
  }

  /** The connection is known to be dead, or the network is back: do not wait. */
  restart() {
    if (!this.running) return;
    this.attempts = 0;
    this.#end();
    this.listener.onDown();
    this.#connect();
  }

  /**
   * @param {object} data
   * @param {{ to?: string, answered?: (answer: Answer) => void }} [options]
   */
  send(data, { to, answered } = {}) {
    if (this.joined) this.carrier?.send(data, to, answered);
  }

  /** Another writer has to hear of this one. */
  announce() {
    if (this.joined) this.carrier?.announce?.();
  }

  /**
   * A writer speaks to the room and listens on its control room, a viewer the other way round.
   * @returns {Party}
   */
  #party() {
    const [room, control] = [`${this.room}`, `${this.room}-control`];
    const { epoch } = this;
    return this.key ? { hears: control, speaks: room, epoch } : { hears: room, speaks: control };
  }

  async #connect() {
    const life = ++this.life;
    try {
      const ticket = await this.#negotiate();
      if (life !== this.life) return;
      this.room = ticket.room_id;
      this.key = ticket.role === 'writer' ? (ticket.writer_key ?? this.key) : undefined;
      this.listener.onTicket(ticket);
      this.#open(ticket, life);
    } catch (error) {
      if (life === this.life) this.#failed(troubleOf(error));
    }
  }

  /** What is secret is never in an address. @returns {object | undefined} */
  #body() {
    const { room, key } = this;
    if (room) return key ? { room_id: room, writer_key: key } : undefined;
    const word = this.word?.();
    return word ? { writers_word: word } : undefined;
  }

  /** @returns {Promise<Ticket>} */
  async #negotiate() {
    const { api, room } = this;
    const body = this.#body();
    const parameters = new URLSearchParams(this.transport.query);
    if (room && !body) parameters.set('room_id', room);
    const query = String(parameters);
    const url = `${api}/negotiate${query && `?${query}`}`;
    const response = await fetch(url, {
      signal: AbortSignal.timeout(NEGOTIATE_MS),
      credentials: 'omit',
      ...(body && {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
    if (!response.ok) throw await Refusal.from(response);
    const ticket = await response.json();
    for (const field of ['room_id', 'role', ...this.transport.fields]) {
      if (typeof ticket?.[field] !== 'string')
        throw new Error(`The answer to negotiate has no ${field}.`);
    }
    this.#check(ticket);
    return ticket;
  }

  /**
   * Whoever asked to watch must not find themselves writing, nor anybody in a room that they do not
   * know of.
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
    const current = () => life === this.life;
    /** @type {Events} */
    const events = {
      joined: (sid) => {
        if (!current() || this.joined) return;
        this.joined = true;
        this.lastFailure = undefined;
        this.joinedAt = performance.now();
        listener.onJoin(sid);
      },
      failed: (trouble) => {
        if (!current()) return;
        this.lastFailure = trouble.code;
        this.#failed({ ...trouble, final: false });
      },
      data: (data, from) => {
        if (current()) listener.onData(data, from);
      },
      presence: (event) => {
        if (current()) listener.onPresence(event);
      },
    };
    this.carrier = this.transport.open(ticket, this.#party(), events, this.lastFailure);
  }

  #drop() {
    this.joined = false;
    const { carrier } = this;
    this.carrier = undefined;
    carrier?.close();
  }

  /** @param {Trouble & { wait?: number }} trouble */
  #failed(trouble) {
    // What breaks as soon as it is made is not tried again at once, over and over.
    if (this.joined && performance.now() - this.joinedAt >= STABLE_MS) this.attempts = 0;
    this.#end();
    this.listener.onDown(trouble);
    if (trouble.final) return;
    const backOff =
      Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.attempts++) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.#connect(), Math.max(backOff, trouble.wait ?? 0));
  }
}

/** Why there is no token, or none that can be used. */
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

  /** The function app's own word. @param {Response} response */
  static async from(response) {
    const body = await response.json().catch(() => undefined);
    const {
      code = `Http${response.status}`,
      message = `The function app answered ${response.status}.`,
    } = body?.error ?? {};
    const wait = Math.min(30, Number(response.headers.get('Retry-After')) || 0) * 1000;
    // These speak about the link or the key: the same request would fail again.
    const final = [400, 403].includes(response.status);
    return new Refusal(String(code), String(message), { final, wait });
  }
}

/** @param {any} error @returns {Trouble & { wait?: number }} */
function troubleOf(error) {
  if (error instanceof Refusal)
    return { code: error.code, message: error.message, final: error.final, wait: error.wait };
  return { code: 'Unreachable', message: String(error?.message ?? error), final: false };
}
