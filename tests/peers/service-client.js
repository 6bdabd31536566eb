// The one place that knows how Microsoft's service SDK, @azure/web-pubsub, is set up to speak with
// a service on this machine: over plain HTTP, over IPv4, and without retries that hide a failure.
import dns from 'node:dns';
import * as newest from '@azure/web-pubsub';
import * as older from 'web-pubsub-1.1.4';
import { Client } from '../lib/sockets.js';
import { connectionString } from '../lib/handler.js';

// Node 18 tries only the first address of `localhost`, which may be ::1, where nobody listens.
dns.setDefaultResultOrder('ipv4first');

export const TEXT = { contentType: 'text/plain' };
export const SOCKET_IO = 'socketio';

/** Versions of the SDK, by their names. */
export const SDKS = { '1.2.0': newest, '1.1.4': older };

/** @param {{ endpoint: string }} service of which only the address is used */
export function serviceClient({ endpoint }, hub, accessKey, sdk = newest) {
  return new sdk.WebPubSubServiceClient(connectionString(endpoint, accessKey), hub, {
    allowInsecureConnection: true,
    retryOptions: { maxRetries: 0 },
  });
}

/** What a page would have got from /negotiate, made by the SDK alone. */
export async function socketSession({ endpoint }, sdk, options = {}) {
  const { token, baseUrl } = await sdk.getClientAccessToken({
    clientProtocol: SOCKET_IO, ...options,
  });
  return { endpoint, path: new URL(baseUrl).pathname, token };
}

/** Socket.IO clients whose tokens are the SDK's. */
export class SocketPeers {
  #clients = [];

  constructor(service, sdk) {
    this.service = service;
    this.sdk = sdk;
  }

  /** @param {object} options of getClientAccessToken */
  async open(options) {
    const client = new Client(await socketSession(this.service, this.sdk, options));
    this.#clients.push(client);
    await client.connected;
    client.connectionId = client.socket.io.engine.id;
    return client;
  }

  close() {
    for (const client of this.#clients.splice(0)) client.close();
  }
}

/** The names of the events that each client got, in order, up to a mark that all get. */
export async function heardBy(sdk, ...clients) {
  await sdk.sendToAll('42["mark"]', TEXT);
  return Promise.all(clients.map(async (client) => {
    await client.next('mark');
    return client.events.all.map(({ name }) => name).filter((name) => name !== 'mark');
  }));
}
