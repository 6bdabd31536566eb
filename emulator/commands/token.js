// Prints a client's token and where it goes. Needs nothing that runs.

import { fail, readCommandLine } from '../cli.js';
import { isLoopback } from '../loopback.js';
import { DEFAULT_KEY, hubNameFault, isEndpoint, isHubName, keyFaults } from '../webpubsub/options.js';
import { CLIENT_PATHS } from '../webpubsub/operations/tokens.js';
import { signToken } from '../webpubsub/token.js';
import { ACCESS_KEY, ALL_SETTINGS, PREFIX, SERVICE_OPTIONS } from './service.js';

const ABOUT = `Usage: webpubsub-socketio-emulator token [options]

Prints the endpoint, the path, a token and the whole URL for one client, for an emulator on this
machine. A hub that is --anonymous needs no token. JavaScript:
io(endpoint, { path, query: { access_token: token } }).

Options:`;

const OPTIONS = {
  hub: { ...SERVICE_OPTIONS.hub, instead: 'a token is for one hub' },
  user: { kind: 'text', help: 'whose connection it is: ce-userId', instead: 'a token is for one user' },
  role: { kind: 'text', many: true, help: 'such as webpubsub.sendToGroup, for native clients' },
  group: { kind: 'text', many: true, help: 'a group that a native client is in from the start' },
  minutes: { kind: 'count', value: 60, help: 'how long the token can be used' },
  native: { kind: 'flag', help: 'for a native client instead of one of Socket.IO' },
  endpoint: { kind: 'text', value: 'http://localhost:8080', help: 'of the emulator' },
  accessKey: ACCESS_KEY,
  json: { kind: 'flag', help: 'print one line of JSON' },
};

export const TOKEN = { about: ABOUT, prefix: PREFIX, passedOver: ALL_SETTINGS, options: OPTIONS };

export function token(args) {
  const values = readCommandLine(TOKEN, args);
  const fault = tokenFault(values);
  if (fault) fail(fault);
  const client = clientOf(values, new URL(values.endpoint).origin);
  if (values.json) console.log(JSON.stringify(client));
  else for (const [name, text] of Object.entries(client)) console.log(`${name.padEnd(10)}${text}`);
}

/** @returns {string | undefined} why there is no such token */
export function tokenFault({ endpoint, hub, accessKey }) {
  if (!isHubName(hub)) return hubNameFault(hub);
  if (!isEndpoint(endpoint) || !isLoopback(new URL(endpoint).hostname)) {
    return `tokens are signed for an emulator on this machine only, and '${endpoint}' is none`;
  }
  return accessKey === undefined ? undefined : keyFaults(accessKey)[0];
}

/**
 * What one client needs to connect.
 * @param {{hub: string, user?: string, role?: string[], group?: string[], minutes: number,
 *   native?: boolean, accessKey?: string[]}} values
 * @param {string} endpoint
 * @returns {{endpoint: string, path: string, token: string, url: string}}
 */
export function clientOf(values, endpoint) {
  const { hub, user, role, group, minutes, native, accessKey: [key] = [DEFAULT_KEY] } = values;
  const place = native ? endpoint.replace(/^http/, 'ws') : endpoint;
  const path = `${CLIENT_PATHS[native ? 'native' : 'socketio']}${hub}`;
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: `${endpoint}${path}`, iat: now, exp: now + 60 * minutes,
    sub: user, role, 'webpubsub.group': group,
  };
  const signed = signToken(claims, key);
  const slash = native ? '' : '/';
  return { endpoint: place, path, token: signed, url: `${place}${path}${slash}?access_token=${signed}` };
}
