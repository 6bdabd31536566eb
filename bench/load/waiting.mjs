// Many events that wait for the service, each on a connection of its own: fresh ones, or such as have
// served a negotiation before.
import { newPeer, newRoom, sendToRoom } from '../../tests/lib/events.js';
import { openAll } from './at-once.mjs';

const ANSWER_MS = 60_000;

const eventOf = (writer) => sendToRoom(writer, '{"type":"delta","version":1}', { ack: '7' });

/** One event and its answer, for what a process pays once. */
export async function sendOne(port) {
  const [connection] = await openAll(port, 1);
  try {
    await connection.request(eventOf(newPeer('w', newRoom())), ANSWER_MS);
  } finally {
    connection.close();
  }
}

/** @returns {Promise<() => void>} the events are under way; the function gives them up */
export async function sendAll(port, count, isUsed) {
  const event = eventOf(newPeer('w', newRoom()));
  const connections = await openAll(port, count);
  if (isUsed) {
    await Promise.all(connections.map((one) => one.request({ path: '/negotiate' }, ANSWER_MS)));
  }
  for (const connection of connections) connection.request(event, ANSWER_MS).catch(() => {});
  return () => connections.forEach((connection) => connection.close());
}
