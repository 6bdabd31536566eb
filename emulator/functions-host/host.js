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
import { Payload } from './payload.js';
import { Proxying } from './proxying.js';
import { makeRouter } from './routes.js';
import { HOST_VERSION } from './wire.js';

const MAX_BODY = 104_857_600; // bytes; FUNCTIONS_REQUEST_BODY_SIZE_LIMIT overrides
const FUNCTION_TIMEOUT_MS = 31 * 60_000; // functionTimeout + 1 min
const READY_FACTOR = 4; // a request waits for readiness this many initialization timeouts
const STOP_MS = 5000; // between SIGTERM and SIGKILL

/**
 * @typedef {object} Invocation
 * @property {import('node:http').IncomingMessage} req
 * @property {import('node:http').ServerResponse} res
 * @property {number} port the handler's
 * @property {string} id
 * @property {object} settings of the function
 * @property {object} params of the route
 */

/**
 * Starts the host; resolves when the handler is ready.
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
 * @param {string} [options.key] the function key that functions of that level ask for; none: no
 *   check, as under `func start`
 * @param {number} [options.stopMs] time between SIGTERM and SIGKILL at the end; 0: SIGKILL at once
 * @param {(line: string) => void} [options.log]
 * @param {(stream: string, line: string) => void} [options.onLine] the handler's own lines
 */
export async function startFunctionsHost(options) {
  const appRoot = path.resolve(options.appRoot);
  const app = readApp(appRoot, { ...process.env, ...options.env });
  const server = http.createServer();
  const port = options.port ?? app.local.LocalHttpPort ?? 7071;
  const listening = await listen(server, { port, orFree: options.orFree });
  let host;
  try {
    const handler = await makeHandler(app, appRoot, listening.port, options);
    host = new FunctionsHost(app, server, listening, handler, options);
    await handler.start();
  } catch (error) {
    await (host ?? listening).close();
    throw error;
  }
  return host;
}

async function makeHandler(app, appRoot, hostPort, options) {
  const { env, executable, generation = 'new', log = () => {}, onLine } = options;
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
  const settings = { env: complete, port, initializationMs, generation, log, onLine };
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
  #invokers;
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
    this.#invokers = {
      forward: new Forwarding({ timeoutMs: FUNCTION_TIMEOUT_MS }),
      proxy: new Proxying(),
      payload: new Payload({ timeoutMs: FUNCTION_TIMEOUT_MS, log }),
    };
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
  }

  get handlerPid() {
    return this.#handler.pid;
  }

  get handlerPort() {
    return this.#handler.port;
  }

  #request(req, res) {
    this.#answer(req, res).catch((error) => {
      this.#log(`error: ${req.method} ${req.url.split('?')[0]}: ${error.message}`);
      // Half of another response may have been set already.
      if (res.headersSent) res.destroy();
      else res.writeHead(500, 'Internal Server Error', { 'Content-Length': 0 }).end();
    });
  }

  async #answer(req, res) {
    const grant = this.#cors.preflight(req);
    if (grant) {
      res.writeHead(204, grant).end();
      return;
    }
    for (const [name, value] of Object.entries(this.#cors.headers(req))) res.setHeader(name, value);
    await this.#route(req, res);
  }

  async #route(req, res) {
    const { pathname, searchParams } = new URL(`http://localhost${req.url}`);
    if (this.#own(req, res, pathname)) return;
    const found = this.#find(req.method, pathname);
    const status = found ? this.#refusal(req, searchParams, found.settings) : 404;
    if (status) res.writeHead(status).end();
    else await this.#invoke(req, res, found);
  }

  /** @returns {number | undefined} the status with which a request is refused */
  #refusal({ headers }, query, { authLevel }) {
    const { key, env } = this.#options;
    const given = headers['x-functions-key'] ?? query.get('code');
    if (key && authLevel !== 'anonymous' && given !== key) return 401;
    const limit = Number(env?.FUNCTIONS_REQUEST_BODY_SIZE_LIMIT ?? MAX_BODY);
    return Number(headers['content-length'] ?? 0) > limit ? 413 : undefined;
  }

  async #invoke(req, res, { settings, params }) {
    await this.#handler.ready(this.#app.customHandler.initializationMs * READY_FACTOR);
    const invoker = this.#invokers[this.#modeOf(settings)];
    const id = randomUUID();
    await invoker.invoke({ req, res, port: this.#handler.port, id, settings, params });
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
  #own({ method }, res, pathname) {
    const place = pathname.toLowerCase();
    if (place === '/' && method === 'GET') home(res, this.#options.env);
    else if (place === '/admin/host/ping') res.writeHead(200).end();
    else if (place === '/admin/host/status') this.#status(res);
    else return false;
    return true;
  }

  #status(res) {
    const status = { state: 'Running', version: HOST_VERSION, errors: [] };
    res.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(status));
  }

  /**
   * Ends the handler, which serves until the host has closed its connections, and frees the port.
   */
  async close() {
    for (const invoker of Object.values(this.#invokers)) invoker.release();
    await this.#handler.stop(this.#options.stopMs ?? STOP_MS);
    for (const invoker of Object.values(this.#invokers)) invoker.close();
    await this.#listening.close();
  }
}

const commaList = (text = '') => text.split(',').flatMap((item) => item.trim() || []);

function home(res, env) {
  if (env?.AzureWebJobsDisableHomepage === 'true') {
    res.writeHead(204).end();
    return;
  }
  res.writeHead(200, { 'Content-Type': 'text/html' });
  res.end('<!doctype html><title>Functions host</title><p>Your Functions app is up and running.\n');
}
