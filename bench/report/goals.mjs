// The goals, and whether a run reaches them.  Each is one number: a metric of the handler at a
// point, by itself or divided by that of another server in the same round.
import { number } from './format.mjs';
import { ratiosOf, spread, valuesOf } from './statistics.mjs';
import { nameOf } from '../peers/servers.mjs';

const HANDLER = 'codestream';
/** What is deployed, where it has been built; it starts faster and is smaller. */
const DEPLOYED = ['package', HANDLER];

const atMost = (limit, about) => ({ ...about, limit, isMost: true });
const atLeast = (limit, about) => ({ ...about, limit, isMost: false });
const cpu = (point, what) => ({ what, point, metric: 'cpuMicros' });
const rate = (point, what) => ({ what, point, metric: 'rps' });
const against = (peer, about) => ({ ...about, against: peer });

const negotiateCpu = cpu('negotiate', 'negotiate: CPU per request');
const negotiateRate = rate('negotiate', 'negotiate: rate, 64 connections');
const eventRate = rate('events-256', 'events: rate, 256 in flight, 5 ms upstream');
const eventCpu = cpu('events-256', 'events: CPU each, 256 in flight');
/** Not measured with a clock: holds on any machine, however busy. */
const counted = (about) => ({ ...about, isCounted: true });
const crowdRate = rate('events-1000', 'events: rate, 1000 in flight, 20 ms upstream');
const latency = 'events: time added at 300/s';

export const GOALS = [
  atMost(1 / 70, against('express-sdk', negotiateCpu)),
  atMost(1 / 20, against('express-plain', negotiateCpu)),
  atMost(1 / 6, against('node-raw', negotiateCpu)),
  atMost(1 / 3, against('go', negotiateCpu)),
  atMost(1.3, against('floor', negotiateCpu)),
  atLeast(60, against('express-sdk', negotiateRate)),
  atLeast(2.5, against('go', negotiateRate)),
  atLeast(0.9, against('nginx', negotiateRate)),
  atLeast(20, against('express-sdk', eventRate)),
  atLeast(4, against('node-raw', eventRate)),
  atLeast(1.5, against('go', eventRate)),
  atMost(1 / 16, against('express-sdk', eventCpu)),
  atMost(0.6, against('go', eventCpu)),
  atMost(2, against('limit', eventCpu)),
  atMost(0.25, against('express-sdk',
    { what: `${latency}, p50`, point: 'events-300/s', metric: 'addedP50Ms' })),
  atMost(0.3, against('express-sdk',
    { what: `${latency}, p99`, point: 'events-300/s', metric: 'addedP99Ms' })),
  atLeast(20, against('express-sdk', crowdRate)),
  atLeast(1.5, against('go', crowdRate)),
  atMost(0, counted(
    { what: 'events: errors, 1000 in flight', point: 'events-1000', metric: 'errors' })),
  atMost(1 / 14, against('express-sdk',
    { what: 'memory: idle', point: 'start', metric: 'rssMb', servers: DEPLOYED })),
  atMost(24, { what: 'memory: KB per waiting event', point: 'waiting-1000', metric: 'kbEach' }),
  atMost(1 / 80, against('express-sdk',
    { what: 'cold start', point: 'start', metric: 'coldMs', servers: DEPLOYED })),
  atMost(0.8, against('go',
    { what: 'cold start', point: 'start', metric: 'coldMs', servers: DEPLOYED })),
  atMost(1, counted({
    what: 'upstream connections opened per 10 000 events, steady state',
    point: 'events-64', metric: 'openedPer10000',
  })),
  ...[128, 256, 512, 1000, 4000].map((count) => atLeast(count, counted({
    what: `connections sending at once: of ${count} served`,
    point: `at-once-${count}`, metric: 'served', worst: true,
  }))),
  atMost(1.5, against('unparsed', cpu('full', 'a text of 100 KB: CPU'))),
];

/** Why there is no number, in words. */
function whySkipped({ point, against: peer }, skipped) {
  return skipped[point] ?? skipped[peer] ?? skipped[HANDLER] ?? `not measured: ${point}`;
}

/** The first of the servers in question that has been measured. */
function numbers(goal, samples) {
  for (const server of goal.servers ?? [HANDLER]) {
    const found = goal.against ? ratiosOf(samples, { ...goal, server })
      : valuesOf(samples, { ...goal, server });
    if (found.length > 0) return { server, values: found };
  }
  return { server: HANDLER, values: [] };
}

/**
 * One verdict a goal: { what, against, server, measured, goal, verdict }.
 * @param {object} skipped why a server or a point is not in the samples, by its id
 * @param {boolean} isBrief of a run that is too brief to judge by the clock
 */
export function judge(samples, skipped = {}, isBrief = false) {
  return GOALS.filter(({ isCounted }) => isCounted || !isBrief).map((goal) => {
    const { server, values } = numbers(goal, samples);
    const measured = spread(values);
    const about = {
      what: goal.what,
      server,
      against: goal.against ? nameOf(goal.against) : '',
      goal: `${goal.isMost ? '≤' : '≥'} ${readable(goal.limit, goal)}`,
    };
    if (!measured) {
      const why = whySkipped(goal, skipped);
      return { ...about, measured, text: '', verdict: `skipped: ${why}` };
    }
    return { ...about, measured, text: textOf(measured, goal), verdict: verdict(measured, goal) };
  });
}

function verdict(measured, { limit, isMost, worst }) {
  const value = worst ? measured.min : measured.median;
  return (isMost ? value <= limit : value >= limit) ? 'ok' : 'SHORT';
}

/** A ratio below 1 as a fraction: 1/72 says more than 0.0139. */
export function readable(value, { against: peer } = {}) {
  if (!peer) return number(value);
  if (value >= 0.45 || value <= 0) return `${number(value)} ×`;
  return `1/${number(1 / value)}`;
}

function textOf({ median: middle, min, max, rounds }, goal) {
  const one = readable(middle, goal);
  const others = [min, max].map((value) => readable(value, goal));
  return rounds > 1 && others[0] !== others[1] ? `${one} (${others.join(' … ')})` : one;
}
