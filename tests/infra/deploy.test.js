// infra/deploy.mjs, run whole against an Azure that remembers every command (tests/lib/azure): what
// a first deployment makes, and what a dry run prints.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { SUBSCRIPTION } from '../lib/azure/cloud.js';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { test } from '../lib/test.js';

const execute = promisify(execFile);
const SECRET = 'a secret of "our own", with \\ in it, long enough';
const JS = ['text/javascript; charset=utf-8', 'gzip', 'public, max-age=31536000, immutable'];
const HTML = ['text/html; charset=utf-8', 'gzip', 'no-cache'];

// ---- the first deployment ----

cloudTest('a first deployment makes everything, and says where it is', async (world) => {
  const { code, out, err, left } = await world.run('deploy', FIRST);
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.deepEqual(left, [], 'no temporary file is left');
  assert.ok(out.includes('\nCodestream is at https://codestreamabcdefghijklm.web.example/\n'), out);
  assert.ok(
    out.endsWith(
      'node infra/doctor.mjs https://codestream-abcdefghijklm.example'
        + ' --page https://codestreamabcdefghijklm.web.example\n',
    ),
    out,
  );
  assert.deepEqual(world.state.groups, {
    codestream: { location: 'westeurope', tags: { application: 'codestream' } },
  });
  const { service, app, storage } = world.ids;
  assert.deepEqual(world.cloud.get(service).sku, { name: 'Free_F1', capacity: 1 });
  assert.equal(world.cloud.get(app).location, 'westeurope');
  assert.deepEqual(world.origins, ['https://codestreamabcdefghijklm.web.example']);
  assert.equal(Object.values(world.state.packages)[0].content, 'the package');
  assert.deepEqual(world.state.websites, {
    codestreamabcdefghijklm: { enabled: true, indexDocument: 'index.html' },
  });
  const blobs = world.state.blobs[world.cloud.get(storage).name];
  assert.deepEqual(Object.keys(blobs).sort(), [
    'assets/page-AB.css',
    'assets/page-AB.js',
    'index.html',
  ]);
  assert.deepEqual(blobs['assets/page-AB.js'].slice(0, 3), JS);
  assert.deepEqual(blobs['index.html'].slice(0, 3), HTML);
  assert.equal(
    world.page,
    '<meta content="connect-src'
      + ' https://codestream-abcdefghijklm.example https://codestream-abcdefghijklm.webpubsub.example'
      + ' wss://codestream-abcdefghijklm.webpubsub.example">'
      + '<meta content="https://codestream-abcdefghijklm.example"><meta content="kept 0">',
  );
  assert.equal(world.hub('codestream').eventHandlers.length, 1);
  assert.equal(world.settings.CODESTREAM_UNITS, '1');
});

cloudTest('the app has each right that it needs, once, and no other', async (world) => {
  await world.run('deploy', FIRST);
  await world.run('deploy');
  const { app, host, insights } = world.ids;
  const principal = world.cloud.get(app).identity.principalId;
  const given = Object.values(world.state.resources)
    .filter(({ properties }) => properties?.principalId === principal)
    .map(
      ({ id, properties }) =>
        `${id.split('/providers/Microsoft.Auth')[0]} ${properties.roleDefinitionId}`,
    );
  assert.deepEqual(
    given.sort(),
    [
      `${insights} /roleDefinitions/3913510d-42f4-4e42-8a64-420c390055eb`,
      `${host} /roleDefinitions/0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3`,
      `${host} /roleDefinitions/b7e6dc6d-f1e8-4753-8033-0f276bb0955b`,
    ].sort(),
  );
});

cloudTest(
  'the hub is made after the handler has answered, and the page goes last',
  async (world) => {
    const { calls } = await world.run('deploy', FIRST);
    const at = (start) => calls.findIndex((line) => line.startsWith(start));
    const order = [
      'group create',
      'deployment group create --resource-group codestream --name codestream --',
      'role assignment',
      'functionapp deployment',
      'rest --method get --url https://codestream-abcdefghijklm.example/neg',
      'deployment group create --resource-group codestream --name codestream-hub',
      'storage blob upload-batch',
    ].map(at);
    assert.ok(
      order.every((index) => index >= 0),
      `${order}`,
    );
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
    );
  },
);

cloudTest(
  'every command names the subscription, and none waits for what is long',
  async (world) => {
    const { calls } = await world.run('deploy', [...FIRST, '--subscription', 'Mine']);
    assert.ok(calls[1].startsWith('account show --subscription Mine '));
    for (const line of calls.slice(2))
      assert.ok(line.includes(` --subscription ${SUBSCRIPTION} `), line);
    for (const line of calls.filter((one) => one.startsWith('deployment group create'))) {
      assert.ok(line.includes(' --no-wait '), line);
    }
  },
);

cloudTest('all that the run will ask tokens for is asked for at its start', async (world) => {
  const { calls } = await world.run('deploy', FIRST);
  const tokens = calls.filter((line) => line.startsWith('account get-access-token'));
  const resources = tokens.map((line) => /--resource (\S+)/.exec(line)?.[1]);
  assert.deepEqual(resources, [
    undefined,
    'https://appservice.azure.com',
    'https://storage.azure.com',
  ]);
  for (const line of tokens)
    assert.ok(line.includes('--query expiresOn'), 'the token stays with az');
  assert.ok(calls.indexOf(tokens[2]) < calls.findIndex((line) => line.startsWith('group ')));
});

cloudTest('names, tier, origins and settings are those of the options', async (world) => {
  const { code } = await world.run(
    'deploy',
    [
      ...FIRST,
      '--resource-group',
      'my_group',
      '--name',
      'live',
      '--sku',
      'Standard_S1',
      '--units',
      '3',
      '--origin',
      'https://live.example',
      '--setting',
      'A=b=c d',
      '--setting',
      'FROM_ENV',
    ],
    { env: { FROM_ENV: 'of the environment' } },
  );
  assert.equal(code, 0);
  const ids = world.cloud.ids('my_group', 'live');
  assert.deepEqual(world.cloud.get(ids.service).sku, { name: 'Standard_S1', capacity: 3 });
  const { properties } = world.cloud.get(`${ids.app}/config/appsettings`);
  assert.equal(properties.A, 'b=c d');
  assert.equal(properties.FROM_ENV, 'of the environment');
  assert.equal(properties.CODESTREAM_UNITS, '3');
  assert.deepEqual(world.cloud.get(`${ids.app}/config/web`).properties.cors.allowedOrigins, [
    'https://live.example',
    'https://liveabcdefghijklm.web.example',
  ]);
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

// ---- dry run ----

/** The words of a line, as the shell that it is meant for reads it. */
async function words(line) {
  const { stdout } = await execute('/bin/sh', ['-c', `printf '%s\\0' ${line}`]);
  return stdout.split('\0').slice(0, -1).join(' ');
}

cloudTest(
  '--dry-run prints every kind of command that a deployment runs, and runs none',
  async (world) => {
    const dry = await world.run(
      'deploy',
      ['--dry-run', ...FIRST, '--identity', '--setting', 'TOKEN'],
      { env: { CODESTREAM_SECRET: SECRET, TOKEN: 'my-s3cret' } },
    );
    assert.equal(dry.err, '');
    assert.equal(dry.code, 0);
    assert.deepEqual([dry.calls, dry.left], [[], []]);
    assert.doesNotMatch(dry.out, /of our own|my-s3cret/);
    assert.match(dry.out, /^node build\/check\.cjs '?https:/m);
    const lines = dry.out.split('\n').filter((line) => line.startsWith('az '));
    const printed = new Set((await Promise.all(lines.map(words))).map(kind));
    await world.run('deploy', FIRST);
    const { calls } = await world.run('deploy', ['--identity']);
    for (const line of calls) assert.ok(printed.has(kind(`az ${line}`)), line);
  },
);

/** A command without its values. */
function kind(line) {
  const [start] = line.split(' -');
  return [start, ...line.match(/(?<= )--(method \w+|[\w-]+)/g)]
    .join(' ')
    .replace(' --404-document', '');
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
