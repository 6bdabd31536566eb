// Socket.IO v5 at the client endpoint of the Web PubSub stand-in, from the protocol document: one
// test for each case of the protocol's own suite, in its order. The 16 cases of that suite that
// repeat Engine.IO are in engineio.test.js.
//
// Here the event handler plays the server of the suite: it accepts / and /custom, sends `auth`
// when a socket is connected, and answers `message` and `message-with-ack`. The payload of CONNECT
// reaches it only with connectAuth: 'forward', which the real service is not known to do.

import assert from 'node:assert/strict';

import { startWebPubSub } from '../webpubsub/service.js';
import { groupOf } from '../webpubsub/groups.js';
import { RawSocket, clientUrl, inTime, rest, startHandler } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';

async function start(t, options = {}) {
  const handler = await startHandler();
  const auth = new Map(); // socket id -> payload of CONNECT
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    pingIntervalMs: 300,
    connectAuth: 'forward',
    connectErrorText: 'body',
    ...options,
  });
  handler.answer = async ({ name, headers, body }) => {
    const [namespace, socketId] = [headers['ce-namespace'], headers['ce-socketid']];
    if (name === 'connect') {
      auth.set(socketId, JSON.parse(body).auth ?? {});
      return ['/', '/custom'].includes(namespace) ? {} : { status: 400, body: 'Invalid namespace' };
    }
    if (name === 'connected') {
      const path = `/api/hubs/${HUB}/groups/${groupOf(namespace, socketId)}/:send`;
      const prefix = namespace === '/' ? '' : `${namespace},`;
      const packet = `42${prefix}["auth",${JSON.stringify(auth.get(socketId))}]`;
      assert.equal((await rest(service, 'POST', path, { body: packet })).status, 202);
    }
    if (name === 'message') return { body: body.replace('["message"', '["message-back"') };
    if (name === 'message-with-ack') {
      const [packet, ...attachments] = body.replace('"message-with-ack",', '').split('\x1e');
      const type = attachments.length > 0 ? '6' : '3';
      return { body: [`4${type}${packet.slice(2)}`, ...attachments].join('\x1e') };
    }
    return {};
  };
  const sockets = [];
  t.after(async () => {
    sockets.forEach(({ socket }) => socket.terminate());
    await service.close();
    await handler.close();
  });
  const open = async () => {
    const socket = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
    sockets.push(socket);
    assert.match(await socket.next(), /^0/);
    return socket;
  };
  const join = async () => {
    const socket = await open();
    socket.send('40');
    assert.match(await socket.packet(), /^40{"sid":/);
    assert.equal(await socket.packet(), '42["auth",{}]');
    return socket;
  };
  return { service, handler, open, join };
}

/** Checks the answer to CONNECT. */
function checkSid(message, prefix) {
  assert.equal(message.slice(0, prefix.length), prefix);
  const value = JSON.parse(message.slice(prefix.length));
  assert.deepEqual(Object.keys(value), ['sid']);
  assert.equal(typeof value.sid, 'string');
}

// --- connect ----------------------------------------------------------------------------------

test('connect: the main namespace', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('40');
  checkSid(await socket.packet(), '40');
  assert.equal(await socket.packet(), '42["auth",{}]');
});

test('connect: the main namespace with a payload', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('40{"token":"123"}');
  checkSid(await socket.packet(), '40');
  assert.equal(await socket.packet(), '42["auth",{"token":"123"}]');
});

test('connect: a custom namespace', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('40/custom,');
  checkSid(await socket.packet(), '40/custom,');
  assert.equal(await socket.packet(), '42/custom,["auth",{}]');
});

test('connect: a custom namespace with a payload', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('40/custom,{"token":"abc"}');
  checkSid(await socket.packet(), '40/custom,');
  assert.equal(await socket.packet(), '42/custom,["auth",{"token":"abc"}]');
});

test('connect: an unknown namespace is refused', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('40/random');
  assert.equal(await socket.packet(), '44/random,{"message":"Invalid namespace"}');
});

test('connect: an invalid packet closes the connection', async (t) => {
  const { open } = await start(t);
  const socket = await open();
  socket.send('4abc');
  await inTime(socket.closed, 'close');
});

test('connect: without a CONNECT the connection is closed', async (t) => {
  const { open } = await start(t, { connectTimeoutMs: 300 });
  const socket = await open();
  await inTime(socket.closed, 'close');
});

// --- disconnect -------------------------------------------------------------------------------

test('disconnect: from the main namespace; the connection stays', async (t) => {
  const { join } = await start(t);
  const socket = await join();
  socket.send('41');
  socket.send('3'); // a ping may have come while it joined
  assert.equal(await socket.next(), '2');
});

test('disconnect: from a custom namespace; the main one goes on', async (t) => {
  const { join } = await start(t);
  const socket = await join();
  socket.send('40/custom');
  checkSid(await socket.packet(), '40/custom,');
  assert.equal(await socket.packet(), '42/custom,["auth",{}]');
  socket.send('41/custom');
  socket.send('42["message","message to main namespace"]');
  assert.equal(await socket.packet(), '42["message-back","message to main namespace"]');
});

// --- message ----------------------------------------------------------------------------------

test('message: a text packet, passed on and answered unchanged', async (t) => {
  const { join, handler } = await start(t);
  const socket = await join();
  socket.send('42["message",1,"2",{"3":[true]}]');
  assert.equal(await socket.packet(), '42["message-back",1,"2",{"3":[true]}]');
  socket.send('42[ "message" , 1.0e0,\t"\\u00e4" ]');
  assert.equal(
    (await handler.event((e) => e.body.includes('1.0'))).body,
    '42[ "message" , 1.0e0,\t"\\u00e4" ]',
  );
});

test('message: a packet with attachments', async (t) => {
  const { join } = await start(t);
  const socket = await join();
  socket.send('452-["message",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]');
  socket.send(Buffer.from([1, 2, 3]));
  socket.send(Buffer.from([4, 5, 6]));
  assert.equal(
    await socket.packet(),
    '452-["message-back",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
  );
  assert.deepEqual(await socket.packet(), Buffer.from([1, 2, 3]));
  assert.deepEqual(await socket.packet(), Buffer.from([4, 5, 6]));
});

test('message: a text packet with an ack', async (t) => {
  const { join } = await start(t);
  const socket = await join();
  socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
  assert.equal(await socket.packet(), '43456[1,"2",{"3":[false]}]');
});

test('message: a packet with attachments and an ack', async (t) => {
  const { join } = await start(t);
  const socket = await join();
  socket.send(
    '452-789["message-with-ack",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
  );
  socket.send(Buffer.from([1, 2, 3]));
  socket.send(Buffer.from([4, 5, 6]));
  assert.equal(
    await socket.packet(),
    '462-789[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]',
  );
  assert.deepEqual(await socket.packet(), Buffer.from([1, 2, 3]));
  assert.deepEqual(await socket.packet(), Buffer.from([4, 5, 6]));
});

for (const [what, packet] of [
  ['an unknown packet type', '4abc'],
  ['a payload that is no array', '42{}'],
  ['an ack id that is no number', '42abc["message-with-ack",1,"2",{"3":[false]}]'],
]) {
  test(`message: ${what} closes the connection`, async (t) => {
    const { join } = await start(t);
    const socket = await join();
    socket.send(packet);
    await inTime(socket.closed, 'close');
  });
}
