// Azurite, Microsoft's own stand-in for Blob storage, judges what the handler asks of a container: over
// https, with a token of Entra. `make test-storage`; RECORD=1 records its answers, emulator/recorded/blob.json.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { FILE, replay, ROWS } from '../../emulator/recorded/blob.js';
import { makeCertificates } from '../lib/certificates.js';
import { closeServer } from '../lib/close-server.js';
import { eventually } from '../lib/deadline.js';
import { startKeeper } from '../lib/kept-texts.js';
import { freePort } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';

const MAIN = fileURLToPath(new URL('node_modules/azurite/dist/src/blob/main.js', import.meta.url));
const ACCOUNT = '/devstoreaccount1';
const START_MS = 30_000;

const claims = (now) => ({
  aud: 'https://storage.azure.com',
  iss: 'https://sts.windows.net/00000000-0000-0000-0000-000000000000/',
  iat: now, nbf: now - 60, exp: now + 3600,
});
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** Azurite reads the claims, and knows no key to check the signature with. */
const TOKEN = [{ alg: 'RS256', typ: 'JWT' }, claims(Math.trunc(Date.now() / 1000))].map(part)
  .concat('c2lnbmF0dXJl').join('.');

let azurite;
let certificates;
let folder;
let port;
before(async () => {
  certificates = await makeCertificates();
  folder = await mkdtemp(path.join(os.tmpdir(), 'codestream-storage-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  await writeFile(key, certificates.valid.key);
  await writeFile(cert, certificates.valid.cert);
  port = await freePort();
  azurite = spawn(process.execPath, [MAIN, '--blobHost', '127.0.0.1', '--blobPort', String(port),
    '--location', folder, '--oauth', 'basic', '--cert', cert, '--key', key, '--silent',
    '--disableTelemetry'], { stdio: 'ignore' });
  const container = { method: 'PUT', path: '/rooms?restype=container', headers: {
    authorization: `Bearer ${TOKEN}`, 'x-ms-version': '2021-12-02' } };
  const made = () => send(container).then(({ status }) => status === 201, () => false);
  await eventually(START_MS, made, 'a container of Azurite');
});
after(async () => {
  azurite?.kill();
  if (azurite && azurite.exitCode === null) await once(azurite, 'exit');
  if (folder) await rm(folder, { recursive: true, force: true });
  await certificates?.remove();
});

/** @returns {Promise<{status: number, headers: Headers, text: string}>} */
async function send({ method, path: target, headers, body }) {
  const request = https.request({ host: '127.0.0.1', port, method, path: ACCOUNT + target,
    headers: { ...headers, 'content-length': Buffer.byteLength(body ?? '') },
    rejectUnauthorized: false });
  request.end(body);
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: new Headers(response.headers), text };
}

test('Azurite answers as it was recorded', async () => {
  const rows = await replay(ROWS, send, TOKEN);
  if (process.env.RECORD) {
    await writeFile(FILE, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
    return;
  }
  assert.deepEqual(rows, ROWS);
});

/** The platform's identity endpoint, with a token that Azurite takes. */
async function startIdentity() {
  const server = http.createServer((_, response) => response.end(JSON.stringify({
    access_token: TOKEN, expires_on: String(Math.trunc(Date.now() / 1000) + 3600) })));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

test('the handler keeps, replaces, refuses and deletes texts in Azurite', async () => {
  const identity = await startIdentity();
  const app = await startKeeper({ env: {
    CODESTREAM_STORAGE__blobServiceUri: `https://localhost:${port}${ACCOUNT}`,
    IDENTITY_ENDPOINT: `http://127.0.0.1:${identity.address().port}/msi/token`,
    CODESTREAM_CA_FILE: certificates.authorityFile,
  } });
  try {
    const room = await app.room();
    assert.equal((await app.get(room)).json().error.code, 'NotKept');
    assert.equal((await app.put(room, { epoch: 5, version: 1 })).status, 200);
    const got = await app.get(room);
    assert.equal(got.json().content, '5.1');
    assert.equal((await app.get(room, { 'If-None-Match': got.header('ETag') })).status, 304);
    const race = await Promise.all([2, 3, 4, 5].map((version) =>
      app.put(room, { epoch: 5, version })));
    assert.ok(race.every(({ status }) => [200, 412].includes(status)));
    assert.equal((await app.get(room)).json().content, '5.5');
    assert.equal((await app.put(room, { epoch: 5, version: 4 })).status, 412);
    const large = 'x'.repeat(1024 * 1024 - 200);
    assert.equal((await app.put(room, { epoch: 6, content: large })).status, 200);
    assert.equal((await app.get(room)).json().content.length, large.length);
    assert.equal((await app.delete(room, { epoch: 6 })).status, 200);
    assert.equal((await app.get(room)).status, 404);
    assert.equal((await app.put(room, { epoch: 6, version: 9 })).status, 412);
  } finally {
    await app.close();
    await closeServer(identity);
  }
});
