// What every REST operation needs from its call: checked group names, connections, JSON bodies, and
// errors in the form that the interface promises.

import { groupNameFault } from '../groups.js';

const MIME_JSON = 'application/json';

/**
 * @typedef {object} Call
 * @property {object} params of the path
 * @property {object} hub
 * @property {URLSearchParams} query
 * @property {Buffer} body
 * @property {string} type content type, in lower case and without parameters
 * @property {URL} url
 * @property {object} service
 */

/** A response other than success. */
export class ApiError extends Error {
  constructor(status, code, message, target, headers) {
    super(message);
    Object.assign(this, { status, code, target, headers });
  }
}

/** The group that the path names. */
export function groupOf({ params }) {
  return checkedGroup(params.group);
}

export function checkedGroup(name) {
  const fault = groupNameFault(name);
  if (fault) throw new ApiError(400, 'InvalidGroup', fault, 'group');
  return name;
}

/** The connection that the path names, which has to exist. */
export function connectionOf({ hub, params }) {
  const connection = hub.connections.get(params.connection);
  if (connection) return connection;
  throw new ApiError(404, 'NotFound', `there is no connection '${params.connection}'`);
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
  throw new ApiError(400, 'InvalidJson', 'the body is not a JSON object');
}

export function parseJson(body) {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ApiError(400, 'InvalidJson', 'the body is not JSON');
  }
}

/** A query parameter that is a whole number between bounds. */
export function readNumber(query, name, least, most) {
  const text = query.get(name);
  if (text === null) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new ApiError(400, 'InvalidParameter', `${name} is ${least} to ${most}`, name);
}
