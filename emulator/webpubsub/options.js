// Every setting of the service: its name, default, limits, and meaning. The command line and its
// --help are made from this table.
//
// What is not known about the real service is marked `unknown`; its default is the careful one.

import { isLoopback } from '../loopback.js';
import { nearest } from '../nearest.js';
import { FAULTS } from './faults.js';

const MiB = 1024 * 1024;

/** kind: count, ms, bytes, flag, text, list of ms, or the allowed words */
export const KNOBS = {
  // --- what the resource is
  serviceMode: {
    kind: ['serverless', 'default'],
    value: 'serverless',
    help: 'who gets the events of Socket.IO: event handlers, or servers that call useAzureSocketIO',
  },
  serverGraceMs: { kind: 'ms', value: 2000, unknown: true, help: 'servers: time for a lost line to come back' },
  tunnelKeepAliveMs: {
    kind: 'ms',
    value: 30_000,
    unknown: true,
    help: 'servers: pause between frames that keep a line up (0: none)',
  },
  invokeTimeoutMs: {
    kind: 'ms',
    value: 60_000,
    unknown: true,
    help: 'servers: time for the acknowledgements of a broadcast',
  },

  // --- tokens
  clockSkewSeconds: { kind: 'count', value: 300, help: 'tolerance for exp and nbf of tokens' },
  audience: {
    kind: ['exact', 'lenient'],
    value: 'exact',
    help: 'how aud is compared; lenient ignores case, query and percent-encoding',
  },
  checkTokenOnEveryRequest: {
    kind: 'flag',
    value: false,
    unknown: true,
    help: 'check the client token again on requests of an open session',
  },
  closeOnTokenExpiry: {
    kind: 'flag',
    value: false,
    unknown: true,
    help: 'close a live connection when its token expires',
  },
  groupClaim: {
    kind: 'flag',
    value: false,
    unknown: true,
    help: 'Socket.IO: join the groups of the webpubsub.group claim',
  },

  // --- Engine.IO and Socket.IO
  pingIntervalMs: { kind: 'ms', value: 25_000, unknown: true, help: 'Engine.IO ping interval' },
  pingTimeoutMs: { kind: 'ms', value: 20_000, unknown: true, help: 'Engine.IO ping timeout' },
  maxPayload: { kind: 'bytes', value: 1_000_000, unknown: true, help: 'largest client message' },
  connectTimeoutMs: {
    kind: 'ms',
    value: 45_000,
    unknown: true,
    help: 'time for a client to join its first namespace',
  },
  maxPendingBytes: {
    kind: 'bytes',
    value: 16 * MiB,
    help: 'unread output that drops a client; unhandled input after which it is not read',
  },
  maxQueuedPackets: {
    kind: 'count',
    value: 10_000,
    help: 'unhandled messages of a client after which it is not read',
  },
  closingDisconnect: {
    kind: ['one', 'all'],
    value: 'one',
    unknown: true,
    help: '41{"close":true}: whether one namespace of the client is told of the end, or all are',
  },
  connectErrorText: {
    kind: ['status', 'body'],
    value: 'status',
    unknown: true,
    help: "what a refused client reads: the status, or the body of the handler's response",
  },
  connectAuth: {
    kind: ['drop', 'forward'],
    value: 'drop',
    unknown: true,
    help: 'what happens to the auth object of CONNECT; forward adds it to connect as "auth"',
  },
  binaryEvents: {
    kind: ['forward', 'refuse'],
    value: 'forward',
    unknown: true,
    help: 'events with attachments: one payload upstream, or the end of the connection',
  },
  ordering: {
    kind: ['connection', 'socket'],
    value: 'connection',
    unknown: true,
    help: "whether one connection's sockets wait for each other's events",
  },

  maxConnections: {
    kind: 'count',
    value: 0,
    unknown: true,
    help: 'clients at a time, as of a tier; the next one is answered 429 (0: no bound)',
  },
  idsBeginWith: { kind: 'text', value: '', help: 'what connection ids begin with, such as - or _' },

  // --- upstream
  validateHandlers: {
    kind: 'flag',
    value: true,
    help: 'validate a handler before its first event',
  },
  revalidateMs: { kind: 'ms', value: 60_000, unknown: true, help: 'time between validations' },
  upstreamTimeoutMs: {
    kind: 'ms',
    value: 100_000,
    unknown: true,
    help: 'time for one event, all its attempts together',
  },
  retryDelaysMs: {
    kind: 'list',
    value: [1000, 3000, 5000],
    unknown: true,
    help: 'pauses before an event is retried after 408, 5xx or a network failure',
  },
  userEventFailure: {
    kind: ['close', 'disconnect', 'ignore'],
    value: 'close',
    unknown: true,
    help: 'after a failed or unhandled user event: end the connection, the socket, or nothing',
  },
  headerEncoding: {
    kind: ['minimal', 'cloudevents'],
    value: 'minimal',
    unknown: true,
    help: 'ce- values: percent-encode what no header can carry, or also space, quote and percent',
  },
  headerCase: {
    kind: ['documented', 'lower'],
    value: 'documented',
    unknown: true,
    help: 'how header names of events are spelt',
  },
  eventType: {
    kind: ['message', 'name'],
    value: 'message',
    help: "Socket.IO: ce-type of user events: user.message, or user. and the event's name",
  },
  originOnEvents: {
    kind: 'flag',
    value: true,
    help: 'send WebHook-Request-Origin with events; seen missing behind Flex Consumption',
  },
  connectedDelayMs: { kind: 'ms', value: 0, help: 'Socket.IO: how late `connected` is sent' },
  signEvents: { kind: 'flag', value: true, unknown: true, help: 'send ce-signature' },
  connectionState: {
    kind: 'flag',
    value: false,
    unknown: true,
    help: 'Socket.IO: keep ce-connectionState of a response and repeat it',
  },
  connectResponse: {
    kind: 'flag',
    value: false,
    unknown: true,
    help: 'Socket.IO: honour userId and groups in the response to connect',
  },

  // --- native clients
  recoveryMs: { kind: 'ms', value: 60_000, help: 'reliable: time to come back after a cut' },
  maxUnackedMessages: { kind: 'count', value: 1000, help: 'reliable: messages kept for a client' },
  keepAliveMs: { kind: 'ms', value: 20_000, help: 'native: pause between WebSocket pings' },

  // --- REST
  restBodyLimit: { kind: 'bytes', value: MiB, unknown: true, help: 'largest REST body' },
  defaultClientType: {
    kind: ['socketio', 'native'],
    value: 'socketio',
    unknown: true,
    help: 'kind of clients that :generateToken mints tokens for by default',
  },
  missingTarget: {
    kind: ['accept', 'refuse'],
    value: 'accept',
    help: 'a send to a connection that does not exist: 202, or by mistake 404',
  },
  joinDelayMs: { kind: 'ms', value: 0, help: 'how late a group joined over REST is effective' },

  // --- faults on purpose
  ...FAULTS,
};

export const DEFAULT_KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH'; // of Microsoft's examples
const MIN_KEY = 32; // bytes
const MAX_MS = 2 ** 31 - 1; // a timer of Node's that is longer is over at once
const ID_START = /^[A-Za-z0-9_-]{0,8}$/;
const HUB = /^[A-Za-z][A-Za-z0-9_`,.[\]]{0,127}$/;

/** A setting that makes no sense. */
export class OptionError extends Error {}

export const isHubName = (name) => HUB.test(name);

export const hubNameFault = (name) =>
  `'${name}' is not a hub name: a letter, and then letters, digits or _ \` , . [ ]`;

/** Fills in the defaults, and names every fault at once. */
export function readOptions(given = {}) {
  const options = { port: 0, orFree: false, endpoint: undefined, accessKeys: [DEFAULT_KEY] };
  // host: where to listen instead of the loopback interface; insecure: though anybody may know how
  // to get in there
  Object.assign(options, { host: undefined, insecure: false });
  // identityTokens: bearer tokens that REST accepts unread, in place of Entra's
  // clock: the service's own time, in milliseconds, which may differ from everybody else's
  Object.assign(options, { identityTokens: [], hubs: {}, clock: Date.now });
  // log gets lines, logEntry the same as objects; logLevel 'warnings': only warnings and notes
  Object.assign(options, { log: undefined, logEntry: undefined, logLevel: 'all' });
  for (const [name, { value }] of Object.entries(KNOBS)) options[name] = value;
  const faults = [];
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(options, name)) faults.push(`there is no option '${name}'`);
    else if (KNOBS[name] && !fits(KNOBS[name].kind, value)) faults.push(misfit(name, value));
    options[name] = value;
  }
  faults.push(...structureFaults(options), ...exposureFaults(options));
  if (faults.length > 0) throw new OptionError(faults.join('; '));
  return options;
}

/**
 * Changes the faults of a service that runs.
 * @param {object} options of readOptions; they are changed
 * @param {object} faults by name
 */
export function changeFaults(options, faults) {
  const wrong = Object.entries(faults).flatMap(([name, value]) => {
    if (!Object.hasOwn(FAULTS, name)) return [`'${name}' is no fault that can be set`];
    return fits(FAULTS[name].kind, value) ? [] : [misfit(name, value)];
  });
  wrong.push(...structureFaults({ ...options, ...faults }));
  if (wrong.length > 0) throw new OptionError(wrong.join('; '));
  Object.assign(options, faults);
}

function fits(kind, value) {
  if (Array.isArray(kind)) return kind.includes(value);
  if (kind === 'flag') return typeof value === 'boolean';
  if (kind === 'text') return typeof value === 'string';
  if (kind === 'list') return Array.isArray(value) && value.every((item) => fits('ms', item));
  return Number.isSafeInteger(value) && value >= 0 && (kind !== 'ms' || value <= MAX_MS);
}

function misfit(name, value) {
  const { kind } = KNOBS[name];
  const isTime = kind === 'ms' || kind === 'list';
  const wanted = Array.isArray(kind) ? kind.join(' or ') : `${kind}${isTime ? `, at most ${MAX_MS}` : ''}`;
  return `${name} should be ${wanted}, not ${JSON.stringify(value)}`;
}

function structureFaults(options) {
  const { accessKeys, hubs, port, endpoint, idsBeginWith, restFailStatus } = options;
  const faults = [];
  if (restFailStatus !== 429 && !(restFailStatus >= 500 && restFailStatus <= 599)) {
    faults.push(`a REST call fails with 429 or 500 to 599, not ${restFailStatus}`);
  }
  if (endpoint !== undefined && !isEndpoint(endpoint)) {
    faults.push(`'${endpoint}' is not an endpoint: http:// or https://, a host, perhaps a port`);
  }
  if (!ID_START.test(idsBeginWith)) faults.push(`no connection id begins with '${idsBeginWith}'`);
  if (!Number.isInteger(port) || port < 0 || port > 65535) faults.push(`${port} is not a port`);
  if (options.host === '') faults.push('host is an address or a name, and not empty');
  faults.push(...keyFaults(accessKeys));
  for (const [name, hub] of Object.entries(hubs)) {
    if (!isHubName(name)) faults.push(hubNameFault(name));
    faults.push(...hubFaults(name, hub));
  }
  return faults;
}

/** @returns {string[]} what is wrong with the access keys */
export function keyFaults(accessKeys) {
  if (!Array.isArray(accessKeys) || accessKeys.length < 1 || accessKeys.length > 2) {
    return ['there have to be one or two access keys'];
  }
  const isShort = accessKeys.some((key) => Buffer.byteLength(String(key)) < MIN_KEY);
  return isShort ? [`an access key needs at least ${MIN_KEY} bytes`] : [];
}

const isObject = (value) => value !== null && typeof value === 'object' && !Array.isArray(value);

function hubFaults(name, hub) {
  const place = `hub '${name}'`;
  if (!isObject(hub)) return [`${place} is an object with anonymousConnectPolicy and eventHandlers`];
  const { anonymousConnectPolicy = 'deny', eventHandlers = [] } = hub;
  const faults = strangers(place, hub, ['anonymousConnectPolicy', 'eventHandlers']);
  if (!['allow', 'deny'].includes(anonymousConnectPolicy)) {
    faults.push('anonymousConnectPolicy has to be allow or deny');
  }
  if (!Array.isArray(eventHandlers)) faults.push(`eventHandlers of ${place} is a list`);
  else faults.push(...eventHandlers.flatMap(handlerFaults));
  return faults;
}

/** Names that mean nothing here, each with the one that was probably meant. */
function strangers(place, given, names) {
  return Object.keys(given).filter((name) => !names.includes(name)).map((name) => {
    const near = nearest(name, names);
    return `${place} has no setting '${name}'${near === undefined ? '' : `: did you mean ${near}?`}`;
  });
}

/** What others on the network must not find open, unless somebody says so. */
function exposureFaults({ host, insecure, accessKeys, identityTokens }) {
  if (host === undefined || isLoopback(host) || insecure) return [];
  const faults = [];
  if ([accessKeys].flat().includes(DEFAULT_KEY)) {
    faults.push(`everybody knows the default access key, so at ${host} another one is needed`);
  }
  if (identityTokens.length > 0) {
    faults.push(`an identity token is accepted unread, so it is not for ${host}`);
  }
  if (faults.length > 0) faults.push('`insecure` allows it all the same');
  return faults;
}

/** The service has an address of its own: nothing follows the host and the port. */
export function isEndpoint(text) {
  try {
    const { pathname, search, hash, username, password } = new URL(text);
    return /^https?:/i.test(text) && `${pathname}${search}${hash}${username}${password}` === '/';
  } catch {
    return false;
  }
}

const SYSTEM_EVENTS = ['connect', 'connected', 'disconnected'];

/** @returns {string[]} what is wrong with one event handler's settings */
export function handlerFaults(handler) {
  if (!isObject(handler)) return ['an event handler is an object with urlTemplate'];
  const { urlTemplate, userEventPattern = '', systemEvents = [] } = handler;
  const names = ['urlTemplate', 'userEventPattern', 'systemEvents'];
  const faults = strangers('an event handler', handler, names);
  if (typeof userEventPattern !== 'string') faults.push('userEventPattern is a text: * or names with commas');
  if (!Array.isArray(systemEvents)) return [...faults, 'systemEvents is a list'];
  if (!/^(https?:\/\/[^/{}]+(\/.*)?|tunnel:\/\/\/.*)$/.test(urlTemplate ?? '')) {
    const near = /^[\w.-]+(:\d+)?(\/|$)/.test(urlTemplate ?? '') ? `: do you mean http://${urlTemplate}?` : '';
    faults.push(`'${urlTemplate}' is not a URL template (http, https or tunnel:///, no {} in the host)${near}`);
  }
  for (const event of systemEvents) {
    if (SYSTEM_EVENTS.includes(event)) continue;
    faults.push(`'${event}' is not a system event: ${SYSTEM_EVENTS.join(', ')} are`);
  }
  return faults;
}
