// The files of a function app as the Functions host reads them: host.json, each
// function.json, local.settings.json, and what it refuses in them.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const FUNCTION_NAME = /^[A-Za-z][A-Za-z0-9_-]{0,127}$/;
const DEFAULT_INIT = '00:00:30'; // customHandler.initializationTimeout
const DEFAULT_TIMEOUT = '00:30:00'; // functionTimeout, but on the Consumption plan
const MIN_TIMEOUT_MS = 1000;

/** A fault in the app's files. */
export class ConfigError extends Error {}

/**
 * @param {string} appRoot
 * @param {object} [env] AzureFunctionsJobHost__… in it override host.json
 * @returns {{customHandler: object, routePrefix: string, functions: FunctionSettings[],
 *   timeoutMs: number, warnings: string[], values: object, local: object}} warnings: what these
 *   files say in vain
 */
export function readApp(appRoot, env = {}) {
  const { Values = {}, Host = {} } = readOptional(path.join(appRoot, 'local.settings.json'));
  const all = { ...Values, ...env };
  const host = override(readJson(path.join(appRoot, 'host.json')), all);
  if (host.version !== '2.0') throw new ConfigError('host.json: version must be "2.0"');
  const customHandler = readCustomHandler(host.customHandler);
  const warnings = [];
  return {
    customHandler,
    routePrefix: host.extensions?.http?.routePrefix ?? 'api',
    functions: readFunctions(appRoot, host.customHandler.http, all, warnings),
    timeoutMs: readTimeout(host.functionTimeout ?? DEFAULT_TIMEOUT),
    warnings,
    values: Values,
    local: Host,
  };
}

/** AzureFunctionsJobHost__a__b=value stands for {"a": {"b": value}}; names without case. */
function override(host, env) {
  for (const [name, text] of Object.entries(env)) {
    const match = /^AzureFunctionsJobHost__(.+)$/i.exec(name);
    if (!match) continue;
    const keys = match[1].split('__');
    const last = keys.pop();
    let place = host;
    for (const key of keys) place = place[spelt(place, key)] ??= {};
    place[spelt(place, last)] = readValue(text);
  }
  return host;
}

const spelt = (object, key) =>
  Object.keys(object).find((name) => name.toLowerCase() === key.toLowerCase()) ?? key;

function readValue(text) {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true';
  if (!/^\s*\[/.test(text)) return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function readCustomHandler(section) {
  if (!section?.description) throw new ConfigError('Missing worker Description.');
  const { description } = section;
  if (!description.defaultExecutablePath) {
    throw new ConfigError('WorkerDescription DefaultExecutablePath cannot be empty');
  }
  return {
    description,
    forwarding: section.enableForwardingHttpRequest === true,
    proxying: section.enableProxyingHttpRequest === true,
    initializationMs: readTimespan(section.initializationTimeout ?? DEFAULT_INIT),
    port: section.port === undefined ? undefined : Number(section.port),
  };
}

/** -1 is without end. */
function readTimeout(text) {
  if (String(text) === '-1') return Infinity;
  const ms = readTimespan(text);
  if (ms < MIN_TIMEOUT_MS) throw new ConfigError(`host.json: functionTimeout '${text}' is too short`);
  return ms;
}

/** [d.]hh:mm:ss[.fraction] */
function readTimespan(text) {
  const match = /^(?:(\d+)\.)?(\d\d?):(\d\d):(\d\d(?:\.\d{1,7})?)$/.exec(text);
  if (!match) throw new ConfigError(`host.json: '${text}' is not a time like 00:00:30`);
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0));
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
}

/**
 * @typedef {object} FunctionSettings
 * @property {string} name
 * @property {string} route
 * @property {string[] | undefined} methods upper case; undefined: all
 * @property {'anonymous' | 'function' | 'admin'} authLevel
 * @property {boolean} httpOnly one HTTP trigger, one HTTP output, nothing else
 * @property {string} trigger name of the trigger's binding
 * @property {string} [output] name of the HTTP output's binding
 */

/** @returns {FunctionSettings[]} in the order in which routes are tried */
function readFunctions(appRoot, http, env, warnings) {
  const functions = [];
  for (const entry of readdirSync(appRoot, { withFileTypes: true })) {
    const file = path.join(appRoot, entry.name, 'function.json');
    if (entry.isDirectory() && existsSync(file)) functions.push(readFunction(entry.name, file));
  }
  if (http?.routes && functions.length > 0) {
    throw new ConfigError('customHandler.http.routes and function.json exclude each other');
  }
  if (http?.routes) return readRoutes(http, env);
  if (functions.length === 0) throw new ConfigError(`there is no function.json below ${appRoot}`);
  functions.sort((a, b) => (a.name < b.name ? -1 : 1));
  checkRoutes(functions);
  warnings.push(...functions.filter(({ disabled }) => disabled).map(({ name }) =>
    `${name}/function.json says "disabled", which the host ignores: the function runs. The app ` +
      `setting AzureWebJobs.${name}.Disabled=true does it`));
  return functions.filter(({ name }) => {
    const isDisabled = /^(1|true)$/i.test(env[`AzureWebJobs.${name}.Disabled`] ?? '');
    if (isDisabled) warnings.push(`Function 'Functions.${name}' is disabled`);
    return !isDisabled;
  });
}

/** Functions that newer hosts derive from host.json alone. */
function readRoutes({ routes, defaultAuthorizationLevel = 'function' }, env) {
  if ((env.FUNCTIONS_WORKER_RUNTIME ?? '').toLowerCase() !== 'custom') {
    throw new ConfigError('Routes configuration is only allowed for worker runtime: custom.');
  }
  return routes.map(({ route, authorizationLevel = defaultAuthorizationLevel }, i) => ({
    name: `http-handler${i + 1}`,
    route,
    methods: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'],
    authLevel: authorizationLevel.toLowerCase(),
    httpOnly: true,
    trigger: 'req',
    output: 'res',
  }));
}

function readFunction(name, file) {
  if (!FUNCTION_NAME.test(name) || name.toLowerCase() === 'host') {
    throw new ConfigError(`'${name}' is not a function name`);
  }
  const { bindings = [], disabled = false } = readJson(file);
  const isOut = ({ direction }) => direction?.toLowerCase() === 'out';
  const ofType = (type) => (binding) => binding.type?.toLowerCase() === type;
  const [inputs, outputs] = [bindings.filter((b) => !isOut(b)), bindings.filter(isOut)];
  const trigger = inputs.find(ofType('httptrigger'));
  if (!trigger) throw new ConfigError(`${file}: only functions with an httpTrigger are known here`);
  return {
    name,
    disabled,
    route: trigger.route ?? name,
    methods: trigger.methods?.map((method) => method.toUpperCase()),
    authLevel: (trigger.authLevel ?? 'function').toLowerCase(),
    httpOnly: inputs.length === 1 && outputs.length === 1 && ofType('http')(outputs[0]),
    trigger: trigger.name ?? 'req',
    output: outputs.find(ofType('http'))?.name,
  };
}

function checkRoutes(functions) {
  const taken = [];
  for (const { name, route, methods } of functions) {
    if (/^(admin|runtime)/i.test(route)) {
      throw new ConfigError(
        `${name}: The specified route conflicts with one or more built in routes.`,
      );
    }
    const rival = taken.find(
      (other) =>
        other.route.toLowerCase() === route.toLowerCase() &&
        (!methods || !other.methods || methods.some((method) => other.methods.includes(method))),
    );
    if (rival) {
      throw new ConfigError(
        `${name}: The route specified conflicts with the route defined by function ` +
          `'${rival.name}'.`,
      );
    }
    taken.push({ name, route, methods });
  }
}

function readOptional(file) {
  return existsSync(file) ? readJson(file) : {};
}

function readJson(file) {
  let text;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`cannot read ${file}: ${error.code}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: ${error.message}`);
  }
}

/**
 * The command that starts the handler, as the host makes it from the description.
 * @param {object} description of host.json
 * @param {string} appRoot
 * @param {object} env of the handler, for %NAME%
 */
export function readCommand(description, appRoot, env) {
  const named = (text) => text.replace(/%([^%]+)%/g, (all, name) => env[name] ?? all);
  const words = [description.arguments ?? [], [], description.workerArguments ?? []];
  if (description.defaultWorkerPath) words[1].push(`"${description.defaultWorkerPath}"`);
  // Like the host, this joins with spaces, quotes nothing, and deletes what still looks like
  // %NAME%.
  const line = named(words.flat().join(' ')).replace(/%[^%]*%/g, '');
  return {
    file: findExecutable(named(description.defaultExecutablePath), description, appRoot),
    args: splitCommandLine(line),
    cwd: path.resolve(appRoot, description.workingDirectory ?? ''),
  };
}

/** A relative path counts only if the file exists; otherwise it is a command on the PATH. */
function findExecutable(file, { workerDirectory = '' }, appRoot) {
  const joined = path.resolve(appRoot, workerDirectory, file);
  return path.isAbsolute(file) || existsSync(joined) ? joined : file;
}

/** Splits at spaces, but not within double quotes. */
export function splitCommandLine(line) {
  return [...line.matchAll(/(?:"[^"]*"|[^\s"])+/g)].map(([word]) => word.replaceAll('"', ''));
}
