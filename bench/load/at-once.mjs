// Many connections that all send at the same moment: the load that stalls servers which take
// ready connections in batches.  Every connection must get its answer, twice.
import { Connection } from '../../tests/lib/http.js';
import { newPeer, newRoom, readAck, sendToRoom } from '../../tests/lib/events.js';

const ROOMS = 32;
const TURNS = 2;
const ANSWER_MS = 10_000;
/** Connections that are being opened at a time: fewer than a listener's backlog. */
const OPENING = 100;

/** As many connections as that, which nothing is sent on yet. */
export async function openAll(port, count) {
  const connections = [];
  while (connections.length < count) {
    const some = Math.min(OPENING, count - connections.length);
    const opened = await Promise.all(Array.from({ length: some }, () => Connection.open(port)));
    connections.push(...opened);
  }
  return connections;
}

/** Why a connection was not served; null if it was. */
async function fault(connection, event) {
  try {
    const answer = await connection.request(event, ANSWER_MS);
    if (answer.status !== 200) return `status ${answer.status}`;
    const { success, error } = readAck(answer).value;
    return success === true ? null : error.code;
  } catch (error) {
    return error.message;
  }
}

/**
 * @returns {Promise<{ served: number, ms: number, fault: string|undefined }>} of the worse turn;
 *   ms: until the last answer, fault: why the first one that was not served was not
 */
export async function allAtOnce(port, count) {
  const events = Array.from({ length: ROOMS }, () => sendToRoom(newPeer('w', newRoom()),
    '{"type":"delta","version":1}', { ack: '7' }));
  const connections = await openAll(port, count);
  const turns = [];
  try {
    for (let turn = 0; turn < TURNS; turn++) {
      const start = performance.now();
      const faults = await Promise.all(connections.map((connection, i) => (
        fault(connection, events[i % ROOMS]))));
      turns.push({
        served: faults.filter((one) => one === null).length,
        ms: performance.now() - start,
        fault: faults.find((one) => one !== null),
      });
    }
  } finally {
    for (const connection of connections) connection.close();
  }
  return turns.sort((a, b) => a.served - b.served || b.ms - a.ms)[0];
}
