// The frame of the REST interface: routes, api-version, the bearer token with its audience, the
// body, and the form of errors. What the operations do is in operations/.

import { sameAudience } from './admission.js';
import { ApiError, badRequest } from './errors.js';
import { EveryNth } from './faults.js';
import { findRoute } from './routes.js';
import { TokenError, verifyToken } from './token.js';

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
    this.#answer(req, url)
      .catch((error) => this.#explain(error))
      .then((answer) => this.#send(req, res, answer));
    return true;
  }

  async #answer(req, url) {
    const route = findRoute(req.method, url.pathname);
    this.#checkVersion(url, route);
    if (!route.open) this.#checkToken(req);
    const { params, run } = route;
    const hub = params.hub && this.#service.hub(params.hub);
    if (params.hub && !hub) throw badRequest(`'${params.hub}' is not a hub name`, 'hub');
    const body = await this.#readBody(req);
    await this.#failOnPurpose(route);
    const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    return run({ params, hub, query: url.searchParams, body, type, url, service: this.#service });
  }

  /** A probe of the health may leave the version out, or name one that was a preview. */
  #checkVersion({ searchParams }, { since = VERSIONS[0], open }) {
    const version = searchParams.get('api-version');
    if (open) return;
    if (version === null) throw badRequest('api-version is missing', 'api-version');
    if (VERSIONS.includes(version) && version >= since) return;
    throw badRequest(`api-version '${version}' does not have this operation`, 'api-version');
  }

  /** aud is the exact URL of the request, query included, at the endpoint's own address. */
  #checkToken(req) {
    const { options, endpoint } = this.#service;
    const token = /^Bearer +(\S+)$/i.exec(req.headers.authorization ?? '')?.[1];
    if (!token) throw new ApiError(401, 'Unauthorized', 'there is no bearer token');
    if (options.identityTokens.includes(token)) return;
    const wanted = `${endpoint}${req.url}`;
    const audience = (aud) => sameAudience(aud, wanted, options.audience);
    const { accessKeys: keys, clockSkewSeconds: skew } = options;
    try {
      verifyToken(token, { keys, audience, now: options.clock() / 1000, skew });
    } catch (error) {
      if (!(error instanceof TokenError)) throw error;
      throw new ApiError(401, 'Unauthorized', `${error.message} (expected ${wanted})`);
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
    if (length <= restBodyLimit) return Buffer.concat(chunks);
    throw new ApiError(413, 'PayloadTooLarge', `the body may have at most ${restBodyLimit} bytes`);
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
  #send(req, res, answer) {
    const { status, json, type = JSON_TYPE, headers = {}, note = '', hasVersions = true } = answer;
    const isHead = req.method === 'HEAD';
    const level = status >= 400 && !(isHead && status === 404) && status !== 503 ? 'warn' : 'rest'; // 404: a result
    this.#service.log[level](req.method, req.url, '->', String(status), note);
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
}
