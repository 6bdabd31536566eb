// The transport over Web PubSub for Socket.IO: the handler's `login`, `joinRoom`, `sendToRoom` and
// `message`.

import { XHR, WebSocket as WebSocketTransport, io } from 'socket.io-client';

/**
 * @typedef {import('./link.js').Answer} Answer
 * @typedef {import('./link.js').Carrier} Carrier
 */

/** For transport and namespace together; Socket.IO itself would wait for a namespace for ever. */
const CONNECT_MS = 6_000;
const JOIN_MS = 6_000;
/** `login` is the invitation to join; should it get lost, the room is joined without it. */
const LOGIN_MS = 3_000;
/** The code of an attempt to which nothing came back. */
const UNANSWERED = 'Unanswered';

export const query = '';
export const fields = ['endpoint', 'path', 'token'];

/** The first transport, over a socket that start.js has opened. @param {Begun} begun */
function over({ socket, heard }) {
  let taken = false;
  return class extends WebSocketTransport {
    /** @param {[string, any, any]} where */
    createSocket(...where) {
      if (taken) return super.createSocket(...where);
      taken = true;
      // As soon as the socket has its listeners, they are told what they have missed.
      queueMicrotask(() => {
        if (socket.readyState === socket.OPEN) socket.onopen?.(new Event('open'));
        for (const event of heard) socket.onmessage?.(event);
      });
      return socket;
    }
  };
}

/** @param {string | undefined} last @param {Begun | undefined} begun */
function transports(last, begun) {
  if (begun && begun.socket.readyState <= begun.socket.OPEN) return [over(begun), XHR];
  // Socket.IO tries the next transport only after an error. Where WebSocket handshakes get no
  // response at all, polling goes first, and WebSocket may still take over from it.
  return last === UNANSWERED ? ['polling', 'websocket'] : ['websocket', 'polling'];
}

/** @type {import('./link.js').Transport['open']} */
export function open({ endpoint, path, token }, party, events, last, begun) {
  const { subscribeTo, publishTo, epoch, firstWord } = party;
  const socket = io(endpoint, {
    path,
    query: { access_token: token },
    // Socket.IO would retry with the same token; here every attempt gets a fresh one.
    reconnection: false,
    forceNew: true,
    transports: transports(last, begun),
    tryAllTransports: true,
    // CONNECT_MS is the deadline that counts.
    timeout: 2 * CONNECT_MS,
  });
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let invitation;
  let joining = false;
  const down = (/** @type {string} */ message) => events.failed({ code: 'Disconnected', message });
  const connecting = setTimeout(
    () => events.failed({ code: UNANSWERED, message: 'no connection in time' }),
    CONNECT_MS,
  );
  const request = () => ({ room_id: subscribeTo, ...(epoch && { epoch: epoch() }) });
  const join = () => {
    clearTimeout(invitation);
    if (joining) return;
    joining = true;
    events.joining(socket.id ?? '');
    ask(firstWord?.());
  };
  const ask = (/** @type {object | undefined} */ data) => {
    const told = (/** @type {Error | null} */ error, /** @type {unknown} */ raw) => {
      const answer = error ? refusal('Timeout', 'no answer to joinRoom') : readAnswer(raw);
      if (answer.success) events.joined(socket.id ?? '', data !== undefined);
      // It may be the word alone that has not been passed on: joining goes without one, too.
      else if (data && !error) ask(undefined);
      else events.failed(answer.error);
    };
    socket.timeout(JOIN_MS).emit('joinRoom', { ...request(), ...(data && { data }) }, told);
  };
  socket.on('connect', () => {
    clearTimeout(connecting);
    invitation = setTimeout(join, LOGIN_MS);
  });
  socket.on('login', join);
  socket.on('connect_error', (error) => down(error.message));
  socket.on('disconnect', (reason) => down(reason));
  socket.on('presence', (event) => events.presence(event));
  socket.on('message', (message) => {
    if (message?.type !== 'editorMessage') return;
    const { data, from, joined } = message;
    // A viewer that said this with its joinRoom: the handler sends no presence beside it.
    if (joined === true) events.presence({ role: 'viewer', state: 'joined', from });
    events.heard(data, from);
  });
  return {
    send(data, to, answered) {
      if (!socket.connected) return;
      const message = { room_id: publishTo, data, ...(to !== undefined && { to }) };
      if (answered)
        socket.emit('sendToRoom', message, (/** @type {unknown} */ raw) =>
          answered(readAnswer(raw)),
        );
      else socket.emit('sendToRoom', message);
    },
    // The handler announces a writer whenever it joins.
    announce() {
      if (socket.connected) socket.emit('joinRoom', request());
    },
    close() {
      clearTimeout(connecting);
      clearTimeout(invitation);
      socket.removeAllListeners();
      socket.disconnect();
    },
  };
}

/** @param {string} code @param {string} message @returns {Answer} */
const refusal = (code, message) => ({ success: false, error: { code, message } });

/** @param {any} answer @returns {Answer} */
function readAnswer(answer) {
  if (answer?.success === true) return { success: true };
  const { code, message } = answer?.error ?? {};
  return refusal(String(code ?? 'Unknown'), String(message ?? 'no reason given'));
}
