// What a burst has taken of the machine, memory and connections, is given back when it is over. Of
// the program that is delivered, because a sanitizer has a memory of its own.
import { skip } from '../lib/release.js';
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from '../lib/test.js';
import { deferred, eventually } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { Connection } from '../lib/http.js';
import { buildPreload } from '../lib/preload.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const AT_ONCE = 400;
/** A service that answers when all are there is not given up before. */
const PATIENT = { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: '60000' };
/** Rounds, so that what a first burst leaves for good is not taken for a leak. */
const ROUNDS = 2;
/** src/worker.c waits for 5 s, then it may take the system a moment. */
const GIVEN_BACK_MS = 15_000;

function residentKb(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]);
}

/** All are in flight at the same time: the service answers none before it has them all. */
async function burst(app) {
  const { writer } = newParty();
  const { recorder } = app;
  const all = deferred();
  recorder.forget();
  recorder.answerWith(() => {
    if (recorder.requests.length + 1 === AT_ONCE) all.resolve();
    return { status: 202, until: all.promise };
  });
  const connections = await Promise.all(
    Array.from({ length: AT_ONCE }, () => Connection.open(app.handler.port)));
  const answers = await Promise.all(connections.map(
    (connection, i) => connection.request(sendToRoom(writer, String(i), { ack: i }))));
  const kb = residentKb(app.handler.pid);
  for (const answer of answers) assert.equal(answer.status, 200);
  connections.forEach((connection) => connection.close());
  return kb;
}

test(`of the memory for ${AT_ONCE} events at once three quarters are free again soon after`, {
  skip, timeout: 90_000,
}, async (t) => {
  const app = await startRecorded({ env: { ...PATIENT } });
  try {
    await app.ack(sendToRoom(newParty().writer, '1', { ack: 1 }));
    const before = residentKb(app.handler.pid);
    for (let round = 0; round < ROUNDS; round += 1) {
      const most = await burst(app);
      assert.ok(most > before + 10 * AT_ONCE, 'it was a burst');
      const enough = before + (most - before) / 4;
      const now = () => residentKb(app.handler.pid);
      await eventually(GIVEN_BACK_MS, () => now() <= enough, 'memory').catch((error) => {
        throw new Error(`${error.message}: ${before} kB, then ${most} kB, now ${now()} kB`);
      });
      t.diagnostic(`${before} kB, then ${most} kB, then ${now()} kB`);
    }
  } finally {
    await app.close();
  }
});

test('connections to the service that nobody has used for long are closed, though none is needed', {
  skip,
}, async () => {
  const fastClock = await buildPreload('fast-clock');
  const app = await startRecorded({ env: { ...fastClock.env, ...PATIENT } });
  const hurry = () => app.handler.kill('SIGUSR1'); // or no more
  try {
    const descriptors = () => readdirSync(`/proc/${app.handler.pid}/fd`).length;
    const before = descriptors();
    await burst(app);
    assert.ok(app.recorder.connections > AT_ONCE / 2, `${app.recorder.connections} connections`);
    assert.ok(descriptors() > before + AT_ONCE / 2);
    hurry();
    await eventually(GIVEN_BACK_MS, () => descriptors() <= before, 'the end of connections');
    hurry();
    await app.reconnect();
    app.recorder.answerWith(null);
    assert.deepEqual(await app.ack(sendToRoom(newParty().writer, '1', { ack: 1 })), { success: true });
  } finally {
    await app.close();
    await fastClock.remove();
  }
});
