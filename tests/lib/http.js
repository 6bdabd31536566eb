// HTTP/1.1 by hand: what node:http will not send (repeated or malformed headers, split bytes,
// requests in one packet) and what it hides (whether the connection was kept, the order of
// answers).
import net from 'node:net';
import { once } from 'node:events';
import { deferred, within } from './deadline.js';

const ANSWER_MS = 10_000;
const CRLF = '\r\n';

/** The bytes of a request. `headers`: pairs or an object; Host and Content-Length need not be. */
export function formatRequest({ method = 'GET', path = '/', headers = [], body } = {}) {
  const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  const has = (name) => pairs.some(([other]) => other.toLowerCase() === name);
  if (!has('host')) pairs.unshift(['Host', '127.0.0.1']);
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(body);
  const framed = has('content-length') || has('transfer-encoding');
  if (!framed && (body !== undefined || method === 'POST')) {
    pairs.push(['Content-Length', String(bytes.length)]);
  }
  const head = [`${method} ${path} HTTP/1.1`, ...pairs.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(head.join(CRLF) + CRLF + CRLF, 'latin1'), bytes]);
}

/** One kept connection. Answers come in the order of the requests. */
export class Connection {
  #socket;
  #bytes = Buffer.alloc(0);
  #waiting = [];
  #ended = null;

  static async open(port, host = '127.0.0.1') {
    const socket = net.connect({ port, host, noDelay: true });
    await within(ANSWER_MS, once(socket, 'connect'), `connection to ${host}:${port}`);
    return new Connection(socket);
  }

  constructor(socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      socket.on('close', resolve);
    });
    socket.on('data', (bytes) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      this.#deliver();
    });
    socket.on('error', (error) => this.#end(error));
    socket.on('close', () => this.#end(new Error('the connection was closed')));
  }

  write(bytes) {
    return this.#socket.write(bytes);
  }

  /** Writes a request and waits for its answer. */
  request(request, ms = ANSWER_MS) {
    const answer = this.answer(ms, request.method);
    this.write(formatRequest(request));
    return answer;
  }

  /** The next answer: { status, headers (Map of arrays), header(name), body (Buffer), json() }. */
  answer(ms = ANSWER_MS, method = 'GET') {
    const waiter = { ...deferred(), method };
    if (this.#ended) waiter.reject(this.#ended);
    else this.#waiting.push(waiter);
    const answer = within(ms, waiter.promise, 'an answer');
    answer.catch(() => {});
    return answer;
  }

  /** Writes the last bytes and closes this side with them; resolves when the kernel has both. */
  async end(bytes) {
    this.#socket.end(bytes);
    await once(this.#socket, 'finish');
  }

  /** Stops reading, as a client does that has gone to sleep. */
  pause() {
    this.#socket.pause();
  }

  close() {
    this.#socket.destroy();
  }

  /** Closes so that the other side sees a reset. */
  reset() {
    this.#socket.resetAndDestroy();
  }

  #deliver() {
    while (this.#waiting.length > 0) {
      let parsed;
      try {
        parsed = parseAnswer(this.#bytes, this.#waiting[0].method);
      } catch (error) {
        this.#end(error);
        return;
      }
      if (!parsed) return;
      this.#bytes = this.#bytes.subarray(parsed.length);
      if (parsed.answer.status === 100) continue;
      this.#waiting.shift().resolve(parsed.answer);
    }
  }

  #end(error) {
    this.#ended ??= error;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#ended);
  }
}

/** One request on a connection of its own. */
export async function request(port, options = {}, ms = ANSWER_MS) {
  const connection = await Connection.open(port);
  try {
    return await connection.request(options, ms);
  } finally {
    connection.close();
  }
}

/** The first whole answer in the bytes, or null while it is incomplete. */
function parseAnswer(bytes, method) {
  const end = bytes.indexOf(CRLF + CRLF);
  if (end < 0) return null;
  const [statusLine, ...lines] = bytes.subarray(0, end).toString('latin1').split(CRLF);
  const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(statusLine) ?? [];
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine.slice(0, 100))}`);
  const headers = new Map();
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    headers.set(name, [...(headers.get(name) ?? []), line.slice(colon + 1).trim()]);
  }
  const code = Number(status);
  const rest = bytes.subarray(end + 4);
  const bare = method === 'HEAD' || code === 204 || code === 304 || code < 200;
  const framed = bare ? { body: Buffer.alloc(0), length: 0 } : readBody(headers, rest);
  if (!framed) return null;
  return { answer: makeAnswer(code, headers, framed.body), length: end + 4 + framed.length };
}

/** { body, length on the wire }, or null while it is incomplete. */
function readBody(headers, bytes) {
  if (headers.get('transfer-encoding')?.[0] === 'chunked') return readChunks(bytes);
  const length = Number(headers.get('content-length')?.[0]);
  if (Number.isNaN(length)) throw new Error('an answer without Content-Length');
  return bytes.length < length ? null : { body: Buffer.from(bytes.subarray(0, length)), length };
}

function readChunks(bytes) {
  const parts = [];
  let at = 0;
  for (;;) {
    const end = bytes.indexOf(CRLF, at);
    if (end < 0) return null;
    const size = parseInt(bytes.subarray(at, end).toString('latin1'), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    at = end + 2 + size + 2;
    if (bytes.length < at) return null;
    if (size === 0) return { body: Buffer.concat(parts), length: at };
    parts.push(bytes.subarray(end + 2, end + 2 + size));
  }
}

function makeAnswer(status, headers, body) {
  return {
    status,
    headers,
    body,
    text: body.toString(),
    header: (name) => headers.get(name.toLowerCase())?.[0],
    json: () => JSON.parse(body.toString()),
  };
}
