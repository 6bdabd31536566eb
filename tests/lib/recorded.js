// The handler with a REST recorder in the service's place, and one kept connection to it: for tests
// that look at single requests on either side.
import assert from 'node:assert/strict';
import { eventually } from './deadline.js';
import { Connection } from './http.js';
import { startHandler } from './handler.js';
import { API_VERSION, controlRoom, group, newPeer, newRoom, readAck } from './events.js';
import { startRestRecorder } from './rest-recorder.js';

export async function startRecorded({ env = {}, host, app } = {}) {
  const recorder = await startRestRecorder({ host });
  try {
    const handler = await startHandler({ service: recorder.connectionString, env, app });
    return new Recorded(handler, recorder, await Connection.open(handler.port));
  } catch (error) {
    await recorder.close();
    throw error;
  }
}

export class Recorded {
  constructor(handler, recorder, connection) {
    this.handler = handler;
    this.recorder = recorder;
    this.connection = connection;
  }

  /** Sends an event on the kept connection. */
  send(event, ms) {
    return this.connection.request(event, ms);
  }

  /**
   * Sends an event; returns its answer and the REST requests that it caused, all of them good. Those
   * of a join in this order, although some come together and behind the answer: join, what the socket
   * is told, what others are told.
   */
  async exchange(event) {
    this.recorder.forget();
    const answer = await this.send(event);
    const { requests } = this.recorder;
    if (requests.some(isJoin)) {
      const others = isWriter(event) ? 2 : 1;
      const told = saysSomething(event) ? 0 : 1;
      await eventually(5000, () => requests.length >= 1 + told + others, 'the calls of a join');
    }
    assert.deepEqual(this.recorder.faults, []);
    return { answer, requests: [...requests].sort((a, b) => rank(a) - rank(b)) };
  }

  /** Sends a user event that has an ack id; returns what the client's callback would get. */
  async ack(event, ms) {
    const answer = await this.send(event, ms);
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.header('content-type'), /^text\/plain\b/);
    return readAck(answer).value;
  }

  /** A join that is accepted; resolves when the first of those concerned has been told of it. */
  async joined(event) {
    const told = this.recorder.next(isPresence);
    assert.deepEqual(await this.ack(event), { success: true });
    await told;
  }

  /** The same, which must be refused with an error of the given code. */
  async refusedAck(event, code, ms) {
    const value = await this.ack(event, ms);
    assert.equal(value.success, false, JSON.stringify(value));
    assert.match(value.error.code, code instanceof RegExp ? code : new RegExp(`^${code}$`));
    assert.match(value.error.message, /\w/);
    return value.error;
  }

  /** The connection is closed by some answers (413): this opens a new one. */
  async reconnect() {
    this.connection.close();
    this.connection = await Connection.open(this.handler.port);
  }

  async close() {
    this.connection.close();
    try {
      await this.handler.stop();
    } finally {
      await this.recorder.close();
    }
  }
}

const isJoin = ({ path }) => path.endsWith('/:addToGroups');
const isPresence = ({ text }) => text.startsWith('42["presence"');
const saysSomething = ({ body }) => String(body).includes('"data":');
const rank = (request) => [isJoin, (other) => !isPresence(other), isPresence]
  .findIndex((is) => is(request));
const isWriter = ({ headers }) =>
  headers.some(([name, value]) => name.toLowerCase() === 'ce-userid' && value.startsWith('w.'));

/** A writer and two viewers of a new room, as the service knows them. */
export function newParty(options) {
  const room = newRoom();
  const peer = (role) => newPeer(role, room, options);
  const control = controlRoom(room);
  return { room, control, writer: peer('w'), viewer: peer('v'), other: peer('v') };
}

/** Asserts that a REST request joins the peer to a room. */
export function assertJoin(request, peer, room) {
  assert.equal(request.method, 'POST');
  assert.equal(request.path, `/api/hubs/${peer.hub}/:addToGroups`);
  assert.deepEqual([...request.query], [['api-version', API_VERSION]]);
  assert.match(request.headers['content-type'], /^application\/json\b/);
  assert.deepEqual(JSON.parse(request.text), {
    groups: [group(room, peer.namespace)],
    filter: `'${group(peer.socketId, peer.namespace)}' in groups`,
  });
}

/** Asserts that a REST request sends exactly this packet to a room, with this filter or none. */
export function assertSend(request, peer, { room, packet, filter = null }) {
  assert.equal(request.method, 'POST');
  assert.equal(request.path, `/api/hubs/${peer.hub}/groups/${group(room, peer.namespace)}/:send`);
  assert.equal(request.query.get('api-version'), API_VERSION);
  assert.equal(request.filter, filter);
  assert.match(request.headers['content-type'], /^text\/plain\b/);
  assert.equal(request.text, packet);
}

export const notPeer = (peer) => `not ('${group(peer.socketId, peer.namespace)}' in groups)`;
export const onlyIn = (room, namespace) => `'${group(room, namespace)}' in groups`;
