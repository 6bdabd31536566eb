// Socket.IO clients that are not of the version our page uses, all behind one interface: older
// socket.io-client, and Debian's python3-socketio in a process of its own.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { deferred, eventually, Inbox, within } from '../lib/deadline.js';

const WAIT_MS = 10_000;
// Not the first python3 of the PATH: only Debian's own sees Debian's packages.
const PYTHON = '/usr/bin/python3';
const PYTHON_CLIENT = fileURLToPath(new URL('python_client.py', import.meta.url));
const INSTALL = 'install Debian\'s python3-socketio, python3-requests and python3-websocket';

const require = createRequire(import.meta.url);
/** Child processes that run now: a test that fails half-way must not leave one behind. */
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** What both kinds have in common: events that can be waited for. */
class Peer {
  constructor() {
    this.events = new Inbox('an event from the service');
  }

  /** The first argument of the next event of that name that `wanted` accepts. */
  async next(name, wanted = () => true) {
    const event = await this.events.next(
      (item) => item.name === name && wanted(item.args[0]), WAIT_MS);
    return event.args[0];
  }

  /** The next `message` of a type. */
  message(type) {
    return this.next('message', (message) => message?.type === type);
  }

  /** All that other people said so far. */
  heard() {
    return this.events.all
      .filter(({ name, args }) => name === 'message' && args[0]?.type === 'editorMessage')
      .map(({ args }) => args[0].data);
  }

  async upgraded(name) {
    await eventually(WAIT_MS, async () => (await this.transport()) === name, `transport ${name}`);
  }
}

class JavaScriptPeer extends Peer {
  keepsOrder = true;
  #io;

  constructor(io) {
    super();
    this.#io = io;
  }

  /** Resolves with the socket's id, rejects when it is refused. */
  connect({ endpoint, path, token }, transports) {
    const { promise, resolve, reject } = deferred();
    this.socket = this.#io(endpoint, {
      path, query: { access_token: token }, transports, forceNew: true, reconnection: false,
    });
    this.socket.onAny((name, ...args) => this.events.push({ name, args }));
    this.socket.on('connect', () => resolve(this.socket.id));
    this.socket.on('connect_error', reject);
    return within(WAIT_MS, promise, 'a connection');
  }

  ask(name, data) {
    const answered = new Promise((resolve) => {
      this.socket.emit(name, data, resolve);
    });
    return within(WAIT_MS, answered, `the ack of ${name}`);
  }

  emit(name, data) {
    this.socket.emit(name, data);
  }

  async transport() {
    return this.socket.io.engine.transport.name;
  }

  get isConnected() {
    return this.socket.connected;
  }

  close() {
    this.socket?.disconnect();
  }
}

class PythonPeer extends Peer {
  /** python3-engineio hands each message to a thread of its own. */
  keepsOrder = false;
  #child;
  #answers = new Inbox('an answer of the Python client');
  #lastAsk = 0;
  #stderr = '';

  constructor() {
    super();
    this.#child = spawn(PYTHON, ['-I', PYTHON_CLIENT], { stdio: 'pipe' });
    running.add(this.#child);
    this.#child.on('exit', () => running.delete(this.#child));
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.on('data', (bytes) => { this.#stderr += bytes; });
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const { event, args, ...answer } = JSON.parse(line);
      if (event) this.events.push({ name: event, args });
      else this.#answers.push(answer);
    });
    this.isConnected = false;
    this.gone = new Promise((_, reject) => {
      this.#child.on('error', ({ message }) => {
        reject(new Error(`${PYTHON}: ${message}; ${INSTALL}`));
      });
      this.#child.on('close', (code) => {
        this.isConnected = false;
        reject(new Error(this.#whyGone(code)));
      });
    });
    this.gone.catch(() => {});
  }

  async connect(session, transports) {
    const isAnswer = (answer) => 'connected' in answer || 'refused' in answer;
    const answer = await this.#command({ do: 'connect', ...session, transports }, isAnswer);
    if (answer.refused !== undefined) throw new Error(answer.refused);
    this.isConnected = true;
    return answer.connected;
  }

  async ask(name, data) {
    this.#lastAsk += 1;
    const id = this.#lastAsk;
    const command = { do: 'ask', id, name, data: withoutBytes(data) };
    return (await this.#command(command, ({ ack }) => ack === id)).value;
  }

  emit(name, data) {
    this.#write({ do: 'emit', name, data: withoutBytes(data) });
  }

  async transport() {
    return (await this.#command({ do: 'transport' }, (answer) => 'transport' in answer)).transport;
  }

  close() {
    this.#child.kill('SIGKILL');
  }

  #write(command) {
    this.#child.stdin.write(`${JSON.stringify(command)}\n`);
  }

  #command(command, isAnswer) {
    this.#write(command);
    return Promise.race([this.#answers.next(isAnswer, WAIT_MS), this.gone]);
  }

  #whyGone(code) {
    if (/ModuleNotFoundError/.test(this.#stderr)) {
      return `${PYTHON} lacks a module: ${INSTALL}\n${this.#stderr}`;
    }
    return `the Python client ended (${code}):\n${this.#stderr}`;
  }
}

/** Bytes as JSON can carry them to the Python client. */
function withoutBytes(value) {
  if (Buffer.isBuffer(value)) return { $bytes: [...value] };
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, withoutBytes(v)]));
}

/** A generation by the folder that it is installed in. */
function javaScript(folder) {
  const { io } = require(folder);
  const { version } = require(`${folder}/package.json`);
  return { version, start: () => new JavaScriptPeer(io) };
}

export const PEERS = {
  'socket.io-client 4.8': javaScript('socket.io-client'),
  'socket.io-client 4.0': javaScript('socket.io-client-4.0'),
  'socket.io-client 3.1': javaScript('socket.io-client-3.1'),
  'python3-socketio': { start: () => new PythonPeer() },
};
