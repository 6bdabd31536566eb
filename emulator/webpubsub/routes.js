// The operations of the REST interface: api-version 2024-12-01, all of them.

import { ApiError, badRequest } from './errors.js';
import * as closing from './operations/closing.js';
import { invoke } from './operations/invoke.js';
import * as membership from './operations/membership.js';
import * as permissions from './operations/permissions.js';
import * as questions from './operations/questions.js';
import * as send from './operations/send.js';
import { generateToken } from './operations/tokens.js';
import { decodeSegment, isDotSegment } from './target.js';

const HUB = '/api/hubs/{hub}';
const CONNECTION = `${HUB}/connections/{connection}`;
const GROUP = `${HUB}/groups/{group}`;
const USER = `${HUB}/users/{user}`;
const PERMISSION = `${HUB}/permissions/{permission}/connections/{connection}`;

/** method, path, operation, and: open (needs no token), since (the first api-version) */
const ROUTES = [
  ['HEAD', '/api/health', questions.health, { open: true }],
  ['GET', '/api/health', questions.health, { open: true }],
  ['POST', `${HUB}/:send`, send.sendToAll],
  ['POST', `${HUB}/:addToGroups`, membership.addToGroups],
  ['POST', `${HUB}/:removeFromGroups`, membership.removeFromGroups],
  ['POST', `${HUB}/:closeConnections`, closing.closeAll],
  ['POST', `${HUB}/:generateToken`, generateToken],
  ['POST', `${HUB}/:invoke`, invoke],
  ['HEAD', CONNECTION, questions.connectionExists],
  ['DELETE', CONNECTION, closing.closeConnection],
  ['POST', `${CONNECTION}/:send`, send.sendToConnection],
  ['DELETE', `${CONNECTION}/groups`, membership.removeConnectionFromAll],
  ['HEAD', GROUP, questions.groupExists],
  ['POST', `${GROUP}/:send`, send.sendToGroup],
  ['POST', `${GROUP}/:closeConnections`, closing.closeGroup],
  ['GET', `${GROUP}/connections`, questions.listMembers, { since: '2024-12-01' }],
  ['PUT', `${GROUP}/connections/{connection}`, membership.addConnection],
  ['DELETE', `${GROUP}/connections/{connection}`, membership.removeConnection],
  ['HEAD', USER, questions.userExists],
  ['POST', `${USER}/:send`, send.sendToUser],
  ['POST', `${USER}/:closeConnections`, closing.closeUser],
  ['DELETE', `${USER}/groups`, membership.removeUserFromAll],
  ['PUT', `${USER}/groups/{group}`, membership.addUser],
  ['DELETE', `${USER}/groups/{group}`, membership.removeUser],
  ['PUT', PERMISSION, permissions.grant],
  ['HEAD', PERMISSION, permissions.check],
  ['DELETE', PERMISSION, permissions.revoke],
];

const routes = ROUTES.map(([method, template, run, more = {}]) => {
  const names = [...template.matchAll(/{(\w+)}/g)].map(([, name]) => name);
  const path = new RegExp(`^${template.replace(/{\w+}/g, '([^/]+)')}$`);
  return { method, path, names, run, ...more };
});

/**
 * Finds the operation for a request.
 * @returns {{run: (call: object) => object, params: object, open?: boolean, since?: string}}
 */
export function findRoute(method, pathname) {
  const there = routes.filter((route) => route.path.test(pathname));
  if (there.length === 0) throw new ApiError(404, 'NotFound', nothingAt(pathname));
  const route = there.find((candidate) => candidate.method === method);
  if (route) return { ...route, params: readParams(route, pathname) };
  const Allow = there.map((candidate) => candidate.method).join(', ');
  const message = `${method} is not allowed at ${pathname}`;
  throw new ApiError(405, 'MethodNotAllowed', message, undefined, { Allow });
}

function nothingAt(pathname) {
  const verb = /\/(send|addToGroups|removeFromGroups|closeConnections|generateToken)\/?$/.exec(pathname)?.[1];
  const cure = verb ? `: do you mean /:${verb}?` : ': operations begin with /api/hubs/{hub}/';
  return `there is nothing at ${pathname}${cure}`;
}

/** A URL parser takes a dot segment out of a path, and the part before it: then the hub is meant. */
function readParams({ path, names }, pathname) {
  const values = path.exec(pathname).slice(1).map(decodeSegment);
  if (values.includes(undefined)) throw badRequest('the path is not percent-encoded UTF-8');
  const dots = values.findIndex(isDotSegment);
  if (dots >= 0) throw badRequest(`a ${names[dots]} cannot be called '${values[dots]}' in a path`);
  return Object.fromEntries(names.map((name, i) => [name, values[i]]));
}
