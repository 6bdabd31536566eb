// Starts the handler as its users do: a process with an environment, of which only the port line,
// the log lines and the exit code are known.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import assert from 'node:assert/strict';
import { deferred, Inbox, within } from './deadline.js';

export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
export const BINARY = path.resolve(ROOT, process.env.CODESTREAM_BIN || 'codestream');

/**
 * The same program with another application, of examples/ or tests/apps/; a release has it only
 * where somebody has built it.
 */
export function binaryOf(app) {
  const build = path.join(ROOT, 'build');
  const folder = BINARY.startsWith(build) ? path.dirname(BINARY) : build;
  return path.join(folder, app, 'codestream');
}

/** Why tests that need this application are to be skipped; false: it is there. */
export const lacks = (app) => !existsSync(binaryOf(app)) && `this build has no application ${app}`;

// Start under a sanitizer on a busy machine takes its time; stopping has its own rule (5 s).
const READY_MS = 15_000;
const STOP_MS = 8_000;
const SETTING = 'WebPubSubForSocketIOConnectionString';

/** The access key that tests use unless they say otherwise; also what no log line may contain. */
export const ACCESS_KEY = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789ABCDEFGH';

/** Handlers that run now: a test that fails half-way must not leave one behind. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A child's environment: what the sanitizers and the loader read, and nothing else of ours. */
export function cleanEnvironment(extra = {}) {
  const kept = /^(PATH|HOME|LANG|LD_LIBRARY_PATH|LLVM_PROFILE_FILE|GCOV_.*|[ALMTU]+SAN_OPTIONS)$/;
  const own = Object.entries(process.env).filter(([name]) => kept.test(name));
  return { ...Object.fromEntries(own), ...extra };
}

export function connectionString(endpoint, accessKey = ACCESS_KEY) {
  return `Endpoint=${endpoint};AccessKey=${accessKey};Version=1.0;`;
}

/** Runs the handler to its end, for --version, --check and the like. */
export function runHandler(args, env = {}, ms = STOP_MS) {
  return runProgram(BINARY, args, env, ms);
}

/** Runs any program to its end. */
export async function runProgram(file, args, env, ms) {
  const child = spawn(file, args, {
    env: cleanEnvironment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (bytes) => { output.stdout += bytes; });
  child.stderr.on('data', (bytes) => { output.stderr += bytes; });
  try {
    const [code, signal] = await within(ms, once(child, 'close'), `${file} ${args.join(' ')}`);
    return { code, signal, ...output };
  } finally {
    child.kill('SIGKILL');
  }
}

/**
 * Starts the handler and waits until it listens.
 * @param {{ service?: string, env?: object, args?: string[], through?: string[], app?: string,
 *   binary?: string }} options
 *   service: a connection string; through: a command that becomes the one that is added to it; app:
 *   another application than Codestream
 */
export async function startHandler({
  service, env = {}, args = ['--port', '0'], through = [], app,
  binary = app ? binaryOf(app) : BINARY,
} = {}) {
  const settings = service === undefined ? {} : { [SETTING]: service };
  const [file, ...rest] = [...through, binary, ...args];
  const child = spawn(file, rest, {
    env: cleanEnvironment({ ...settings, ...env }),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const handler = new Handler(child);
  try {
    await within(READY_MS, handler.ready, `${binary} ready`);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  return handler;
}

class Handler {
  #child;
  #ready = deferred();

  constructor(child) {
    this.#child = child;
    /** All lines in the order in which they arrived, and the same by stream. */
    this.lines = [];
    this.stdout = [];
    this.stderr = [];
    this.log = new Inbox('a log line of the handler');
    running.add(child);
    child.on('exit', () => running.delete(child));
    this.#read(child.stdout, this.stdout);
    this.#read(child.stderr, this.stderr);
    /** When the process is gone and all that it wrote has been read. */
    this.exited = new Promise((resolve) => {
      child.on('close', (code, signal) => resolve({ code, signal }));
    });
    child.on('error', (error) => this.#ready.reject(error));
    this.exited.then(({ code, signal }) => {
      this.#ready.reject(new Error(
        `the handler ended (code ${code}, signal ${signal}):\n${this.stderr.join('\n')}`));
    });
    this.ready = this.#ready.promise;
    this.ready.catch(() => {});
  }

  get pid() {
    return this.#child.pid;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get alive() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Lines that a host would show as warnings or errors. */
  get complaints() {
    return this.lines.filter(isComplaint);
  }

  /** Closes our ends of its stdout and stderr, as a host does that has crashed. */
  closeLog() {
    this.#child.stdout.destroy();
    this.#child.stderr.destroy();
  }

  kill(signal) {
    this.#child.kill(signal);
  }

  /** Ends the process as a platform does, and holds it to a clean end. */
  async stop() {
    assert.ok(this.alive, `the handler was gone before it was stopped:\n${this.#lastWords()}`);
    this.kill('SIGTERM');
    try {
      await this.endsBy('SIGTERM', STOP_MS);
    } finally {
      this.kill('SIGKILL');
    }
  }

  /** It ends by this signal in time, and no sanitizer and no valgrind has anything to say. */
  async endsBy(signal, ms = STOP_MS) {
    const end = await within(ms, this.exited, `the end of the handler after ${signal}`);
    assert.deepEqual(end, { code: null, signal },
      `the handler ended with ${JSON.stringify(end)}:\n${this.#lastWords()}`);
    const reports = this.stderr.filter((line) => /^(==\d|WARNING: \w*Sanitizer)/.test(line));
    assert.deepEqual(reports, [], this.#lastWords());
  }

  #lastWords() {
    return this.stderr.slice(-30).join('\n');
  }

  #read(stream, lines) {
    createInterface({ input: stream, crlfDelay: Infinity }).on('line', (line) => {
      lines.push(line);
      this.lines.push(line);
      this.log.push(line);
      const listening = /\bevent=listening\b.*\bport=(\d+)/.exec(line);
      if (listening && this.port === undefined) {
        this.port = Number(listening[1]);
        this.#ready.resolve();
      }
    });
  }
}

/** How many accepted sendToRoom there were: a line stands for all of a second. */
export function sampledEvents(lines) {
  return lines
    .filter((line) => / name=sendToRoom /.test(line))
    .reduce((sum, line) => sum + Number(/ events=(\d+)$/.exec(line)?.[1] ?? 0), 0);
}

export function isComplaint(line) {
  return /\blevel=(warn|warning|error|fatal)\b/.test(line);
}
