// The whole as it is deployed: service, Functions host with a function key, the app's files, and the
// page; any part of it can be set up wrongly.
import http from 'node:http';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { pageBytes, siteFile } from '../../web/site.mjs';
import { closeServer } from './close-server.js';
import { BINARY, ROOT, binaryOf } from './handler.js';
import { startProxy } from './reverse-proxy.js';
import { StandIns } from './stand-ins.js';

export const CONNECTION = 'WebPubSubForSocketIOConnectionString';
export const FUNCTION_KEY = 'function-key-that-nobody-may-print';

const HUB = 'codestream';
const SYSTEM_EVENTS = ['connect', 'connected', 'disconnected'];

/**
 * page: its address; origin: for CORS.
 * @param {{ hub?: object, service?: object, handler?: object | Function, host?: object,
 *   event?: object | Function, edit?: Record<string, (json: object) => void>, app?: string,
 *   api?: string, keepDays?: number }} options
 *   hub: settings of the hub; service: options of the service stand-in; handler: changes to its
 *   settings, or a function (service) => changes; host: options of the host stand-in; event:
 *   changes to the hub's event handler, or a function (host) => changes; edit: changes to the
 *   app's JSON files; app: another application than Codestream; api: the function app whose address
 *   is in the page; keepDays: for how many days it says that texts are kept
 */
export function deploy(options = {}) {
  return new Deployment().begin(options);
}

class Deployment extends StandIns {
  async start({ hub = {}, service = {}, handler = {}, host = {}, event = {}, edit = {}, app, api, keepDays }) {
    const executable = app ? binaryOf(app) : BINARY;
    await this.#startPage();
    await this.startService({ hubs: { [HUB]: hub }, retryDelaysMs: [], ...service });
    const changes = typeof handler === 'function' ? handler(this.service) : handler;
    const settings = withChanges({ [CONNECTION]: this.service.connectionString }, changes);
    const options = { key: FUNCTION_KEY, cors: [this.origin], executable, ...host };
    await this.startHost(settings, options, edit);
    this.connect(typeof event === 'function' ? event(this.host) : event);
    this.#addresses = { api: api ?? this.host.url, service: this.service.endpoint, keepDays };
  }

  #addresses;

  /** The page's own text, with the addresses that a deployment puts into it. */
  async #startPage() {
    const html = await readFile(path.join(ROOT, 'web/index.html'), 'utf8');
    const server = http.createServer((request, response) => {
      const { searchParams } = new URL(request.url, this.origin);
      const api = searchParams.get('api') ?? this.#addresses.api;
      const { contentType, contentEncoding } = siteFile('');
      response.writeHead(200, { 'Content-Type': contentType, 'Content-Encoding': contentEncoding });
      response.end(pageBytes(html, { ...this.#addresses, api }));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.endWith(() => closeServer(server));
    this.origin = `http://127.0.0.1:${server.address().port}`;
    this.page = `${this.origin}/`;
  }

  /** The page's address as it would be if it called this app. */
  pageOf(api) {
    return `${this.page}?api=${encodeURIComponent(api)}`;
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
    const service = { ...options.service, endpoint: proxy.url };
    await withDeployment({ ...options, service }, async (app) => {
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
