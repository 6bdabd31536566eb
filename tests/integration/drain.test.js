// SIGTERM: what is in flight is answered, whatever it came through, and what is not does not hold
// up the end.
import assert from 'node:assert/strict';
import { test } from '../lib/test.js';
import { eventually, pause, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import { Connection, formatRequest } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const STOP_MS = 5000;
const EVENTS = 200;
const REST_MS = 1500;

// What src/io/connections.h says: the time for a request that is not whole when the signal comes.
const LAST_CALL_MS = 1000;

/** Runs `body(app)`, which leaves the handler draining, and holds it to its end in time. */
async function draining(sentence, body, { within: ms = STOP_MS } = {}) {
  await test(sentence, async () => {
    const app = await startRecorded();
    try {
      let asked;
      const terminate = () => {
        asked = performance.now();
        app.handler.kill('SIGTERM');
      };
      const answered = await body(app, terminate);
      const end = await within(STOP_MS + 2000, app.handler.exited, 'the end of the handler');
      const took = performance.now() - asked;
      assert.deepEqual(end, { code: 0, signal: null }, app.handler.stderr.join('\n'));
      assert.ok(took < ms, `it took ${took} ms`);
      await answered?.();
    } finally {
      app.connection.close();
      app.handler.kill('SIGKILL');
      await app.recorder.close();
    }
  });
}

const open = (app, count) => Promise.all(
  Array.from({ length: count }, () => Connection.open(app.handler.port)));

/** Writes an event on each connection; returns what waits for all of their answers. */
function sendAll(connections) {
  const { writer } = newParty();
  const answers = connections.map((connection) => connection.answer(2 * STOP_MS));
  connections.forEach((connection, i) => {
    connection.write(formatRequest(sendToRoom(writer, String(i), { ack: i })));
  });
  return async () => {
    for (const [i, answer] of answers.entries()) {
      assert.equal((await answer).text, `43${i}[{"success":true}]`);
    }
    connections.forEach((connection) => connection.close());
  };
}

await draining(`${EVENTS} events in flight on kept and on new connections are all answered`,
  async (app, terminate) => {
    const kept = await open(app, EVENTS / 2);
    await Promise.all(kept.map((connection) => connection.request({ path: '/negotiate' })));
    app.recorder.answerWith(() => ({ status: 202, delay: REST_MS }));
    const answered = sendAll([...kept, ...await open(app, EVENTS / 2)]);
    await eventually(5000, () => app.recorder.requests.length > EVENTS / 4, 'REST requests');
    terminate();
    return answered;
  });

await draining('requests that nobody has read yet when the signal comes are answered',
  async (app, terminate) => {
    const kept = await open(app, 50);
    await Promise.all(kept.map((connection) => connection.request({ path: '/negotiate' })));
    const answered = sendAll([...kept, ...await open(app, 50)]);
    terminate();
    return answered;
  });

const WHOLE = formatRequest(sendToRoom(newParty().writer, '1', { ack: 7 }));
const HEADERS = WHOLE.indexOf('\r\n\r\n') + 4;
const PARTS = {
  'half its headers': WHOLE.subarray(0, HEADERS / 2),
  'half its body': WHOLE.subarray(0, (WHOLE.length + HEADERS) / 2),
};

for (const [what, part] of Object.entries(PARTS)) {
  await draining(`a request of which ${what} came is answered if the rest comes soon`,
    async (app, terminate) => {
      const [connection] = await open(app, 1);
      connection.write(part);
      await app.send({ path: '/negotiate' });
      terminate();
      await pause(LAST_CALL_MS / 2);
      const answer = connection.answer();
      connection.write(WHOLE.subarray(part.length));
      assert.equal((await answer).text, '437[{"success":true}]');
    });

  await draining(`a request of which ${what} came and no more does not hold up the end`,
    async (app, terminate) => {
      const [connection] = await open(app, 1);
      connection.write(part);
      await app.send({ path: '/negotiate' });
      const start = performance.now();
      terminate();
      await connection.closed;
      assert.ok(performance.now() - start > LAST_CALL_MS / 2, 'it had its chance');
    }, { within: 2 * LAST_CALL_MS + 500 });
}
