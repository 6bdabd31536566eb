// What a run consists of: groups of points, in the order of each round, and how long all of it
// may take.  A point is one load on one server; a group gives each server a fresh process, in every
// round or once.

const point = (id, about) => ({ id, seconds: 1, connections: 64, ...about });
const negotiate = (id, about) => point(id, { kind: 'negotiate', ...about });
const events = (id, about) => point(id, { kind: 'event', ...about });

const MIDDLE_MS = 5; // of a service nearby
const FAR_MS = 20;
const TEXT_BYTES = 100_000;
/** The stand-in keeps its answers this long, while memory is looked at. */
const WAITING_MS = 6000;

const waiting = (takes, count) => (
  { id: `waiting-${count}`, step: 'waiting', takes, delayMs: WAITING_MS, once: true, count });

const BASE = [
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
    id: 'full', takes: 'full', delayMs: 0, points: [
      events('full', { connections: 4, textBytes: TEXT_BYTES, seconds: 1.5 }),
    ],
  },
  waiting('waiting', 1000),
  {
    id: 'at-once', step: 'at-once', takes: 'at-once', delayMs: MIDDLE_MS,
    counts: [128, 256, 512, 1000, 4000],
  },
];

/** What BENCH_FULL adds to a group above, or as a group of its own. */
const MORE_POINTS = {
  negotiate: [1, 16, 1000].map((connections) => negotiate(`negotiate-${connections}`,
    { connections })),
  events: [1, 16].map((connections) => events(`events-${connections}`, { connections })),
};
const MORE_GROUPS = [
  waiting('memory', 1000),
  waiting('memory', 2000), // two loops of the handler take 2048 to the service at a time
  { id: 'logging', takes: 'logging', points: [negotiate('negotiate-logging')] },
  {
    id: 'near', takes: 'events', delayMs: 0,
    points: [64, 256, 1000].map((connections) => events(`events-${connections}-0ms`,
      { connections })),
  },
  {
    id: 'far', takes: 'events', delayMs: FAR_MS,
    points: [64, 256].map((connections) => events(`events-${connections}-20ms`, { connections })),
  },
  {
    id: 'tls', takes: 'tls', delayMs: MIDDLE_MS, tls: true,
    points: [64, 256].map((connections) => events(`events-${connections}-tls`, { connections })),
  },
];

function full(groups) {
  const more = groups.filter(({ step }) => step !== 'waiting').map((group) => ({
    ...group,
    ...(group.points && { points: [...group.points, ...MORE_POINTS[group.id] ?? []] }),
  }));
  return [...more, ...MORE_GROUPS];
}

/** Everything once and briefly: does it work, and without an error? */
function smoke(groups) {
  return groups.map((group) => ({
    ...group,
    ...(group.points && { points: group.points.map((one) => ({ ...one, seconds: 0.2 })) }),
  }));
}

const SMOKE = { rounds: 1, seconds: 30, warm: 0.2, settle: 0.1, coldRuns: { slow: 1, quick: 1 } };

/**
 * seconds: no round begins that would end later. warm: at most so long; settle: before each point
 * but a server's first. coldRuns: starts of a server in Node, and of another.
 */
export function makePlan({ isFull, isSmoke }) {
  const groups = isFull ? full(BASE) : BASE;
  if (isSmoke) return { kind: 'smoke', ...SMOKE, groups: smoke(groups) };
  return {
    kind: isFull ? 'full' : 'default', rounds: 3, seconds: isFull ? 1200 : 300,
    warm: Infinity, settle: 0.3, coldRuns: { slow: 2, quick: 7 }, groups,
  };
}
