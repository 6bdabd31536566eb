// What is known of every client of Socket.IO, whoever gets its events: how its Engine.IO session ends.

/** The reasons in `disconnected` for the ends that Engine.IO reports; others keep their name. */
const REASONS = {
  'transport close': '',
  'forced close': '',
  'ping timeout': 'PingTimeout',
  'parse error': 'ProtocolError',
  'transport error': 'TransportError',
};

export const reasonOf = (reason) => REASONS[reason] ?? reason;

/** Cuts the transport of a session. @param {import('engine.io').Socket} engine */
export function cut(engine) {
  const { socket, req } = engine.transport; // of a WebSocket, of a poll
  if (socket) socket.terminate();
  else if (req) req.destroy();
  else engine.close(true); // between two polls: there is no session for the next
}

/** @returns {NodeJS.Timeout | undefined} of the end of a token; undefined: nothing happens then */
export function atExpiry(claims, { closeOnTokenExpiry, clock }, act) {
  if (!closeOnTokenExpiry || claims === undefined) return undefined;
  return setTimeout(act, Math.min(claims.exp * 1000 - clock(), MAX_MS));
}

const MAX_MS = 2 ** 31 - 1; // of a timer
