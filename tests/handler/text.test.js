// The newest text of a room is kept: who may change it, what counts as newer, and what everybody is
// told while storage has its troubles.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { deferred, Inbox } from '../lib/deadline.js';
import { startHandler, connectionString } from '../lib/handler.js';
import { request } from '../lib/http.js';
import { newRoom, startKeeper, textOf } from '../lib/kept-texts.js';

const REST_MS = 800;
/** HANDLER_MAX_TEXTS */
const PLACES = 128;

let app;
before(async () => {
  app = await startKeeper({ env: { CODESTREAM_REST_TIMEOUT_MS: String(REST_MS) } });
});
after(() => app?.close());

/** Runs `body` while the storage account answers as `script` says. */
async function during(script, body) {
  app.container.script = script;
  try {
    await body();
  } finally {
    app.container.script = undefined;
  }
}

/** Storage itself, or only what concerns identities, in trouble. */
const storageOnly = (answer) => ({ url }) =>
  url.pathname.startsWith('/rooms/') ? answer() : undefined;
const refusal = (status, code, headers = {}) => () => ({
  status,
  headers: { 'x-ms-error-code': code, ...headers },
  body: '<Error/>',
});

test('what a writer has put there is what readers get, with its epoch, version and age', async () => {
  const room = await app.room();
  const before = Date.now();
  const put = await app.put(room, { epoch: 5, version: 7, content: 'héllo "\n', more: { x: 1 } });
  assert.deepEqual([put.status, put.json()], [200, { epoch: 5, version: 7 }]);
  const { headers, ...answer } = await app.get(room);
  const { at, ...text } = answer.json();
  assert.deepEqual(text, textOf({ epoch: 5, version: 7, content: 'héllo "\n' }));
  assert.ok(at > before - 1000 && at <= Date.now(), String(at));
  // The last of its session says so, and nothing but `true` does.
  for (const [ended, said] of [[true, true], [false, undefined], ['true', undefined]]) {
    await app.put(room, { epoch: 5, version: 7, content: 'héllo', ended });
    assert.equal((await app.get(room)).json().ended, said);
  }
  const shown = ['content-type', 'cache-control', 'x-content-type-options'];
  assert.deepEqual(shown.map((name) => headers.get(name)), [
    ['application/json'], ['no-cache'], ['nosniff'],
  ]);
});

test('a reader that has the newest text is told so in a word', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5, version: 7 });
  const etag = (await app.get(room)).header('ETag');
  for (const known of [etag, `W/${etag}`]) {
    const answer = await app.get(room, { 'If-None-Match': known });
    assert.deepEqual([answer.status, answer.text, answer.header('ETag')], [304, '', etag]);
  }
  await app.put(room, { epoch: 5, version: 8 });
  assert.equal((await app.get(room, { 'If-None-Match': etag })).status, 200);
  for (const nonsense of ['"', 'x', `"a", "b"`, '*'])
    assert.equal((await app.get(room, { 'If-None-Match': nonsense })).status, 200, nonsense);
});

test('a text replaces an older one only, and who is older is told what is there', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5, version: 7 });
  for (const [epoch, version] of [[5, 6], [4, 9]]) {
    const answer = await app.put(room, { epoch, version });
    assert.equal(answer.status, 412);
    const { error, ...there } = answer.json();
    assert.deepEqual([error.code, there], ['Older', { epoch: 5, version: 7 }]);
  }
  for (const [epoch, version] of [[5, 8], [6, 0]]) {
    assert.equal((await app.put(room, { epoch, version })).status, 200);
    assert.equal((await app.get(room)).json().content, `${epoch}.${version}`);
  }
  assert.equal((await app.put(room, { epoch: 6, version: 0, language: 'go' })).status, 200);
  assert.equal((await app.get(room)).json().language, 'go');
});

test('under /api, and through the host, it is the same', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5 });
  for (const path of ['/api/text', '/API/Text/']) {
    const answer = await request(app.handler.port, { path: `${path}?room_id=${room.id}` });
    assert.equal(answer.json().content, '5.0');
  }
});

test('nothing is kept for whoever has not the key of that room', async () => {
  const room = await app.room();
  const other = await app.room();
  for (const key of [null, '', 'x', room.id, other.key, `${room.key}x`]) {
    assert.equal((await app.put(room, {}, { key })).status, 403, key);
    assert.equal((await app.delete(room, { key, epoch: 9 })).status, 403, key);
  }
  assert.equal((await app.get(room)).json().error.code, 'NotKept');
  for (const id of ['', 'x', `${room.id}x`, '../packages/aaaaaaaaaaa'])
    assert.equal((await app.get({ id })).json().error.code, 'BadRequest', id);
});

test('a key or an epoch that is given twice is none', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5 });
  const ask = (method, query, keys, body) => request(app.handler.port, {
    method, path: `/text?room_id=${room.id}${query}`, body,
    headers: keys.map((key) => ['Authorization', `Bearer ${key}`]),
  });
  for (const keys of [['x', room.key], [room.key, 'x'], [room.key, room.key]]) {
    const body = JSON.stringify(textOf({ epoch: 6 }));
    assert.equal((await ask('PUT', '', keys, body)).status, 403);
    assert.equal((await ask('DELETE', '', keys)).status, 403);
  }
  for (const query of ['&epoch=5&epoch=5', '&epoch=1&epoch=9', `&room_id=${room.id}`]) {
    assert.equal((await ask('DELETE', query, [room.key])).status, 400, query);
  }
  assert.equal((await app.get(room)).json().content, '5.0');
});

test('nothing is kept of a body that is no text', async () => {
  const room = await app.room();
  const good = JSON.stringify(textOf());
  const bad = [
    ['', 400], ['[]', 400], ['{', 400], ['{"epoch":1}', 400],
    [Buffer.from(good.replace('a.c', '\xff'), 'latin1'), 400],
    [good.replace('"content":"1.0"', '"content":1'), 400],
    [good.replace('"version":0', '"version":-1'), 400],
    [good.replace('"version":0', `"version":${Number.MAX_SAFE_INTEGER}`), 400],
    [good.replace('"epoch":1', '"epoch":0'), 400],
    [good.replace('1.0', 'x'.repeat(1024 * 1024)), 413],
  ];
  for (const [body, status] of bad)
    assert.equal((await app.put(room, {}, { body })).status, status, String(body).slice(0, 80));
  for (const encoding of ['gzip', 'identity', 'br'])
    assert.equal((await app.put(room, {}, { headers: { 'Content-Encoding': encoding } })).status, 415);
  assert.equal(app.container.text(room.id), undefined);
});

test('a text of a mebibyte is kept whole', async () => {
  const room = await app.room();
  const empty = JSON.stringify(textOf({ content: '' })).length;
  const content = 'x'.repeat(1024 * 1024 - empty);
  assert.equal((await app.put(room, { content })).status, 200);
  assert.equal((await app.get(room)).json().content.length, content.length);
});

test('no late write brings a deleted text back, but a later session may', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5, version: 7 });
  assert.equal((await app.delete(room, { epoch: 5 })).status, 200);
  assert.equal((await app.get(room)).json().error.code, 'NotKept');
  assert.equal((await app.put(room, { epoch: 5, version: 8 })).status, 412);
  assert.equal(app.container.text(room.id).content, '');
  assert.equal((await app.delete(room)).status, 200);
  assert.equal((await app.put(room, { epoch: 6, version: 0 })).status, 200);
  // Who began earlier cannot delete what another writer has begun since.
  assert.equal((await app.delete(room, { epoch: 5 })).status, 412);
  assert.equal((await app.get(room)).json().content, '6.0');
  assert.equal((await app.delete(room)).status, 200);
  assert.equal((await app.get(room)).status, 404);
});

test('what was never kept can be deleted, so that a write on its way keeps nothing', async () => {
  const room = await app.room();
  assert.equal((await app.delete(room)).json().error.code, 'NotKept');
  assert.equal((await app.delete(room, { epoch: 5 })).status, 200);
  assert.equal((await app.put(room, { epoch: 5, version: 3 })).status, 412);
  assert.equal((await app.delete(room, { epoch: 'x' })).status, 400);
});

test('a write that reached storage though its response was lost is one write', async () => {
  const room = await app.room();
  await app.put(room, { epoch: 5, version: 1 });
  const puts = [];
  const lose = async (asked) => {
    if (asked.method !== 'PUT') return undefined;
    puts.push(app.container.answer(asked).status);
    return puts.length === 1 ? refusal(500, 'InternalError')() : undefined;
  };
  await during(lose, async () => {
    const answer = await app.put(room, { epoch: 5, version: 2 });
    assert.deepEqual([answer.status, answer.json()], [200, { epoch: 5, version: 2 }]);
  });
  assert.deepEqual(puts, [201, 412]);
  assert.equal((await app.get(room)).json().content, '5.2');
});

const TROUBLES = [
  ['refuses the identity (403)', refusal(403, 'AuthorizationPermissionMismatch'), 502, /403 Auth/],
  ['knows no token of ours (401)', refusal(401, 'InvalidAuthenticationInfo'), 502, /401/],
  ['has no such container (404)', refusal(404, 'ContainerNotFound'), 502, /ContainerNotFound/],
  ['has a policy against it (409)', refusal(409, 'BlobImmutableDueToPolicy'), 502, /409 BlobImm/],
  ['has leased it to somebody (412)', refusal(412, 'LeaseIdMissing'), 502, /LeaseIdMissing/],
  ['is too busy (503)', refusal(503, 'ServerBusy'), 503, /503 ServerBusy/],
  ['has too much to do (429)', refusal(429, ''), 503, /429/],
  ['answers without an ETag', () => ({ status: 200, headers: {}, body: '{}' }), 502, /200/],
  ['never answers', () => new Promise(() => {}), 503, /timed out/],
];
for (const [what, answer, status, message] of TROUBLES) {
  test(`when storage ${what}, reader and writer are told, and nothing hangs`, async () => {
    const room = await app.room();
    await during(storageOnly(answer), async () => {
      const all = [app.put(room, {}), app.get(room), app.delete(room)];
      for (const got of await Promise.all(all)) {
        assert.equal(got.status, status, got.text);
        assert.match(got.json().error.message, message);
      }
    });
    assert.equal((await app.put(room, {})).status, 200);
  });
}

test('a passing trouble of storage is passed over, as the service\'s is', async () => {
  const room = await app.room();
  let left = 2;
  const twice = storageOnly(() => (left-- > 0 ? refusal(503, 'ServerBusy')() : undefined));
  await during(twice, async () => assert.equal((await app.put(room, {})).status, 200));
});

test('a writer that others overtake again and again is told to come later', async () => {
  const room = await app.room();
  const overtaken = ({ method }) =>
    method === 'PUT' ? refusal(412, 'ConditionNotMet')() : undefined;
  await during(overtaken, async () => {
    const answer = await app.put(room, {});
    assert.deepEqual([answer.status, answer.header('Retry-After')], [503, '2']);
  });
});

test('while all places for texts are taken, others are turned away and negotiate goes on', async () => {
  const own = await startKeeper({ env: { CODESTREAM_REST_TIMEOUT_MS: '60000' } });
  const open = deferred();
  const turnedAway = new Inbox('somebody who is turned away');
  own.container.script = storageOnly(() => open.promise);
  const answers = Array.from({ length: PLACES + 20 }, () =>
    own.get({ id: newRoom() }).then((answer) => {
      const { code } = answer.json().error;
      if (code === 'StorageUnavailable') turnedAway.push(answer);
      return code;
    }));
  for (let i = 0; i < 20; i += 1) await turnedAway.next();
  assert.equal((await request(own.handler.port, { path: '/negotiate' })).status, 200);
  open.resolve();
  const codes = await Promise.all(answers);
  assert.equal(codes.filter((code) => code === 'NotKept').length, PLACES);
  await own.close();
});

test('without the setting there are no texts, and nobody asks for an identity', async () => {
  const handler = await startHandler({ service: connectionString('http://localhost:1') });
  try {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const path = `/text?room_id=${newRoom()}`;
      const answer = await request(handler.port, { method, path });
      assert.deepEqual([answer.status, answer.json().error.code], [404, 'NotFound']);
    }
    const answer = await request(handler.port, { method: 'POST', path: '/text' });
    assert.deepEqual([answer.status, answer.header('Allow')], [405, 'GET, PUT, DELETE']);
  } finally {
    await handler.stop();
  }
});

test('a handler that is killed loses nothing that it has acknowledged', async () => {
  const own = await startKeeper();
  const room = await own.room();
  let acknowledged = -1;
  for (let version = 0; version < 40; version += 1) {
    const answer = await own.put(room, { epoch: 5, version }).catch(() => undefined);
    if (answer?.status === 200) acknowledged = version;
    if (version === 30) own.handler.kill('SIGKILL');
  }
  assert.ok(acknowledged >= 30, String(acknowledged));
  assert.ok(own.container.text(room.id).version >= acknowledged);
  await own.handler.exited;
  await own.startHandler();
  own.idle = [];
  assert.ok((await own.get(room)).json().version >= acknowledged);
  await own.close();
});

test('no secret of it is in the log', async () => {
  const room = await app.room();
  const secrets = [room.key, app.container.env.IDENTITY_HEADER];
  await during(({ headers }) => void secrets.push(headers.authorization.split(' ')[1]), async () => {
    assert.equal((await app.put(room, {})).status, 200);
  });
  const lines = app.handler.lines.join('\n');
  assert.ok(secrets.length >= 4 && secrets.every((secret) => !lines.includes(secret)));
});
