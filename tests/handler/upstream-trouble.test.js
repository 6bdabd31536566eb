// The service's REST side in trouble: whatever it does, an authentic event is answered in time and
// without a failure status, which could cost the client its connection.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { test, before, after } from '../lib/test.js';
import { deferred, eventually } from '../lib/deadline.js';
import { joinRoom, readAck, sendToRoom, systemEvent, userEvent } from '../lib/events.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const REST_MS = 800;
/** The deadline of one REST request, and as much again for the machine. */
const ANSWER_MS = 2 * REST_MS + 2000;

let app;
let recorder;
before(async () => {
  app = await startRecorded({ env: { CODESTREAM_REST_TIMEOUT_MS: String(REST_MS) } });
  recorder = app.recorder;
});
after(() => app?.close());

/** Runs `body` while the service answers as `script` says. */
async function during(script, body) {
  recorder.answerWith(script);
  try {
    await body();
  } finally {
    recorder.answerWith(null);
  }
}

async function upstreamError(event) {
  await app.refusedAck(event, 'Upstream', ANSWER_MS);
  assert.ok(app.handler.alive);
}

/** The event is carried out; on a busy machine another attempt may be needed to be in time. */
const serves = (event) => eventually(10_000, async () => (await app.ack(event)).success, 'success');

const TROUBLES = {
  'refuses the token (401)': { status: 401, body: '{"code":"Unauthorized"}' },
  'forbids it (403)': { status: 403 },
  'knows no such thing (404)': { status: 404 },
  'is too slow itself (408)': { status: 408 },
  'finds it too large (413)': { status: 413 },
  'is too busy (429)': { status: 429, headers: { 'Retry-After': '1' } },
  'fails (500)': { status: 500, body: 'x'.repeat(10_000) },
  'fails at its gateway (503)': { status: 503 },
  'sends elsewhere (302)': { status: 302, headers: { Location: 'http://127.0.0.1:1/' } },
  'closes the connection without an answer': { raw: '' },
  'resets the connection': { reset: true },
  'answers what is no HTTP': { raw: 'SSH-2.0-nonsense\r\n' },
  'answers half a status line': { raw: 'HTTP/1.' },
  'answers half of a body': { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' },
  'answers headers without end':
    { raw: `HTTP/1.1 202 Accepted\r\n${'X-A: b\r\n'.repeat(100_000)}` },
  'answers an error without end': { status: 500, endless: true },
  'never answers': { never: true },
};

for (const [what, answer] of Object.entries(TROUBLES)) {
  test(`when the service ${what}, senders are told and the next event is served`, async () => {
    const { writer, viewer, room } = newParty();
    await during(() => answer, async () => {
      const already = app.handler.complaints.length;
      await upstreamError(sendToRoom(writer, '"secret-text"', { ack: 1 }));
      await eventually(3000, () => app.handler.complaints.length > already, 'a log line about it');
      await upstreamError(joinRoom(viewer, room, { ack: 1 }));
    });
    await serves(sendToRoom(writer, '1', { ack: 2 }));
    await serves(joinRoom(viewer, room, { ack: 3 }));
    assert.ok(app.handler.lines.every((line) => !line.includes('secret-text')));
  });
}

test('without an ack id a failure of the service is silence, not a failure status', async () => {
  const { writer, viewer } = newParty();
  await during(() => ({ status: 500 }), async () => {
    for (const event of [sendToRoom(writer, '1'), joinRoom(viewer)]) {
      assert.equal((await app.send(event)).status, 204);
    }
  });
});

test('system events are accepted although the service takes nothing', async () => {
  const { viewer } = newParty();
  await during(() => ({ status: 500 }), async () => {
    assert.equal((await app.send(systemEvent(viewer, 'connected'))).status, 200);
    assert.equal((await app.send(systemEvent(viewer, 'disconnected'))).status, 200);
  });
});

test('a join that fails is told by its ack alone; nobody hears of the absent', async () => {
  const { viewer, room } = newParty();
  recorder.forget();
  const script = ({ path }) => (path.includes('addToGroups') ? { status: 500 } : null);
  await during(script, () => upstreamError(joinRoom(viewer, room, { ack: 1 })));
  assert.ok(recorder.requests.every(({ path }) => path.endsWith('/:addToGroups')));
});

test('a join whose presence cannot be told is a join all the same', async () => {
  const { viewer, room } = newParty();
  const script = ({ text }) => (text.includes('"presence"') ? { status: 500 } : null);
  recorder.forget();
  await during(script, () => serves(joinRoom(viewer, room, { ack: 1 })));
});

test('a viewer is told that what it said with its join has not been passed on, and may join again', async () => {
  const { viewer, room } = newParty();
  const script = ({ text }) => (text.includes('"joined":true') ? { status: 503 } : null);
  const speaks = userEvent(viewer, 'joinRoom', { room_id: room, data: { data: 'sync' } }, { ack: 1 });
  await during(script, async () => {
    await upstreamError(speaks);
    await serves(joinRoom(viewer, room, { ack: 2 }));
  });
  await serves(speaks);
});

test('an answer of the service that is slow but in time is waited for', async () => {
  const { writer } = newParty();
  await during(() => ({ status: 202, delay: REST_MS / 5 }), async () => {
    await serves(sendToRoom(writer, '1', { ack: 1 }));
  });
});

test('an answer of the service with a long body is read by its status', async () => {
  const { writer } = newParty();
  for (const long of [{ body: Buffer.alloc(50_000, 'x') }, { body: Buffer.alloc(10_000_000, 'x') },
    { endless: true }]) {
    await during(() => ({ status: 202, ...long }), async () => {
      await serves(sendToRoom(writer, '1', { ack: 1 }));
    });
  }
});

test('one slow answer of the service holds up nobody else', async () => {
  const { writer } = newParty();
  const { writer: slow } = newParty();
  const release = deferred();
  const connection = await Connection.open(app.handler.port);
  const held = { status: 202, until: release.promise };
  const script = ({ text }) => (text.includes('"slow"') ? held : null);
  await during(script, async () => {
    const waiting = connection.request(sendToRoom(slow, '"slow"', { ack: 1 }));
    await recorder.next(({ text }) => text.includes('"slow"'));
    for (let i = 0; i < 20; i += 1) await app.ack(sendToRoom(writer, '1', { ack: i }));
    release.resolve();
    assert.match((await waiting).text, /^431\[/);
  });
  connection.close();
});

test('a client of the handler that leaves while the service is asked harms nobody', async () => {
  const { writer } = newParty();
  for (const leave of ['close', 'reset']) {
    const release = deferred();
    await during(() => ({ status: 202, until: release.promise }), async () => {
      recorder.forget();
      const leaving = await Connection.open(app.handler.port);
      leaving.request(sendToRoom(writer, '1', { ack: 1 })).catch(() => {});
      await recorder.next();
      leaving[leave]();
      release.resolve();
    });
    await serves(sendToRoom(writer, '2', { ack: 2 }));
  }
});

test('a service that hangs up before it has read anything is told of, and outlived', async () => {
  const server = net.createServer((socket) => socket.on('error', () => {}).resetAndDestroy());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handler = await startHandler({
    service: connectionString(`http://localhost:${server.address().port}`),
    env: { CODESTREAM_REST_TIMEOUT_MS: String(REST_MS) },
  });
  const { writer, viewer, room } = newParty();
  for (const event of [sendToRoom(writer, '1', { ack: 1 }), joinRoom(viewer, room, { ack: 1 })]) {
    const answer = await request(handler.port, event, ANSWER_MS);
    assert.equal(readAck(answer).value.error.code, 'Upstream');
  }
  await handler.stop();
  server.close();
});

test('two hundred events that the service never answers are all answered in time', async () => {
  const { writer } = newParty();
  await during(() => ({ never: true }), async () => {
    const codes = await sendAtOnce(app, 200, (i) => sendToRoom(writer, '1', { ack: i }));
    assert.deepEqual(codes, new Map([['Upstream', 200]]));
  });
  await serves(sendToRoom(writer, '1', { ack: 1 }));
});

test('a service that refuses connections is an error; once it is back it is used', async () => {
  const lost = await startRecorded();
  const { writer } = newParty();
  await lost.ack(sendToRoom(writer, '1', { ack: 1 }));
  await lost.recorder.close();
  await lost.refusedAck(sendToRoom(writer, '1', { ack: 2 }), 'Upstream');
  await lost.recorder.reopen();
  assert.deepEqual(await lost.ack(sendToRoom(writer, '1', { ack: 3 })), { success: true });
  await lost.close();
});

/** Sends events at the same time, each on a connection of its own; counts the error codes. */
async function sendAtOnce({ handler }, count, makeEvent) {
  const codes = new Map();
  await Promise.all(Array.from({ length: count }, async (_, i) => {
    const connection = await Connection.open(handler.port);
    const answer = await connection.request(makeEvent(i), 20_000);
    connection.close();
    assert.equal(answer.status, 200);
    const { code } = readAck(answer).value.error;
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }));
  return codes;
}
