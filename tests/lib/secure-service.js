// The service's REST side behind TLS, under a name; it checks every token and every route.
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { connectionString } from './handler.js';
import { startRestRecorder } from './rest-recorder.js';

export class SecureService {
  /**
   * @param {string} name
   * @param {{ key: string, cert: string }} identity
   * @param {string[]} addresses it listens on the same port of all of them
   */
  static async start(name, identity, addresses = ['127.0.0.1']) {
    const service = new SecureService();
    service.recorder = await startRestRecorder();
    for (const address of addresses) await service.#listen(identity, address);
    service.recorder.endpoint = `https://${name}:${service.port}`;
    service.connectionString = connectionString(service.recorder.endpoint);
    return service;
  }

  #servers = [];
  #sockets = new Set();
  port = 0;
  /** One of each connection: the name that the client asked for, the version of TLS. */
  connections = [];
  /** Codes of handshakes that came to nothing. */
  refusals = [];

  async #listen(identity, address) {
    const server = tls.createServer(identity, (socket) => this.#pass(socket));
    server.on('tlsClientError', (error) => this.refusals.push(error.code));
    server.listen(this.port, address);
    await once(server, 'listening');
    this.port = server.address().port;
    this.#servers.push(server);
  }

  #pass(socket) {
    const inner = net.connect(this.recorder.port, '127.0.0.1');
    this.connections.push({ name: socket.servername, version: socket.getProtocol() });
    for (const one of [socket, inner]) {
      this.#sockets.add(one);
      one.on('error', () => {});
      one.on('close', () => {
        this.#sockets.delete(one);
        (one === socket ? inner : socket).destroy();
      });
    }
    socket.pipe(inner).pipe(socket);
  }

  async close() {
    const closed = this.#servers.map((server) => once(server, 'close'));
    for (const server of this.#servers) server.close();
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
    await this.recorder.close();
  }
}
