// The recorded answers of the live service, replayed one by one.

import assert from 'node:assert/strict';

import { ROWS, differences, requestOf } from '../recorded/replay.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { RawSocket, nativeUrl, rest } from './testing.js';
import { test } from './test.js';

const HUB = 'recorded';
const USER = 'ann';
const GROUP = 'the group';
const PLAIN = 'json.webpubsub.azure.v1';

/** The rows were recorded of native resources, which matters to some. */
async function start(t, idsBeginWith) {
  const options = { hubs: { [HUB]: {} }, defaultClientType: 'native', idsBeginWith };
  const service = await startWebPubSub(options);
  t.after(() => service.close());
  const socket = new RawSocket(nativeUrl(service, HUB, { sub: USER }), PLAIN);
  t.after(() => socket.socket.terminate());
  const { connectionId: connection } = await socket.json();
  return { service, names: { hub: HUB, connection, user: USER, group: GROUP } };
}

async function replay(service, row, names) {
  const { method, target, type, body } = requestOf(row, names);
  const [, path, version] = /^(.*)[?&]api-version=(.*)$/.exec(target);
  return rest(service, method, path, { type, body, version });
}

for (const first of ['', '-', '_']) {
  const sentence = `each recorded request is answered as it was${first && `, with ids from ${first}`}`;
  test(sentence, async (t) => {
    const { service, names } = await start(t, first);
    assert.ok(names.connection.startsWith(first));
    for (const row of ROWS) {
      const answer = await replay(service, row, names);
      if (row.notBuilt) assert.equal(answer.status, 501, row.operation);
      else assert.deepEqual(differences(row, answer), [], row.operation);
    }
  });
}

test('a row says where and when it was recorded, and no row is there twice', () => {
  assert.ok(ROWS.length >= 45);
  const requests = ROWS.map((row) => JSON.stringify(requestOf(row, {})));
  const repeated = requests.filter((request, i) => requests.indexOf(request) !== i);
  assert.equal(repeated.length, 1, repeated.join('\n')); // a connection before and after its end
  for (const { operation, source, date } of ROWS) {
    assert.match(source, /^(A-)?(GO|JS|JAVA|PY|NET)$/, operation);
    assert.match(date, /^20\d\d-\d\d-\d\d$/, operation);
  }
});

test('whatever differs from a row is told by its name', () => {
  const row = ROWS.find(({ form }) => form === 'error');
  const body = { code: row.code, message: row.message, target: row.target };
  const right = {
    status: row.status,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'x-ms-error-code': row.code,
      'api-supported-versions': '2024-12-01',
    },
    text: JSON.stringify({ ...body, details: null, inner: null }),
  };
  const told = (change) => differences(row, { ...right, ...change }).map((text) => text.split(' ')[0]);
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ status: 200 }), ['status']);
  assert.deepEqual(told({ headers: {} }), [
    'x-ms-error-code',
    'content-type',
    'api-supported-versions',
  ]);
  assert.deepEqual(told({ text: '' }), ['keys', 'code', 'message', 'target']);
  assert.deepEqual(told({ text: JSON.stringify(body) }), ['keys']);
});
