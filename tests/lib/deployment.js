// The whole as it is deployed: service, Functions host with a function key, and the app's files;
// any part of it can be set up wrongly. And `codestream doctor`, with what it says taken apart.
import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ACCESS_KEY, BINARY, cleanEnvironment, ROOT, runHandler } from './handler.js';

export const CONNECTION = 'WebPubSubForSocketIOConnectionString';
export const FUNCTION_KEY = 'function-key-that-nobody-may-print';
export const PAGE = 'https://page.example';

const HUB = 'codestream';
const SYSTEM_EVENTS = ['connect', 'connected', 'disconnected'];
const DOCTOR_MS = 15_000;

/**
 * @param {{ hub?: object, service?: object, handler?: object, host?: object, event?: object,
 *   edit?: Record<string, (json: object) => void> }} options
 *   hub: settings of the hub; service: options of the service stand-in; handler: changes
 *   to its settings, or a function (service) => changes; host: options of the host stand-in; event: settings of the
 *   hub's event handler, or a function (host) => settings; edit: changes to the app's JSON files
 */
export async function deploy(options = {}) {
  const deployment = new Deployment();
  try {
    await deployment.start(options);
  } catch (error) {
    await deployment.close().catch(() => {});
    throw error;
  }
  return deployment;
}

class Deployment {
  #closers = [];

  async start({ hub = {}, service = {}, handler = {}, host = {}, event = {}, edit = {} }) {
    await this.#startService(hub, service);
    const settings = typeof handler === 'function' ? handler(this.service) : handler;
    await this.#startHost(settings, host, edit);
    this.connect(typeof event === 'function' ? event(this.host) : event);
  }

  /** Sets the hub's event handler, as it should be but for `changes`. */
  connect({ hub = HUB, ...changes } = {}) {
    this.service.setEventHandlers(hub, [{
      urlTemplate: `${this.host.url}/eventhandler?code=${FUNCTION_KEY}`,
      userEventPattern: '*',
      systemEvents: SYSTEM_EVENTS,
      ...changes,
    }]);
  }

  async close() {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }

  async #startService(hub, options) {
    const { startWebPubSub } = await import('../../emulator/webpubsub/service.js');
    this.serviceLines = [];
    this.service = await startWebPubSub({
      accessKeys: [ACCESS_KEY],
      hubs: { [HUB]: hub },
      retryDelaysMs: [],
      log: (line) => this.serviceLines.push(String(line)),
      ...options,
    });
    this.#closers.push(() => this.service.close());
  }

  async #startHost(settings, options, edit) {
    const { startFunctionsHost } = await import('../../emulator/functions-host/host.js');
    const appRoot = await mkdtemp(path.join(os.tmpdir(), 'codestream-app-'));
    this.#closers.push(() => rm(appRoot, { recursive: true, force: true }));
    await copyApp(appRoot, edit);
    this.handlerLines = [];
    this.hostLines = [];
    this.host = await startFunctionsHost({
      appRoot,
      port: 0,
      executable: BINARY,
      key: FUNCTION_KEY,
      cors: [PAGE],
      env: cleanEnvironment(withChanges({
        [CONNECTION]: this.service.connectionString,
      }, settings)),
      log: (line) => this.hostLines.push(String(line)),
      onLine: (_, line) => this.handlerLines.push(line),
      ...options,
    });
    this.#closers.push(() => this.host.close());
  }

  /**
   * Runs the doctor on this.
   * @param {{ url?: string, args?: string[], settings?: object }} [how] settings: changes to
   *   the doctor's
   */
  async diagnose({ url = this.host.url, args = ['--page', PAGE], settings = {} } = {}) {
    const right = {
      [CONNECTION]: this.service.connectionString,
      CODESTREAM_FUNCTION_KEY: FUNCTION_KEY,
    };
    return runDoctor([url, ...args], withChanges(right, settings));
  }
}

/** Settings as they should be but for changes, of which `undefined` takes one away. */
function withChanges(settings, changes) {
  const all = Object.entries({ ...settings, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

async function copyApp(appRoot, edit) {
  for (const part of ['host.json', 'negotiate', 'eventhandler']) {
    await cp(path.join(ROOT, part), path.join(appRoot, part), { recursive: true });
  }
  for (const [name, change] of Object.entries(edit)) {
    const file = path.join(appRoot, name);
    const json = JSON.parse(await readFile(file, 'utf8'));
    change(json);
    await writeFile(file, JSON.stringify(json));
  }
}

/** Everything that any doctor of this run has said, for who looks for secrets in it. */
export const said = [];

/** Runs `codestream doctor` to its end; see Report. */
export async function runDoctor(args, settings) {
  const { code, signal, stdout, stderr } = await runHandler(['doctor', ...args], settings, DOCTOR_MS);
  said.push(stdout, stderr);
  assert.equal(signal, null, `the doctor ended by ${signal}:\n${stderr}`);
  return new Report(code, stdout, stderr);
}

/** `ok    CHECK`, `-     CHECK: WHY NOT`, or `FAIL  CHECK` with two lines of what and how to mend. */
class Report {
  constructor(code, stdout, stderr) {
    this.code = code;
    this.text = stdout;
    this.stderr = stderr;
    this.checks = [];
    for (const line of stdout.split('\n').filter(Boolean)) {
      const [, mark, name] = /^(ok|FAIL|-) +(.*)$/.exec(line) ?? [];
      if (mark) this.checks.push({ mark, name, words: '' });
      else this.checks.at(-1).words += `${line.trim()} `;
    }
  }

  /** Names of the checks with a mark. */
  marked(mark) {
    return this.checks.filter((check) => check.mark === mark).map(({ name }) => name);
  }

  /** It has nothing to say but that all is well. */
  assertHealthy() {
    assert.equal(this.code, 0, this.text);
    assert.equal(this.stderr, '');
    assert.ok(this.checks.length > 0, 'it checked nothing');
    for (const line of this.text.split('\n').slice(0, -1)) assert.match(line, /^ok {4}\S/);
  }

  /**
   * A check has failed, and what it says of it and of the mending has all these words.
   * @param {RegExp} check @param {RegExp[]} words
   */
  assertFails(check, ...words) {
    assert.equal(this.code, 1, this.text);
    assert.equal(this.stderr, '');
    const failed = this.checks.filter(({ mark, name }) => mark === 'FAIL' && check.test(name));
    assert.ok(failed.length > 0, `no failed check is ${check}:\n${this.text}`);
    for (const { words: told } of failed) assert.match(told, /\S mend: \S/, this.text);
    const named = failed.some(({ words: told }) => words.every((word) => word.test(told)));
    assert.ok(named, `it does not say ${words.join(' and ')} of ${check}:\n${this.text}`);
  }

  /** No other check than these has failed: what is in order must not be suspected. */
  assertSuspects(...checks) {
    const innocent = this.marked('FAIL').filter((name) => !checks.some((one) => one.test(name)));
    assert.deepEqual(innocent, [], this.text);
  }

  /** No check of that name is said to be well: it could not be tried, or it has failed. */
  assertNotOk(check) {
    assert.ok(!this.marked('ok').some((name) => check.test(name)), this.text);
  }
}
