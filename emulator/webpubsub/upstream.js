// How events reach a hub's event handlers: which handler gets one, the CloudEvents request that
// carries it, and when it is retried.

import { eventHeaders } from './cloudevents.js';
import { delayCure, failureCure, withCure } from './cures.js';
import { EveryNth } from './faults.js';
import { HttpClient } from './http.js';
import { OptionError, handlerFaults } from './options.js';
import { INVALID, Validation } from './validation.js';

const NO_HANDLER = '--upstream URL, or --hubs FILE, names one';
const SLOW_MS = 5000; // without a response: time to say so, though it may still come

/** An event that was not delivered, or whose response was a failure. */
export class UpstreamError extends Error {
  /** @param {string} message @param {{status?: number, body?: string, reason?: string,
   *   rule?: string}} answer */
  constructor(message, { status, body, reason, rule = 'retries' } = {}) {
    super(message);
    this.rule = rule; // of RULES
    this.status = status;
    this.body = body;
    this.reason = reason ?? status ?? 'no response'; // for a client that it concerns
  }
}

export class Upstream {
  #options;
  #log;
  #origin;
  #tunnel;
  #http = new HttpClient();
  #handlers = new Map(); // hub in lower case -> handlers
  #pending = new Map(); // AbortController of a delivery -> its promise
  #closed = false;
  #drops = new EveryNth();
  #validating = new Map(); // hub in lower case -> AbortController of its handlers' validations

  /**
   * @param {object} options
   * @param {object} log
   * @param {string} origin our host, without port
   * @param {(hub: string, url: string, request: object) => Promise<object>} tunnel sends a request by a
   *   line that somebody has opened
   */
  constructor(options, log, origin, tunnel) {
    this.#options = options;
    this.#log = log;
    this.#origin = origin;
    this.#tunnel = tunnel;
    for (const [hub, { eventHandlers = [] }] of Object.entries(options.hubs)) {
      this.setEventHandlers(hub, eventHandlers);
    }
  }

  setEventHandlers(hub, eventHandlers) {
    const faults = eventHandlers.flatMap(handlerFaults);
    if (faults.length > 0) throw new OptionError(faults.join('; '));
    const handlers = eventHandlers.map((settings) => this.#handler(hub, settings));
    const key = hub.toLowerCase();
    this.#handlers.set(key, handlers);
    if (!this.#options.validateHandlers) return;
    this.#validating.get(key)?.abort();
    const validating = new AbortController();
    this.#validating.set(key, validating);
    for (const { validation } of handlers) validation?.begin(validating.signal);
  }

  /** @returns {string[]} the URLs of handlers that have to be validated, and are not */
  get invalid() {
    return this.#validations.filter(({ isValid }) => !isValid).map(({ url }) => url);
  }

  /**
   * Waits for handlers to be validated.
   * @param {number} ms at most so long
   * @returns {Promise<string[]>} the URLs of those that are not
   */
  async validated(ms) {
    const over = new AbortController();
    const all = this.#validations.map((validation) => validation.succeeded());
    await Promise.race([Promise.all(all), pause(ms, over.signal)]);
    over.abort();
    return this.invalid;
  }

  get #validations() {
    if (!this.#options.validateHandlers) return [];
    return [...this.#handlers.values()].flat().flatMap(({ validation }) => validation ?? []);
  }

  #handler(hub, { urlTemplate, userEventPattern = '', systemEvents = [] }) {
    const names = userEventPattern.split(',').map((name) => name.trim());
    const isTunnel = /^tunnel:/i.test(urlTemplate);
    return {
      isTunnel,
      wants: ({ system, name }) =>
        system ? systemEvents.includes(name) : names.includes('*') || names.includes(name),
      name: 'the event handler',
      url: (event) => fillTemplate(urlTemplate, hub, event),
      send: (url, request) => (isTunnel ? this.#tunnel(hub, url, request) : this.#http.send(url, request)),
      validation: isTunnel ? undefined : new Validation({
        http: this.#http,
        url: fillTemplate(urlTemplate, hub, 'validate'),
        origin: this.#origin,
        lifetime: this.#options.revalidateMs,
        log: this.#log,
      }),
    };
  }

  /** Whether a handler of the hub is behind a line, as that of awps-tunnel. */
  hasTunnel(hub) {
    return (this.#handlers.get(hub.toLowerCase()) ?? []).some(({ isTunnel }) => isTunnel);
  }

  hasHandlers(hub) {
    return (this.#handlers.get(hub.toLowerCase()) ?? []).length > 0;
  }

  /** @returns {boolean} whether a handler of the hub wants an event */
  wanted(hub, event) {
    return this.#find(hub, event) !== undefined;
  }

  #find(hub, event) {
    return this.#handlers.get(hub.toLowerCase())?.find((handler) => handler.wants(event));
  }

  /**
   * Delivers one event.
   * @param {import('./cloudevents.js').UpstreamEvent} event
   * @returns {Promise<{status: number, headers: object, body: string}>} a 2xx response
   * @throws {UpstreamError} anything else
   */
  async deliver(event) {
    if (this.#closed) throw new UpstreamError('the service is closing');
    const abort = new AbortController();
    const timer = setTimeout(() => abort.abort(), this.#options.upstreamTimeoutMs);
    const delivery = this.#deliver(event, abort.signal);
    this.#pending.set(abort, delivery);
    try {
      return await delivery;
    } finally {
      clearTimeout(timer);
      this.#pending.delete(abort);
    }
  }

  async #deliver(event, signal) {
    const handler = event.connection.server ?? this.#find(event.connection.hub.name, event);
    if (!handler) {
      const { name } = event.connection.hub;
      const fault = `no event handler of hub '${name}' wants '${event.name}'`;
      const cure = this.hasHandlers(name) ? '--user-events names those that it gets' : NO_HANDLER;
      throw new UpstreamError(withCure(fault, cure), { rule: 'handler' });
    }
    if (this.#options.validateHandlers && handler.validation) {
      const fault = await handler.validation.fault();
      const reason = `${INVALID}: ${fault}`;
      if (fault) throw new UpstreamError(reason, { reason, rule: 'validation' });
    }
    const headers = eventHeaders(event, this.#options, this.#origin);
    const request = { method: 'POST', headers, body: event.body, signal };
    return this.#attempts(handler, request, event);
  }

  async #attempts(handler, request, event) {
    const delays = [...(handler.delays ?? this.#options.retryDelaysMs)];
    if (this.#options.duplicateEvents) await this.#attempt(handler, request, event);
    for (;;) {
      const outcome = await this.#attempt(handler, request, event);
      if (outcome.answer) return outcome.answer;
      if (!outcome.again || delays.length === 0 || request.signal.aborted) throw outcome.error;
      const delay = delays.shift();
      const { name, connection } = event;
      const told = `event '${name}': ${outcome.error.message}, and gets it again in ${delay} ms`;
      this.#log.warn('client', connection.id, told);
      await pause(delay, request.signal);
    }
  }

  async #attempt(handler, request, event) {
    const started = Date.now();
    const { name, namespace, socketId: socket, connection } = event;
    const told = { event: name, connection: connection.id, socket, namespace };
    const tell = (status) => this.#log.upstream({ ...told, status, ms: Date.now() - started });
    const progress = {};
    const cure = () => (handler.isServer ? undefined : delayCure(progress));
    const cureOf = (failure) => (handler.isServer ? undefined : failureCure(failure));
    const slowMs = Math.min(SLOW_MS, this.#options.upstreamTimeoutMs / 2);
    const slow = setTimeout(() => {
      const fault = `event '${name}': no response for ${slowMs} ms, still waiting`;
      this.#log.warn('client', connection.id, withCure(fault, cure()), told);
    }, slowMs);
    try {
      const { eventLatencyMs, eventDropEvery } = this.#options;
      if (eventLatencyMs > 0) await pause(eventLatencyMs, request.signal);
      if (this.#drops.hit(eventDropEvery)) throw new Error('lost on purpose');
      const answer = await handler.send(handler.url(event.name), { ...request, progress });
      tell(answer.status);
      if (answer.status >= 200 && answer.status < 300) return { answer };
      const fault = `${handler.name} responded with ${answer.status}`;
      const error = new UpstreamError(withCure(fault, cureOf(answer)), answer);
      return { error, again: answer.status === 408 || answer.status >= 500 };
    } catch (cause) {
      const isLate = request.signal.aborted;
      const what = isLate ? 'no response in time' : (cause.code ?? cause.message);
      tell(what);
      const fault = `${handler.name} failed: ${what}`;
      const error = new UpstreamError(withCure(fault, isLate ? cure() : cureOf(cause)));
      return { error, again: true };
    } finally {
      clearTimeout(slow);
    }
  }

  /**
   * Lets deliveries end within a period of grace, and then drops them.
   * @param {Promise<any>} noMore resolves when no further delivery will begin
   */
  async close(noMore, graceMs) {
    const grace = new AbortController();
    const all = noMore.then(() => Promise.allSettled(this.#pending.values()));
    await Promise.race([all, pause(graceMs, grace.signal)]);
    grace.abort();
    this.#closed = true;
    for (const validating of this.#validating.values()) validating.abort();
    for (const abort of this.#pending.keys()) abort.abort();
    this.#http.close();
  }
}

function fillTemplate(template, hub, event) {
  return template
    .replaceAll('{hub}', encodeURIComponent(hub))
    .replaceAll('{event}', encodeURIComponent(unicode(event)));
}

/** A name that a client has chosen may have half a character, which no URL can contain. */
const unicode = (text) => Buffer.from(text).toString();

/** Waits until the time is over or the signal aborts. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
    signal.addEventListener('abort', done);
  });
}
