// The CloudEvents abuse protection: a handler's URL must say that it wants our events before it
// gets any.

import { failureCure, validationCure } from './cures.js';

/** Why a handler gets no events; the fault follows. */
export const INVALID = 'the event handler did not validate';

/** What a client reads when `connect` is refused. */
export const refusalText = (reason) => `connect was refused (${reason})`;

const DEADLINE_MS = 10_000; // for one validation
const RETRY_MS = 1000; // the least time between failed validations

/** The validation of one handler's URL, and its cached result. */
export class Validation {
  #http;
  #url;
  #origin;
  #lifetime;
  #log;
  #verdict; // {fault?, at} of the last validation
  #told = null; // the fault that the log has, undefined for none; null: nothing yet
  #running;
  #firstSuccess;
  #succeed;

  /**
   * @param {{http, url: string, origin: string, lifetime: number, log}} setup lifetime in ms; origin:
   *   our host, without a port
   */
  constructor({ http, url, origin, lifetime, log }) {
    this.#http = http;
    this.#url = url;
    this.#origin = origin;
    this.#lifetime = lifetime;
    this.#log = log;
    this.url = url;
    this.#firstSuccess = new Promise((resolve) => (this.#succeed = resolve));
  }

  get isValid() {
    return this.#verdict !== undefined && !this.#verdict.fault;
  }

  /**
   * Tries until the handler is valid. Whoever starts the service before the handler must not find a
   * refusal of then: an event that comes meanwhile is a reason to ask at once.
   * @param {AbortSignal} signal ends it
   */
  async begin(signal) {
    while (!signal.aborted && (await this.#validate())) {
      this.#verdict = undefined;
      await pause(RETRY_MS, signal);
    }
  }

  /** Resolves when the handler has been valid once. */
  succeeded() {
    return this.#firstSuccess;
  }

  /** @returns {Promise<string | undefined>} why the handler may not be sent events */
  async fault() {
    const age = Date.now() - (this.#verdict?.at ?? -Infinity);
    if (!this.#verdict || (this.#verdict.fault && age > RETRY_MS)) return this.#validate();
    if (age > this.#lifetime) this.#validate(); // the old verdict holds until then
    return this.#verdict.fault;
  }

  #validate() {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run() {
    let fault;
    let cure = validationCure(this.#origin);
    try {
      let answer = await this.#ask('OPTIONS');
      if (answer.status === 404) answer = await this.#ask('GET');
      fault = this.#judge(answer);
    } catch (error) {
      // A valid handler that is unreachable for a moment stays valid.
      fault = this.isValid ? undefined : explain(error);
      cure = failureCure(error) ?? cure;
    }
    this.#verdict = { fault, at: Date.now() };
    if (fault !== this.#told) this.#tell(fault, cure);
    if (!fault) this.#succeed();
    return fault;
  }

  /** Each state once: it is looked for again and again. */
  #tell(fault, cure) {
    this.#told = fault;
    if (!fault) {
      this.#log.note(`the event handler ${this.#url} is validated`);
      return;
    }
    const what = `the event handler ${this.#url} is not validated: ${fault}; ${cure}`;
    const reads = `connect_error '${refusalText(`${INVALID}: ${fault}`)}'`;
    this.#log.refused([], what, { rule: 'validation', reads });
  }

  #ask(method) {
    const headers = { 'WebHook-Request-Origin': this.#origin, 'ce-awpsversion': '1.0' };
    const signal = AbortSignal.timeout(DEADLINE_MS);
    return this.#http.send(this.#url, { method, headers, signal });
  }

  #judge({ status, headers }) {
    if (status < 200 || status > 299) return String(status);
    const allowed = String(headers['webhook-allowed-origin'] ?? '')
      .toLowerCase()
      .split(/[,\s]+/);
    if (allowed.includes('*') || allowed.includes(this.#origin.toLowerCase())) return undefined;
    const given = allowed.join(',') || 'none';
    const hasPort = allowed.includes(this.#origin.toLowerCase() + portIn(given));
    const port = hasPort ? ', without a port' : '';
    return `missing allowed origins: WebHook-Allowed-Origin is ${given}, not ${this.#origin} or *${port}`;
  }
}

const portIn = (text) => /:\d+/.exec(text)?.[0] ?? ':';

const explain = ({ name, code, message }) =>
  name === 'TimeoutError' ? `no response to OPTIONS for ${DEADLINE_MS / 1000} s` : (code ?? message);

/** Waits, but not when the signal is given, and keeps no process alive. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(stop, ms);
    timer.unref();
    function stop() {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      resolve();
    }
    signal.addEventListener('abort', stop);
  });
}
