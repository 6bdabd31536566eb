// The parts put together to one Functions host: an app's HTTP functions on a port, in front of its
// custom handler.

import http from 'node:http';
import path from 'node:path';
import { randomUUID } from 'node:crypto';

import { choosePort, listen } from '../listen.js';
import { ConfigError, readApp, readCommand } from './config.js';
import { makeCors } from './cors.js';
import { Forwarding } from './forwarding.js';
import { Handler } from './handler.js';
import { makeKeys } from './keys.js';
import { READ_LIMIT, refusalOf } from './limits.js';
import { Payload } from './payload.js';
import { Proxying } from './proxying.js';
import { makeRouter } from './routes.js';
import { HOST_VERSION, answerEmpty, readBody } from './wire.js';

const MAX_BODY = 104_857_600; // bytes; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT overrides
const GRACE_MS = 2500; // between functionTimeout and the end of the handler
const LONGEST_TIMER_MS = 2 ** 31 - 1;
const FINISH_MS = 10_000; // for requests in flight when the host stops
const FINISH_PAUSE_MS = 10;

/**
 * @typedef {object} Invocation
 * @property {import('node:http').IncomingMessage} req
 * @property {import('node:http').ServerResponse} res
 * @property {Buffer} body
 * @property {number} port the handler's
 * @property {string} id
 * @property {AbortSignal} signal ends it
 * @property {() => void} cancel does, too
 * @property {object} settings of the function
 * @property {object} params of the route
 */

/**
 * Starts the host; resolves when the handler is ready, or at once if it is patient.
 * @param {object} options
 * @param {string} options.appRoot where host.json is
 * @param {number} [options.port] 0: a free one; default: local.settings' LocalHttpPort or 7071
 * @param {boolean} [options.orFree] take a free port when the wanted one is in use
 * @param {object} [options.env] app settings; they win over the environment and local.settings
 * @param {'auto' | 'forward' | 'proxy' | 'payload'} [options.mode] how HTTP-only functions are
 *   invoked; auto: as host.json says, forwarding first, which older hosts do
 * @param {'new' | 'old'} [options.generation] of the host: which exits of the handler count, and
 *   whether auto knows proxying and prefers it
 * @param {string[]} [options.cors] allowed origins; default: local.settings' CORS
 * @param {boolean} [options.platformCors] CORS as on Linux Consumption and Flex
 * @param {string} [options.executable] the handler's program instead of host.json's; default: the
 *   environment's CODESTREAM_BIN
 * @param {string} [options.key] the host's key, which opens every function; without any key there
 *   is no check, as under `func start`
 * @param {string} [options.masterKey] the only key of the level admin
 * @param {Record<string, string>} [options.functionKeys] keys of single functions
 * @param {boolean} [options.patient] when the handler cannot be started, be up all the same and let
 *   requests hang, as the real host
 * @param {number} [options.stopMs] at the end, send the handler SIGTERM so long before SIGKILL, as
 *   the platform does; 0, as the host itself: SIGKILL at once
 * @param {(line: string) => void} [options.log]
 * @param {(stream: string, line: string) => void} [options.onLine] the handler's own lines
 */
export async function startFunctionsHost(options) {
  const appRoot = path.resolve(options.appRoot);
  const app = readApp(appRoot, { ...process.env, ...options.env });
  const server = http.createServer({ maxHeaderSize: READ_LIMIT });
  server.maxHeadersCount = 0; // none is left out: limits.js counts them
  const port = options.port ?? app.local.LocalHttpPort ?? 7071;
  const listening = await listen(server, { port, orFree: options.orFree });
  let host;
  try {
    const handler = await makeHandler(app, appRoot, listening.port, options);
    host = new FunctionsHost(app, server, listening, handler, options);
    const started = handler.start();
    if (options.patient) started.catch(() => {}); // those who wait for the handler are told
    else await started;
  } catch (error) {
    await (host ?? listening).close();
    throw error;
  }
  return host;
}

async function makeHandler(app, appRoot, hostPort, options) {
  const { env, executable, generation = 'new', patient, log = () => {}, onLine } = options;
  const { customHandler } = app;
  const port = await handlerPort(customHandler, log);
  const id = randomUUID();
  const complete = {
    ...app.values,
    ...process.env,
    AZURE_FUNCTIONS_ENVIRONMENT: 'Development',
    FUNCTIONS_CORETOOLS_ENVIRONMENT: 'true',
    WEBSITE_HOSTNAME: `localhost:${hostPort}`,
    AzureWebJobsScriptRoot: appRoot,
    ...env,
    FUNCTIONS_CUSTOMHANDLER_PORT: String(port),
    FUNCTIONS_HTTPWORKER_PORT: String(port),
    FUNCTIONS_CUSTOMHANDLER_WORKER_ID: id,
    FUNCTIONS_HTTPWORKER_ID: id,
    FUNCTIONS_APP_ROOT_PATH: appRoot,
  };
  const command = readCommand(customHandler.description, appRoot, complete);
  const other = executable ?? process.env.CODESTREAM_BIN;
  if (other) command.file = path.resolve(other);
  const { initializationMs } = customHandler;
  const settings = { env: complete, port, initializationMs, generation, patient, log, onLine };
  return new Handler(command, settings);
}

/** A free port, released before the handler takes it, as the host does. */
async function handlerPort({ port }, log) {
  if (port === undefined) return choosePort(0);
  if ((await choosePort(port)) !== port) {
    throw new ConfigError(`Unable to bind to port ${port} specified in configuration`);
  }
  log(`info: Using port ${port} specified via configuration for custom handler.`);
  return port;
}

class FunctionsHost {
  #app;
  #listening;
  #handler;
  #find;
  #cors;
  #keys;
  #invokers;
  #unanswered = new Set(); // responses
  #options;
  #log;

  constructor(app, server, listening, handler, options) {
    const { cors, platformCors: platform, log = () => {} } = options;
    this.#app = app;
    this.#listening = listening;
    this.#handler = handler;
    this.#find = makeRouter(app);
    const origins = cors ?? commaList(app.local.CORS);
    this.#cors = makeCors({ origins, credentials: app.local.CORSCredentials === true, platform });
    this.#options = options;
    this.#log = log;
    this.#keys = makeKeys(options);
    this.#invokers = { forward: new Forwarding(), proxy: new Proxying(), payload: new Payload(log) };
    this.port = listening.port;
    this.wantedPort = listening.wanted;
    this.url = `http://127.0.0.1:${this.port}`;
    /** Resolves with the reason when the handler cannot be kept running. */
    this.stopped = handler.stopped;
    server.on('request', (req, res) => this.#request(req, res));
    for (const { name, route, methods } of app.functions) {
      const full = [app.routePrefix, route].filter(Boolean).join('/');
      const list = methods ? `[${methods.join(',').toLowerCase()}] ` : '';
      log(`info: Mapped function route '${full}' ${list}to '${name}'`);
    }
    for (const warning of app.warnings) log(`warning: ${warning}`);
  }

  get handlerPid() {
    return this.#handler.pid;
  }

  get handlerPort() {
    return this.#handler.port;
  }

  /** How many requests are in flight. */
  get unanswered() {
    return this.#unanswered.size;
  }

  #request(req, res) {
    this.#unanswered.add(res);
    res.on('close', () => this.#unanswered.delete(res));
    this.#answer(req, res).catch((error) => {
      this.#log(`error: ${req.method} ${req.url.split('?')[0]}: ${error.message}`);
      // Half of another response may have been set already.
      if (res.headersSent) res.destroy();
      else this.#fail(req, res);
    });
  }

  /** The caller of a request whose body nobody has read has to begin anew. */
  #fail(req, res) {
    for (const name of res.getHeaderNames()) res.removeHeader(name);
    const closing = req.complete ? {} : { Connection: 'close' };
    answerEmpty(res, 500, { ...this.#cors.headers(req), ...closing });
  }

  async #answer(req, res) {
    const refusal = refusalOf(req);
    if (refusal) {
      answerEmpty(res, refusal, { Connection: 'close' });
      return;
    }
    const grant = this.#cors.preflight(req);
    if (grant) {
      res.writeHead(204, { Server: 'Kestrel', ...grant }).end();
      return;
    }
    for (const [name, value] of Object.entries(this.#cors.headers(req))) res.setHeader(name, value);
    await this.#route(req, res);
  }

  async #route(req, res) {
    const { pathname } = new URL(`http://localhost${req.url}`);
    if (this.#own(req, res, pathname)) return;
    // No route has an empty part, not even one that takes any path.
    const found = pathname.includes('//') ? undefined : this.#find(req.method, pathname);
    if (!found) answerEmpty(res, 404);
    else if (!this.#keys.mayCall(req, found.settings)) answerEmpty(res, 401);
    else await this.#invoke(req, res, found);
  }

  async #invoke(req, res, { settings, params }) {
    await this.#handler.ready();
    const limit = Number(this.#options.env?.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT ?? MAX_BODY);
    if (Number(req.headers['content-length'] ?? 0) > limit) {
      throw new Error(`Request body too large: more than ${limit} bytes`);
    }
    const body = await readBody(req, limit); // whole, before the handler hears of it
    const { port } = this.#handler;
    const [id, controller] = [randomUUID(), new AbortController()];
    const { signal } = controller;
    const cancel = () => controller.abort();
    const end = this.#limitTime(settings.name, id, cancel);
    try {
      const invoker = this.#invokers[this.#modeOf(settings)];
      await invoker.invoke({ req, res, body, port, id, signal, cancel, settings, params });
    } finally {
      end();
    }
  }

  /** functionTimeout: the invocation fails, and with it all others that the handler has. */
  #limitTime(name, id, cancel) {
    const { timeoutMs } = this.#app;
    if (timeoutMs > LONGEST_TIMER_MS) return () => {};
    const kill = () => {
      this.#log('error: A function timeout has occurred. Restarting worker process executing '
        + `invocationId '${id}'.`);
      cancel();
      this.#handler.restart();
    };
    let timer = setTimeout(() => {
      this.#log(`error: Timeout value of ${timeoutMs / 1000} s exceeded by function `
        + `'Functions.${name}' (Id: '${id}'). Initiating cancellation.`);
      timer = setTimeout(kill, GRACE_MS);
    }, timeoutMs);
    return () => clearTimeout(timer);
  }

  #modeOf({ httpOnly }) {
    const { mode = 'auto', generation } = this.#options;
    if (!httpOnly) return 'payload';
    if (mode !== 'auto') return mode;
    const { forwarding, proxying } = this.#app.customHandler;
    const proxies = generation === 'new' || (generation === undefined && !forwarding);
    if (proxying && proxies) return 'proxy';
    return forwarding ? 'forward' : 'payload';
  }

  /** The responses of the host itself. */
  #own(req, res, pathname) {
    const place = pathname.toLowerCase();
    if (place === '/' && req.method === 'GET') home(res, this.#options.env);
    else if (place === '/admin/host/ping') answerEmpty(res, 200, { 'Cache-Control': 'no-store' });
    else if (place.startsWith('/runtime/webhooks/')) answerEmpty(res, 403);
    else if (!place.startsWith('/admin/')) return false;
    else if (!this.#keys.mayAdminister(req)) answerEmpty(res, 401, { 'WWW-Authenticate': 'Bearer' });
    else if (place === '/admin/host/status') answerStatus(res);
    else answerEmpty(res, 404);
    return true;
  }

  /**
   * Lets requests in flight be answered and ends the handler, which serves until the host has closed
   * its connections; frees the port.
   */
  async close() {
    const late = performance.now() + FINISH_MS;
    while (this.#unanswered.size > 0 && performance.now() < late) {
      await new Promise((resolve) => setTimeout(resolve, FINISH_PAUSE_MS));
    }
    for (const invoker of Object.values(this.#invokers)) invoker.release();
    await this.#handler.stop(this.#options.stopMs ?? 0);
    for (const invoker of Object.values(this.#invokers)) invoker.close();
    await this.#listening.close();
  }
}

const commaList = (text = '') => text.split(',').flatMap((item) => item.trim() || []);

function answerStatus(res) {
  const status = { state: 'Running', version: HOST_VERSION, errors: [] };
  res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(status));
}

function home(res, env) {
  if (env?.AzureWebJobsDisableHomepage === 'true') {
    res.writeHead(204).end();
    return;
  }
  res.writeHead(200, { 'Content-Type': 'text/html' });
  res.end('<!doctype html><title>Functions host</title><p>Your Functions app is up and running.\n');
}
