// infra/deploy.mjs where it has been before: what is there stays as it is, what an option says
// changes, and nothing else does.

import assert from 'node:assert/strict';

import { cloudTest, FIRST } from '../lib/azure/test.js';

const OLD = ['text/javascript; charset=utf-8', 'gzip', 'no-cache', ''];

const HARDENED = (world) => {
  const { service, app, storage, logs } = world.ids;
  Object.assign(world.cloud.get(service).properties, {
    publicNetworkAccess: 'Disabled',
    resourceStopped: 'true',
    disableAadAuth: true,
    networkACLs: { defaultAction: 'Deny', ipRules: [{ value: '10.0.0.0/8' }] },
  });
  world.cloud.get(service).identity = { type: 'SystemAssigned' };
  Object.assign(world.cloud.get(app).properties.functionAppConfig, {
    scaleAndConcurrency: { instanceMemoryMB: 4096, alwaysReady: [{ name: 'http' }] },
  });
  world.cloud.get(app).properties.publicNetworkAccess = 'Disabled';
  world.cloud.get(storage).properties.networkAcls = { defaultAction: 'Deny' };
  world.cloud.get(logs).properties.retentionInDays = 365;
  world.cloud.put(`${storage}/blobServices/default`, {
    properties: { cors: { corsRules: [{ maxAgeInSeconds: 1 }] } },
  });
  world.cloud.put(`${service}/hubs/another`, {
    properties: { eventHandlers: [{ urlTemplate: 'https://other.example/?code=1' }] },
  });
  const ours = world.cloud.get(`${service}/hubs/codestream`).properties;
  Object.assign(ours, { anonymousConnectPolicy: 'allow', webSocketKeepAliveIntervalInSeconds: 40 });
  ours.eventHandlers.push({ urlTemplate: 'https://second.example/?code=2', userEventPattern: 'x' });
  Object.assign(world.settings, {
    BY_HAND: 'a "b" \\ %s $HOME ünicode',
    CODESTREAM_HUB: 'codestream',
    APPLICATIONINSIGHTS_CONNECTION_STRING: 'InstrumentationKey=of-another-one',
  });
  world.cors.supportCredentials = true;
  world.origins.push('https://by-hand.example');
  world.state.websites[world.cloud.get(storage).name] = {
    enabled: true,
    indexDocument: 'index.html',
    errorDocument404Path: '404.html',
  };
};

cloudTest(
  'a second run leaves what was hardened or set by hand as it is, all of it',
  async (world) => {
    await world.run('deploy', [...FIRST, '--sku', 'Standard_S1', '--units', '3']);
    HARDENED(world);
    const before = world.snapshot();
    const { code, err } = await world.run('deploy');
    assert.equal(err, '');
    assert.equal(code, 0);
    assert.deepEqual(world.snapshot(), before);
  },
);

cloudTest('what an option says changes, and nothing else', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1', '--units', '3']);
  HARDENED(world);
  const wanted = world.snapshot();
  wanted.resources[world.ids.service.toLowerCase()].sku = { name: 'Premium_P1', capacity: 5 };
  Object.assign(wanted.resources[`${world.ids.app}/config/appsettings`.toLowerCase()].properties, {
    CODESTREAM_TOKEN_MINUTES: '45',
    CODESTREAM_UNITS: '5',
  });
  delete wanted.resources[`${world.ids.app}/config/appsettings`.toLowerCase()].properties.BY_HAND;
  const { cors } = wanted.resources[`${world.ids.app}/config/web`.toLowerCase()].properties;
  cors.allowedOrigins = [cors.allowedOrigins[0], 'https://two.example'];
  const { code } = await world.run('deploy', [
    '--sku',
    'Premium_P1',
    '--units',
    '5',
    '--origin',
    'https://two.example',
    '--remove-origin',
    'https://by-hand.example',
    '--setting',
    'CODESTREAM_TOKEN_MINUTES=45',
    '--remove-setting',
    'BY_HAND',
  ]);
  assert.equal(code, 0);
  assert.deepEqual(world.snapshot(), wanted);
});

cloudTest(
  'units that were changed in the portal reach the handler at the next run',
  async (world) => {
    await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
    world.cloud.get(world.ids.service).sku.capacity = 7;
    await world.run('deploy');
    assert.equal(world.settings.CODESTREAM_UNITS, '7');
    assert.equal(world.cloud.get(world.ids.service).sku.capacity, 7);
  },
);

cloudTest(
  'a renewed access key reaches the handler; while the second one is in use, it stays',
  async (world) => {
    await world.run('deploy', FIRST);
    const service = world.cloud.get(world.ids.service);
    const second =
      'Endpoint=https://codestream-abcdefghijklm.webpubsub.example;AccessKey=second-key-of-the-service;Version=1.0;';
    world.settings.WebPubSubForSocketIOConnectionString = second;
    service.keys[0] = 'a-new-first-key';
    await world.run('deploy');
    assert.equal(world.settings.WebPubSubForSocketIOConnectionString, second);
    service.keys[1] = 'a-new-second-key';
    await world.run('deploy');
    assert.match(world.settings.WebPubSubForSocketIOConnectionString, /AccessKey=a-new-first-key;/);
  },
);

cloudTest(
  'files that are no longer part of the page go, a day after the run that saw it',
  async (world) => {
    await world.run('deploy', FIRST);
    const blobs = world.state.blobs.codestreamabcdefghijklm;
    for (const name of ['assets/page-OLD.js', 'with space.txt', 'old/index.html'])
      blobs[name] = OLD;
    await world.run('deploy');
    assert.deepEqual(blobs['assets/page-OLD.js'], OLD);
    world.clock.ms += 24 * 3_600_000;
    await world.run('deploy');
    assert.deepEqual(Object.keys(blobs).sort(), [
      'assets/page-AB.css',
      'assets/page-AB.js',
      'former.json',
      'index.html',
    ]);
  },
);

// ---- access key and managed identity ----

cloudTest(
  'to --identity: right and settings first, then proof, then the keys off',
  async (world) => {
    await world.run('deploy', FIRST);
    const { code, calls } = await world.run('deploy', ['--identity']);
    assert.equal(code, 0);
    const at = (sign) => calls.findIndex((line) => line.includes(sign));
    const order = [
      '--role 12cf5a90',
      'rest --method put',
      'config-zip',
      '/negotiate',
      '"disableLocalAuth":true',
    ].map(at);
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
    assert.equal(
      calls.filter((line) => line.includes('/negotiate')).length,
      3,
      'not an instance of before',
    );
    assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, true);
    assert.equal(world.settings.WebPubSubForSocketIOConnectionString, undefined);
    assert.equal(
      world.settings.WebPubSubForSocketIOConnectionString__endpoint,
      'https://codestream-abcdefghijklm.webpubsub.example',
    );
  },
);

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

cloudTest(
  '--access-key: keys on before the handler needs one; then no option keeps it so',
  async (world) => {
    await world.run('deploy', [...FIRST, '--identity']);
    assert.equal(world.cloud.get(world.ids.service).properties.disableLocalAuth, true);
    const { calls } = await world.run('deploy', ['--access-key']);
    const at = (sign) => calls.findIndex((line) => line.includes(sign));
    assert.ok(at('"disableLocalAuth":false') < at('rest --method put'));
    assert.match(
      world.settings.WebPubSubForSocketIOConnectionString,
      /^Endpoint=https:.*AccessKey=/,
    );
    assert.equal(world.settings.WebPubSubForSocketIOConnectionString__endpoint, undefined);
    const before = world.snapshot();
    await world.run('deploy');
    assert.deepEqual(world.snapshot(), before);
  },
);

// ---- memory ----

cloudTest(
  'a new app has 2048 MB, or what --memory says; one that is there keeps its own',
  async (world) => {
    const memory = () =>
      world.cloud.get(world.ids.app).properties.functionAppConfig.scaleAndConcurrency;
    await world.run('deploy', [...FIRST, '--memory', '512']);
    assert.deepEqual(memory(), { instanceMemoryMB: 512, maximumInstanceCount: 40 });
    memory().maximumInstanceCount = 100;
    await world.run('deploy');
    assert.deepEqual(memory(), { instanceMemoryMB: 512, maximumInstanceCount: 100 });
    await world.run('deploy', ['--memory', '4096']);
    assert.deepEqual(memory(), { instanceMemoryMB: 4096, maximumInstanceCount: 100 });
    assert.deepEqual(world.cloud.get(world.ids.app).properties.functionAppConfig.runtime, {
      name: 'custom',
    });
  },
);

cloudTest('a region that has no 512 MB stops it, and is told', async (world) => {
  await world.run('deploy', FIRST);
  world.faults = [
    { match: /--method patch .*sites/, answer: { code: 1, stderr: 'ERROR: Bad Request({})\n' } },
  ];
  const { code, err } = await world.run('deploy', ['--memory', '512']);
  assert.equal(code, 1);
  assert.match(err, /does not give the function app 512 MB[^]*Not every region has 512 MB/);
});
