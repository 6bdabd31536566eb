// The service over TLS, as in Azure, straight and through a proxy: each edit once, whatever
// happens to the connection that was kept for it.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { constants } from 'node:crypto';
import { once } from 'node:events';
import { makeCertificates } from '../lib/certificates.js';
import { eventually } from '../lib/deadline.js';
import { joinRoom, readAck, sendToRoom } from '../lib/events.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { request } from '../lib/http.js';
import { newParty } from '../lib/recorded.js';
import { startRestRecorder } from '../lib/rest-recorder.js';
import { after, before, test } from '../lib/test.js';

const CROWD = 20;
const STEP_MS = 30_000;
let certificates;
let recorder;
let front;
let proxy;

/** Listens; `cut()` resets or ends all connections that it has. */
async function listen(server, event) {
  const sockets = new Set();
  server.on(event, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = (how) => Promise.all([...sockets].map((socket) => {
    const closed = once(socket, 'close');
    socket[how]();
    return closed;
  }));
  return { server, port: server.address().port, cut };
}

function join(one, other) {
  one.on('error', () => other.destroy()).pipe(other);
  other.on('error', () => one.destroy()).pipe(one);
}

before(async () => {
  certificates = await makeCertificates();
  recorder = await startRestRecorder();
  recorder.answerWith(() => ({ status: 202 }));
  const terminator = tls.createServer(certificates.valid, (socket) => {
    join(socket, net.connect(recorder.port, '127.0.0.1'));
  });
  front = await listen(terminator, 'connection');
  const forward = http.createServer();
  forward.on('connect', ({ url }, socket) => {
    const port = Number(url.split(':').pop());
    proxied += 1;
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    join(socket, net.connect(port, '127.0.0.1'));
  });
  proxy = await listen(forward, 'connection');
});
after(async () => {
  front?.server.close();
  proxy?.server.close();
  await recorder?.close();
  await certificates?.remove();
});
let proxied = 0;

const startSecure = (env) => startHandler({
  service: connectionString(`https://localhost:${front.port}`),
  env: { CODESTREAM_CA_FILE: certificates.authorityFile, CODESTREAM_LOOPS: '1', ...env },
});

test('events that come at once reach the service by connections that resume a TLS session', async () => {
  const handler = await startSecure({ CODESTREAM_REST_TIMEOUT_MS: '30000' });
  const { writer } = newParty();
  const ask = async (ack) => readAck(await request(handler.port, sendToRoom(writer, '1', { ack }))).value;
  assert.deepEqual(await ask(1), { success: true });
  const resumed = [];
  const onSecure = (socket) => resumed.push(socket.isSessionReused());
  front.server.on('secureConnection', onSecure);
  let release;
  const until = new Promise((resolve) => {
    release = resolve;
  });
  recorder.forget();
  recorder.answerWith(() => ({ status: 202, until }));
  const events = Array.from({ length: CROWD }, (_, i) => ask(i));
  await eventually(STEP_MS, () => recorder.requests.length === CROWD, 'all events');
  recorder.answerWith(() => ({ status: 202 }));
  release();
  for (const answer of await Promise.all(events)) assert.deepEqual(answer, { success: true });
  front.server.off('secureConnection', onSecure);
  assert.equal(resumed.length, CROWD - 1, 'one connection was there');
  assert.ok(resumed.includes(true), 'each connection began a session of its own');
  await handler.stop();
});

test('a service that breaks off where a TLS session is resumed is reached without', async () => {
  const server = tls.createServer({
    ...certificates.valid, maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET,
  }, (socket) => join(socket, net.connect(recorder.port, '127.0.0.1')));
  const sessions = new Set();
  let refused = 0;
  server.on('newSession', (id, session, done) => {
    sessions.add(id.toString('hex'));
    done();
  });
  server.on('resumeSession', (id, done) => { // a client of TLS 1.3 sends a number at random too
    const isResumed = sessions.has(id.toString('hex'));
    refused += Number(isResumed);
    done(isResumed ? new Error('no session is resumed here') : null, null);
  });
  server.on('tlsClientError', () => {});
  const fussy = await listen(server, 'connection');
  const handler = await startHandler({
    service: connectionString(`https://localhost:${fussy.port}`),
    env: { CODESTREAM_CA_FILE: certificates.authorityFile, CODESTREAM_LOOPS: '1' },
  });
  const { writer } = newParty();
  const ask = async () => {
    await fussy.cut('destroy');
    return readAck(await request(handler.port, sendToRoom(writer, '1', { ack: 1 }))).value;
  };
  try {
    assert.deepEqual(await ask(), { success: true });
    assert.equal((await ask()).error?.code, 'Upstream');
    assert.equal(refused, 1);
    assert.deepEqual(await ask(), { success: true }, handler.stderr.at(-1));
  } finally {
    await handler.stop();
    fussy.server.close();
    await fussy.cut('destroy');
  }
});

const WAYS = {
  straight: () => ({}),
  'through a proxy': () => ({ https_proxy: `http://127.0.0.1:${proxy.port}` }),
};
for (const [way, env] of Object.entries(WAYS)) {
  test(`${way}, an edit arrives once although its connection was cut while idle`, async () => {
    const handler = await startSecure(env());
    const { writer, viewer, room } = newParty();
    const ask = async (event) => readAck(await request(handler.port, event)).value;
    const events = [sendToRoom(writer, '1', { ack: 1 }), joinRoom(viewer, room, { ack: 1 })];
    const before_ = proxied;
    assert.deepEqual(await ask(events[0]), { success: true });
    for (const how of ['resetAndDestroy', 'destroy']) {
      for (const event of events) {
        await Promise.all([front.cut(how), proxy.cut(how)]);
        recorder.forget();
        assert.deepEqual(await ask(event), { success: true }, handler.stderr.at(-1));
        const texts = recorder.requests.map(({ path, text }) => path + text);
        assert.equal(new Set(texts).size, texts.length, 'each once');
      }
    }
    assert.equal(proxied > before_, way !== 'straight');
    await handler.stop();
  });

  test(`${way}, an edit is not sent again when it was cut off from its answer`, async () => {
    const handler = await startSecure(env());
    const { writer } = newParty();
    const ask = async (data) =>
      readAck(await request(handler.port, sendToRoom(writer, data, { ack: 1 }))).value;
    assert.deepEqual(await ask('1'), { success: true });
    recorder.forget();
    recorder.answerWith(() => {
      front.cut('resetAndDestroy');
      return { never: true };
    });
    assert.equal((await ask('2')).error.code, 'Upstream');
    assert.equal(recorder.requests.length, 1);
    recorder.answerWith(() => ({ status: 202 }));
    assert.deepEqual(await ask('3'), { success: true });
    await handler.stop();
  });
}

test('a proxy that is no address is what the log names, and not the service', async () => {
  const handler = await startSecure({ https_proxy: 'http://127.0.0.1:99999' });
  const answer = await request(handler.port, sendToRoom(newParty().writer, '1', { ack: 1 }));
  assert.equal(readAck(answer).value.error.code, 'Upstream');
  await handler.log.next((line) => line.includes('failure="the proxy leads nowhere'));
  await handler.stop();
});
