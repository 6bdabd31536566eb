// More than the handler can do: it takes what it can, tells the rest so at once, keeps newcomers
// out meanwhile, holds a bounded amount of memory, and afterwards is as good as before.
// OVERLOAD_SECONDS=60 makes it last.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { deferred, eventually, pause } from '../lib/deadline.js';
import { joinRoom, readAck, sendToRoom, wrapped } from '../lib/events.js';
import { Connection, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';

const OVERLOAD_MS = Number(process.env.OVERLOAD_SECONDS ?? 4) * 1000;

/** src/io/http_client.h, src/io/http_server.h: of one loop. */
const MAX_RUNNING = 512;
const BODIES_MB = 64;
const LARGE = 100;

/** With so many at a time and so slow a service, the handler's capacity is a plain number. */
const SERVICE_MS = 1250;
const CAPACITY = MAX_RUNNING / (SERVICE_MS / 1000);
const TOO_MUCH = 5;
/** Time enough to serve a full queue at a quarter of the rate, as on a machine that is busy. */
const REST_MS = 25_000;
const ANSWER_MS = 2 * REST_MS;

/** A busy machine measures too little now and then; a place that was lost stays lost. */
const TRIES = 6;

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

const slowly = (delay) => app.recorder.answerWith(() => ({ status: 202, delay }));
const isGood = ({ status }) => status >= 200 && status < 300;
const count = (list, wanted) => list.filter(wanted).length;

function memoryMB() {
  const status = readFileSync(`/proc/${app.handler.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024;
}

/** Connections as a host keeps them: one for each request under way, used again when it is done. */
class Pool {
  static #LIMIT = 3000;
  #free = [];
  #waiting = [];
  #all = [];
  #to;
  outcomes = [];

  constructor(to = app) {
    this.#to = to;
  }

  async send(event) {
    try {
      const connection = await this.#take();
      const answer = await connection.request(event, ANSWER_MS);
      const value = answer.status === 200 ? readAck(answer).value : {};
      this.outcomes.push({ status: answer.status, code: value.success ? 'ok' : value.error?.code });
      this.#give(connection);
    } catch (error) {
      this.outcomes.push({ status: 0, code: error.message });
    }
  }

  async #take() {
    if (this.#free.length > 0) return this.#free.pop();
    if (this.size >= Pool.#LIMIT) return new Promise((resolve) => { this.#waiting.push(resolve); });
    this.size += 1;
    const connection = await Connection.open(this.#to.handler.port);
    this.#all.push(connection);
    return connection;
  }

  #give(connection) {
    const next = this.#waiting.shift();
    if (next) next(connection);
    else this.#free.push(connection);
  }

  size = 0;

  close() {
    for (const connection of this.#all) connection.close();
  }
}

const edit = (i) => sendToRoom(party.writer, '1', { ack: i });

/** Events at a rate that does not wait for answers, for so long; resolves when all are answered. */
async function pour(pool, rate, ms) {
  const sent = [];
  const started = performance.now();
  for (let now = 0; now < ms; now = performance.now() - started) {
    const due = Math.min((rate * now) / 1000 - sent.length, rate / 20);
    for (let i = 0; i < due; i += 1) sent.push(pool.send(edit(sent.length)));
    await pause(5);
  }
  await Promise.all(sent);
  return sent.length;
}

/** Answers per second when so many clients each send their next event after the answer. */
async function throughput(clients, ms) {
  const pool = new Pool();
  const end = performance.now() + ms;
  await Promise.all(Array.from({ length: clients }, async (_, i) => {
    while (performance.now() < end) await pool.send(edit(i));
  }));
  pool.close();
  assert.equal(count(pool.outcomes, ({ code }) => code !== 'ok'), 0);
  return (pool.outcomes.length * 1000) / (performance.now() - end + ms);
}

/** What somebody new is told, again and again, until `stop` resolves. */
async function askForEntry(stop) {
  const answers = [];
  let isOver = false;
  stop.finally(() => { isOver = true; });
  while (!isOver) {
    answers.push(await request(app.handler.port, { path: '/negotiate' }));
    await pause(100);
  }
  return answers;
}

async function watchMemory(stop) {
  const samples = [];
  let isOver = false;
  stop.finally(() => { isOver = true; });
  while (!isOver) {
    samples.push(memoryMB());
    await pause(100);
  }
  return samples;
}

const most = (numbers) => Math.max(...numbers);

test('at five times its capacity it serves, refuses politely, and recovers', {
  timeout: OVERLOAD_MS + 2 * ANSWER_MS,
}, async (t) => {
  slowly(500);
  await throughput(MAX_RUNNING / 2, 600); // opens what connections there are
  const before_ = await throughput(MAX_RUNNING / 2, 1200);

  slowly(SERVICE_MS);
  const pool = new Pool();
  const load = pour(pool, CAPACITY * TOO_MUCH, OVERLOAD_MS);
  const [sent, entries, memory] = await Promise.all([load, askForEntry(load), watchMemory(load)]);
  pool.close();

  const { outcomes } = pool;
  assert.equal(outcomes.length, sent);
  assert.deepEqual(outcomes.filter((outcome) => !isGood(outcome)).slice(0, 3), []);
  const served = count(outcomes, ({ code }) => code === 'ok');
  const busy = count(outcomes, ({ code }) => code === 'Busy');
  t.diagnostic(`${sent} sent, ${served} served, ${busy} busy, ${pool.size} connections`);
  const others = outcomes.filter(({ code }) => !/^(ok|Busy)$/.test(code));
  const why = app.handler.stderr.find((line) => /code=(?!Busy)/.test(line));
  assert.equal(served + busy, sent, `${JSON.stringify(others[0])} ${why}`);
  assert.ok(served > 0.8 * CAPACITY * (OVERLOAD_MS / 1000), `${served} served`);
  assert.ok(busy > sent / 4, `${busy} of ${sent} refused`);

  const shut = entries.filter(({ status }) => status === 503);
  assert.ok(shut.length > entries.length / 3, `${shut.length} of ${entries.length} kept out`);
  assert.ok(shut.every((answer) => Number(answer.header('retry-after')) > 0));
  assert.ok(entries.every(({ status }) => status === 503 || status === 200));

  t.diagnostic(`memory: ${Math.round(memory[0])} MB to ${Math.round(most(memory))} MB`);
  const held = (most(memory) - memory[0]) * 1024;
  assert.ok(held < pool.size * KB_PER_CONNECTION, `${held / pool.size} KB per connection`);

  slowly(500);
  assert.equal((await request(app.handler.port, { path: '/negotiate' })).status, 200);
  const after_ = [];
  while (after_.length < TRIES && most([0, ...after_]) < 0.95 * before_) {
    after_.push(Math.round(await throughput(MAX_RUNNING / 2, 1200)));
  }
  t.diagnostic(`throughput: ${before_.toFixed(0)}/s before, ${after_}/s after`);
  assert.ok(after_.length < TRIES, `${before_}/s before, ${after_}/s after`);
});

test('large bodies have a bound of their own, which small ones need not wait for', async (t) => {
  const { recorder } = app;
  const release = deferred();
  const isLarge = ({ text }) => text.length > 1_000_000;
  recorder.forget();
  recorder.answerWith((got) => (isLarge(got) ? { status: 202, until: release.promise } : null));
  const argument = `"${'x'.repeat(1_000_000)}"`;
  const large = (options) => sendToRoom(party.writer, argument, { ack: 1, ...options });
  const pool = new Pool();
  const already = memoryMB();

  const sent = Array.from({ length: LARGE }, () => pool.send(large()));
  const taken = () => count(recorder.requests, isLarge);
  await eventually(ANSWER_MS, () => taken() + pool.outcomes.length === LARGE, 'all, somehow');
  recorder.arrived.unread.length = 0;
  for (let isFull = false; !isFull;) {
    const one = pool.send(large());
    sent.push(one);
    isFull = await Promise.race([one.then(() => true), recorder.next(isLarge).then(() => false)]);
  }
  const forged = large({ changes: { 'ce-signature': null } });
  assert.equal((await request(app.handler.port, forged)).status, 401);
  const unseen = (await request(app.handler.port, wrapped(large()))).json();
  assert.equal(unseen.Outputs.res.statusCode, 503);
  assert.deepEqual(await app.ack(edit(1)), { success: true });
  const held = memoryMB() - already;
  release.resolve();
  await Promise.all(sent);
  pool.close();

  const served = count(pool.outcomes, ({ code }) => code === 'ok');
  t.diagnostic(`${sent.length} sent, ${served} served, ${Math.round(held)} MB held`);
  assert.equal(served + count(pool.outcomes, ({ code }) => code === 'Busy'), sent.length);
  assert.ok(served > BODIES_MB / 2 && served < BODIES_MB * 1.1, `${served} served`);
  assert.ok(held < BODIES_MB * MB_PER_BODY_MB, `${held} MB`);
  assert.deepEqual(await app.ack(large()), { success: true });
});

test('a call that waits behind others that hang is told in time, not when one of them ends', async () => {
  const restMs = 1500;
  const tight = await startRecorded({
    env: { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: String(restMs) },
  });
  const pool = new Pool(tight);
  try {
    // The first call of two takes most of the time there is; meanwhile others take all places.
    tight.recorder.answerWith(({ path }) => (path.endsWith('addToGroups')
      ? { status: 202, delay: restMs - 300 } : { never: true }));
    const start = performance.now();
    const joined = tight.ack(joinRoom(party.writer, party.room, { ack: 1 }));
    await tight.recorder.next();
    await pause(restMs - 900);
    const hanging = Array.from({ length: MAX_RUNNING + 50 }, (_, i) => pool.send(edit(i)));
    const { error } = await joined;
    const took = performance.now() - start;
    assert.equal(error.code, 'Busy');
    assert.ok(took < restMs + 400, `it took ${took} ms`);
    await Promise.all(hanging);
  } finally {
    pool.close();
    await tight.close();
  }
});
