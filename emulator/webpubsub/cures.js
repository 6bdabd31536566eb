// What to do about a failure: what was probably meant, said beside what went wrong. Pure.

/** @param {string} origin our host, without a port */
export const validationCure = (origin) =>
  `answer OPTIONS with 200 and WebHook-Allowed-Origin: * or ${origin}`;

const REFUSED = 'is the event handler running, and is the address of --upstream right?';
const CLOSED = 'it has closed the connection without a response: did it throw?';
const NO_HTTP = 'what it sends is no HTTP: is it another program, or https?';

const BY_CODE = {
  ECONNREFUSED: REFUSED,
  EHOSTUNREACH: REFUSED,
  ETIMEDOUT: REFUSED,
  ENOTFOUND: 'nobody knows the host that --upstream names',
  EAI_AGAIN: 'nobody knows the host that --upstream names',
  ECONNRESET: CLOSED,
  EPIPE: CLOSED,
  EPROTO: 'does it speak https? http:// and https:// are not the same',
};

const BY_STATUS = {
  400: 'it does not like the request: its own output may say why',
  401: 'does it want a key? One may stand in the URL of --upstream, as ?code=…',
  403: 'does it want a key? One may stand in the URL of --upstream, as ?code=…',
  404: 'is the path of --upstream right? {hub} and {event} are filled in',
  405: 'events are POST requests: does it serve POST at this path?',
  408: 'it has waited for the request in vain',
  411: 'it reads no Content-Length',
  415: 'events of clients are text/plain, system events application/json',
  501: 'events are POST requests: does it serve POST at this path?',
};

const BEGUN = 'its response has begun and does not end: HTTP/1.1 needs a Content-Length, or chunks';
const HANGS = 'it hangs, or has one thread, which waits for another connection to be closed '
  + "(Python's ThreadingHTTPServer has one for each)";

/**
 * Why a delivery has probably failed.
 * @param {{status?: number, code?: string}} failure
 * @returns {string | undefined}
 */
export function failureCure({ status, code }) {
  if (status === undefined) return code?.startsWith('HPE_') ? NO_HTTP : BY_CODE[code];
  if (status >= 300 && status < 400) return 'redirections are not followed: --upstream needs the last URL';
  return BY_STATUS[status] ?? (status >= 500 ? 'its own output says what went wrong' : undefined);
}

/** Why there is no response yet. @param {{status?: number}} progress status: its head has come */
export const delayCure = ({ status }) => (status === undefined ? HANGS : BEGUN);

/** A fault and its cure. */
export const withCure = (fault, cure) => (cure === undefined ? fault : `${fault}: ${cure}`);

/** In two spellings that are meant as one, what differs. */
const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/**
 * Why the audience of a token is not the one that is wanted.
 * @param {unknown} given the claim
 * @param {string} wanted
 * @returns {string}
 */
export function explainAudience(given, wanted) {
  const told = `the token's audience is ${JSON.stringify(given)} (expected ${wanted})`;
  return withCure(told, audienceCure([given].flat()[0], wanted));
}

function audienceCure(given, wanted) {
  if (typeof given !== 'string') return `a token needs the claim aud: '${wanted}'`;
  const [own, theirs] = [new URL(wanted), tryUrl(given)];
  if (!theirs) return 'an audience is a whole URL';
  const [from, to] = [kindOf(theirs.pathname), kindOf(own.pathname)];
  if (from !== to) return `that is a token for ${from}, and this is for ${to}${CURES[to] ?? ''}`;
  if (LOOPBACK.test(theirs.hostname) && LOOPBACK.test(own.hostname) && theirs.hostname !== own.hostname) {
    return `${theirs.hostname} and ${own.hostname} are two names: the endpoint is spelt as in the `
      + 'connection string, or set with --endpoint';
  }
  if (theirs.hostname !== own.hostname || theirs.port !== own.port) {
    return "it names another endpoint: take this service's connection string";
  }
  if (theirs.pathname !== own.pathname) {
    const isCase = theirs.pathname.toLowerCase() === own.pathname.toLowerCase();
    return isCase ? 'capitals and small letters differ: spell the hub alike in both' : 'the paths differ';
  }
  if (theirs.search !== own.search) return 'the query belongs to it, api-version included, unchanged';
  return 'http and https are not the same here';
}

const SOCKETIO = 'Socket.IO clients';
const NATIVE = 'native clients';
const CURES = {
  [SOCKETIO]: ": SDKs make one with clientType socketio (Python: client_protocol='SocketIO'), "
    + '`token --hub HUB` prints one',
  [NATIVE]: ': `token --native` prints one',
};

function kindOf(pathname) {
  if (/^\/clients\/socketio\//i.test(pathname)) return SOCKETIO;
  if (/^\/client\//i.test(pathname)) return NATIVE;
  return pathname.startsWith('/api/') ? 'REST calls' : 'something else';
}

function tryUrl(text) {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}
