// Several servers on a hub, as processes of their own and in this one, and what clients see when one is
// killed, when the service starts anew, and when nothing happens for a long time.
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import Module, { createRequire } from 'node:module';
import { mock } from 'node:test';
import { eventually, within } from '../lib/deadline.js';
import { test } from '../lib/test.js';
import { HUB, startApplication } from './azure-server.js';

const MS = 15_000;
const NEWER = Number(process.versions.node.split('.')[0]) >= 20; // which web-pubsub-client 1.0.4 needs
const SERVER = new URL('./azure-server-process.js', import.meta.url).pathname;

test('two servers of a hub are one to their clients: broadcasts, rooms, sockets, acknowledgements', async (t) => {
  const app = await startApplication({ servers: 2 });
  t.after(() => app.close());
  const [one, two] = app.servers;
  const peers = await app.crowd(6);
  const own = (io) => peers.filter(({ socket }) => io.of('/').sockets.has(socket.id));
  assert.deepEqual([own(one).length, own(two).length], [3, 3]);
  one.emit('all');
  await Promise.all(peers.map(({ client }) => client.next('all')));
  await own(one)[0].socket.join('r');
  await own(two)[0].socket.join('r');
  two.to('r').emit('room');
  await Promise.all([own(one)[0], own(two)[0]].map(({ client }) => client.next('room')));
  one.to(own(two)[1].socket.id).emit('one', 1);
  assert.equal(await own(two)[1].client.next('one'), 1);
  await one.in(own(two)[2].socket.id).socketsJoin('s');
  two.to('s').emit('joined');
  await own(two)[2].client.next('joined');
  for (const [i, { client }] of peers.entries()) client.socket.on('ask', (acknowledge) => acknowledge(i));
  assert.deepEqual((await one.timeout(MS).emitWithAck('ask')).sort(), [0, 1, 2, 3, 4, 5]);
  const heard = ({ client }) => client.events.all.filter(({ name }) => name === 'room').length;
  assert.equal(peers.reduce((sum, peer) => sum + heard(peer), 0), 2);
});

/** A server as a process; resolves when its line is open. */
async function startProcess(t, connectionString) {
  const child = fork(SERVER, [connectionString, HUB]);
  t.after(() => child.kill('SIGKILL'));
  await within(MS, once(child, 'message'), 'the line of a process');
  return child;
}

/** A client that comes back by itself. */
function persistent(app) {
  const client = app.dial();
  client.socket.io.reconnection(true);
  client.socket.io.reconnectionDelay(50);
  return client;
}

test('a server that is killed takes its clients with it, who come back to the other one', async (t) => {
  const app = await startApplication({ servers: 0, service: { serverGraceMs: 100 } });
  t.after(() => app.close());
  const { connectionString } = app.service;
  const children = [await startProcess(t, connectionString), await startProcess(t, connectionString)];
  const clients = [persistent(app), persistent(app)];
  const pids = [];
  for (const client of clients) pids.push(await client.next('pid'));
  assert.deepEqual([...pids].sort(), children.map(({ pid }) => pid).sort());
  const [lost] = clients.filter((_, i) => pids[i] === children[0].pid);
  const gone = once(lost.socket, 'disconnect');
  children[0].kill('SIGKILL');
  assert.equal((await within(MS, gone, 'the end'))[0], 'transport close');
  assert.equal(await lost.next('pid', undefined, MS), children[1].pid);
});

test('the service starts anew: the server has a line again, and the clients come back', async (t) => {
  const app = await startApplication();
  t.after(() => app.close());
  const { port } = app.service;
  app.io.on('connection', (socket) => socket.emit('hello'));
  const client = persistent(app);
  await client.next('hello');
  const ended = new Promise((resolve) => app.io.of('/').sockets.get(client.id).once('disconnect', resolve));
  await app.service.close();
  await within(MS, ended, 'the end at the server');
  await app.startService({ port });
  await client.next('hello', undefined, MS);
  assert.equal(app.io.of('/').sockets.size, 1);
});

test('a server with a wrong key waits, and the service says why', async (t) => {
  const app = await startApplication({ servers: 0 });
  t.after(() => app.close());
  const wrong = app.service.connectionString.replace(/AccessKey=[^;]+/, `AccessKey=${'w'.repeat(32)}`);
  const child = fork(SERVER, [wrong, HUB]);
  t.after(() => child.kill('SIGKILL'));
  await eventually(MS, () => app.warnings().some((line) =>
    /server of hub 'servers' refused \(401\):.*take the AccessKey of this service's connection string/.test(line)),
  'the line that says why');
});

/** The library with the client that a fresh install has, which counts the time without messages. */
function useNewerClient(t) {
  const resolve = Module._resolveFilename;
  const require = createRequire(import.meta.url);
  Module._resolveFilename = (name, ...rest) =>
    resolve(name === '@azure/web-pubsub-client' ? 'web-pubsub-client-1.0.4' : name, ...rest);
  for (const file of Object.keys(require.cache)) if (/web-pubsub-(socket.io|client)/.test(file)) delete require.cache[file];
  t.after(() => {
    Module._resolveFilename = resolve;
  });
  return require('@azure/web-pubsub-socket.io').useAzureSocketIO;
}

for (const [ms, lines] of [[30_000, 1], [0, 2]]) {
  const what = ms > 0 ? 'stays' : 'is closed and opened again by the library, where the service sends nothing';
  test(`a line on which nothing happens for 150 s ${what}`, { skip: !NEWER }, async (t) => {
    const use = useNewerClient(t);
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'], now: Date.now() });
    t.after(() => mock.timers.reset());
    const app = await startApplication({ service: { tunnelKeepAliveMs: ms }, use });
    t.after(() => app.close());
    const opened = () => app.lines.filter((line) => /line of a server .* opened/.test(line)).length;
    assert.equal(opened(), 1);
    for (let second = 0; second < 170; second++) { // a little more, since it looks every 40 s
      mock.timers.tick(1000);
      await turn();
    }
    for (let i = 0; i < 1000 && opened() < lines; i++) { // the second line is opened after a moment
      mock.timers.tick(10);
      await turn();
    }
    assert.equal(opened(), lines);
  });
}

/** What is on its way between the two arrives: the clock does not move meanwhile. */
async function turn() {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
