// The handler's process: its start and readiness, its output, what happens when it dies, and its
// end.

import { spawn } from 'node:child_process';
import http from 'node:http';
import { createInterface } from 'node:readline';

const PROBE_PAUSE_MS = 25;
const READY_FACTOR = 4.6; // a request waits so many initialization timeouts: 138 s for 30 s
const MAX_ERRORS = 3; // deaths until the host gives up
const FORGET_MS = 30 * 60_000; // a death so long after the one before starts a new count
const LAST_LINES = 3; // of stderr, told with a death
const SILENT_MS = 3000; // without a listener; the real host says nothing for minutes

/**
 * How the two generations of the host treat an exit: after some codes the handler is started again
 * and the exit is not counted, and after some nothing happens at all.
 */
const EXITS = {
  new: { uncounted: [0, 143, 200], ignored: [] },
  old: { uncounted: [200], ignored: [0] },
};

export class Handler {
  #command;
  #env;
  #settings;
  #log;
  #child;
  #errors = []; // times of deaths
  #lastLines = [];
  #stopping = false;
  #killed = new WeakSet(); // processes that the host has ended to start them again
  #tellStopped;
  #whenReady;
  #settle; // resolve and reject of #whenReady
  /** Resolves with the reason when the handler cannot be kept running. */
  stopped = new Promise((resolve) => {
    this.#tellStopped = resolve;
  });

  /**
   * @param {{file: string, args: string[], cwd: string}} command
   * @param {{env: object, port: number, initializationMs: number, generation: 'new' | 'old',
   *   patient: boolean, log, onLine?}} settings patient: a program that cannot be started is no
   *   reason to give up; log(line); onLine(stream, line) gets the handler's own lines
   */
  constructor(command, settings) {
    this.#command = command;
    this.#env = settings.env;
    this.#settings = settings;
    this.#log = settings.log;
    this.port = settings.port;
    process.on('exit', this.#killAtExit);
  }

  #killAtExit = () => this.#child?.kill('SIGKILL');

  get pid() {
    return this.#child?.pid;
  }

  /** Resolves when the handler responds; rejects with the reason when it cannot start. */
  async start() {
    this.#expectReady();
    this.#launch();
    await this.#whenReady;
  }

  /** Waits while the handler is starting or restarting. */
  async ready() {
    const limitMs = READY_FACTOR * this.#settings.initializationMs;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => {
        this.#log('error: Final functionDispatcher state: Initializing. Initialization timed out '
          + 'and host is shutting down');
        this.#fail('the handler did not become ready');
        reject(new Error('the handler did not become ready'));
      }, limitMs);
    });
    try {
      await Promise.race([this.#whenReady, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** From now on `#whenReady` waits for the next process that responds, whichever it is. */
  #expectReady() {
    this.#whenReady = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#whenReady.catch(() => {}); // perhaps nobody waits
  }

  #fail(reason) {
    const waiting = this.#settle;
    this.#expectReady(); // for those who come later
    for (const { reject } of [waiting, this.#settle]) reject(new Error(reason));
    this.#tellStopped(reason);
  }

  async #launch() {
    const { file, args, cwd } = this.#command;
    // A process group of its own: Ctrl-C reaches the host, and the host ends the handler.
    const stdio = ['ignore', 'pipe', 'pipe'];
    const child = spawn(file, args, { cwd, env: this.#env, stdio, detached: true });
    this.#child = child;
    this.#lastLines = [];
    this.#readLines(child);
    const ready = { yet: false };
    child.on('error', (error) => this.#cannotStart(file, error));
    // A shell reports these signals so, and the host reports every signal so.
    const statuses = { SIGTERM: 143, SIGINT: 130 };
    child.on('close', (code, signal) => {
      if (this.#killed.has(child)) this.#launch();
      else this.#ended(code ?? statuses[signal] ?? signal, ready.yet);
    });
    if (!(await this.#probe(child))) return;
    ready.yet = true;
    this.#log('info: Worker process started and initialized.');
    this.#settle.resolve();
  }

  /** The host does not try again, and goes on waiting for it. */
  #cannotStart(file, { code }) {
    this.#log(`error: Failed to start Worker Channel. Process fileName: ${file} (${code})`);
    this.#stopping = true;
    if (this.#settings.patient) return;
    const hang = Math.round(READY_FACTOR * this.#settings.initializationMs / 1000);
    this.#log(`error: IN AZURE THE HOST WOULD BE UP NOW, and every request would hang for ${hang} s `
      + 'and end with 500 (--patient shows it). Here it ends at once.');
    this.#fail(`cannot start '${file}': ${code}`);
  }

  /** Kills the process and starts it again, as after a function timeout: no death that counts. */
  restart() {
    const child = this.#child;
    if (this.#stopping || !running(child) || this.#killed.has(child)) return;
    this.#killed.add(child);
    this.#expectReady();
    child.kill('SIGKILL');
  }

  #readLines(child) {
    createInterface({ input: child.stdout }).on('line', (line) => this.#line('stdout', line));
    createInterface({ input: child.stderr }).on('line', (line) => this.#line('stderr', line));
  }

  /** stdout is information; stderr is an error, or a warning if it says so. */
  #line(stream, line) {
    this.#settings.onLine?.(stream, line);
    if (line.startsWith('azfuncjsonlog:')) return; // a channel for tools
    if (line.startsWith('LanguageWorkerConsoleLog')) {
      this.#log(`system: ${line.slice('LanguageWorkerConsoleLog'.length).trim()}`);
      return;
    }
    if (stream === 'stdout') {
      this.#log(`handler info: ${line}`);
    } else {
      const level = /warn/i.test(line) ? 'warning' : 'error';
      if (level === 'error') this.#lastLines = [...this.#lastLines, line].slice(-LAST_LINES);
      this.#log(`handler ${level}: ${line}`);
    }
  }

  /** Any response counts; a refused connection means that it is not ready yet. */
  async #probe(child) {
    const began = Date.now();
    const deadline = began + this.#settings.initializationMs;
    let isTold = false;
    while (await refused(this.port)) {
      if (!running(child) || this.#stopping) return false;
      if (!isTold && Date.now() > began + SILENT_MS) {
        isTold = true;
        this.#log(`error: NOTHING LISTENS ON PORT ${this.port} YET: the handler has to listen on `
          + `127.0.0.1, on the port in FUNCTIONS_CUSTOMHANDLER_PORT. Requests wait for it.`);
      }
      if (Date.now() > deadline) {
        this.#log('error: Initializing HttpWorker timed out.');
        child.kill('SIGKILL'); // its end counts as an error
        return false;
      }
      await new Promise((resolve) => setTimeout(resolve, PROBE_PAUSE_MS));
    }
    return running(child);
  }

  #ended(code, wasReady) {
    if (this.#stopping) return;
    this.#log(`error: the handler ended (${code})`);
    const { uncounted, ignored } = EXITS[this.#settings.generation];
    if (wasReady && ignored.includes(code)) return; // the app is dead until the host restarts
    if (!wasReady || !uncounted.includes(code)) this.#count();
    if (this.#errors.length < MAX_ERRORS) {
      if (wasReady) this.#expectReady();
      this.#launch();
      return;
    }
    this.#log('error: Exceeded http worker restart retry count. Shutting down Functions Host');
    const last = this.#lastLines.length > 0 ? `: ${this.#lastLines.join(' | ')}` : '';
    this.#fail(`the handler ended ${MAX_ERRORS} times, last with ${code}${last}`);
  }

  #count() {
    const now = Date.now();
    const latest = this.#errors[this.#errors.length - 1] ?? now;
    if (now - latest > FORGET_MS) this.#errors = [];
    this.#errors.push(now);
  }

  /**
   * SIGKILL, as the host does it; with a deadline SIGTERM before, as the platform sends it when it
   * removes an instance.
   */
  async stop(deadlineMs) {
    this.#stopping = true;
    this.#settle?.reject(new Error('the host has stopped')); // for those who still wait
    process.removeListener('exit', this.#killAtExit);
    const child = this.#child;
    if (!child || !running(child)) return;
    const gone = new Promise((resolve) => child.once('close', resolve));
    const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
    child.kill(deadlineMs > 0 ? 'SIGTERM' : 'SIGKILL');
    await gone;
    clearTimeout(timer);
  }
}

const running = (child) => child.pid && child.exitCode === null && child.signalCode === null;

function refused(port) {
  return new Promise((resolve) => {
    const probe = http.get({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      response.resume();
      resolve(false);
    });
    probe.on('error', (error) => resolve(error.code === 'ECONNREFUSED'));
  });
}
