// How cost grows with load, direction by direction, and whether it grows for the reasons given.
// Called by `make bench-growth`; prints a table and leaves it in build/bench.

import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { DIMENSIONS } from './dimensions.mjs';
import { measure } from './measure.mjs';
import { exponent } from './slope.mjs';

// Whoever ends this ends what it has started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const ROUNDS = Number(process.env.ROUNDS || 2);
const FILE = 'build/bench/growth.md';

const HEAD = `# How cost grows

${os.cpus().length} cores (${os.cpus()[0].model.trim()}), which load generator and REST share.
Of ${ROUNDS} rounds the one with less CPU: what else the machine does only adds to it.
CPU is the handler's alone, per event, user and system. Latency is from when an event was due (open
loop) or sent (closed loop) to its answer, in milliseconds.
`;

const digits = (value) => (value < 10 ? value.toFixed(2) : value.toFixed(value < 100 ? 1 : 0));
const grouped = (number) => String(number).replace(/\B(?=(\d{3})+$)/g, ' ');

/** The round that was disturbed least. */
async function best(point) {
  let least;
  for (let round = 0; round < ROUNDS; round++) {
    const result = await measure(point);
    if (!least || result.cpuUs < least.cpuUs) least = result;
  }
  return least;
}

function row(value, { rps, cpuUs, p50, p99, rssMb, upstream, failed, why }) {
  const trouble = failed === 0 ? '0' : `${failed} (${why ?? 'not sent in time'})`;
  const cells = [grouped(value), grouped(Math.round(rps)), digits(cpuUs), digits(p50), digits(p99)];
  return `| ${[...cells, digits(rssMb), upstream, trouble].join(' | ')} |`;
}

/** What the numbers say, and whether that was expected. */
function judge({ name, all, last, why }, points) {
  const cpu = points.map(([value, { cpuUs }]) => [value, cpuUs]);
  const [[first, { rssMb: before }], [end, { rssMb: after }]] = [points[0], points.at(-1)];
  const found = { all: exponent(cpu), last: exponent(cpu.slice(-2)) };
  const within = ([low, high], value) => value >= low && value <= high;
  const expected = within(all, found.all) && within(last, found.last);
  const memory = ((after - before) * 1024) / (end - first);
  const slope = `CPU per event grows with ${name} to the power of ${found.all.toFixed(2)}, in the \
last step ${found.last.toFixed(2)}; memory by ${digits(Math.max(0, memory))} KB for one more.`;
  const verdict = expected
    ? 'As expected.'
    : `NOT AS EXPECTED (${all.join(' to ')}, last ${last.join(' to ')}), so this may not be it.`;
  return `${slope} ${verdict} ${why}`;
}

const lines = [];
function say(text) {
  lines.push(text);
  console.log(text);
}

say(HEAD);
for (const dimension of DIMENSIONS) {
  const { name, how, values, point } = dimension;
  say(`## ${name}: ${how}\n`);
  say(`| ${name} | events/s | CPU us | p50 | p99 | RSS MB | upstream connections | failed |`);
  say(`|${' ---: |'.repeat(8)}`);
  const points = [];
  for (const value of values) {
    points.push([value, await best(point(value))]);
    say(row(...points.at(-1)));
  }
  say(`\n${judge(dimension, points)}\n`);
}
mkdirSync('build/bench', { recursive: true });
writeFileSync(FILE, `${lines.join('\n')}\n`);
