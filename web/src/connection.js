// What writer and viewer have in common: a link, its state as status.js wants it, and the rhythm of
// the page: whenever something has happened or is due, send what is to be sent and show what is
// new.

import { Link } from './link.js';
import { now, ticker } from './ticker.js';

/**
 * @typedef {import('./status.js').LinkState} LinkState
 * @typedef {{ api: string, transport?: string, keepDays: number }} BackEnd  where the function app
 *   is, which protocol the service is spoken to with: 'socketio' (the default) or 'native', and for
 *   how long the newest text of a room is kept (0: it is not)
 * @typedef {import('./writer.js').Writer | import('./viewer.js').Viewer} Core
 * @typedef {object} Device  what a connection needs of the machine that it runs on
 * @property {typeof ticker} ticker
 * @property {() => boolean} hasNetwork
 * @property {(changed: () => void) => void} onNetwork
 */

/** What the screen says depends on the time; it is brought up to date this often. */
const SHOW_MS = 1_000;

/** @type {Device} */
const BROWSER = {
  ticker,
  hasNetwork: () => navigator.onLine,
  onNetwork(changed) {
    addEventListener('online', changed);
    addEventListener('offline', changed);
  },
};

export class Connection {
  /** After a refusal, what was never connected is not reconnected. */
  #hasBeenUp = false;

  /**
   * @param {BackEnd & { room?: string, key?: string, core: Core, show: () => number | void,
   *   word?: () => string, ticket?: (ticket: import('./link.js').Ticket) => void,
   *   edited?: (ops: import('./ops.js').Op[]) => void, presence?: (event: any, now: number) => void }} options
   *   room, key, word: see Link; show: called after every step, may return when it has to be called
   *   again; edited: a viewer has heard the
   *   writer, and these are the edits to make; presence: told after the core
   * @param {Device} [device]
   */
  constructor({ core, show, ticket, edited, presence, ...where }, device = BROWSER) {
    this.core = core;
    this.show = show;
    this.device = device;
    /** @type {LinkState} */
    this.state = { phase: 'connecting', since: now(), network: device.hasNetwork() };
    this.wakeAt = device.ticker(() => this.step());
    this.link = new Link({
      ...where,
      epoch: () => core.epoch,
      greatest: () => ('greatest' in core ? core.greatest : 0),
      least: () => ('least' in core ? core.least : 0),
      firstWord: () => ('firstWord' in core ? core.firstWord : undefined),
      listener: {
        ticket: (granted) => {
          if ('admitted' in core) core.admitted(granted);
          ticket?.(granted);
        },
        joining: (sid) => {
          if ('joining' in core) core.joining(sid);
        },
        joined: (sid, said) => {
          this.#hasBeenUp = true;
          this.#phase('up');
          core.joined(sid, now(), said);
          this.step();
        },
        left: (trouble) => {
          if (this.state.phase === 'up') core.left();
          this.#phase(trouble?.final ? 'failed' : this.#hasBeenUp ? 'down' : 'connecting', trouble);
          this.step();
        },
        heard: (data, from) => {
          const ops = core.heard(data, from, now());
          if (ops) edited?.(ops);
          this.step();
        },
        presence: (event) => {
          core.presence(event, now());
          presence?.(event, now());
          this.step();
        },
      },
    });
    device.onNetwork(() => this.#network());
  }

  start() {
    this.link.start();
    this.step();
  }

  stop() {
    this.link.stop();
  }

  retry() {
    this.link.restart();
  }

  announce() {
    this.link.announce();
  }

  /** @param {LinkState['phase']} phase @param {import('./link.js').Trouble} [trouble] */
  #phase(phase, trouble) {
    const since = phase === this.state.phase ? this.state.since : now();
    this.state = { phase, since, network: this.state.network, trouble };
  }

  #network() {
    const network = this.device.hasNetwork();
    const back = network && !this.state.network;
    this.state = { ...this.state, network };
    if (back && this.state.phase !== 'up' && this.state.phase !== 'failed') this.retry();
    this.step();
  }

  /** Sends what is due, shows what is new, and sets the time of the next step. */
  step() {
    const { core } = this;
    if (core.flights.dead(now())) {
      this.link.restart();
      return;
    }
    for (const { id, data, to } of core.poll(now())) {
      const answered = (/** @type {import('./link.js').Answer} */ answer) => {
        core.answered(Number(id), answer, now());
        this.step();
      };
      this.link.send(data, { to, answered: id === undefined ? undefined : answered });
    }
    const showAt = this.show() ?? Infinity;
    this.wakeAt(Math.min(core.wakeAt, showAt, now() + SHOW_MS));
  }
}
