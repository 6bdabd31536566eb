// What Socket.IO can do, in the words of its documents, with Microsoft's @azure/web-pubsub-socket.io on
// one side of the service stand-in and socket.io-client on the other. Each test has a namespace of its
// own at one server.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { negotiate } from '@azure/web-pubsub-socket.io';
import { RawSocket, request } from '../../emulator/test/testing.js';
import { eventually, within } from '../lib/deadline.js';
import { TRANSPORTS } from '../lib/sockets.js';
import { after, before, test } from '../lib/test.js';
import { HUB, startApplication } from './azure-server.js';

const MS = 10_000;

let app;
before(async () => (app = await startApplication()));
after(async () => {
  const warnings = app.warnings();
  await app.close();
  // Every warning is one that a test has meant.
  assert.deepEqual(warnings.filter((line) => !/broke the protocol|the server refused/.test(line)), []);
});

let names = 0;
/** A namespace that no other test has, and clients of it. */
function place() {
  const namespace = `/n${names++}`;
  const nsp = app.io.of(namespace);
  return {
    namespace, nsp,
    open: (options) => app.connect({ namespace, ...options }),
    crowd: (count) => app.crowd(count, { namespace }),
  };
}

const disconnected = ({ client }) => within(MS, once(client.socket, 'disconnect'), 'the end');
/** Those who have got something of this name, when all have got the mark that is sent last. */
async function whoHears(nsp, peers, name, send) {
  const marked = peers.map(({ client }) => client.next('mark'));
  await send();
  nsp.emit('mark');
  await Promise.all(marked);
  return peers.map(({ client }) => client.events.all.filter((event) => event.name === name).length);
}

// --- connecting -------------------------------------------------------------------------------

for (const [how, transports] of Object.entries(TRANSPORTS)) {
  test(`by ${how}: values and bytes both ways, acknowledgements with both`, async () => {
    const { open } = place();
    const { client, socket } = await open({ transports });
    const value = { text: 'é 漢 \u{1f600}', list: [1, null, true], bytes: Buffer.from([0, 255, 30]) };
    socket.on('echo', (given, acknowledge) => acknowledge(given, Buffer.from('x')));
    const answer = await within(MS, client.socket.emitWithAck('echo', value), 'an acknowledgement');
    assert.deepEqual(answer, value);
    socket.emit('down', value, 7);
    assert.deepEqual(await client.next('down'), value);
    client.socket.on('ask', (given, acknowledge) => acknowledge({ given, bytes: Buffer.from('y') }));
    const back = await within(MS, socket.emitWithAck('ask', 1), 'an acknowledgement');
    assert.deepEqual(back, { given: 1, bytes: Buffer.from('y') });
  });
}

test('what the server knows of a handshake: query, headers, auth, and which client it is', async () => {
  const { nsp, namespace } = place();
  const connection = once(nsp, 'connection');
  const client = app.dial({ namespace });
  client.socket.auth = { name: 'ann' };
  await client.connected;
  const [{ handshake, conn }] = await connection;
  assert.deepEqual(handshake.auth, { name: 'ann' });
  assert.equal(handshake.query.EIO, '4');
  assert.match(String(handshake.headers.host), /^localhost:\d+$/);
  assert.equal(conn.id, client.socket.io.engine.id);
});

test('a namespace that is not there, and a middleware that refuses, with its data', async () => {
  const nowhere = app.dial({ namespace: '/nowhere' });
  assert.equal((await nowhere.refused).message, 'Invalid namespace');
  const { nsp, namespace } = place();
  nsp.use((socket, next) => next(Object.assign(new Error('not you'), { data: { code: 7 } })));
  const refused = await app.dial({ namespace }).refused;
  assert.equal(refused.message, 'not you');
  assert.deepEqual(refused.data, { code: 7 });
});

test('several namespaces share a connection, each with its own sockets', async () => {
  const [first, second] = [place(), place()];
  const { client, socket } = await first.open();
  const other = client.socket.io.socket(second.namespace);
  await once(other, 'connect');
  const heard = once(other, 'x');
  second.nsp.emit('x', 'second');
  assert.deepEqual(await heard, ['second']);
  const gone = once(socket, 'disconnect');
  client.socket.disconnect();
  assert.deepEqual((await gone)[0], 'client namespace disconnect');
  const still = once(other, 'y');
  second.nsp.emit('y');
  await still;
  other.disconnect();
});

const CLIENTS = `/clients/socketio/hubs/${HUB}/?EIO=4&transport=`;
/** A client that sends what it likes. */
async function raw(t, { service } = app) {
  const client = new RawSocket(`ws://127.0.0.1:${service.port}${CLIENTS}websocket`);
  t.after(() => client.socket.terminate());
  await client.next();
  return client;
}

/** Of these the server makes an end, as Socket.IO does. */
const BROKEN = {
  'CONNECT twice': ['40', '40'],
  'an event before CONNECT': ['42["x"]'],
  'no packet': ['4abc'],
  'no JSON': ['40', '42["x"'],
};
for (const [what, packets] of Object.entries(BROKEN)) {
  test(`${what} ends the session, at the client and at the server`, async (t) => {
    const client = await raw(t);
    for (const packet of packets) client.send(packet);
    await within(MS, client.closed, 'the end');
    await eventually(MS, () => app.io.engine.clientsCount === app.service.hub(HUB).connections.size, 'the same count');
  });
}

test('a client that joins no namespace is not kept', async (t) => {
  const own = await startApplication({ socketio: { connectTimeout: 100 } });
  t.after(() => own.close());
  const client = await raw(t, own);
  await within(MS, client.closed, 'the end');
  await eventually(MS, () => own.io.engine.clientsCount === 0, 'no session');
});

test('a client that polls reads the end of its session', async () => {
  const url = `http://127.0.0.1:${app.service.port}${CLIENTS}polling`;
  const { sid } = JSON.parse((await request(url)).text.slice(1));
  const reading = request(`${url}&sid=${sid}`);
  assert.equal((await request(`${url}&sid=${sid}`, { method: 'POST', body: '42["x"]' })).text, 'ok');
  assert.match((await reading).text, /(^|\x1e)1$/);
});

// --- rooms and broadcasts ---------------------------------------------------------------------

test('to all, to a room, to several without doubles, and except', async () => {
  const { nsp, crowd } = place();
  const peers = await crowd(4);
  const [a, b, c] = peers.map(({ socket }) => socket);
  await a.join(['left', 'both']);
  await b.join(['right', 'both']);
  await c.join('right');
  const hears = (name, send) => whoHears(nsp, peers, name, send);
  assert.deepEqual(await hears('all', () => nsp.emit('all')), [1, 1, 1, 1]);
  assert.deepEqual(await hears('left', () => nsp.to('left').emit('left')), [1, 0, 0, 0]);
  assert.deepEqual(await hears('either', () => nsp.to('left').to('both').emit('either')), [1, 1, 0, 0]);
  assert.deepEqual(await hears('no room', () => nsp.except('right').emit('no room')), [1, 0, 0, 1]);
  assert.deepEqual(await hears('no socket', () => nsp.except(a.id).emit('no socket')), [0, 1, 1, 1]);
  assert.deepEqual(await hears('both', () => nsp.to('both').except('right').emit('both')), [1, 0, 0, 0]);
  assert.deepEqual(await hears('others', () => b.broadcast.emit('others')), [1, 0, 1, 1]);
  assert.deepEqual(await hears('roommates', () => b.to('right').emit('roommates')), [0, 0, 1, 0]);
  assert.deepEqual(await hears('one', () => nsp.to(c.id).emit('one', Buffer.from('z'))), [0, 0, 1, 0]);
  assert.deepEqual((await peers[2].client.next('one')), Buffer.from('z'));
});

test('leaving a room, and making sockets join, leave and go', async () => {
  const { nsp, crowd } = place();
  const peers = await crowd(3);
  const [a, b] = peers.map(({ socket }) => socket);
  await nsp.in(a.id).socketsJoin(['x', 'y']);
  await b.join(['x', 'y']);
  await b.leave('y');
  const hears = (name, send) => whoHears(nsp, peers, name, send);
  assert.deepEqual(await hears('x', () => nsp.to('x').emit('x')), [1, 1, 0]);
  assert.deepEqual(await hears('y', () => nsp.to('y').emit('y')), [1, 0, 0]);
  await nsp.in('y').socketsLeave('x');
  assert.deepEqual(await hears('x', () => nsp.to('x').emit('x')), [1, 2, 0]);
  const gone = disconnected(peers[1]);
  nsp.in('x').disconnectSockets();
  assert.equal((await gone)[0], 'io server disconnect');
});

test('a socket that has left hears nothing more, and is in no room', async () => {
  const { nsp, crowd } = place();
  const [a, b] = await crowd(2);
  await a.socket.join('r');
  const gone = once(a.socket, 'disconnect');
  a.client.socket.disconnect();
  await gone;
  assert.deepEqual(await whoHears(nsp, [b], 'r', () => nsp.to('r').emit('r')), [0]);
  assert.equal(nsp.sockets.size, 1);
  assert.ok(!app.service.hub(HUB).groups.has(`0~${Buffer.from(nsp.name).toString('base64url')}~cg`));
});

test('everybody acknowledges a broadcast; who is silent is told after the time; nobody is nobody', async () => {
  const { nsp, crowd } = place();
  assert.deepEqual(await within(MS, nsp.timeout(MS).emitWithAck('ask'), 'nobody'), []);
  const peers = await crowd(3);
  for (const [i, { client }] of peers.entries()) {
    client.socket.on('ask', (given, acknowledge) => acknowledge(Buffer.from([i, given[0]])));
  }
  const answers = await within(MS, nsp.timeout(MS).emitWithAck('ask', Buffer.from([9])), 'all');
  assert.deepEqual(answers.map(String).sort(), peers.map((_, i) => String(Buffer.from([i, 9]))).sort());
  peers[1].client.socket.off('ask');
  const told = new Promise((resolve) => nsp.timeout(1500).emit('ask', Buffer.from([9]), (...all) => resolve(all)));
  const [error, some] = await within(MS, told, 'the time to be over');
  assert.match(error.message, /timed out/);
  assert.equal(some.length, 2);
});

test('an acknowledgement that does not come: the time is told', async () => {
  const { open } = place();
  const { client, socket } = await open();
  await assert.rejects(socket.timeout(50).emitWithAck('nobody'), /timed out/);
  socket.on('late', () => {});
  await assert.rejects(client.socket.timeout(50).emitWithAck('late'), /timed out/);
});

// --- order ------------------------------------------------------------------------------------

test('everything arrives in the order of its sending: to a socket, a room, a namespace, and up', async () => {
  const { nsp, open } = place();
  const { client, socket } = await open();
  await socket.join('r');
  const wanted = Array.from({ length: 150 }, (_, i) => i);
  for (const i of wanted) [socket, nsp.to('r'), nsp][i % 3].emit('n', i);
  // Rooms and sockets have an order of their own each, as everywhere with Socket.IO and adapters.
  for (const i of wanted) await client.next('n', (n) => n === i);
  for (const to of [0, 1, 2]) {
    const heard = client.events.all.filter(({ name, args }) => name === 'n' && args[0] % 3 === to);
    assert.deepEqual(heard.map(({ args }) => args[0]), wanted.filter((i) => i % 3 === to));
  }
  const up = [];
  socket.on('n', (i) => up.push(i));
  for (const i of wanted) client.emit('n', i, i % 7 === 0 ? Buffer.from([i % 256]) : 0);
  await eventually(MS, () => up.length === wanted.length, 'all of them');
  assert.deepEqual(up, wanted);
});

// --- the end ----------------------------------------------------------------------------------

test('the server disconnects a socket, and the connection with all its namespaces', async () => {
  const [first, second] = [place(), place()];
  const peer = await first.open();
  const other = peer.client.socket.io.socket(second.namespace);
  await once(other, 'connect');
  const gone = disconnected(peer);
  peer.socket.disconnect();
  assert.equal((await gone)[0], 'io server disconnect');
  peer.client.socket.connect();
  await once(peer.client.socket, 'connect');
  const both = [disconnected(peer), once(other, 'disconnect')];
  first.nsp.sockets.get(peer.client.id).disconnect(true);
  await within(MS, Promise.all(both), 'both ends');
  await eventually(MS, () => second.nsp.sockets.size === 0, 'no socket at the server');
});

test('all sockets of a namespace, with their connections', async () => {
  const { nsp, crowd } = place();
  const peers = await crowd(3);
  const ends = Promise.all(peers.map(disconnected));
  nsp.disconnectSockets(true);
  assert.deepEqual((await ends).map(([reason]) => reason), Array(3).fill('io server disconnect'));
  await eventually(MS, () => nsp.sockets.size === 0, 'no socket at the server');
});

test('a client that is cut leaves nothing behind at the server', async () => {
  const { nsp, open } = place();
  const { client, socket } = await open();
  await socket.join('r');
  const gone = once(socket, 'disconnect');
  const connections = app.service.hub(HUB).connections.size;
  client.socket.io.engine.transport.ws._socket?.destroy();
  client.socket.io.engine.transport.ws.terminate?.();
  await within(MS, gone, 'the end');
  assert.equal(nsp.sockets.size, 0);
  await eventually(MS, () => app.service.hub(HUB).connections.size === connections - 1, 'one less');
});

test('io.close() tells the clients and frees everything', async (t) => {
  const own = await startApplication();
  t.after(() => own.close());
  const peer = await own.connect();
  const gone = disconnected(peer);
  own.io.close();
  assert.equal((await gone)[0], 'transport close');
  await eventually(MS, () => own.service.hub(HUB).connections.size === 0, 'no connection');
});

// --- middleware, negotiation, limits ----------------------------------------------------------

test('a middleware of a socket sees its events, and can refuse one', async () => {
  const { open } = place();
  const { client, socket } = await open();
  socket.use(([name], next) => next(name === 'no' ? new Error('not this') : undefined));
  const refused = once(socket, 'error');
  client.emit('no');
  assert.equal((await refused)[0].message, 'not this');
  socket.on('yes', (acknowledge) => acknowledge('well'));
  assert.equal(await client.ask('yes'), 'well');
});

test('negotiate() gives a client its address and a token with its user', async () => {
  const { nsp, namespace } = place();
  const middleware = negotiate(app.io, () => ({ userId: 'ann', expirationTimeInMinutes: 1 }));
  const body = await new Promise((resolve, reject) => {
    const response = { statusCode: 200, writeHead: () => response, setHeader: () => response, end: resolve,
      json: resolve, status: () => response, send: resolve };
    Promise.resolve(middleware({ url: '/negotiate', headers: {} }, response, reject)).catch(reject);
  });
  const { endpoint, path, token } = typeof body === 'string' ? JSON.parse(body) : body;
  assert.equal(endpoint.replace(/\/$/, ''), app.service.endpoint);
  assert.equal(path, `/clients/socketio/hubs/${HUB}`);
  const connection = once(nsp, 'connection');
  await app.connect({ namespace, token });
  const [{ request: { claims } }] = await connection;
  assert.ok(JSON.stringify(claims ?? {}).includes('ann'), JSON.stringify(claims));
});

test("the client's limits are those of the server's own Socket.IO", async (t) => {
  const own = await startApplication({ socketio: { pingInterval: 200, pingTimeout: 3000, maxHttpBufferSize: 1000 } });
  t.after(() => own.close());
  const { client, socket } = await own.connect();
  const pinged = new Promise((resolve) => client.socket.io.engine.on('ping', resolve));
  await within(MS, pinged, 'a ping');
  socket.on('x', (text, acknowledge) => acknowledge(text.length));
  assert.equal(await client.ask('x', 'a'.repeat(800)), 800);
  const gone = disconnected({ client });
  client.emit('x', 'a'.repeat(1200));
  await gone;
});
