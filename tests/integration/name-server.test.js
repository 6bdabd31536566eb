// A name server that never answers: events are told in time, everybody else notices nothing, and
// the end comes in time. Of the program that is delivered, into which the slow look-up is loaded.
import { skip } from '../lib/release.js';
import assert from 'node:assert/strict';
import { test } from '../lib/test.js';
import { readAck, sendToRoom } from '../lib/events.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { Connection } from '../lib/http.js';
import { buildPreload } from '../lib/preload.js';
import { newParty } from '../lib/recorded.js';

const REST_MS = 1000;
/** How late what has a deadline may come, and how long anything else may take meanwhile. */
const MARGIN_MS = 1500;
const STOP_MS = 5000;

test('a name server that never answers costs the events that need it their time, nobody else', {
  skip,
}, async () => {
  const slowNames = await buildPreload('slow-names');
  try {
    const handler = await startHandler({
      service: connectionString('https://service.example'),
      env: {
        ...slowNames.env,
        CODESTREAM_LOOPS: '1',
        CODESTREAM_REST_TIMEOUT_MS: String(REST_MS),
      },
    });
    const [asker, other] = [await Connection.open(handler.port), await Connection.open(handler.port)];
    const { writer } = newParty();
    const start = performance.now();
    const took = () => performance.now() - start;
    const late = asker.request(sendToRoom(writer, '1', { ack: 1 }), 20_000);
    for (let isDone = false; !isDone;) {
      const asked = performance.now();
      assert.equal((await other.request({ path: '/negotiate' })).status, 200);
      assert.ok(performance.now() - asked < MARGIN_MS, 'negotiate waits for a name');
      isDone = await Promise.race([late.then(() => true), new Promise((resolve) => {
        setTimeout(() => resolve(false), 50);
      })]);
    }
    assert.ok(took() < REST_MS + MARGIN_MS, `an event was told after ${took()} ms`);
    assert.equal(readAck(await late).value.error.code, 'Upstream');

    asker.request(sendToRoom(writer, '2', { ack: 2 })).catch(() => {});
    handler.kill('SIGTERM');
    await handler.endsBy('SIGTERM', STOP_MS);
    for (const connection of [asker, other]) connection.close();
  } finally {
    await slowNames.remove();
  }
});
