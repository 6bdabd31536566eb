// What every REST operation needs from its call: checked group names, connections, JSON bodies.

import { ApiError, INVALID_GROUP, InvalidParameter, badRequest, notExisted } from '../errors.js';
import { groupNameFault } from '../groups.js';
import { explainConnection } from './nobody.js';

const MIME_JSON = 'application/json';

/**
 * @typedef {object} Call
 * @property {object} params of the path
 * @property {object} hub
 * @property {URLSearchParams} query
 * @property {Buffer} body
 * @property {string} type content type, in lower case and without parameters
 * @property {{pathname: string}} url
 * @property {object} service
 * @property {boolean} [ofServer] whether it came by the line of a server
 */

/** The group that the path names. */
export function groupOf({ params }) {
  return checkedGroup(params.group);
}

/** A name of ours that is wrong is told with a word more than the service's. */
export function checkedGroup(name) {
  const hint = groupNameFault(name);
  if (hint) throw Object.assign(badRequest(INVALID_GROUP), { hint });
  return name;
}

/** @param {'Error' | 'Warning' | 'Info'} level of the error if the connection is not there */
export function connectionOf({ hub, params }, level) {
  const connection = hub.connections.get(params.connection);
  if (connection) return connection;
  const hint = explainConnection(hub, params.connection);
  throw Object.assign(notExisted(level, 'Connection', params.connection), { hint });
}

/** The connections of the user that the path names. */
export const userOf = ({ hub, params }) => hub.ofUser(params.user);

/** The connection that the path names, if it exists. */
export function maybeConnectionOf({ hub, params }) {
  const connection = hub.connections.get(params.connection);
  return connection ? [connection] : [];
}

/** The body, which has to be a JSON object. */
export function readJson({ type, body }) {
  if (type !== MIME_JSON) {
    throw new ApiError(415, 'UnsupportedMediaType', `the body has to be ${MIME_JSON}`);
  }
  const value = parseJson(body);
  if (value !== null && typeof value === 'object') return value;
  throw badRequest('the body is not a JSON object');
}

export function parseJson(body) {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

/** A query parameter that is a whole number between bounds. */
export function readNumber(query, name, least, most) {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new InvalidParameter(name, `${name} is ${least} to ${most}`);
}
