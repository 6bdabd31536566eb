// The frame of the REST interface: routes, api-version, the bearer token with its audience, the
// body, and the form of errors. What the operations do is in operations/.

import { sameAudience } from './admission.js';
import { ApiError, badRequest } from './errors.js';
import { EveryNth } from './faults.js';
import { roomOf } from './groups.js';
import { eventIn } from './log.js';
import { hubNameFault } from './options.js';
import { findRoute } from './routes.js';
import { TokenError, verifyToken } from './token.js';

const MAX_EVENT = 300; // bytes of a body in which an event's name is looked for
const NO_TOKEN = 'there is no bearer token: Authorization: Bearer and a JWT, HS256 with the access key, '
  + 'whose aud is the URL of the request';
const JSON_TYPE = 'application/json; charset=utf-8';
const VERSIONS = ['2021-10-01', '2022-11-01', '2023-07-01', '2024-01-01', '2024-12-01'];

export class Rest {
  #service;
  #failures = new EveryNth();

  /** @param {{options, log, endpoint, hub: (name: string) => object}} service */
  constructor(service) {
    this.#service = service;
  }

  /** @returns {boolean} whether the request was for this interface */
  request(req, res, url) {
    if (!url.pathname.startsWith('/api/')) return false;
    const call = { started: Date.now(), method: req.method, target: req.url };
    const request = {
      method: req.method,
      url,
      type: req.headers['content-type'],
      admit: (route) => route.open || this.#checkToken(req),
      body: () => this.#readBody(req),
    };
    this.#answer(request, call)
      .catch((error) => this.#explain(error))
      .then((answer) => this.#send(req, res, answer, call))
      .catch((error) => this.#service.log.warn('rest', error.stack));
    return true;
  }

  /**
   * Carries out a call of a server of a hub, whose line is its authorisation.
   * @param {{method: string, url: object | undefined, type?: string, body: Buffer}} request
   * @returns {Promise<{status: number, text: string, stream?: Function}>} also where it is refused
   */
  async relay({ method, url, type, body }, own) {
    const call = { started: Date.now(), method, target: url ? `${url.pathname}${url.search}` : 'no path' };
    const admit = ({ params }) => {
      if (this.#service.hub(params.hub ?? '') !== own) throw new ApiError(403, 'Forbidden', `the line is of hub '${own.name}'`);
    };
    const request = { method, url, type, admit, body: () => this.#limit(body, body.length), ofServer: true };
    const answer = await this.#answer(request, call).catch((error) => this.#explain(error));
    this.#tell(answer, call);
    const { status, json, stream } = answer;
    return { status, text: json === undefined ? undefined : JSON.stringify(json), stream };
  }

  async #answer({ method, url, type = '', admit, body: read, ofServer }, call) {
    if (!url) throw badRequest('the URL has no path');
    const route = findRoute(method, url.pathname);
    this.#checkVersion(url, route);
    admit(route);
    const { params, run } = route;
    call.params = params;
    const hub = params.hub && this.#service.hub(params.hub);
    if (params.hub && !hub) throw badRequest(hubNameFault(params.hub), 'hub');
    const body = await read();
    if (this.#service.log.isWanted) call.event = eventIn(body.toString('utf8', 0, MAX_EVENT));
    await this.#failOnPurpose(route);
    const mime = type.split(';')[0].trim().toLowerCase();
    return run({
      params, hub, query: url.searchParams, body, type: mime, url, service: this.#service, ofServer,
    });
  }

  /** A probe of the health may leave the version out, or name one that was a preview. */
  #checkVersion({ searchParams }, { since = VERSIONS[0], open }) {
    const version = searchParams.get('api-version');
    if (open) return;
    if (version === null) throw badRequest(`api-version is missing: ?api-version=${VERSIONS.at(-1)}`, 'api-version');
    if (VERSIONS.includes(version) && version >= since) return;
    const known = VERSIONS.filter((one) => one >= since).join(', ');
    throw badRequest(`api-version '${version}' does not have this operation: ${known} do`, 'api-version');
  }

  /** aud is the exact URL of the request, query included, at the endpoint's own address. */
  #checkToken(req) {
    const { options, endpoint } = this.#service;
    const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
    if (!token) throw new ApiError(401, 'Unauthorized', NO_TOKEN);
    if (options.identityTokens.includes(token)) return;
    const wanted = `${endpoint}${req.url}`;
    const audience = (aud) => sameAudience(aud, wanted, options.audience);
    const { accessKeys: keys, clockSkewSeconds: skew } = options;
    try {
      verifyToken(token, { keys, audience, wanted, now: options.clock() / 1000, skew });
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new ApiError(401, 'Unauthorized', error.message);
    }
  }

  async #failOnPurpose({ open }) {
    const { restLatencyMs, restFailEvery, restFailStatus } = this.#service.options;
    if (restLatencyMs > 0) await new Promise((resolve) => setTimeout(resolve, restLatencyMs));
    if (open || !this.#failures.hit(restFailEvery)) return;
    const headers = restFailStatus === 429 ? { 'Retry-After': '1' } : {};
    throw new ApiError(restFailStatus, 'OnPurpose', 'failed on purpose', undefined, headers);
  }

  async #readBody(req) {
    const { restBodyLimit } = this.#service.options;
    const chunks = [];
    let length = 0;
    for await (const chunk of req) {
      length += chunk.length;
      if (length <= restBodyLimit) chunks.push(chunk);
    }
    return this.#limit(Buffer.concat(chunks), length);
  }

  #limit(body, length) {
    const { restBodyLimit } = this.#service.options;
    if (length <= restBodyLimit) return body;
    throw new ApiError(413, 'PayloadTooLarge', `the body has ${length} bytes, and may have ${restBodyLimit}: --rest-body-limit`);
  }

  #explain(error) {
    if (!(error instanceof ApiError)) {
      this.#service.log.warn('rest', error.stack);
      return this.#explain(new ApiError(500, 'InternalError', 'the stand-in failed'));
    }
    const { status, code, message: note, hint, hasVersions } = error;
    const headers = { ...error.headers, 'x-ms-error-code': code };
    return { status, ...error.body(), headers, note: hint ?? note, hasVersions };
  }

  /** What HEAD is answered names the body that GET would have, but only where it is an error. */
  async #send(req, res, answer, call) {
    const { status, json, type = JSON_TYPE, headers = {}, hasVersions = true, stream } = answer;
    const isHead = req.method === 'HEAD';
    this.#tell(answer, call);
    if (stream) {
      res.writeHead(status, { 'Content-Type': type });
      await stream((line) => res.write(line));
      res.end();
      return;
    }
    const text = json === undefined ? '' : JSON.stringify(json);
    const hasLength = status !== 204 && !(isHead && status === 200);
    res.writeHead(status, {
      ...headers,
      ...(hasVersions ? { 'api-supported-versions': VERSIONS.join(', ') } : {}),
      ...(text ? { 'Content-Type': type } : {}),
      ...(hasLength ? { 'Content-Length': Buffer.byteLength(text) } : {}),
    });
    res.end(isHead ? undefined : text);
  }

  /** What is asked and not there, or not ready, is a result and no refusal. */
  #tell({ status, note = '' }, { started, method, target: url, params = {}, event }) {
    const { log } = this.#service;
    const where = placeOf(params);
    const details = { ...where, event, status, ms: Date.now() - started, method };
    const parts = [method, url, '->', String(status)];
    const isResult = (method === 'HEAD' && status === 404) || url.startsWith('/api/health');
    if (status < 400 || isResult) {
      const room = where.room === undefined ? '' : `room '${where.room}' of ${where.namespace}`;
      log.rest(...parts, note, room, event === undefined ? '' : `event '${event}'`, `${details.ms} ms`, details);
      return;
    }
    const rule = status === 401 ? 'restToken' : 'rest';
    log.refused(parts, note, { ...details, rule, reads: `${status} and this message` });
  }
}

/** Whom a call is about, in the words of Socket.IO where it is a room. */
function placeOf({ connection, user, group }) {
  const room = group === undefined ? undefined : roomOf(group);
  if (!room) return { connection, user, group };
  return { connection, user, group, room: room.name || undefined, namespace: room.namespace };
}
