// The whole process: how many instructions the handler, as it runs, spends on a request,
// libmicrohttpd, libcurl and OpenSSL with it. It runs under callgrind (CODESTREAM_BIN is
// counted.sh), gets its requests one after the other over one connection, and a run with few of
// them is subtracted from one with many.

import assert from 'node:assert/strict';
import { startHandler } from '../../tests/lib/handler.js';
import { eventually } from '../../tests/lib/deadline.js';
import { joinRoom, newPeer, newRoom, sendToRoom } from '../../tests/lib/events.js';
import { Connection } from '../../tests/lib/http.js';
import { startRestRecorder } from '../../tests/lib/rest-recorder.js';
import { totalOf } from './callgrind.mjs';

/** After these everything is in its place: memory, connections, libcurl's handles. */
const FEW = 32;
const MANY = 288;

const data = (bytes) => JSON.stringify({ type: 'delta', text: 'x'.repeat(bytes) });
const writer = () => newPeer('w', newRoom());
const event = (request, calls) => ({ request, calls });
const ack = '7';

/** A request of each kind, and how many calls to the service follow from it. */
const KINDS = {
  'negotiate, whole process': () => event({ path: '/negotiate' }, 0),
  'event 250 B, whole process': () => event(sendToRoom(writer(), data(150), { ack }), 1),
  'event 100 KB, whole process': () => event(sendToRoom(writer(), data(100_000), { ack }), 1),
  'join, whole process': () => {
    const peer = writer();
    return event(joinRoom(peer, peer.room, { ack }), 4);
  },
};

/** Instructions for one request of each kind. @param {string} counts a file to use */
export async function countProcess(counts) {
  const rows = [];
  for (const [name, kind] of Object.entries(KINDS)) {
    const few = await run(kind(), FEW, counts);
    const many = await run(kind(), MANY, counts);
    rows.push({ name, count: Math.round((many - few) / (MANY - FEW)), tolerance: 5 });
  }
  return rows;
}

/** Instructions of a handler from its start to its end. */
async function run({ request, calls }, times, counts) {
  const rest = await startRestRecorder();
  const handler = await startHandler({
    service: rest.connectionString,
    env: { COUNTS: counts, CODESTREAM_LOOPS: '1' },
  });
  const connection = await Connection.open(handler.port);
  try {
    for (let i = 0; i < times; i++) {
      const answer = await connection.request(request);
      assert.equal(answer.status, 200, answer.text);
      // Some may come behind the answer.
      await eventually(10_000, () => rest.requests.length >= (i + 1) * calls, 'calls');
    }
    assert.deepEqual(rest.faults, []);
    assert.equal(rest.requests.length, times * calls);
  } finally {
    connection.close();
    await handler.stop();
    await rest.close();
  }
  return totalOf(counts);
}
