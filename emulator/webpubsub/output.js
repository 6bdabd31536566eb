// What a Socket.IO client is sent: packets as handlers and REST calls have made them, each looked at
// for what the client will not understand, and a bound on what it has not read yet.

import { misfit } from './outgoing.js';
import { PacketType, readPayload } from './packets.js';

export class Output {
  #engine;
  #service;
  #owner;
  #pendingBytes = 0;
  #ended = false;

  /**
   * @param {import('engine.io').Socket} engine
   * @param {{options: {maxPendingBytes: number}, log}} service
   * @param {{socketOf: (namespace: string) => object | undefined,
   *   onDisconnect: (namespace: string, closes: boolean) => void, onSlow: () => void,
   *   onWrite: (text: string) => void}} owner
   *   socketOf: the client's, if it is connected; onDisconnect: a packet wants its end; onSlow: more
   *   is unread than may be
   */
  constructor(engine, service, owner) {
    this.#engine = engine;
    this.#service = service;
    this.#owner = owner;
    engine.on('upgrade', () => {
      this.#pendingBytes = 0; // what the old transport has written is not reported any more
    });
  }

  /** Nothing further is written. */
  end() {
    this.#ended = true;
  }

  /** @param {{text: string, attachments?: Buffer[]}} packet */
  write({ text, attachments = [] }) {
    if (this.#ended) return;
    this.#owner.onWrite(text);
    for (const data of [text, ...attachments]) {
      const length = Buffer.byteLength(data);
      this.#pendingBytes += length;
      this.#engine.write(data, {}, () => {
        this.#pendingBytes = Math.max(0, this.#pendingBytes - length);
      });
    }
    if (this.#pendingBytes > this.#service.options.maxPendingBytes) this.#owner.onSlow();
  }

  /** Writes what a REST call sends. @param {import('./message.js').Message} message */
  send(message) {
    const warn = (words) => message.warn(() => this.#warn(words));
    if (message.dataType === 'text') this.#writePayload(message.payload(), warn);
    else warn(`was not sent ${message.dataType}, only text goes: ${AS_TEXT}`);
  }

  /**
   * Writes the packets of the response to an event.
   * @param {{status: number, headers: object, body: string}} response
   * @param {{namespace: string, acks}} socket whose event it was
   * @param {number} [ackId] the acknowledgement that the client waits for
   */
  answer({ status, headers, body }, socket, ackId) {
    const warn = warnOnce((words) => this.#warn(words));
    if (status !== 204 && body !== '') {
      const isText = /^text\/plain\b/i.test(headers['content-type'] ?? '');
      if (isText) this.#writePayload(readPayload(body), warn);
      else warn(`was not sent a response that is not text/plain: ${explainType(headers, ackId)}`);
    }
    if (ackId === undefined || !socket.acks.has(ackId)) return;
    const { namespace } = socket;
    const start = `43${namespace === '/' ? '' : `${namespace},`}${ackId}`;
    warn(`waits for an acknowledgement that the response has not: '${start}[…]' as text/plain`);
  }

  /** As it is, whatever the client will make of it, but for a packet that would eat the next one. */
  #writePayload({ packets, fault }, warn) {
    for (const packet of packets) {
      const { type, namespace, finding, closes } = packet;
      const socket = this.#owner.socketOf(namespace);
      const problem = finding.fault ?? misfit(finding, { namespace, socket });
      if (problem) warn(`is sent what it cannot use: ${problem}`);
      if (type === PacketType.DISCONNECT) this.#owner.onDisconnect(namespace, closes);
      else if (!finding.isIncomplete) this.write(packet);
    }
    if (fault) warn(`cannot be sent this payload: ${fault}`);
  }

  #warn(words) {
    this.#service.log.warn('client', this.#engine.id, words);
  }
}

/** SDKs send JSON unless they are told otherwise. */
const AS_TEXT = "Content-Type: text/plain (SDKs: contentType 'text/plain'; Python: content_type=)";

function explainType(headers, ackId) {
  const given = headers['content-type'] ?? 'none';
  const example = ackId === undefined ? '42["name",…]' : `43${ackId}[…]`;
  return `Content-Type is ${given}, and the body should be packets, such as ${example}`;
}

/** The first of several warnings about the same thing is the one that names the cause. */
function warnOnce(warn) {
  let isTold = false;
  return (words) => {
    if (!isTold) warn(words);
    isTold = true;
  };
}
