// What the host does when neither flag is set in host.json: the handler gets a JSON description of
// the invocation at /{function}. No more of that mode is here than a handler needs that wants to say
// which flag is missing.

import http from 'node:http';

import {
  HOST_VERSION, answerEmpty, deliver, joinHeaders, pairs, readBody, release,
} from './wire.js';

export class Payload {
  #agent = new http.Agent({ keepAlive: true });
  #log;

  /** @param {(line: string) => void} log gets what the handler wants to have logged */
  constructor(log) {
    this.#log = log;
  }

  /** @param {import('./host.js').Invocation} invocation */
  async invoke({ req, res, body, port, id, signal, settings, params }) {
    const description = describe(req, body, settings, params);
    const headers = {
      'Content-Type': 'application/json; charset=utf-8',
      'Transfer-Encoding': 'chunked',
      'X-Azure-Functions-HostVersion': HOST_VERSION,
      'X-Azure-Functions-InvocationId': id,
      'User-Agent': `Azure-Functions-Host/${HOST_VERSION}`,
    };
    const options = {
      port, signal, agent: this.#agent, method: 'POST', path: `/${settings.name}`, headers,
    };
    const response = await deliver(options, Buffer.from(JSON.stringify(description)));
    const { Outputs, Logs } = await readAnswer(response);
    for (const line of Logs ?? []) this.#log(`info: ${line}`);
    pass(res, Outputs?.[settings.output]);
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
function describe(req, body, { name, trigger }, params) {
  const url = new URL(req.url, `http://${req.headers.host}`);
  const headers = joinHeaders(pairs(req.rawHeaders));
  const data = {
    Url: url.href,
    Method: req.method,
    Query: joined(url.searchParams),
    Headers: Object.fromEntries(headers.map(([header, value]) => [header, [value]])),
    Params: params,
    Identities: [],
    ...(body.length > 0 ? { Body: body.toString('utf8') } : {}),
  };
  return { Data: { [trigger]: data }, Metadata: { sys: { MethodName: name } } };
}

/** Repeated names become one value. */
export function joined(parameters) {
  const values = Object.create(null); // a parameter may be called 'constructor'
  for (const [name, value] of parameters) {
    values[name] = name in values ? `${values[name]},${value}` : value;
  }
  return values;
}

async function readAnswer(response) {
  const { statusCode, headers } = response;
  const body = await readBody(response);
  const isJson = /^(application|text)\/json\b/.test(headers['content-type'] ?? '');
  if (statusCode < 200 || statusCode > 299 || !isJson) {
    throw new Error(`the handler responded with ${statusCode}, or not with JSON`);
  }
  return JSON.parse(body.toString('utf8')) ?? {};
}

/** The output of the handler is the response: an object with status, headers and body. */
function pass(res, output) {
  if (output === undefined || output === null) {
    answerEmpty(res, 200);
    return;
  }
  if (typeof output !== 'object') throw new Error('Output is not in expected format');
  for (const [name, value] of Object.entries(output.headers ?? {})) {
    if (!res.hasHeader(name)) res.setHeader(name, value);
  }
  const text = typeof output.body === 'string' ? output.body : JSON.stringify(output.body ?? '');
  res.writeHead(Number(output.statusCode ?? output.status ?? 200)).end(text);
}
