// The host's default mode: the handler gets a JSON description of the invocation at /{function} and
// responds with a JSON description of the outputs.

import { randomUUID } from 'node:crypto';
import http from 'node:http';

import { HOST_VERSION, exchange, pairs, readBody, release } from './wire.js';

export class Payload {
  #agent = new http.Agent({ keepAlive: true });
  #timeoutMs;
  #log;

  /** @param {{timeoutMs: number, log: (line: string) => void}} settings */
  constructor({ timeoutMs, log }) {
    this.#timeoutMs = timeoutMs;
    this.#log = log;
  }

  /** @param {import('./host.js').Invocation} invocation */
  async invoke({ req, res, port, id, settings, params }) {
    const body = Buffer.from(JSON.stringify(await describe(req, settings, params)));
    const headers = {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': body.length,
      'X-Azure-Functions-HostVersion': HOST_VERSION,
      'X-Azure-Functions-InvocationId': id,
      'User-Agent': `Azure-Functions-Host/${HOST_VERSION}`,
    };
    const options = {
      port,
      agent: this.#agent,
      method: 'POST',
      path: `/${settings.name}`,
      headers,
    };
    this.#pass(res, await exchange(options, body, this.#timeoutMs), settings);
  }

  #pass(res, { status, body }, { output }) {
    if (status < 200 || status > 299) throw new Error(`the handler responded with ${status}`);
    const { Outputs, Logs, ReturnValue } = readJson(body);
    for (const line of Logs ?? []) this.#log(`handler info: ${line}`);
    if (output === undefined) {
      res.writeHead(204).end();
      return;
    }
    const answer = output === '$return' ? ReturnValue : Outputs?.[output];
    const { code, headers, text } = readOutput(answer, output === '$return');
    for (const [name, value] of Object.entries(headers)) {
      if (!res.hasHeader(name)) res.setHeader(name, value);
    }
    res.writeHead(code).end(text);
  }

  /** Closes idle connections, and from now on every other one after its response. */
  release() {
    release(this.#agent);
  }

  close() {
    this.#agent.destroy();
  }
}

/** Data of the trigger, and Metadata. */
async function describe(req, { name, trigger }, params) {
  const url = new URL(req.url, `http://${req.headers.host}`);
  const query = joined(url.searchParams);
  const headers = listed(pairs(req.rawHeaders));
  const data = { Url: url.href, Method: req.method, Query: query, Headers: headers };
  Object.assign(data, { Params: params, Identities: [] });
  if (req.headers['content-length'] !== undefined) data.Body = await describeBody(req);
  const plain = Object.fromEntries(Object.entries(headers).map(([n, v]) => [n, v.join(', ')]));
  const sys = { MethodName: name, UtcNow: new Date().toISOString(), RandGuid: randomUUID() };
  return { Data: { [trigger]: data }, Metadata: { Query: query, Headers: plain, sys } };
}

/** Every header with the list of its values, spelt as at its first occurrence. */
function listed(headers) {
  const lists = new Map();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    if (lists.has(key)) lists.get(key).values.push(value);
    else lists.set(key, { name, values: [value] });
  }
  return Object.fromEntries([...lists.values()].map(({ name, values }) => [name, values]));
}

/** Repeated names become one value. */
export function joined(parameters) {
  const values = Object.create(null); // a parameter may be called 'constructor'
  for (const [name, value] of parameters) {
    values[name] = name in values ? `${values[name]},${value}` : value;
  }
  return values;
}

async function describeBody(req) {
  const binary = /^(application\/octet-stream|multipart\/)/i.test(
    req.headers['content-type'] ?? '',
  );
  return (await readBody(req)).toString(binary ? 'base64' : 'utf8');
}

function readJson(body) {
  try {
    const value = JSON.parse(body.toString('utf8'));
    if (value !== null && typeof value === 'object') return value;
  } catch {
    // falls through
  }
  throw new Error('Invalid HttpResponseMessage: the handler did not respond with JSON');
}

/** The HTTP output: an object with status, headers and body; as a return value also just a body. */
function readOutput(answer, isReturn) {
  if (answer === null || answer === undefined) return { code: 200, headers: {}, text: '' };
  if (typeof answer !== 'object') {
    if (!isReturn) throw new Error('Output is not in expected format');
    return readOutput({ body: answer });
  }
  const { statusCode, status, headers = {}, body = '' } = answer;
  const isText = typeof body === 'string';
  const text = isText ? body : JSON.stringify(body);
  const type = isText ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
  const typed = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
  const all = typed || text === '' ? headers : { ...headers, 'Content-Type': type };
  return { code: Number(statusCode ?? status ?? 200), headers: all, text };
}
