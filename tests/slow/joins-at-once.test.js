// As many joins at a time as one loop takes. Each has two calls under way once it is in: without a
// bound of their own these would fill the queue, and joins that were let in would fail.
import assert from 'node:assert/strict';
import { deferred, eventually } from '../lib/deadline.js';
import { joinRoom, readAck } from '../lib/events.js';
import { Connection, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { test } from '../lib/test.js';

/** src/service.h, and a deadline for a machine that is busy. */
const MAX_IN_FLIGHT = 2048;
const LONG_MS = 60_000;

test('as many joins as there may be at a time are all carried out', { timeout: LONG_MS }, async () => {
  const app = await startRecorded({
    env: { CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: String(LONG_MS) },
  });
  const release = deferred();
  app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
  const connections = await Promise.all(
    Array.from({ length: MAX_IN_FLIGHT }, () => Connection.open(app.handler.port)));
  try {
    const joins = connections.map((connection) => {
      const { viewer } = newParty();
      return connection.request(joinRoom(viewer, viewer.room, { ack: 1 }), LONG_MS);
    });
    const negotiate = () => request(app.handler.port, { path: '/negotiate' });
    const isFull = async () => (await negotiate()).status === 503;
    await eventually(LONG_MS, isFull, 'a handler that lets nobody new in');
    release.resolve();
    for (const join of joins) assert.deepEqual(readAck(await join).value, { success: true });
    const { requests } = app.recorder;
    await eventually(LONG_MS, () => requests.length === 3 * MAX_IN_FLIGHT, 'all calls');
    assert.ok(app.handler.lines.every((line) => !line.includes('event=late')));
  } finally {
    connections.forEach((connection) => connection.close());
    await app.close();
  }
});
