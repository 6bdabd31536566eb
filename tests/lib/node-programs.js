// Programs in Node as their authors have written them, on a free port whatever port they name, with the
// packages of these tests.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { ROOT } from './handler.js';
import { within } from './deadline.js';

const PRELOAD = path.join(ROOT, 'tests/lib/preload/any-port.cjs');
const START_MS = 20_000;

/** Starts one; it ends with the test. @returns {{child, said: {text: string}}} */
export function runProgram(t, file, ...args) {
  const env = { ...process.env, NODE_PATH: path.join(ROOT, 'tests/node_modules') };
  const options = { execArgv: ['--require', PRELOAD], silent: true, env };
  const child = fork(path.join(ROOT, file), args, options);
  t.after(() => child.kill('SIGKILL'));
  const said = { text: '' };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said.text += data));
  return { child, said };
}

/** Starts a server and waits until it listens. @returns {Promise<{child, said, port: number}>} */
export async function startProgram(t, file, ...args) {
  const program = runProgram(t, file, ...args);
  const ended = once(program.child, 'exit').then(() => {
    throw new Error(`${file} has ended: ${program.said.text}`);
  });
  ended.catch(() => {}); // later it may
  const [{ port }] = await within(START_MS, Promise.race([once(program.child, 'message'), ended]), `a port of ${file}`);
  return { ...program, port };
}
