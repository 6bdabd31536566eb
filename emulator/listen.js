// Listening: on the loopback interface under both of its addresses, or on one address that is
// named.
//
// 'localhost' may resolve to ::1 before 127.0.0.1 (Node 18 tries only the first), so a server
// that is reached by that name answers on both where the machine has both.

import net from 'node:net';

const V4 = '127.0.0.1';
const V6 = '::1';

/**
 * Starts an http.Server on 127.0.0.1 and, if there is one, on ::1.
 * @param {import('node:http').Server} server
 * @param {{port?: number, orFree?: boolean, host?: string}} options port 0 takes a free one; orFree
 *   takes a free one when the wanted port is in use; host: listen there instead
 * @returns {Promise<{port: number, wanted: number, close: () => Promise<void>}>}
 */
export async function listen(server, { port = 0, orFree = false, host } = {}) {
  const first = host ?? V4;
  try {
    await bind(server, port, first);
  } catch (error) {
    if (error.code !== 'EADDRINUSE' || !orFree) throw explain(error, port);
    await bind(server, 0, first);
  }
  const actual = server.address().port;
  const second = host === undefined ? await listenV6(server, actual) : undefined;
  return {
    port: actual,
    wanted: port || actual,
    async close() {
      second?.close();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

/**
 * Nobody is given one of these who asks for any (Linux begins at 32,768, others at 49,152): what is
 * started with a port needs a while until it listens, and must not find it taken by then.
 */
const [LEAST_PORT, PORTS] = [20_000, 12_000];
/** Processes that begin one after the other choose so far from each other. */
const STRIDE = 61;
let chosen = process.pid * STRIDE;
const another = () => LEAST_PORT + chosen++ % PORTS;

/**
 * A port for somebody who will listen: the wanted one, or a free one if that is in use or 0.
 * It is not reserved: another process that wants just this one may take it first.
 */
export async function choosePort(wanted) {
  let port = wanted || another();
  for (let attempts = 0; attempts < PORTS; attempts++, port = another())
    if (await isFree(port)) return port;
  throw new Error('no port is free');
}

async function isFree(port) {
  const probe = net.createServer();
  try {
    await bind(probe, port, V4);
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    return false;
  }
  await new Promise((resolve) => probe.close(resolve));
  return true;
}

/** A plain TCP listener that hands its connections to the HTTP server; absent without IPv6. */
async function listenV6(server, port) {
  const second = net.createServer((socket) => server.emit('connection', socket));
  try {
    await bind(second, port, V6);
    return second;
  } catch {
    return undefined; // no IPv6 here, or the port is another program's there
  }
}

function bind(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function explain(error, port) {
  if (error.code !== 'EADDRINUSE') return error;
  return Object.assign(new Error(`port ${port} is in use`), { code: error.code });
}
