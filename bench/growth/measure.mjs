// One point: a fresh handler between the load generator and the stand-in for REST, what an event
// costs it, and how long events take.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { eventually, pause, within } from '../../tests/lib/deadline.js';
import { ACCESS_KEY, cleanEnvironment, connectionString } from '../../tests/lib/handler.js';
import { freePort } from '../../tests/lib/stack.js';
import { cpuMs, rssKb } from './cpu.mjs';

/** What the handler of the last point said on its stderr. */
const COMPLAINTS = 'build/bench/complaints.log';
const START_MS = 10_000;
const STOP_MS = 8_000;
/** All connections stand, and the first event has come through. */
const FIRST_MS = 40_000;
const LOAD_MS = 60_000;
const WARM_MS = 300;
const WINDOW_MS = 800;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start(program, args, stdout, { env = {}, stderr = 'inherit' } = {}) {
  const options = { stdio: ['ignore', stdout, stderr], env: cleanEnvironment(env) };
  const child = spawn(program, args, options);
  running.add(child);
  child.on('exit', () => running.delete(child));
  return child;
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await within(STOP_MS, ended, `the end of ${child.spawnfile}`);
}

async function startRest(delayMs) {
  const child = start('build/bench/rest', ['--port', '0', '--delay-ms', String(delayMs)], 'pipe');
  const line = once(createInterface({ input: child.stdout }), 'line');
  const [, port] = /^listening (\d+)$/.exec(await within(START_MS, line, 'the port of REST'));
  const stats = async () => (await fetch(`http://127.0.0.1:${port}/stats`)).json();
  return { child, port, stats };
}

/** Its log goes nowhere, its complaints to a file: who reads them takes part in the measuring. */
async function startHandler(restPort) {
  const port = await freePort();
  const stderr = openSync(COMPLAINTS, 'w');
  const child = start('./codestream', ['--port', String(port)], 'ignore', {
    env: { WebPubSubForSocketIOConnectionString: connectionString(`http://localhost:${restPort}`) },
    stderr,
  });
  closeSync(stderr);
  const ready = () => fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.ok, () => false);
  await eventually(START_MS, ready, 'the handler');
  return { child, port };
}

async function startLoad(port, args) {
  const seconds = ['--warmup', String(WARM_MS / 1000), '--seconds', String(WINDOW_MS / 1000)];
  const fixed = ['--port', String(port), '--kind', 'event', ...seconds];
  const child = start('build/bench/load', [...fixed, ...args], 'pipe', {
    env: { BENCH_KEY: ACCESS_KEY },
  });
  let output = '';
  child.stdout.on('data', (bytes) => {
    output += bytes;
  });
  const ended = once(child, 'close').then(() => JSON.parse(output));
  return { child, result: within(LOAD_MS, ended, 'the end of the load') };
}

/** @param {{ delayMs?: number, load: string[] }} point load: options of the generator */
export async function measure({ delayMs = 0, load: args }) {
  const children = [];
  try {
    const rest = await startRest(delayMs);
    children.unshift(rest.child);
    const handler = await startHandler(rest.port);
    children.unshift(handler.child);
    const load = await startLoad(handler.port, args);
    children.unshift(load.child);
    const { pid } = handler.child;
    const sample = async () => ({ ...(await rest.stats()), cpu: cpuMs(pid) });

    await eventually(FIRST_MS, async () => (await rest.stats()).requests > 0, 'a first event');
    await pause(WARM_MS);
    const before = await sample();
    await pause(WINDOW_MS);
    const after = await sample();
    const rss = rssKb(pid);
    const events = after.requests - before.requests;
    const { p50_ms: p50, p99_ms: p99, rps, ...result } = await load.result;
    return {
      cpuUs: ((after.cpu - before.cpu) * 1000) / events,
      rps,
      p50,
      p99,
      rssMb: rss / 1024,
      upstream: after.connections,
      failed: result.errors + result.non2xx + result.unsent,
      why: result.first_error,
    };
  } finally {
    for (const child of children) await stop(child);
  }
}
