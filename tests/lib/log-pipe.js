// A handler whose stdout is a pipe that the test reads as slowly as it likes: page by page, as the
// Functions host does. node's own pipes are sockets, and it reads them as fast as it can.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { eventually, within } from './deadline.js';
import { BINARY, cleanEnvironment, connectionString } from './handler.js';
import { Connection } from './http.js';

export const PAGE = 4096;
const SERVICE = connectionString('https://example.webpubsub.azure.com');
const START_MS = 15_000;
const STOP_MS = 15_000;

/** Each of its bytes is two in the log, so that fewer requests are needed. */
const LONG = '"'.repeat(110);

/** Which port a process listens on, for one that cannot say so. */
async function listeningPort(pid) {
  let port;
  await eventually(START_MS, () => {
    const own = new Set(fs.readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
      } catch {
        return undefined;
      }
    }));
    for (const line of fs.readFileSync('/proc/net/tcp', 'utf8').split('\n')) {
      const field = line.trim().split(/\s+/);
      if (field[3] === '0A' && own.has(field[9])) port = parseInt(field[1].split(':')[1], 16);
    }
    return port !== undefined;
  }, 'a port that it listens on');
  return port;
}

export class LogPipe {
  #read;
  #timer;
  text = '';

  static async open(t) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'log-'));
    const fifo = path.join(folder, 'fifo');
    execFileSync('mkfifo', [fifo]);
    const pipe = new LogPipe();
    pipe.#read = fs.openSync(fifo, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    /** For the handler; to be closed when it has it. */
    pipe.write = fs.openSync(fifo, 'w');
    t.after(async () => {
      pipe.pace(0);
      pipe.close();
      await rm(folder, { recursive: true });
    });
    return pipe;
  }

  /** Takes one page, if there is anything; false: there is not. */
  takePage() {
    const page = Buffer.alloc(PAGE);
    try {
      const length = fs.readSync(this.#read, page);
      this.text += page.toString('latin1', 0, length);
      return length > 0;
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
      return false;
    }
  }

  /** From now on takes a page every so many milliseconds; 0: none. */
  pace(ms) {
    clearInterval(this.#timer);
    if (ms > 0) this.#timer = setInterval(() => this.takePage(), ms);
  }

  /** Takes all that comes until `isEnough`. */
  async readUntil(isEnough, what) {
    await eventually(10_000, () => {
      while (this.takePage());
      return isEnough();
    }, what);
  }

  close() {
    if (this.#read !== undefined) fs.closeSync(this.#read);
    this.#read = undefined;
  }

  get lines() {
    return this.text.split('\n').slice(0, -1);
  }
}

/** What a log holds: whole lines about a path, and how many others it says are lost. */
export function account(lines, asked = '/negotiate') {
  const told = lines.map((line) => /^level=warn event=log lost=(\d+)$/.exec(line)?.[1] ?? 0);
  const kept = lines.filter((line) => line.includes(` path=${asked} `) && !line.endsWith('...'));
  return {
    kept: kept.length,
    lost: told.reduce((sum, n) => sum + Number(n), 0),
    /** What is no line: torn, or two in one. */
    strange: lines.filter((line) => !line.endsWith('...')
      && !/^level=(info|warn|error) event=[a-z]+ (?!.*level=)/.test(line)),
  };
}

/** The handler, its stdout and stderr where the test wants them. */
export async function startWithLog(t, stdout, stderr) {
  const child = spawn(BINARY, ['--port', '0'], {
    env: cleanEnvironment({
      WebPubSubForSocketIOConnectionString: SERVICE, CODESTREAM_LOOPS: '2',
    }),
    stdio: ['ignore', stdout, stderr],
  });
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  t.after(() => child.kill('SIGKILL'));
  return { child, exited, pid: child.pid, port: await listeningPort(child.pid) };
}

/** The handler with its stdout in `pipe` and its stderr in `errors`. */
export async function startPiped(t) {
  const pipe = await LogPipe.open(t);
  const errors = await LogPipe.open(t);
  const handler = await startWithLog(t, pipe.write, errors.write);
  for (const { write } of [pipe, errors]) fs.closeSync(write);
  return { ...handler, pipe, errors };
}

export async function stop({ child, exited }) {
  child.kill('SIGTERM');
  const { code, signal } = await within(STOP_MS, exited, 'the end of the handler');
  assert.ok(code === 0 || signal === 'SIGTERM', `code ${code}, signal ${signal}`);
}

/** So many requests, each of which is answered. */
export async function ask(port, count, asked = '/negotiate', status = 200) {
  await Promise.all([1, 2, 3, 4].map(async () => {
    const connection = await Connection.open(port);
    const headers = [['X-Azure-Functions-InvocationId', LONG]];
    for (let i = 0; i < count / 4; i += 1)
      assert.equal((await connection.request({ path: asked, headers })).status, status);
    connection.close();
  }));
}

/** All lines are there or told as lost; none is torn. */
export async function assertAccounted(pipe, count) {
  const sum = () => {
    const { kept, lost } = account(pipe.lines);
    return kept + lost;
  };
  await pipe.readUntil(() => sum() >= count, `${count} lines or a word about them`);
  assert.equal(sum(), count);
  assert.deepEqual(account(pipe.lines).strange, []);
}
