// A stack in which everything between its parts can go wrong:
//
//   page ── negotiate ──▶ app ─────────────────────▶ handler, or the host with the handler
//   service ── event ───▶ app ──▶ events (answers) ─▶ the same
//   page ── client ─────▶ front ───────────────────▶ service
//   handler ── rest ────▶ front ──▶ rest (answers) ─▶ service
//
// `app` and `front` are proxies of bytes with a lane for each of the two, `events` and `rest` are
// of whole requests.
import { startFaultAnswers } from './fault-answers.js';
import { startFaultProxy } from './fault-proxy.js';
import { startHandler } from './handler.js';
import { FUNCTION_CODE, startStack } from './stack.js';

const HUB = 'codestream';

/**
 * @param {{ host?: boolean, handlers?: number, env?: object, service?: object }} [options]
 *   handlers: so many processes that take events in turn, without the host
 */
export async function startFaultStack({ host = false, handlers = 1, env, service } = {}) {
  const stack = new FaultStack();
  try {
    await stack.start({ host, handlers, env, service });
  } catch (error) {
    await stack.close().catch(() => {});
    throw error;
  }
  return stack;
}

class FaultStack {
  #stack;
  #others = [];
  #settings;

  async start({ host, handlers, env = {}, service }) {
    this.app = await startFaultProxy([
      { name: 'event', begins: /^(POST|OPTIONS) \/eventhandler/ },
      { name: 'negotiate' },
    ]);
    this.front = await startFaultProxy([
      { name: 'rest', begins: /^[A-Z]+ \/api\// },
      { name: 'client' },
    ]);
    this.events = await startFaultAnswers();
    this.rest = await startFaultAnswers();
    const endpoint = `http://127.0.0.1:${this.front.port}`;
    // One loop finds by its next call which connections to the service have been closed meanwhile;
    // more of them would keep some a while longer, and descriptors could not be counted.
    const settings = { CODESTREAM_LOOPS: '1', ...env };
    this.#stack = await startStack({ host, env: settings, service: { ...service, endpoint } });
    this.#settings = settings;
    this.app.to(this.events.port, 'event');
    this.app.to(portOf(this.#stack.api), 'negotiate');
    this.front.to(this.rest.port, 'rest');
    this.#deal();
    for (let i = 1; i < handlers; i += 1) await this.addHandler();
    await this.#serve();
  }

  get api() {
    return `http://127.0.0.1:${this.app.port}`;
  }

  get service() {
    return this.#stack.service;
  }

  get host() {
    return this.#stack.host;
  }

  get serviceLines() {
    return this.#stack.serviceLines;
  }

  get hostLines() {
    return this.#stack.hostLines;
  }

  /** The handlers that run without the host. */
  get handlers() {
    return [this.#stack.handler, ...this.#others];
  }

  /** One more process that takes events in its turn. */
  async addHandler() {
    const service = this.service.connectionString;
    this.#others.push(await startHandler({ service, env: this.#settings }));
    this.#deal();
  }

  /**
   * Ends the last of several handlers; until it is gone it is still sent events.
   * @returns {Promise<{ code: number | null, signal: string | null }>}
   */
  async dropHandler(signal) {
    const gone = this.#others.pop();
    gone.kill(signal);
    const end = await gone.exited;
    this.#deal();
    return end;
  }

  #deal() {
    this.events.to(portOf(this.#stack.api), ...this.#others.map(({ port }) => port));
  }

  /** The host's handler will die, and that is meant. */
  expectDeath() {
    this.#stack.deathsMeant += 1;
  }

  /** Ends every client's connection, as a service does that is being renewed. */
  dropClients() {
    this.service.endConnections({ hub: HUB });
  }

  async stopService() {
    await this.service.close();
  }

  /** A new service under the same name, which knows nothing of the one before. */
  async startService() {
    const { startWebPubSub } = await import('../../emulator/webpubsub/service.js');
    this.#stack.service = await startWebPubSub({ ...this.service.options, port: 0 });
    await this.#serve();
  }

  async #serve() {
    this.front.to(this.service.port, 'client');
    this.rest.to(this.service.port);
    await this.service.setEventHandlers(HUB, [{
      urlTemplate: `${this.api}/eventhandler?code=${FUNCTION_CODE}`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    }]);
  }

  async close() {
    const faults = [];
    const close = (promise) => promise?.catch((error) => faults.push(error));
    // The service's last events find the handlers; then these lose their last connections, until
    // when they would answer.
    await close(this.#stack && this.service?.close());
    for (const part of [this.app, this.events]) await close(part?.close());
    await close(this.#stack?.close());
    for (const other of this.#others) await close(other.stop());
    for (const part of [this.front, this.rest]) await close(part?.close());
    if (faults.length > 0) throw faults[0];
  }
}

const portOf = (url) => Number(new URL(url).port);
