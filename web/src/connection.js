// What writer and viewer have in common: a link, its state in words that status.js understands,
// and the rhythm of the page: whenever something happened or a time has come, look what is to be
// sent and what is to be shown.

import { Link } from './link.js';
import { now, ticker } from './ticker.js';

/**
 * @typedef {import('./status.js').LinkState} LinkState
 * @typedef {import('./writer.js').Send} Send
 * @typedef {{ api: string, transport?: string }} BackEnd  where the function app is, and how to
 *   speak to the service: 'socketio' (also if left out) or 'native'
 * @typedef {object} Core  a Writer or a Viewer
 * @property {(now: number) => Send[]} poll
 * @property {(now: number) => boolean} dead
 * @property {number} wakeAt
 */

/**
 * @typedef {object} Device  what a connection needs of the machine that it runs on
 * @property {typeof ticker} ticker
 * @property {() => boolean} hasNetwork
 * @property {(changed: () => void) => void} onNetwork
 */

/** The words on the screen depend on the time; they are looked at this often. */
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
  /**
   * @param {BackEnd & { room?: string, key?: string, core: Core, show: () => void,
   *   epoch?: () => number, word?: () => string,
   *   onTicket?: (ticket: import('./link.js').Ticket) => void, onJoin: (sid: string) => void,
   *   onLeave: () => void,
   *   onData: (data: unknown, from: unknown) => void, onPresence: (event: any) => void,
   *   onAnswer: (id: number, answer: import('./link.js').Answer) => void }} options
   * @param {Device} [device]
   */
  constructor(options, device = BROWSER) {
    this.options = options;
    this.device = device;
    /** @type {LinkState} */
    this.state = { phase: 'connecting', since: now(), network: device.hasNetwork() };
    this.wakeAt = device.ticker(() => this.step());
    this.link = new Link({
      api: options.api,
      room: options.room,
      key: options.key,
      transport: options.transport,
      epoch: options.epoch,
      word: options.word,
      listener: {
        onTicket: (ticket) => options.onTicket?.(ticket),
        onJoin: (sid) => {
          this.#phase('up');
          options.onJoin(sid);
          this.step();
        },
        onDown: (trouble) => {
          if (this.state.phase === 'up') options.onLeave();
          this.#phase(
            trouble?.final ? 'failed' : this.state.phase === 'connecting' ? 'connecting' : 'down',
            trouble,
          );
          this.step();
        },
        onData: (data, from) => {
          options.onData(data, from);
          this.step();
        },
        onPresence: (event) => {
          options.onPresence(event);
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
    const { core, onAnswer, show } = this.options;
    if (core.dead(now())) {
      this.link.restart();
      return;
    }
    for (const { id, data, to, ack } of core.poll(now())) {
      this.link.send(data, {
        to,
        answered: ack
          ? (answer) => {
              onAnswer(id, answer);
              this.step();
            }
          : undefined,
      });
    }
    show();
    this.wakeAt(Math.min(core.wakeAt, now() + SHOW_MS));
  }
}
