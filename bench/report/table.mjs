// What the tables of a run show of its samples and verdicts.
import { NOTHING, number } from './format.mjs';
import { spread, valuesOf } from './statistics.mjs';
import { glance } from './glance.mjs';
import { SERVERS } from '../peers/servers.mjs';

const middle = (...metric) => (samples, server) => {
  const [point, name] = metric;
  const found = spread(valuesOf(samples, { server, point, metric: name }));
  return found ? number(found.median) : NOTHING;
};

/** Median and, if there were several rounds, the least and the most. */
const ranged = (point, metric) => (samples, server) => {
  const found = spread(valuesOf(samples, { server, point, metric }));
  if (!found) return NOTHING;
  const range = `${number(found.min)}–${number(found.max)}`;
  return found.rounds > 1 ? `${number(found.median)} (${range})` : number(found.median);
};

const pair = (point, one, other) => (samples, server) => {
  const values = [one, other].map((metric) => middle(point, metric)(samples, server));
  return values.every((value) => value === NOTHING) ? NOTHING : values.join(' / ');
};

const TABLES = [
  {
    title: 'Negotiate (64 connections), and the process itself',
    columns: [
      ['requests/s', ranged('negotiate', 'rps')],
      ['CPU µs each', ranged('negotiate', 'cpuMicros')],
      ['p50 / p99 ms at 400/s', pair('negotiate-400/s', 'p50Ms', 'p99Ms')],
      ['idle MB', middle('start', 'rssMb')],
      ['cold start ms', middle('start', 'coldMs')],
    ],
  },
  {
    title: 'Events (the service answers after 5 ms; 1000 in flight: 20 ms)',
    columns: [
      ['events/s, 64', middle('events-64', 'rps')],
      ['events/s, 256', ranged('events-256', 'rps')],
      ['CPU µs each, 256', ranged('events-256', 'cpuMicros')],
      ['added p50 / p99 ms at 300/s', pair('events-300/s', 'addedP50Ms', 'addedP99Ms')],
      ['events/s, 1000', middle('events-1000', 'rps')],
      ['p99 ms, 1000', middle('events-1000', 'p99Ms')],
    ],
  },
  {
    title: 'Memory of 1000 events that wait for the service',
    columns: [
      ['KB each', ranged('waiting', 'kbEach')],
      ['KB each on connections that have served before', ranged('waiting-used', 'kbEach')],
    ],
  },
];

/** What stands in a table above; the rest is TLS, many connections, and the large text. */
const SHOWN = /^(negotiate|negotiate-400\/s|events-(64|256|300\/s|1000))$/;

function rows(samples, { columns }) {
  return SERVERS
    .map(({ id, name }) => [name, ...columns.map(([, cell]) => cell(samples, id))])
    .filter(([, ...cells]) => cells.some((cell) => cell !== NOTHING));
}

function moreRows(samples) {
  const points = [...new Set(samples.map(({ point }) => point))].filter((one) => !SHOWN.test(one));
  return points.flatMap((point) => SERVERS
    .filter(({ id }) => valuesOf(samples, { server: id, point, metric: 'rps' }).length > 0)
    .map(({ id, name }) => [point, name, ranged(point, 'rps')(samples, id),
      ranged(point, 'cpuMicros')(samples, id), pair(point, 'p50Ms', 'p99Ms')(samples, id)]));
}

function goalsTable(title, verdicts) {
  return {
    title,
    head: ['what', 'against', 'goal', 'measured', ''],
    body: verdicts.map(({ what, against, goal, text, verdict }) => (
      [what, against, goal, text, verdict])),
  };
}

/** [{ title, head, body }] of all that was measured. */
export function tables(samples, verdicts) {
  const measured = TABLES.map((table) => ({
    title: table.title,
    head: ['server', ...table.columns.map(([name]) => name)],
    body: rows(samples, table),
  }));
  const more = {
    title: 'More points',
    head: ['point', 'server', 'requests/s', 'CPU µs each', 'p50 / p99 ms'],
    body: moreRows(samples),
  };
  const first = verdicts.filter(({ isFurther }) => !isFurther);
  const further = verdicts.filter(({ isFurther }) => isFurther);
  return [
    glance(samples),
    goalsTable('Goals of the package (ratios within a round; median, least … most)', first),
    ...measured, more,
    goalsTable('Further goals', further),
  ].filter(({ body }) => body.length > 0);
}
