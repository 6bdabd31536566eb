// The settings of the service on a command line, in the environment or in a file, and what
// startWebPubSub makes of them. `exec` has them as well.

import { networkInterfaces } from 'node:os';

import { isEverywhere, isLoopback } from '../loopback.js';
import { KNOBS } from '../webpubsub/options.js';
import { CLIENT_PATHS } from '../webpubsub/operations/tokens.js';
import { logTo } from './printing.js';

/** What names of settings begin with in the environment. */
export const PREFIX = 'WEBPUBSUB_EMULATOR_';

const SEEN = 'seen in lists of processes: better in the environment or the file';

const COMMAS = 'one list, with commas, has all of them';

/** The key with which tokens are signed, for those who make tokens and those who check them. */
export const ACCESS_KEY = {
  kind: 'text',
  many: true,
  help: `an access key; twice for primary and secondary; ${SEEN}`,
};

export const SERVICE_OPTIONS = {
  port: { kind: 'count', value: 8080, help: 'where to listen' },
  orFree: { kind: 'flag', help: 'take a free port if that one is in use' },
  host: { kind: 'text', help: 'the address to listen on instead of the loopback interface' },
  insecure: { kind: 'flag', help: 'listen there though anybody may know the key' },
  endpoint: { kind: 'text', help: 'address that tokens name (http://localhost:PORT)' },
  accessKey: ACCESS_KEY,
  identityToken: {
    kind: 'text',
    many: true,
    help: 'a bearer token that REST accepts unread, as from a managed identity',
  },
  hub: {
    kind: 'text',
    value: 'codestream',
    help: 'the hub that the next options are about',
    instead: '--hubs FILE has several hubs',
  },
  upstream: {
    kind: 'text',
    help: 'URL template of its event handler: {hub}, {event}',
    instead: '--hubs FILE gives a hub several handlers',
  },
  userEvents: { kind: 'text', value: '*', help: 'user events it wants: * or names with commas', instead: COMMAS },
  systemEvents: {
    kind: 'text',
    value: 'connect,connected,disconnected',
    help: 'system events it wants',
    instead: COMMAS,
  },
  anonymous: { kind: 'flag', help: 'the hub admits clients without a token' },
  hubs: { kind: 'json', help: 'the settings of several hubs instead' },
  log: { kind: 'flag', help: 'one line for each packet, delivery and REST call' },
  logJson: { kind: 'flag', help: 'the same, and warnings, as one JSON object a line' },
  ...KNOBS,
};

/** What only some commands have; where the environment or the file names them, the others pass them over. */
const OF_SOME = ['json', 'waitForHandlers', 'user', 'role', 'group', 'minutes', 'native'];
export const ALL_SETTINGS = [...Object.keys(SERVICE_OPTIONS), ...OF_SOME];

/**
 * @param {object} values as readCommandLine gives them
 * @param {import('node:tty').WriteStream} stream for the log
 * @returns {object} what startWebPubSub takes
 */
export function serviceOptions(values, stream) {
  const {
    hub, upstream, userEvents, systemEvents, anonymous, hubs, accessKey, identityToken, log, logJson,
    ...options
  } = values;
  const handler = {
    urlTemplate: upstream,
    userEventPattern: userEvents,
    systemEvents: systemEvents.split(',').filter(Boolean),
  };
  const oneHub = {
    anonymousConnectPolicy: anonymous ? 'allow' : 'deny',
    eventHandlers: upstream ? [handler] : [],
  };
  return {
    ...options,
    accessKeys: accessKey,
    identityTokens: identityToken,
    hubs: hubs ?? { [hub]: oneHub },
    ...logTo({ log, logJson }, stream),
  };
}

/** A warning of the command's own, in the form of the log. */
export function warn({ logEntry }, text) {
  logEntry({ time: new Date().toISOString(), kind: 'warn', text });
}

/** Why it does not start, and what to do. */
export function startFailure({ code, message }) {
  const cure = START_CURES[code];
  return `cannot start: ${message}${cure === undefined ? '' : `: ${cure}`}`;
}

const HOST = '--host is an address or a name of this machine, without http://, brackets or port';
const START_CURES = {
  EADDRINUSE: '--port names another, --or-free takes any',
  EACCES: 'ports below 1024 may need a privilege; --port names another',
  EADDRNOTAVAIL: HOST,
  ENOTFOUND: HOST,
};

/**
 * The lines that are worth a warning at the start.
 * @param {object} options of serviceOptions
 * @param {object} values of which they are made
 */
export const warnings = ({ host, hubs }, values) =>
  [...unheeded(values), ...misplaced(values), ...exposed(host, hubs)];

/** Servers open lines, and get the events whatever handlers there are. */
function misplaced({ serviceMode, upstream }) {
  if (serviceMode !== 'default' || upstream === undefined) return [];
  return ['in default mode events of Socket.IO go to servers that call useAzureSocketIO: --upstream gets those '
    + 'of native clients only; without --service-mode default it gets them all'];
}

/** `hubs` has the hubs whole. */
function unheeded({ hubs, upstream, anonymous }) {
  const given = [...(upstream === undefined ? [] : ['--upstream']), ...(anonymous ? ['--anonymous'] : [])];
  if (hubs === undefined || given.length === 0) return [];
  return [`beside --hubs nobody heeds ${given.join(' and ')}: the hubs there have their own`];
}

function exposed(host, hubs) {
  if (host === undefined || isLoopback(host)) return [];
  return Object.entries(hubs)
    .filter(([, { anonymousConnectPolicy }]) => anonymousConnectPolicy === 'allow')
    .map(([hub]) => `ANYBODY WHO REACHES ${host} CAN CONNECT TO HUB '${hub}': it admits clients without `
      + 'a token');
}

/**
 * The clients that the printed endpoint does not lead here, and the option that does.
 * @param {{host?: string, endpoint?: string}} options
 * @param {{endpoint: string, port: number}} service
 * @returns {string | undefined}
 */
export function explainEverywhere({ host, endpoint }, service, interfaces = networkInterfaces()) {
  if (!isEverywhere(host) || endpoint !== undefined) return undefined;
  const outside = Object.values(interfaces).flat().find(({ internal, family }) => !internal && family === 'IPv4');
  const other = `http://${outside?.address ?? 'NAME-OF-THIS-MACHINE'}:${service.port}`;
  return `${service.endpoint} leads here from this machine only; programs on others need `
    + `--endpoint ${other}, which is then what the connection string and tokens name`;
}

/** Where clients, applications and REST calls find the service. */
export function addresses({ endpoint, connectionString }) {
  return {
    endpoint,
    connectionString,
    socketio: `${endpoint}${CLIENT_PATHS.socketio}{hub}`,
    native: `${endpoint.replace(/^http/, 'ws')}${CLIENT_PATHS.native}{hub}`,
    rest: `${endpoint}/api/hubs/{hub}`,
  };
}
