// Knows how the parts make one Functions host: an app's HTTP functions on a port, in front of its
// custom handler.

import http from 'node:http';
import path from 'node:path';
import { randomUUID } from 'node:crypto';

import { choosePort, listen } from '../listen.js';
import { ConfigError, readApp, readCommand } from './config.js';
import { makeCors } from './cors.js';
import { Forwarding } from './forwarding.js';
import { Handler } from './handler.js';
import { makeRouter } from './routes.js';

const MAX_BODY = 104_857_600; // bytes
const FUNCTION_TIMEOUT_MS = 31 * 60_000; // functionTimeout + 1 min
const READY_FACTOR = 4; // a request waits for readiness this many initialization timeouts
const STOP_MS = 5000; // between SIGTERM and SIGKILL

/**
 * Starts the host; resolves when the handler is ready.
 * @param {object} options
 * @param {string} options.appRoot where host.json is
 * @param {number} [options.port] 0: a free one; default: local.settings' LocalHttpPort or 7071
 * @param {boolean} [options.orFree] take a free port when the wanted one is in use
 * @param {object} [options.env] app settings; they win over the environment and local.settings
 * @param {string[]} [options.cors] allowed origins; default: local.settings' CORS
 * @param {string} [options.executable] the handler's program instead of host.json's; default: the
 *   environment's CODESTREAM_BIN
 * @param {string} [options.key] the function key that functions of that level ask for; none: no
 *   check, as under `func start`
 * @param {number} [options.stopMs] time between SIGTERM and SIGKILL at the end
 * @param {(line: string) => void} [options.log]
 * @param {(stream: string, line: string) => void} [options.onLine] the handler's own lines
 */
export async function startFunctionsHost(options) {
  const appRoot = path.resolve(options.appRoot);
  const app = readApp(appRoot);
  for (const settings of app.functions) checkMode(settings, app.customHandler);
  const server = http.createServer();
  const port = options.port ?? app.local.LocalHttpPort ?? 7071;
  const listening = await listen(server, { port, orFree: options.orFree });
  const handler = await makeHandler(app, appRoot, listening.port, options);
  const host = new FunctionsHost(app, server, listening, handler, options);
  try {
    await handler.start();
  } catch (error) {
    await host.close();
    throw error;
  }
  return host;
}

/** Proxying and payload mode have their place here; only forwarding is built. */
function checkMode({ name, httpOnly }, { forwarding }) {
  if (httpOnly && forwarding) return;
  throw new ConfigError(
    `function '${name}' would be invoked with the JSON payload contract, which ` +
      'the stand-in does not have: set customHandler.enableForwardingHttpRequest in host.json and ' +
      'give the function one httpTrigger and one http output',
  );
}

async function makeHandler(app, appRoot, hostPort, { env, executable, log = () => {}, onLine }) {
  const port = await choosePort(0); // let go before the handler takes it: so does the host
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
  const command = readCommand(app.customHandler.description, appRoot, complete);
  const other = executable ?? process.env.CODESTREAM_BIN;
  if (other) command.file = path.resolve(other);
  const { initializationMs } = app.customHandler;
  return new Handler(command, { env: complete, port, initializationMs, log, onLine });
}

class FunctionsHost {
  #app;
  #listening;
  #handler;
  #find;
  #cors;
  #invoker = new Forwarding({ timeoutMs: FUNCTION_TIMEOUT_MS });
  #key;
  #stopMs;
  #log;

  constructor(app, server, listening, handler, { cors, key, stopMs = STOP_MS, log = () => {} }) {
    this.#app = app;
    this.#listening = listening;
    this.#handler = handler;
    this.#find = makeRouter(app);
    const origins =
      cors ??
      (app.local.CORS ?? '')
        .split(',')
        .map((o) => o.trim())
        .filter(Boolean);
    this.#cors = makeCors(origins, app.local.CORSCredentials === true);
    this.#key = key;
    this.#stopMs = stopMs;
    this.#log = log;
    this.port = listening.port;
    this.wantedPort = listening.wanted;
    this.url = `http://127.0.0.1:${this.port}`;
    /** Resolves with the reason when the handler cannot be kept running. */
    this.stopped = handler.stopped;
    server.on('request', (req, res) => this.#request(req, res));
    for (const { name, route, methods } of app.functions) {
      const full = [app.routePrefix, route].filter(Boolean).join('/');
      log(`info: Mapped function route '${full}' [${methods ?? 'all'}] to '${name}'`);
    }
  }

  get handlerPid() {
    return this.#handler.pid;
  }

  get handlerPort() {
    return this.#handler.port;
  }

  #request(req, res) {
    const grant = this.#cors.preflight(req);
    if (grant) {
      res.writeHead(204, grant).end();
      return;
    }
    for (const [name, value] of Object.entries(this.#cors.headers(req))) res.setHeader(name, value);
    this.#route(req, res).catch((error) => {
      this.#log(`error: ${req.method} ${req.url.split('?')[0]}: ${error.message}`);
      if (!res.headersSent) res.writeHead(500).end();
    });
  }

  async #route(req, res) {
    const { pathname, searchParams } = new URL(req.url, 'http://localhost');
    if (pathname === '/' && req.method === 'GET') return home(res);
    if (pathname.toLowerCase() === '/admin/host/ping') return res.writeHead(200).end();
    const found = this.#find(req.method, pathname);
    if (!found) return res.writeHead(404).end();
    const given = req.headers['x-functions-key'] ?? searchParams.get('code');
    if (this.#key && found.authLevel !== 'anonymous' && given !== this.#key) {
      return res.writeHead(401).end();
    }
    if (Number(req.headers['content-length'] ?? 0) > MAX_BODY) return res.writeHead(413).end();
    return this.#invoke(req, res);
  }

  async #invoke(req, res) {
    await this.#handler.ready(this.#app.customHandler.initializationMs * READY_FACTOR);
    const answer = await this.#invoker.invoke(req, this.#handler.port);
    const own = new Set(res.getHeaderNames()); // CORS replaces what the handler says
    const { headers } = answer;
    for (let i = 0; i < headers.length; i += 2) {
      if (!own.has(headers[i].toLowerCase())) res.appendHeader(headers[i], headers[i + 1]);
    }
    res.writeHead(answer.status, answer.reason);
    res.end(answer.body);
  }

  /** Ends the handler (SIGTERM, then SIGKILL) and frees the port. */
  async close() {
    await this.#handler.stop(this.#stopMs);
    this.#invoker.close();
    await this.#listening.close();
  }
}

function home(res) {
  res.writeHead(200, { 'Content-Type': 'text/html' });
  res.end('<!doctype html><title>Functions host</title><p>Your Functions app is up and running.\n');
}
