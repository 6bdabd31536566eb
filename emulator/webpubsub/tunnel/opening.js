// A client of a service in default mode asks to come in: a server is chosen, and asked for a session,
// before Engine.IO's handshake with the client.

import { UpstreamError } from '../upstream.js';
import { RelayedConnection } from './connection.js';

const MAX_TEXT = 1000; // characters of a server's refusal that are passed on
const MAX_MS = 2 ** 31 - 1; // of a timer

/** Why a client does not get in. */
export class Refusal extends Error {
  /** @param {number} status @param {string} message @param {string} rule of RULES */
  constructor(status, message, rule) {
    super(message);
    Object.assign(this, { status, rule });
  }
}

/**
 * @param {object} hub
 * @param {string} id of the connection to be
 * @param {{claims?: object, description: object}} admitted
 * @param {{options, log, upstream, servers}} service
 * @returns {Promise<{connection: RelayedConnection, limits: object}>} limits: of engine.io
 * @throws {Refusal}
 */
export async function open(hub, id, { claims, description }, service) {
  const server = service.servers.choose(hub);
  if (!server) throw new Refusal(503, service.servers.explainNone(hub), 'noServer');
  const connection = new RelayedConnection({ id, hub, server, service, claims, request: description });
  const answer = await connection.ask().catch((error) => {
    throw error instanceof UpstreamError ? refusalOf(error) : error;
  });
  const limits = readLimits(answer.body, service.options);
  if (limits) return { connection, limits };
  connection.abandon();
  throw new Refusal(502, 'the server has answered `connect` without a session, `socketio`', 'serverConnect');
}

/** A server that refuses says why; one that does not answer says nothing. */
function refusalOf({ status, body, message }) {
  const refused = status >= 400 && body ? body.slice(0, MAX_TEXT) : undefined;
  return new Refusal(refused ? status : 504, refused ?? message, 'serverConnect');
}

/** The session's limits are those of the server's own Socket.IO. */
function readLimits(body, { pingIntervalMs, pingTimeoutMs, maxPayload }) {
  const session = parse(body)?.socketio;
  if (session === null || typeof session !== 'object') return undefined;
  const number = (value, otherwise, most) =>
    (Number.isSafeInteger(value) && value > 0 && value <= most ? value : otherwise);
  return {
    pingInterval: number(session.pingInterval, pingIntervalMs, MAX_MS),
    pingTimeout: number(session.pingTimeout, pingTimeoutMs, MAX_MS),
    maxHttpBufferSize: number(session.maxPayload, maxPayload, Number.MAX_SAFE_INTEGER),
  };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
