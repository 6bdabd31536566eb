// The servers of Microsoft's articles, as they are printed but for what is marked `mended`, each as a
// process of its own, with clients that do what the articles' pages do.
import assert from 'node:assert/strict';
import { within } from '../lib/deadline.js';
import { request } from '../lib/http.js';
import { runProgram, startProgram } from '../lib/node-programs.js';
import { test } from '../lib/test.js';
import { startApplication } from './azure-server.js';

const FOLDER = 'tests/peers/articles';
const MS = 20_000;

/** A service whose hub admits everybody unless told otherwise, and the server of an article, which listens and has its line. */
async function start(t, file, hub, anonymousConnectPolicy = 'allow') {
  const hubs = { [hub]: { anonymousConnectPolicy } };
  const app = await startApplication({ servers: 0, service: { hubs } });
  t.after(() => app.close());
  const { port, said } = await startProgram(t, `${FOLDER}/${file}`, app.service.connectionString);
  return { app, port, said, dial: (options) => app.dial({ hub, ...options }) };
}

/** A client that connects until the server has its line: the articles do not wait for that. */
async function arrive(dial, name, { before = () => {}, ...options } = {}) {
  for (;;) {
    const client = dial(options);
    before(client);
    const first = client.next(name, undefined, MS);
    const isRefused = await Promise.race([first.then(() => false), client.refused.then(() => true)]);
    if (!isRefused) return client;
    first.catch(() => {});
    client.close();
  }
}

for (const [article, hub] of [['000', 'codestream'], ['001', 'eio_hub']]) {
  test(`the code stream of article ${article}: a writer, a viewer, the full text and its changes in order`, async (t) => {
    const { port, dial } = await start(t, `server-${article}.cjs`, hub);
    const { url, room_id } = await (await request(port, { path: '/negotiate' }, MS)).json();
    const [writer, viewer] = [await arrive(dial, 'login'), await arrive(dial, 'login', { transports: ['polling'] })];
    assert.equal(new URL(url).origin, writer.socket.io.uri);
    for (const client of [writer, viewer]) {
      client.emit('joinRoom', { room_id });
      assert.equal((await client.message('ackJoinRoom')).success, true);
    }
    viewer.emit('sendToRoom', { room_id, data: { data: 'sync' } });
    assert.deepEqual((await writer.message('editorMessage')).data, { data: 'sync' });
    writer.emit('sendToRoom', { room_id, data: { type: 'full', content: 'é 漢', version: 0 } });
    for (let version = 1; version <= 50; version++) {
      writer.emit('sendToRoom', { room_id, data: { type: 'delta', changes: [{ text: 'x' }], version } });
    }
    await viewer.message('editorMessage', ({ data }) => data.version === 50);
    const heard = viewer.heard().map(({ data }) => data);
    assert.equal(heard[0].content, 'é 漢');
    assert.deepEqual(heard.map(({ version }) => version), Array.from({ length: 51 }, (_, i) => i));
    assert.equal(writer.heard().length, 1); // the broadcast is for the others
  });
}

test('server and client of article 004, both as printed', async (t) => {
  const { app, said } = await start(t, 'server-004.cjs', 'Hub');
  const client = runProgram(t, `${FOLDER}/client-004.cjs`, app.service.endpoint);
  const hears = (who, text) => within(MS, new Promise((resolve) => {
    const look = () => who.text.includes(text) && resolve();
    const watch = setInterval(look, 10);
    t.after(() => clearInterval(watch));
  }), `'${text}'`);
  await hears(client.said, 'world');
  await hears(said, 'stranger');
});

test('the chat of article 003, changed as it says', async (t) => {
  const { dial } = await start(t, 'server-003.cjs', 'eio_hub');
  const login = async (name) => {
    const client = await arrive(dial, 'login', { before: (one) => one.emit('add user', name) });
    return client;
  };
  const ann = await login('Ann');
  const bob = await login('Bob');
  assert.deepEqual(await ann.next('user joined'), { username: 'Bob', numUsers: 2 });
  bob.emit('typing');
  assert.deepEqual(await ann.next('typing'), { username: 'Bob' });
  bob.emit('new message', 'hello');
  assert.deepEqual(await ann.next('new message'), { username: 'Bob', message: 'hello' });
  bob.close();
  assert.deepEqual(await ann.next('user left'), { username: 'Bob', numUsers: 1 });
});

test('a whiteboard as the sample of article 004: negotiated, drawn at everybody, kept for those who come later', async (t) => {
  const { app, port } = await start(t, 'server-whiteboard.cjs', 'sample_draw', 'deny');
  const get = async (target, more) => (await request(port, { path: target, ...more }, MS)).json();
  const come = async () => {
    const session = await get('/negotiate');
    assert.deepEqual([session.endpoint, session.path], [app.service.endpoint, '/clients/socketio/hubs/sample_draw']);
    return arrive(() => app.dial({ hub: 'sample_draw', token: session.token }), 'updateUser');
  };
  const ann = await come();
  const bob = await come();
  assert.equal(await ann.next('updateUser', (count) => count === 2), 2);
  ann.emit('addShape', ['s1', { kind: 'line' }]);
  ann.emit('updateShape', ['ann', 's1', { color: 'red' }]);
  for (const client of [ann, bob]) assert.deepEqual(await client.next('updateShape'), ['ann', 's1', { color: 'red' }]);
  assert.deepEqual((await get('/diagram')).shapes, { s1: { kind: 'line' } });
  await request(port, { path: '/background', method: 'POST' }, MS);
  assert.equal(await bob.next('updateBackground'), 'b1');
  ann.emit('removeShape', ['ann', 's1']);
  assert.deepEqual(await bob.next('removeShape'), ['ann', 's1']);
  bob.close();
  assert.equal(await ann.next('updateUser', (count) => count === 1), 1);
  assert.equal((await app.dial({ hub: 'sample_draw' }).refused).message, 'websocket error'); // without a token
});
