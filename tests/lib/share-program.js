// codestream-share as a process: what it says, line by line, and how it ends.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { eventually } from './deadline.js';
import { ROOT } from './handler.js';

export const PROGRAM = path.join(ROOT, 'share/dist/codestream-share.cjs');
export const SOON_MS = 15_000;

/** What runs in each folder. @type {Map<string, Share[]>} */
const running = new Map();

/** A folder for a test's files; what the program keeps of its sessions stands in it, too. */
export async function folder(t) {
  const path = await mkdtemp(`${tmpdir()}/share-`);
  running.set(path, []);
  t.after(async () => {
    await Promise.all(running.get(path).map((share) => share.end('SIGKILL')));
    await rm(path, { recursive: true });
  });
  return path;
}

/** The program of the packed tarball, in a folder with nothing else of the project. */
export async function unpack() {
  const folder = await mkdtemp(`${tmpdir()}/share-package-`);
  const run = promisify(execFile);
  // Other tests run the program that is there; packing must not build it again.
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const { stdout } = await run('npm', [...pack, path.join(ROOT, 'share')], { cwd: folder });
  const [{ filename }] = JSON.parse(stdout);
  await run('tar', ['xzf', filename, '--strip-components=1'], { cwd: folder });
  const described = JSON.parse(await readFile(path.join(folder, 'package.json'), 'utf8'));
  return {
    described,
    program: path.join(folder, described.bin['codestream-share']),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** A command line for a shell. @param {string[]} words */
export const quoted = (words) => words.map((word) => `'${word}'`).join(' ');

/**
 * @param {string[]} args
 * @param {{ home: string, cwd?: string, env?: object, input?: boolean, command?: string[],
 *   uid?: number, gid?: number }} options
 *   home: where it looks for its settings; one that folder() has made is its end, too; input: standard input stays open
 */
export function startShare(args, { home, input = false, command, env = {}, ...options }) {
  const [program, ...before] = command ?? [process.execPath, PROGRAM];
  const child = spawn(program, [...before, ...args], {
    env: { PATH: process.env.PATH, HOME: home, XDG_STATE_HOME: `${home}/state`, ...env },
    stdio: [input ? 'pipe' : 'ignore', 'pipe', 'pipe'],
    ...options,
  });
  const share = new Share(child);
  running.get(home)?.push(share);
  return share;
}

/**
 * On a terminal. What is typed goes to its standard input, what is shown is its standard output.
 * @param {string} line  for a shell
 * @param {{ home: string, env?: object }} options
 */
export const startOnTerminal = (line, { env, ...options }) =>
  startShare([], {
    ...options, input: true, command: ['script', '-qefc', line, '/dev/null'], env: { TERM: 'xterm', ...env },
  });

class Share {
  #seen = 0;
  out = '';
  err = '';

  constructor(child) {
    this.child = child;
    child.stdout.setEncoding('utf8').on('data', (piece) => (this.out += piece));
    child.stderr.setEncoding('utf8').on('data', (piece) => (this.err += piece));
    this.exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }));
  }

  /** The link that it has printed. */
  async link() {
    await eventually(SOON_MS, () => {
      if (this.out.includes('\n')) return true;
      const { exitCode } = this.child;
      if (exitCode !== null) throw new Error(`it ended with ${exitCode}: ${this.err}`);
      return false;
    }, 'the link');
    return this.out.split('\n')[0];
  }

  /** Waits until this has been shown on a terminal, after what was waited for before. */
  async shows(wanted) {
    await eventually(SOON_MS, () => {
      const at = this.out.indexOf(wanted, this.#seen);
      if (at >= 0) this.#seen = at + wanted.length;
      return at >= 0;
    }, wanted).catch((error) => {
      throw new Error(`${error.message}; it showed ${JSON.stringify(this.out.slice(this.#seen))}`);
    });
  }

  type(keys) {
    this.child.stdin.write(keys);
  }

  async room() {
    return new URL(await this.link()).hash.slice(1);
  }

  /** The newest line of state. */
  get state() {
    return this.err.trimEnd().split('\n').at(-1);
  }

  /** Waits until the newest line of state is like this. @param {RegExp} wanted */
  async says(wanted) {
    const said = await eventually(2 * SOON_MS, () => wanted.exec(this.state), String(wanted))
      .catch((error) => {
        throw new Error(`${error.message}; it said:\n${this.err}`);
      });
    return said;
  }

  /** @param {NodeJS.Signals} signal @returns how it has ended */
  async end(signal) {
    this.child.kill(signal);
    return this.exited;
  }
}
