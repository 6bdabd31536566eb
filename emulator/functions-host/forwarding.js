// The host's mode "forwarding" (enableForwardingHttpRequest), bug for bug: the request is rebuilt
// for the handler, and the response is read whole before the caller gets it.

import { randomBytes } from 'node:crypto';
import http from 'node:http';

import { HOST_VERSION, exchange, pairs, pass, release } from './wire.js';

const KEPT = /[^A-Za-z0-9\-._~!$()*,;@]/gu; // all but these are percent-encoded in a query

/** Content headers that get lost on the way; Content-Type travels with the body. */
const DROPPED = new Set([
  'content-encoding',
  'content-language',
  'content-disposition',
  'content-md5',
  'content-range',
  'content-location',
  'expires',
  'last-modified',
  'allow',
  'content-length',
  'content-type',
  'user-agent',
]);

export class Forwarding {
  #agent = new http.Agent({ keepAlive: true });
  #timeoutMs;

  /** @param {{timeoutMs: number}} limits */
  constructor({ timeoutMs }) {
    this.#timeoutMs = timeoutMs;
  }

  /** @param {import('./host.js').Invocation} invocation */
  async invoke({ req, res, port, id }) {
    const length = Number(req.headers['content-length'] ?? 0);
    if (length === 0 && req.headers['transfer-encoding'] !== undefined) {
      throw new Error('a chunked body does not pass in forwarding mode');
    }
    const options = {
      port,
      agent: this.#agent,
      method: req.method,
      path: forwardedTarget(req.url),
      headers: forwardedHeaders(req, id, length > 0),
    };
    pass(res, await exchange(options, length > 0 ? req : undefined, this.#timeoutMs));
  }

  /** Closes idle connections, and from now on every other one after its response. */
  release() {
    release(this.#agent);
  }

  close() {
    this.#agent.destroy();
  }
}

/** All headers of the caller except some content headers, and the host's own. */
function forwardedHeaders(req, id, hasBody) {
  const copied = pairs(req.rawHeaders).filter(([name]) => !DROPPED.has(name.toLowerCase()));
  const agent = [req.headers['user-agent'], `Azure-Functions-Host/${HOST_VERSION}`];
  const added = [
    ['X-Azure-Functions-HostVersion', HOST_VERSION],
    ['X-Azure-Functions-InvocationId', id],
    ['User-Agent', agent.filter(Boolean).join(' ')],
  ];
  if (!req.headers.traceparent) added.push(['traceparent', traceparent()]);
  if (hasBody) {
    const type = req.headers['content-type'];
    if (type) added.push(['Content-Type', type]);
    added.push(['Content-Length', req.headers['content-length']]);
  }
  return [...copied, ...added].flat();
}

const traceparent = () =>
  `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`;

/** The path is decoded and encoded again, and so is the query. */
export function forwardedTarget(target) {
  const [path, query] = target.split(/\?(.*)/s);
  const readable = path.replace(/(?:%[0-9a-f]{2})+/gi, decode);
  const { pathname, search } = new URL(`http://host${readable}`);
  const written = writeQuery([search.slice(1), query].filter(Boolean).join('&'));
  return pathname + (written && `?${written}`);
}

/** Decodes everything but %2F. */
function decode(escapes) {
  return escapes
    .split(/(%2f)/i)
    .map((part) => {
      try {
        return /^%2f$/i.test(part) ? part : decodeURIComponent(part);
      } catch {
        return part;
      }
    })
    .join('');
}

/** One name=value for each name, whatever its case. */
function writeQuery(query) {
  const values = new Map();
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.toLowerCase();
    if (values.has(key)) values.get(key).values.push(value);
    else values.set(key, { name, values: [value] });
  }
  return [...values.values()]
    .map((entry) => `${escape(entry.name)}=${escape(entry.values.join(','))}`)
    .join('&');
}

function escape(text) {
  return text.replace(KEPT, (char) =>
    [...Buffer.from(char)].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
