// What the host does when neither flag is set in host.json: the handler gets a JSON description of
// the invocation at /{function}. No more of that mode is here than a handler needs that wants to say
// which flag is missing.

import http from 'node:http';

import {
  HOST_VERSION, answerEmpty, deliver, joinHeaders, pairs, readBody, release,
} from './wire.js';

export class Payload {
  #agent = new http.Agent({ keepAlive: true });

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
    pass(res, response, await readBody(response), settings);
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

/** The output of the handler is the response: an object with status, headers and body. */
function pass(res, { statusCode, headers }, body, { output }) {
  const isJson = /^(application|text)\/json\b/.test(headers['content-type'] ?? '');
  if (statusCode < 200 || statusCode > 299 || !isJson) {
    throw new Error(`the handler responded with ${statusCode}, or not with JSON`);
  }
  const answer = JSON.parse(body.toString('utf8'))?.Outputs?.[output];
  if (answer === undefined || answer === null) {
    answerEmpty(res, 200);
    return;
  }
  if (typeof answer !== 'object') throw new Error('Output is not in expected format');
  for (const [name, value] of Object.entries(answer.headers ?? {})) {
    if (!res.hasHeader(name)) res.setHeader(name, value);
  }
  const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? '');
  res.writeHead(Number(answer.statusCode ?? answer.status ?? 200)).end(text);
}
