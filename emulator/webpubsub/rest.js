// The frame of the REST interface: routes, api-version, the bearer token with its audience, the
// body, and the form of errors. What the operations do is in operations/.

import { sameAudience } from './admission.js';
import { FilterError } from './filter.js';
import { ApiError } from './operations/call.js';
import { findRoute } from './routes.js';
import { TokenError, verifyToken } from './token.js';

const VERSIONS = ['2021-10-01', '2022-11-01', '2023-07-01', '2024-01-01', '2024-12-01'];

export class Rest {
  #service;

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
    if (params.hub && !hub)
      throw new ApiError(400, 'InvalidHub', `'${params.hub}' is not a hub name`);
    const body = await this.#readBody(req);
    const type = (req.headers['content-type'] ?? '').split(';')[0].trim().toLowerCase();
    return run({ params, hub, query: url.searchParams, body, type, url, service: this.#service });
  }

  #checkVersion(url, { since = VERSIONS[0] }) {
    const version = url.searchParams.get('api-version');
    if (version === null) throw new ApiError(400, 'MissingApiVersion', 'api-version is missing');
    if (!VERSIONS.includes(version) || version < since) {
      throw new ApiError(
        400,
        'UnsupportedApiVersion',
        `api-version '${version}' does not have this operation`,
      );
    }
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
    if (error instanceof FilterError) {
      return this.#explain(new ApiError(400, 'InvalidFilter', error.message, 'filter'));
    }
    if (!(error instanceof ApiError)) {
      this.#service.log.warn('rest', error.stack);
      return this.#explain(new ApiError(500, 'InternalError', 'the stand-in failed'));
    }
    const { status, code, message, target = null, headers } = error;
    const json = { code, message, target, details: [], inner: null };
    return { status, json, note: message, headers: { ...headers, 'x-ms-error-code': code } };
  }

  #send(req, res, { status, json, headers = {}, note = '' }) {
    const level = json && status >= 400 ? 'warn' : 'rest'; // a plain 404 is a result
    this.#service.log[level](req.method, req.url, '->', String(status), note);
    const text = json === undefined ? '' : JSON.stringify(json);
    const type = text ? { 'Content-Type': 'application/json; charset=utf-8' } : {};
    const length = status === 204 ? {} : { 'Content-Length': Buffer.byteLength(text) };
    res.writeHead(status, { ...headers, ...type, ...length });
    res.end(req.method === 'HEAD' ? undefined : text);
  }
}
