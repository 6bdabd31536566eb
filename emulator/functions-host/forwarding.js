// The host's mode "forwarding" (enableForwardingHttpRequest), bug for bug: the request is rebuilt
// for the handler, and the response is read whole before the caller gets it.

import http from 'node:http';

import { hasNonAscii } from './limits.js';
import {
  HOST_VERSION, deliver, joinHeaders, lengthHeader, pairs, passWhole, release,
} from './wire.js';

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

  /** @param {import('./host.js').Invocation} invocation */
  async invoke({ req, res, body, port, id, signal }) {
    if (hasNonAscii(req.rawHeaders)) throw new Error('a header that is not ASCII does not pass');
    if (req.headers['transfer-encoding'] !== undefined) {
      throw new Error('a chunked body does not pass in forwarding mode');
    }
    const options = {
      port,
      signal,
      agent: this.#agent,
      method: req.method,
      path: forwardedTarget(req.url),
      headers: forwardedHeaders(req, body, id),
    };
    await passWhole(res, await deliver(options, body));
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
function forwardedHeaders(req, body, id) {
  const copied = pairs(req.rawHeaders).filter(([name]) => !DROPPED.has(name.toLowerCase()));
  const agents = pairs(req.rawHeaders).filter(([name]) => name.toLowerCase() === 'user-agent');
  const agent = [...agents.map(([, value]) => value), `Azure-Functions-Host/${HOST_VERSION}`];
  const type = body.length > 0 && req.headers['content-type'];
  return joinHeaders([
    ...copied,
    ['X-Azure-Functions-HostVersion', HOST_VERSION],
    ['X-Azure-Functions-InvocationId', id],
    ['User-Agent', agent.filter(Boolean).join(' ')],
    ...(type ? [['Content-Type', type]] : []),
    ...lengthHeader(req.method, body),
  ]).flat();
}

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

/** One name=value for each name, whatever its case; a repeated one is spelt as the second time. */
function writeQuery(query) {
  const entries = new Map();
  for (const [name, value] of new URLSearchParams(query)) {
    const entry = entries.get(name.toLowerCase());
    if (entry?.values.length === 1) entry.name = name;
    if (entry) entry.values.push(value);
    else entries.set(name.toLowerCase(), { name, values: [value] });
  }
  return [...entries.values()]
    .map(({ name, values }) => `${escape(name)}=${escape(values.join(','))}`)
    .join('&');
}

function escape(text) {
  return text.replace(KEPT, (char) =>
    [...Buffer.from(char)].map((b) => `%${b.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
