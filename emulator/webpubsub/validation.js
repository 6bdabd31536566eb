// The CloudEvents abuse protection: a handler's URL must say that it wants our events before it
// gets any.

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
  #running;

  /** @param {{http, url: string, origin: string, lifetime: number, log}} setup lifetime in ms */
  constructor({ http, url, origin, lifetime, log }) {
    this.#http = http;
    this.#url = url;
    this.#origin = origin;
    this.#lifetime = lifetime;
    this.#log = log;
  }

  /** @returns {Promise<string | undefined>} why the handler may not be sent events */
  async fault() {
    const age = Date.now() - (this.#verdict?.at ?? -Infinity);
    if (!this.#verdict || (this.#verdict.fault && age > RETRY_MS)) await this.#validate();
    else if (age > this.#lifetime) this.#validate(); // the old verdict holds until then
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
    try {
      let answer = await this.#ask('OPTIONS');
      if (answer.status === 404) answer = await this.#ask('GET');
      fault = this.#judge(answer);
    } catch (error) {
      // A valid handler that is unreachable for a moment stays valid.
      const valid = this.#verdict && !this.#verdict.fault;
      fault = valid ? undefined : (error.code ?? error.message);
    }
    this.#verdict = { fault, at: Date.now() };
    if (fault) this.#log.warn(`abuse protection for '${this.#url}' failed: ${fault}`);
    else this.#log.upstream('validated', this.#url);
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
    return `missing allowed origins: WebHook-Allowed-Origin is ${given}, not ${this.#origin} or *`;
  }
}
