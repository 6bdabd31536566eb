// The client tokens that the service itself mints, for applications without an access key.

import { randomUUID } from 'node:crypto';

import { ApiError, invalidClientType } from '../errors.js';
import { signToken } from '../token.js';
import { checkedGroup, readNumber } from './call.js';

const ISSUER = 'https://webpubsub.azure.com';
const DEFAULT_MINUTES = 60;
const KEY_ID = `s-${randomUUID()}`;

/** Where clients of each kind connect; the name of the hub follows. */
export const CLIENT_PATHS = { socketio: '/clients/socketio/hubs/', native: '/client/hubs/' };

export function generateToken({ query, hub, service }) {
  const { options, endpoint } = service;
  const minutes = readNumber(query, 'minutesToExpire', 1, 2 ** 31) ?? DEFAULT_MINUTES;
  const now = Math.floor(options.clock() / 1000);
  const claims = { nbf: now, exp: now + minutes * 60, iat: now, iss: ISSUER };
  claims.aud = `${endpoint}${CLIENT_PATHS[clientType(query, options)]}${hub.name}`;
  if (query.get('userId')) claims.sub = query.get('userId');
  const [roles, groups] = [query.getAll('role'), query.getAll('group')];
  if (roles.length > 0) claims.role = roles;
  if (groups.length > 0) claims['webpubsub.group'] = groups.map(checkedGroup);
  const token = signToken(claims, options.accessKeys[0], { kid: KEY_ID });
  return { status: 200, json: { token } };
}

/**
 * A resource has one kind, and `default` means that. One of native clients refuses `socketio`; what
 * one of Socket.IO does is not known.
 */
function clientType(query, { defaultClientType }) {
  const given = query.get('clientType') ?? 'default';
  const type = given.toLowerCase();
  if (type === 'default') return defaultClientType;
  if (type === 'socketio' && defaultClientType === 'socketio') return 'socketio';
  if (type === 'mqtt') throw new ApiError(501, 'NotImplemented', 'there is no MQTT here');
  throw invalidClientType(given);
}
