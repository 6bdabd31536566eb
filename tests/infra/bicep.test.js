// The templates. A Bicep compiler checks them where one is on the PATH; everywhere else they are
// parsed here and held against what is known of the resource types: which properties there are, of
// which type, and which values they take.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

import { ACCOUNTS, API, PACKAGES, ROLES, TYPES } from '../../infra/deployment/arm.mjs';
import { keptOfHub } from '../../infra/deployment/plan.mjs';
import { DESCRIPTION } from '../../infra/deployment/rights.mjs';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { test } from '../lib/test.js';
import { ANY, FUNCTIONS, READABLE, ROLE_IDS, SCHEMAS } from '../upload/azure-types.js';
import { parse } from '../upload/bicep.js';

const execute = promisify(execFile);
const read = (path) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const NAMES = ['main', 'wiring', 'uploader', 'hub', 'events'];
const TEXTS = Object.fromEntries(await Promise.all(NAMES.map(async (name) => (
  [name, await read(`infra/${name}.bicep`)]))));
const MAIN = TEXTS.main;

// ---- holding one against the other ----

function problems(text) {
  const template = parse(text);
  const found = [];
  for (const [name, { type, existing, value }] of Object.entries(template.resource)) {
    const schema = SCHEMAS[type];
    if (!schema) found.push(`${name}: unknown type ${type}`);
    else if (!existing) compare(value, schema, name);
    if ('name' in value.entries === false) found.push(`${name} has no name`);
    if (!existing && schema?.location && !value.entries.location) found.push(`${name} is nowhere`);
    const { parent } = value.entries;
    if (schema?.parent && template.resource[parent?.name]?.type !== parentType(type)) {
      found.push(`${name} has no parent of type ${parentType(type)}`);
    }
  }
  for (const [name, { file, value }] of Object.entries(template.module)) {
    found.push(...passing(name, value.entries.params.entries, parse(TEXTS[file.replace('.bicep', '')])));
  }
  names(template, found);
  return found;

  function compare(value, schema, path) {
    if (schema === ANY) return;
    if (schema.each) {
      if (value.is === 'array') {
        value.items.forEach((item) => compare(item, schema.each, `${path}[]`));
      } else if (value.is !== 'call') found.push(`${path} is no array`);
    } else if (Array.isArray(schema)) {
      const values = literals(value, template);
      for (const one of values) if (!schema.includes(one)) found.push(`${path} cannot be ${one}`);
    } else if (typeof schema === 'string') {
      const type = typeOf(value, template);
      if (type !== schema && type !== ANY) found.push(`${path} is ${type}, not ${schema}`);
    } else if (value.is !== 'object') found.push(`${path} is no object`);
    else {
      for (const [name, inside] of Object.entries(value.entries)) {
        if (name in schema) compare(inside, schema[name], `${path}.${name}`);
        else found.push(`${path}.${name} is unknown`);
      }
    }
  }
}

/** What a module is given, against what it wants. */
function passing(name, given, { param }) {
  const unknown = Object.keys(given).filter((one) => !param[one]);
  const lacking = Object.keys(param).filter((one) => !param[one].value && !given[one]);
  return [...unknown.map((one) => `${name} knows no ${one}`), ...lacking.map((one) => `${name} lacks ${one}`)];
}

function parentType(type) {
  const [path, version] = type.split('@');
  return `${path.slice(0, path.lastIndexOf('/'))}@${version}`;
}

/** Every value that an expression for one of a list of values can have. */
function literals(value, { param }) {
  if (value.is === 'string' && value.parts.length === 1) return value.parts;
  const allowed = param[value.name]?.decorators.find(({ of }) => of?.name === 'allowed');
  if (allowed) return allowed.args[0].items.map(({ parts }) => parts.join(''));
  return [`${value.is}, which nobody can check`];
}

function typeOf(value, { param }) {
  if (value.is === 'name' && param[value.name]) return param[value.name].type;
  return ['int', 'bool', 'string', 'array', 'object'].includes(value.is) ? value.is : ANY;
}

/** Names that are used and not there, there and not used, and readings that no resource answers. */
function names(template, found) {
  const declared = new Map();
  for (const kind of ['param', 'var', 'resource', 'module']) {
    for (const name of Object.keys(template[kind])) {
      if (declared.has(name)) found.push(`${name} is both ${declared.get(name)} and ${kind}`);
      declared.set(name, kind);
    }
  }
  const used = new Set();
  const inner = []; // parameters of the lambdas around
  const visit = (node) => {
    if (Array.isArray(node)) { node.forEach(visit); return; }
    if (!node || typeof node !== 'object') return;
    if (node.is === 'name' && !inner.includes(node.name)) used.add(node.name);
    if (node.is === 'lambda') {
      inner.push(node.param);
      visit(node.body);
      inner.pop();
      return;
    }
    if (node.is === 'member') {
      const path = pathOf(node);
      if (template.module[path?.[0]] && path[1] === 'outputs') {
        const outputs = parse(TEXTS[template.module[path[0]].file.replace('.bicep', '')]).output;
        if (!outputs[path[2]]) found.push(`nobody answers ${path.join('.')}`);
        used.add(path[0]);
        return;
      }
      if (template.resource[path?.[0]]) {
        const reading = path.slice(1).join('.');
        if (!READABLE.includes(reading)) found.push(`nobody answers ${path.join('.')}`);
        used.add(path[0]);
        return;
      }
    }
    if (node.is === 'call' && node.of.is === 'name') {
      if (!FUNCTIONS.includes(node.of.name)) found.push(`no function ${node.of.name}`);
      visit(node.args);
      return;
    }
    Object.values(node).forEach(visit);
  };
  for (const kind of ['param', 'var', 'resource', 'module', 'output']) {
    for (const { value, condition } of Object.values(template[kind])) visit([value, condition]);
  }
  for (const name of used) if (!declared.has(name)) found.push(`${name} is declared nowhere`);
  for (const [name, kind] of declared) {
    if (kind !== 'resource' && kind !== 'module' && !used.has(name)) found.push(`${name} is used nowhere`);
  }
}

function pathOf(node) {
  if (node.is === 'name') return [node.name];
  const start = node.is === 'member' && pathOf(node.of);
  return start ? [...start, node.name] : undefined;
}

const { main, wiring, uploader, hub, events } = Object.fromEntries(NAMES.map((name) => [name, parse(TEXTS[name])]));
const plain = (value) => value.parts?.join('') ?? value.value;

/** The app settings of one way of signing in: name → expression. */
function settings(identity) {
  const [kept, extra, always, choice] = wiring.resource.settings.value.entries.properties.args;
  assert.equal(kept.of.name, 'toObject', 'first, so that the others prevail');
  assert.deepEqual(pathOf(kept.args[0].of[0]), ['kept', 'settings']);
  assert.deepEqual(kept.args.slice(1).map(({ body }) => body.name), ['name', 'value']);
  assert.equal(extra.name, 'extraSettings', 'then, so that what the template knows prevails');
  assert.deepEqual([choice.is, choice.test.name], ['choice', 'identity']);
  const { yes, no } = choice;
  return { ...always.entries, ...(identity ? yes : no).entries };
}

/** What a resource says at a path such as 'properties.sku'. */
const at = (resource, path) => path.split('.')
  .reduce((value, name) => value.entries[name], resource.value);

// ---- the tests ----

test('a Bicep compiler takes every template without a word, where one is installed', async (t) => {
  for (const name of NAMES) {
    const file = new URL(`../../infra/${name}.bicep`, import.meta.url).pathname;
    try {
      const { stderr } = await execute('bicep', ['build', '--stdout', file], { maxBuffer: 1 << 24 });
      assert.equal(stderr, '', 'a name that is wrong is only a warning');
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      t.skip('bicep is not installed: no compiler has seen the templates');
    }
  }
});

for (const name of NAMES) {
  test(`every property of ${name}.bicep is one that its resource type has`, () => {
    assert.deepEqual(problems(TEXTS[name]), []);
  });
}

const MISTAKES = [
  ['serviceMode:', 'servicemode:', /socketIO\.servicemode is unknown/],
  ["'Serverless'", "'serverless'", /cannot be serverless/],
  ["kind: 'SocketIO'", "kind: 'SocketIo'", /kind cannot be SocketIo/],
  ['disableLocalAuth: identity', 'disableLocalAuth: hub', /is string, not bool/],
  ['instanceMemoryMB: memory', "instanceMemoryMB: '2048'", /is string, not int/],
  ['webPubSub@2024-03-01', 'webPubSub@2024-03-02', /unknown type/],
  ['parent: storage\n', 'parent: app\n', /blobs has no parent/],
  ['minTlsVersion:', 'ftpsState:', /siteConfig\.ftpsState is unknown/],
  ['allow: false', 'allowed: false', /allowed is unknown/],
  ['wiring.outputs.page', 'wiring.outputs.website', /nobody answers/],
  ['    units: units\n', '', /wiring lacks units/],
  ['    hub: hub\n', '    hubs: hub\n', /wiring knows no hubs/],
  ['name: unique\n  location: location\n', 'name: unique\n', /is nowhere/],
  ['sku: {\n    name: sku', "sku: {\n    name: 'Free'", /sku is used nowhere|cannot be Free/],
  ['uniqueString(', 'unique_string(', /no function unique_string/],
];

test('the check finds mistakes of each kind', () => {
  for (const [right, wrong, complaint] of MISTAKES) {
    assert.ok(MAIN.includes(right), right);
    assert.match(problems(MAIN.replace(right, wrong)).join('\n'), complaint, wrong);
  }
});

test('text that is no Bicep is refused', () => {
  for (const text of ['resource', "var a = 'b", 'var a = {b c}', 'param a string\nparam a string',
    'output a string', 'var a = [1 2]', 'resource x ´']) {
    assert.throws(() => parse(text), /line \d+|expected/, text);
  }
});

test('resource types have one version everywhere, and deploy.mjs asks for the same', () => {
  const versions = new Map();
  for (const { type } of [main, wiring, uploader, hub, events].flatMap(({ resource }) => Object.values(resource))) {
    const [path, version] = type.split('@');
    assert.equal(versions.get(path) ?? version, version, path);
    versions.set(path, version);
  }
  for (const [type, version] of Object.entries(API)) assert.equal(versions.get(type), version, type);
});

cloudTest('deploy.mjs gives every parameter that has no default, and none that is unknown', async (world) => {
  await world.run('deploy', FIRST);
  await world.run('deploy');
  for (const [name, template] of [['codestream', main], ['codestream-hub', hub]]) {
    const given = Object.keys(world.cloud.given[name]);
    const required = Object.keys(template.param).filter((one) => !template.param[one].value);
    assert.deepEqual(required.filter((one) => !given.includes(one)), []);
    assert.deepEqual(given.filter((one) => !template.param[one]), []);
  }
});

test('deploy.mjs may make each resource of the template, and reads outputs that there are', async () => {
  const program = await read('infra/deploy.mjs');
  const made = main.param.make.value.items.map(plain);
  assert.deepEqual(made.sort(), Object.keys(TYPES).sort());
  for (const { condition, type } of Object.values(main.resource)) {
    if (!condition) { // a second PUT of it changes nothing
      assert.match(type, /\/containers@/);
      continue;
    }
    assert.deepEqual([condition.of.name, condition.args[0].name], ['contains', 'make'], type);
    assert.ok(made.includes(plain(condition.args[1])), type);
  }
  const outputs = /^const OUTPUTS = \[([^\]]*)\];$/m.exec(program)[1].match(/\w+/g);
  const told = Object.keys(main.output).filter((name) => name !== 'insightsGone'); // for whoever looks
  assert.deepEqual(outputs, told);
});

test('secrets are secure parameters, and no output shows them or a key', () => {
  for (const [template, names] of [[main, ['kept', 'secret', 'extraSettings']],
    [wiring, ['kept', 'secret', 'extraSettings']], [hub, ['kept']], [events, ['kept', 'url']]]) {
    for (const name of names) {
      const decorators = template.param[name].decorators.map((node) => node.of?.name);
      assert.ok(decorators.includes('secure'), name);
    }
    for (const [name, { value }] of Object.entries(template.output)) {
      assert.doesNotMatch(JSON.stringify(value), /listKeys|secret|kept|"key"/, name);
    }
  }
});

test('with an access key the app gets the connection string and no identity setting', () => {
  const { WebPubSubForSocketIOConnectionString: connection, ...rest } = settings(false);
  assert.deepEqual(pathOf(connection.of.of), ['service', 'listKeys']);
  assert.equal(connection.name, 'primaryConnectionString');
  assert.deepEqual(Object.keys(rest).filter((name) => name.startsWith('WebPubSub')), []);
});

test('with --identity no key is left: not at the service, not in the settings', () => {
  const mine = settings(true);
  assert.equal(mine.WebPubSubForSocketIOConnectionString, undefined);
  const endpoint = mine.WebPubSubForSocketIOConnectionString__endpoint;
  assert.equal(endpoint.parts[0], 'https://');
  assert.deepEqual(pathOf(endpoint.parts[1]), ['service', 'properties', 'hostName']);
  assert.equal(plain(mine.WebPubSubForSocketIOConnectionString__credential), 'managedidentity');
  assert.doesNotMatch(JSON.stringify(mine), /listKeys/);
  assert.equal(at(main.resource.service, 'properties.disableLocalAuth').name, 'identity');
});

test('the app has what the handler and the host want, and nothing that Flex refuses', () => {
  for (const identity of [false, true]) {
    const mine = settings(identity);
    assert.equal(mine.CODESTREAM_HUB.name, 'hub');
    assert.equal(mine.CODESTREAM_SECRET.name, 'secret');
    assert.deepEqual(pathOf(mine.AzureWebJobsStorage__accountName), ['hostAccount']);
    assert.equal(plain(mine.AzureWebJobsStorage__credential), 'managedidentity');
    assert.ok(mine.APPLICATIONINSIGHTS_CONNECTION_STRING);
    for (const name of Object.keys(mine)) {
      assert.doesNotMatch(name, /^FUNCTIONS_|^WEBSITE_|^AzureWebJobsStorage$/);
    }
  }
});

test('the plan is Flex Consumption, the runtime our own program', () => {
  const { app, plan, packageContainer } = main.resource;
  const runtime = at(app, 'properties.functionAppConfig.runtime');
  assert.deepEqual(Object.values(runtime.entries).map(plain), ['custom', '1.0']);
  assert.equal(plain(at(plan, 'sku.name')), 'FC1');
  assert.equal(at(plan, 'properties.reserved').value, true);
  const storage = at(app, 'properties.functionAppConfig.deployment.storage').entries;
  assert.equal(storage.value.parts.at(-2).name, packageContainer.value.entries.name.name);
  assert.deepEqual(app.value.entries.dependsOn.items.map(({ name }) => name), ['plan', 'packageContainer']);
  assert.equal(plain(at(app, 'identity.type')), 'SystemAssigned');
});

test('Application Insights has the name of the function app, by which one asks for the log', () => {
  const { app, insights } = main.resource;
  assert.equal(insights.value.entries.name.name, app.value.entries.name.name);
});

test('logs are kept as long as the docs say', async () => {
  const days = at(main.resource.logs, 'properties').entries.retentionInDays?.value ?? 90;
  // Less of the workspace is no less of the tables App*.
  assert.ok(days >= 90);
  assert.ok((await read('docs/deploying.md')).includes(`| logs, kept ${days} days |`));
});

test('no storage account has keys, a public container, copies, or tenants to copy to', () => {
  for (const [account, blobs] of [['storage', 'blobs'], ['hostStorage', 'hostBlobs']]) {
    const { entries } = at(main.resource[account], 'properties');
    assert.equal(entries.allowSharedKeyAccess.value, false);
    assert.equal(entries.allowBlobPublicAccess.value, false);
    assert.equal(entries.allowCrossTenantReplication.value, false);
    assert.equal(plain(entries.minimumTlsVersion), 'TLS1_2');
    const kept = at(main.resource[blobs], 'properties');
    assert.equal(kept.entries.isVersioningEnabled.value, false);
    for (const policy of ['deleteRetentionPolicy', 'containerDeleteRetentionPolicy']) {
      assert.equal(kept.entries[policy].entries.enabled.value, false);
    }
  }
});

test('page and packages are in different accounts, which the program calls as the template does', () => {
  const { storage, hostStorage, website, packageContainer, blobs, hostBlobs } = main.resource;
  const parent = (resource) => resource.value.entries.parent.name;
  assert.deepEqual([parent(website), parent(blobs)], ['blobs', 'storage']);
  assert.deepEqual([parent(packageContainer), parent(hostBlobs)], ['hostBlobs', 'hostStorage']);
  assert.equal(storage.value.entries.name.name, 'account');
  assert.equal(hostStorage.value.entries.name.name, 'hostAccount');
  assert.equal(plain(main.var.packages.value.yes), PACKAGES);
  // replace(unique, '-', '') and replace(take(unique, length(unique) - 1), '-', '0')
  const replaced = ({ args: [, old, by] }) => [plain(old), plain(by)];
  assert.deepEqual(replaced(main.var.account.value), ['-', '']);
  assert.deepEqual(replaced(main.var.hostAccount.value), ['-', '0']);
  const shorter = main.var.hostAccount.value.args[0];
  assert.deepEqual([shorter.of.name, shorter.args[1].is, shorter.args[1].of[1].value], ['take', 'difference', 1]);
  const longest = `elevenchars-${'a'.repeat(13)}`;
  assert.equal(ACCOUNTS.storage(longest), `elevenchars${'a'.repeat(13)}`);
  assert.equal(ACCOUNTS.host(longest), `elevenchars0${'a'.repeat(12)}`);
});

test('nobody publishes with a password, and nothing speaks less than TLS 1.2', () => {
  for (const way of ['scm', 'ftp']) {
    const { value, type } = main.resource[`${way}Password`];
    assert.match(type, /basicPublishingCredentialsPolicies/);
    assert.equal(plain(value.entries.name), way);
    assert.equal(at({ value }, 'properties.allow').value, false);
  }
  assert.equal(plain(at(main.resource.app, 'properties.siteConfig.minTlsVersion')), '1.2');
});

cloudTest('the website, further origins and those of before may call the function app', async (world) => {
  await world.run('deploy', [...FIRST, '--origin', 'https://further.example']);
  assert.deepEqual(world.origins, ['https://further.example', 'https://codestreamabcdefghijklm.web.example']);
  const origins = at(main.resource.app, 'properties.siteConfig.cors.allowedOrigins');
  assert.equal(origins.of.name, 'union');
  assert.deepEqual(pathOf(origins.args[0].of[0]), ['kept', 'origins']);
  assert.equal(origins.args[1].name, 'origins');
});

test('whoever deploys may upload the page, by the role of that name and no other', () => {
  const { deployerUploadsPage: given } = uploader.resource;
  assert.equal(plain(uploader.var.role.value.args[1]), ROLE_IDS.storageBlobDataContributor);
  assert.equal(at(given, 'scope').name, 'storage');
  const { roleDefinitionId, principalId, description } = at(given, 'properties').entries;
  assert.equal(plain(description), DESCRIPTION, 'by which it is taken away');
  assert.deepEqual([roleDefinitionId.name, principalId.name], ['role', 'principal']);
  for (const { module } of [main, hub]) {
    const { condition, value } = module.uploader;
    assert.equal(condition.name, 'uploads');
    assert.equal(at({ value }, 'params.principal').of.of.name, 'deployer');
  }
});

test('the roles that deploy.mjs gives have their published ids', () => {
  for (const [name, id] of Object.entries(ROLES)) assert.equal(id, ROLE_IDS[name], name);
});

test('the hub sends every event to the function, with its key', async () => {
  const { prefix, route } = await functionRoute();
  const { entries } = at(events.resource.events, 'properties');
  for (const name of ['anonymousConnectPolicy', 'webSocketKeepAliveIntervalInSeconds', 'eventListeners']) {
    assert.deepEqual(pathOf(entries[name]), ['kept', name]);
  }
  assert.equal(keptOfHub(undefined, 'app.example').anonymousConnectPolicy, 'deny');
  const [first, ours, others] = entries.eventHandlers.args;
  assert.deepEqual(pathOf(first), ['kept', 'firstHandlers']);
  assert.deepEqual(pathOf(others), ['kept', 'eventHandlers']);
  assert.equal(ours.items.length, 1);
  const [kept, { entries: handler }] = ours.items[0].args;
  assert.deepEqual(pathOf(kept), ['kept', 'ours']);
  assert.equal(plain(handler.userEventPattern), '*');
  assert.deepEqual(handler.systemEvents.items.map(plain), ['connect', 'connected', 'disconnected']);
  assert.equal(handler.urlTemplate.name, 'url');
  const [scheme, host, path, key, end] = at(hub.module.events, 'params.url').parts;
  assert.deepEqual([scheme, end], ['https://', '']);
  const [, pattern] = /^\{\*path:regex\((.*)\)\}$/.exec(route);
  assert.match(path, /^\/[a-z/]+\?code=$/);
  assert.ok(path.startsWith(`/${prefix}`));
  assert.match(path.slice(`/${prefix}`.length, -'?code='.length), new RegExp(pattern, 'i'));
  assert.deepEqual(pathOf(host), ['app', 'properties', 'defaultHostName']);
  assert.equal(key.name, 'key');
  assert.equal(plain(hub.var.handler.value.args[2]), 'eventhandler');
});

async function functionRoute() {
  const { extensions } = JSON.parse(await read('host.json'));
  const { bindings } = JSON.parse(await read('eventhandler/function.json'));
  const prefix = extensions.http.routePrefix;
  return { prefix: prefix && `${prefix}/`, route: bindings[0].route };
}

test('names fit what Azure allows', () => {
  const limits = Object.fromEntries(main.param.name.decorators
    .filter(({ of }) => /Length$/.test(of?.name)).map(({ of, args }) => [of.name, args[0].value]));
  // 13 characters of uniqueString, a hyphen for all but the storage account, which has 24 at most.
  assert.ok(limits.minLength >= 3);
  assert.ok(limits.maxLength + 13 <= 24);
  const fixed = main.param.unique.value.parts.filter((part) => typeof part === 'string');
  assert.deepEqual(fixed, ['', '-', '']);
});
