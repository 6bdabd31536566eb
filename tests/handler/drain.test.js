// SIGTERM and SIGINT: everything goes on until the host has closed its connections, for at most
// five seconds; then what is in flight is answered, what is not does not hold up the end, and the
// process ends by the signal.
import assert from 'node:assert/strict';
import { deferred, eventually, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { Connection, formatRequest, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { test } from '../lib/test.js';

// What src/worker.h says, and some for a busy machine.
const STOP_MS = 5000;
const END_MS = 4 * STOP_MS;

const EVENTS = 100;
const OK = (i) => `43${i}[{"success":true}]`;

const open = (app, count) => Promise.all(
  Array.from({ length: count }, () => Connection.open(app.handler.port)));

const negotiate = (connection) => connection.request({ path: '/negotiate' }, END_MS);

/** Sends the signal; resolves when the handler has taken it. */
async function stop(app, signal = 'SIGTERM') {
  app.handler.kill(signal);
  await app.handler.log.next((line) => line.includes('event=stopping'), END_MS);
}

/** Writes an event on each connection; resolves with their answers. */
function sendAll(connections) {
  const { writer } = newParty();
  return Promise.all(connections.map((connection, i) =>
    connection.request(sendToRoom(writer, String(i), { ack: i }), END_MS)));
}

function assertAll(answers) {
  answers.forEach(({ text }, i) => assert.equal(text, OK(i)));
}

const close = (connections) => connections.forEach((connection) => connection.close());

/** What happens between the signal and the end, and by what the handler ends. */
const ENDS = {
  async 'requests on open connections and on new ones are answered, and these are kept'(app) {
    const [used, fresh] = await open(app, 2);
    await negotiate(used);
    await stop(app);
    const [late] = await open(app, 1);
    for (let i = 0; i < 3; i += 1) {
      for (const connection of [used, fresh, late]) {
        const answer = await negotiate(connection);
        assert.equal(answer.status, 200);
        assert.equal(answer.header('connection'), undefined);
      }
    }
    close([used, fresh, late]);
    return 'SIGTERM';
  },

  async 'a host that goes on is told to close each connection in the end, and gets no reset'(app) {
    const kept = await open(app, 8);
    await stop(app);
    await Promise.all(kept.map(async (connection) => {
      let answer;
      do {
        answer = await negotiate(connection);
        assert.equal(answer.status, 200);
      } while (answer.header('connection') !== 'close');
      await within(END_MS, connection.closed, 'the end of a connection');
    }));
    return 'SIGTERM';
  },

  async 'connections that are idle and stay open hold up the end for a while only'(app) {
    const kept = await open(app, 2);
    await negotiate(kept[0]);
    await stop(app, 'SIGINT');
    await Promise.all(kept.map((connection) => connection.closed));
    return 'SIGINT';
  },

  async 'events get an error if the service does not answer'(app) {
    app.recorder.answerWith(() => ({ never: true }));
    const [connection] = await open(app, 1);
    const answer = connection.request(sendToRoom(newParty().writer, '1', { ack: 1 }), END_MS);
    await app.recorder.next();
    await stop(app);
    assert.match((await answer).text, /^431\[\{"success":false,.*"Upstream"/);
    return 'SIGTERM';
  },

  async 'a second signal changes nothing'(app) {
    await stop(app);
    app.handler.kill('SIGINT');
    app.handler.kill('SIGTERM');
    return 'SIGTERM';
  },
};

/** The same with many requests, for which there are seconds: nobody else is at work meanwhile. */
const RUSHES = {
  async 'requests that nobody has read yet are answered'(app) {
    const kept = await open(app, EVENTS / 4);
    await Promise.all(kept.map(negotiate));
    const connections = [...kept, ...await open(app, EVENTS / 4)];
    const answers = sendAll(connections);
    app.handler.kill('SIGTERM');
    assertAll(await answers);
    close(connections);
    return 'SIGTERM';
  },
};

for (const signal of ['SIGTERM', 'SIGINT']) {
  RUSHES[`${signal} with ${EVENTS} events in flight on kept and on new connections`] = async (app) => {
    const kept = await open(app, EVENTS / 2);
    await Promise.all(kept.map(negotiate));
    const release = deferred();
    app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
    const connections = [...kept, ...await open(app, EVENTS / 2)];
    const answers = sendAll(connections);
    await eventually(END_MS, () => app.recorder.requests.length === EVENTS, 'REST requests');
    await stop(app, signal);
    release.resolve();
    assertAll(await answers);
    close(connections);
    return signal;
  };
}

const WHOLE = formatRequest(sendToRoom(newParty().writer, '1', { ack: 7 }));
const HEADERS = WHOLE.indexOf('\r\n\r\n') + 4;
const PARTS = {
  'half its headers': WHOLE.subarray(0, HEADERS / 2),
  'half its body': WHOLE.subarray(0, (WHOLE.length + HEADERS) / 2),
};

for (const [what, part] of Object.entries(PARTS)) {
  const begin = async (app) => {
    const [connection, other] = await open(app, 2);
    connection.write(part);
    await negotiate(other);
    other.close();
    await stop(app);
    return connection;
  };
  ENDS[`a request of which ${what} came is answered when the rest comes`] = async (app) => {
    const connection = await begin(app);
    const answer = connection.answer(END_MS);
    connection.write(WHOLE.subarray(part.length));
    assert.equal((await answer).text, OK(7));
    connection.close();
    return 'SIGTERM';
  };
  ENDS[`a request of which ${what} came and no more does not hold up the end`] = async (app) => {
    const connection = await begin(app);
    await within(END_MS, connection.closed, 'the end of the connection');
    return 'SIGTERM';
  };
}

/** That the service is slow on a busy machine is not what is tested. */
const PATIENT = { CODESTREAM_REST_TIMEOUT_MS: String(END_MS) };

/** Runs `body(app)` with a handler, which has to end by the signal that it returns. */
async function draining(body) {
  const app = await startRecorded({ env: PATIENT });
  app.connection.close();
  try {
    await app.handler.endsBy(await body(app), END_MS);
  } finally {
    app.handler.kill('SIGKILL');
    await app.recorder.close();
  }
}

for (const [what, body] of Object.entries(RUSHES))
  test(`when it is told to end, ${what}`, () => draining(body));

// Most of the time they wait: they can do it together.
test('when it is told to end', { timeout: 2 * 60_000, concurrency: true }, (t) =>
  Promise.all(Object.entries(ENDS).map(([what, body]) => t.test(what, () => draining(body)))));

test('it ends when its host has closed its connections, long before it must', async () => {
  const [left, held] = await Promise.all([startRecorded(), startRecorded()]);
  try {
    const order = [];
    left.handler.exited.then(() => order.push('left'));
    held.handler.exited.then(() => order.push('held'));
    await Promise.all([stop(left), stop(held)]);
    assert.equal((await negotiate(left.connection)).status, 200);
    left.connection.close();
    await left.handler.endsBy('SIGTERM', END_MS);
    await held.handler.endsBy('SIGTERM', END_MS);
    assert.deepEqual(order, ['left', 'held']);
  } finally {
    for (const app of [left, held]) {
      app.handler.kill('SIGKILL');
      app.connection.close();
      await app.recorder.close();
    }
  }
});

test('when it has ended nobody is let in', async () => {
  const app = await startRecorded();
  app.connection.close();
  app.handler.kill('SIGTERM');
  await app.handler.endsBy('SIGTERM', END_MS);
  await assert.rejects(request(app.handler.port, { path: '/' }), /ECONNREFUSED/);
  await app.recorder.close();
});
