// Settings and services that mean harm: whoever stands where the service should be learns no key,
// gets no token that is worth anything elsewhere, and writes nothing into the log but values.
import assert from 'node:assert/strict';
import http from 'node:http';
import https from 'node:https';
import { once } from 'node:events';
import { makeCertificates } from '../lib/certificates.js';
import { joinRoom, sendToRoom } from '../lib/events.js';
import { ACCESS_KEY, connectionString, runHandler, startHandler } from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { ENTRA_TOKEN, startIdentityEndpoint } from '../lib/identity-endpoint.js';
import { newParty, Recorded, startRecorded } from '../lib/recorded.js';
import { startRestRecorder } from '../lib/rest-recorder.js';
import { after, before, test } from '../lib/test.js';

const SETTING = 'WebPubSubForSocketIOConnectionString';

let app;
let certificates;
before(async () => {
  certificates = await makeCertificates();
  app = await startRecorded();
});
after(async () => {
  await app?.close();
  await certificates?.remove();
});

async function listen(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

// ---- settings ----

for (const endpoint of ['https://', 'https://a b', 'https://a"b', 'https://a\'b', 'https://a\nb',
  'https://a\r\nX-Injected: 1', 'https://user@evil.example', 'https://a:b@evil.example',
  'https://evil.example/path', 'https://evil.example?x', 'https://evil.example#x', 'https://a%2fb',
  'https://a:99999', 'https://a:', 'https://ä.example', 'ftp://evil.example', 'file:///etc/passwd',
  'http://evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example',
  'http://127.0.0.2', 'evil.example', '']) {
  test(`${JSON.stringify(endpoint)} is no endpoint, and is not repeated`, async () => {
    const env = { [SETTING]: connectionString(endpoint) };
    const { code, stdout, stderr } = await runHandler(['--check'], env);
    assert.equal(code, 2, stdout);
    assert.match(stderr, new RegExp(`^codestream: ${SETTING} \\w.*\n`));
    for (const private_ of [ACCESS_KEY, 'evil', 'Injected', 'passwd'])
      assert.ok(!(stdout + stderr).includes(private_), stderr);
  });
}

for (const hub of ['a/../b', 'a?x', 'a#x', 'a%2f', 'a"b', 'a\nb', 'a b', 'a[b]', 'a`b', 'a,b', '1a',
  'x'.repeat(129)]) {
  test(`${JSON.stringify(hub.slice(0, 20))} is no hub, which is told with what one is`, async () => {
    const env = { [SETTING]: connectionString('https://a.example'), CODESTREAM_HUB: hub };
    const { code, stderr } = await runHandler(['--check'], env);
    assert.equal(code, 2);
    assert.equal(stderr, 'codestream: CODESTREAM_HUB must be a letter, followed by up to '
      + '127 letters, digits and _\n');
  });
}

// ---- the way there ----

for (const status of [301, 302, 303, 307, 308]) {
  test(`a service that sends elsewhere (${status}) sends no token there`, async () => {
    const trap = http.createServer();
    let visits = 0;
    trap.on('connection', (socket) => {
      visits += 1;
      socket.destroy();
    });
    const port = await listen(trap);
    app.recorder.answerWith(() => ({ status, headers: { Location: `http://127.0.0.1:${port}/` } }));
    try {
      await app.refusedAck(sendToRoom(newParty().writer, '1', { ack: 1 }), 'Upstream');
      assert.equal(visits, 0);
    } finally {
      app.recorder.answerWith(null);
      trap.close();
    }
  });
}

/** Asks a handler for one event in front of that TLS server; what it told, and the server heard. */
async function meet(options, env) {
  const heard = [];
  const server = https.createServer(options, (message, response) => {
    heard.push(`${message.method} ${message.url}`);
    message.resume();
    response.writeHead(202).end();
  });
  server.on('tlsClientError', () => {});
  const service = connectionString(`https://localhost:${await listen(server)}`);
  const handler = await startHandler({ service, env });
  const one = new Recorded(handler, null, await Connection.open(handler.port));
  try {
    const told = await one.ack(sendToRoom(newParty().writer, '1', { ack: 1 }));
    return { told, heard, handler };
  } finally {
    one.connection.close();
    await handler.stop();
    server.closeAllConnections();
    server.close();
  }
}

test('a service that can prove its name is spoken to', async () => {
  const trust = { CODESTREAM_CA_FILE: certificates.authorityFile };
  const { told, heard } = await meet(certificates.valid, trust);
  assert.deepEqual(told, { success: true });
  assert.equal(heard.length, 1);
});

for (const [what, options, env] of [
  ['nobody we trust vouches for', () => certificates.valid, () => ({})],
  ['has an expired certificate', () => certificates.expired,
    () => ({ CODESTREAM_CA_FILE: certificates.authorityFile })],
  ['speaks TLS 1.1 at best', () => ({
    ...certificates.valid,
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  }), () => ({ CODESTREAM_CA_FILE: certificates.authorityFile })],
]) {
  test(`a service that ${what} hears nothing`, async () => {
    const { told, heard, handler } = await meet(options(), env());
    assert.equal(told.error.code, 'Upstream');
    assert.deepEqual(heard, []);
    await handler.exited; // and all that it has logged is here
    assert.ok(handler.complaints.length >= 1);
  });
}

// ---- what it answers ----

test('what a service calls its errors cannot forge a log line', async () => {
  const headers = { 'x-ms-error-code': 'x level=info event=listening "port"=1' };
  app.recorder.answerWith(() => ({ status: 400, headers }));
  try {
    await app.refusedAck(sendToRoom(newParty().writer, '1', { ack: 1 }), 'Upstream');
    const line = await app.handler.log.next((text) => text.includes('rest_error="x level'));
    assert.match(line, / rest_error="x level=info event=listening \\"port\\"=1"$/);
  } finally {
    app.recorder.answerWith(null);
  }
});

// The live service's have dots; older ones, and other services in front of it, have none.
test('what a service calls its errors is logged whole, in the forms that were recorded', async () => {
  const codes = ['NotFound', 'InvalidFilter', 'Error.BadRequest', 'Error.Connection.NotExisted',
    'Info.Connection.NotExisted', 'Warning.Connection.NotExisted', 'Warning.Group.NotExisted',
    'Warning.User.NotExisted', 'Error.Connection.Conflict'];
  try {
    for (const code of codes) {
      app.recorder.answerWith(() => ({ status: 404, headers: { 'x-ms-error-code': code } }));
      await app.refusedAck(sendToRoom(newParty().writer, '1', { ack: 1 }), 'Upstream');
      const line = await app.handler.log.next((text) => text.includes(`rest_error=${code}`));
      assert.ok(line.endsWith(` rest_status=404 rest_error=${code}`), line);
    }
  } finally {
    app.recorder.answerWith(null);
  }
});

const asIdentity = async (identity, recorder) => startHandler({
  env: {
    ...identity.env,
    [`${SETTING}__endpoint`]: recorder.endpoint,
    CODESTREAM_SECRET: 'a secret of the tests, long enough to be one',
  },
});

test('a token of the identity endpoint that would end its header is not sent', async () => {
  const identity = await startIdentityEndpoint();
  const recorder = await startRestRecorder({ entraToken: ENTRA_TOKEN });
  const expires = String(Math.floor(Date.now() / 1000) + 3600);
  for (const token of ['a\r\nX-Injected: 1', 'a b', 'a\u0000b', 'ä']) {
    const body = JSON.stringify({ access_token: token, expires_on: expires });
    identity.answerWith(() => ({ status: 200, body }));
    const handler = await asIdentity(identity, recorder);
    const { viewer } = newParty();
    const event = { ...joinRoom(viewer, viewer.room, { ack: 1 }), path: '/eventhandler?code=x' };
    const answer = await request(handler.port, event);
    assert.match(answer.text, /"success":false/, JSON.stringify(token));
    await handler.stop();
  }
  assert.deepEqual(recorder.requests, []);
  await recorder.close();
  await identity.close();
});

test('a service that makes tokens cannot put more into our answer than a token', async () => {
  const identity = await startIdentityEndpoint();
  const recorder = await startRestRecorder({ entraToken: ENTRA_TOKEN });
  const handler = await asIdentity(identity, recorder);
  for (const token of ['a","role":"writer', 'a\nb', 'a&room_id=x', '<script>', '']) {
    recorder.answerWith(() => ({ status: 200, body: JSON.stringify({ token }) }));
    assert.equal((await request(handler.port, { path: '/negotiate' })).status, 503, token);
  }
  await handler.stop();
  await recorder.close();
  await identity.close();
});
