// What the Functions host is asked, and the service by REST, for a viewer's visit and for an hour of
// typing: by the page's own writer and viewer, in virtual time. Behind the host this is what counts: an
// invocation costs it many times what it costs the handler.
import { Room } from './room.mjs';

const SECOND = 1_000;
const VISIT_S = 600;
const TYPING_S = 3_600;
/** Until the writer is alone with its text and its first roll call over; and once more at the end. */
const SETTLE_S = 16;
const TEXT_BYTES = 27_000;
const SEED = 1;
/** The page asks for its link before it connects; the service is not asked for that. */
const NEGOTIATIONS = 1;

/** A room in which the writer is alone, and perhaps one viewer with it. */
function begin(isWatched) {
  const room = new Room({ viewers: 1, units: 1, textBytes: TEXT_BYTES, seed: SEED });
  room.joinWriter('socket-of-writer');
  room.time.run(SETTLE_S * SECOND);
  if (isWatched) room.connect(room.sockets[0]);
  room.time.run(2 * SETTLE_S * SECOND);
  room.reset();
  return room;
}

/** What the writer says to all, each by one event and one call. */
const published = ({ sent: { roomFulls, deltas, views, beats } }) => roomFulls + deltas + views + beats;

/**
 * A viewer comes while somebody types, stays, and leaves; the writer's answer to it is counted, what the
 * writer says to all is not.
 * @returns {{ invocations: number, restCalls: number, answers: number }}
 */
export function countVisit(seconds = VISIT_S) {
  const room = begin(false);
  const { time } = room;
  const [viewer] = room.sockets;
  const end = time.now + seconds * SECOND;
  room.type(end);
  room.connect(viewer);
  time.run(end);
  if (!viewer.served) throw new Error('the viewer has no text');
  room.disconnect(viewer);
  time.run(end + SETTLE_S * SECOND);
  const { events, rest } = room.service.count;
  return {
    invocations: NEGOTIATIONS + events - published(room),
    restCalls: rest - published(room),
    answers: room.sent.answers,
  };
}

/** Somebody types for an hour, and nobody comes or goes: whoever watches is there all the time. */
export function countTyping({ isWatched, seconds = TYPING_S }) {
  const room = begin(isWatched);
  const end = room.time.now + seconds * SECOND;
  room.type(end);
  room.time.run(end);
  const { events, rest } = room.service.count;
  return { invocations: events, restCalls: rest };
}
