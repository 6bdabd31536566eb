// What the doctor sends, and what came back. Nothing here throws, judges, or waits without a
// deadline. status: 0 where there was no response, and problem says why.
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';

const REQUEST_MS = 8000;
const GREETING_MS = 3000;
const MAX_BODY_CHARS = 64 * 1024;
const LATE = `no answer within ${REQUEST_MS / 1000} s`;

/** Connections are not kept: one that the other side closes meanwhile would look like a fault. */
export function transport({ certificates: ca }, url) {
  const proxy = url.startsWith('https:') && getProxyForUrl(url);
  return { ca, agent: proxy ? new HttpsProxyAgent(proxy) : false };
}

/** aheadMs: how far the clock of the response's Date is ahead of this machine's; tookMs: until it began. */
export async function send(d, method, url, headers = {}, content = undefined) {
  const signal = AbortSignal.timeout(REQUEST_MS);
  const begun = performance.now();
  try {
    const { request } = url.startsWith('https:') ? https : http;
    const sent = request(url, { ...transport(d, url), method, headers, signal });
    sent.on('error', () => {}); // also after the response has begun, when its body ends with it
    sent.end(content);
    const [response] = await once(sent, 'response');
    const aheadMs = Date.parse(response.headers.date) - Date.now();
    const tookMs = performance.now() - begun;
    let body = '';
    for await (const bytes of plain(response).setEncoding('utf8')) {
      body += bytes;
      if (body.length >= MAX_BODY_CHARS) break; // which ends the response
    }
    return { status: response.statusCode, headers: response.headers, body, aheadMs, tookMs };
  } catch (error) {
    const isLate = signal.aborted;
    return { status: 0, headers: {}, body: '', isLate, problem: isLate ? LATE : describe(error) };
  }
}

/** A static website has its files compressed, and sends them so to everybody. */
const plain = (response) =>
  (response.headers['content-encoding'] === 'gzip' ? pipeline(response, createGunzip(), () => {}) : response);

/** By its code alone: a message may have a URL in it, and with that a key. */
function describe(error) {
  const code = error?.code;
  if (code === 'CERT_HAS_EXPIRED') return 'the certificate has expired';
  if (/CERT|SIGNATURE/.test(code)) return `the certificate cannot be trusted (${code})`;
  const isUnreachable = /REFUSED|NOTFOUND|AGAIN|UNREACH|TIMEDOUT/.test(code);
  return `${isUnreachable ? 'cannot connect' : 'the exchange failed'} (${code})`;
}

/**
 * A client connects and joins the room; where there is none, it emits any event. The greeting is
 * waited for, since a service without an event handler closes the connection at joinRoom.
 */
export async function visit(d) {
  const seen = { status: 0, problem: LATE, isConnected: false, isGreeted: false };
  const { io } = await import('socket.io-client'); // slow to load, and not always needed
  const socket = io(d.clientUrl, {
    ...transport(d, d.clientUrl),
    path: d.path,
    query: { access_token: d.visitor.token },
    transports: ['polling'], // which says why it is refused, and which no proxy holds up
    reconnection: false,
  });
  socket.io.engine.on('open', () => Object.assign(seen, { status: 200 }));
  socket.on('login', () => Object.assign(seen, { isGreeted: true }));
  socket.on('connect_error', (error) => Object.assign(seen, readError(error)));
  await first(socket, ['connect', 'connect_error', 'disconnect'], d.isDown ? GREETING_MS : REQUEST_MS);
  seen.isConnected = socket.connected;
  if (socket.connected && d.visitor.room && !seen.isGreeted) {
    await first(socket, ['login', 'disconnect'], GREETING_MS);
  }
  if (socket.connected) {
    const request = d.visitor.room ? ['joinRoom', { room_id: d.visitor.room }] : ['doctor'];
    const acked = socket.timeout(REQUEST_MS).emitWithAck(...request);
    seen.ack = await acked.then((ack) => ack ?? {}, () => undefined);
  }
  socket.disconnect();
  return seen;
}

/** Of the namespace, or of the transport, perhaps with a response. */
export function readError({ type, message, description, context }) {
  if (type !== 'TransportError') return { rejection: message || 'it does not say why' };
  if (typeof description === 'number') return { status: description, body: context.responseText };
  return { problem: describe(context?.statusText) };
}

/** Until the first of these events, but no longer than this. */
export function first(emitter, events, ms) {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
    for (const event of events) emitter.once(event, resolve);
  });
}
