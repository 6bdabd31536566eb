// One process of an application: its lines, and the clients that belong to it. It is known by the
// `sub` of its tokens, so that a line that comes back belongs to the same process.

/** Of the address of events the library looks at the path; the real service's is not known. */
const EVENTS_URL = 'tunnel:///eventhandler/';

export class Instance {
  connections = new Set();
  isServer = true;
  isGone = false;
  isSilent = false; // its last request was not answered
  name = 'the server';
  delays = []; // an event that has failed is not sent again: it may have been carried out
  #lines = new Set();
  #waiting = new Set(); // those who wait for a line to come back
  #grace;
  #graceMs;
  #onGone;

  /**
   * @param {string} key
   * @param {{graceMs: number, onGone: (instance: Instance) => void}} setup graceMs: for a line to come
   *   back; onGone: none has
   */
  constructor(key, { graceMs, onGone }) {
    this.key = key;
    this.#graceMs = graceMs;
    this.#onGone = onGone;
  }

  get lines() {
    return [...this.#lines];
  }

  add(line) {
    clearTimeout(this.#grace);
    this.#lines.add(line);
    for (const resume of [...this.#waiting]) resume();
  }

  remove(line) {
    this.#lines.delete(line);
    if (this.#lines.size > 0 || this.isGone) return;
    this.#grace = setTimeout(() => this.end(), this.#graceMs);
  }

  /** It is not waited for any longer. */
  end() {
    clearTimeout(this.#grace);
    this.#lines.clear();
    this.isGone = true;
    this.#onGone(this);
    for (const resume of [...this.#waiting]) resume();
    for (const connection of [...this.connections]) connection.close('ServerLost');
  }

  // --- as Upstream has event handlers ---------------------------------------------------------

  url() {
    return EVENTS_URL;
  }

  /** Sends a request, on a line that there is or that comes back. See Line.request. */
  async send(url, request) {
    const line = await this.#line(request.signal);
    try {
      const answer = await line.request({ ...request, url });
      this.isSilent = false;
      return answer;
    } catch (error) {
      this.isSilent = true;
      throw error;
    }
  }

  async #line(signal) {
    while (!this.isGone && !signal.aborted) {
      const line = this.lines.find(({ isOpen }) => isOpen);
      if (line) return line;
      await this.#change(signal);
    }
    throw new Error('it has no line');
  }

  #change(signal) {
    return new Promise((resolve) => {
      const resume = () => {
        this.#waiting.delete(resume);
        signal.removeEventListener('abort', resume);
        resolve();
      };
      this.#waiting.add(resume);
      signal.addEventListener('abort', resume);
    });
  }
}
