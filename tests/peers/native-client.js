// Clients of the native endpoint: Microsoft's @azure/web-pubsub-client with everything it hears
// kept in the order of its arrival.
import {
  WebPubSubClient, WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol,
} from '@azure/web-pubsub-client';
import { Inbox, within } from '../lib/deadline.js';

const START_MS = 10_000;
const KEEP_ALIVE_MS = 200;
export const PLAIN = 'json.webpubsub.azure.v1';
export const RELIABLE = 'json.reliable.webpubsub.azure.v1';
const PROTOCOLS = {
  [PLAIN]: () => WebPubSubJsonProtocol(),
  [RELIABLE]: () => WebPubSubJsonReliableProtocol(),
};

export class NativePeer {
  /** Opens a connection at a URL that has its token. */
  static async open(url, protocol = PLAIN) {
    const peer = new NativePeer(url, protocol);
    try {
      await within(START_MS, peer.client.start(), 'start of a native client');
      Object.assign(peer, await peer.life.next(({ event }) => event === 'connected'));
    } catch (error) {
      peer.close();
      throw error;
    }
    return peer;
  }

  constructor(url, protocol) {
    this.client = new WebPubSubClient(url, {
      protocol: PROTOCOLS[protocol](),
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

  async open(url, protocol) {
    const peer = await NativePeer.open(url, protocol);
    this.#peers.push(peer);
    return peer;
  }

  close() {
    for (const peer of this.#peers.splice(0)) peer.close();
  }
}
