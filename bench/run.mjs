// The benchmark: the handler and its peers side by side, in turn, on the same two cores.
//
//   node bench/run.mjs      after what it runs has been built: see bench.mk
//   ROUNDS=1                fewer rounds than seven, for a look
//   BENCH_SMOKE=1           everything once, briefly: does it work, and without an error?
//   BENCH_RECORD=1          leaves docs/bench.md and its plot: called by make bench-record
//
// Ends with 1 when there were errors.  A goal that is not reached is told and is none.
import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { request } from '../tests/lib/http.js';
import { takeCertificates } from './certificates.mjs';
import { showProgress } from './report/format.mjs';
import { judge } from './report/goals.mjs';
import { describeMachine, maxFiles, useTwoCores } from './machine.mjs';
import {
  measureAtOnce, measureLoad, measureStart, measureWaiting, withServer,
} from './measure.mjs';
import { filesFor, hasTurn, makePlan } from './plan.mjs';
import { countTyping, countVisit } from './audience/visits.mjs';
import { record as keepRecord, report } from './report/report.mjs';
import { noFigure } from './report/statistics.mjs';
import { BUILT, OURS, serverOf, SERVERS, whyMissing } from './peers/servers.mjs';

/** Fewer are no record, whatever ended them. */
const ROUNDS = 7;

const plan = makePlan({
  isSmoke: Boolean(process.env.BENCH_SMOKE), rounds: Number(process.env.ROUNDS || ROUNDS),
});
const samples = [];
const errors = [];
let haveOursFailed = false;
const skipped = {};
const given = {};

// ---- measuring ----

function fail({ id, name }, what) {
  errors.push(`${name}, ${what}`);
  haveOursFailed ||= OURS.has(id);
}

/** Left out of a table, what is no figure would pass for what was not measured. */
function record(round, about, point, metrics) {
  const none = noFigure(metrics);
  if (none) fail(about, `${point}: ${none} is ${metrics[none]}`);
  samples.push({ round, server: about.id, point, ...metrics });
}

const STEPS = {
  start: async (round, about, group, server) => {
    const runs = about.isSlow ? plan.coldRuns.slow : plan.coldRuns.quick;
    record(round, about, 'start', await measureStart(about, server, runs));
  },

  points: async (round, about, { points, delayMs }, server, rest) => {
    for (const [i, point] of points.entries()) {
      if (!canOpen(filesFor(point.connections), point.id)) continue;
      const warm = i === 0 ? Math.min(about.warm, plan.warm) : plan.settle;
      const metrics = await measureLoad(server, rest, { ...point, warm, delayMs });
      record(round, about, point.id, metrics);
      if (metrics.errors > 0) {
        fail(about, `${point.id}: ${metrics.requests} answered, ${metrics.errors} failed, the first: `
          + metrics.firstError);
      }
    }
  },

  waiting: async (round, about, group, server, rest) => {
    record(round, about, group.id, await measureWaiting(server, rest, group));
  },

  'at-once': async (round, about, { counts }, server) => {
    for (const count of counts.filter((one) => canOpen(filesFor(one), `at-once-${one}`))) {
      const metrics = await measureAtOnce(server, count);
      record(round, about, `at-once-${count}`, metrics);
      if (metrics.served < count) {
        fail(about, `of ${count} connections at once ${metrics.served} served; the first that was not: `
          + metrics.fault);
      }
    }
  },
};

/** May a process have so many files open on this machine?  If not, the point is skipped. */
function canOpen(files, point) {
  if (maxFiles() >= files) return true;
  skipped[point] = `a process may have only ${maxFiles()} files open`;
  return false;
}

/** A server that fails is an error, but no reason not to measure the others. */
async function measureGroup(round, group) {
  const step = STEPS[group.step ?? 'points'];
  const takesPart = (about) => (
    about.takes.includes(group.takes) && !skipped[about.id] && hasTurn(about, round));
  for (const about of SERVERS.filter(takesPart)) {
    showProgress(`round ${round}: ${group.id}, ${about.name}`);
    try {
      await withServer(about, group, given,
        (server, rest) => step(round, about, group, server, rest));
    } catch (error) {
      fail(about, `${group.id}: ${error.message}`);
    }
  }
  showProgress('');
}

/** What nginx repeats, and whether the product is there at all. */
async function takeConstant() {
  const about = serverOf('package');
  given.constant = await withServer(about, {}, given, async ({ port }) => (
    (await request(port, { path: '/negotiate' })).body.toString()));
}

/** What needs no round: what is uploaded, and what is asked of host and service. */
function countAll() {
  const sample = (point, metrics) => ({ round: 1, server: 'package', point, ...metrics });
  const { size: bytes } = statSync(path.join(BUILT, '../codestream.zip'));
  return [
    sample('zip', { bytes }),
    sample('visit', countVisit()),
    sample('typing', countTyping({ isWatched: true })),
    sample('typing-alone', countTyping({ isWatched: false })),
  ];
}

async function measureAll() {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let round = 0;
  let longest = 0;
  while (round < plan.rounds && elapsed() + longest < plan.seconds) {
    const began = elapsed();
    round += 1;
    for (const group of plan.groups.filter((one) => hasTurn(one, round))) {
      await measureGroup(round, group);
    }
    longest = Math.max(longest, elapsed() - began);
  }
  return { rounds: round, seconds: Math.round(elapsed()) };
}

// ---- all of it ----

async function main() {
  mkdirSync(BUILT, { recursive: true });
  const machine = { ...describeMachine(), used: useTwoCores() };
  for (const about of SERVERS) {
    const why = whyMissing(about);
    if (why) skipped[about.id] = why;
    if (why && OURS.has(about.id)) fail(about, why);
  }
  await takeConstant();
  const { certificates, forget } = await takeCertificates();
  given.certificates = certificates;
  const date = new Date().toISOString().slice(0, 10);
  const took = await measureAll().finally(forget);
  samples.push(...countAll());
  const run = { date, kind: plan.kind, machine, ...took, skipped, errors, samples };
  const page = report(run, judge(samples, skipped, plan.kind === 'smoke'));
  const isWhole = plan.kind !== 'smoke' && took.rounds >= ROUNDS;
  if (process.env.BENCH_RECORD && !isWhole) console.log(`no record: it takes ${ROUNDS} rounds`);
  else if (process.env.BENCH_RECORD && !haveOursFailed) keepRecord(page, machine);
  process.exitCode = errors.length > 0 || (process.env.BENCH_RECORD && !isWhole) ? 1 : 0;
}

await main();
