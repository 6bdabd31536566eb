// How cost grows with load, direction by direction, and whether it grows for the reasons given.
// Called by `make bench-growth`; prints a table and leaves it in build/bench.

import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { asMarkdown, grouped, number, showProgress } from '../report/format.mjs';
import { describeMachine, useTwoCores } from '../machine.mjs';
import { measureLoad, withServer } from '../measure.mjs';
import { BUILT, serverOf } from '../peers/servers.mjs';
import { DIMENSIONS } from './dimensions.mjs';
import { exponent } from './slope.mjs';

const ROUNDS = Number(process.env.ROUNDS || 2);
const LOAD = { kind: 'event', warm: 0.3, seconds: 0.9 };
const FILE = path.join(BUILT, 'growth.md');

const machine = describeMachine();
const HEAD = `# How cost grows

${useTwoCores()} of ${machine.cores} cores (${machine.cpu}), which load generator and REST share.
Of ${ROUNDS} rounds the one with less CPU: what else the machine does only adds to it.
CPU is the handler's alone, per event, user and system. Latency is from when an event was due (open
loop) or sent (closed loop) to its answer, in milliseconds.
`;

/** A fresh handler, and of some rounds the one that was disturbed least. */
async function best(point) {
  const results = [];
  while (results.length < ROUNDS) {
    results.push(await withServer(serverOf('package'), point, {},
      (server, rest) => measureLoad(server, rest, { ...LOAD, ...point })));
  }
  return results.sort((a, b) => a.cpuMicros - b.cpuMicros)[0];
}

function row(value, { rps, cpuMicros, p50Ms, p99Ms, rssMb, upstream, errors, unsent, firstError }) {
  const failed = errors + unsent;
  const trouble = failed === 0 ? '0' : `${failed} (${firstError ?? 'not sent in time'})`;
  const figures = [rps, cpuMicros, p50Ms, p99Ms, rssMb, upstream].map(number);
  return [grouped(value), ...figures, trouble];
}

/** What the numbers say, and whether that was expected. */
function judge({ name, all, last, why }, points) {
  const cpu = points.map(([value, { cpuMicros }]) => [value, cpuMicros]);
  const [[first, { rssMb: before }], [end, { rssMb: after }]] = [points[0], points.at(-1)];
  const found = { all: exponent(cpu), last: exponent(cpu.slice(-2)) };
  const within = ([low, high], value) => value >= low && value <= high;
  const expected = within(all, found.all) && within(last, found.last);
  const memory = ((after - before) * 1000) / (end - first);
  const slope = `CPU per event grows with ${name} to the power of ${found.all.toFixed(2)}, in the \
last step ${found.last.toFixed(2)}; memory by ${number(Math.max(0, memory))} KB for one more.`;
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
  const points = [];
  for (const value of values) {
    showProgress(`${name}: ${value}`);
    points.push([value, await best(point(value))]);
  }
  showProgress('');
  say(`${asMarkdown({
    title: `${name}: ${how}`,
    head: [name, 'events/s', 'CPU µs', 'p50', 'p99', 'MB', 'upstream connections', 'failed'],
    body: points.map((one) => row(...one)),
  })}\n\n${judge(dimension, points)}\n`);
}
mkdirSync(BUILT, { recursive: true });
writeFileSync(FILE, `${lines.join('\n')}\n`);
