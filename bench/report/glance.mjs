// The table with which a report begins: the handler, the best of each language, and the limit.
import { HOST_MICROS, instancesFor, LOADS, monthly, MOST_INSTANCES } from './cost.mjs';
import { NOTHING, number } from './format.mjs';
import { spread, valuesOf } from './statistics.mjs';
import { nameOf } from '../peers/servers.mjs';

/** Of several in one language the one with less CPU for an event. */
const LANGUAGES = [
  { language: 'C', servers: ['package'] },
  { language: 'Rust', servers: ['hyper'] },
  { language: 'Go', servers: ['go', 'fasthttp'] },
  { language: 'JavaScript', servers: ['node-raw'] },
  { language: 'JavaScript, as the articles', servers: ['express-sdk'] },
  { language: 'the limit, in C', servers: ['limit'] },
];

const middle = (samples, server, point, metric) => (
  spread(valuesOf(samples, { server, point, metric }))?.median);

const COLUMNS = [
  ['negotiate, CPU µs', 'negotiate', 'cpuMicros'],
  ['event, CPU µs', 'events-256', 'cpuMicros'],
  ['over TLS', 'events-256-tls', 'cpuMicros'],
  ['p99 ms, 1000', 'events-1000', 'p99Ms'],
  ['KB per waiting event', 'waiting', 'kbEach'],
  ['MB at rest', 'start', 'rssMb'],
  ['cold start ms', 'start', 'coldMs'],
];

function best(samples, servers) {
  const cost = (server) => middle(samples, server, 'events-256', 'cpuMicros') ?? Infinity;
  return [...servers].sort((a, b) => cost(a) - cost(b))[0];
}

const dollars = (value) => (value < 100 ? `${value.toFixed(2)} $` : `${number(value)} $`);

function costs(samples, server) {
  const micros = middle(samples, server, 'events-256', 'cpuMicros');
  const perHour = middle(samples, 'package', 'typing', 'invocations');
  return LOADS.map((load) => {
    if (!micros || !perHour) return NOTHING;
    const isTooMany = instancesFor(load.writers, perHour, micros) > MOST_INSTANCES;
    return `${dollars(monthly(load, perHour, micros))}${isTooMany ? ' *' : ''}`;
  });
}

/** { title, head, body, note } */
export function glance(samples) {
  const rows = LANGUAGES.map(({ language, servers }) => {
    const server = best(samples, servers);
    const figures = COLUMNS.map(([, point, metric]) => (
      number(middle(samples, server, point, metric) ?? NaN)));
    return [language, nameOf(server), ...figures, ...costs(samples, server)];
  });
  return {
    title: 'At a glance',
    head: ['', 'server', ...COLUMNS.map(([name]) => name), ...LOADS.map(({ name }) => `a month: ${name}`)],
    body: rows.filter(([, , ...cells]) => cells.some((cell) => cell !== NOTHING)),
    note: `A month is executions and instances of 512 MB, at the prices of docs/deploying.md and docs/scale.md; `
      + `${HOST_MICROS} µs of CPU are the host's own for each invocation. The service costs the same for all. * takes more than the `
      + `${MOST_INSTANCES} instances that a deployment may have. `
      + 'Only what writers type while somebody watches is counted, no free grant is taken off, and most of it is executions, which all need alike.',
  };
}
