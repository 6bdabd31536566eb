// How a writer and a viewer hang on a connection: which of its words each is told. What is seen of
// that is the caller's.

import { Connection } from './connection.js';
import { isSocketId } from './protocol.js';
import { now } from './ticker.js';

/**
 * @typedef {import('./connection.js').BackEnd} BackEnd
 * @typedef {import('./connection.js').Device} Device
 */

/**
 * @param {import('./viewer.js').Viewer} viewer
 * @param {{ backEnd: BackEnd, room: string, show: () => void,
 *   changed?: (ops: import('./ops.js').Op[]) => void, device?: Device }} options
 *   changed: the writer has spoken, and this is what it makes of the text
 */
export function connectViewer(viewer, { backEnd, room, show, changed, device }) {
  return new Connection(
    {
      ...backEnd,
      room,
      core: viewer,
      show,
      onJoin: () => viewer.join(now()),
      onLeave: () => viewer.leave(),
      onData: (data) => {
        const ops = viewer.heard(data, now());
        changed?.(ops);
      },
      onPresence: (event) => {
        if (event?.role === 'writer' && typeof event.from === 'string')
          viewer.presence(event.from, event.state === 'joined', now());
      },
      onAnswer: (id, answer) => viewer.answered(id, answer),
    },
    device,
  );
}

/**
 * @param {import('./writer.js').Writer} writer
 * @param {{ backEnd: BackEnd, session: { room: string, key: string }, show: () => void,
 *   word?: () => string, onTicket?: (ticket: import('./link.js').Ticket) => void,
 *   onRival?: (epoch: number | undefined) => void, device?: Device }} options
 *   session: empty texts for a new one; word: the owner's, with which a new one is opened; onRival: another writer of this room has come, whom this one
 *   is to give way to
 */
export function connectWriter(
  writer,
  { backEnd, session, show, word, onTicket, onRival, device },
) {
  /** @type {Set<string>} sockets this page has had: their late echoes are not another writer */
  const ownSockets = new Set();
  /** @type {Set<string>} sockets of older writers that have been told of this one */
  const told = new Set();
  const meet = (/** @type {string} */ sid, /** @type {unknown} */ epoch) => {
    if (ownSockets.has(sid)) return;
    const rival = Number.isSafeInteger(epoch) ? Number(epoch) : undefined;
    // Who does not tell its epoch is one that has come later, as far as can be known.
    if (rival === undefined || rival >= writer.epoch) onRival?.(rival);
    else if (!told.has(sid)) {
      told.add(sid);
      connection.announce();
    }
  };
  const connection = new Connection(
    {
      ...backEnd,
      room: session.room || undefined,
      key: session.key || undefined,
      core: writer,
      show,
      onTicket,
      epoch: () => writer.epoch,
      word,
      onJoin: (sid) => {
        ownSockets.add(sid);
        writer.join(sid, now());
      },
      onLeave: () => writer.leave(),
      onData: (data, from) => writer.heard(data, from, now()),
      onPresence: (event) => {
        if (!isSocketId(event?.from)) return;
        if (event.role === 'viewer') writer.presence(event.from, event.state === 'joined');
        else if (event.role === 'writer' && event.state === 'joined') meet(event.from, event.epoch);
      },
      onAnswer: (id, answer) => writer.answered(id, answer, now()),
    },
    device,
  );
  return connection;
}
