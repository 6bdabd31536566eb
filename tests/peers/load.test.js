// A crowd of real Socket.IO clients in one room (LOAD_VIEWERS, LOAD_SECONDS), through the real handler
// and the service stand-in as a process of its own: who is there gets everything in order, and who
// does not read is dropped.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Inbox, pause, within } from '../lib/deadline.js';
import { ACCESS_KEY, connectionString, ROOT, startHandler } from '../lib/handler.js';
import { Client, negotiate } from '../lib/sockets.js';
import { freePort } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';

const HUB = 'codestream';
const VIEWERS = Number(process.env.LOAD_VIEWERS ?? 100);
const AT_ONCE = 20; // joining clients
const SENDS_A_SECOND = 50;
const SECONDS = Number(process.env.LOAD_SECONDS ?? 2);
const MESSAGE_BYTES = 300; // a little more than what a flush of two keystrokes takes
const MAX_PENDING_BYTES = 2_000_000;
const MAX_MEMORY_KB = 250_000;
const WAIT_MS = 50_000; // for what takes seconds, on a machine that has other things to do

const BIG_BYTES = 200_000;
const MAX_BIG_SENDS = 400; // far more than the kernel's buffers and the bound can hold

let service;
let handler;
before(async () => {
  const port = await freePort();
  service = await startService(`http://127.0.0.1:${port}/eventhandler`);
  handler = await startHandler({
    service: connectionString(service.endpoint), args: ['--port', String(port)],
  });
});
after(async () => {
  service?.child.kill('SIGTERM');
  await handler?.stop();
  service?.child.kill('SIGKILL');
});

/** The stand-in with its command line, which prints where it is. */
async function startService(upstream) {
  const args = ['--port', '0', '--access-key', ACCESS_KEY, '--hub', HUB, '--upstream', upstream,
    '--max-pending-bytes', String(MAX_PENDING_BYTES)];
  const child = spawn(process.execPath, [path.join(ROOT, 'emulator/webpubsub.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  process.on('exit', () => child.kill('SIGKILL'));
  const lines = new Inbox('a line of the service stand-in');
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  const line = await lines.next((text) => / at http:/.test(text), WAIT_MS);
  const [endpoint] = /http:\S+/.exec(line);
  return { child, endpoint };
}

function peakMemory(pid) {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
}

/** One connected client in its room. */
async function join(t, room) {
  const session = await negotiate(handler.url, { room });
  const client = new Client(session, { transports: ['websocket'] });
  t.after(() => client.close());
  await within(WAIT_MS, client.connected, 'a connection');
  const answer = await client.ask('joinRoom', { room_id: session.room_id });
  assert.deepEqual(answer, { success: true });
  return Object.assign(client, { room: session.room_id });
}

/** Counts the numbered messages that come in order; `done` is when all have come. */
function listen(client, total = Infinity) {
  const reader = { seen: 0, faults: [] };
  reader.done = new Promise((resolve) => {
    client.socket.on('message', ({ type, data }) => {
      if (type !== 'editorMessage') return;
      if (data.n !== reader.seen) reader.faults.push([reader.seen, data.n]);
      reader.seen += 1;
      if (reader.seen === total) resolve();
    });
  });
  client.socket.offAny(); // 250,000 messages need not be kept
  return reader;
}

async function openViewers(t, room, count) {
  const viewers = [];
  while (viewers.length < count) {
    const batch = Math.min(AT_ONCE, count - viewers.length);
    viewers.push(...await Promise.all(Array.from({ length: batch }, () => join(t, room))));
  }
  return viewers;
}

/** Reads nothing from the network any more, as a laptop whose lid was closed. */
function stopReading(t, client) {
  const { ws } = client.socket.io.engine.transport;
  ws.pause();
  t.after(() => ws.terminate()); // a goodbye would wait for one that it does not read
}

const send = (writer, data) => writer.ask('sendToRoom', { room_id: writer.room, data });

test(`${VIEWERS} viewers get 50 sends a second, all and in order, beside one who does not read`, {
  timeout: 90_000,
}, async (t) => {
  const writer = await join(t);
  const viewers = await openViewers(t, writer.room, VIEWERS);
  stopReading(t, await join(t, writer.room));
  const total = SENDS_A_SECOND * SECONDS;
  const readers = viewers.map((viewer) => listen(viewer, total));
  const text = 'x'.repeat(MESSAGE_BYTES);
  const acks = [];
  const begin = Date.now();
  for (let n = 0; n < total; n += 1) {
    const early = begin + (n * 1000) / SENDS_A_SECOND - Date.now();
    if (early > 0) await pause(early);
    acks.push(send(writer, { n, text }));
  }
  for (const ack of await Promise.all(acks)) assert.deepEqual(ack, { success: true });
  await within(WAIT_MS, Promise.all(readers.map(({ done }) => done)), 'everything everywhere');
  t.diagnostic(`${total * VIEWERS} messages in ${Date.now() - begin} ms; ` +
    `memory ${peakMemory(service.child.pid)} kB`);
  for (const { seen, faults } of readers) assert.deepEqual([seen, faults], [total, []]);
  assert.ok(peakMemory(service.child.pid) < MAX_MEMORY_KB);
});

test('who does not read is dropped at the bound, and costs the others nothing', {
  timeout: 60_000,
}, async (t) => {
  const writer = await join(t);
  const viewers = await openViewers(t, writer.room, 3);
  const readers = viewers.map((viewer) => listen(viewer));
  const slow = await join(t, writer.room);
  const left = writer.next('presence', ({ state, from }) => state === 'left' && from === slow.id,
    WAIT_MS).then(() => true);
  stopReading(t, slow);
  const text = 'x'.repeat(BIG_BYTES);
  let sent = 0;
  let isGone = false;
  while (!isGone && sent < MAX_BIG_SENDS) {
    assert.deepEqual(await send(writer, { n: sent, text }), { success: true });
    sent += 1;
    isGone = await Promise.race([left, pause(0)]);
  }
  t.diagnostic(`dropped after ${sent} sends; memory ${peakMemory(service.child.pid)} kB`);
  assert.ok(await left);
  assert.ok(sent * BIG_BYTES > MAX_PENDING_BYTES, 'not before the bound');
  const last = Promise.all(viewers.map((viewer) => new Promise((resolve) => {
    viewer.socket.on('message', ({ data }) => data?.n === sent && resolve());
  })));
  await send(writer, { n: sent });
  await within(WAIT_MS, last, 'the last message');
  for (const { seen, faults } of readers) assert.deepEqual([seen, faults], [sent + 1, []]);
  assert.ok(peakMemory(service.child.pid) < MAX_MEMORY_KB);
});
