// What the older CodeStream's page does, without its editor: a WebSocket with the JSON subprotocol,
// one group for the text and one through which viewers ask for it. Nobody but the service is
// between writer and viewer.
import { WebSocket } from 'ws';
import { eventually, Inbox, within } from '../lib/deadline.js';
import { PLAIN } from './native-client.js';

const WAIT_MS = 5000;

/** A page of either kind: joins one group, may send to the other. */
class Page {
  #socket;
  #acks = new Inbox('an ack of the service');
  #lastAck = 0;

  constructor(socket) {
    this.#socket = socket;
    this.heard = [];
    socket.on('error', () => {});
    socket.on('message', (text) => this.#read(JSON.parse(text)));
  }

  static async connect(url) {
    const socket = new WebSocket(url, PLAIN);
    await within(WAIT_MS, new Promise((resolve, reject) => {
      socket.on('open', resolve);
      socket.on('error', reject);
    }), 'a WebSocket');
    return socket;
  }

  #read(packet) {
    if (packet.type === 'ack') this.#acks.push(packet);
    else if (packet.type === 'message' && packet.from === 'group') this.onMessage(packet);
  }

  send(packet) {
    this.#socket.send(JSON.stringify(packet));
  }

  /** Sends with an ackId and waits for its answer. */
  ask(packet) {
    this.#lastAck += 1;
    const ackId = this.#lastAck;
    this.send({ ...packet, ackId });
    return this.#acks.next((ack) => ack.ackId === ackId, WAIT_MS);
  }

  async join(group) {
    const { success } = await this.ask({ type: 'joinGroup', group });
    if (!success) throw new Error(`the group ${group} may not be joined`);
  }

  tell(group, data) {
    this.send({ type: 'sendToGroup', group, dataType: 'json', data });
  }

  /** The same with an answer, which that page never asked for. */
  tellAndAsk(group, data) {
    return this.ask({ type: 'sendToGroup', group, dataType: 'json', data });
  }

  close() {
    this.#socket.terminate();
  }
}

export class OlderWriter extends Page {
  static async open(url, id, text) {
    const writer = new OlderWriter(await Page.connect(url));
    Object.assign(writer, { id, text, version: 0 });
    await writer.join(`${id}-control`);
    return writer;
  }

  onMessage({ dataType, data }) {
    this.heard.push({ dataType, data });
    if (data !== 'sync') return;
    this.tell(this.id, { type: 'full', content: this.text, version: this.version });
  }

  /** Types at the end of the text and sends the change at once. */
  type(text) {
    const changes = [{ rangeOffset: this.text.length, rangeLength: 0, text }];
    this.text += text;
    this.tell(this.id, { type: 'delta', changes, version: this.version });
    this.version += 1;
  }
}

export class OlderViewer extends Page {
  static async open(url, id) {
    const viewer = new OlderViewer(await Page.connect(url));
    Object.assign(viewer, { id, text: '', version: -1 });
    await viewer.join(id);
    viewer.tell(`${id}-control`, 'sync');
    return viewer;
  }

  onMessage({ data }) {
    this.heard.push(data);
    if (data.type === 'full' && data.version > this.version) {
      this.text = data.content;
      this.version = data.version;
    }
    if (data.type !== 'delta') return;
    this.version = data.version;
    for (const { rangeOffset: at, rangeLength, text } of data.changes) {
      this.text = this.text.slice(0, at) + text + this.text.slice(at + rangeLength);
    }
  }

  shows(text) {
    return eventually(WAIT_MS, () => this.text === text, `a viewer's text ${JSON.stringify(text)}`);
  }
}
