// Faults on purpose: each is as it is said to be, and changes while the service runs.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';

import { startWebPubSub } from '../webpubsub/service.js';
import {
  RawSocket, clientToken, clientUrl, inTime, nativeUrl, next, request, rest, startHandler,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const SEND = `/api/hubs/${HUB}/:send`;

async function start(t, options = {}) {
  const handler = await startHandler();
  const lines = [];
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    retryDelaysMs: [1],
    log: (line) => lines.push(line),
    ...options,
  });
  const sockets = [];
  t.after(async () => {
    for (const { socket } of sockets) socket.terminate();
    await service.close();
    await handler.close();
  });
  const open = (url) => {
    const socket = new RawSocket(url);
    sockets.push(socket);
    return socket;
  };
  const join = async (claims) => {
    const access_token = clientToken(service, HUB, claims);
    const socket = open(clientUrl(service, HUB, { transport: 'websocket', access_token }, 'ws'));
    await socket.next();
    socket.send('40');
    assert.match(await socket.packet(), /^40/);
    return socket;
  };
  return { handler, service, lines, join, open };
}

test('each n-th REST call fails with the status that is set, and does nothing', async (t) => {
  const { service, join } = await start(t, { restFailEvery: 3, restFailStatus: 429 });
  const socket = await join();
  const answers = [];
  for (let i = 1; i <= 6; i++) answers.push(await rest(service, 'POST', SEND, { body: `42["${i}"]` }));
  assert.deepEqual(answers.map(({ status }) => status), [202, 202, 429, 202, 202, 429]);
  assert.equal(answers[2].headers['retry-after'], '1');
  for (const i of [1, 2, 4, 5]) assert.equal(await socket.packet(), `42["${i}"]`);
  const health = `http://127.0.0.1:${service.port}/api/health`;
  for (let i = 1; i <= 3; i++) assert.equal((await request(health)).status, 200);
  service.setFaults({ restFailEvery: 1, restFailStatus: 500 });
  assert.equal((await rest(service, 'POST', SEND, { body: '42["x"]' })).status, 500);
  service.setFaults({ restFailEvery: 0 });
  assert.equal((await rest(service, 'POST', SEND, { body: '42["x"]' })).status, 202);
});

test('each n-th delivery of an event is lost, and tried again as after no response', async (t) => {
  const { service, handler, join, lines } = await start(t);
  const socket = await join();
  await handler.event('connected');
  service.setFaults({ eventDropEvery: 2 });
  for (const name of ['a', 'b', 'c']) socket.send(`42["${name}"]`);
  await handler.event('c');
  const names = handler.events.map(({ name }) => name).filter((name) => name.length === 1);
  assert.deepEqual(names, ['a', 'b', 'c']);
  assert.ok(lines.some((line) => /event 'b': .*lost on purpose, and gets it again/.test(line)));
});

test('late events and calls arrive all the same, and in order', async (t) => {
  const { service, handler, join } = await start(t, { eventLatencyMs: 50, restLatencyMs: 50 });
  const socket = await join();
  for (const name of ['a', 'b']) socket.send(`42["${name}"]`);
  await handler.event('b');
  assert.deepEqual(handler.events.map(({ name }) => name).slice(-2), ['a', 'b']);
  assert.equal((await rest(service, 'POST', SEND, { body: '42["x"]' })).status, 202);
  assert.equal(await socket.packet(), '42["x"]');
});

test('a token is over so long after its iat, for new and for open connections', async (t) => {
  let now = Math.floor(Date.now() / 1000) * 1000;
  const { service, open } = await start(t, {
    tokenLifeSeconds: 60, closeOnTokenExpiry: true, clock: () => now,
  });
  const iat = Math.floor(now / 1000);
  const old = clientToken(service, HUB, { iat: iat - 61 });
  const refused = open(clientUrl(service, HUB, { transport: 'websocket', access_token: old }, 'ws'));
  assert.equal(await inTime(refused.refused, 'refusal'), 401);
  now += 59_900;
  const last = clientToken(service, HUB, { iat });
  const socket = open(clientUrl(service, HUB, { transport: 'websocket', access_token: last }, 'ws'));
  assert.match(await socket.next(), /^0/);
  await inTime(socket.closed, 'end');
});

for (const [fault, wanted] of [['closeAfterMs', 1000], ['cutAfterMs', 1006]]) {
  test(`${fault}: clients of both kinds read ${wanted}`, async (t) => {
    const { service, join, open } = await start(t);
    service.setFaults({ [fault]: 200 });
    const native = open(nativeUrl(service, HUB));
    for (const socket of [await join(), native]) {
      assert.equal((await inTime(socket.closed, 'end')).code, wanted);
    }
  });
}

test('endConnections ends politely, or cuts: also a client that polls comes back', async (t) => {
  const { service, join } = await start(t);
  const polite = await join();
  service.endConnections({ hub: 'other' });
  service.endConnections({ hub: 'CHAT' });
  assert.equal((await inTime(polite.closed, 'end')).code, 1000);
  const cut = await join();
  service.endConnections({ cut: true });
  assert.equal((await inTime(cut.closed, 'end')).code, 1006);
  const client = io(`http://127.0.0.1:${service.port}`, {
    path: `/clients/socketio/hubs/${HUB}`,
    query: { access_token: clientToken(service, HUB) },
    transports: ['polling'],
    reconnectionDelay: 10,
  });
  t.after(() => client.close());
  await next(client, 'connect');
  const [lost, back] = [next(client, 'disconnect'), next(client, 'connect')];
  service.endConnections({ cut: true });
  assert.equal(await lost, 'transport error');
  await back;
});

test('faults that make no sense are refused, and change nothing', async (t) => {
  const { service } = await start(t);
  assert.throws(() => service.setFaults({ port: 1 }), /'port' is no fault that can be set/);
  assert.throws(() => service.setFaults({ restFailEvery: -1 }), /restFailEvery should be count/);
  assert.throws(() => service.setFaults({ restFailEvery: 1, restFailStatus: 200 }), /429 or 500 to/);
  assert.equal((await rest(service, 'POST', SEND, { body: '42["x"]' })).status, 202);
});
