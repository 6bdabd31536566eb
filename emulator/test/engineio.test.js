// Engine.IO v4 at the client endpoint of the Web PubSub stand-in, from the protocol document: one
// test for each case of the protocol's own suite, in its order.
//
// That suite lets the server echo any text. Here only Socket.IO packets pass, so the cases that
// exchange messages do it with those: an event goes in, the event handler's answer comes back.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';

import { startWebPubSub } from '../webpubsub/service.js';
import {
  RawSocket,
  clientUrl,
  inTime,
  request,
  startHandler,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
/** Few tests are about the heartbeat; in the others no ping comes between, however slow it is. */
const PING_INTERVAL = 60_000;
const PING_TIMEOUT = 60_000;
const BEATS = { pingIntervalMs: 300 };
const ENDS = { ...BEATS, pingTimeoutMs: 1000 }; // the suite's 200 is little on a busy machine
const KEYS = ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades'];

/** A service whose event handler sends each event back. */
async function start(t, options = {}) {
  const handler = await startHandler();
  handler.answer = ({ name, body }) => (name === 'echo' ? { body } : {});
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    pingIntervalMs: PING_INTERVAL,
    pingTimeoutMs: PING_TIMEOUT,
    ...options,
  });
  t.after(async () => {
    await service.close();
    await handler.close();
  });
  const url = (query) => clientUrl(service, HUB, query);
  const polling = (sid, more) => url({ transport: 'polling', sid, ...more });
  const sockets = [];
  const websocket = (query = {}) => {
    const socket = new RawSocket(
      clientUrl(service, HUB, { transport: 'websocket', ...query }, 'ws'),
    );
    sockets.push(socket);
    return socket;
  };
  t.after(() => sockets.forEach(({ socket }) => socket.terminate()));
  return {
    service,
    url,
    websocket,
    poll: (sid) => request(polling(sid)),
    post: (sid, body) => request(polling(sid), { method: 'POST', body }),
    async open() {
      const { text } = await request(polling());
      return JSON.parse(text.slice(1)).sid;
    },
    /** A polling session in namespace /, everything read. */
    async join() {
      const sid = await this.open();
      await this.post(sid, '40');
      assert.match((await this.poll(sid)).text, /^40/);
      return sid;
    },
    /** A WebSocket in namespace /, everything read. */
    async joined() {
      const socket = websocket();
      assert.match(await socket.next(), /^0/);
      socket.send('40');
      assert.match(await socket.packet(), /^40/);
      return socket;
    },
  };
}

async function pollPackets(client, sid, count) {
  const received = [];
  while (received.length < count) {
    received.push(...(await client.poll(sid)).text.split('\x1e'));
  }
  return received;
}

function checkOpen(value, upgrades) {
  assert.deepEqual(Object.keys(value).sort(), KEYS);
  assert.equal(typeof value.sid, 'string');
  assert.deepEqual(value.upgrades, upgrades);
  assert.equal(value.pingInterval, PING_INTERVAL);
  assert.equal(value.pingTimeout, PING_TIMEOUT);
  assert.equal(value.maxPayload, 1_000_000);
}

// --- handshake --------------------------------------------------------------------------------

test('handshake, polling: opens a session', async (t) => {
  const { url } = await start(t);
  const { status, text } = await request(url({ transport: 'polling' }));
  assert.equal(status, 200);
  assert.equal(text[0], '0');
  checkOpen(JSON.parse(text.slice(1)), ['websocket']);
});

test('handshake, polling: fails with an invalid EIO parameter', async (t) => {
  const { url } = await start(t);
  for (const EIO of [undefined, 'abc']) {
    assert.equal((await request(url({ transport: 'polling', EIO }))).status, 400);
  }
});

test('handshake, polling: fails with an invalid transport parameter', async (t) => {
  const { url } = await start(t);
  for (const transport of [undefined, 'abc']) {
    assert.equal((await request(url({ transport }))).status, 400);
  }
});

test('handshake, polling: fails with an invalid method', async (t) => {
  const { url } = await start(t);
  for (const method of ['POST', 'PUT']) {
    assert.equal((await request(url({ transport: 'polling' }), { method })).status, 400);
  }
});

test('handshake, WebSocket: opens a session', async (t) => {
  const { websocket } = await start(t);
  const message = await websocket().next();
  assert.equal(message[0], '0');
  checkOpen(JSON.parse(message.slice(1)), []);
});

test('handshake, WebSocket: fails with an invalid EIO parameter', async (t) => {
  const { websocket } = await start(t);
  for (const EIO of [undefined, 'abc']) await inTime(websocket({ EIO }).closed, 'close');
});

test('handshake, WebSocket: fails with an invalid transport parameter', async (t) => {
  const { websocket } = await start(t);
  for (const transport of [undefined, 'abc'])
    await inTime(websocket({ transport }).closed, 'close');
});

// --- message ----------------------------------------------------------------------------------

test('message, polling: a payload of one text packet', async (t) => {
  const client = await start(t);
  const sid = await client.join();
  const { status, text } = await client.post(sid, '42["echo","hello"]');
  assert.equal(status, 200);
  assert.equal(text, 'ok');
  assert.equal((await client.poll(sid)).text, '42["echo","hello"]');
});

test('message, polling: a body that is too large ends the session at once', async (t) => {
  const client = await start(t);
  const sid = await client.join();
  const poll = client.poll(sid).catch(() => {});
  const tooLarge = client.post(sid, `42["echo","${'x'.repeat(1_000_000)}"]`);
  // It may be refused before all of it is sent.
  const refused = tooLarge.then(({ status }) => status, ({ code }) => code);
  assert.ok([413, 'ECONNRESET', 'EPIPE'].includes(await refused));
  await inTime(poll, 'end of the poll');
  const status = () => client.poll(sid).then((answer) => answer.status, () => undefined);
  await until(async () => (await status()) === 400, 'the end of the session');
});

test('message, polling: a payload of several text packets, answered in order', async (t) => {
  const client = await start(t);
  const sid = await client.join();
  const packets = [1, 2, 3].map((n) => `42["echo",${n}]`);
  const { text } = await client.post(sid, packets.join('\x1e'));
  assert.equal(text, 'ok');
  assert.deepEqual(await pollPackets(client, sid, 3), packets);
});

test('message, polling: a payload of text and binary packets', async (t) => {
  const client = await start(t);
  const sid = await client.join();
  const packets = ['451-["echo",{"_placeholder":true,"num":0}]', 'bAQIDBA=='];
  assert.equal((await client.post(sid, packets.join('\x1e'))).text, 'ok');
  assert.deepEqual(await pollPackets(client, sid, 2), packets);
});

test('message, polling: an invalid packet closes the session', async (t) => {
  const client = await start(t);
  const sid = await client.open();
  await client.post(sid, 'abc').catch(() => {}); // the connection may be cut
  assert.equal((await client.poll(sid)).status, 400);
});

test('message, polling: a second poll at the same time closes the session', async (t) => {
  const client = await start(t);
  const sid = await client.open();
  const first = client.poll(sid);
  const second = await client.poll(sid);
  assert.ok([400, 500].includes(second.status), String(second.status));
  const { status, text } = await first;
  assert.equal(status, 200);
  assert.equal(text, '1');
  assert.equal((await client.poll(sid)).status, 400);
});

test('message, polling: a cancelled poll closes the session', async (t) => {
  const client = await start(t);
  const sid = await client.open();
  const { hub } = [...client.service.hub(HUB).connections.values()][0];
  const poll = http.get(client.url({ transport: 'polling', sid }), { agent: false });
  poll.on('error', () => {});
  await once(poll, 'finish');
  await request(`http://127.0.0.1:${client.service.port}/`); // it has read the poll before this
  poll.destroy();
  await until(() => hub.connections.size === 0, 'the end of the session');
  assert.equal((await client.poll(sid)).status, 400);
});

test('message, WebSocket: a text packet', async (t) => {
  const client = await start(t);
  const socket = await client.joined();
  socket.send('42["echo","hello"]');
  assert.equal(await socket.packet(), '42["echo","hello"]');
});

test('message, WebSocket: a binary packet', async (t) => {
  const client = await start(t);
  const socket = await client.joined();
  socket.send('451-["echo",{"_placeholder":true,"num":0}]');
  socket.send(Buffer.from([1, 2, 3, 4]));
  assert.equal(await socket.packet(), '451-["echo",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await socket.packet(), Buffer.from([1, 2, 3, 4]));
});

test('message, WebSocket: an invalid packet closes the session', async (t) => {
  const client = await start(t);
  const socket = client.websocket();
  await socket.next();
  socket.send('abc');
  await inTime(socket.closed, 'close');
});

// --- heartbeat --------------------------------------------------------------------------------

test('heartbeat, polling: pings are sent and pongs keep the session', async (t) => {
  const client = await start(t, BEATS);
  const sid = await client.open();
  for (let i = 0; i < 3; i++) {
    const { status, text } = await client.poll(sid);
    assert.equal(status, 200);
    assert.equal(text, '2');
    assert.equal((await client.post(sid, '3')).status, 200);
  }
});

test('heartbeat, polling: a missing pong closes the session', async (t) => {
  const client = await start(t, ENDS);
  const sid = await client.open();
  await until(() => client.service.hub(HUB).connections.size === 0, 'the end of the session');
  assert.equal((await client.poll(sid)).status, 400);
});

test('heartbeat, WebSocket: pings are sent and pongs keep the session', async (t) => {
  const client = await start(t, BEATS);
  const socket = client.websocket();
  await socket.next();
  for (let i = 0; i < 3; i++) {
    assert.equal(await socket.next(), '2');
    socket.send('3');
  }
});

test('heartbeat, WebSocket: a missing pong closes the session', async (t) => {
  const client = await start(t, ENDS);
  const socket = client.websocket();
  await inTime(socket.closed, 'close');
});

// --- close ------------------------------------------------------------------------------------

test('close, polling: the client ends the session', async (t) => {
  const client = await start(t);
  const sid = await client.open();
  const poll = client.poll(sid);
  await client.post(sid, '1');
  const { status, text } = await poll;
  assert.equal(status, 200);
  assert.equal(text, '6');
  assert.equal((await client.poll(sid)).status, 400);
});

// Engine.IO's own server takes no notice of the packet; the pongs that are missing end the session.
test('close, WebSocket: the client ends the session', async (t) => {
  const client = await start(t, ENDS);
  const socket = client.websocket();
  await socket.next();
  socket.send('1');
  await inTime(socket.closed, 'close');
});

// --- upgrade ----------------------------------------------------------------------------------

/** A session on polling, in namespace /, whose WebSocket has been probed. */
async function probed(client) {
  const sid = await client.join();
  const socket = client.websocket({ sid });
  await socket.opened;
  socket.send('2probe');
  assert.equal(await socket.next(), '3probe');
  return { sid, socket };
}

test('upgrade: from polling to WebSocket', async (t) => {
  const client = await start(t);
  const { sid, socket } = await probed(client);
  const { status, text } = await client.poll(sid);
  assert.equal(status, 200);
  assert.equal(text, '6');
  socket.send('5');
  socket.send('42["echo","hello"]');
  assert.equal(await socket.packet(), '42["echo","hello"]');
});

test('upgrade: polls of an upgraded session are ignored', async (t) => {
  const client = await start(t);
  const { sid, socket } = await probed(client);
  socket.send('5');
  socket.send('42["echo","there"]');
  await socket.packet(); // so the upgrade is over
  assert.equal((await client.poll(sid)).status, 400);
  socket.send('42["echo","hello"]');
  assert.equal(await socket.packet(), '42["echo","hello"]');
});

test('upgrade: another WebSocket of an upgraded session is ignored', async (t) => {
  const client = await start(t);
  const { sid, socket } = await probed(client);
  socket.send('5');
  await inTime(client.websocket({ sid }).closed, 'close');
  socket.send('42["echo","hello"]');
  assert.equal(await socket.packet(), '42["echo","hello"]');
});
