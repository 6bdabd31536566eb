// A body that is too large is refused with 413 whatever its size, and the answer arrives although
// the client is still sending; who never stops sending is cut off. Bodies that are only announced
// take no memory. Of the program that is delivered, because a sanitizer has a memory of its own.
import { skip } from '../lib/release.js';
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { test } from '../lib/test.js';
import { pause, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const MIB = 1024 * 1024;
const END_MS = 60_000;
const service = connectionString('http://localhost:1');

const declared = (size) => ({ framing: `Content-Length: ${size}`, piece: (bytes) => [bytes], last: '' });
const chunked = () => ({
  framing: 'Transfer-Encoding: chunked',
  piece: (bytes) => [`${bytes.length.toString(16)}\r\n`, bytes, '\r\n'],
  last: '0\r\n\r\n',
});

/** Between two pieces of a body that is sent for ever: it is not about how many they are. */
const PIECE_MS = 20;

/**
 * Sends a whole body as fast as it is taken, or for ever, and reads what comes beside it.
 * @param {number} refusedAt with so many bytes of the body it has to be refused: nothing more is sent
 *   until the answer is there. Whoever writes when the connection is cut has lost what was not read.
 * @returns {Promise<{ text: string, sent: number }>} when the handler has ended the connection
 */
async function upload(port, path, { framing, piece, last }, size, refusedAt = Infinity) {
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const gone = new Promise((resolve) => {
    socket.on('close', resolve);
  });
  const answered = new Promise((resolve) => {
    socket.once('data', resolve);
  });
  let text = '';
  let sent = 0;
  let error = null;
  socket.on('data', (part) => { text += part; });
  socket.on('error', (one) => { error = one; });
  await within(END_MS, once(socket, 'connect'), 'connection');
  socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\n${framing}\r\n\r\n`);
  const bytes = Buffer.alloc(64 * 1024, 'x');
  while (sent < size && !socket.destroyed) {
    if (sent >= refusedAt) {
      await Promise.race([answered, gone]);
      await pause(PIECE_MS);
    }
    socket.cork();
    for (const part of piece(bytes)) socket.write(part);
    socket.uncork();
    sent += bytes.length;
    if (socket.writableNeedDrain) await Promise.race([once(socket, 'drain').catch(() => {}), gone]);
  }
  if (!socket.destroyed) socket.end(last);
  await within(END_MS, gone, 'the end of the connection');
  return { text, sent, error };
}

const peakKb = (pid) => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);

test('a refused body of any size gets its 413, declared and chunked, in bounded memory', {
  skip, timeout: 180_000,
}, async (t) => {
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  try {
    for (const path of ['/eventhandler', '/negotiate', '/register?room_id=x', '/api/eventhandler']) {
      for (const mib of path === '/eventhandler' ? [17, 64] : [17]) {
        for (const way of [declared(mib * MIB), chunked()]) {
          const { text, sent, error } = await upload(handler.port, path, way, mib * MIB);
          assert.equal(error, null, `${path}, ${mib} MiB, ${way.framing}`);
          assert.equal(sent, mib * MIB);
          assert.match(text, /^HTTP\/1\.1 413 Content Too Large\r\n[^]*"code":"TooLarge"[^]*\}\}$/);
          assert.match(text, /^connection: close\r$/im);
        }
      }
    }
    assert.equal((await request(handler.port, { path: '/negotiate' })).status, 200);
    t.diagnostic(`at most ${peakKb(handler.pid)} kB`);
    assert.ok(peakKb(handler.pid) < 32 * 1024, `${peakKb(handler.pid)} kB`);
  } finally {
    await handler.stop();
  }
});

test('up to 16 MiB of a refused body are read, and the connection is kept', { skip }, async () => {
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  const connection = await Connection.open(handler.port);
  try {
    for (const mib of [2, 16]) {
      const answer = await connection.request({
        method: 'POST', path: '/eventhandler', body: Buffer.alloc(mib * MIB, 'x'),
      });
      assert.equal(answer.status, 413);
    }
    assert.equal((await connection.request({ path: '/negotiate' })).status, 200);
  } finally {
    connection.close();
    await handler.stop();
  }
});

test('a client that never stops sending is told 413 and cut off after 5 s', {
  skip, timeout: 120_000,
}, async () => {
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  const endless = async (way, refusedAt) => {
    const { text } = await upload(handler.port, '/eventhandler', way, Infinity, refusedAt);
    return text.slice(0, 'HTTP/1.1 413'.length);
  };
  try {
    // Each has seconds, of a clock that runs as it does: they wait together.
    const twice = {
      framing: 'Content-Length: 1\r\nContent-Length: 2', piece: (bytes) => [bytes],
    };
    assert.deepEqual(await Promise.all([
      endless(chunked(), 16 * MIB + 1), endless(declared(2 ** 52), 16 * MIB + 1), endless(twice, 0),
    ]), ['HTTP/1.1 413', 'HTTP/1.1 413', 'HTTP/1.1 400']);
    assert.ok(handler.alive);
    assert.equal((await request(handler.port, { path: '/negotiate' })).status, 200);
  } finally {
    await handler.stop();
  }
});

test('the end of the handler does not wait for clients that were refused and go on sending', {
  skip,
}, async () => {
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  const connections = await Promise.all(
    Array.from({ length: 20 }, () => Connection.open(handler.port)));
  try {
    for (const connection of connections) {
      const answer = connection.answer();
      connection.write('POST /eventhandler HTTP/1.1\r\nHost: x\r\nHost: y\r\n'
        + 'Content-Length: 1000\r\n\r\n4');
      assert.equal((await answer).status, 400);
    }
  } finally {
    await handler.stop();
    connections.forEach((connection) => connection.close());
  }
});

/** Announces a body and waits until the handler has asked for it. */
async function announce(port, length) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.write(`POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n`
    + 'Expect: 100-continue\r\n\r\n');
  const [part] = await within(END_MS, once(socket, 'data'), '100 Continue');
  assert.match(String(part), /^HTTP\/1\.1 100 /);
  return socket;
}

test('bodies that are only announced take no memory', { skip, timeout: 60_000 }, async (t) => {
  const COUNT = 500;
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  const dataKb = () => Number(
    /VmData:\s+(\d+)/.exec(readFileSync(`/proc/${handler.pid}/status`, 'utf8'))[1]);
  const sockets = [];
  try {
    const before = dataKb();
    for (let i = 0; i < COUNT; i += 1) sockets.push(await announce(handler.port, MIB));
    const each = (dataKb() - before) / COUNT;
    t.diagnostic(`${each.toFixed(1)} kB for each`);
    assert.ok(each < 64, `${each} kB for each of ${COUNT} that announce 1 MiB`);
  } finally {
    sockets.forEach((socket) => socket.destroy());
    await handler.stop();
  }
});

test('a body that grows as it comes arrives whole', { skip }, async () => {
  const app = await startRecorded({ env: { CODESTREAM_LOOPS: '1' } });
  try {
    for (const length of [10, 16_000, 16_384, 17_000, 33_000, 100_000, 1_000_000]) {
      const data = JSON.stringify(Array.from({ length: length / 10 }, (_, i) => 1e8 + i));
      app.recorder.forget();
      const { writer } = newParty();
      assert.deepEqual(await app.ack(sendToRoom(writer, data, { ack: 1 })), { success: true });
      assert.equal(app.recorder.requests.length, 1);
      assert.ok(app.recorder.requests[0].text.includes(data), `${length} bytes`);
    }
  } finally {
    await app.close();
  }
});
