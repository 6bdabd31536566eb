// The whole as it is deployed: service, Functions host with a function key, and the app's files;
// any part of it can be set up wrongly.
import { copyApp } from './app-files.js';
import { ACCESS_KEY, BINARY, cleanEnvironment } from './handler.js';
import { Parts } from './parts.js';
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
export function deploy(options = {}) {
  return new Deployment().begin(options);
}

/** The service ends first, so that its last events find the handler. */
class Deployment extends Parts {
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
    this.endWith(() => this.service.close());
  }

  async #startHost(settings, options, edit) {
    const { startFunctionsHost } = await import('../../emulator/functions-host/host.js');
    const app = await copyApp(edit);
    this.endWith(async () => {
      await this.#closeHost();
      await app.remove();
    });
    this.handlerLines = [];
    this.hostLines = [];
    this.host = await startFunctionsHost({
      appRoot: app.root,
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
