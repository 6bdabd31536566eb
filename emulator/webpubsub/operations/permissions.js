// The permissions that the REST interface grants and takes, per connection.

import { INVALID_GROUP, badRequest, notExisted } from '../errors.js';
import { groupNameFault } from '../groups.js';
import { PERMISSIONS } from '../permissions.js';
import { connectionOf, maybeConnectionOf } from './call.js';

/** Both permissions are for one group, which is asked for before the connection is. */
function read({ params, query }) {
  const { permission } = params;
  if (!PERMISSIONS.includes(permission)) {
    throw badRequest(`permissions are ${PERMISSIONS.join(' and ')}`, 'permission');
  }
  const group = query.get('targetName') ?? undefined;
  const fault = groupNameFault(group);
  if (fault) throw Object.assign(badRequest(INVALID_GROUP), { hint: `targetName: ${fault}` });
  return { permission, group };
}

export function grant(call) {
  const { permission, group } = read(call);
  connectionOf(call, 'Info').permissions.grant(permission, group);
  return { status: 200 };
}

export function revoke(call) {
  const { permission, group } = read(call);
  for (const { permissions } of maybeConnectionOf(call)) permissions.revoke(permission, group);
  return { status: 204 };
}

/** A permission that was not granted is told as a connection that is not there. */
export function check(call) {
  const { permission, group } = read(call);
  if (connectionOf(call, 'Info').permissions.allows(permission, group)) return { status: 200 };
  throw notExisted('Info', 'Connection', call.params.connection);
}
