// What is asked of the service again when it fails, and what never is: joining twice is joining
// once, but an edit that arrives twice was sent twice.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { deferred, eventually, PATIENCE, within } from '../lib/deadline.js';
import { joinRoom, newPeer, newRoom, readAck, sendToRoom, userEvent } from '../lib/events.js';
import { connectionString, lacks, startHandler } from '../lib/handler.js';
import { Connection, formatRequest, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';

/** src/retry.h */
const MAX_TRIES = 6;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1000;

const skip = lacks('verbs');

let app;
let recorder;
before(async () => {
  app = await startRecorded();
  recorder = app.recorder;
});
after(() => app?.close());

const SUCCESS = { success: true };
const isJoin = ({ path }) => path.endsWith('/:addToGroups');
const isSend = ({ path }) => path.endsWith('/:send');

/** Answers what `concerns` with one answer after the other; the last one stays, null is good. */
function answerInTurn(concerns, answers, to = recorder) {
  const left = [...answers];
  const times = [];
  to.forget();
  to.answerWith((got) => {
    if (!concerns(got)) return null;
    times.push(performance.now());
    return left.length > 1 ? left.shift() : left[0];
  });
  return times;
}

const NETWORK = {
  'resets the connection': { reset: true },
  'closes it without an answer': { raw: '' },
  'breaks off its answer': { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf' },
  'answers what is no HTTP': { raw: 'SSH-2.0-nonsense\r\n' },
};
const PASSING = {
  ...NETWORK,
  'is too slow (408)': { status: 408 },
  'has too much to do (429)': { status: 429 },
  'fails (500)': { status: 500 },
  'is not there (503)': { status: 503 },
};
const LASTING = [302, 400, 401, 403, 404, 409, 413, 501];

for (const [what, answer] of Object.entries(PASSING)) {
  test(`a join is asked for again when the service ${what}`, async () => {
    const { viewer, room } = newParty();
    const times = answerInTurn(isJoin, [answer, answer, null]);
    await app.joined(joinRoom(viewer, room, { ack: 1 }));
    assert.ok(times.length >= 3, `${times.length} tries`);
    const isOurs = (text) => text.includes(viewer.socketId);
    assert.match(await app.handler.log.next(isOurs), /^level=info .*name=joinRoom .*repeats=2\b/);
    assert.deepEqual(app.handler.complaints.filter(isOurs), []);
  });

  test(`an edit is sent once, even when the service ${what}`, async () => {
    const { writer } = newParty();
    const times = answerInTurn(isSend, [null, answer]);
    assert.deepEqual(await app.ack(sendToRoom(writer, '1', { ack: 1 })), SUCCESS);
    await app.refusedAck(sendToRoom(writer, '2', { ack: 2 }), 'Upstream');
    assert.equal(times.length, 2, 'the good one and the one that failed');
  });
}

test('what the service will not do another time either is not asked for again', async () => {
  const { viewer, room } = newParty();
  for (const status of LASTING) {
    const times = answerInTurn(isJoin, [{ status }]);
    await app.refusedAck(joinRoom(viewer, room, { ack: 1 }), 'Upstream');
    assert.equal(times.length, 1, `status ${status}`);
  }
});

test('a join that keeps failing is given up after a few tries, each later', async () => {
  const { viewer, room } = newParty();
  const times = answerInTurn(isJoin, [{ status: 503 }]);
  await app.refusedAck(joinRoom(viewer, room, { ack: 1 }), 'Upstream');
  assert.equal(times.length, MAX_TRIES);
  times.slice(1).forEach((time, i) => {
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** i, LONGEST_PAUSE_MS);
    assert.ok(time - times[i] > pause / 2 - 5, `pause ${i}: ${times}`);
  });
});

const inSeconds = (seconds) => new Date(Date.now() + seconds * 1000).toUTCString();
const inASecond = (first) => first + 1000;
for (const [form, retryAfter, due] of [['seconds', () => '1', inASecond],
  ['a date', () => inSeconds(2), (first, date) => Date.parse(date) - performance.timeOrigin]]) {
  test(`the service says in ${form} when to ask again`, async () => {
    const { viewer, room } = newParty();
    const when = retryAfter();
    const busy = { status: 429, headers: { 'Retry-After': when } };
    const times = answerInTurn(isJoin, [busy, null]);
    assert.deepEqual(await app.ack(joinRoom(viewer, room, { ack: 1 })), SUCCESS);
    assert.equal(times.length, 2);
    const late = times[1] - due(times[0], when);
    assert.ok(late > -10, `${late} ms after ${when}`);
  });
}

test('a service that wants to be left alone for too long is not asked again', async () => {
  const { viewer, room } = newParty();
  for (const retryAfter of ['60', inSeconds(3600)]) {
    const times = answerInTurn(isJoin, [{ status: 429, headers: { 'Retry-After': retryAfter } }]);
    await app.refusedAck(joinRoom(viewer, room, { ack: 1 }), 'Upstream');
    assert.equal(times.length, 1);
  }
});

test('a join that waits holds up nobody, and its client may leave meanwhile', async () => {
  const { viewer, writer, room } = newParty();
  const busy = { status: 503, headers: { 'Retry-After': '2' } };
  const times = answerInTurn(isJoin, [busy, null]);
  const leaving = await Connection.open(app.handler.port);
  leaving.request(joinRoom(viewer, room, { ack: 1 })).catch(() => {});
  await recorder.next(isJoin);
  leaving.reset();
  let served = 0;
  while (served < 20 && times.length === 1) {
    assert.deepEqual(await app.ack(sendToRoom(writer, '1', { ack: served })), SUCCESS);
    served += 1;
  }
  assert.ok(served > 0, 'meanwhile others are served');
  await eventually(5000, () => times.length === 2, 'the second try');
});

test('leaving and counting are repeated, sending and disconnecting never', { skip }, async () => {
  const other = await startRecorded({ app: 'verbs' });
  const peer = newPeer('w', newRoom());
  const ask = (name, wish, concerns, answers) => {
    const times = answerInTurn(concerns, [...answers, null], other.recorder);
    return other.send(userEvent(peer, name, wish, { ack: 1 })).then(() => times.length);
  };
  const isLeave = ({ path }) => path.endsWith('/:removeFromGroups');
  const isList = ({ method, path }) => method === 'GET' && path.endsWith('/connections');
  const failure = { status: 503 };
  assert.equal(await ask('leave', { targets: ['r1'] }, isLeave, [failure]), 2);
  const nobody = { body: '{"value":[]}' };
  assert.equal(await ask('count', { targets: ['r1'] }, isList, [failure, nobody]), 2);
  assert.equal(await ask('end', {}, isSend, [failure]), 1);
  assert.equal(await ask('emit', { event: 'x' }, isSend, [failure]), 1);
  await other.close();
});

for (const [how, isReset] of [['closed', false], ['reset', true]]) {
  test(`a kept connection that the service ${how} while idle costs nobody anything`, async () => {
    const { writer, viewer, room } = newParty();
    recorder.answerWith(null);
    assert.deepEqual(await app.ack(sendToRoom(writer, '1', { ack: 1 })), SUCCESS);
    for (const event of [sendToRoom(writer, '2', { ack: 2 }), joinRoom(viewer, room, { ack: 3 })]) {
      await recorder.hangUp({ isReset });
      recorder.forget();
      assert.deepEqual(await app.ack(event), SUCCESS);
      const texts = recorder.requests.map(({ path, text }) => path + text);
      assert.equal(new Set(texts).size, texts.length, 'each once');
    }
  });
}

test('when all of many idle connections are reset, no edit is lost or doubled', async () => {
  const { writer } = newParty();
  const edits = Array.from({ length: 60 }, (_, i) => sendToRoom(writer, String(i), { ack: i }));
  const connections = await Promise.all(edits.map(() => Connection.open(app.handler.port)));
  /** None is answered before all are there, each on a connection of its own. */
  const sendAll = () => {
    const all = deferred();
    recorder.forget();
    recorder.answerWith(() => {
      if (recorder.requests.length + 1 === edits.length) all.resolve();
      return { status: 202, until: all.promise };
    });
    return Promise.all(edits.map(async (edit, i) => {
      assert.deepEqual(readAck(await connections[i].request(edit)).value, SUCCESS);
    }));
  };
  const before_ = recorder.connections;
  await sendAll();
  assert.ok(recorder.connections - before_ > 40, 'they were open at the same time');
  for (const isReset of [true, false, true]) {
    await recorder.hangUp({ isReset });
    await sendAll();
    assert.equal(recorder.requests.length, edits.length);
  }
  connections.forEach((connection) => connection.close());
  recorder.answerWith(null);
});

const ACCEPTED = 'HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n';

/** Takes the first bytes of each request and hangs up, as a proxy does that is shut down. */
async function startRude() {
  const server = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      rude.requests += 1;
      if (rude.requests <= rude.polite) socket.write(ACCEPTED);
      else socket.resetAndDestroy();
      socket.once('data', () => {
        rude.requests += 1;
        socket.resetAndDestroy();
      });
    });
  });
  const rude = { server, requests: 0, polite: 0 };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return rude;
}

test('an edit of which the service took only the beginning is not sent again', async () => {
  const rude = await startRude();
  rude.polite = 1;
  const service = connectionString(`http://localhost:${rude.server.address().port}`);
  const handler = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  const { writer } = newParty();
  const edit = (data) => sendToRoom(writer, data, { ack: 1 });
  const send = async (data) => readAck(await request(handler.port, edit(data)));
  assert.deepEqual((await send('1')).value, SUCCESS);
  for (const [data, taken] of [['2', 2], [`"${'x'.repeat(800_000)}"`, 3]]) {
    assert.equal((await send(data)).value.error.code, 'Upstream');
    assert.equal(rude.requests, taken);
  }
  await handler.stop();
  rude.server.close();
});

/** As long as it can be: what comes before did not wait for it. */
const DEADLINE_MS = 60_000;

test('a service that takes nothing more of a request is given up before the deadline', async () => {
  const server = net.createServer((socket) => socket.on('error', () => {}).pause());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service = connectionString(`http://localhost:${server.address().port}`);
  const CODESTREAM_REST_TIMEOUT_MS = String(DEADLINE_MS);
  const handler = await startHandler({ service, env: { CODESTREAM_REST_TIMEOUT_MS } });
  const { writer } = newParty();
  const large = sendToRoom(writer, `"${'x'.repeat(1_000_000)}"`, { ack: 1 });
  const answer = readAck(await request(handler.port, large, DEADLINE_MS / PATIENCE - 1000));
  assert.equal(answer.value.error.code, 'Upstream');
  await handler.stop();
  server.close();
});

test('a join that waits for another try is answered when the handler is shut down', async () => {
  const other = await startRecorded();
  const { viewer, room } = newParty();
  answerInTurn(isJoin, [{ status: 429, headers: { 'Retry-After': '7' } }], other.recorder);
  const connection = await Connection.open(other.handler.port);
  connection.write(formatRequest(joinRoom(viewer, room, { ack: 1 })));
  const answer = connection.answer(8000);
  await other.recorder.next(isJoin);
  await within(6000, other.close(), 'the end');
  assert.equal(readAck(await answer).value.error.code, 'Upstream');
});
