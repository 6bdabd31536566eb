// The questions that the REST interface answers: whether the service is well, whether a connection,
// group or user exists, and who is in a group.

import { notExisted } from '../errors.js';
import { groupOf, maybeConnectionOf, readNumber, userOf } from './call.js';

const MAX_PAGE = 200;

/** With `ready` in the query: also whether every event handler is validated; which is ours. */
export function health({ query, service }) {
  const invalid = query.has('ready') ? service.upstream.invalid : [];
  if (invalid.length === 0) return { status: 200, hasVersions: false };
  return { status: 503, hasVersions: false, json: { invalid }, note: `not ready: ${invalid}` };
}

const exists = (kind, name, isThere) => {
  if (isThere) return { status: 200 };
  throw notExisted('Warning', kind, name);
};

export const connectionExists = (call) =>
  exists('Connection', call.params.connection, maybeConnectionOf(call).length > 0);

export const groupExists = (call) =>
  exists('Group', call.params.group, call.hub.groups.has(groupOf(call)));

export const userExists = (call) => exists('User', call.params.user, userOf(call).length > 0);

/** One page of a group's members, in the order of their ids; the next page starts after an id. */
export function listMembers(call) {
  const { query, hub, service, url } = call;
  const page = readNumber(query, 'maxpagesize', 1, MAX_PAGE) ?? MAX_PAGE;
  const top = readNumber(query, 'top', 1, Number.MAX_SAFE_INTEGER) ?? Infinity;
  const after = Buffer.from(query.get('continuationToken') ?? '', 'base64url').toString();
  const left = hub.groups.members(groupOf(call)).filter(({ id }) => id > after);
  left.sort((a, b) => (a.id < b.id ? -1 : 1));
  const count = Math.min(page, top);
  const value = left.slice(0, count).map(describe);
  if (left.length <= count || top === count) return { status: 200, json: { value } };
  const further = new URLSearchParams(query);
  further.set(
    'continuationToken',
    Buffer.from(value[count - 1].connectionId).toString('base64url'),
  );
  if (top !== Infinity) further.set('top', String(top - count));
  const nextLink = `${service.endpoint}${url.pathname}?${further}`;
  return { status: 200, json: { value, nextLink } };
}

const describe = ({ id, userId = null }) => ({ connectionId: id, userId });
