// The client tokens that the service itself mints, for applications without an access key.

import { randomUUID } from 'node:crypto';

import { signToken } from '../token.js';
import { ApiError, checkedGroup, readNumber } from './call.js';

const ISSUER = 'https://webpubsub.azure.com';
const DEFAULT_MINUTES = 60;
const KEY_ID = `s-${randomUUID()}`;

const PATHS = { socketio: '/clients/socketio/hubs/', native: '/client/hubs/' };

export function generateToken({ query, hub, service }) {
  const { options, endpoint } = service;
  const minutes = readNumber(query, 'minutesToExpire', 1, 2 ** 31) ?? DEFAULT_MINUTES;
  const now = Math.floor(options.clock() / 1000);
  const claims = { nbf: now, exp: now + minutes * 60, iat: now, iss: ISSUER };
  claims.aud = `${endpoint}${PATHS[clientType(query, options)]}${hub.name}`;
  if (query.get('userId')) claims.sub = query.get('userId');
  const [roles, groups] = [query.getAll('role'), query.getAll('group')];
  if (roles.length > 0) claims.role = roles;
  if (groups.length > 0) claims['webpubsub.group'] = groups.map(checkedGroup);
  const token = signToken(claims, options.accessKeys[0], { kid: KEY_ID });
  return { status: 200, json: { token } };
}

/** A resource has one kind and `Default` means that; here both kinds are served. */
function clientType(query, { defaultClientType }) {
  const given = (query.get('clientType') ?? 'default').toLowerCase();
  if (given === 'default') return defaultClientType;
  if (given === 'socketio') return 'socketio';
  if (given === 'mqtt') throw new ApiError(501, 'NotImplemented', 'there is no MQTT here');
  throw new ApiError(400, 'InvalidClientType', `clientType '${given}' is not known`, 'clientType');
}
