// The transport of the older CodeStream: a plain WebSocket to Web PubSub, subprotocol
// json.webpubsub.azure.v1, no event handler. The service itself enforces the roles in the token, so
// the permissions are the same; but it can address groups only, and does not say who published a
// message. Both are in the message instead: `from` is the sender's connection, and a message with
// `to` is ignored by every other viewer. What is for several goes to all: they would get it anyway.

import { SOMEBODY } from './protocol.js';

const SUBPROTOCOL = 'json.webpubsub.azure.v1';
/** For connecting and joining together. */
const JOIN_MS = 6_000;
const JOIN_ACK = 1;

export const query = `protocol=${SUBPROTOCOL}`;
export const fields = ['url'];

/** @type {import('./link.js').Transport['open']} */
export function open({ url }, { subscribeTo, publishTo }, events) {
  const socket = new WebSocket(url, SUBPROTOCOL);
  /** @type {Map<number, (answer: import('./link.js').Answer) => void>} */
  const waiting = new Map();
  let sid = '';
  let closed = false;
  let nextAck = JOIN_ACK + 1;
  const down = (/** @type {string} */ code, /** @type {string} */ message) => {
    if (closed) return;
    closed = true;
    clearTimeout(timer);
    socket.close();
    events.failed({ code, message });
  };
  const timer = setTimeout(() => down('Timeout', 'the room could not be joined in time'), JOIN_MS);
  const send = (/** @type {object} */ message) => socket.send(JSON.stringify(message));

  waiting.set(JOIN_ACK, (answer) => {
    clearTimeout(timer);
    if (answer.success) events.joined(sid);
    else down(answer.error.code, answer.error.message);
  });
  const received = (/** @type {any} */ message) => {
    if (message?.type === 'system' && message.event === 'connected') {
      sid = String(message.connectionId ?? '');
      send({ type: 'joinGroup', group: subscribeTo, ackId: JOIN_ACK });
    } else if (message?.type === 'system' && message.event === 'disconnected') {
      down('Disconnected', String(message.message ?? 'the service ended the connection'));
    } else if (message?.type === 'ack') {
      waiting.get(message.ackId)?.(readAck(message));
      waiting.delete(message.ackId);
    } else if (message?.type === 'message' && message.group === subscribeTo) {
      heard(message.data);
    }
  };
  const heard = (/** @type {any} */ data) => {
    if (data === 'sync') events.heard({ data }, SOMEBODY);
    else if (data?.to === undefined || data.to === sid) events.heard(data, data?.from);
  };
  socket.onmessage = ({ data }) => {
    if (!closed) received(parse(data));
  };
  socket.onclose = ({ code }) => down('Disconnected', `the connection closed (${code})`);
  return {
    send(data, to, answered) {
      if (closed || socket.readyState !== WebSocket.OPEN) return;
      const one = typeof to === 'string' && to !== SOMEBODY;
      const addressed = Array.isArray(data) ? data : { ...data, from: sid, ...(one && { to }) };
      const message = { group: publishTo, dataType: 'json', noEcho: true, data: addressed };
      if (answered) waiting.set(nextAck, answered);
      send({ type: 'sendToGroup', ...message, ...(answered && { ackId: nextAck++ }) });
    },
    close() {
      closed = true;
      clearTimeout(timer);
      socket.close();
    },
  };
}

/** @param {unknown} text @returns {any} undefined if it is not JSON */
function parse(text) {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}

/** @param {any} ack @returns {import('./link.js').Answer} */
function readAck({ success, error }) {
  // A duplicate was received, too: the first time.
  if (success === true || error?.name === 'Duplicate') return { success: true };
  const { name = 'Unknown', message = 'no reason given' } = error ?? {};
  return { success: false, error: { code: String(name), message: String(message) } };
}
