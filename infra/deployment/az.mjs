// Runs az, the only program that is run. Answers are JSON. Every call has a time limit and says
// when it takes long; what can pass by itself is tried again, the rest is thrown as an AzError.
// No secret is an argument: what is secret goes through a private file that is gone as soon as az
// has answered, and is taken out of whatever az says.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { AzError, gist, kindOf } from './errors.mjs';

const CALL_MS = 90_000;
const KILL_MS = 3000;
/** So long after the first try, what can pass by itself is tried again. */
const PATIENCE_MS = { busy: 120_000, late: CALL_MS + 30_000, notYet: 60_000 };
const PAUSES_MS = [5000, 10_000, 20_000, 30_000];
const MIN_HIDDEN_CHARS = 6;
const NO_SUBSCRIPTION = ['version', 'account show'];

/** What writers of JSON escape although they need not: all but ASCII; what means something in a web page. */
const ASCII = /[^ -~]/g;
const WEB = /[^ -~]|[<>&'+`]|\\"/g;

const escaped = (json, which) =>
  json.replace(which, (one) => `\\u${one.at(-1).charCodeAt(0).toString(16).padStart(4, '0')}`);

export class Az {
  #person;
  #run;
  #clock;
  #secrets = new Set();
  #folder;
  #file;
  /** The id that every command names, once it is known. */
  subscription = '';

  /** run: (args, ms) => { code, stdout, stderr, isLate }; clock: { now, sleep }. */
  constructor(person, { run, clock }) {
    this.#person = person;
    this.#run = run;
    this.#clock = clock;
  }

  /** What az may answer, and nobody shall read. */
  hide(...secrets) {
    for (const secret of secrets) {
      if (typeof secret === 'string' && secret.length >= MIN_HIDDEN_CHARS) {
        const json = JSON.stringify(secret).slice(1, -1);
        const forms = [secret, json, encodeURIComponent(secret), escaped(json, ASCII), escaped(json, WEB)];
        for (const form of forms) {
          this.#secrets.add(form);
          this.#secrets.add(form.replace(/\\u[0-9a-f]{4}/g, (code) => `\\u${code.slice(2).toUpperCase()}`));
        }
      }
    }
  }

  conceal(text) {
    const longest = [...this.#secrets].sort((a, b) => b.length - a.length);
    return longest.reduce((rest, secret) => rest.replaceAll(secret, '…'), text);
  }

  /**
   * The answer of a command that only reads, parsed.
   *
   * @param {string[]} args
   * @param {{ what?: string, ms?: number, dry?: unknown, patienceMs?: object }} options
   *   what: what is waited for, in words; dry: the answer in a dry run; patienceMs: by kind of
   *   error, how long it is tried again
   */
  async read(args, options = {}) {
    if (this.#person.isDryRun) {
      this.#person.show(['az', ...this.#whole(args, 'json')]);
      return options.dry;
    }
    const text = await this.#patiently(this.#whole(args, 'json'), options);
    // az prints nothing, and is content, where some of its commands have met a 404.
    if (!text.trim()) throw new AzError('empty', `az answered nothing: az ${args.join(' ')}`);
    try {
      return JSON.parse(text);
    } catch {
      throw new AzError('empty', `az answered what is no JSON: az ${args.join(' ')}`);
    }
  }

  /** The same of what need not be there: undefined where it is not. */
  find(args, options) {
    return this.read(args, options).catch((error) => {
      if (error.kind === 'missing') return undefined;
      throw error;
    });
  }

  /** A command that changes something, and whose answer nobody reads. It may be run twice. */
  async act(args, options = {}) {
    const words = this.#whole(args, 'none');
    if (this.#person.isDryRun) this.#person.show(['az', ...words]);
    else await this.#patiently(words, options);
  }

  /** The same for a command that must not be run twice before one has looked what became of it. */
  async once(args, options = {}) {
    const words = this.#whole(args, 'none');
    if (this.#person.isDryRun) this.#person.show(['az', ...words]);
    else await this.#call(words, options);
  }

  /** Calls use(path) with a file of this content, which only we can read, and which then goes. */
  async withFile(content, use) {
    if (this.#person.isDryRun) return use('<private file>');
    this.#folder = mkdtempSync(join(tmpdir(), 'codestream-'));
    const path = join(this.#folder, 'private.json');
    try {
      this.#file = { path, content };
      this.#writeFile();
      return await use(path);
    } finally {
      this.clean();
    }
  }

  #writeFile() {
    if (this.#file) writeFileSync(this.#file.path, this.#file.content, { mode: 0o600 });
  }

  clean() {
    this.#file = undefined;
    if (this.#folder) rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = undefined;
  }

  #whole(args, output) {
    const isFree = NO_SUBSCRIPTION.some((start) => args.join(' ').startsWith(start));
    const subscription = isFree || !this.subscription ? [] : ['--subscription', this.subscription];
    return [...args, ...subscription, '--output', output, '--only-show-errors'];
  }

  async #patiently(words, options) {
    const begun = this.#clock.now();
    for (let tries = 0; ; tries += 1) {
      try {
        return await this.#call(words, options);
      } catch (error) {
        const limit = { ...PATIENCE_MS, ...options.patienceMs }[error.kind];
        const pause = PAUSES_MS[Math.min(tries, PAUSES_MS.length - 1)];
        const isInTime = this.#clock.now() + pause - begun <= limit; // no limit: it does not pass
        if (!isInTime) throw error;
        const why = error.message.split('\n')[0].slice(0, 160);
        this.#person.say(`  not yet (${why}), trying again in ${pause / 1000} s`);
        // az has answered: the private file goes for the pause, and is written anew for the next try.
        if (this.#file) rmSync(this.#file.path, { force: true });
        await this.#clock.sleep(pause);
        this.#writeFile();
      }
    }
  }

  async #call(words, { what = `az ${words.slice(0, 3).join(' ')}`, ms = CALL_MS }) {
    const { code, stdout, stderr, isLate } = await this.#person.during(what, this.#run(words, ms));
    if (isLate) throw new AzError('late', `no answer within ${ms / 1000} s: ${what}`);
    if (code === null) throw new AzError('late', `az was ended by a signal: ${what}`);
    if (code === 'ENOENT') throw new AzError('absent', 'az is not installed');
    if (code !== 0) throw new AzError(kindOf({ code, stderr }), gist(this.conceal(stderr)));
    return stdout;
  }
}

// ---- the process ----

const running = new Set();

/**
 * Runs az in a group of its own, so that Ctrl-C reaches us and not it, and what it has begun is
 * told to us.
 */
export function spawnAz(env) {
  return (args, ms) =>
    new Promise((resolve) => {
      const stdio = ['ignore', 'pipe', 'pipe'];
      const child = spawn('az', args, { env, stdio, detached: true });
      const result = { stdout: '', stderr: '', isLate: false };
      const timer = setTimeout(() => {
        result.isLate = true;
        end(child, 'SIGTERM');
        setTimeout(() => end(child, 'SIGKILL'), KILL_MS).unref();
      }, ms);
      const settle = (code) => {
        clearTimeout(timer);
        running.delete(child);
        resolve({ ...result, code });
      };
      running.add(child);
      for (const name of ['stdout', 'stderr']) {
        child[name].setEncoding('utf8').on('data', (text) => {
          result[name] += text;
        });
      }
      child.on('error', (error) => settle(error.code));
      child.on('close', settle);
    });
}

function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // It has ended.
  }
}

/** Ends every az that is running. */
export function endAll() {
  for (const child of running) end(child, 'SIGTERM');
}

/** The environment of az, without what is ours and without keys of some storage account. */
export function azEnvironment(env, { keepsStorage = false } = {}) {
  const isLeftOut = (name) =>
    name.startsWith('CODESTREAM_') || (!keepsStorage && name.startsWith('AZURE_STORAGE_'));
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isLeftOut(name)));
}
