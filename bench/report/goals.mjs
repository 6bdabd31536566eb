// The goals, and whether a run reaches them.  Each is one number: a metric of the handler at a
// point, by itself or divided by that of another server in the same round.
import { FEW, MANY } from '../plan.mjs';
import { number } from './format.mjs';
import { ratiosOf, spread, valuesOf } from './statistics.mjs';
import { nameOf } from '../peers/servers.mjs';

/** What is deployed. */
const HANDLER = 'package';
/** What was uploaded before any goal spoke of it. */
const ZIP_BYTES = 2_520_710;

const atMost = (limit, about) => ({ ...about, limit, isMost: true });
const atLeast = (limit, about) => ({ ...about, limit, isMost: false });
const cpu = (point, what) => ({ what, point, metric: 'cpuMicros' });
const rate = (point, what) => ({ what, point, metric: 'rps' });
const against = (peer, about) => ({ ...about, against: peer });
/** Not measured with a clock: holds on any machine, however busy. */
const counted = (about) => ({ ...about, isCounted: true });
/** No goal, but a figure that stands beside them; note: what it is made of, and why of no less. */
const told = (about) => ({ ...about, isCounted: true, isTold: true });

const negotiateCpu = cpu('negotiate', 'negotiate: CPU each');
const negotiateRate = rate('negotiate', 'negotiate: rate, 64 connections');
const eventRate = rate('events-256', 'event: rate, 256 in flight, 5 ms upstream');
const eventCpu = cpu('events-256', 'event, 256 in flight: CPU each');
const crowdRate = rate('events-1000', 'event: rate, 1000 in flight, 20 ms upstream');
const latency = 'event: time added at 300/s';
const cold = { what: 'cold start to the first answer, ms', point: 'start', metric: 'coldMs' };
const rest = { what: 'memory at rest after the first answer, MB', point: 'start', metric: 'rssMb' };
const perVisit = 'a viewer’s visit of ten minutes';
const perHour = 'an hour of typing that somebody watches';
const perHourAlone = 'an hour of typing that nobody watches';

const VISIT = 'negotiate, connect, connected, joinRoom with the first word, the writer’s answer, disconnected; '
  + 'connect keeps strangers out, and pages after the articles join when connected has brought them login';
const VISIT_CALLS = 'login, join, first word, answer, news of the leaving, by which viewers are counted';
const TYPING = 'a delta each 200 ms, since with 250 ms a key would wait twice as long (124 ms in place of 60 in the mean); '
  + 'and a beat each 5 s, which promises that a wrong text is found so soon';
const ALONE = 'the beats: a viewer of whom the writer does not know has the text with the next one';

/** Why a goal is missed, where it is. */
const LIBCURL = 'libcurl makes and reads each request for every case that there is; a client by hand knows one';
const POOL = 'libmicrohttpd wipes, and so touches, a connection’s whole pool after each request';
const BEGIN = 'the kernel takes the sandbox’s filter, and addresses are relocated';
const WIPED = 'the sandbox’s filter at each system call, and a wiped pool';
const TABLES = 'OpenSSL’s tables, which stand in the program and are relocated when it begins';

const DROPS = 'a TLS session with which a handshake fails is dropped, and OPENSSL_CONF is read before the sandbox closes';

/** What the handler is built towards.  reach: better than the goal, if it can be had. */
const FIRST = [
  atMost(1.5, { ...against('limit', eventCpu), reach: 1.35, why: LIBCURL }),
  atMost(1.2, { ...against('hyper', eventCpu), reach: 1 }),
  atMost(0.6, against('hyper',
    { what: 'event, 1000 in flight: p99', point: 'events-1000', metric: 'p99Ms' })),
  atMost(1.25, {
    ...against('limit', cpu('events-256-tls', 'event over TLS, 256 in flight: CPU each')),
    why: LIBCURL,
  }),
  atMost(1.1, { ...against('hyper', negotiateCpu), why: WIPED }),
  atMost(28, { what: 'memory of a waiting event, KB', point: 'waiting', metric: 'kbEach' }),
  atMost(36, {
    what: 'the same on a connection that has served before, KB',
    point: 'waiting-used', metric: 'kbEach', why: POOL,
  }),
  atMost(2, { ...cold, why: BEGIN }),
  atMost(1.1, { ...against('go', cold), why: BEGIN }),
  ...MANY.map(({ id, connections, writers }) => atMost(1.3, against(HANDLER, {
    ...cpu(id, `event, ${number(connections)} connections, ${number(writers)} `
      + `writer${writers === 1 ? '' : 's'}: CPU each`),
    againstPoint: FEW, opponent: '100 connections',
  }))),
  atMost(4.4, { ...rest, why: TABLES }),
  atMost(0.7, { ...against('go', rest), why: TABLES }),
  told({ what: `${perVisit}: invocations`, point: 'visit', metric: 'invocations', note: VISIT }),
  told({ what: `${perVisit}: REST calls`, point: 'visit', metric: 'restCalls', note: VISIT_CALLS }),
  told({ what: `${perHour}: invocations`, point: 'typing', metric: 'invocations', note: TYPING }),
  told({ what: `${perHour}: REST calls`, point: 'typing', metric: 'restCalls' }),
  told({ what: `${perHourAlone}: invocations`, point: 'typing-alone', metric: 'invocations', note: ALONE }),
  told({ what: `${perHourAlone}: REST calls`, point: 'typing-alone', metric: 'restCalls' }),
  atMost(ZIP_BYTES, counted({
    what: 'size of the zip, bytes', point: 'zip', metric: 'bytes', why: DROPS,
  })),
];

const FURTHER = [
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
  atMost(0.25, against('express-sdk',
    { what: `${latency}, p50`, point: 'events-300/s', metric: 'addedP50Ms' })),
  atMost(0.3, against('express-sdk',
    { what: `${latency}, p99`, point: 'events-300/s', metric: 'addedP99Ms' })),
  atLeast(20, against('express-sdk', crowdRate)),
  atLeast(1.5, against('go', crowdRate)),
  atMost(0, counted(
    { what: 'event: errors, 1000 in flight', point: 'events-1000', metric: 'errors', worst: true })),
  atMost(1 / 14, against('express-sdk', rest)),
  atMost(1 / 80, against('express-sdk', cold)),
  atMost(1, counted({
    what: 'upstream connections opened per 10 000 events, steady state',
    point: 'events-64', metric: 'openedPer10000',
  })),
  ...[128, 256, 512, 1000, 4000].map((count) => atLeast(count, counted({
    what: `connections sending at once: of ${count} served`,
    point: `at-once-${count}`, metric: 'served', worst: true,
  }))),
  // The same build but for its reader of JSON.
  atMost(1.5, { ...against('unparsed', cpu('full', 'a text of 100 KB: CPU')), server: 'codestream' }),
];

export const GOALS = [...FIRST, ...FURTHER.map((goal) => ({ ...goal, isFurther: true }))];

/** Why there is no number, in words. */
function whySkipped({ point, against: peer }, skipped) {
  return skipped[point] ?? skipped[peer] ?? skipped[HANDLER] ?? `not measured: ${point}`;
}

/** Of the server that the goal is about, one number a round. */
function numbers(goal, samples) {
  const about = { server: HANDLER, ...goal };
  return goal.against ? ratiosOf(samples, about) : valuesOf(samples, about);
}

const goalText = (goal) => {
  if (goal.isTold) return 'to be told';
  const reach = goal.reach === undefined ? '' : ` (${readable(goal.reach, goal)})`;
  return `${goal.isMost ? '≤' : '≥'} ${readable(goal.limit, goal)}${reach}`;
};

/**
 * One verdict a goal: { what, against, isFurther, measured, goal, verdict }.
 * @param {object} skipped why a server or a point is not in the samples, by its id
 * @param {boolean} isBrief of a run that is too brief to judge by the clock
 */
export function judge(samples, skipped = {}, isBrief = false) {
  return GOALS.filter(({ isCounted }) => isCounted || !isBrief).map((goal) => {
    const measured = spread(numbers(goal, samples));
    const about = {
      what: goal.what,
      against: goal.opponent ?? (goal.against ? nameOf(goal.against) : ''),
      isFurther: Boolean(goal.isFurther),
      goal: goalText(goal),
    };
    if (!measured) {
      const why = whySkipped(goal, skipped);
      return { ...about, measured, text: '', verdict: `skipped: ${why}` };
    }
    return { ...about, measured, text: textOf(measured, goal), verdict: verdict(measured, goal) };
  });
}

function verdict(measured, { limit, isMost, worst, isTold, note = '', why }) {
  if (isTold) return note;
  const worstOf = isMost ? measured.max : measured.min;
  const value = worst ? worstOf : measured.median;
  if (isMost ? value <= limit : value >= limit) return 'ok';
  return why ? `SHORT: ${why}` : 'SHORT';
}

/** A ratio below 1 as a fraction: 1/72 says more than 0.0139. */
export function readable(value, { against: peer } = {}) {
  if (!peer) return number(value);
  if (value < 10 && (value >= 0.45 || value <= 0)) return `${Number(value.toFixed(2))} ×`;
  if (value >= 10) return `${number(value)} ×`;
  return `1/${number(1 / value)}`;
}

function textOf({ median: middle, min, max, rounds }, goal) {
  const one = readable(middle, goal);
  const others = [min, max].map((value) => readable(value, goal));
  return rounds > 1 && others[0] !== others[1] ? `${one} (${others.join(' … ')})` : one;
}
