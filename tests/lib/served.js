// How much of a burst a handler serves that may open only so many descriptors.
import { sendToRoom } from './events.js';
import { startHandler } from './handler.js';
import { Connection } from './http.js';
import { newParty } from './recorded.js';
import { startRestRecorder } from './rest-recorder.js';

export const EVENTS = 120;
const AT_A_TIME = 40;
const ANSWER_MS = 30_000;
const REST_MS = 20;
const TRIES = 5;
/** Whoever sends nothing for 500 ms (src/io/connections.h) may be evicted; clocks are rounded. */
const GRACE_MS = 490;
/** A busy machine is no failure of the service's. */
const REST_TIMEOUT_MS = String(ANSWER_MS);

/** Put before a command, which may then open descriptors below this number only. */
export const withDescriptors = (count) => ['sh', '-c', `ulimit -n ${count}; exec "$0" "$@"`];

/**
 * Sends EVENTS events, of which AT_A_TIME are under way, on new connections or on kept ones.
 * @param {{ descriptors: number, keep: boolean, binary?: string }} options
 * @returns {Promise<object>} how often which answer came; `ok`: what it should be
 */
export async function serveRush({ descriptors, keep, binary }) {
  const recorder = await startRestRecorder();
  recorder.answerWith(() => ({ status: 202, delay: REST_MS }));
  const handler = await startHandler({
    service: recorder.connectionString, through: withDescriptors(descriptors), binary,
    env: { CODESTREAM_REST_TIMEOUT_MS: REST_TIMEOUT_MS },
  });
  const answers = {};
  const events = Array.from({ length: EVENTS }, (_, i) => i);
  await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
    const caller = new Caller(handler.port, keep);
    for (let i = events.shift(); i !== undefined; i = events.shift()) {
      const answer = await caller.send(i);
      answers[answer] = (answers[answer] ?? 0) + 1;
    }
    caller.close();
  }));
  await handler.stop();
  await recorder.close();
  return answers;
}

/** Sends one event on a kept connection, another one if that was evicted. Resolves with 'ok'. */
export async function sendPatiently(port) {
  const caller = new Caller(port, true);
  const answer = await caller.send(1);
  caller.close();
  return answer;
}

/** Keeps its connection as a host does, as long as the handler does not end it. */
class Caller {
  #port;
  #keep;
  #connection = null;
  /** When something was last sent on it, or it was opened. */
  #sentMs = 0;
  #writer = newParty().writer;

  constructor(port, keep) {
    this.#port = port;
    this.#keep = keep;
  }

  async send(i) {
    const event = sendToRoom(this.#writer, String(i), { ack: i });
    try {
      const answer = await this.#ask(event, TRIES);
      if (!this.#keep || answer.header('connection') === 'close') this.close();
      return answer.text === `43${i}[{"success":true}]` ? 'ok' : `${answer.status} ${answer.text}`;
    } catch (error) {
      this.close();
      return error.message;
    }
  }

  /**
   * A connection that was evicted because nothing came on it for long, which happens on a busy
   * machine, is none of the handler's failures: hosts try again on another one.
   */
  async #ask(event, tries) {
    if (!this.#connection) this.#sentMs = performance.now();
    let idleMs = 0;
    try {
      this.#connection ??= await Connection.open(this.#port);
      const answer = this.#connection.request(event, ANSWER_MS);
      idleMs = performance.now() - this.#sentMs;
      this.#sentMs += idleMs;
      return await answer;
    } catch (error) {
      const isEvicted = idleMs >= GRACE_MS && /closed|ECONNRESET|EPIPE/.test(error.message);
      if (tries === 1 || !isEvicted) throw error;
      this.close();
      return this.#ask(event, tries - 1);
    }
  }

  close() {
    this.#connection?.close();
    this.#connection = null;
  }
}
