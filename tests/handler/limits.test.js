// A process to which its system gives little: descriptors, standard ones among them, room in a file,
// processors.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { deferred, eventually, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { BINARY, cleanEnvironment, connectionString, startHandler } from '../lib/handler.js';
import { Connection, formatRequest, request } from '../lib/http.js';
import { newParty, Recorded } from '../lib/recorded.js';
import { startRestRecorder } from '../lib/rest-recorder.js';
import { EVENTS, sendPatiently, serveRush, withDescriptors } from '../lib/served.js';
import { freePort } from '../lib/stack.js';
import { test } from '../lib/test.js';

const SERVICE = connectionString('https://example.webpubsub.azure.com');
const ANSWER_MS = 30_000;
const TOGETHER = { timeout: 60_000, concurrency: true };

// --- descriptors ------------------------------------------------------------------------------

for (const descriptors of [20, 40, 64, 65, 80]) {
  test(`with ${descriptors} descriptors all of ${EVENTS} events are answered`, TOGETHER,
    (t) => Promise.all([false, true].map((keep) =>
      t.test(keep ? 'on kept connections' : 'on a new connection each', async () => {
        assert.deepEqual(await serveRush({ descriptors, keep }), { ok: EVENTS });
      }))));
}

/** Runs `body(app)` with a handler that may open few descriptors, and ends it. */
async function cramped(descriptors, body) {
  const recorder = await startRestRecorder();
  const handler = await startHandler({
    service: recorder.connectionString, through: withDescriptors(descriptors),
  });
  const app = new Recorded(handler, recorder, await Connection.open(handler.port));
  try {
    await body(app);
  } finally {
    app.connection.close();
    await handler.stop();
    await recorder.close();
  }
}

const openMany = (app, count) => Promise.all(
  Array.from({ length: count }, () => Connection.open(app.handler.port)));

const event = (i) => sendToRoom(newParty().writer, String(i), { ack: i });
const isGood = ({ text }, i) => assert.equal(text, `43${i}[{"success":true}]`);

for (const [descriptors, count] of [[20, 8], [64, 40], [65, 40]]) {
  test(`with ${descriptors} descriptors idle connections give way to one that is used`, () =>
    cramped(descriptors, async (app) => {
      const idle = await openMany(app, count);
      assert.equal(await sendPatiently(app.handler.port), 'ok');
      for (const connection of idle) connection.close();
    }));
}

test('whoever has a request in flight is not cut to make room', () =>
  cramped(64, async (app) => {
    const release = deferred();
    const [fresh, used, worked] = await openMany(app, 3);
    const whole = formatRequest(event(7));
    const most = whole.length - 3; // within its body
    fresh.write(whole.subarray(0, most));
    isGood(await used.request(event(1)), 1);
    used.write(whole.subarray(0, most));
    app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
    const answer = worked.request(event(2), ANSWER_MS);
    await app.recorder.next(({ text }) => text.includes('"data":2'));
    app.recorder.answerWith(null);

    const crowd = await openMany(app, 50);
    assert.equal(await sendPatiently(app.handler.port), 'ok');
    await app.handler.log.next((line) => /event=closed .*evicted=[1-9]/.test(line));
    for (const connection of [fresh, used]) {
      const late = connection.answer(ANSWER_MS);
      connection.write(whole.subarray(most));
      isGood(await late, 7);
    }
    release.resolve();
    isGood(await answer, 2);
    for (const connection of [fresh, used, worked, ...crowd]) connection.close();
  }));

test('when nobody is idle those who come wait in the backlog, and are served in their turn', () =>
  cramped(40, async (app) => {
    app.connection.close();
    const release = deferred();
    app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
    const connections = await openMany(app, 60);
    const answers = connections.map((connection, i) => connection.request(event(i), ANSWER_MS));
    await eventually(ANSWER_MS, () => app.recorder.requests.length >= 8, 'events at work');
    assert.ok(app.recorder.requests.length < connections.length);
    release.resolve();
    for (const [i, answer] of answers.entries()) isGood(await answer, i);
    for (const connection of connections) connection.close();
  }));

// --- standard descriptors, a file that is full -------------------------------------------------

/** Starts the handler by a line of shell; resolves when it answers. */
async function startByShell(line) {
  const port = await freePort();
  const child = spawn('sh', ['-c', line, BINARY, '--port', String(port)], {
    env: cleanEnvironment({ WebPubSubForSocketIOConnectionString: SERVICE }),
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const killed = () => child.kill('SIGKILL');
  process.on('exit', killed);
  const gone = once(child, 'exit').finally(() => process.off('exit', killed));
  await eventually(ANSWER_MS, () => request(port, { path: '/' }).catch(() => null), 'an answer');
  return { port, child, gone };
}

/** It answers what is logged as information and as a warning, and ends as it should. */
async function assertServes({ port, child, gone }, times = 5) {
  const connection = await Connection.open(port);
  for (let i = 0; i < times; i += 1) {
    assert.equal((await connection.request({ path: '/nothing' })).status, 404);
    assert.equal((await connection.request({ path: '/negotiate' })).status, 200);
  }
  connection.close();
  child.kill('SIGTERM');
  assert.deepEqual(await within(ANSWER_MS, gone, 'the end'), [null, 'SIGTERM']);
}

const CLOSED = ['<&-', '>&-', '2>&-', '<&- >&-', '<&- 2>&-', '>&- 2>&-', '<&- >&- 2>&-'];

test('whichever of its standard descriptors are closed, it serves', TOGETHER, (t) =>
  Promise.all(CLOSED.map((closed) => t.test(closed, async () => {
    await assertServes(await startByShell(`exec "$0" "$@" ${closed}`));
  }))));

test('a log that is a file, and as long as it may become, ends nobody', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'limits-test-'));
  const file = path.join(folder, 'log');
  try {
    const handler = await startByShell(`ulimit -f 8; exec "$0" "$@" >${file} 2>&1`);
    await assertServes(handler, 200);
    const log = await readFile(file, 'utf8');
    assert.ok(log.length > 4000 && log.length <= 8192, `the log has ${log.length} bytes`);
  } finally {
    await rm(folder, { recursive: true });
  }
});

// --- processors -------------------------------------------------------------------------------

const loopsOf = ({ lines }) => Number(/event=listening .*\bloops=(\d+)/.exec(lines[0])?.[1]);

test('it has as many loops as processors that it may use', async () => {
  const handler = await startHandler({ service: SERVICE, through: ['taskset', '-c', '0'] });
  assert.equal(loopsOf(handler), 1);
  await handler.stop();
});

test('a setting says how many loops there are, as far as descriptors allow', async () => {
  const settings = { service: SERVICE, env: { CODESTREAM_LOOPS: '5' } };
  const handler = await startHandler(settings);
  assert.equal(loopsOf(handler), 5);
  await handler.stop();
  const cramped_ = await startHandler({ ...settings, through: withDescriptors(40) });
  assert.equal(loopsOf(cramped_), 1);
  await cramped_.stop();
});
