// The platform's identity endpoint (Azure's "REST endpoint reference" for managed identities, API
// 2019-08-01): whoever brings the secret header gets an Entra token.
import http from 'node:http';
import { once } from 'node:events';
import { closeServer } from './close-server.js';
import { Inbox } from './deadline.js';

export const IDENTITY_HEADER = 'identity-header-that-nobody-may-log';
export const ENTRA_TOKEN = 'entra.token-that-nobody-may-log.signature';

export async function startIdentityEndpoint() {
  const server = http.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return new IdentityEndpoint(server);
}

class IdentityEndpoint {
  #server;
  #script = null;

  constructor(server) {
    this.#server = server;
    this.asked = new Inbox('a question for an identity');
    server.on('request', (request, response) => this.#answer(request, response));
  }

  /** What the platform puts into the environment of an app that has an identity. */
  get env() {
    const { port } = this.#server.address();
    return { IDENTITY_ENDPOINT: `http://127.0.0.1:${port}/msi/token`, IDENTITY_HEADER };
  }

  /** `script()` returns { status, body } or { never: true }, or nothing for a good answer. */
  answerWith(script) {
    this.#script = script;
  }

  async close() {
    await closeServer(this.#server);
  }

  #answer({ method, url, headers }, response) {
    const query = new URL(url, 'http://identity').searchParams;
    const answer = this.#script?.() ?? judge({ method, query, headers });
    this.asked.push({ method, url, query, headers });
    if (answer.never) return;
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(answer.body);
  }
}

function judge({ method, query, headers }) {
  if (headers['x-identity-header'] !== IDENTITY_HEADER) return { status: 401, body: '{}' };
  const isGood = method === 'GET' && query.get('api-version') === '2019-08-01'
    && query.get('resource') === 'https://webpubsub.azure.com';
  if (!isGood) return { status: 400, body: '{}' };
  return { status: 200, body: tokenAnswer(Math.trunc(Date.now() / 1000) + 3600) };
}

/** The endpoint puts the time in quotes. */
function tokenAnswer(expiresUnix) {
  return JSON.stringify({
    access_token: ENTRA_TOKEN,
    client_id: '5e29463d-71da-4fe0-8e69-999b57db23b0',
    expires_on: String(expiresUnix),
    resource: 'https://webpubsub.azure.com',
    token_type: 'Bearer',
  });
}
