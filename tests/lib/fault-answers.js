// Stands before a server and gives the answers of a bad day in its place: a status, nonsense, half
// an answer, none. Whether the server has had the request by then, or never sees it, is told too.
import http from 'node:http';
import { once } from 'node:events';
import { pipeline } from 'node:stream';
import { closeServer } from './close-server.js';
import { sendAnswer } from './rest-recorder.js';

/**
 * What happens to a request in place of its being passed on. `taken`: the server does what it was
 * asked for all the same, and only its answer is replaced.
 * @typedef {import('./rest-recorder.js').Answer & { taken?: boolean }} FaultAnswer
 */

const IDLE_MS = 4000;

/** Requests get through to the ports of `to`, in turn, once they are set. */
export async function startFaultAnswers() {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new FaultAnswers(server);
}

class FaultAnswers {
  #server;
  // Connections that nobody needs are closed, so that those of the server can be counted.
  #agent = new http.Agent({ keepAlive: true, timeout: IDLE_MS });
  #ports = [];
  #script = null;

  constructor(server) {
    this.#server = server;
    /** How many requests have met a fault. */
    this.hits = 0;
    this.passed = 0;
    server.on('request', (request, response) => {
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  get port() {
    return this.#server.address().port;
  }

  to(...ports) {
    this.#ports = ports;
  }

  /**
   * `script({ method, url, headers, text })` returns a FaultAnswer, or nothing for a request that
   * is passed on; no script: all is well.
   */
  answerWith(script) {
    this.#script = script;
  }

  async close() {
    this.#agent.destroy();
    await closeServer(this.#server);
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { method, url, headers } = request;
    const fault = this.#script?.({ method, url, headers, text: body.toString() });
    if (fault) {
      this.hits += 1;
      if (fault.taken) (await this.#pass(request, body)).resume();
      await sendAnswer(fault, response);
      return;
    }
    const answer = await this.#pass(request, body);
    this.passed += 1;
    response.writeHead(answer.statusCode, answer.rawHeaders);
    pipeline(answer, response, () => {}); // half an answer is passed on as half an answer
  }

  /** The server's answer, whose body the caller has to read. */
  async #pass({ method, url, rawHeaders }, body) {
    const [port] = this.#ports;
    this.#ports.push(this.#ports.shift());
    const onward = http.request({
      host: '127.0.0.1', port, agent: this.#agent, method, path: url, headers: rawHeaders,
    });
    onward.end(body);
    const [answer] = await once(onward, 'response');
    return answer;
  }
}
