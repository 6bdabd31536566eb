// What the ways of invoking the handler share: raw headers, the host's own headers, and responses
// that are read whole before they are passed on.

import http from 'node:http';

export const HOST_VERSION = '4.1037.0.0';

/** Headers that concern one connection only. */
const FRAMING = new Set(['transfer-encoding', 'connection', 'keep-alive']);

/** @returns {[string, string][]} of a raw list of names and values */
export function pairs(raw) {
  const list = [];
  for (let i = 0; i < raw.length; i += 2) list.push([raw[i], raw[i + 1]]);
  return list;
}

/**
 * Sends a request to the handler and reads the whole response.
 * @param {object} options of http.request
 * @param {import('node:stream').Readable | Buffer | undefined} body
 * @param {number} timeoutMs without anything happening
 * @returns {Promise<{status: number, reason: string, headers: [string, string][], body: Buffer}>}
 */
export function exchange(options, body, timeoutMs) {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: '127.0.0.1', ...options }, (response) => {
      readWhole(response).then(resolve, reject);
    });
    sent.setTimeout(timeoutMs, () => sent.destroy(new Error('the handler took too long')));
    sent.on('error', reject);
    if (body?.pipe) body.pipe(sent);
    else sent.end(body);
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

async function readWhole(response) {
  const body = await readBody(response);
  const headers = pairs(response.rawHeaders).filter(([name]) => !FRAMING.has(name.toLowerCase()));
  return { status: response.statusCode, reason: response.statusMessage, headers, body };
}

export async function readBody(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Sets the handler's headers on a response, except those that the host itself has set: CORS. */
export function passHeaders(res, headers) {
  const own = new Set(res.getHeaderNames());
  for (const [name, value] of headers) {
    if (!own.has(name.toLowerCase())) res.appendHeader(name, value);
  }
}

/** Passes on a response that was read whole. */
export function pass(res, { status, reason, headers, body }) {
  passHeaders(res, headers);
  res.writeHead(status, reason);
  res.end(body);
}
