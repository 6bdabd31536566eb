// More than the handler can do: it takes what it can hold, tells the rest so at once, keeps newcomers
// out meanwhile, holds a bounded amount of memory, and afterwards is as good as before. How fast it
// is meanwhile is for tests/slow/overload.test.js to say.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { deferred, eventually, pause } from '../lib/deadline.js';
import { joinRoom, sendToRoom } from '../lib/events.js';
import { request } from '../lib/http.js';
import { Pool } from '../lib/pool.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';

/** src/io/http_client.h, src/handler.h, src/io/http_server.h: of one loop. */
const MAX_RUNNING = 512;
const MAX_IN_FLIGHT = 2048;
const BODIES_MB = 64;
const LARGE = 100;
/** So many at a time: who has not read of a body for 4 s (src/io/http_call.h) is not waited for. */
const LARGE_AT_ONCE = 10;

const TOO_MUCH = 2;
/** The service answers when the test says so: a deadline must not come before that. */
const REST_MS = 60_000;
const ANSWER_MS = REST_MS;

/** libmicrohttpd's buffers, the request, libcurl's side of it; twice that for the sanitizer. */
const KB_PER_CONNECTION = 128;

/** It stands in what was received and again in what is sent; twice that for the sanitizer. */
const MB_PER_BODY_MB = 5;

let app;
let party;
before(async () => {
  // What the sanitizer keeps of freed memory is not the handler's.
  const ASAN_OPTIONS = 'quarantine_size_mb=8:thread_local_quarantine_size_kb=64';
  const CODESTREAM_REST_TIMEOUT_MS = String(REST_MS);
  app = await startRecorded({
    env: { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS, ASAN_OPTIONS },
  });
  party = newParty();
});
after(() => app?.close());

const edit = (i) => sendToRoom(party.writer, '1', { ack: i });

function memoryMB() {
  const status = readFileSync(`/proc/${app.handler.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** Sends twice what the handler can hold to a service that does not answer meanwhile. */
async function overload(t) {
  const release = deferred();
  app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
  const pool = new Pool(app.handler.port, ANSWER_MS);
  const already = memoryMB();
  const total = TOO_MUCH * MAX_IN_FLIGHT;
  const sent = Array.from({ length: total }, (_, i) => pool.send(edit(i)));
  try {
    const refused = total - MAX_IN_FLIGHT;
    await eventually(ANSWER_MS, () => pool.outcomes.length >= refused, 'refusals');
    assert.equal(pool.count('Busy'), refused, JSON.stringify(pool.outcomes.at(-1)));
    for (let i = 0; i < 20; i += 1) {
      const newcomer = await request(app.handler.port, { path: '/negotiate' });
      assert.equal(newcomer.status, 503);
      assert.ok(Number(newcomer.header('retry-after')) > 0);
    }
    const held = memoryMB() - already;
    t.diagnostic(`${pool.size} connections, ${Math.round(held)} MB held`);
    assert.ok(held * 1024 < pool.size * KB_PER_CONNECTION, `${held} MB`);
  } finally {
    release.resolve();
  }
  await Promise.all(sent);
  pool.close();
  assert.equal(pool.count('ok'), MAX_IN_FLIGHT);
  assert.equal(pool.outcomes.length, total);
}

test('of twice what it can hold it serves what it holds, and refuses the rest at once',
  { timeout: REST_MS }, (t) => overload(t));

test('afterwards it lets newcomers in, and holds as much as before', { timeout: REST_MS },
  async (t) => {
    assert.equal((await request(app.handler.port, { path: '/negotiate' })).status, 200);
    await overload(t);
  });

test('large bodies have a bound of their own, which small ones need not wait for', async (t) => {
  const { recorder } = app;
  const release = deferred();
  const isLarge = ({ text }) => text.length > 1_000_000;
  await app.reconnect(); // where the tests before take two minutes, its connection has been idle too long
  recorder.forget();
  recorder.answerWith((got) => (isLarge(got) ? { status: 202, until: release.promise } : null));
  const argument = `"${'x'.repeat(1_000_000)}"`;
  const large = (options) => sendToRoom(party.writer, argument, { ack: 1, ...options });
  const pool = new Pool(app.handler.port, ANSWER_MS);
  const already = memoryMB();

  const sent = [];
  const taken = () => recorder.requests.filter(isLarge).length;
  while (sent.length < LARGE) {
    for (let i = 0; i < LARGE_AT_ONCE; i += 1) sent.push(pool.send(large()));
    await eventually(ANSWER_MS, () => taken() + pool.outcomes.length === sent.length, 'all, somehow');
  }
  recorder.arrived.unread.length = 0;
  for (let isFull = false; !isFull;) {
    const one = pool.send(large());
    sent.push(one);
    isFull = await Promise.race([one.then(() => true), recorder.next(isLarge).then(() => false)]);
  }
  const forged = large({ changes: { 'ce-signature': null } });
  assert.equal((await request(app.handler.port, forged)).status, 401);
  assert.deepEqual(await app.ack(edit(1)), { success: true });
  const held = memoryMB() - already;
  release.resolve();
  await Promise.all(sent);
  pool.close();

  const served = pool.count('ok');
  t.diagnostic(`${sent.length} sent, ${served} served, ${Math.round(held)} MB held`);
  const neither = pool.outcomes.find(({ code }) => code !== 'ok' && code !== 'Busy');
  assert.equal(served + pool.count('Busy'), sent.length, JSON.stringify(neither));
  assert.ok(served > BODIES_MB / 2 && served < BODIES_MB * 1.1, `${served} served`);
  assert.ok(held < BODIES_MB * MB_PER_BODY_MB, `${held} MB`);
  assert.deepEqual(await app.ack(large()), { success: true });
});

test('a call that waits behind others that hang is told in time, not when one of them ends', async () => {
  const restMs = 15_000; // in which a busy machine, too, has taken all places
  const tight = await startRecorded({
    env: { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: String(restMs) },
  });
  const { recorder } = tight;
  const pool = new Pool(tight.handler.port, ANSWER_MS);
  try {
    // While the first call of two is under way, events that end later take all other places.
    const release = deferred();
    const isJoin = ({ path }) => path.endsWith('addToGroups');
    recorder.answerWith((got) => (isJoin(got)
      ? { status: 202, until: release.promise } : { never: true }));
    const joined = tight.ack(joinRoom(party.writer, party.room, { ack: 1 }));
    await recorder.next(isJoin);
    await pause(restMs / 15);
    const hanging = Array.from({ length: MAX_RUNNING + 50 }, (_, i) => pool.send(edit(i)));
    await eventually(restMs, () => recorder.requests.length >= MAX_RUNNING, 'all places taken');
    release.resolve();
    const { error } = await joined;
    assert.equal(error.code, 'Busy');
    await Promise.all(hanging);
    const told = (line) => / name=(joinRoom|sendToRoom) .*code=/.test(line);
    await eventually(ANSWER_MS, () => tight.handler.complaints.some(told), 'a line about it');
    assert.match(tight.handler.complaints.find(told), / name=joinRoom .*code=Busy/,
      'none of the others has ended before');
  } finally {
    pool.close();
    await tight.close();
  }
});
