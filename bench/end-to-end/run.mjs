// Keystroke to viewer through everything there is on this machine: the page's core, the stand-in
// for Web PubSub, that for the Functions host, the handler, REST, the stand-in again, the viewers'
// cores. Called by `make bench-end-to-end`; prints a table and leaves it in build/bench.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { pause, within } from '../../tests/lib/deadline.js';
import { asMarkdown, grouped, number, showProgress } from '../report/format.mjs';
import { describeMachine, useTwoCores } from '../machine.mjs';
import { BUILT } from '../peers/servers.mjs';
import { percentiles } from '../report/statistics.mjs';
import { cpuSecondsOf, machineCpuSeconds } from '../usage.mjs';
import { Room } from './room.mjs';

/** As fast as people type. */
const KEYS_PER_SECOND = 5;
const WARM_MS = 1_000;
const MEASURE_MS = Number(process.env.SECONDS || 3) * 1000;
/** A single viewer is measured longer, or there would be too few keystrokes to speak of. */
const MEASURE_ONE_MS = 4 * MEASURE_MS;
const START_MS = 20_000;
const STOP_MS = 20_000;
/** Who comes at the same time. */
const OPENING = 100;

/** Rooms, viewers in each, keys a second in each where it is not what people do. */
const CASES = [
  [1, 1],
  [1, 10],
  [1, 100],
  [10, 1],
  [10, 10],
  [10, 100],
  [100, 1],
  [100, 10],
];

async function startStack() {
  const script = fileURLToPath(new URL('stack.mjs', import.meta.url));
  const child = fork(script, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const [{ api, handler }] = await within(START_MS, once(child, 'message'), 'the stand-ins');
  return {
    api,
    cpu: () => cpuOf({ pages: process.pid, stands: child.pid, handler }),
    close: async () => {
      child.disconnect();
      await within(STOP_MS, once(child, 'exit'), 'the end of the stand-ins');
    },
  };
}

/** Of each of ours, and of everybody else on this machine. */
function cpuOf(pids) {
  const ours = Object.entries(pids).map(([name, pid]) => [name, cpuSecondsOf(pid)]);
  const sum = ours.reduce((total, [, seconds]) => total + seconds, 0);
  return { ...Object.fromEntries(ours), others: machineCpuSeconds() - sum };
}

/** The same keystrokes in every run. */
function randomFrom(seed) {
  return () => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32;
  };
}

/** Does all of them, some at a time. */
async function inTurns(tasks) {
  const left = [...tasks];
  const work = async () => {
    for (let task = left.shift(); task; task = left.shift()) await task();
  };
  await Promise.all(Array.from({ length: OPENING }, work));
}

async function openRooms(api, count, viewers, samples) {
  const rooms = Array.from({ length: count }, () => new Room(api, samples));
  await inTurns(rooms.map((room) => () => room.open()));
  // Room after room, so that no writer is asked by many at once unless all are in one room.
  const places = Array.from({ length: viewers }, () => rooms).flat();
  await inTurns(places.map((room) => () => room.addViewer()));
  return rooms;
}

async function measure(stack, [count, viewers, keys = KEYS_PER_SECOND]) {
  const samples = { path: [], all: [] };
  const random = randomFrom(count * 1000 + viewers);
  const rooms = await openRooms(stack.api, count, viewers, samples);
  rooms.forEach((room) => room.type(keys, random));
  await pause(WARM_MS);
  rooms.forEach((room) => room.measure());
  const [before, begun] = [stack.cpu(), performance.now()];
  await pause(count * viewers === 1 ? MEASURE_ONE_MS : MEASURE_MS);
  const [after, elapsed] = [stack.cpu(), (performance.now() - begun) / 1000];
  const wrong = (await Promise.all(rooms.map((room) => room.settle()))).reduce((a, b) => a + b);
  rooms.forEach((room) => room.close());
  const busy = Object.entries(after)
    .map(([name, seconds]) => [name, (seconds - before[name]) / elapsed]);
  return { count, viewers, keys, samples, wrong, busy: Object.fromEntries(busy) };
}

const percent = (share) => `${Math.round(share * 100)} %`;

function row({ count, viewers, keys, samples, wrong, busy }) {
  const cells = [count, viewers, keys, grouped(samples.all.length)];
  for (const list of [samples.path, samples.all]) {
    const { p50, p90, p99, max } = percentiles(list);
    cells.push(...[p50, p90, p99, max].map(number));
  }
  cells.push(percent(busy.pages), percent(busy.stands));
  cells.push(percent(busy.handler), percent(busy.others));
  cells.push(wrong === 0 ? 'equal' : `${wrong} DIFFER`);
  return cells.map(String);
}

const machine = describeMachine();
const HEAD = `# Keystroke to viewer, all on one machine

${useTwoCores()} of ${machine.cores} cores (${machine.cpu}), Node ${machine.node}, \
${MEASURE_MS / 1000} s each. Milliseconds.

- path: from the page's message to the viewer's text; keystroke: from the key to the viewer's text.
  The page sends a first key at once and then at most every 200 ms, which is most of it.
- CPU, of one core: pages are all writers and viewers in one process, stand-ins (Web PubSub,
  Functions host) another, others is what this machine did besides. Where that is much, latency
  says more of them than of us.
- 100 rooms of 100 are left out: 40 000 messages a second to 10 000 connections take more than two
  cores, nearly all of it for pages and stand-ins.
`;

const COLUMNS = ['rooms', 'viewers each', 'keys/s each', 'samples', 'path p50', 'p90', 'p99', 'max',
  'keystroke p50', 'p90', 'p99', 'max', 'pages', 'stand-ins', 'handler', 'others', 'texts'];

const stack = await startStack();
const results = [];
for (const one of CASES) {
  showProgress(`${one[0]} rooms of ${one[1]} viewers`);
  results.push(await measure(stack, one));
}
showProgress('');
await stack.close();
const table = asMarkdown({ title: 'Latency', head: COLUMNS, body: results.map(row) });
const text = `${HEAD}\n${table}\n`;
console.log(text);
mkdirSync(BUILT, { recursive: true });
writeFileSync(path.join(BUILT, 'end-to-end.md'), text);
process.exit(results.every(({ wrong }) => wrong === 0) ? 0 : 1);
