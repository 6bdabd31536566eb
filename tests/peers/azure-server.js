// Servers of an application as Microsoft's articles write them: Socket.IO's own, with
// useAzureSocketIO, whose clients are at the service stand-in in default mode.
import http from 'node:http';
import { useAzureSocketIO } from '@azure/web-pubsub-socket.io';
import { Server } from 'socket.io';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { within } from '../lib/deadline.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { Parts } from '../lib/parts.js';
import { Client } from '../lib/sockets.js';

export const HUB = 'servers';
const START_MS = 10_000;

export const startApplication = (options) => new Application().begin(options);

/** A service in default mode, servers of one hub of it, and clients. */
export class Application extends Parts {
  lines = [];
  clients = [];

  /** @param {{service?: object, servers?: number, socketio?: object, use?: Function}} options use: another
   * useAzureSocketIO */
  async start({ service = {}, servers = 1, socketio = {}, use = useAzureSocketIO } = {}) {
    this.use = use;
    this.servers = [];
    this.endWith(() => this.#closeServers());
    await this.startService(service);
    for (let i = 0; i < servers; i++) this.servers.push(await this.addServer(socketio));
    [this.io] = this.servers;
  }

  async startService(options = {}) {
    this.service = await startWebPubSub({
      serviceMode: 'default',
      accessKeys: [ACCESS_KEY],
      hubs: { [HUB]: { anonymousConnectPolicy: 'allow' } },
      log: (line) => this.lines.push(line),
      ...options,
    });
    this.endWith(() => this.service.close());
  }

  /** While they have their lines: without one the library does not stop its attempts to have one. */
  async #closeServers() {
    for (const client of this.clients.splice(0)) client.close();
    for (const io of this.servers) io.close();
    await new Promise((resolve) => setImmediate(resolve)); // it stops a moment later
  }

  async addServer(options = {}) {
    const server = http.createServer();
    const io = new Server(server, options);
    const { connectionString } = this.service;
    await within(START_MS, this.use(io, { hub: HUB, connectionString }), 'the line');
    return io;
  }

  /** A client, not yet connected. */
  dial({ hub = HUB, token, ...options } = {}) {
    const session = { endpoint: this.service.endpoint, path: `/clients/socketio/hubs/${hub}`, token };
    const client = new Client(session, { transports: ['websocket'], ...options });
    this.clients.push(client);
    return client;
  }

  /** A client that is connected, and the socket at its server. */
  async connect(options = {}) {
    const client = this.dial(options);
    await within(START_MS, client.connected, 'a connection');
    const { namespace = '/' } = options;
    const socket = this.servers.map((io) => io.of(namespace).sockets.get(client.id)).find(Boolean);
    return { client, socket };
  }

  /** So many clients of a namespace. */
  async crowd(count, options) {
    const peers = [];
    for (let i = 0; i < count; i++) peers.push(await this.connect(options));
    return peers;
  }

  warnings() {
    return this.lines.filter((line) => line.startsWith('warn'));
  }
}
