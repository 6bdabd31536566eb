// What a client probably meant by a request that is refused before there is a connection, and what it
// learns of the refusal. Pure.

const PATH_IS = "a Socket.IO client needs the option `path: '/clients/socketio/hubs/{hub}'`";
const HINTS = [
  [/^\/socket\.io(?:$|\/)/, `${PATH_IS}; what follows the host in its URL is a namespace`],
  [/^\/clients\/mqtt\//, 'the stand-in has no MQTT'],
  [/^\/clients\/socketio\/hubs\/[^/]+\/./, `${PATH_IS}, and nothing after the hub`],
  [/^\/clients?(?:$|\/)/, 'clients connect to /clients/socketio/hubs/{hub} or /client/hubs/{hub}'],
  [/^\/(?:hubs|v1)(?:$|\/)/, 'REST calls begin with /api/hubs/{hub}/'],
  [/^\/(?:eventhandler|negotiate|api)(?:$|\/)/, 'that is for the event handler, another program'],
];

/** @returns {string} for the log, and for whoever reads the response */
export function explainPath(pathname) {
  const [, hint] = HINTS.find(([pattern]) => pattern.test(pathname)) ?? [];
  return `there is nothing at ${pathname}${hint ? `: ${hint}` : ''}`;
}

/** In the words of the service, and in ours. */
export const invalidHub = (name) =>
  `Invalid value of 'hub'. '${name}' is not a letter and then letters, digits or _ \` , . [ ]`;

/** How a refused request looks to a client of Socket.IO. @param {URL | undefined} url */
export function readsOf(status, url) {
  if (!/^\/(?:socket\.io|clients)\//.test(url?.pathname ?? '')) return String(status);
  const isSocket = url.searchParams.get('transport') === 'websocket';
  return `${status}; socket.io-client: connect_error '${isSocket ? 'websocket' : 'xhr poll'} error'`;
}

/** What engine.io finds wrong with a request, by its code. */
const ENGINE_CURES = {
  0: 'transport is polling or websocket',
  1: 'its session has ended, or the emulator was started anew: the client connects again by itself',
  2: 'a session begins with GET',
  3: 'it has a session already, on another transport',
  5: 'EIO=4, clients of Socket.IO 3 or newer, is spoken here',
};

/** @param {{code: number, message: string}} error of engine.io */
export function explainEngine({ code, message }) {
  const cure = ENGINE_CURES[code];
  return cure === undefined ? message : `${message}: ${cure}`;
}

const TLS = 0x16; // the first byte of a handshake
const CLIENT_ERRORS = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/**
 * What is no HTTP request, and what it probably is.
 * @param {{code: string, message: string, rawPacket?: Buffer}} error of http.Server
 * @returns {{status: number, why: string}}
 */
export function explainNoRequest({ code, message, rawPacket }) {
  const status = CLIENT_ERRORS[code] ?? 400;
  if (rawPacket?.[0] === TLS) return { status, why: 'that is TLS: it is http:// and ws:// here' };
  return { status, why: `that is no HTTP request: ${message}` };
}
