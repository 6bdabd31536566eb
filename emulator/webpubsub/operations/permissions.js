// The permissions that the REST interface grants and takes, per connection.

import { PERMISSIONS } from '../permissions.js';
import { ApiError, connectionOf } from './call.js';

/** A grant is for one group, or without targetName for all. */
function read(call) {
  const { permission } = call.params;
  if (!PERMISSIONS.includes(permission)) {
    throw new ApiError(400, 'InvalidPermission', `permissions are ${PERMISSIONS.join(' and ')}`);
  }
  const { permissions } = connectionOf(call);
  return { permissions, permission, group: call.query.get('targetName') ?? undefined };
}

export function grant(call) {
  const { permissions, permission, group } = read(call);
  permissions.grant(permission, group);
  return { status: 200 };
}

export function revoke(call) {
  const { permissions, permission, group } = read(call);
  permissions.revoke(permission, group);
  return { status: 204 };
}

export function check(call) {
  const { permissions, permission, group } = read(call);
  return { status: permissions.allows(permission, group) ? 200 : 404 };
}
