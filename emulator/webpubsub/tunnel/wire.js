// The frames of a server's line, /server/tunnel: four bytes of length, then in MessagePack an array
// of a type, a JSON object and perhaps a body. Pure.

/** What a frame is. The service has more types; these are what a server needs. */
export const TYPES = { request: 1, response: 2, status: 5, connected: 10 };

const LENGTH_BYTES = 4;
const ARRAY_OF_3 = 0x93;
const NIL = 0xc0;
const MAX_FIXINT = 0x7f;
const FIXSTR = 0xa0; // and the length in the lower bits
const MAX_FIXSTR = 31;
/** By the bytes that the length takes. */
const STR = { 1: 0xd9, 2: 0xda, 4: 0xdb };
const BIN = { 1: 0xc4, 2: 0xc5, 4: 0xc6 };

/** What is no frame, or none that a server sends. */
export class FrameError extends Error {}

// --- to a server ------------------------------------------------------------------------------

/**
 * @param {number} type
 * @param {object} fields of the JSON object, in the order in which they are written
 * @param {string | Buffer} [body]
 * @returns {Buffer}
 */
export function encodeFrame(type, fields, body) {
  const json = Buffer.from(JSON.stringify({ Type: type, ...fields, TracingId: null }));
  const content = body === undefined ? undefined : Buffer.from(body);
  const parts = [
    Buffer.from([ARRAY_OF_3, type]),
    json.length <= MAX_FIXSTR ? Buffer.from([FIXSTR + json.length]) : head(STR, json.length),
    json,
    ...(content === undefined ? [Buffer.from([NIL])] : [head(BIN, content.length), content]),
  ];
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(parts.reduce((sum, part) => sum + part.length, 0));
  return Buffer.concat([length, ...parts]);
}

function head(markers, length) {
  const size = length <= 0xff ? 1 : length <= 0xffff ? 2 : 4;
  const bytes = Buffer.alloc(1 + size);
  bytes[0] = markers[size];
  bytes.writeUIntBE(length, 1, size);
  return bytes;
}

/** The first frame of a line. */
export const connectedFrame = (id) =>
  encodeFrame(TYPES.connected, { ConnectionId: id, UserId: null, ReconnectionToken: null });

/** Says nothing, but that the line is alive. */
export const statusFrame = (text) => encodeFrame(TYPES.status, { Message: text });

/** @param {{ackId: number, method: string, url: string, headers: object, body?: string}} request */
export const requestFrame = ({ ackId, method, url, headers, body }) =>
  encodeFrame(TYPES.request, {
    AckId: ackId, HttpMethod: method, Url: url, Headers: lists(headers), LocalRouting: false, ChannelName: '',
  }, body);

/**
 * @param {{ackId: number, localRouting: boolean, channel: string}} call that is answered
 * @param {{status: number, body?: string, more?: boolean}} answer more: another part follows
 */
export const responseFrame = ({ ackId, localRouting, channel }, { status, body, more = false }) =>
  encodeFrame(TYPES.response, {
    AckId: ackId, StatusCode: status, Headers: {}, LocalRouting: localRouting, ChannelName: channel,
    NotCompleted: more,
  }, body);

const lists = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));

// --- from a server ----------------------------------------------------------------------------

/**
 * @param {Buffer} bytes one message of a WebSocket
 * @returns {{type: number, fields: object, body?: Buffer}}
 * @throws {FrameError}
 */
export function decodeFrame(bytes) {
  if (bytes.length < LENGTH_BYTES || bytes.readUInt32LE() !== bytes.length - LENGTH_BYTES) {
    throw new FrameError('its length is not what its first four bytes say');
  }
  if (bytes[4] !== ARRAY_OF_3) throw new FrameError('it is no array of three');
  const type = bytes[5];
  if (!(type <= MAX_FIXINT)) throw new FrameError('its type is no small number');
  const json = readJson(bytes, 6);
  const content = readBody(bytes, json.end);
  if (content.end !== bytes.length) throw new FrameError('there are bytes behind its body');
  const fields = parse(json.bytes);
  if (fields.Type !== type) throw new FrameError(`its Type is not ${type}, as it says before`);
  return { type, fields, body: content.bytes };
}

function readJson(bytes, at) {
  const marker = bytes[at];
  if (marker >= FIXSTR && marker <= FIXSTR + MAX_FIXSTR) return cut(bytes, at + 1, marker - FIXSTR);
  return readLong(bytes, at, STR) ?? fault('its second part is no text');
}

function readBody(bytes, at) {
  if (bytes[at] === NIL) return { bytes: undefined, end: at + 1 };
  return readLong(bytes, at, BIN) ?? fault('its third part is neither bytes nor nil');
}

function readLong(bytes, at, markers) {
  const size = [1, 2, 4].find((one) => markers[one] === bytes[at]);
  if (size === undefined) return undefined;
  if (at + 1 + size > bytes.length) fault('it ends too early');
  return cut(bytes, at + 1 + size, bytes.readUIntBE(at + 1, size));
}

function cut(bytes, start, length) {
  const end = start + length;
  if (end > bytes.length) fault('it ends too early');
  return { bytes: bytes.subarray(start, end), end };
}

function parse(bytes) {
  let value;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    fault('its second part is not JSON');
  }
  return isObject(value) ? value : fault('its second part is no JSON object');
}

function fault(words) {
  throw new FrameError(words);
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

/**
 * @typedef {object} Call of a server, or its answer
 * @property {boolean} isRequest
 * @property {number} ackId
 * @property {boolean} localRouting to be repeated in the answer, as the channel
 * @property {string} channel
 * @property {Buffer} [body]
 * @property {Record<string, string>} headers names in lower case
 * @property {string} [method] of a request
 * @property {string} [url] of a request
 * @property {number} [status] of an answer
 * @property {boolean} [more] of an answer: another part follows
 */

/**
 * Reads what a server may send: requests and answers.
 * @param {Buffer} bytes
 * @returns {Call}
 * @throws {FrameError}
 */
export function readCall(bytes) {
  const { type, fields, body } = decodeFrame(bytes);
  const { AckId: ackId, LocalRouting: localRouting = false, ChannelName: channel = '' } = fields;
  if (!Number.isSafeInteger(ackId) || ackId < 0) fault('its AckId is no number');
  if (typeof localRouting !== 'boolean' || typeof channel !== 'string') {
    fault('its LocalRouting or ChannelName is none');
  }
  const call = { ackId, localRouting, channel, headers: readHeaders(fields.Headers ?? {}), body };
  if (type === TYPES.request) {
    const { HttpMethod: method, Url: url } = fields;
    if (typeof method !== 'string' || typeof url !== 'string') fault('a request has HttpMethod and Url');
    return { ...call, isRequest: true, method, url };
  }
  if (type !== TYPES.response) fault(`type ${type} is nothing that a server sends`);
  const { StatusCode: status, NotCompleted: more = false } = fields;
  if (!(Number.isInteger(status) && status >= 100 && status <= 599)) fault('its StatusCode is none');
  return { ...call, isRequest: false, status, more: more === true };
}

/** Of a list of values the first one counts. */
function readHeaders(headers) {
  if (!isObject(headers)) fault('its Headers are no object');
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), readValue([value].flat()[0] ?? '')]));
}

function readValue(value) {
  return typeof value === 'object' ? fault('a value of its Headers is no text') : String(value);
}
