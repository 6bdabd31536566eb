// The container stand-in answers as Azurite was recorded to, and its identity endpoint as documented.
import assert from 'node:assert/strict';
import { after, before, test } from './test.js';
import { replay, ROWS } from '../recorded/blob.js';
import { startContainer } from '../website/container.js';

let container;
let token;
before(async () => {
  container = await startContainer();
  token = (await identity()).access_token;
});
after(() => container?.close());

async function ask(path, options) {
  const response = await fetch(container.url + path, options);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function identity({ resource = 'https://storage.azure.com', header } = {}) {
  const { IDENTITY_HEADER } = container.env;
  const { status, text } = await ask(`/msi/token?api-version=2019-08-01&resource=${resource}`, {
    headers: { 'X-IDENTITY-HEADER': header ?? IDENTITY_HEADER },
  });
  return { status, ...JSON.parse(text) };
}

test('blobs are answered as Azurite answered', async () => {
  const rows = await replay(ROWS, ({ path, ...options }) => ask(path, options), token);
  assert.ok(rows.length > 15);
  assert.deepEqual(rows, ROWS);
});

test('whoever brings no token of the identity, or another one, is refused', async () => {
  const headers = { 'x-ms-version': '2021-12-02' };
  assert.equal((await ask('/rooms/R', { headers })).status, 403);
  const wrong = { ...headers, Authorization: `Bearer ${token}x` };
  assert.equal((await ask('/rooms/R', { headers: wrong })).status, 401);
  const right = { ...headers, Authorization: `Bearer ${token}` };
  assert.equal((await ask('/rooms/R', { headers: right })).status, 404);
});

test('the identity endpoint asks for its header, and knows storage alone', async () => {
  assert.equal((await identity({ header: 'x' })).status, 401);
  assert.equal((await identity({ resource: 'https://vault.azure.net' })).status, 400);
  const { status, expires_on: expires } = await identity();
  assert.equal(status, 200);
  assert.ok(Number(expires) * 1000 > Date.now());
});
