// Ends an HTTP server of node:http together with whoever is still connected to it.
import { once } from 'node:events';

/** @param {import('node:http').Server} server */
export async function closeServer(server) {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
