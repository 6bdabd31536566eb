// What the ways of invoking the handler share: raw headers, the host's own headers, and requests
// that are delivered again as the host's HTTP client does it.

import http from 'node:http';

export const HOST_VERSION = '4.1037.0.0';

const DELIVERIES = 4; // of a request without a body, while the handler closes without a word

/** Headers that concern one connection only. */
const FRAMING = new Set(['transfer-encoding', 'connection', 'keep-alive']);

/** Methods with which the host's HTTP client sends no Content-Length when there is no body. */
const BODYLESS = new Set(['GET', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'TRACE']);

/** @returns {[string, string][]} of a raw list of names and values */
export function pairs(raw) {
  const list = [];
  for (let i = 0; i < raw.length; i += 2) list.push([raw[i], raw[i + 1]]);
  return list;
}

/** One header for each name, spelt as at its first occurrence; repeated values are joined. */
export function joinHeaders(list) {
  const headers = new Map();
  for (const [name, value] of list) {
    const key = name.toLowerCase();
    const header = headers.get(key);
    if (header) header[1] += (key === 'cookie' ? '; ' : ', ') + value;
    else headers.set(key, [name, value]);
  }
  return [...headers.values()];
}

/** The Content-Length with which a body is sent on, if there has to be one. */
export function lengthHeader(method, { length }) {
  return length > 0 || !BODYLESS.has(method) ? [['Content-Length', String(length)]] : [];
}

/**
 * Delivers a request to the handler, up to four times if it has no body and the handler closes the
 * connection without having said a byte.
 * @param {object} options of http.request
 * @param {Buffer} body
 * @returns {Promise<http.IncomingMessage>} resolves with the head of the response
 */
export async function deliver(options, body) {
  for (let left = body.length > 0 ? 1 : DELIVERIES; ; left--) {
    try {
      return await send(options, body);
    } catch (error) {
      if (!error.isSilent || left === 1) throw error;
    }
  }
}

function send(options, body) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', ...options }, resolve);
    let heard = 0; // in earlier exchanges on this connection
    sent.on('socket', (socket) => (heard = socket.bytesRead));
    sent.on('timeout', () => sent.destroy(new Error('nothing happened for too long')));
    sent.on('error', (error) => {
      const isClosed = error.code === 'ECONNRESET' || error.code === 'EPIPE';
      reject(Object.assign(error, { isSilent: isClosed && sent.socket?.bytesRead === heard }));
    });
    sent.end(body);
  });
}

/**
 * Closes an agent's idle connections, and from now on every other one after its response.
 * @param {http.Agent} agent
 */
export function release(agent) {
  agent.keepAlive = false;
  for (const sockets of Object.values(agent.freeSockets)) {
    for (const socket of [...sockets]) socket.destroy();
  }
}

/**
 * Reads a request's or a response's whole body.
 * @param {import('node:stream').Readable} stream
 * @param {number} [limit] in bytes
 */
export async function readBody(stream, limit = Infinity) {
  const chunks = [];
  let length = 0;
  // The stream of a request that is too large stays: its caller is still to be answered.
  for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > limit) throw new Error(`Request body too large: more than ${limit} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Sets the handler's headers on a response, except those that the host itself has set: CORS. */
export function passHeaders(res, headers) {
  if (headers.some(([, value]) => /[\x80-\xff]/.test(value))) {
    throw new Error('Invalid non-ASCII or control character in header');
  }
  const own = new Set(res.getHeaderNames());
  for (const [name, value] of headers) {
    if (!own.has(name.toLowerCase())) res.appendHeader(name, value);
  }
  if (!res.hasHeader('Server')) res.setHeader('Server', 'Kestrel');
}

/** Passes on a response once it has been read whole. */
export async function passWhole(res, response) {
  const body = await readBody(response);
  passHeaders(res, pairs(response.rawHeaders).filter(([name]) => !FRAMING.has(name.toLowerCase())));
  if (body.length > 0) res.setHeader('Content-Length', body.length);
  res.writeHead(response.statusCode, response.statusMessage);
  res.end(body);
}

/** The host's own answer without a body; a reason phrase of the handler's may have been set. */
export function answerEmpty(res, status, headers = {}) {
  const all = { 'Content-Length': 0, Server: 'Kestrel', ...headers };
  res.writeHead(status, http.STATUS_CODES[status], all).end();
}
