// Many connections, and few that behave oddly: everybody is served, at once and in order.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { Connection, formatRequest, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const ROUNDS = 3;
/** Also what the handler's calls may take: a busy machine is no fault of its. */
const ROUND_MS = 15_000;

let app;
let port;
before(async () => {
  app = await startRecorded({ env: { CODESTREAM_REST_TIMEOUT_MS: String(ROUND_MS) } });
  port = app.handler.port;
});
after(() => app?.close());

async function openMany(count) {
  return Promise.all(Array.from({ length: count }, () => Connection.open(port)));
}

/** Every connection sends in the same turn of the loop; all answers within the bound. */
async function allAtOnce(connections, makeRequest, check) {
  const bytes = connections.map((_, i) => formatRequest(makeRequest(i)));
  const answers = connections.map((connection) => connection.answer(ROUND_MS));
  connections.forEach((connection, i) => connection.write(bytes[i]));
  (await Promise.all(answers)).forEach(check);
}

// libmicrohttpd's own epoll loop takes 128 events a turn and has stood still at exact multiples of
// it.
for (const count of [128, 256, 512, 1000]) {
  const sentence = `${count} connections that all send at the same moment are all served`;
  test(sentence, { timeout: 60_000 }, async () => {
    const connections = await openMany(count);
    const { writer } = newParty();
    for (let round = 0; round < ROUNDS; round += 1) {
      await allAtOnce(connections, () => ({ path: '/negotiate' }),
        ({ status }) => assert.equal(status, 200));
      await allAtOnce(connections, (i) => sendToRoom(writer, `${i}`, { ack: i }),
        ({ status, text }, i) => {
          assert.equal(status, 200);
          assert.equal(text, `43${i}[{"success":true}]`);
        });
    }
    connections.forEach((connection) => connection.close());
  });
}

test('connections that come and go at once leave nothing behind', async () => {
  for (let round = 0; round < 5; round += 1) {
    const connections = await openMany(200);
    connections.forEach((connection, i) => (i % 2 ? connection.close() : connection.reset()));
  }
  assert.equal((await request(port, { path: '/negotiate' })).status, 200);
});

test('a connection is kept for many requests', async () => {
  const connection = await Connection.open(port);
  for (let i = 0; i < 300; i += 1) {
    assert.equal((await connection.request({ path: '/negotiate' })).status, 200);
  }
  const refused = await connection.request({ path: '/register?room_id=bad' });
  assert.equal(refused.status, 400);
  assert.equal((await connection.request({ path: '/nothing' })).status, 404);
  const last = await connection.request({ path: '/negotiate' });
  assert.equal(last.status, 200, 'kept after refusals');
  connection.close();
});

test('a request may have 14 KiB of headers, as when somebody has logged in', async () => {
  const connection = await Connection.open(port);
  const headers = { Cookie: `AppServiceAuthSession=${'c'.repeat(4000)}` };
  for (let i = 0; i < 10; i += 1) headers[`X-MS-TOKEN-${i}`] = 'x'.repeat(1000);
  for (let i = 0; i < 2; i += 1) {
    assert.equal((await connection.request({ path: '/negotiate', headers })).status, 200);
  }
  connection.close();
});

test('a request that comes in single bytes is a request', async () => {
  const { writer } = newParty();
  const connection = await Connection.open(port);
  const answer = connection.answer(ROUND_MS);
  for (const byte of formatRequest(sendToRoom(writer, '"äöü😀"', { ack: 1 }))) {
    connection.write(Buffer.from([byte]));
    await new Promise(setImmediate);
  }
  assert.equal((await answer).text, '431[{"success":true}]');
  assert.ok(app.recorder.requests.at(-1).text.endsWith('"data":"äöü😀"}]'));
  connection.close();
});

test('requests in one packet are answered in their order', async () => {
  const { writer } = newParty();
  const connection = await Connection.open(port);
  const requests = Array.from({ length: 20 }, (_, i) => (i % 3 === 2
    ? { path: '/negotiate' } : sendToRoom(writer, String(i), { ack: i })));
  const answers = requests.map(() => connection.answer(ROUND_MS));
  connection.write(Buffer.concat(requests.map(formatRequest)));
  (await Promise.all(answers)).forEach(({ status, text }, i) => {
    assert.equal(status, 200);
    if (i % 3 === 2) assert.match(text, /"room_id"/);
    else assert.equal(text, `43${i}[{"success":true}]`);
  });
  connection.close();
});

test('people who send half a request and wait hold up nobody', async () => {
  const half = formatRequest(sendToRoom(newParty().writer, '1', { ack: 1 }));
  const slow = await openMany(100);
  slow.forEach((connection, i) => connection.write(half.subarray(0, (half.length * i) / 100)));
  const { writer } = newParty();
  for (let i = 0; i < 50; i += 1) {
    const served = app.send(sendToRoom(writer, String(i), { ack: i }), 3000);
    assert.equal((await within(3000, served, 'an answer')).status, 200);
  }
  const rest = Math.trunc((half.length * 99) / 100);
  const late = slow[99].answer(5000);
  slow[99].write(half.subarray(rest));
  assert.equal((await late).text, '431[{"success":true}]');
  slow.forEach((connection) => connection.close());
});

test('people who do not read their answers hold up nobody', async () => {
  const connection = await Connection.open(port);
  connection.pause();
  connection.write(Buffer.concat(Array(5000).fill(formatRequest({ path: '/negotiate' }))));
  for (let i = 0; i < 50; i += 1) {
    assert.equal((await request(port, { path: '/negotiate' }, 5000)).status, 200);
  }
  connection.close();
});

test('a hundred rooms at the same time do not get each other\'s words', async () => {
  const parties = Array.from({ length: 100 }, () => newParty());
  app.recorder.forget();
  const connections = await openMany(parties.length);
  await allAtOnce(connections,
    (i) => sendToRoom(parties[i].writer, `"${parties[i].room}"`, { ack: i }),
    ({ text }, i) => assert.equal(text, `43${i}[{"success":true}]`));
  assert.equal(app.recorder.requests.length, parties.length);
  for (const { path, text } of app.recorder.requests) {
    const group = /groups\/0~Lw~([^/]+)\//.exec(path)[1];
    const room = Buffer.from(group, 'base64url').toString();
    assert.ok(text.includes(`"data":"${room}"`), text);
  }
  connections.forEach((connection) => connection.close());
});
