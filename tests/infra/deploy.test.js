// infra/deploy.mjs, run whole against an Azure that remembers every command (tests/lib/azure): what
// is made, what a second run changes, and what stays.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { SUBSCRIPTION } from '../lib/azure/cloud.js';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { test } from '../lib/test.js';

const execute = promisify(execFile);
const SECRET = 'a secret of "our own", with \\ in it, long enough';
const WORD = 'CODESTREAM_WRITERS';
const JS = ['text/javascript; charset=utf-8', 'gzip', 'public, max-age=31536000, immutable'];
const HTML = ['text/html; charset=utf-8', '', 'no-cache'];

// ---- the first deployment ----

cloudTest('a first deployment makes everything, and says where it is', async (world) => {
  const { code, out, err, left } = await world.run('deploy', FIRST);
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.deepEqual(left, [], 'no temporary file is left');
  assert.ok(out.includes('\nCodestream is at https://codestreamabcdefghijklm.web.example/\n'), out);
  assert.ok(out.endsWith('node infra/doctor.mjs https://codestream-abcdefghijklm.example'
    + ' --page https://codestreamabcdefghijklm.web.example\n'), out);
  assert.deepEqual(world.state.groups, {
    codestream: { location: 'westeurope', tags: { application: 'codestream' } } });
  const { service, app, storage } = world.ids;
  assert.deepEqual(world.cloud.get(service).sku, { name: 'Free_F1', capacity: 1 });
  assert.equal(world.cloud.get(app).location, 'westeurope');
  assert.deepEqual(world.origins, ['https://codestreamabcdefghijklm.web.example']);
  assert.equal(Object.values(world.state.packages)[0].content, 'the package');
  assert.deepEqual(world.state.websites, { codestreamabcdefghijklm: { enabled: true, indexDocument: 'index.html' } });
  const blobs = world.state.blobs[world.cloud.get(storage).name];
  assert.deepEqual(Object.keys(blobs).sort(), ['assets/page-AB.css', 'assets/page-AB.js', 'index.html']);
  assert.deepEqual(blobs['assets/page-AB.js'].slice(0, 3), JS);
  assert.deepEqual(blobs['index.html'].slice(0, 3), HTML);
  assert.equal(Buffer.from(blobs['index.html'][3], 'base64').toString(), '<meta content="connect-src'
    + ' https://codestream-abcdefghijklm.example https://codestream-abcdefghijklm.webpubsub.example'
    + ' wss://codestream-abcdefghijklm.webpubsub.example">'
    + '<meta content="https://codestream-abcdefghijklm.example">');
  assert.equal(world.hub('codestream').eventHandlers.length, 1);
  assert.equal(world.settings.CODESTREAM_UNITS, '1');
});

cloudTest('the app has each right that it needs, once, and no other', async (world) => {
  await world.run('deploy', FIRST);
  await world.run('deploy');
  const { app, storage, insights } = world.ids;
  const principal = world.cloud.get(app).identity.principalId;
  const given = Object.values(world.state.resources)
    .filter(({ properties }) => properties?.principalId === principal)
    .map(({ id, properties }) => `${id.split('/providers/Microsoft.Auth')[0]} ${properties.roleDefinitionId}`);
  assert.deepEqual(given.sort(), [
    `${insights} /roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb`,
    `${storage} /roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3`,
    `${storage} /roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b`,
  ].sort());
});

cloudTest('the hub is made after the handler has answered, and the page goes last', async (world) => {
  const { calls } = await world.run('deploy', FIRST);
  const at = (start) => calls.findIndex((line) => line.startsWith(start));
  const order = ['group create', 'deployment group create --resource-group codestream --name codestream --',
    'role assignment', 'functionapp deployment', 'rest --method get --url https://codestream-abcdefghijklm.example/neg',
    'deployment group create --resource-group codestream --name codestream-hub', 'storage blob upload-batch'].map(at);
  assert.ok(order.every((index) => index >= 0), `${order}`);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
});

cloudTest('every command names the subscription, and none waits for what is long', async (world) => {
  const { calls } = await world.run('deploy', [...FIRST, '--subscription', 'Mine']);
  assert.ok(calls[1].startsWith('account show --subscription Mine '));
  for (const line of calls.slice(2)) assert.ok(line.includes(` --subscription ${SUBSCRIPTION} `), line);
  for (const line of calls.filter((one) => one.startsWith('deployment group create'))) {
    assert.ok(line.includes(' --no-wait '), line);
  }
});

cloudTest('all that the run will ask tokens for is asked for at its start', async (world) => {
  const { calls } = await world.run('deploy', FIRST);
  const tokens = calls.filter((line) => line.startsWith('account get-access-token'));
  const resources = tokens.map((line) => /--resource (\S+)/.exec(line)?.[1]);
  assert.deepEqual(resources, [undefined, 'https://appservice.azure.com', 'https://storage.azure.com']);
  for (const line of tokens) assert.ok(line.includes('--query expiresOn'), 'the token stays with az');
  assert.ok(calls.indexOf(tokens[2]) < calls.findIndex((line) => line.startsWith('group ')));
});

cloudTest('names, tier, origins and settings are those of the options', async (world) => {
  const { code } = await world.run('deploy', [...FIRST, '--resource-group', 'my_group', '--name', 'live', '--sku',
    'Standard_S1', '--units', '3', '--origin', 'https://live.example', '--setting', 'A=b=c d', '--setting', 'FROM_ENV'],
  { env: { FROM_ENV: 'of the environment' } });
  assert.equal(code, 0);
  const ids = world.cloud.ids('my_group', 'live');
  assert.deepEqual(world.cloud.get(ids.service).sku, { name: 'Standard_S1', capacity: 3 });
  const { properties } = world.cloud.get(`${ids.app}/config/appsettings`);
  assert.equal(properties.A, 'b=c d');
  assert.equal(properties.FROM_ENV, 'of the environment');
  assert.equal(properties.CODESTREAM_UNITS, '3');
  assert.deepEqual(world.cloud.get(`${ids.app}/config/web`).properties.cors.allowedOrigins,
    ['https://live.example', 'https://liveabcdefghijklm.web.example']);
});

cloudTest('the resources are made where --location says, wherever the group is', async (world) => {
  world.state.groups.codestream = { location: 'eastus2', tags: {} };
  const { code } = await world.run('deploy', ['--location', 'West Europe']);
  assert.equal(code, 0);
  assert.equal(world.cloud.get(world.ids.app).location, 'westeurope');
});

cloudTest('a group that is there says where, if no option does', async (world) => {
  world.state.groups.codestream = { location: 'eastus2', tags: {} };
  const { code, calls } = await world.run('deploy');
  assert.equal(code, 0);
  assert.equal(world.cloud.get(world.ids.app).location, 'eastus2');
  assert.ok(!calls.some((line) => line.startsWith('group create')), 'it would take its tags away');
});

// ---- a second run ----

const HARDENED = (world) => {
  const { service, app, storage, logs } = world.ids;
  Object.assign(world.cloud.get(service).properties, { publicNetworkAccess: 'Disabled', resourceStopped: 'true',
    disableAadAuth: true, networkACLs: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] } });
  world.cloud.get(service).identity = { type: 'SystemAssigned' };
  Object.assign(world.cloud.get(app).properties.functionAppConfig, { instanceMemoryMB: 4096, alwaysReady: [{ name: 'http' }] });
  world.cloud.get(app).properties.publicNetworkAccess = 'Disabled';
  world.cloud.get(storage).properties.networkAcls = { defaultAction: 'Deny' };
  world.cloud.get(logs).properties.retentionInDays = 365;
  world.cloud.put(`${storage}/blobServices/default`, { properties: { cors: { corsRules: [{ maxAgeInSeconds: 1 }] } } });
  world.cloud.put(`${service}/hubs/another`, { properties: { eventHandlers: [{ urlTemplate: 'https://other.example/?code=1' }] } });
  const ours = world.cloud.get(`${service}/hubs/codestream`).properties;
  Object.assign(ours, { anonymousConnectPolicy: 'allow', webSocketKeepAliveIntervalInSeconds: 40 });
  ours.eventHandlers.push({ urlTemplate: 'https://second.example/?code=2', userEventPattern: 'x' });
  Object.assign(world.settings, { BY_HAND: 'a "b" \\ %s $HOME ünicode', CODESTREAM_HUB: 'codestream',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=of-another-one' });
  world.cors.supportCredentials = true;
  world.origins.push('https://by-hand.example');
  world.state.websites[world.cloud.get(storage).name] = { enabled: true, indexDocument: 'index.html', errorDocument404Path: '404.html' };
};

cloudTest('a second run leaves what was hardened or set by hand as it is, all of it', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1', '--units', '3']);
  HARDENED(world);
  const before = world.snapshot();
  const { code, err } = await world.run('deploy');
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('what an option says changes, and nothing else', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1', '--units', '3']);
  HARDENED(world);
  const wanted = world.snapshot();
  wanted.resources[world.ids.service.toLowerCase()].sku = { name: 'Premium_P1', capacity: 5 };
  Object.assign(wanted.resources[`${world.ids.app}/config/appsettings`.toLowerCase()].properties,
    { CODESTREAM_TOKEN_MINUTES: '45', CODESTREAM_UNITS: '5' });
  delete wanted.resources[`${world.ids.app}/config/appsettings`.toLowerCase()].properties.BY_HAND;
  const { cors } = wanted.resources[`${world.ids.app}/config/web`.toLowerCase()].properties;
  cors.allowedOrigins = [cors.allowedOrigins[0], 'https://two.example'];
  const { code } = await world.run('deploy', ['--sku', 'Premium_P1', '--units', '5', '--origin', 'https://two.example',
    '--remove-origin', 'https://by-hand.example', '--setting', 'CODESTREAM_TOKEN_MINUTES=45',
    '--remove-setting', 'BY_HAND']);
  assert.equal(code, 0);
  assert.deepEqual(world.snapshot(), wanted);
});

cloudTest('units that were changed in the portal reach the handler at the next run', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
  world.cloud.get(world.ids.service).sku.capacity = 7;
  await world.run('deploy');
  assert.equal(world.settings.CODESTREAM_UNITS, '7');
  assert.equal(world.cloud.get(world.ids.service).sku.capacity, 7);
});

cloudTest('a renewed access key reaches the handler; while the second one is in use, it stays', async (world) => {
  await world.run('deploy', FIRST);
  const service = world.cloud.get(world.ids.service);
  const second = 'Endpoint=https://codestream-abcdefghijklm.webpubsub.example;AccessKey=second-key-of-the-service;Version=1.0;';
  world.settings.WebPubSubForSocketIOConnectionString = second;
  service.keys[0] = 'a-new-first-key';
  await world.run('deploy');
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString, second);
  service.keys[1] = 'a-new-second-key';
  await world.run('deploy');
  assert.match(world.settings.WebPubSubForSocketIOConnectionString, /AccessKey=a-new-first-key;/);
});

cloudTest('files that are no longer part of the page go; what the website shows by hand stays', async (world) => {
  await world.run('deploy', FIRST);
  const blobs = world.state.blobs.codestreamabcdefghijklm;
  for (const name of ['assets/page-OLD.js', 'with space.txt', 'old/index.html']) blobs[name] = JS;
  await world.run('deploy');
  assert.deepEqual(Object.keys(blobs).sort(), ['assets/page-AB.css', 'assets/page-AB.js', 'index.html']);
});

cloudTest('a website that was switched off is switched on, and keeps its page for 404', async (world) => {
  await world.run('deploy', FIRST);
  world.state.websites.codestreamabcdefghijklm = { enabled: false, errorDocument404Path: '404.html' };
  await world.run('deploy');
  assert.deepEqual(world.state.websites.codestreamabcdefghijklm,
    { enabled: true, indexDocument: 'index.html', errorDocument404Path: '404.html' });
});

// ---- access key and managed identity ----

cloudTest('to --identity: right and settings first, then proof, then the keys off', async (world) => {
  await world.run('deploy', FIRST);
  const { code, calls } = await world.run('deploy', ['--identity']);
  assert.equal(code, 0);
  const at = (sign) => calls.findIndex((line) => line.includes(sign));
  const order = ['--role 12cf5a90', 'rest --method put', 'config-zip', '/negotiate', '"disableLocalAuth":true'].map(at);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
  assert.equal(calls.filter((line) => line.includes('/negotiate')).length, 3, 'not an instance of before');
  assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, true);
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString, undefined);
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString__endpoint,
    'https://codestream-abcdefghijklm.webpubsub.example');
});

cloudTest('while a token is still signed with the access key, the keys stay on', async (world) => {
  await world.run('deploy', FIRST);
  const jwt = (header) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.c2ln`;
  world.cloud.negotiate = () => ({ token: jwt({ alg: 'HS256' }) });
  const { code, err } = await world.run('deploy', ['--identity']);
  assert.equal(code, 1);
  assert.match(err, /a token that was signed with the access key[^]*--access-key goes back/);
  assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, false);
  world.cloud.negotiate = () => ({ token: jwt({ alg: 'HS256', kid: 's-1' }) });
  assert.equal((await world.run('deploy', ['--identity'])).code, 0);
  assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, true);
});

cloudTest('--access-key: keys on before the handler needs one; then no option keeps it so', async (world) => {
  await world.run('deploy', [...FIRST, '--identity']);
  assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, true);
  const { calls } = await world.run('deploy', ['--access-key']);
  const at = (sign) => calls.findIndex((line) => line.includes(sign));
  assert.ok(at('"disableLocalAuth":false') < at('rest --method put'));
  assert.match(world.settings.WebPubSubForSocketIOConnectionString, /^Endpoint=https:.*AccessKey=/);
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString__endpoint, undefined);
  const before = world.snapshot();
  await world.run('deploy');
  assert.deepEqual(world.snapshot(), before);
});

// ---- secrets and the writers' word ----

cloudTest('the secret is long, new each time, kept by later runs, and only in a private file', async (world) => {
  const runs = [await world.run('deploy', FIRST), await world.run('deploy', [...FIRST, '--resource-group', 'two'])];
  const first = world.settings.CODESTREAM_SECRET;
  const second = world.cloud.get(`${world.cloud.ids('two', 'codestream').app}/config/appsettings`).properties.CODESTREAM_SECRET;
  assert.match(first, /^[0-9a-f]{64}$/);
  assert.notEqual(first, second);
  assert.equal(world.cloud.given.mode, '600');
  runs.push(await world.run('deploy'));
  assert.equal(world.settings.CODESTREAM_SECRET, first);
  const text = JSON.stringify(runs);
  for (const secret of [first, second, 'first-key-of-the-service']) assert.ok(!text.includes(secret));
});

cloudTest('CODESTREAM_SECRET is taken as it is, whatever characters are in it', async (world) => {
  await world.run('deploy', FIRST);
  const run = await world.run('deploy', [], { env: { CODESTREAM_SECRET: SECRET } });
  assert.equal(world.settings.CODESTREAM_SECRET, SECRET);
  assert.ok(!JSON.stringify(run).includes('of our own'));
});

cloudTest('--new-secret makes another one', async (world) => {
  await world.run('deploy', FIRST);
  const before = world.settings.CODESTREAM_SECRET;
  await world.run('deploy', ['--new-secret']);
  assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
  assert.notEqual(world.settings.CODESTREAM_SECRET, before);
});

cloudTest('--setting is in no command, and in no error of az', async (world) => {
  await world.run('deploy', FIRST);
  const options = ['--setting', 'API_TOKEN'];
  world.faults = [{ match: /^rest --method put/,
    answer: { code: 1, stderr: 'ERROR: Bad Request({"error": {"message": "API_TOKEN my-s3cret is wrong"}})' } }];
  const { code, calls, out, err } = await world.run('deploy', options, { env: { API_TOKEN: 'my-s3cret' } });
  assert.equal(code, 1);
  assert.match(err, /API_TOKEN … is wrong/);
  assert.ok(!JSON.stringify([calls, out, err]).includes('my-s3cret'));
});

cloudTest('--writers makes a word, sets it, and shows it once on a terminal', async (world) => {
  const { out } = await world.run('deploy', [...FIRST, '--writers'], { typed: '' });
  const word = world.settings[WORD];
  assert.match(word, /^[\w-]{20}$/);
  assert.equal(out.split(word).length, 2, 'once');
  const again = await world.run('deploy', [], { typed: '' });
  assert.equal(world.settings[WORD], word);
  assert.ok(!again.out.includes(word) && !again.out.includes('[Y/n]'));
  assert.match(again.out, /started by whoever knows the word/);
});

cloudTest('without a terminal --writers shows no word, but the command that reads it', async (world) => {
  const { out, err } = await world.run('deploy', [...FIRST, '--writers']);
  assert.ok(!(out + err).includes(world.settings[WORD]));
  assert.match(out, /appsettings list --resource-group codestream --name codestream-abcdefghijklm[^]*CODESTREAM_WRITERS/);
});

for (const [typed, isMade] of [['\n', true], ['y\n', true], ['n\n', false], ['No\n', false]]) {
  cloudTest(`a person who deploys for the first time is asked for a word: ${JSON.stringify(typed)}`, async (world) => {
    const { out } = await world.run('deploy', FIRST, { typed });
    assert.match(out, /Who may start a stream\?[^]*Make a word for writers\? \[Y\/n\]/);
    assert.equal(WORD in world.settings, isMade);
    assert.match(out, isMade ? /shown this once/ : /started by anybody who can open the page/);
  });
}

cloudTest('nobody is asked for a word without a terminal, nor if --setting gives it', async (world) => {
  assert.doesNotMatch((await world.run('deploy', FIRST)).out, /\[Y\/n\]/);
  assert.equal(world.settings[WORD], undefined);
  const other = ['--resource-group', 'two', ...FIRST, '--setting', WORD];
  const { out } = await world.run('deploy', other, { typed: '', env: { [WORD]: 'sixteen characters' } });
  assert.doesNotMatch(out, /\[Y\/n\]/);
});

// ---- dry run ----

/** The words of a line, as the shell that it is meant for reads it. */
async function words(line) {
  const { stdout } = await execute('/bin/sh', ['-c', `printf '%s\\0' ${line}`]);
  return stdout.split('\0').slice(0, -1).join(' ');
}

cloudTest('--dry-run prints every kind of command that a deployment runs, and runs none', async (world) => {
  const dry = await world.run('deploy', ['--dry-run', ...FIRST, '--identity', '--setting', 'TOKEN'],
    { env: { CODESTREAM_SECRET: SECRET, TOKEN: 'my-s3cret' } });
  assert.equal(dry.err, '');
  assert.equal(dry.code, 0);
  assert.deepEqual([dry.calls, dry.left], [[], []]);
  assert.doesNotMatch(dry.out, /of our own|my-s3cret/);
  const lines = dry.out.split('\n').filter((line) => line && !line.startsWith('#'));
  const printed = new Set((await Promise.all(lines.map(words))).map(kind));
  await world.run('deploy', FIRST);
  const { calls } = await world.run('deploy', ['--identity']);
  for (const line of calls) assert.ok(printed.has(kind(`az ${line}`)), line);
});

/** A command without its values. */
function kind(line) {
  const [start] = line.split(' -');
  return [start, ...line.match(/(?<= )--(method \w+|[\w-]+)/g)].join(' ').replace(' --404-document', '');
}

cloudTest('--dry-run works before anything is built', async (world) => {
  world.places.page = '/nowhere';
  const { code, out, err } = await world.run('deploy', ['--dry-run']);
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.match(out, /\naz group create --name codestream --location '<location>'/);
  assert.match(out, /the page is not built yet/);
});

test('the three programs start by themselves', async () => {
  for (const program of ['deploy', 'destroy', 'upload']) {
    const file = new URL(`../../infra/${program}.mjs`, import.meta.url).pathname;
    const { stdout } = await execute(file, ['--help']);
    assert.match(stdout, new RegExp(`^usage: infra/${program}\\.mjs `));
  }
});
