// The programs of the bench work, and their figures mean what they say: a few seconds, no judgement
// on time. CODESTREAM_BIN is the product, BENCH_DIR the folder with the programs.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { makeCertificates } from '../tests/lib/certificates.js';
import { within } from '../tests/lib/deadline.js';
import { BINARY, ROOT, connectionString, startHandler } from '../tests/lib/handler.js';
import { verifyToken } from '../tests/lib/rest-recorder.js';
import { test } from '../tests/lib/test.js';
import { Program, startListening, startServer } from './processes.mjs';

const PROGRAMS = path.resolve(ROOT, process.env.BENCH_DIR || 'build/bench');
const SETTING = 'WebPubSubForSocketIOConnectionString';
const SERVICE = connectionString('http://127.0.0.1:9');
const RUN_MS = 15_000;

const program = (name, args, env) => (
  { name, command: path.join(PROGRAMS, name), args: args.map(String), env });

/** Runs a program to its end: { how, output }. */
async function run(name, args) {
  const lines = [];
  const started = new Program({ ...program(name, args), onLine: (line) => lines.push(line) });
  return { how: await within(RUN_MS, started.exited, name), output: lines.join('\n') };
}

/** Starts a server of the bench; resolves to its port. */
async function listen(t, name, args = [], env = {}) {
  const server = await startListening(program(name, args, env));
  t.after(() => server.stop());
  return server.port;
}

async function load(port, kind, options = {}) {
  const named = Object.entries({ seconds: 0.3, connections: 16, ...options });
  const args = named.flatMap(([name, value]) => [`--${name}`, value]);
  const { how, output } = await run('load', ['--port', port, '--kind', kind, ...args]);
  assert.equal(how, 'exit status 0');
  return JSON.parse(output);
}

function assertFaultless(figures) {
  assert.deepEqual(
    { errors: figures.errors, non2xx: figures.non2xx, first: figures.first_error },
    { errors: 0, non2xx: 0, first: null });
  assert.ok(figures.requests > 0, 'nothing was answered');
}

/** Statistics of a stand-in that speaks TLS. */
async function statsOver(port, ca) {
  const [response] = await once(https.get({ host: '127.0.0.1', port, path: '/stats', ca }), 'response');
  const chunks = await response.toArray();
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** The handler before a REST stand-in. */
async function startProduct(t, restArgs = []) {
  const restPort = await listen(t, 'rest', restArgs);
  const handler = await startHandler({ service: connectionString(`http://127.0.0.1:${restPort}`) });
  t.after(() => handler.stop());
  const stats = async () => (await fetch(`http://127.0.0.1:${restPort}/stats`)).json();
  return { handler, stats };
}

test('negotiations of 16, 128 and 256 connections at once are answered without an error',
  async (t) => {
    const { handler } = await startProduct(t);
    for (const connections of [16, 128, 256]) {
      assertFaultless(await load(handler.port, 'negotiate', { connections }));
    }
  });

test('each event makes one request to the service, over kept connections', async (t) => {
  const { handler, stats } = await startProduct(t, ['--delay-ms', 5]);
  const before = await stats();
  const figures = await load(handler.port, 'event', { connections: 64 });
  assertFaultless(figures);
  assert.ok(figures.p50_ms >= 5, `faster than the service: ${figures.p50_ms} ms`);
  const { connections, requests } = await stats();
  assert.ok(requests >= figures.requests && requests <= figures.requests + 2 * 64);
  assert.ok(connections - before.connections <= 64 + 1, `${connections} connections`);
});

test('events without an acknowledgement, and long ones, are answered as well', async (t) => {
  const { handler } = await startProduct(t);
  assertFaultless(await load(handler.port, 'event', { ack: 0 }));
  assertFaultless(await load(handler.port, 'event', { 'text-bytes': 900_000, connections: 4 }));
});

test('a fixed rate is kept, and latency counts from when a request was due', async (t) => {
  const { handler } = await startProduct(t, ['--delay-ms', 200]);
  const kept = await load(handler.port, 'event', { rate: 40, seconds: 0.5 });
  assertFaultless(kept);
  assert.equal(kept.requests, 20);
  assert.equal(kept.unsent, 0);
  const late = await load(handler.port, 'event', { rate: 100, seconds: 1, connections: 4 });
  assertFaultless(late);
  assert.ok(late.unsent > 0, 'four connections cannot send 100 requests of 200 ms in a second');
  assert.ok(late.max_ms > 400, `a backlog that nobody waited for: ${late.max_ms} ms`);
});

test('what fails is counted', async (t) => {
  const { handler } = await startProduct(t, ['--status', 500, '--answer-bytes', 100]);
  const refused = await load(handler.port, 'event');
  assert.equal(refused.requests, 0);
  assert.ok(refused.errors > 0);
  assert.match(refused.first_error, /not acknowledged/);
  const missing = await load(handler.port, 'negotiate', { path: '/nothing' });
  assert.equal(missing.requests, 0);
  assert.ok(missing.non2xx > 0);
  assert.match(missing.first_error, /404/);
});

/** A server of another make: answers every negotiation as `answer(response)` does. */
async function serveNegotiations(t, answer) {
  const server = http.createServer((request, response) => answer(response));
  t.after(() => {
    server.close();
    server.closeAllConnections?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server.address().port;
}

test('answers in chunks are read like others', async (t) => {
  const port = await serveNegotiations(t, (response) => {
    response.write('{"url"');
    setImmediate(() => response.end(':"http://x"}'));
  });
  const figures = await load(port, 'negotiate');
  assertFaultless(figures);
  assert.equal(figures.reconnects, 0);
});

test('a server that keeps no connection is connected to again', async (t) => {
  const port = await serveNegotiations(t, (response) => {
    response.setHeader('Connection', 'close').end('{"url":"http://x"}');
  });
  const figures = await load(port, 'negotiate');
  assertFaultless(figures);
  assert.ok(figures.reconnects >= figures.requests - 16, `${figures.reconnects} reconnects`);
});

test('answers that break off are errors, and so are those that never come', async (t) => {
  const broken = await serveNegotiations(t, (response) => {
    response.socket.end('HTTP/1.1 200 OK\r\n');
  });
  const figures = await load(broken, 'negotiate');
  assert.equal(figures.requests, 0);
  assert.match(figures.first_error, /connection broke/);
  const silent = await serveNegotiations(t, () => {});
  const none = await load(silent, 'negotiate', { connections: 3, grace: 0.2 });
  assert.deepEqual([none.requests, none.errors], [0, 3]);
});

test('a server that is not there is no result', async () => {
  const result = await run('load', ['--port', 1, '--kind', 'negotiate']);
  assert.deepEqual(result, { how: 'exit status 1', output: '' });
});

test('over TLS events reach the service from the product and from the limit', async (t) => {
  const { authorityFile, valid, remove } = await makeCertificates();
  t.after(remove);
  const folder = path.dirname(authorityFile);
  const [certificate, key] = ['tls.pem', 'tls.key'].map((name) => path.join(folder, name));
  await writeFile(certificate, valid.cert);
  await writeFile(key, valid.key, { mode: 0o600 });
  const rest = await listen(t, 'rest', ['--delay-ms', 2, '--certificate', certificate, '--key', key]);
  const env = {
    [SETTING]: connectionString(`https://127.0.0.1:${rest}`), CODESTREAM_CA_FILE: authorityFile,
  };
  const product = await startHandler({ env });
  t.after(() => product.stop());
  const limit = await startServer((port) => program('codestream-limit', ['--port', port], env));
  t.after(() => limit.stop());
  const ca = await readFile(authorityFile);
  for (const { port } of [product, limit]) {
    await load(port, 'event', { connections: 8 }); // until TLS is agreed on, however long that takes
    const before = await statsOver(rest, ca);
    const figures = await load(port, 'event', { connections: 8 });
    assertFaultless(figures);
    const after = await statsOver(rest, ca);
    assert.ok(after.requests - before.requests >= figures.requests);
    assert.ok(after.connections - before.connections <= 1, 'connections are kept');
    const long = await load(port, 'event', { 'text-bytes': 100_000, connections: 4, seconds: 1 });
    assertFaultless(long);
  }
});

test('the limit calls nobody whose certificate it cannot trust', async (t) => {
  const [theirs, other] = [await makeCertificates(), await makeCertificates()];
  t.after(() => Promise.all([theirs.remove(), other.remove()]));
  const folder = path.dirname(theirs.authorityFile);
  const [certificate, key] = ['tls.pem', 'tls.key'].map((name) => path.join(folder, name));
  await writeFile(certificate, theirs.valid.cert);
  await writeFile(key, theirs.valid.key, { mode: 0o600 });
  const rest = await listen(t, 'rest', ['--certificate', certificate, '--key', key]);
  const env = {
    [SETTING]: connectionString(`https://127.0.0.1:${rest}`), CODESTREAM_CA_FILE: other.authorityFile,
  };
  const limit = await startServer((port) => program('codestream-limit', ['--port', port], env));
  t.after(() => limit.stop());
  assert.equal((await load(limit.port, 'event')).requests, 0);
});

test('the first requests to the stand-in are answered at once, if asked for', async (t) => {
  const { handler } = await startProduct(t, ['--prompt', 20, '--delay-ms', 3_600_000]);
  const { requests, errors } = await load(handler.port, 'event', { connections: 16, grace: 0.2 });
  assert.deepEqual([requests, errors], [20, 16]);
});

test('the floor answers what the product answers', async (t) => {
  const product = await startHandler({ service: SERVICE });
  t.after(() => product.stop());
  const floor = await listen(t, 'floor', [], { [SETTING]: SERVICE });
  const [ours, theirs] = await Promise.all([product.port, floor].map(async (port) => {
    const answer = await fetch(`http://127.0.0.1:${port}/negotiate`);
    return { status: answer.status, names: [...answer.headers.keys()], text: await answer.text() };
  }));
  assert.deepEqual({ ...theirs, text: '' }, { ...ours, text: '' });
  const [given, floored] = [ours.text, theirs.text].map((text) => JSON.parse(text));
  assert.deepEqual(Object.keys(floored), Object.keys(given));
  assert.equal(theirs.text.length, ours.text.length);
  assert.equal(new URL(floored.url).searchParams.get('access_token'), floored.token);
  const [claims, claimed] = [given, floored].map(({ token }) => verifyToken(token));
  assert.deepEqual(Object.keys(claimed), Object.keys(claims));
  assert.equal(claimed.sub, `w.${floored.room_id}`);
  assert.equal(claimed.aud, claims.aud);
  // The product takes the floor's writer for the one of that room.
  const again = await fetch(`${product.url}/negotiate`, {
    method: 'POST',
    body: JSON.stringify({ room_id: floored.room_id, writer_key: floored.writer_key }),
  });
  assert.equal(again.status, 200);
  assertFaultless(await load(floor, 'negotiate', { connections: 256 }));
});

test('a cold start is measured, and a program that does not serve has none', async () => {
  const { how, output } =
    await run('coldstart', ['--runs', 3, '--', `${SETTING}=${SERVICE}`, BINARY]);
  assert.equal(how, 'exit status 0');
  const { runs, min_ms: min, median_ms: median, max_ms: max } = JSON.parse(output);
  assert.equal(runs, 3);
  assert.ok(0 < min && min <= median && median <= max, output);
  const { how: failing } = await run('coldstart', ['--runs', 1, '--', 'false']);
  assert.equal(failing, 'exit status 1');
});
