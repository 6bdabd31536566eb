// What the service puts on the wire towards an event handler: the CloudEvents headers, the
// signature, the Engine.IO packet. Written from the documents and shared with neither the handler
// nor the stand-in.
import { createHmac, randomBytes } from 'node:crypto';
import { ACCESS_KEY } from './handler.js';

export const HUB = 'codestream';
export const API_VERSION = '2024-01-01';

export const newRoom = () => randomBytes(16).toString('base64url');
export const controlRoom = (room) => `${room}-control`;

/** One socket as the service knows it. Role `w` or `v`; `user` overrides the subject. */
export function newPeer(role, room, { namespace = '/', hub = HUB, user = `${role}.${room}` } = {}) {
  return {
    room,
    namespace,
    hub,
    user,
    connectionId: randomBytes(16).toString('hex'),
    socketId: randomBytes(12).toString('base64url'),
  };
}

export function sign(connectionId, key = ACCESS_KEY) {
  return `sha256=${createHmac('sha256', key).update(connectionId).digest('hex')}`;
}

/** The group of a room, of a socket (its id), or with room '' of a whole namespace. */
export function group(room, namespace = '/') {
  return `0~${base64url(namespace)}~${base64url(room)}`;
}

function base64url(text) {
  return Buffer.from(text).toString('base64url');
}

/** Headers of an event as pairs. A value of null in `changes` removes, an array repeats. */
function eventHeaders(peer, { type, name, contentType, changes = {} }) {
  const headers = {
    'Content-Type': contentType,
    'WebHook-Request-Origin': 'localhost',
    'ce-specversion': '1.0',
    'ce-awpsversion': '1.0',
    'ce-type': type,
    'ce-source': `/hubs/${peer.hub}/client/${peer.connectionId}`,
    'ce-id': randomBytes(4).readUInt32BE().toString(),
    'ce-time': new Date().toISOString(),
    'ce-signature': sign(peer.connectionId),
    'ce-connectionId': peer.connectionId,
    'ce-hub': peer.hub,
    'ce-eventName': name,
    'ce-namespace': peer.namespace,
    'ce-socketId': peer.socketId,
    'ce-userId': peer.user,
    ...changes,
  };
  return Object.entries(headers)
    .filter(([, value]) => value !== null && value !== undefined)
    .flatMap(([key, value]) => [value].flat().map((one) => [key, one]));
}

/** The request of a system event: connect, connected, disconnected. */
export function systemEvent(peer, name, body = {}, changes = {}) {
  return {
    method: 'POST',
    path: '/eventhandler',
    headers: eventHeaders(peer, {
      type: `azure.webpubsub.sys.${name}`,
      name,
      contentType: 'application/json; charset=utf-8',
      changes,
    }),
    body: JSON.stringify(body),
  };
}

/** The body of a `connect` event: all values are lists of strings. */
export function connectBody(peer) {
  return {
    claims: { sub: [peer.user], exp: ['1726200500'] },
    query: { access_token: ['a.b.c'], EIO: ['4'], transport: ['websocket'] },
    headers: { 'user-agent': ['test'] },
    clientCertificates: [],
  };
}

/** The request of a user event, its body given as packet text or bytes. */
export function rawUserEvent(peer, name, body, changes = {}) {
  return {
    method: 'POST',
    path: '/eventhandler',
    headers: eventHeaders(peer, {
      type: 'azure.webpubsub.user.message',
      name,
      contentType: 'text/plain',
      changes,
    }),
    body,
  };
}

/** The request of `socket.emit(name, argument)`; `argument`: a value or JSON text. */
export function userEvent(peer, name, argument, { ack = '', changes } = {}) {
  const json = typeof argument === 'string' ? argument : JSON.stringify(argument);
  const namespace = peer.namespace === '/' ? '' : `${peer.namespace},`;
  const list = json === undefined ? '' : `,${json}`;
  return rawUserEvent(peer, name, `42${namespace}${ack}["${name}"${list}]`, changes);
}

export const joinRoom = (peer, roomId = peer.room, options = {}) =>
  userEvent(peer, 'joinRoom', { room_id: roomId }, options);

/** `dataText` is JSON text, so that a test decides its every byte. */
export const sendToRoom = (peer, dataText, { to, roomId = peer.room, ...options } = {}) => {
  const recipient = to === undefined ? '' : `,"to":${JSON.stringify(to)}`;
  const room = JSON.stringify(roomId);
  const argument = `{"room_id":${room},"data":${dataText}${recipient}}`;
  return userEvent(peer, 'sendToRoom', argument, options);
};

/** The acknowledgement in the answer to a user event: { id, value }. */
export function readAck(answer) {
  const match = /^43(?:\/[^,]*,)?(\d+)(\[.*\])$/s.exec(answer.text);
  if (!match) throw new Error(`no ack in an answer ${answer.status}: ${answer.text.slice(0, 200)}`);
  const list = JSON.parse(match[2]);
  if (list.length !== 1) throw new Error(`an ack with ${list.length} values`);
  return { id: match[1], value: list[0] };
}
