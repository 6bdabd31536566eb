// The connection: asks the function app for a token, keeps a Socket.IO connection to the service
// with it, joins the room, and starts again with a fresh token whenever that breaks. It knows
// nothing of texts.

import { io } from 'socket.io-client';

/**
 * @typedef {{ success: boolean, error?: { code: string, message: string } }} Answer
 * @typedef {{ room_id: string, endpoint: string, path: string, token: string, role: string,
 *   writer_key?: string }} Ticket
 * @typedef {{ code: string, message: string, final: boolean }} Trouble final: trying again would
 *   not help
 * @typedef {object} Listener
 * @property {(ticket: Ticket) => void} onTicket
 * @property {(sid: string) => void} onJoin
 * @property {(trouble?: Trouble) => void} onDown
 * @property {(data: unknown, from: unknown) => void} onData
 * @property {(event: any) => void} onPresence
 */

const NEGOTIATE_MS = 10_000;
const CONNECT_MS = 10_000;
const JOIN_MS = 10_000;
/** `login` is the invitation to join; should it get lost, one joins without. */
const LOGIN_MS = 3_000;
/** A connection that has lasted this long has proved itself. */
const STABLE_MS = 10_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

export class Link {
  /**
   * @param {{ api: string, room?: string, key?: string, listener: Listener }} options room and
   *   key: writer again;
   *   room alone: viewer; neither: writer of a new room
   */
  constructor({ api, room, key, listener }) {
    this.api = api;
    this.room = room;
    this.key = key;
    this.listener = listener;
    /** @type {import('socket.io-client').Socket | undefined} */
    this.socket = undefined;
    this.joined = false;
    this.joinedAt = 0;
    this.attempts = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    /** Counts the attempts, so that what belongs to an earlier one is not taken for this one's. */
    this.life = 0;
  }

  start() {
    this.#connect();
  }

  stop() {
    this.life++;
    clearTimeout(this.timer);
    this.#drop();
  }

  /** The connection is known to be dead, or the network is back: do not wait. */
  restart() {
    if (this.life === 0) return;
    this.attempts = 0;
    this.stop();
    this.listener.onDown();
    this.#connect();
  }

  /**
   * @param {object} data
   * @param {{ to?: string, answered?: (answer: Answer) => void }} [options]
   */
  send(data, { to, answered } = {}) {
    if (!this.socket?.connected || !this.joined) return;
    const message =
      to === undefined ? { room_id: this.#target(), data } : { room_id: this.#target(), data, to };
    if (answered)
      this.socket.emit('sendToRoom', message, (/** @type {unknown} */ answer) =>
        answered(readAnswer(answer)),
      );
    else this.socket.emit('sendToRoom', message);
  }

  /** A writer speaks to the room and listens on its control room, a viewer the other way round. */
  #target() {
    return this.key ? this.room : `${this.room}-control`;
  }

  #home() {
    return this.key ? `${this.room}-control` : this.room;
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

  /** @returns {Promise<Ticket>} */
  async #negotiate() {
    const { api, room, key } = this;
    const url =
      room && !key ? `${api}/negotiate?room_id=${encodeURIComponent(room)}` : `${api}/negotiate`;
    const response = await fetch(url, {
      signal: AbortSignal.timeout(NEGOTIATE_MS),
      credentials: 'omit',
      ...(room &&
        key && {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({ room_id: room, writer_key: key }),
        }),
    });
    if (!response.ok) throw await Refusal.from(response);
    const ticket = await response.json();
    for (const field of ['room_id', 'endpoint', 'path', 'token', 'role']) {
      if (typeof ticket?.[field] !== 'string')
        throw new Error(`The answer to negotiate has no ${field}.`);
    }
    return ticket;
  }

  /** @param {Ticket} ticket @param {number} life */
  #open({ endpoint, path, token }, life) {
    const socket = io(endpoint, {
      path,
      query: { access_token: token },
      // Socket.IO would try again with the same token; here every attempt gets a fresh one.
      reconnection: false,
      forceNew: true,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      timeout: CONNECT_MS,
    });
    this.socket = socket;
    const { listener } = this;
    const down = (/** @type {string} */ reason) => {
      if (life === this.life) this.#failed({ code: 'Disconnected', message: reason, final: false });
    };
    socket.on('connect', () => {
      this.timer = setTimeout(() => this.#join(socket, life), LOGIN_MS);
    });
    socket.on('login', () => this.#join(socket, life));
    socket.on('connect_error', (error) => down(error.message));
    socket.on('disconnect', (reason) => down(reason));
    socket.on('presence', (event) => {
      // One's own arrival is no news.
      if (life === this.life && event?.from !== socket.id) listener.onPresence(event);
    });
    socket.on('message', (message) => {
      if (life !== this.life) return;
      if (message?.type === 'editorMessage') listener.onData(message.data, message.from);
    });
  }

  /** @param {import('socket.io-client').Socket} socket @param {number} life */
  #join(socket, life) {
    clearTimeout(this.timer);
    if (life !== this.life || this.joined) return;
    const answered = (/** @type {Error | null} */ error, /** @type {unknown} */ raw) => {
      if (life !== this.life || this.joined) return;
      const answer = error
        ? { success: false, error: { code: 'Timeout', message: 'no answer to joinRoom' } }
        : readAnswer(raw);
      if (!answer.success) {
        this.#failed({
          code: 'Join',
          message: 'The room could not be joined.',
          ...answer.error,
          final: false,
        });
        return;
      }
      this.joined = true;
      this.joinedAt = performance.now();
      this.listener.onJoin(socket.id ?? '');
    };
    socket.timeout(JOIN_MS).emit('joinRoom', { room_id: this.#home() }, answered);
  }

  #drop() {
    this.joined = false;
    const { socket } = this;
    this.socket = undefined;
    socket?.removeAllListeners();
    socket?.disconnect();
  }

  /** @param {Trouble & { wait?: number }} trouble */
  #failed(trouble) {
    // What breaks as soon as it is made is not tried again at once, over and over.
    if (this.joined && performance.now() - this.joinedAt >= STABLE_MS) this.attempts = 0;
    this.stop();
    this.listener.onDown(trouble);
    if (trouble.final) return;
    const backOff =
      Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.attempts++) * (0.5 + Math.random() / 2);
    this.timer = setTimeout(() => this.#connect(), Math.max(backOff, trouble.wait ?? 0));
  }
}

/** The function app's own word on why it gives no token. */
class Refusal extends Error {
  /** @param {string} code @param {string} message @param {number} status @param {number} wait */
  constructor(code, message, status, wait) {
    super(message);
    this.code = code;
    this.wait = wait;
    // These speak about the link or the key: the same request would fail again.
    this.final = [400, 403].includes(status);
  }

  /** @param {Response} response */
  static async from(response) {
    const body = await response.json().catch(() => undefined);
    const {
      code = `Http${response.status}`,
      message = `The function app answered ${response.status}.`,
    } = body?.error ?? {};
    const wait = Math.min(30, Number(response.headers.get('Retry-After')) || 0) * 1000;
    return new Refusal(String(code), String(message), response.status, wait);
  }
}

/** @param {any} error @returns {Trouble & { wait?: number }} */
function troubleOf(error) {
  if (error instanceof Refusal)
    return { code: error.code, message: error.message, final: error.final, wait: error.wait };
  return { code: 'Unreachable', message: String(error?.message ?? error), final: false };
}

/** @param {any} answer @returns {Answer} */
function readAnswer(answer) {
  if (answer?.success === true) return { success: true };
  const { code, message } = answer?.error ?? {};
  return {
    success: false,
    error: { code: String(code ?? 'Unknown'), message: String(message ?? 'no reason given') },
  };
}
