// Programs that the benchmark starts: each is ended by its own id, and none outlives the run.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cleanEnvironment } from '../tests/lib/handler.js';
import { eventually, within } from '../tests/lib/deadline.js';
import { Connection, request } from '../tests/lib/http.js';
import { freePort } from '../tests/lib/stack.js';

const READY_MS = 15_000;
const STOP_MS = 3000;
const ANSWER_MS = 5000;
const MAX_COMPLAINT_CHARS = 2000;

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

export class Program {
  #child;

  /** stdout is thrown away, or read by `onLine`; the end of stderr is kept for messages. */
  constructor({ name, command, args = [], env = {}, onLine }) {
    this.name = name;
    this.complaint = '';
    this.#child = spawn(command, args, {
      env: cleanEnvironment(env),
      stdio: ['ignore', onLine ? 'pipe' : 'ignore', 'pipe'],
    });
    running.add(this.#child);
    this.exited = new Promise((resolve) => {
      this.#child.on('error', (error) => resolve(error.message));
      this.#child.on('close', (code, signal) => resolve(signal ?? `exit status ${code}`));
    });
    this.exited.then(() => running.delete(this.#child));
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.complaint = (this.complaint + text).slice(-MAX_COMPLAINT_CHARS);
    });
    if (onLine) createInterface({ input: this.#child.stdout }).on('line', onLine);
  }

  get pid() {
    return this.#child.pid;
  }

  get alive() {
    return this.pid !== undefined && this.#child.exitCode === null
      && this.#child.signalCode === null;
  }

  /** Waits for `promise`, unless the program ends before. */
  async unlessEnded(ms, promise, what) {
    const ended = this.exited.then((how) => {
      throw new Error(`${this.name}: ${how}\n${this.complaint}`);
    });
    ended.catch(() => {});
    return within(ms, Promise.race([promise, ended]), `${this.name}: ${what}`);
  }

  async stop() {
    this.#child.kill('SIGTERM');
    try {
      await within(STOP_MS, this.exited, `${this.name} after SIGTERM`);
    } catch {
      await this.kill();
    }
  }

  /** At once, whatever it still waits for. */
  async kill() {
    this.#child.kill('SIGKILL');
    await within(STOP_MS, this.exited, `${this.name} after SIGKILL`);
  }
}

/**
 * Starts a server on a free port; waits until it answers `path` with 200, or without a path until
 * it listens.
 * @param {(port: number) => object} program what to start, as Program takes it
 */
export async function startServer(program, path) {
  const port = await freePort();
  const { env, ...rest } = program(port);
  const ports = { PORT: `${port}`, FUNCTIONS_CUSTOMHANDLER_PORT: `${port}` };
  const server = new Program({ ...rest, env: { ...env, ...ports } });
  server.port = port;
  try {
    await server.unlessEnded(READY_MS, eventually(READY_MS, () => answers(server, path), 'start'),
      'ready');
  } catch (error) {
    if (server.alive) await server.stop();
    throw error;
  }
  return server;
}

async function answers(server, path) {
  if (!server.alive) throw new Error(`${server.name} has ended`);
  try {
    if (path) return (await request(server.port, { path }, ANSWER_MS)).status === 200;
    (await Connection.open(server.port)).close();
    return true;
  } catch {
    return false;
  }
}

/** Of the bench's own programs, and of the handler. */
const LISTENING = /^(?:listening |level=info event=listening port=)(\d+)(?: |$)/;

/** Starts a program that says on which port it listens; what it says later goes to its own onLine. */
export async function startListening(program) {
  let ready;
  const listening = new Promise((resolve) => {
    ready = resolve;
  });
  const server = new Program({
    ...program,
    onLine: (line) => {
      const [, port] = LISTENING.exec(line) ?? [];
      if (port) ready(Number(port));
      else program.onLine?.(line);
    },
  });
  server.port = await server.unlessEnded(READY_MS, listening, 'ready');
  return server;
}

/** Runs a program to its end; what it prints is one line of JSON. */
export async function runForJson(ms, program) {
  const lines = [];
  const child = new Program({ ...program, onLine: (line) => lines.push(line) });
  try {
    const how = await within(ms, child.exited, child.name);
    if (how !== 'exit status 0') throw new Error(`${child.name}: ${how}\n${child.complaint}`);
    return JSON.parse(lines.join('\n'));
  } finally {
    if (child.alive) await child.stop();
  }
}
