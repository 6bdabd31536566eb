// Clients that take their time, and clients that only sit there: they hold up nobody, they are cut
// in the end, and they never take the last place.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { eventually, pause, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { Connection, formatRequest } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const SLOW = 2000;
const DRIP_MS = 1000;

// What src/io/connections.h and src/io/http_server.h say, and how often the handler looks.
const STEP_MS = 10_000;
const LOOK_MS = 1000;
const BODY_BYTES_PER_MS = 16;
const LIMIT = 4096;

/** What stands for the service is in this process, which has all these clients to move as well. */
const env = { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: '60000' };

let app;
before(async () => {
  app = await startRecorded({ env });
});
after(() => app?.close());

const openMany = (count) => Promise.all(
  Array.from({ length: count }, () => Connection.open(app.handler.port)));

/** Half of them never end their headers, the other half their body; a byte a second each. */
class SlowClients {
  #timers = [];

  constructor(connections) {
    this.closed = 0;
    /** When the first of them was cut. */
    this.firstMs = Infinity;
    connections.forEach((connection, i) => {
      const isBody = i % 2 === 1;
      connection.write(isBody
        ? 'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n4'
        : 'GET /negotiate HTTP/1.1\r\nHost: x\r\nX-Slow: ');
      const drip = setTimeout(() => {
        this.#timers.push(setInterval(() => connection.write('2'), DRIP_MS));
      }, (DRIP_MS * i) / connections.length);
      this.#timers.push(drip);
      connection.closed.then(() => {
        this.closed += 1;
        this.firstMs = Math.min(this.firstMs, performance.now());
      });
    });
  }

  stop() {
    this.#timers.forEach(clearInterval);
  }
}

/** How long requests take on a kept connection, in order of their length. */
async function times(connection, count) {
  const taken = [];
  const { writer } = newParty();
  for (let i = 0; i < count; i += 1) {
    const start = performance.now();
    const answer = await connection.request(i % 2 ? { path: '/negotiate' }
      : sendToRoom(writer, String(i), { ack: i }));
    taken.push(performance.now() - start);
    assert.equal(answer.status, 200);
  }
  return taken.sort((a, b) => a - b);
}

const nearlyWorst = (taken) => taken[Math.floor(taken.length * 0.98)];

async function delayNobody(t) {
  const [idle, busy] = await openMany(2);
  await idle.request({ path: '/negotiate' });
  const quiet = nearlyWorst(await times(busy, 200));
  const start = performance.now();
  const connections = await openMany(SLOW);
  const slow = new SlowClients(connections);
  try {
    await pause(DRIP_MS);
    const crowded = nearlyWorst(await times(busy, 200));
    t.diagnostic(`98th percentile: ${crowded.toFixed(1)} ms, without them ${quiet.toFixed(1)} ms`);

    await eventually(STEP_MS + 5 * LOOK_MS, () => slow.closed === SLOW, 'the slow are cut');
    assert.ok(slow.firstMs - start > STEP_MS - LOOK_MS, 'and none long before its time');
    await app.handler.log.next((line) => /event=closed slow=\d+/.test(line));
  } finally {
    slow.stop();
    connections.forEach((connection) => connection.close());
  }
  for (const connection of [idle, busy]) {
    assert.equal((await connection.request({ path: '/negotiate' })).status, 200, 'kept');
    connection.close();
  }
}

async function sendSteadily() {
  const [connection] = await openMany(1);
  const text = JSON.stringify('x'.repeat(1.3 * STEP_MS * BODY_BYTES_PER_MS));
  const bytes = formatRequest(sendToRoom(newParty().writer, text, { ack: 1 }));
  const answer = connection.answer(30_000);
  const start = performance.now();
  const until = start + 1.2 * STEP_MS;
  for (let sent = 0; sent < bytes.length;) {
    const due = Math.ceil(((performance.now() - start) / (until - start)) * bytes.length);
    connection.write(bytes.subarray(sent, due));
    sent = due;
    await pause(200);
  }
  assert.equal((await answer).text, '431[{"success":true}]');
  connection.close();
}

async function pauseAsAWhole() {
  const paused = await startRecorded({ env });
  const bytes = formatRequest(sendToRoom(newParty().writer, '1', { ack: 1 }));
  const connection = await Connection.open(paused.handler.port);
  try {
    connection.write(bytes.subarray(0, bytes.length - 1));
    await paused.send({ path: '/negotiate' });
    paused.handler.kill('SIGSTOP');
    await pause(STEP_MS + LOOK_MS);
    const answer = connection.answer();
    connection.write(bytes.subarray(bytes.length - 1));
    paused.handler.kill('SIGCONT');
    assert.equal((await answer).text, '431[{"success":true}]');
  } finally {
    connection.close();
    await paused.close();
  }
}

// libmicrohttpd sees the bytes, and not the end that is there already.
async function goHalfWay() {
  const stopped = await startRecorded({ env });
  const { port } = stopped.handler;
  const event = formatRequest(sendToRoom(newParty().writer, '1', { ack: 1 }));
  const parts = [event.subarray(0, 40), event.subarray(0, event.length - 1)];
  const gone = await Promise.all(parts.map(() => Connection.open(port)));
  try {
    stopped.handler.kill('SIGSTOP');
    await Promise.all(gone.map((connection, i) => connection.end(parts[i])));
    stopped.handler.kill('SIGCONT');
    await within(STEP_MS, Promise.all(gone.map((connection) => connection.closed)), 'their end');
    await stopped.send({ path: '/nothing' });
    await stopped.handler.log.next((line) => line.includes('path=/nothing'));
    assert.deepEqual(stopped.handler.lines.filter((line) => /event=closed/.test(line)), [],
      'nobody has waited until they were too slow');
  } finally {
    gone.forEach((connection) => connection.close());
    await stopped.close();
  }
}

// All spend their time waiting: they can do it together.
const TOGETHER = { timeout: 60_000, concurrency: true };
test('whoever is too slow is cut, and nobody else', TOGETHER, async (t) => {
  await Promise.all([
    t.test(`${SLOW} clients with slow headers or slow bodies hold up nobody, and are cut`,
      delayNobody),
    t.test('a body may take longer if it comes at a steady rate', sendSteadily),
    t.test('when the handler itself was stopped meanwhile, nobody was slow', pauseAsAWhole),
    t.test('a client that has gone in the middle of a request keeps no place', goHalfWay),
  ]);
});

test('when all places are taken, whoever has been idle for longest makes room', async () => {
  const kept = await Connection.open(app.handler.port);
  const begun = await Connection.open(app.handler.port);
  const event = formatRequest(sendToRoom(newParty().writer, '1', { ack: 1 }));
  const idle = [];
  const count = LIMIT - 10; // there are a few others
  while (idle.length < count) idle.push(...await openMany(Math.min(256, count - idle.length)));
  const closed = [];
  idle.forEach((connection, i) => connection.closed.then(() => closed.push(i)));
  assert.equal((await kept.request({ path: '/negotiate' })).status, 200);
  begun.write(event.subarray(0, event.length - 1));
  assert.equal((await kept.request({ path: '/negotiate' })).status, 200);

  const fresh = await openMany(100);
  const answers = fresh.map((connection) => connection.request({ path: '/negotiate' }));
  for (const answer of answers) assert.equal((await answer).status, 200);
  assert.equal((await kept.request({ path: '/negotiate' })).status, 200, 'used, so kept');
  const answer = begun.answer();
  begun.write(event.subarray(event.length - 1));
  assert.equal((await answer).text, '431[{"success":true}]', 'in the middle of a request, so kept');
  await app.handler.log.next((line) => /event=closed .*evicted=\d+/.test(line));
  // How many have to go depends on how many of the others have been answered by then.
  const last = Math.max(-1, ...closed);
  assert.ok(last < 100, `the first to be idle are the first to go, and not number ${last}`);
  for (const connection of [...idle, ...fresh, kept, begun]) connection.close();
});
