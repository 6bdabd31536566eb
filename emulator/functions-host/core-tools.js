// How to run the real Functions host, `func start` of Azure Functions Core Tools, in place of
// the stand-in.

import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';

const START_MS = 120_000;
const PROBE_PAUSE_MS = 250;
const STOP_MS = 10_000;

/** @returns {string | undefined} where `func` is */
export function findFunc() {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    const file = path.join(folder, 'func');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // It is not in this folder.
    }
  }
  return undefined;
}

/** Has the parameters and the result of startFunctionsHost, as far as both can. */
export async function startCoreTools({ func, appRoot, port, env, cors = [], log = () => {} }) {
  const args = ['start', '--port', String(port), '--cors', cors.join(',')];
  const settings = { FUNCTIONS_WORKER_RUNTIME: 'custom', ...process.env, ...env };
  const stdio = ['ignore', 'pipe', 'pipe'];
  const child = spawn(func, args, { cwd: appRoot, env: settings, stdio, detached: true });
  const kill = (signal) => {
    try {
      process.kill(-child.pid, signal); // the handler is its child
    } catch {
      // It has ended.
    }
  };
  const killAtExit = () => kill('SIGKILL');
  process.on('exit', killAtExit);
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', log);
  }
  const stopped = new Promise((resolve) => {
    child.on('error', (error) => resolve(`cannot start '${func}': ${error.code}`));
    child.on('close', (code, signal) => resolve(`func ended (${code ?? signal})`));
  });
  const host = {
    port,
    url: `http://127.0.0.1:${port}`,
    stopped,
    async close() {
      const timer = setTimeout(() => kill('SIGKILL'), STOP_MS);
      kill('SIGINT');
      await stopped;
      clearTimeout(timer);
      process.removeListener('exit', killAtExit);
    },
  };
  await Promise.race([
    untilAnswers(port),
    stopped.then((reason) => {
      throw new Error(reason);
    }),
  ]);
  return host;
}

async function untilAnswers(port) {
  const deadline = Date.now() + START_MS;
  while (!(await answers(port))) {
    if (Date.now() > deadline) throw new Error('func did not respond in time');
    await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS));
  }
}

function answers(port) {
  return new Promise((resolve) => {
    const probe = http.get({ host: '127.0.0.1', port, path: '/' }, (response) => {
      response.resume();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}
