// host.json, both function.json and local.settings.sample.json against the rules of their published
// schemas (facts: which keys there are, of which type, with which values), and against what the
// host is known to do with them.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { test } from '../lib/test.js';

const execute = promisify(execFile);

async function read(path) {
  return JSON.parse(await readFile(new URL(`../../${path}`, import.meta.url), 'utf8'));
}

const FUNCTIONS = ['eventhandler', 'negotiate', 'text'];

// ---- the rules: `fields` (a trailing ! for required ones), `items`, `values`, or a type ----

const strings = { items: 'string' };
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d$/;

const HOST = { fields: {
  'version!': { values: ['2.0'] },
  functionTimeout: /^(-1|(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)$/,
  functions: strings,
  watchDirectories: strings,
  telemetryMode: { values: ['applicationInsights', 'openTelemetry'] },
  logging: 'object',
  customHandler: { fields: {
    'description!': { fields: {
      'defaultExecutablePath!': 'string',
      workingDirectory: 'string',
      workerDirectory: 'string',
      arguments: strings,
      defaultWorkerPath: 'string',
      workerArguments: strings,
    } },
    enableForwardingHttpRequest: 'boolean',
    enableProxyingHttpRequest: 'boolean',
    initializationTimeout: TIME,
    port: 'number',
    type: { values: ['http'] },
  } },
  extensions: { fields: {
    http: { fields: {
      'routePrefix!': 'string',
      maxConcurrentRequests: 'number',
      maxOutstandingRequests: 'number',
      dynamicThrottlesEnabled: 'boolean',
      hsts: 'object',
      customHeaders: 'object',
    } },
  } },
} };

const METHODS = ['get', 'post', 'delete', 'head', 'patch', 'put', 'options', 'trace'];
const TRIGGER = { fields: {
  'type!': { values: ['httpTrigger'] },
  'direction!': { values: ['in'] },
  'name!': 'string',
  authLevel: { values: ['anonymous', 'function', 'admin'] },
  methods: { items: { values: METHODS } },
  route: 'string',
} };
const ANSWER = { fields: {
  'type!': { values: ['http'] }, 'direction!': { values: ['out'] }, 'name!': 'string',
} };

const LOCAL = { fields: {
  IsEncrypted: 'boolean',
  Values: { each: 'string' },
  Host: { fields: {
    LocalHttpPort: 'number', LocalHttpAddress: 'string', CORS: 'string', CORSCredentials: 'boolean',
  } },
  ConnectionStrings: 'object',
} };

/** What breaks the rules, as sentences. */
function breaches(value, rule, path) {
  if (rule instanceof RegExp) return rule.test(value) ? [] : [`${path} has the wrong form`];
  if (typeof rule === 'string') {
    const type = Array.isArray(value) ? 'array' : typeof value;
    return type === rule ? [] : [`${path} is ${type}, not ${rule}`];
  }
  if (rule.values) return rule.values.includes(value) ? [] : [`${path} cannot be ${value}`];
  if (rule.items) {
    if (!Array.isArray(value)) return [`${path} is no array`];
    return value.flatMap((item, index) => breaches(item, rule.items, `${path}[${index}]`));
  }
  if (Object.prototype.toString.call(value) !== '[object Object]') return [`${path} is no object`];
  if (rule.each) {
    return Object.keys(value).flatMap((key) => breaches(value[key], rule.each, `${path}.${key}`));
  }
  const rules = Object.entries(rule.fields);
  const known = new Map(rules.map(([key, inside]) => [key.replace('!', ''), inside]));
  const required = rules.filter(([key]) => key.endsWith('!')).map(([key]) => key.slice(0, -1));
  return [
    ...required.filter((key) => !(key in value)).map((key) => `${path}.${key} is missing`),
    ...Object.keys(value).flatMap((key) => (known.has(key)
      ? breaches(value[key], known.get(key), `${path}.${key}`) : [`${path}.${key} is unknown`])),
  ];
}

// ---- host.json ----

test('host.json follows the schema', async () => {
  assert.deepEqual(breaches(await read('host.json'), HOST, 'host'), []);
});

test('the handler is started by a plain name, which keeps its run bit in the package', async () => {
  const { description } = (await read('host.json')).customHandler;
  assert.match(description.defaultExecutablePath, /^[a-z]+$/);
  assert.equal(description.arguments, undefined, 'nothing that the host would rewrite');
});

test('requests reach the handler as HTTP under an old host and a new one', async () => {
  const { customHandler } = await read('host.json');
  assert.equal(customHandler.enableForwardingHttpRequest, true);
  assert.equal(customHandler.enableProxyingHttpRequest, true);
});

test('nothing in host.json makes the host download anything', async () => {
  assert.equal((await read('host.json')).extensionBundle, undefined);
});

test('the rules find what is wrong in a host.json', async () => {
  const right = await read('host.json');
  const change = (edit) => {
    const host = structuredClone(right);
    edit(host);
    return breaches(host, HOST, 'host').join('\n');
  };
  assert.match(change((host) => { host.version = '2'; }), /version cannot be 2/);
  assert.match(change((host) => { host.customhandler = {}; }), /customhandler is unknown/);
  assert.match(change((host) => { host.customHandler = {}; }), /description is missing/);
  assert.match(change((host) => { host.extensions.http = {}; }), /routePrefix is missing/);
  assert.match(change((host) => { host.customHandler.enableProxyingHttpRequest = 'true'; }),
    /is string, not boolean/);
});

// ---- the functions ----

for (const name of FUNCTIONS) {
  test(`${name}/function.json follows the schema`, async () => {
    const { bindings, ...rest } = await read(`${name}/function.json`);
    assert.deepEqual(rest, {});
    assert.equal(bindings.length, 2);
    assert.deepEqual(breaches(bindings[0], TRIGGER, 'trigger'), []);
    assert.deepEqual(breaches(bindings[1], ANSWER, 'answer'), []);
    assert.notEqual(bindings[0].name, bindings[1].name);
  });
}

test('eventhandler takes events and their validation, both with the function key only', async () => {
  const [{ methods, authLevel, route }] = (await read('eventhandler/function.json')).bindings;
  assert.deepEqual([...methods].sort(), ['options', 'post']);
  assert.equal(authLevel, 'function');
  takes(route, ['eventhandler', 'api/eventhandler', 'API/EventHandler']);
});

test('negotiate answers anybody by both of its names, and leaves OPTIONS alone', async () => {
  const [{ methods, authLevel, route }] = (await read('negotiate/function.json')).bindings;
  assert.deepEqual([...methods].sort(), ['get', 'post']);
  assert.equal(authLevel, 'anonymous');
  takes(route, ['negotiate', 'register', 'api/negotiate', 'api/register']);
});

test('text is read by anybody, kept and deleted with a key that the handler checks', async () => {
  const [{ methods, authLevel, route }] = (await read('text/function.json')).bindings;
  assert.deepEqual([...methods].sort(), ['delete', 'get', 'put']);
  assert.equal(authLevel, 'anonymous');
  takes(route, ['text', 'api/text', 'API/Text']);
});

/** A route that the whole path has to fit, which is one of these and no other. */
function takes(route, paths) {
  const [, pattern] = /^\{\*\w+:regex\((\^.*\$)\)\}$/.exec(route);
  const answered = new RegExp(pattern, 'i');
  for (const path of paths) assert.match(path, answered);
  const others = paths.flatMap((path) => [`${path}2`, `x${path}`, `api/api/${path}`, `${path}/x`]);
  for (const path of [...others, '', 'a', 'api', 'api/']) assert.doesNotMatch(path, answered);
}

test('no route begins with a name that the host keeps for itself', async () => {
  for (const name of FUNCTIONS) {
    const [{ route }] = (await read(`${name}/function.json`)).bindings;
    assert.doesNotMatch(route, /^(\/|admin|runtime)|\/$/);
    assert.match(name, /^[A-Za-z][\w-]{0,127}$/);
  }
});

// ---- .funcignore ----

/**
 * How func reads it: a pattern fits where a path begins with it and a word ends there, and one with an
 * exclamation mark wins over all others, wherever it stands.
 */
function makeFuncIgnore(text) {
  const patterns = text.split('\n').map((line) => line.trim())
    .filter((line) => line && !line.startsWith('#'));
  const fits = (list) => {
    const written = list.map((pattern) => pattern.replace(/^\//, '')
      .replace(/[-[\]/{}()+?.\\^$|]/g, '\\$&').replaceAll('**', '(.+)').replaceAll('*', '([^/]+)'));
    return new RegExp(list.length > 0 ? `^((${written.join(')|(')}))\\b` : '$^');
  };
  const isKept = fits(patterns.filter((line) => line[0] === '!').map((line) => line.slice(1)));
  const isIgnored = fits(patterns.filter((line) => line[0] !== '!'));
  return (file) => isIgnored.test(file) && !isKept.test(file);
}

test('what func would publish of the root is host.json and the functions, no handler', async (t) => {
  const functions = (await readdir(new URL('../..', import.meta.url), { withFileTypes: true }))
    .filter((entry) => entry.isDirectory()).map(({ name }) => `${name}/function.json`)
    .filter((name) => existsSync(new URL(`../../${name}`, import.meta.url)));
  const wanted = [...functions, 'host.json'].sort();
  const ignores = makeFuncIgnore(await readFile(new URL('../../.funcignore', import.meta.url), 'utf8'));
  const left = ['codestream', 'build/app/codestream', 'build/codestream.zip', 'web/dist/index.html',
    'local.settings.sample.json', 'tests/node_modules/ws/index.js', 'new-folder/file', '.env', 'notes.md'];
  assert.deepEqual(left.filter((name) => !ignores(name)), []);
  const files = async (...options) => {
    const cwd = new URL('../..', import.meta.url);
    const { stdout } = await execute('git', ['ls-files', '-c', ...options], { cwd });
    return stdout.split('\n').filter(Boolean);
  };
  try {
    const all = await files();
    const ignored = await files('-i', '--exclude-from=.funcignore');
    assert.deepEqual(all.filter((name) => !ignored.includes(name)).sort(), wanted, 'as git reads it');
    assert.deepEqual(all.filter((name) => !ignores(name)).sort(), wanted, 'as func reads it');
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 128) throw error;
    t.skip('there is no git, or this is no clone');
  }
});

// ---- local.settings.sample.json ----

test('local.settings.sample.json follows the schema', async () => {
  assert.deepEqual(breaches(await read('local.settings.sample.json'), LOCAL, 'local'), []);
});

test('local.settings.sample.json is in the clear and says which runtime', async () => {
  const { IsEncrypted, Values } = await read('local.settings.sample.json');
  assert.equal(IsEncrypted, false, 'absent would mean true');
  assert.equal(Values.FUNCTIONS_WORKER_RUNTIME, 'custom');
  for (const name of Object.keys(Values)) assert.doesNotMatch(name, /:/);
});

test('CORS in local.settings.sample.json is origins, separated by commas alone', async () => {
  const { CORS, CORSCredentials } = (await read('local.settings.sample.json')).Host;
  for (const origin of CORS.split(',')) assert.equal(new URL(origin).origin, origin);
  assert.equal(CORSCredentials, false);
});

test('local.settings.sample.json names the stand-in for the service, as it starts by itself', async () => {
  const { Values } = await read('local.settings.sample.json');
  const { readOptions } = await import('../../emulator/webpubsub/options.js');
  const { accessKeys: [key] } = readOptions({});
  assert.equal(Values.WebPubSubForSocketIOConnectionString,
    `Endpoint=http://localhost;Port=8080;AccessKey=${key};Version=1.0;`);
});
