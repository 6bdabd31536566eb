// Stands in for a container of a storage account, and for the platform's identity endpoint, whose
// token opens it: put, get, its metadata and delete of block blobs, with conditions. All of it is in
// memory.
//
// Sources: Azure docs, "Put Blob", "Get Blob", "Get Blob Metadata", "Delete Blob", "Specifying
// conditional headers", "Blob service error codes"; "How to use managed identities for App Service",
// REST endpoint. recorded/blob.json has what Azurite answers to the same requests.

import http from 'node:http';
import { randomBytes, timingSafeEqual } from 'node:crypto';

import { listen } from '../listen.js';

const CONTAINER = 'rooms';
const RESOURCE = 'https://storage.azure.com';
const TOKEN_SECONDS = 3600;
const MAX_BLOB_BYTES = 16 * 1024 * 1024;

/**
 * @param {object} [options]
 * @param {number} [options.port] 0: a free one
 * @param {(request: object) => object | undefined | Promise<object | undefined>} [options.script]
 *   answers in its place: { status, headers, body }
 */
export async function startContainer({ port = 0, script } = {}) {
  const container = new Container(script);
  const server = http.createServer((req, res) => container.serve(req, res));
  const listening = await listen(server, { port });
  container.url = `http://127.0.0.1:${listening.port}`;
  container.close = () => listening.close();
  return container;
}

class Container {
  #header = randomBytes(24).toString('base64url');
  #token = `storage.${randomBytes(24).toString('base64url')}`;
  #etag = Date.now();

  constructor(script) {
    this.script = script;
    /** @type {Map<string, { body: Buffer, headers: object }>} by name */
    this.blobs = new Map();
  }

  /** What the platform and the deployment put into the app's environment. */
  get env() {
    return {
      CODESTREAM_STORAGE__blobServiceUri: this.url,
      IDENTITY_ENDPOINT: `${this.url}/msi/token`,
      IDENTITY_HEADER: this.#header,
    };
  }

  /** A text as readers get it; undefined: there is none. */
  text(room) {
    const blob = this.blobs.get(room);
    return blob && JSON.parse(blob.body);
  }

  async serve(req, res) {
    try {
      const request = await readRequest(req);
      const answer = (await this.script?.(request)) ?? this.answer(request);
      if (res.destroyed) return;
      const body = answer.body ?? '';
      res.writeHead(answer.status, {
        ...answer.headers,
        ...(answer.status !== 304 && { 'Content-Length': Buffer.byteLength(body) }),
      });
      res.end(body);
    } catch {
      res.destroy(); // whoever gives up a request in its midst has sent none
    }
  }

  /** What a healthy account answers. */
  answer(request) {
    if (request.url.pathname === '/msi/token') return this.#identity(request);
    return this.#refusal(request) ?? this.#blob(request);
  }

  #identity({ method, url, headers }) {
    const json = (status, value) => ({
      status,
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(value),
    });
    if (!same(headers['x-identity-header'], this.#header)) return json(401, {});
    const { searchParams: query } = url;
    const known = query.get('resource') === RESOURCE && query.get('api-version') === '2019-08-01';
    if (method !== 'GET' || !known) return json(400, {});
    return json(200, {
      access_token: this.#token,
      expires_on: String(Math.trunc(Date.now() / 1000) + TOKEN_SECONDS),
      resource: RESOURCE,
      token_type: 'Bearer',
    });
  }

  #refusal({ headers, url }) {
    const token = /^Bearer (\S+)$/.exec(headers.authorization ?? '')?.[1];
    if (!token) return failure(403, 'AuthorizationFailure');
    if (!same(token, this.#token)) return failure(401, 'InvalidAuthenticationInfo');
    if (!headers['x-ms-version']) return failure(400, 'MissingRequiredHeader');
    const [, container, name] = url.pathname.split('/');
    if (container !== CONTAINER) return failure(404, 'ContainerNotFound');
    return name ? undefined : failure(400, 'InvalidUri');
  }

  #blob(request) {
    const name = decodeURIComponent(request.url.pathname.split('/').slice(2).join('/'));
    const blob = this.blobs.get(name);
    const comp = request.url.searchParams.get('comp');
    switch (request.method) {
      case 'GET':
        return blob ? read(blob, request, comp) : failure(404, 'BlobNotFound');
      case 'PUT':
        return this.#put(name, blob, request);
      case 'DELETE':
        return this.#delete(name, blob, request);
      default:
        return failure(405, 'UnsupportedHttpVerb');
    }
  }

  #put(name, blob, request) {
    const { headers, body } = request;
    if (headers['x-ms-blob-type'] !== 'BlockBlob') return failure(400, 'MissingRequiredHeader');
    if (headers['if-none-match'] === '*' && blob) return failure(409, 'BlobAlreadyExists');
    if (!meets(blob, headers)) return failure(412, 'ConditionNotMet');
    if (body.length > MAX_BLOB_BYTES) return failure(413, 'RequestBodyTooLarge');
    const stamp = this.#stamp();
    const meta = Object.entries(headers).filter(([header]) => header.startsWith('x-ms-meta-'));
    const type = headers['x-ms-blob-content-type'] ?? 'application/octet-stream';
    this.blobs.set(name, {
      body,
      type,
      headers: { ...stamp, ...Object.fromEntries(meta) },
    });
    return { status: 201, headers: stamp };
  }

  #delete(name, blob, { headers }) {
    if (!blob) return failure(404, 'BlobNotFound');
    if (!meets(blob, headers)) return failure(412, 'ConditionNotMet');
    this.blobs.delete(name);
    return { status: 202, headers: {} };
  }

  #stamp() {
    this.#etag += 1;
    return {
      ETag: `"0x${this.#etag.toString(16).toUpperCase()}"`,
      'Last-Modified': new Date().toUTCString(),
    };
  }
}

function read({ body, type, headers }, request, comp) {
  if (comp === 'metadata') return { status: 200, headers };
  if (request.headers['if-none-match'] === headers.ETag)
    return { ...failure(304, 'ConditionNotMet'), body: '' };
  return { status: 200, headers: { ...headers, 'Content-Type': type }, body };
}

/** Does the blob that is there, if there is one, meet If-Match? */
const meets = (blob, { 'if-match': wanted }) =>
  wanted === undefined || (blob !== undefined && [blob.headers.ETag, '*'].includes(wanted));

function failure(status, code) {
  return {
    status,
    headers: { 'x-ms-error-code': code, 'Content-Type': 'application/xml' },
    body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code></Error>`,
  };
}

async function readRequest(req) {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  const { method, headers } = req;
  return { method, headers, url: new URL(req.url, 'http://container'), body: Buffer.concat(chunks) };
}

/** Compares secrets in a time that says nothing of them. */
function same(given = '', expected) {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
