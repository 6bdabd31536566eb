// The HTTP function `negotiate`: who becomes what in which room, and with which token.
import assert from 'node:assert/strict';
import { request } from '../lib/http.js';
import { ACCESS_KEY, connectionString, startHandler } from '../lib/handler.js';
import { newRoom } from '../lib/events.js';
import { verifyToken } from '../lib/rest-recorder.js';
import { after, before, test } from '../lib/test.js';

const ENDPOINT = 'https://example.webpubsub.azure.com';
const PATH = '/clients/socketio/hubs/codestream';
const ROOM_ID = /^[A-Za-z0-9_-]{22}$/;
const SECRET = 'a secret of the tests, long enough to be one';

let handler;
const get = (path, headers) => request(handler.port, { path, headers });
const post = (body, options = {}) => request(handler.port, {
  method: 'POST',
  path: '/negotiate',
  headers: { 'Content-Type': 'application/json' },
  body,
  ...options,
});
const postJson = (value) => post(JSON.stringify(value));

before(async () => {
  handler = await startHandler({ service: connectionString(ENDPOINT) });
});
after(() => handler?.stop());

async function okJson(answer) {
  const { status, header, json, text } = await answer;
  assert.equal(status, 200, text);
  assert.match(header('content-type'), /^application\/json\b/);
  assert.equal(header('cache-control'), 'no-store');
  return json();
}

async function refused(answer, status) {
  const { status: given, header, json, text } = await answer;
  assert.equal(given, status, text);
  assert.match(header('content-type'), /^application\/json\b/);
  const { error } = json();
  assert.equal(typeof error.code, 'string');
  assert.match(error.message, /\w/);
  return error;
}

const STARTED = Math.floor(Date.now() / 1000);

function assertToken(session, { subject, minutes = 60, key = ACCESS_KEY, aud = ENDPOINT + PATH }) {
  const claims = verifyToken(session.token, key);
  assert.ok(claims, 'the token is signed with the access key');
  assert.equal(claims.aud, aud);
  assert.equal(claims.sub, subject);
  const now = Date.now() / 1000;
  assert.ok(claims.iat >= STARTED && claims.iat <= now, `iat ${claims.iat}, now ${now}`);
  assert.equal(claims.exp - claims.iat, minutes * 60);
  assert.ok(claims.nbf === undefined || claims.nbf <= claims.iat, `nbf ${claims.nbf}`);
  assert.equal(session.expires_in, minutes * 60);
}

test('GET / answers the readiness probe of the host', async () => {
  assert.equal((await get('/')).status, 200);
});

test('GET /negotiate makes a room whose writer is the caller', async () => {
  const session = await okJson(get('/negotiate'));
  assert.match(session.room_id, ROOM_ID);
  assert.equal(session.role, 'writer');
  assert.match(session.writer_key, /^[A-Za-z0-9_-]{43}$/);
  assertToken(session, { subject: `w.${session.room_id}` });
});

test('an answer names the service under the names of the articles and of Microsoft', async () => {
  const session = await okJson(get('/negotiate'));
  assert.equal(session.url, `${ENDPOINT}/?access_token=${session.token}`);
  assert.equal(session.endpoint, ENDPOINT);
  assert.equal(session.path, PATH);
  const names = ['url', 'room_id', 'endpoint', 'path', 'token', 'role', 'writer_key', 'expires_in'];
  assert.deepEqual(Object.keys(session).sort(), names.sort());
});

test('who asks for an epoch gets one of the handler’s clock, or a greater one than the one named', async () => {
  const start = Date.now();
  const { room_id, writer_key, ...first } = await okJson(postJson({ epoch: 0 }));
  assert.ok(first.epoch >= start && first.epoch < Date.now() + 1000);
  assert.equal(first.units, 1);
  for (const [ahead, least] of [[-5000, start], [3_600_000, first.epoch + 3_600_001]]) {
    const again = await okJson(postJson({ room_id, writer_key, epoch: first.epoch + ahead }));
    assert.ok(again.epoch >= least && again.epoch < Math.max(least, Date.now()) + 1000);
  }
  assert.ok((await okJson(postJson({ room_id, writer_key, epoch: 2 ** 53 }))).epoch < 2 ** 52);
  assert.ok((await okJson(get(`/negotiate?epoch=${first.epoch + 60_000}`))).epoch > first.epoch + 60_000);
  assert.equal((await get('/negotiate?epoch=-1')).status, 400);
  assert.ok(!('epoch' in (await okJson(get(`/negotiate?room_id=${room_id}&epoch=0`)))));
  assert.equal((await postJson({ room_id, writer_key, epoch: '0' })).status, 400);
});

for (const path of ['/negotiate', '/register']) {
  test(`GET ${path}?room_id=R makes a viewer of R, who gets no writer key`, async () => {
    const room = newRoom();
    const session = await okJson(get(`${path}?room_id=${room}`));
    assert.equal(session.room_id, room);
    assert.equal(session.role, 'viewer');
    assert.ok(!('writer_key' in session));
    assertToken(session, { subject: `v.${room}` });
  });
}

test('POST with the writer key makes the writer of that room again', async () => {
  const first = await okJson(get('/negotiate'));
  const { room_id: room, writer_key: key } = first;
  const again = await okJson(postJson({ room_id: room, writer_key: key }));
  assert.equal(again.room_id, room);
  assert.equal(again.role, 'writer');
  assert.equal(again.writer_key, key);
  assertToken(again, { subject: `w.${room}` });
});

test('POST takes its members in any order, escaped and with others beside', async () => {
  const { room_id: room, writer_key: key } = await okJson(get('/negotiate'));
  const escaped = room.replace(/^./, (c) => `\\u00${c.charCodeAt(0).toString(16)}`);
  const other = '"x" : [1, {"room_id": 2}]';
  const body = ` { ${other} ,\n "writer_key":"${key}", "room_id" : "${escaped}" } `;
  const again = await okJson(post(body));
  assert.equal(again.room_id, room);
});

test('POST with no body at all is a GET', async () => {
  assert.equal((await okJson(post(''))).role, 'writer');
  const room = newRoom();
  const viewer = await okJson(post('', { path: `/register?room_id=${room}` }));
  assert.equal(viewer.role, 'viewer');
  assert.equal(viewer.room_id, room);
});

test('a wrong writer key, and the key of another room, are refused with 403', async () => {
  const one = await okJson(get('/negotiate'));
  const other = await okJson(get('/negotiate'));
  const flipped = one.writer_key.replace(/^./, (c) => (c === 'A' ? 'B' : 'A'));
  for (const key of [flipped, other.writer_key, '', 'A'.repeat(43), one.writer_key.slice(0, -1),
    `${one.writer_key}A`, `${one.writer_key}=`, 'x'.repeat(2000)]) {
    const error = await refused(postJson({ room_id: one.room_id, writer_key: key }), 403);
    assert.ok(!JSON.stringify(error).includes(one.writer_key));
  }
});

test('the writer key belongs to the secret and outlives the process', async () => {
  const start = (secret) => startHandler({
    service: connectionString(ENDPOINT), env: secret ? { CODESTREAM_SECRET: secret } : {},
  });
  const [first, second, other] = await Promise.all([
    start(SECRET), start(SECRET), start(`${SECRET}!`)]);
  try {
    const session = (await request(first.port, { path: '/negotiate' })).json();
    const body = JSON.stringify({ room_id: session.room_id, writer_key: session.writer_key });
    const form = { method: 'POST', path: '/negotiate', body };
    assert.equal((await request(second.port, form)).status, 200);
    assert.equal((await request(other.port, form)).status, 403);
    assert.equal((await request(handler.port, form)).status, 403, 'derived from the access key');
  } finally {
    await Promise.all([first.stop(), second.stop(), other.stop()]);
  }
});

test('without a secret, the same access key means the same writer keys', async () => {
  const second = await startHandler({ service: connectionString(ENDPOINT) });
  try {
    const { room_id: room, writer_key: key } = await okJson(get('/negotiate'));
    const body = JSON.stringify({ room_id: room, writer_key: key });
    const answer = await request(second.port, { method: 'POST', path: '/negotiate', body });
    assert.equal(answer.status, 200, answer.text);
  } finally {
    await second.stop();
  }
});

test('anything but 22 characters of base64url is no room id', async () => {
  const room = newRoom();
  const bad = ['', 'x', room.slice(1), `${room}x`, `${room}-control`, `${room.slice(1)}.`,
    `${room.slice(1)}%20`, `${room.slice(1)}+`, `${room.slice(1)}%00`, `${room.slice(1)}%C3%A9`,
    `${room.slice(2)}%2`, `${room.slice(1)}/`, `${room},${room}`, 'x'.repeat(4000)];
  for (const id of bad) {
    await refused(get(`/register?room_id=${id}`), 400);
    await refused(get(`/negotiate?room_id=${id}`), 400);
  }
  for (const id of ['', room.slice(1), `${room}-control`, `${room.slice(1)} `,
    `${room.slice(1)}é`]) {
    await refused(postJson({ room_id: id, writer_key: 'A'.repeat(43) }), 400);
  }
});

test('GET /register without a room is refused: only /negotiate makes rooms', async () => {
  await refused(get('/register'), 400);
});

test('a room id may be percent-encoded, and other query parameters do not disturb', async () => {
  const room = newRoom();
  const encoded = [...room].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('');
  const session = await okJson(get(`/register?x=1&room_id=${encoded}&code=abc&room_ids=no`));
  assert.equal(session.room_id, room);
});

test('a parameter that is given twice is refused, since somebody else may read the other one', async () => {
  const room = newRoom();
  for (const [path, one, other] of [
    ['/negotiate', `room_id=${room}`, `room_id=${newRoom()}`], ['/register', `room_id=${room}`, 'room_id='],
    ['/negotiate', `room_id=${room}`, `room%5Fid=${room}`], ['/negotiate', `id=${room}`, 'id'],
    ['/negotiate', 'epoch=1', 'epoch=2'], ['/negotiate', 'protocol', 'protocol=json.webpubsub.azure.v1'],
  ]) {
    for (const method of ['GET', 'POST']) {
      for (const query of [`${one}&${other}`, `${other}&x=1&${one}`]) {
        const answer = request(handler.port, { method, path: `${path}?${query}` });
        assert.equal((await refused(answer, 400)).code, 'BadRequest', query);
      }
    }
  }
  await okJson(get(`/negotiate?x=1&x=2&room_id=${room}`));
});

test('a body that is not what POST takes is refused with 400', async () => {
  const room = newRoom();
  const key = 'A'.repeat(43);
  const bodies = ['x', 'null', '[]', '"text"', '{', '{}', `{"writer_key":"${key}"}`,
    `{"room_id":"${room}"}`,
    `{"room_id":"${room}","room_id":"${room}","writer_key":"${key}"}`,
    `{"room_id":1,"writer_key":"${key}"}`,
    `{"room_id":"${room}","writer_key":null}`, `{"room_id":"${room}","writer_key":["${key}"]}`,
    `{"room_id":"${room}","writer_key":"${key}"`, `{"room_id":"${room}","writer_key":"${key}",}`,
    `{"room_id":"${room}","writer_key":"${key}"}x`, '['.repeat(4000),
    Buffer.from(`{"room_id":"${room}","writer_key":"\xff"}`, 'latin1')];
  for (const body of bodies) await refused(post(body), 400);
});

test('a body over 16 KiB is refused with 413, however it is framed', async () => {
  const { room_id: room, writer_key: key } = await okJson(get('/negotiate'));
  const sized = (size) => {
    const bare = JSON.stringify({ room_id: room, writer_key: key, pad: '' });
    return bare.replace('""', `"${'x'.repeat(size - bare.length)}"`);
  };
  assert.equal((await post(sized(16_384))).status, 200);
  await refused(post(sized(16_385)), 413);
  const chunked = `4001\r\n${sized(16_385)}\r\n0\r\n\r\n`;
  await refused(post(chunked, { headers: { 'Transfer-Encoding': 'chunked' } }), 413);
  await okJson(get('/negotiate'));
});

test('a chunked body is read like any other', async () => {
  const { room_id: room, writer_key: key } = await okJson(get('/negotiate'));
  const body = JSON.stringify({ room_id: room, writer_key: key });
  const chunks = [body.slice(0, 10), body.slice(10)]
    .map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('');
  const answer = post(`${chunks}0\r\n\r\n`, { headers: { 'Transfer-Encoding': 'chunked' } });
  assert.equal((await okJson(answer)).room_id, room);
});

test('another method is refused with 405 and told which ones there are', async () => {
  for (const path of ['/negotiate', '/register', '/api/negotiate']) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'PROPFIND']) {
      const answer = await request(handler.port, { method, path });
      assert.equal(answer.status, 405, `${method} ${path}`);
      assert.match(answer.header('allow'), /\bGET\b/);
      assert.match(answer.header('allow'), /\bPOST\b/);
    }
  }
  const answer = await request(handler.port, { method: 'GET', path: '/eventhandler' });
  assert.equal(answer.status, 405);
  assert.match(answer.header('allow'), /\bPOST\b/);
  assert.match(answer.header('allow'), /\bOPTIONS\b/);
});

test('an unknown path is 404', async () => {
  for (const path of ['/nothing', '/api/nothing', '/negotiates', '/negotiate/x',
    '/api/api/negotiate', '//negotiate']) {
    await refused(get(path), 404);
  }
});

test('the same is answered under /api/ and whatever the case of the path', async () => {
  const room = newRoom();
  for (const path of ['/api/negotiate', '/API/Negotiate', '/NEGOTIATE']) {
    assert.equal((await okJson(get(path))).role, 'writer');
  }
  for (const path of ['/api/register', '/Api/REGISTER', '/Register']) {
    assert.equal((await okJson(get(`${path}?room_id=${room}`))).room_id, room);
  }
});

test('the handler leaves CORS to the platform', async () => {
  const answers = [
    await get('/negotiate', { Origin: 'https://page.example' }),
    await get('/register?room_id=bad', { Origin: 'https://page.example' }),
  ];
  for (const { headers } of answers) {
    const names = [...headers.keys()].filter((name) => name.startsWith('access-control-'));
    assert.deepEqual(names, []);
  }
});

test('no two rooms are alike', async () => {
  const rooms = await Promise.all(Array.from({ length: 200 }, async () => {
    const { room_id: room } = await okJson(get('/negotiate'));
    assert.match(room, ROOM_ID);
    return room;
  }));
  assert.equal(new Set(rooms).size, rooms.length);
});

test('hub, life of tokens and port of the service are as they are set', async () => {
  const key = 'another key';
  const other = await startHandler({
    service: `Endpoint=http://localhost/;Port=8080;AccessKey=${key};Version=1.0;`,
    env: { CODESTREAM_HUB: 'eio_hub', CODESTREAM_TOKEN_MINUTES: '5' },
  });
  try {
    const session = (await request(other.port, { path: '/negotiate' })).json();
    assert.equal(session.endpoint, 'http://localhost:8080');
    assert.equal(session.path, '/clients/socketio/hubs/eio_hub');
    const aud = 'http://localhost:8080/clients/socketio/hubs/eio_hub';
    assertToken(session, { subject: `w.${session.room_id}`, minutes: 5, key, aud });
  } finally {
    await other.stop();
  }
});

test('neither tokens nor writer keys nor function keys are in the log', async () => {
  const session = await okJson(get('/negotiate?code=do-not-log-this-code'));
  const { room_id: room, writer_key: key } = session;
  const form = { room_id: room, writer_key: key };
  await postJson(form);
  const headers = { 'x-functions-key': 'do-not-log-this', Authorization: 'Bearer do-not-log-this' };
  await request(handler.port, {
    method: 'POST', path: '/negotiate?code=do-not-log-this', headers, body: JSON.stringify(form),
  });
  await handler.log.next((line) => /\/negotiate|event=negotiate/.test(line));
  const log = handler.lines.join('\n');
  for (const secret of [session.token, key, ACCESS_KEY, 'do-not-log']) {
    assert.ok(!log.includes(secret), `the log has ${secret}`);
  }
});
