// Clients of the native endpoint: Microsoft's @azure/web-pubsub-client with everything it hears
// kept in the order of its arrival.
import * as older from '@azure/web-pubsub-client';
import { Inbox, within } from '../lib/deadline.js';

const START_MS = 10_000;
const KEEP_ALIVE_MS = 200;
export const PLAIN = 'json.webpubsub.azure.v1';
export const RELIABLE = 'json.reliable.webpubsub.azure.v1';
const PROTOCOLS = { [PLAIN]: 'WebPubSubJsonProtocol', [RELIABLE]: 'WebPubSubJsonReliableProtocol' };

/** Versions of the client, by their names: the newest of them needs a Node of 20. */
export const CLIENTS = { '1.0.2': older };
if (Number(process.versions.node.split('.')[0]) >= 20) {
  CLIENTS['1.0.4'] = await import('web-pubsub-client-1.0.4');
}

export class NativePeer {
  /** Opens a connection at a URL that has its token. */
  static async open(url, protocol = PLAIN, sdk = older) {
    const peer = new NativePeer(url, protocol, sdk);
    try {
      await within(START_MS, peer.client.start(), 'start of a native client');
      Object.assign(peer, await peer.life.next(({ event }) => event === 'connected'));
    } catch (error) {
      peer.close();
      throw error;
    }
    return peer;
  }

  constructor(url, protocol, sdk) {
    this.client = new sdk.WebPubSubClient(url, {
      protocol: sdk[PROTOCOLS[protocol]](),
      autoReconnect: false,
      messageRetryOptions: { maxRetries: 0 },
    });
    // Its keep-alive pauses for 20 s and goes on when the service has ended the connection. No
    // option of it says otherwise, and the process of a test would have to wait for it.
    this.client._activeTimeoutInMs = KEEP_ALIVE_MS;
    this.groups = new Inbox('a message of a group');
    this.server = new Inbox('a message of the server');
    this.life = new Inbox('the beginning or end of a connection');
    this.client.on('group-message', ({ message }) => this.groups.push(message));
    this.client.on('server-message', ({ message }) => this.server.push(message));
    for (const event of ['connected', 'disconnected', 'stopped']) {
      this.client.on(event, (about) => this.life.push({ event, ...about }));
    }
  }

  /** The data of the next message of a group. */
  async heard(group) {
    const { data } = await this.groups.next((message) => message.group === group);
    return data;
  }

  /** Data of all group messages so far. */
  get all() {
    return this.groups.all.map(({ data }) => data);
  }

  close() {
    this.client.stop();
    this.client._activeKeepaliveTask?.abort();
  }
}

/** Opens native clients and closes them all. */
export class NativePeers {
  #peers = [];

  async open(url, protocol, sdk) {
    const peer = await NativePeer.open(url, protocol, sdk);
    this.#peers.push(peer);
    return peer;
  }

  close() {
    for (const peer of this.#peers.splice(0)) peer.close();
  }
}
