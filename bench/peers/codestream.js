// Codestream's words and signatures as the peers in Node write them: what all three share, so
// that they differ in nothing but what they are compared for. It knows neither Express nor HTTP.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

export const HUB = 'codestream';
export const CLIENT_PATH = `/clients/socketio/hubs/${HUB}`;
export const TOKEN_SECONDS = 3600;
const API_VERSION = '2024-01-01';
const SETTING = 'WebPubSubForSocketIOConnectionString';

const base64url = (text) => Buffer.from(text).toString('base64url');

function readConnectionString(text = '') {
  const parts = text.split(';').filter(Boolean).map((part) => {
    const equals = part.indexOf('=');
    return [part.slice(0, equals).toLowerCase(), part.slice(equals + 1)];
  });
  const { endpoint, accesskey } = Object.fromEntries(parts);
  if (!endpoint || !accesskey) throw new Error(`${SETTING} needs an Endpoint and an AccessKey`);
  return { endpoint: endpoint.replace(/\/+$/, ''), key: accesskey };
}

export const connectionString = process.env[SETTING];
export const { endpoint, key } = readConnectionString(connectionString);

// ---- negotiate ----

const writerSecret = createHmac('sha256', key).update('codestream secret\n').digest();

export const newRoom = () => randomBytes(16).toString('base64url');

/** The answer to somebody who makes a room. */
export function grant(room, token) {
  const writerKey = createHmac('sha256', writerSecret).update(`codestream writer key\n${room}`);
  return {
    url: `${endpoint}/?access_token=${token}`,
    endpoint,
    path: CLIENT_PATH,
    token,
    room_id: room,
    role: 'writer',
    writer_key: writerKey.digest('base64url'),
    expires_in: TOKEN_SECONDS,
  };
}

// ---- tokens of own making ----

const JWT_HEADER = base64url('{"alg":"HS256","typ":"JWT"}');

/** A token for an audience: a client's with its subject, or for a REST call its URL and nobody. */
export function mint(aud, sub) {
  const iat = Math.floor(Date.now() / 1000);
  const claims = base64url(JSON.stringify({ iat, exp: iat + TOKEN_SECONDS, aud, sub }));
  const text = `${JWT_HEADER}.${claims}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
}

export const clientToken = (room) => mint(endpoint + CLIENT_PATH, `w.${room}`);

// ---- events ----

/** Is one of the signatures in the header ours? */
export function isSigned(connectionId, header) {
  const ours = Buffer.from(createHmac('sha256', key).update(connectionId).digest('hex'));
  return header.split(',').some((item) => {
    const theirs = Buffer.from(item.trim().replace(/^sha256=/, '').toLowerCase());
    return theirs.length === ours.length && timingSafeEqual(theirs, ours);
  });
}

/**
 * What a sendToRoom packet asks for, if its sender may: the id of its acknowledgement, the room,
 * and the packet that those in the room get.
 */
export function readSend(user, packet) {
  const [, ackId, json] = /^42(\d*)(\[.*)$/s.exec(packet);
  const [name, { room_id: asked, data }] = JSON.parse(json);
  const room = user.slice('w.'.length);
  const isOwn = asked === room || asked === `${room}-control`;
  if (name !== 'sendToRoom' || !user.startsWith('w.') || !isOwn) throw new Error('not allowed');
  const message = `42${JSON.stringify(['message', { type: 'editorMessage', data }])}`;
  return { ackId, room, message };
}

export const groupOf = (room) => `0~Lw~${base64url(room)}`;
const allBut = (socketId) => `not ('${groupOf(socketId)}' in groups)`;

/** Where a message for everybody in a room but its sender is sent to. */
export function sendPath(room, socketId) {
  const query = `api-version=${API_VERSION}&filter=${encodeURIComponent(allBut(socketId))}`;
  return `/api/hubs/${HUB}/groups/${groupOf(room)}/:send?${query}`;
}

/** Empty where the client did not ask for an acknowledgement. */
export const ack = (ackId) => (ackId === '' ? '' : `43${ackId}[{"success":true}]`);

// ---- starting ----

/** Listens on PORT (0: a free one) and says so. */
export function listen(server) {
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    console.log(`listening ${server.address().port}`);
  });
  process.on('SIGTERM', () => process.exit(0));
}
