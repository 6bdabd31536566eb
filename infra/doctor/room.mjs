// A room as two people use it: one opens it and types, the other watches. Each step is made only if the
// one before it has worked; nothing needs a key of the service. With the word for writers, if there is one.
import { randomBytes } from 'node:crypto';
import { io } from 'socket.io-client';
import { first, readError, send, transport } from './requests.mjs';
import { attempt } from './settings.mjs';

const CONNECT_MS = 10_000;
const ACK_MS = 10_000;
const CHANGE_MS = 10_000;
const AS_JSON = { 'Content-Type': 'application/json' };
const FULL = /\b429\b|limit|quota|exceed/i;

/** A step that did not work. `isFull`: the service has as many clients as its tier allows. */
export class Failure extends Error {
  constructor(message, { isFull = false } = {}) {
    super(message);
    this.isFull = isFull;
  }
}

/**
 * Makes each step in turn.
 *
 * @param {{ app: string, word?: string, certificates?: string, quote: (said: unknown) => string }} d
 * @param {(step: string) => void} tell  what has worked, as soon as it has
 * @throws {Failure}
 */
export async function useRoom(d, tell) {
  const sockets = [];
  try {
    const writer = await openRoom(d);
    tell(`negotiate opens a room (the first answer took ${(writer.tookMs / 1000).toFixed(1)} s)`);
    const viewer = await negotiate(d, `?room_id=${writer.room_id}`);
    tell('negotiate lets a viewer in');
    for (const session of [writer, viewer]) sockets.push(await connect(d, session));
    tell(`two clients connect to ${new URL(writer.endpoint).host}`);
    for (const socket of sockets) await join(d, socket, writer.room_id);
    tell('both join the room: events reach the function app');
    await change(d, sockets, writer.room_id);
    tell('a change of one is seen by the other');
  } finally {
    for (const socket of sockets) socket.disconnect();
  }
}

function openRoom(d) {
  if (!d.word) return negotiate(d, '');
  return negotiate(d, '', JSON.stringify({ writers_word: d.word }));
}

/** The session that negotiate gives, and how long that took. */
async function negotiate(d, query, body) {
  const url = `${d.app}/negotiate${query}`;
  const response = await (body ? send(d, 'POST', url, AS_JSON, body) : send(d, 'GET', url));
  const told = attempt(() => JSON.parse(response.body)) ?? {};
  const isOurs = [told.endpoint, told.path, told.token, told.room_id].every((one) => typeof one === 'string');
  if (response.status === 200 && isOurs && attempt(() => new URL(told.endpoint))) {
    return { ...told, tookMs: response.tookMs };
  }
  if (told.error?.code === 'WritersWord') {
    throw new Failure('the word for writers in CODESTREAM_WRITERS is missing, or another one');
  }
  const said = response.status ? `${response.status} ${d.quote(response.body)}` : response.problem;
  throw new Failure(`negotiate does not give a token: ${said}`);
}

async function connect(d, { endpoint, path, token }) {
  const socket = io(endpoint, {
    ...transport(d, endpoint),
    path,
    query: { access_token: token },
    reconnection: false,
    forceNew: true,
    autoConnect: false,
  });
  const seen = {};
  socket.once('login', () => Object.assign(seen, { isGreeted: true }));
  socket.once('connect_error', (error) => Object.assign(seen, readError(error)));
  const greeted = first(socket, ['login', 'connect_error', 'disconnect'], CONNECT_MS);
  socket.connect();
  await greeted;
  if (seen.isGreeted) return socket;
  const { isConnected = socket.connected } = seen;
  socket.disconnect();
  throw refusal(d, seen, isConnected);
}

function refusal(d, { status, body = '', rejection, problem }, isConnected) {
  const said = d.quote([status, body, rejection, problem].filter(Boolean).join(' '));
  const isRefused = status === 429 || ([401, 403].includes(status) && FULL.test(body));
  if (isRefused || (rejection && /\b429\b/.test(rejection))) {
    return new Failure(`the service lets no more clients in: ${said}`, { isFull: true });
  }
  if (isConnected) return new Failure('a client connects, and the function app does not hear of it');
  return new Failure(`a client cannot connect: ${said || 'no answer'}`);
}

async function join(d, socket, room_id) {
  const answer = await ask(socket, 'joinRoom', { room_id });
  if (answer?.success) return;
  throw new Failure(`a client cannot join its room: ${answer ? d.quote(answer) : 'no answer'}`);
}

/** What the service repeats may be told twice, and others may be told before it. */
async function change(d, [writer, viewer], room_id) {
  const mark = randomBytes(8).toString('hex');
  const seen = new Promise((resolve) => {
    const timer = setTimeout(resolve, CHANGE_MS, false);
    viewer.on('message', (message) => {
      if (message?.data?.mark !== mark) return;
      clearTimeout(timer);
      resolve(true);
    });
  });
  const answer = await ask(writer, 'sendToRoom', { room_id, data: { event: 'check', mark } });
  if (!answer?.success) {
    throw new Failure(`a change is not taken: ${answer ? d.quote(answer) : 'no answer'}`);
  }
  if (!(await seen)) throw new Failure('a change is taken, and the other client does not see it');
}

/** The answer; undefined: there is none, or the connection has ended. */
async function ask(socket, event, request) {
  const ended = first(socket, ['disconnect'], ACK_MS);
  const answered = socket.timeout(ACK_MS).emitWithAck(event, request);
  return Promise.race([answered, ended.then(() => undefined)]).catch(() => undefined);
}
