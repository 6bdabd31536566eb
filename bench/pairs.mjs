// Versions of the handler beside each other, in turn: what each change is worth by the clock. Called by
// `make bench-pairs`, which says what the environment names.
import process from 'node:process';
import { takeCertificates } from './certificates.mjs';
import { useTwoCores } from './machine.mjs';
import { measureLoad, measureOpening, measureStart, withServer } from './measure.mjs';
import { asText, number, showProgress } from './report/format.mjs';
import { ratiosOf, spread, valuesOf } from './report/statistics.mjs';

const ROUNDS = Number(process.env.ROUNDS || 7);
const BINARIES = (process.env.BINARIES ?? '').split(' ').filter(Boolean);
const SECONDS = 0.6;
const WARM = 0.3;
const STARTS = 9;
/** So many events come at once, and the stand-in keeps its answers until all have come. */
const CROWD = 64;
const KEPT_MS = 20_000;

const load = (about) => ({ kind: 'event', connections: 256, seconds: SECONDS, warm: WARM, ...about });
const cpu = (point, { delayMs = 5, ...group } = {}) => ({
  metric: 'cpuMicros', unit: 'CPU µs', group: { delayMs, ...group },
  measure: (about, server, rest) => measureLoad(server, rest, { delayMs, ...load(point) }),
});

const POINTS = {
  negotiate: cpu({ kind: 'negotiate', connections: 64 }),
  event: cpu({}),
  'event over TLS': cpu({ connections: 64, opening: 1 }, { tls: true }),
  'event on a new connection over TLS': {
    metric: 'cpuMicros', unit: 'CPU µs', group: { tls: true, delayMs: KEPT_MS, prompt: 1 },
    measure: (about, server, rest) => measureOpening(server, rest, CROWD),
  },
  'cold start': {
    metric: 'coldMs', unit: 'ms', group: {},
    measure: (about, server) => measureStart(about, server, STARTS),
  },
};

async function round(number, { group, measure }, given) {
  const order = number % 2 ? BINARIES : [...BINARIES].reverse();
  const samples = [];
  for (const command of order) {
    const about = { id: command, name: command, command, args: [] };
    const metrics = await withServer(about, group, given,
      (server, rest) => measure(about, server, rest));
    if (metrics.errors > 0) throw new Error(`${command}: ${metrics.firstError}`);
    samples.push({ round: number, server: command, point: 'all', ...metrics });
  }
  return samples;
}

const asRange = ({ median, min, max }) => `${number(median)} (${number(min)} … ${number(max)})`;

function rows(samples, metric) {
  return BINARIES.map((server, i) => {
    const own = spread(valuesOf(samples, { server, point: 'all', metric }));
    const before = i > 0
      && spread(ratiosOf(samples, { server, against: BINARIES[i - 1], point: 'all', metric }));
    return [server, asRange(own), before ? asRange(before) : 'the first'];
  });
}

if (BINARIES.length < 2) throw new Error('BINARIES names two programs or more, the oldest first');
useTwoCores();
const { certificates, forget } = await takeCertificates();
try {
  for (const [what, { metric, unit, ...point }] of Object.entries(POINTS)) {
    const samples = [];
    for (let i = 1; i <= ROUNDS; i++) {
      showProgress(`${what}: round ${i}`);
      samples.push(...await round(i, point, { certificates }));
    }
    showProgress('');
    const head = ['program', unit, 'of the one before it, in the same round'];
    console.log(`${asText({ title: `${what}, ${ROUNDS} rounds`, head, body: rows(samples, metric) })}\n`);
  }
} finally {
  await forget();
}
