// Everything that a test of the whole needs, as real processes and servers: the service stand-in,
// the handler alone or under the Functions host stand-in, the website.
import net from 'node:net';
import path from 'node:path';
import { once } from 'node:events';
import { copyApp } from './app-files.js';
import { ACCESS_KEY, BINARY, cleanEnvironment, ROOT, startHandler } from './handler.js';
import { Parts } from './parts.js';

/** The function key in the event URL. No log line may contain it. */
export const FUNCTION_CODE = 'function-key-that-nobody-may-log';

/**
 * @param {{ host?: boolean, website?: boolean | string, env?: object | Function,
 *   service?: object, hub?: string, cors?: string[], mode?: string }} options
 *   website: true, or the folder of another built page; env: settings of the handler, or a
 *   function that makes them for the started service; service: options of the service stand-in;
 *   cors: origins that the host allows besides the website's; mode: how the host passes requests on.
 */
export function startStack(options = {}) {
  return new Stack().begin(options);
}

/** The service ends first, so that its last events find the handler. */
class Stack extends Parts {
  /** How often a test means the handler under the host to die. */
  deathsMeant = 0;

  async start({
    host = false, website = false, env = {}, service = {}, hub = 'codestream', cors = [], mode,
  }) {
    if (website && !host) throw new Error('the website needs the host, which answers CORS');
    await this.#startService(hub, service);
    const settings = {
      WebPubSubForSocketIOConnectionString: this.service.connectionString,
      ...(hub === 'codestream' ? {} : { CODESTREAM_HUB: hub }),
      ...(typeof env === 'function' ? env(this.service) : env),
    };
    const pagePort = website ? await freePort() : 0;
    if (host) await this.#startHost(settings, [...cors, ...pageOrigins(pagePort)], mode);
    else await this.#startHandler(settings);
    await this.#registerEventHandler(hub);
    if (website) await this.#startWebsite(pagePort, website === true ? 'web/dist' : website);
  }

  async #startService(hub, options) {
    const { startWebPubSub } = await import('../../emulator/webpubsub/service.js');
    this.serviceLines = [];
    this.service = await startWebPubSub({
      port: 0,
      accessKeys: [ACCESS_KEY],
      hubs: { [hub]: { eventHandlers: [] } },
      log: (line) => this.serviceLines.push(String(line)),
      ...options,
    });
    this.endWith(() => this.service.close());
  }

  async #startHandler(settings) {
    this.handler = await startHandler({ env: settings });
    this.endWith(() => this.handler.stop());
    this.api = this.handler.url;
  }

  /** The app is a copy of the functions, without anybody's local settings. */
  async #startHost(settings, cors, mode) {
    const { startFunctionsHost } = await import('../../emulator/functions-host/host.js');
    const app = await copyApp();
    this.endWith(async () => {
      await this.#closeHost();
      await app.remove();
    });
    this.hostLines = [];
    const lines = [];
    this.host = await startFunctionsHost({
      appRoot: app.root,
      port: 0,
      executable: BINARY,
      env: cleanEnvironment(settings),
      cors,
      mode,
      log: (line) => this.hostLines.push(String(line)),
      onLine: (_, line) => lines.push(line),
    });
    this.handler = { pid: this.host.handlerPid, port: this.host.handlerPort, lines };
    this.api = this.host.url;
  }

  /** The host starts a handler again that has died: a test must not miss that. */
  async #closeHost() {
    await this.host?.close();
    const deaths = this.hostLines.filter((line) => line.includes('the handler ended'));
    if (deaths.length <= this.deathsMeant) return;
    throw new Error(`${deaths.at(-1)}\n${this.handler.lines.join('\n')}`);
  }

  async #registerEventHandler(hub) {
    await this.service.setEventHandlers(hub, [{
      urlTemplate: `${this.api}/eventhandler?code=${FUNCTION_CODE}`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    }]);
  }

  async #startWebsite(port, folder) {
    const { startWebsite } = await import('../../emulator/website/website.js');
    const site = await startWebsite({
      root: path.join(ROOT, folder),
      port,
      api: this.api,
      service: this.service.endpoint,
    });
    this.endWith(() => site.close());
    this.site = site;
    this.page = site.url;
  }
}

/** Both spellings under which a browser may open the website. */
function pageOrigins(port) {
  return port ? [`http://localhost:${port}`, `http://127.0.0.1:${port}`] : [];
}

/** A port that was free a moment ago, for what must know its own address before it starts. */
export async function freePort() {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
