// The same service without an access key: the app's managed identity opens it, the service makes
// the clients' tokens, and it is the host's function key that says who may deliver events.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import {
  connectBody, group, joinRoom, newRoom, sendToRoom, systemEvent,
} from '../lib/events.js';
import { runHandler, startHandler } from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import {
  ENTRA_TOKEN, IDENTITY_HEADER, startIdentityEndpoint,
} from '../lib/identity-endpoint.js';
import { newParty, Recorded } from '../lib/recorded.js';
import { startRestRecorder } from '../lib/rest-recorder.js';
import { Crowd, TRANSPORTS } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';

const SETTING = 'WebPubSubForSocketIOConnectionString';
const SECRET = 'a secret of the tests, long enough to be one';
const CLIENT_TOKEN = 'client.token-that-nobody-may-log.signature';
const CLIENT_ID = '5e29463d-71da-4fe0-8e69-999b57db23b0';
const UNSIGNED = { 'ce-signature': null };

let identity;
let app;
before(async () => {
  identity = await startIdentityEndpoint();
  app = await start({ [`${SETTING}__clientId`]: CLIENT_ID, CODESTREAM_TOKEN_MINUTES: '20' });
});
after(async () => {
  await app?.close();
  await identity?.close();
});

const settings = (endpoint) => ({
  ...identity.env,
  [`${SETTING}__endpoint`]: endpoint,
  [`${SETTING}__credential`]: 'managedidentity',
  CODESTREAM_SECRET: SECRET,
  CODESTREAM_LOOPS: '1',
});

/** A handler with the identity, in front of a recorder that knows it. */
async function start(env = {}) {
  const recorder = await startRestRecorder({ entraToken: ENTRA_TOKEN });
  const token = JSON.stringify({ token: CLIENT_TOKEN });
  const makeToken = ({ path }) => (path.includes('generateToken') ? { body: token } : null);
  recorder.answerWith(makeToken);
  const handler = await startHandler({ env: { ...settings(recorder.endpoint), ...env } });
  const started = new Recorded(handler, recorder, await Connection.open(handler.port));
  return Object.assign(started, { makeToken });
}

const get = (path, from = app) => request(from.handler.port, { path });
const withCode = (event) => ({ ...event, path: `${event.path}?code=x` });

test('the endpoint is asked once, for the service, with its secret header and our id', async () => {
  const asked = await identity.asked.next();
  assert.equal(asked.method, 'GET');
  assert.equal(asked.headers['x-identity-header'], IDENTITY_HEADER);
  assert.equal(asked.query.get('resource'), 'https://webpubsub.azure.com');
  assert.equal(asked.query.get('api-version'), '2019-08-01');
  assert.equal(asked.query.get('client_id'), CLIENT_ID);
  const answers = await Promise.all(Array.from({ length: 50 }, () => get('/negotiate')));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(identity.asked.all.length, 1);
});

test('the service makes the clients\' tokens, for the right user and time', async () => {
  const room = newRoom();
  for (const [path, role] of [['/negotiate', 'w'], [`/register?room_id=${room}`, 'v']]) {
    app.recorder.forget();
    const answer = await get(path);
    assert.equal(answer.status, 200, answer.text);
    const session = answer.json();
    const [made] = app.recorder.requests;
    assert.equal(made.method, 'POST');
    assert.equal(made.path, '/api/hubs/codestream/:generateToken');
    assert.equal(made.query.get('userId'), `${role}.${session.room_id}`);
    assert.equal(made.query.get('minutesToExpire'), '20');
    assert.equal(made.query.get('clientType'), null);
    assert.equal(made.body.length, 0);
    assert.equal(made.headers.authorization, `Bearer ${ENTRA_TOKEN}`);
    assert.equal(session.token, CLIENT_TOKEN);
    assert.equal(session.url, `${app.recorder.endpoint}/?access_token=${CLIENT_TOKEN}`);
    assert.equal(session.expires_in, 1200);
  }
});

test('the writer key of the secret opens the room again', async () => {
  const first = (await get('/negotiate')).json();
  const body = JSON.stringify({ room_id: first.room_id, writer_key: first.writer_key });
  const again = await request(app.handler.port, { method: 'POST', path: '/negotiate', body });
  assert.equal(again.json().role, 'writer');
});

test('events need no signature, but the function key that the host has checked', async () => {
  const { room, viewer } = newParty();
  const event = joinRoom(viewer, room, { ack: 1, changes: UNSIGNED });
  const connect = systemEvent(viewer, 'connect', connectBody(viewer), UNSIGNED);
  for (const bare of [event, connect, { ...event, path: '/eventhandler?code=' }]) {
    assert.equal((await app.send(bare)).status, 401);
  }
  assert.equal((await app.send(withCode(connect))).status, 200);
  assert.deepEqual(await app.ack(withCode(event)), { success: true });
  const headers = [...event.headers, ['x-functions-key', 'x']];
  assert.deepEqual(await app.ack({ ...event, headers }), { success: true });
});

test('REST requests carry the identity\'s token', async () => {
  const { room, writer } = newParty();
  app.recorder.forget();
  const event = withCode(sendToRoom(writer, '{"v":1}', { ack: 1, changes: UNSIGNED }));
  assert.deepEqual(await app.ack(event), { success: true });
  const [sent] = app.recorder.requests;
  assert.equal(sent.headers.authorization, `Bearer ${ENTRA_TOKEN}`);
  assert.equal(sent.path, `/api/hubs/codestream/groups/${group(room)}/:send`);
});

test('a service that makes no token is 503, and the next one is served', async () => {
  const bodies = ['', '{}', '[]', '{"token":7}', '{"token":""}', '{"token":"a\\"b"}',
    '{"token":"a b"}'];
  const bad = [{ status: 403 }, { status: 500 }, { reset: true }];
  for (const answer of [...bad, ...bodies.map((body) => ({ body }))]) {
    app.recorder.answerWith(() => answer);
    const refused = await get('/negotiate');
    assert.equal(refused.status, 503, `${JSON.stringify(answer)}: ${refused.text}`);
    assert.equal(typeof refused.json().error.code, 'string');
    app.recorder.answerWith(app.makeToken);
    assert.equal((await get('/negotiate')).status, 200);
  }
});

test('a 503 says when to come again', async () => {
  app.recorder.answerWith(() => ({ status: 429 }));
  const refused = await get('/negotiate');
  app.recorder.answerWith(app.makeToken);
  assert.equal(refused.status, 503);
  assert.match(refused.header('retry-after') ?? 'no Retry-After', /^\d+$/);
});

const NO_TOKEN = {
  'has no such identity': { status: 400, body: '{"message":"no identity"}' },
  'is broken': { status: 500, body: '' },
  'answers what is no JSON': { status: 200, body: '<html>' },
  'answers no token': { status: 200, body: '{"expires_on":"1"}' },
  'answers no time': { status: 200, body: `{"access_token":"${ENTRA_TOKEN}"}` },
  'answers endlessly much': { status: 200, body: `{"access_token":"${'x'.repeat(5_000_000)}` },
};

for (const [what, answer] of Object.entries(NO_TOKEN)) {
  test(`an endpoint that ${what} is an error of each request until it has mended`, async () => {
    identity.answerWith(() => answer);
    const poor = await start();
    try {
      const { writer } = newParty();
      const event = withCode(sendToRoom(writer, '1', { ack: 1, changes: UNSIGNED }));
      assert.equal((await get('/negotiate', poor)).status, 503);
      await poor.refusedAck(event, 'Upstream');
      identity.answerWith(null);
      assert.equal((await get('/negotiate', poor)).status, 200);
      assert.deepEqual(await poor.ack(event), { success: true });
    } finally {
      identity.answerWith(null);
      await poor.close();
    }
  });
}

test('an endpoint that never answers holds up nobody for ever, nor the end', async () => {
  identity.answerWith(() => ({ never: true }));
  const poor = await start();
  try {
    const answers = await Promise.all(Array.from({ length: 20 }, () => get('/negotiate', poor)));
    assert.ok(answers.every(({ status }) => status === 503));
    const waiting = get('/negotiate', poor).catch(() => null);
    await identity.asked.next();
    await poor.close();
    assert.equal((await waiting)?.status ?? 503, 503);
  } finally {
    identity.answerWith(null);
  }
});

test('an event does not wait for the endpoint beyond its own deadline', async () => {
  identity.answerWith(() => ({ never: true }));
  const poor = await start({ CODESTREAM_REST_TIMEOUT_MS: '500' });
  try {
    const { room, writer } = newParty();
    const event = withCode(joinRoom(writer, room, { ack: 1, changes: UNSIGNED }));
    await poor.refusedAck(event, 'Upstream'); // though the endpoint has answered nobody
  } finally {
    identity.answerWith(null);
    await poor.close();
  }
});

test('nothing of the identity is in the log', async () => {
  const log = app.handler.lines.join('\n');
  for (const secret of [ENTRA_TOKEN, CLIENT_TOKEN, IDENTITY_HEADER, SECRET, 'code=x']) {
    assert.ok(!log.includes(secret), `the log has ${secret}`);
  }
});

test('--check tells all that is wrong with an identity at once', async () => {
  const wrong = {
    [`${SETTING}__endpoint`]: 'http://private-value',
    [`${SETTING}__credential`]: 'private-value',
    [`${SETTING}__clientId`]: 'private value',
    CODESTREAM_HUB: '1private-value',
    CODESTREAM_TOKEN_MINUTES: 'private-value',
    CODESTREAM_REST_TIMEOUT_MS: 'private-value',
    CODESTREAM_LOOPS: 'private-value',
  };
  const missing = ['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'CODESTREAM_SECRET'];
  const { code, stderr } = await runHandler(['--check'], wrong);
  assert.notEqual(code, 0);
  for (const name of [...Object.keys(wrong), ...missing]) {
    assert.ok(stderr.includes(name), `${name}: ${stderr}`);
  }
  assert.ok(!/private.value/.test(stderr), stderr);
  const good = await runHandler(['--check'], settings('https://example.webpubsub.azure.com'));
  assert.equal(good.code, 0, good.stderr);
});

test('people work through a service that knows the identity and signs nothing', async () => {
  const stack = await startStack({
    service: { identityTokens: [ENTRA_TOKEN], signEvents: false },
    env: ({ endpoint }) => ({ [SETTING]: '', ...settings(endpoint) }),
  });
  const crowd = new Crowd(stack.api, TRANSPORTS.websocket);
  try {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    await writer.ask('sendToRoom', { room_id: room, data: 'hello' });
    assert.equal((await viewer.message('editorMessage')).data, 'hello');
  } finally {
    crowd.close();
    await stack.close();
  }
});
