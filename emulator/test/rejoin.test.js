// A client of the Web PubSub stand-in that leaves a namespace and joins it again on the same
// connection, as Socket.IO's own server has it: the name is free at once, and what the old socket
// had sent still goes upstream as its own.

import assert from 'node:assert/strict';
import { Manager } from 'socket.io-client';

import { startWebPubSub } from '../webpubsub/service.js';
import { groupOf } from '../webpubsub/groups.js';
import {
  RawSocket,
  clientToken,
  clientUrl,
  inTime,
  next,
  rest,
  startHandler,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const SLOW_MS = 30;

/** Event handlers take their time for `slow`. */
async function start(t, options = {}) {
  const handler = await startHandler();
  handler.answer = async ({ name }) => {
    if (name === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
    return {};
  };
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    retryDelaysMs: [],
    ...options,
  });
  const open = [];
  t.after(async () => {
    open.forEach((close) => close());
    await service.close();
    await handler.close();
  });
  return {
    handler,
    service,
    /** The official client's connection, for several namespaces. */
    manager(transport) {
      const manager = new Manager(service.endpoint, {
        path: `/clients/socketio/hubs/${HUB}`,
        query: { access_token: clientToken(service, HUB) },
        reconnection: false,
        transports: [transport],
      });
      open.push(() => manager._close());
      return manager;
    },
    /** A bare connection, and a function that joins a namespace and gives the socket's id. */
    async raw(prefix = '40') {
      const url = clientUrl(service, HUB, { transport: 'websocket' }, 'ws');
      const socket = new RawSocket(url);
      open.push(() => socket.socket.terminate());
      assert.match(await socket.next(), /^0/);
      const joined = async () => {
        const packet = await socket.packet();
        assert.equal(packet.slice(0, prefix.length), prefix);
        return JSON.parse(packet.slice(prefix.length)).sid;
      };
      socket.send(prefix);
      return { socket, joined, id: await joined() };
    },
    /** What the handler got: name and socket id. */
    told: (...names) =>
      handler.events
        .filter(({ name }) => names.includes(name))
        .map(({ name, headers }) => [name, headers['ce-socketid']]),
    disconnected: (id) =>
      handler.event((e) => e.name === 'disconnected' && e.headers['ce-socketid'] === id),
  };
}

for (const transport of ['websocket', 'polling']) {
  test(`s.disconnect().connect() on a shared connection, ${transport}`, async (t) => {
    const { manager, handler, told, disconnected } = await start(t);
    const shared = manager(transport);
    const [main, other] = [shared.socket('/'), shared.socket('/other')];
    await Promise.all([next(main, 'connect'), next(other, 'connect')]);
    let ended = false;
    other.on('disconnect', () => {
      ended = true;
    });
    const ids = [];
    for (let i = 0; i < 3; i++) {
      ids.push(main.id);
      main.emit('slow', i);
      main.disconnect().connect();
      await next(main, 'connect');
    }
    ids.push(main.id);
    main.emit('last');
    await handler.event('last');
    assert.equal(new Set(ids).size, 4);
    await Promise.all(ids.slice(0, 3).map(disconnected));
    const slow = ids.slice(0, 3).map((id) => ['slow', id]);
    assert.deepEqual(told('slow', 'last'), [...slow, ['last', ids[3]]]);
    assert.equal(told('disconnected').length, 3);
    assert.equal(ended, false);
  });
}

for (const ordering of ['connection', 'socket']) {
  for (const prefix of ['', '/a,']) {
    test(`events before 41${prefix} 40${prefix} are the old socket's, ${ordering}`, async (t) => {
      const { raw, told, disconnected } = await start(t, { ordering });
      const { socket, joined, id } = await raw(`40${prefix}`);
      for (let i = 0; i < 3; i++) socket.send(`42${prefix}["slow",${i}]`);
      socket.send(`41${prefix}`);
      socket.send(`40${prefix}`);
      const second = await joined();
      assert.notEqual(second, id);
      const { body } = await disconnected(id);
      assert.equal(JSON.parse(body).reason, '');
      socket.send(`42${prefix}["slow",3]`);
      socket.send(`41${prefix}`);
      await disconnected(second);
      const slow = [id, id, id, second].map((of) => ['slow', of]);
      assert.deepEqual(told('slow'), slow);
      // `disconnected` waits for the events before it, and nobody for its answer.
      const ofFirst = told('slow', 'disconnected').filter(([, of]) => of === id);
      assert.deepEqual(ofFirst.at(-1), ['disconnected', id]);
      const before = told('connect', 'slow').slice(0, 5);
      assert.deepEqual(before.at(-1), ['connect', second]);
      assert.equal(told('disconnected').length, 2);
    });
  }
}

test('the packets that answer the old socket are not written to the next', async (t) => {
  const { raw, handler, service } = await start(t);
  const { socket, joined } = await raw();
  const { answer } = handler;
  handler.answer = async (event) => ({ ...(await answer(event)), body: '42["late"]' });
  for (const packet of ['42["slow"]', '41', '40']) socket.send(packet);
  const id = await joined();
  await rest(service, 'POST', `/api/hubs/${HUB}/groups/${groupOf('/', id)}/:send`, {
    body: '42["hello"]',
  });
  assert.equal(await socket.packet(), '42["hello"]');
});

test('groups are left at once; what the last events join is left with the socket', async (t) => {
  const { raw, handler, service, disconnected } = await start(t);
  const { socket, joined, id } = await raw();
  const { groups } = service.hub(HUB);
  const room = groupOf('/', 'room');
  const [connection] = service.hub(HUB).connections.keys();
  let during;
  handler.answer = async ({ name }) => {
    if (name !== 'join') return {};
    await until(() => !groups.has(groupOf('/', id)), 'the end of the membership');
    const target = `/api/hubs/${HUB}/groups/${room}/connections/${connection}`;
    during = await rest(service, 'PUT', target);
    return {};
  };
  for (const packet of ['42["join"]', '41', '40']) socket.send(packet);
  const second = await joined();
  await disconnected(id);
  assert.equal(during.status, 200);
  assert.ok(!groups.has(room));
  assert.ok(groups.has(groupOf('/', second)));
});

for (const packet of ['41', '42["x"]', '431[]']) {
  test(`${packet} after 41 closes the connection`, async (t) => {
    const { raw, told, disconnected } = await start(t);
    const { socket, id } = await raw();
    socket.send('41');
    socket.send(packet);
    await inTime(socket.closed, 'close');
    await disconnected(id);
    assert.equal(told('disconnected').length, 1);
  });
}

test('a connection that ends behind a 41: disconnected once, after the events', async (t) => {
  const { raw, told, disconnected, service } = await start(t);
  const { socket, id } = await raw();
  for (const packet of ['42["slow"]', '42["slow"]', '41']) socket.send(packet);
  socket.close();
  await disconnected(id);
  await until(() => service.hub(HUB).connections.size === 0, 'end');
  assert.deepEqual(told('slow', 'disconnected'), [
    ['slow', id],
    ['slow', id],
    ['disconnected', id],
  ]);
});

test('a 41 that finds the queue full: disconnected once, after the events', async (t) => {
  const { raw, told, disconnected } = await start(t, { maxQueuedPackets: 2 });
  const { socket, id } = await raw();
  for (const packet of ['42["slow"]', '42["slow"]', '41']) socket.send(packet);
  const { body } = await disconnected(id);
  assert.equal(JSON.parse(body).reason, '');
  const names = told('slow', 'disconnected').map(([name]) => name);
  assert.deepEqual(names, ['slow', 'slow', 'disconnected']);
});

test('an answer of 41 for a connection that has ended: disconnected once', async (t) => {
  const { raw, handler, told, disconnected, service } = await start(t);
  const { socket, id } = await raw();
  const { answer } = handler;
  handler.answer = async (event) => ({ ...(await answer(event)), body: '41' });
  socket.send('42["slow"]');
  await handler.event('slow');
  socket.close();
  await disconnected(id);
  await service.close(); // waits for all that is still to be told
  assert.equal(told('disconnected').length, 1);
});
