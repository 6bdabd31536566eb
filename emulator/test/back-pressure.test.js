// A client that sends faster than its handler works: it is not read for a while, and loses nothing.

import assert from 'node:assert/strict';
import http from 'node:http';

import { listen } from '../listen.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { Queue } from '../webpubsub/queue.js';
import { RawSocket, clientUrl, inTime, nativeUrl, request, startHandler, until } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const MANY = Number(process.env.BURST_EVENTS ?? 4000);
const MAX_QUEUED = 500;
const LONG_MS = 90_000; // for what takes a few seconds on an idle machine
/** A busy machine, on which service and client are one process, must not miss it. */
const HEARTBEAT = { pingIntervalMs: 100, pingTimeoutMs: 2500 };
/** So many pings take longer than one may stay unanswered. */
const TIMEOUT_PINGS = 27;

async function start(t, options = {}) {
  const handler = await startHandler();
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    maxQueuedPackets: MAX_QUEUED,
    ...options,
  });
  t.after(async () => {
    await service.close();
    await handler.close();
  });
  const socket = async () => {
    const raw = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
    t.after(() => raw.socket.terminate());
    Object.assign(raw, { pings: 0, isSilent: false });
    raw.socket.on('message', (data) => {
      if (data.toString() !== '2') return;
      raw.pings += 1;
      if (!raw.isSilent) raw.send('3');
    });
    assert.match(await raw.next(), /^0/);
    raw.send('40');
    assert.match(await raw.packet(), /^40/);
    return raw;
  };
  /** Events wait from now on until they are released. */
  const hold = () => {
    let release;
    const held = new Promise((resolve) => (release = resolve));
    handler.answer = ({ headers }) => (isUser(headers) ? held.then(() => ({})) : {});
    return release;
  };
  return { service, handler, socket, hold };
}

const isUser = (headers) => headers['ce-type'].includes('.user.');
const userEvents = (handler) => handler.events.filter(({ headers }) => isUser(headers));
const inOrder = (count) => Array.from({ length: count }, (_, n) => n);

/** The last argument of each event that has come. */
const numbers = (handler) => userEvents(handler).map(({ body }) => Number(/\d+(?=\])/.exec(body)[0]));

/** A handler that only counts: all of a burst has to come in the time of a test. */
async function startCounter(t) {
  const counter = { numbers: [] };
  const server = http.createServer(async (req, res) => {
    if (req.method !== 'POST') res.writeHead(200, { 'WebHook-Allowed-Origin': '*' });
    const isEvent = isUser({ 'ce-type': '', ...req.headers });
    for await (const chunk of req) {
      if (isEvent) counter.numbers.push(Number(/\d+(?=\])/.exec(String(chunk))[0]));
    }
    res.end();
    if (counter.numbers.length === MANY) counter.done();
  });
  counter.all = new Promise((resolve) => (counter.done = resolve));
  const listening = await listen(server);
  t.after(() => listening.close());
  const urlTemplate = `http://127.0.0.1:${listening.port}/`;
  return { ...counter, settings: { urlTemplate, userEventPattern: '*' } };
}

const BURST = `${MANY} events in a burst arrive, all of them and in order`;
test(BURST, { timeout: LONG_MS }, async (t) => {
  const counter = await startCounter(t);
  const hubs = { [HUB]: { eventHandlers: [counter.settings] } };
  const { socket } = await start(t, { hubs });
  const ann = await socket();
  for (let n = 0; n < MANY; n += 1) ann.send(`42["n",${n}]`);
  await inTime(counter.all, 'last event', LONG_MS);
  assert.deepEqual(counter.numbers, inOrder(MANY));
  assert.equal(ann.socket.readyState, ann.socket.OPEN);
});

test('a client that waits for its turn is not read, and not ended by the heartbeat', async (t) => {
  const lines = [];
  const { handler, socket, hold } = await start(t, {
    ...HEARTBEAT,
    maxQueuedPackets: 5,
    log: (line) => lines.push(line),
  });
  const ann = await socket();
  const release = hold();
  const text = 'x'.repeat(100_000); // far more than the buffers of a connection hold
  for (let n = 0; n < 100; n += 1) ann.send(`42["n","${text}",${n}]`);
  const read = () => lines.filter((line) => line.includes('<- 2')).length;
  const before = ann.pings;
  await until(() => read() > 0 && ann.pings > before + TIMEOUT_PINGS, 'pings for longer than the timeout');
  assert.ok(read() < 50, `${read()} of 100 events were read`);
  assert.ok(ann.socket.bufferedAmount > 0, 'the rest is still with the client');
  release();
  await until(() => userEvents(handler).length === 100, 'the last event');
  assert.deepEqual(numbers(handler), inOrder(100));
  const after = ann.pings;
  await until(() => ann.pings > after + TIMEOUT_PINGS, 'pings that are answered again');
  assert.equal(ann.socket.readyState, ann.socket.OPEN);
});

test('a service in which no event may wait takes one after the other', async (t) => {
  const { handler, socket } = await start(t, { maxQueuedPackets: 0 });
  const ann = await socket();
  for (let n = 0; n < 3; n += 1) ann.send(`42["n",${n}]`);
  await until(() => userEvents(handler).length === 3, 'the last event');
  assert.deepEqual(numbers(handler), inOrder(3));
});

test('a client that is silent after its turn has come is ended by the heartbeat', async (t) => {
  const { handler, socket, hold } = await start(t, {
    ...HEARTBEAT,
    maxQueuedPackets: 2,
  });
  const ann = await socket();
  const release = hold();
  for (let n = 0; n < 5; n += 1) ann.send(`42["n",${n}]`);
  await handler.event('n');
  ann.isSilent = true;
  const before = ann.pings;
  await until(() => ann.pings > before + 1, 'pings that are not answered');
  release();
  await inTime(ann.closed, 'close');
  const { body } = await handler.event('disconnected');
  assert.equal(JSON.parse(body).reason, 'PingTimeout');
});

test('the packets of a client that polls are not read while it waits for its turn', async (t) => {
  const { service, handler, hold } = await start(t, { maxQueuedPackets: 2 });
  const url = (sid) => clientUrl(service, HUB, { transport: 'polling', sid });
  const { sid } = JSON.parse((await request(url())).text.slice(1));
  const post = (body) => request(url(sid), { method: 'POST', body });
  await post('40');
  assert.match((await request(url(sid))).text, /^40/);
  const release = hold();
  await post('42["n",0]\x1e42["n",1]\x1e42["n",2]');
  let isRead = false;
  const late = post('42["n",3]').then(() => (isRead = true));
  await handler.event('n');
  await request(`${service.endpoint.replace('localhost', '127.0.0.1')}/`); // a turn of the service
  assert.equal(isRead, false);
  release();
  await inTime(late, 'the last request');
  await until(() => userEvents(handler).length === 4, 'the last event');
  assert.deepEqual(numbers(handler), inOrder(4));
});

test('a client that is closed while it waits is gone, and what it had sent before is told', async (t) => {
  const { service, handler, socket, hold } = await start(t, { maxQueuedPackets: 2 });
  const ann = await socket();
  const release = hold();
  for (let n = 0; n < 3; n += 1) ann.send(`42["n",${n}]`);
  await handler.event('n');
  const [connection] = service.hub(HUB).connections.values();
  connection.close('enough');
  assert.deepEqual(await inTime(ann.closed, 'close'), { code: 1000, reason: '' });
  release();
  await handler.event('disconnected');
  assert.deepEqual(numbers(handler), inOrder(3));
});

test('a native client is not read either while more of its messages wait than may', async (t) => {
  const { service, handler, hold } = await start(t, { maxQueuedPackets: 3, keepAliveMs: 1500 });
  const ann = new RawSocket(nativeUrl(service, HUB), 'json.webpubsub.azure.v1');
  t.after(() => ann.socket.terminate());
  assert.equal((await ann.json()).event, 'connected');
  let pings = 0;
  ann.socket.on('ping', () => (pings += 1));
  const release = hold();
  const data = 'x'.repeat(100_000);
  for (let n = 0; n < 100; n += 1) ann.send({ type: 'event', event: 'n', data: [data, n] });
  await until(() => pings > 2, 'pings for longer than one may stay unanswered');
  assert.ok(ann.socket.bufferedAmount > 0, 'the rest is still with the client');
  release();
  await until(() => userEvents(handler).length === 100, 'the last event');
  assert.deepEqual(numbers(handler), inOrder(100));
  assert.equal(ann.socket.readyState, ann.socket.OPEN);
});

test('there is room when half of what filled a queue is done', async () => {
  let room = 0;
  const queue = new Queue({ count: 4, bytes: 100, failed: assert.fail, onRoom: () => (room += 1) });
  for (let n = 0; n < 4; n += 1) queue.add(() => {});
  assert.ok(queue.isFull);
  await queue.idle();
  assert.equal(room, 1);
  queue.add(() => {}, { bytes: 101 });
  assert.ok(queue.isFull);
  await queue.idle();
  assert.equal(room, 2);
  queue.add(() => {});
  await queue.idle();
  assert.equal(room, 2, 'a queue that was not full has nothing to tell');
});
