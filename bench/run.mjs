// The benchmark: the handler and its peers side by side, in turn, on the same two cores.
//
//   node bench/run.mjs      after what it runs has been built: see bench.mk
//   BENCH_FULL=1            more points; a quarter of an hour
//   BENCH_SMOKE=1           everything once, briefly: does it work, and without an error?
//
// Ends with 1 when there were errors.  A goal that is not reached is told and is none.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { makeCertificates } from '../tests/lib/certificates.js';
import { request } from '../tests/lib/http.js';
import { showProgress } from './report/format.mjs';
import { judge } from './report/goals.mjs';
import { describeMachine, maxFiles, useTwoCores } from './machine.mjs';
import {
  measureAtOnce, measureLoad, measureStart, measureWaiting, withServer,
} from './measure.mjs';
import { makePlan } from './plan.mjs';
import { report } from './report/report.mjs';
import { BUILT, OURS, serverOf, SERVERS, whyMissing } from './peers/servers.mjs';

/** What the largest crowd needs: both ends of its connections, and those to the service. */
const filesFor = (connections) => 2 * connections + 500;

const plan = makePlan({
  isFull: Boolean(process.env.BENCH_FULL), isSmoke: Boolean(process.env.BENCH_SMOKE),
});
const samples = [];
const errors = [];
const skipped = {};
const given = {};

// ---- measuring ----

const record = (round, server, point, metrics) => {
  samples.push({ round, server, point, ...metrics });
};

const STEPS = {
  start: async (round, about, group, server) => {
    const runs = about.isSlow ? plan.coldRuns.slow : plan.coldRuns.quick;
    record(round, about.id, 'start', await measureStart(about, server, runs));
  },

  points: async (round, about, { points, delayMs }, server, rest) => {
    for (const [i, point] of points.entries()) {
      const warm = i === 0 ? Math.min(about.warm, plan.warm) : plan.settle;
      const metrics = await measureLoad(server, rest, { ...point, warm, delayMs });
      record(round, about.id, point.id, metrics);
      if (metrics.errors > 0) {
        errors.push(`${about.name}, ${point.id}: ${metrics.requests} answered, ${metrics.errors} `
          + `failed, the first: ${metrics.firstError}`);
      }
    }
  },

  waiting: async (round, about, { id, count }, server, rest) => {
    if (!canOpen(count, id)) return;
    record(round, about.id, id, await measureWaiting(server, rest, count));
  },

  'at-once': async (round, about, { counts }, server) => {
    for (const count of counts.filter((one) => canOpen(one, `at-once-${one}`))) {
      const metrics = await measureAtOnce(server, count);
      record(round, about.id, `at-once-${count}`, metrics);
      if (metrics.served < count) {
        errors.push(`${about.name}: of ${count} connections at once ${metrics.served} served; `
          + `the first that was not: ${metrics.fault}`);
      }
    }
  },
};

/** May a process have so many connections on this machine?  If not, the point is skipped. */
function canOpen(connections, point) {
  if (maxFiles() >= filesFor(connections)) return true;
  skipped[point] = `a process may have only ${maxFiles()} files open`;
  return false;
}

/** A server that fails is an error, but no reason not to measure the others. */
async function measureGroup(round, group) {
  const step = STEPS[group.step ?? 'points'];
  const takesPart = ({ id, takes }) => takes.includes(group.takes) && !skipped[id];
  for (const about of SERVERS.filter(takesPart)) {
    showProgress(`round ${round}: ${group.id}, ${about.name}`);
    try {
      await withServer(about, group, given,
        (server, rest) => step(round, about, group, server, rest));
    } catch (error) {
      errors.push(`${about.name}, ${group.id}: ${error.message}`);
    }
  }
  showProgress('');
}

/** What nginx repeats, and whether the product is there at all. */
async function takeConstant() {
  const about = serverOf('codestream');
  given.constant = await withServer(about, {}, given, async ({ port }) => (
    (await request(port, { path: '/negotiate' })).body.toString()));
}

async function takeCertificates() {
  const { authorityFile, valid, remove } = await makeCertificates();
  const [certificate, key] = [path.join(BUILT, 'tls.pem'), path.join(BUILT, 'tls.key')];
  const files = { authorityFile, certificate, key };
  writeFileSync(files.certificate, valid.cert);
  writeFileSync(files.key, valid.key, { mode: 0o600 });
  given.certificates = files;
  return async () => {
    rmSync(files.key);
    await remove();
  };
}

async function measureAll() {
  const start = performance.now();
  const elapsed = () => (performance.now() - start) / 1000;
  let round = 0;
  let longest = 0;
  while (round < plan.rounds && elapsed() + longest < plan.seconds) {
    const began = elapsed();
    round += 1;
    for (const group of plan.groups.filter(({ once }) => !once || round === 1)) {
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
    if (why && OURS.has(about.id)) errors.push(`${about.name}: ${why}`);
  }
  await takeConstant();
  const needsTls = plan.groups.some(({ tls }) => tls);
  const forget = needsTls ? await takeCertificates() : async () => {};
  const date = new Date().toISOString().slice(0, 10);
  const took = await measureAll().finally(forget);
  const run = { date, kind: plan.kind, machine, ...took, skipped, errors, samples };
  report(run, judge(samples, skipped, plan.kind === 'smoke'));
  process.exitCode = errors.length > 0 ? 1 : 0;
}

await main();
