// Everything that a test of the whole needs, as real processes and servers: the service stand-in,
// the handler alone or under the Functions host stand-in, the website.
import path from 'node:path';
import { choosePort } from '../../emulator/listen.js';
import { BINARY, binaryOf, ROOT, startHandler } from './handler.js';
import { StandIns } from './stand-ins.js';

/** The function key in the event URL. No log line may contain it. */
export const FUNCTION_CODE = 'function-key-that-nobody-may-log';

/**
 * @param {{ host?: boolean, website?: boolean | string, env?: object | Function,
 *   service?: object, hub?: string, cors?: string[], mode?: string, app?: string }} options
 *   website: true, or the folder of another built page; env: settings of the handler, or a
 *   function that makes them for the started service; service: options of the service stand-in;
 *   keepDays: texts are kept, and the page says so; cors: origins that the host allows besides the website's; mode: how the host passes requests on;
 *   app: another application than Codestream.
 */
export function startStack(options = {}) {
  return new Stack().begin(options);
}

class Stack extends StandIns {
  async start({
    host = false, website = false, env = {}, service = {}, hub = 'codestream', cors = [], mode, app,
    keepDays = 0,
  }) {
    if (website && !host) throw new Error('the website needs the host, which answers CORS');
    await this.startService({ hubs: { [hub]: { eventHandlers: [] } }, ...service });
    const settings = {
      WebPubSubForSocketIOConnectionString: this.service.connectionString,
      ...(hub === 'codestream' ? {} : { CODESTREAM_HUB: hub }),
      ...(typeof env === 'function' ? env(this.service) : env),
    };
    if (keepDays > 0) await this.#startContainer(settings);
    const pagePort = website ? await freePort() : 0;
    if (host) await this.#startHosted(settings, {
      cors: [...cors, ...pageOrigins(pagePort)], mode, executable: app ? binaryOf(app) : BINARY,
    });
    else await this.#startHandler(settings, app);
    await this.#registerEventHandler(hub);
    if (website) await this.#startWebsite(pagePort, website === true ? 'web/dist' : website, keepDays);
  }

  /** Where texts are kept. */
  async #startContainer(settings) {
    const { startContainer } = await import('../../emulator/website/container.js');
    this.container = await startContainer();
    this.endWith(() => this.container.close());
    Object.assign(settings, this.container.env);
  }

  async #startHandler(settings, app) {
    this.handler = await startHandler({ env: settings, app });
    this.endWith(() => this.handler.stop());
    this.api = this.handler.url;
  }

  async #startHosted(settings, options) {
    await this.startHost(settings, options);
    const { handlerPid: pid, handlerPort: port } = this.host;
    this.handler = { pid, port, lines: this.handlerLines };
    this.api = this.host.url;
  }

  async #registerEventHandler(hub) {
    await this.service.setEventHandlers(hub, [{
      urlTemplate: `${this.api}/eventhandler?code=${FUNCTION_CODE}`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected', 'disconnected'],
    }]);
  }

  async #startWebsite(port, folder, keepDays) {
    const { startWebsite } = await import('../../emulator/website/website.js');
    const site = await startWebsite({
      root: path.join(ROOT, folder),
      port,
      api: this.api,
      service: this.service.endpoint,
      keepDays,
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

/** For what must know its own address before it starts. */
export const freePort = () => choosePort(0);
