// What a run consists of: groups of points, in the order of each round, and how long all of it
// may take.  A point is one load on one server; a group gives each server a fresh process, in every
// round, or in each of so many (`every`).
import { maxFiles } from './machine.mjs';

const point = (id, about) => ({ id, seconds: 1, connections: 64, ...about });
const negotiate = (id, about) => point(id, { kind: 'negotiate', ...about });
const events = (id, about) => point(id, { kind: 'event', ...about });

const MIDDLE_MS = 5; // of a service nearby
const FAR_MS = 20;
const TEXT_BYTES = 100_000;
/** The stand-in keeps its answers this long, while memory is looked at. */
const WAITING_MS = 10_000;

const ONCE = Infinity;
const SELDOM = 3;

/** A load of its own before the measured one, whose last answers come when all connections to the service
 * have agreed on TLS, however long that takes. */
const TLS_OPENING = 1;

/** A thousand are as many as two loops of the handler have with the service at a time, or fewer. */
const waiting = (id, isUsed) => ({
  id, step: 'waiting', takes: 'waiting', delayMs: WAITING_MS, prompt: 1, count: 1000, isUsed,
});

/** The handler keeps as many descriptors for calls as for connections, and some aside. */
const SPARE_FILES = 1000;
export const filesFor = (connections) => 2 * connections + SPARE_FILES;
/** Ten thousand, or as many as this machine lets a process have. */
export const MOST_CONNECTIONS = Math.min(10_000,
  100 * Math.floor((maxFiles() - SPARE_FILES) / 200));

/** An open loop: what is compared is the same number of events, over few connections and many. */
const MANY_RATE = 2000;
const many = (connections, writers) => events(`many-${connections}-${writers}`,
  { connections, writers, rate: MANY_RATE, seconds: 1.5 });

/** A loop of the handler takes 4096 connections, so that two would be too few. */
const MANY_LOOPS = { CODESTREAM_LOOPS: '4' };

export const FEW = many(100, 32).id;
export const MANY = [1, 32, 2000].map((writers) => many(MOST_CONNECTIONS, writers));

const GROUPS = [
  { id: 'start', step: 'start', takes: 'start' },
  {
    id: 'negotiate', takes: 'negotiate', points: [
      negotiate('negotiate'),
      negotiate('negotiate-400/s', { rate: 400, seconds: 1.5 }),
    ],
  },
  {
    id: 'events', takes: 'events', delayMs: MIDDLE_MS, points: [
      events('events-256', { connections: 256 }),
      events('events-64'),
      events('events-300/s', { rate: 300, seconds: 1.5 }),
    ],
  },
  {
    id: 'crowd', takes: 'crowd', delayMs: FAR_MS, points: [
      events('events-1000', { connections: 1000, seconds: 1.5 }),
    ],
  },
  {
    id: 'tls', takes: 'tls', delayMs: MIDDLE_MS, tls: true, points: [
      events('events-256-tls', { connections: 256, opening: TLS_OPENING }),
    ],
  },
  waiting('waiting', false),
  waiting('waiting-used', true),
  {
    id: 'many', takes: 'many', delayMs: MIDDLE_MS, env: MANY_LOOPS,
    points: [many(100, 32), ...MANY],
  },
  {
    id: 'full', takes: 'full', delayMs: 0, every: SELDOM, points: [
      events('full', { connections: 4, textBytes: TEXT_BYTES, seconds: 1.5 }),
    ],
  },
  {
    id: 'at-once', step: 'at-once', takes: 'at-once', delayMs: MIDDLE_MS, every: ONCE,
    counts: [128, 256, 512, 1000, 4000],
  },
];

/** Everything once and briefly: does it work, and without an error? */
function smoke(groups) {
  return groups.map((group) => ({
    ...group,
    ...(group.points && { points: group.points.map((one) => ({ ...one, seconds: 0.2 })) }),
  }));
}

/** Is it the turn of a group, or of a server, in this round?  In the first everything's. */
export const hasTurn = ({ every = 1 }, round) => (round - 1) % every === 0;

/**
 * seconds: no round begins that would end later. warm: at most so long; settle: before each point
 * but a server's first. coldRuns: starts of a server in Node, and of another.
 */
export function makePlan({ isSmoke = false, rounds = 7 }) {
  if (isSmoke) {
    return {
      kind: 'smoke', rounds: 1, seconds: 30, warm: 0.2, settle: 0.1,
      coldRuns: { slow: 1, quick: 1 }, groups: smoke(GROUPS),
    };
  }
  return {
    kind: 'default', rounds, seconds: 1800, warm: Infinity, settle: 0.3,
    coldRuns: { slow: 2, quick: 9 }, groups: GROUPS,
  };
}
