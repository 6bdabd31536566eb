// For OVERLOAD_SECONDS (60) five times as many events as the handler can serve: no answer but success
// or Busy, newcomers kept out or let in and nothing else, memory bounded. Prints its rates before,
// meanwhile and after; which they are is the machine's affair.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { pause } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { request } from '../lib/http.js';
import { Pool } from '../lib/pool.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { test } from '../lib/test.js';

const OVERLOAD_MS = Number(process.env.OVERLOAD_SECONDS ?? 60) * 1000;

/** src/io/http_client.h: of one loop. */
const MAX_RUNNING = 512;
/** With so many at a time and so slow a service, the handler's capacity is a plain number. */
const SERVICE_MS = 1250;
const CAPACITY = MAX_RUNNING / (SERVICE_MS / 1000);
const TOO_MUCH = 5;
const REST_MS = 60_000;
const MEASURE_MS = 1200;

/** libmicrohttpd's buffers, the request, libcurl's side of it; twice that for the sanitizer. */
const KB_PER_CONNECTION = 128;

const { writer } = newParty();
const edit = (i) => sendToRoom(writer, '1', { ack: i });

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

/** Answers a second when so many clients each send their next event after the answer. */
async function throughput(app, clients, ms) {
  const pool = new Pool(app.handler.port, REST_MS);
  const end = performance.now() + ms;
  await Promise.all(Array.from({ length: clients }, async (_, i) => {
    while (performance.now() < end) await pool.send(edit(i));
  }));
  pool.close();
  assert.equal(pool.count('ok'), pool.outcomes.length);
  return Math.round((pool.outcomes.length * 1000) / (performance.now() - end + ms));
}

/** Takes samples, again and again, until `stop` resolves. */
async function sample(stop, take) {
  const samples = [];
  let isOver = false;
  stop.finally(() => { isOver = true; });
  while (!isOver) {
    samples.push(await take());
    await pause(100);
  }
  return samples;
}

test('at five times its capacity it serves, refuses politely, and recovers', {
  timeout: OVERLOAD_MS + 4 * REST_MS,
}, async (t) => {
  // What the sanitizer keeps of freed memory is not the handler's.
  const ASAN_OPTIONS = 'quarantine_size_mb=8:thread_local_quarantine_size_kb=64';
  const CODESTREAM_REST_TIMEOUT_MS = String(REST_MS);
  const app = await startRecorded({
    env: { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS, ASAN_OPTIONS },
  });
  const { port, pid } = app.handler;
  const slowly = (delay) => app.recorder.answerWith(() => ({ status: 202, delay }));
  const newcomer = () => request(port, { path: '/negotiate' });
  const memoryMB = () =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
  try {
    slowly(500);
    await throughput(app, MAX_RUNNING / 2, MEASURE_MS); // opens what connections there are
    const before = await throughput(app, MAX_RUNNING / 2, MEASURE_MS);

    slowly(SERVICE_MS);
    const pool = new Pool(port, REST_MS);
    const load = pour(pool, CAPACITY * TOO_MUCH, OVERLOAD_MS);
    const [sent, entries, memory] = await Promise.all([
      load, sample(load, newcomer), sample(load, memoryMB)]);
    pool.close();
    const [served, busy] = ['ok', 'Busy'].map((code) => pool.count(code));
    const other = pool.outcomes.find(({ code }) => !/^(ok|Busy)$/.test(code));
    assert.equal(served + busy, sent, JSON.stringify(other));
    for (const { status } of entries) assert.ok(status === 503 || status === 200, `${status}`);
    const most = Math.max(...memory);
    assert.ok((most - memory[0]) * 1024 < pool.size * KB_PER_CONNECTION, `${most} MB`);

    slowly(500);
    const after = await throughput(app, MAX_RUNNING / 2, MEASURE_MS);
    t.diagnostic(`${sent} sent, ${served} served, ${busy} busy, ${pool.size} connections`);
    t.diagnostic(`${entries.filter(({ status }) => status === 503).length} of ${entries.length} `
      + 'newcomers kept out');
    t.diagnostic(`memory: ${Math.round(memory[0])} MB to ${Math.round(most)} MB`);
    t.diagnostic(`served a second: ${before} before, ${after} after`);
  } finally {
    await app.close();
  }
});
