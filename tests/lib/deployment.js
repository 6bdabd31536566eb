// The whole as it is deployed: service, Functions host with a function key, and the app's files;
// any part of it can be set up wrongly.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ACCESS_KEY, BINARY, cleanEnvironment, ROOT } from './handler.js';
import { startProxy } from './reverse-proxy.js';

export const CONNECTION = 'WebPubSubForSocketIOConnectionString';
export const FUNCTION_KEY = 'function-key-that-nobody-may-print';
export const PAGE = 'https://page.example';

const HUB = 'codestream';
const SYSTEM_EVENTS = ['connect', 'connected', 'disconnected'];

/**
 * @param {{ hub?: object, service?: object, handler?: object | Function, host?: object,
 *   event?: object | Function, edit?: Record<string, (json: object) => void> }} options
 *   hub: settings of the hub; service: options of the service stand-in; handler: changes to its
 *   settings, or a function (service) => changes; host: options of the host stand-in; event:
 *   changes to the hub's event handler, or a function (host) => changes; edit: changes to the
 *   app's JSON files
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
  /** What to end, in this order: the service first, so that its last events find the handler. */
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
    const faults = [];
    for (const close of this.#closers.splice(0)) {
      await close().catch((error) => faults.push(error));
    }
    if (faults.length > 0) throw faults[0];
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
    this.#closers.push(async () => {
      await this.#closeHost();
      await rm(appRoot, { recursive: true, force: true });
    });
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
  }

  /** The host starts a handler again that has died: a test must not miss that. */
  async #closeHost() {
    await this.host?.close();
    const death = this.hostLines.find((line) => line.includes('the handler ended'));
    if (death) throw new Error(`${death}\n${this.handlerLines.join('\n')}`);
  }
}

/** Settings as they should be but for changes, of which `undefined` takes one away. */
export function withChanges(settings, changes) {
  const all = Object.entries({ ...settings, ...changes });
  return Object.fromEntries(all.filter(([, value]) => value !== undefined));
}

/** A deployment for one test. */
export async function withDeployment(options, check) {
  const app = await deploy(options);
  try {
    await check(app);
  } finally {
    await app.close();
  }
}

/** The same with a proxy in front of the service, under whose address everybody knows it. */
export async function behindProxy(proxyOptions, options, check) {
  const proxy = await startProxy(proxyOptions);
  try {
    await withDeployment({ ...options, service: { endpoint: proxy.url } }, async (app) => {
      proxy.to(app.service.port);
      await check(app, proxy);
    });
  } finally {
    await proxy.close();
  }
}

/** A proxy in front of the function app. */
export async function inFrontOf(app, proxyOptions, check) {
  const proxy = await startProxy(proxyOptions);
  try {
    proxy.to(app.host.port);
    await check(proxy);
  } finally {
    await proxy.close();
  }
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
