// Events by the thousand, over connections as a host keeps them, and what became of each.
import { Connection } from './http.js';
import { readAck } from './events.js';

/** A handler's loop takes 4096 (src/io/http_server.h); a test wants some for itself. */
const MAX_CONNECTIONS = 3000;

/** One connection for each request under way, used again when it is done. */
export class Pool {
  #free = [];
  #waiting = [];
  #all = [];
  #port;
  #answerMs;
  /** How many connections there are. */
  size = 0;
  /** Of each answer: { status, code }, where `ok` is the code of a good one. */
  outcomes = [];

  constructor(port, answerMs) {
    this.#port = port;
    this.#answerMs = answerMs;
  }

  async send(event) {
    try {
      const connection = await this.#take();
      const answer = await connection.request(event, this.#answerMs);
      const value = answer.status === 200 ? readAck(answer).value : {};
      this.outcomes.push({ status: answer.status, code: value.success ? 'ok' : value.error?.code });
      this.#give(connection);
    } catch (error) {
      this.outcomes.push({ status: 0, code: error.message });
    }
  }

  count(wanted) {
    return this.outcomes.filter(({ code }) => code === wanted).length;
  }

  async #take() {
    if (this.#free.length > 0) return this.#free.pop();
    if (this.size >= MAX_CONNECTIONS) {
      return new Promise((resolve) => { this.#waiting.push(resolve); });
    }
    this.size += 1;
    const connection = await Connection.open(this.#port);
    this.#all.push(connection);
    return connection;
  }

  #give(connection) {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#free.push(connection);
  }

  close() {
    for (const connection of this.#all) connection.close();
  }
}
