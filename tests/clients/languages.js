// The clients in other languages: how each is built, started, and which versions run. What a machine
// lacks is said; nothing is installed but the client libraries that each language's own tool fetches.
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Inbox } from '../lib/deadline.js';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const BUILT = path.resolve(HERE, '../../build/clients');
const WAIT_MS = 8000; // and as many times as long as tests are patient
const BUILD_MS = 1_800_000; // Rust fetches and compiles some two hundred packages

const inFolder = (...parts) => path.join(HERE, ...parts);
const PYTHON = process.env.PYTHON ?? '/usr/bin/python3'; // Debian's own sees Debian's packages

/** tools: that have to be there; build: commands; version: what is tried; command: what runs. */
export const LANGUAGES = {
  Python: {
    tools: [[PYTHON, '-c', 'import socketio, requests, websocket']],
    build: [],
    version: () => run([PYTHON, '-c',
      'from importlib.metadata import version as v; print("python-socketio", v("python-socketio"))']),
    command: [PYTHON, inFolder('python/client.py')],
  },
  Java: {
    tools: [['javac', '-version'], ['mvn', '--version']],
    build: [
      ['mvn', '-q', '-B', '-f', inFolder('java/pom.xml'), 'dependency:copy-dependencies',
        `-DoutputDirectory=${BUILT}/java`],
      ['javac', '-cp', `${BUILT}/java/*`, '-d', `${BUILT}/java`, inFolder('java/Client.java')],
    ],
    version: () => 'socket.io-client 2.1.2',
    command: ['java', '-cp', `${BUILT}/java:${BUILT}/java/*`, 'Client'],
  },
  Go: {
    tools: [['go', 'version']],
    build: [['go', 'build', '-C', inFolder('go'), '-o', `${BUILT}/go`, '.']],
    version: () => 'zishang520/socket.io 3.0.6',
    command: [`${BUILT}/go`],
  },
  Rust: {
    tools: [['cargo', '--version']],
    build: [['cargo', 'build', '-q', '--jobs', '2', '--manifest-path', inFolder('rust/Cargo.toml'),
      '--target-dir', `${BUILT}/rust`]],
    version: () => 'rust_socketio 0.6.0',
    command: [`${BUILT}/rust/debug/client`],
  },
};

const run = ([command, ...args]) =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: BUILD_MS })
    .trim();

/** @returns {string | undefined} what is missing on this machine */
export function missing({ tools }) {
  const lacks = tools.find((tool) => {
    try {
      run(tool);
      return false;
    } catch {
      return true;
    }
  });
  return lacks && `\`${lacks.join(' ')}\` fails here`;
}

/** Fetches and builds a client, if it is not built yet. */
export function build({ build: commands }) {
  mkdirSync(BUILT, { recursive: true });
  for (const command of commands) run(command);
}

/** A client in a process of its own. */
export class Client {
  #child;
  #events = new Inbox('an event of the client');
  #stderr = '';

  constructor({ command: [file, ...args] }) {
    this.#child = spawn(file, args, { stdio: 'pipe' });
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (bytes) => (this.#stderr += bytes));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (line.startsWith('{')) this.#events.push(JSON.parse(line));
    });
  }

  order(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  /** The arguments of the next event of a name; '' is any namespace. */
  async next(name, namespace = '') {
    const isWanted = (event) =>
      event.event === name && (namespace === '' || event.namespace === namespace);
    try {
      return (await this.#events.next(isWanted, WAIT_MS)).args;
    } catch (error) {
      const heard = this.#events.all.map(({ event }) => event).join(', ');
      throw new Error(`${error.message}; heard ${heard}; ${this.#stderr.slice(-300)}`);
    }
  }

  close() {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
  }
}
