// infra/deploy.mjs with a service that was there before, and destroy.mjs after it: our hub and our
// right come and go, and nothing else of that service changes.

import assert from 'node:assert/strict';

import { cloudTest, endsOf, FIRST, stops } from '../lib/azure/test.js';
import { giveService, OTHER, THEIRS, WITH, WITH_OTHER } from '../lib/azure/theirs.js';
import { World } from '../lib/azure/world.js';
import { test } from '../lib/test.js';

const NAMED = { CODESTREAM_SECRET: 'of our own, so that it is the same each time' };

/** All that is at the service, as text. */
const atService = (world, service = THEIRS) =>
  JSON.stringify(
    Object.entries(world.state.resources)
      .filter(([id]) => id.startsWith(service.toLowerCase()))
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

cloudTest('--service uses a service that was there before, and makes none', async (world) => {
  giveService(world);
  const { code, err, out } = await world.run('deploy', [...FIRST, ...WITH]);
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.ok(!world.cloud.has(world.ids.service));
  assert.match(world.settings.WebPubSubForSocketIOConnectionString, /AccessKey=their-first-key;/);
  assert.equal(world.settings.CODESTREAM_UNITS, '2');
  const hub = world.cloud.get(`${THEIRS}/hubs/codestream`).properties;
  assert.match(
    hub.eventHandlers[0].urlTemplate,
    /^https:\/\/codestream-\w+\.example\/eventhandler/,
  );
  assert.match(out, /service their-service at https:\/\/their-service\.webpubsub\.example/);
});

for (const identity of [[], ['--identity']]) {
  cloudTest(
    `the service itself and its other hubs stay as they are, and go on so: ${identity}`,
    async (world) => {
      giveService(world);
      const before = atService(world);
      assert.equal((await world.run('deploy', [...FIRST, ...WITH])).code, 0);
      assert.equal((await world.run('deploy', identity)).code, 0);
      assert.equal(world.cloud.get(THEIRS).properties.disableLocalAuth, false);
      const settled = world.snapshot();
      assert.equal((await world.run('deploy')).code, 0, 'without the option it is kept');
      assert.deepEqual(world.snapshot(), settled);
      const { code, out } = await world.run('destroy', ['--yes']);
      assert.equal(code, 0);
      assert.match(out, /Our hub and our right at the service their-service, which stays/);
      assert.equal(atService(world), before, 'byte for byte');
      assert.deepEqual(Object.keys(world.state.groups), ['theirs']);
    },
  );
}

cloudTest(
  'event handlers of others in a hub of our name stay, also after destroy.mjs',
  async (world) => {
    giveService(world);
    const theirs = { urlTemplate: 'https://theirs.example/?code=x', userEventPattern: 'x' };
    world.cloud.put(`${THEIRS}/hubs/codestream`, { properties: { eventHandlers: [theirs] } });
    await world.run('deploy', [...FIRST, ...WITH]);
    assert.equal(world.cloud.get(`${THEIRS}/hubs/codestream`).properties.eventHandlers.length, 2);
    await world.run('destroy', ['--yes']);
    assert.deepEqual(world.cloud.get(`${THEIRS}/hubs/codestream`).properties.eventHandlers, [
      theirs,
    ]);
  },
);

cloudTest(
  'a hub that another deployment uses is refused; another name will do, and is kept',
  async (world) => {
    giveService(world);
    await world.run('deploy', [...FIRST, ...WITH]);
    const before = atService(world);
    const second = [...FIRST, ...WITH, '--resource-group', 'second', '--name', 'second'];
    await stops(
      world,
      second,
      /hub codestream of their-service is another deployment's[^]*--hub NAME/,
    );
    assert.equal(atService(world), before);
    assert.equal((await world.run('deploy', [...second, '--hub', 'live_2'])).code, 0);
    assert.equal((await world.run('deploy', second)).code, 0);
    const { app } = world.cloud.ids('second', 'second');
    assert.equal(world.cloud.get(`${app}/config/appsettings`).properties.CODESTREAM_HUB, 'live_2');
    await stops(world, [...second, '--hub', 'third'], /is live_2, and cannot become third/);
    assert.equal((await world.run('deploy', ['--hub', '2'])).code, 2);
  },
);

cloudTest('another service: our hub and our right at the one of before go', async (world) => {
  giveService(world);
  giveService(world, {}, OTHER);
  const before = [THEIRS, OTHER].map((one) => atService(world, one));
  await world.run('deploy', [...FIRST, ...WITH, '--identity']);
  const { code, out } = await world.run('deploy', WITH_OTHER);
  assert.equal(code, 0);
  assert.match(out, /our hub and our right at the service their-service, which is used no longer, go/);
  assert.equal(atService(world), before[0], 'byte for byte');
  assert.match(world.settings.WebPubSubForSocketIOConnectionString__endpoint, /other-service/);
  assert.ok(world.cloud.has(`${OTHER}/hubs/codestream`));
  await world.run('destroy', ['--yes']);
  assert.equal(atService(world, OTHER), before[1]);
});

cloudTest('who may not change the service of before is told what stays there, and goes over all the same', async (world) => {
  giveService(world);
  giveService(world, {}, OTHER);
  await world.run('deploy', [...FIRST, ...WITH]);
  world.faults = [{ match: /^rest --method delete .*\/their-service\/hubs\/codestream/, answer: 'restForbidden' }];
  const { code, out } = await world.run('deploy', WITH_OTHER);
  assert.equal(code, 0);
  assert.match(out, /our hub codestream and the right of codestream-\w+ at the service their-service stay[^]*ask its owner/);
  assert.ok(world.cloud.has(`${OTHER}/hubs/codestream`));
});

const REFERENCE = '@Microsoft.KeyVault(VaultName=ours;SecretName=connection)';
cloudTest('a service whose connection string is in a Key Vault is kept, and left at the end', async (world) => {
  giveService(world);
  const before = atService(world);
  await world.run('deploy', [...FIRST, ...WITH]);
  world.settings.WebPubSubForSocketIOConnectionString = REFERENCE;
  const { code, err, out } = await world.run('deploy');
  assert.equal(code, 0, err);
  assert.match(out, /service their-service at/);
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString, REFERENCE);
  await world.run('destroy', ['--yes']);
  assert.equal(atService(world), before);
});

for (const [what, lose] of [
  ['the function app', ({ app }, world) => world.cloud.remove(app)],
  ['its settings', ({ app }, world) => world.cloud.put(`${app}/config/appsettings`, { properties: {} })],
]) {
  cloudTest(`destroy.mjs takes our hub away also when ${what} has gone before`, async (world) => {
    giveService(world);
    const before = atService(world);
    await world.run('deploy', [...FIRST, ...WITH]);
    lose(world.ids, world);
    assert.equal((await world.run('destroy', ['--yes'])).code, 0);
    assert.equal(atService(world), before);
  });
}

cloudTest('what others have set of a hub of our name stays, also where it had no event handler', async (world) => {
  giveService(world);
  const theirs = {
    anonymousConnectPolicy: 'allow',
    webSocketKeepAliveIntervalInSeconds: 30,
    eventListeners: [{ endpoint: { type: 'EventHub' } }],
    eventHandlers: [],
  };
  world.cloud.put(`${THEIRS}/hubs/codestream`, { properties: theirs });
  const before = JSON.parse(atService(world));
  await world.run('deploy', [...FIRST, ...WITH]);
  await world.run('destroy', ['--yes']);
  assert.deepEqual(JSON.parse(atService(world)), before);
});

cloudTest('a service that has gone is named, and one of its own can take its place', async (world) => {
  giveService(world);
  await world.run('deploy', [...FIRST, ...WITH]);
  world.cloud.remove(THEIRS);
  await stops(world, [], /uses the service their-service\.webpubsub\.example, which[^]*--service[^]*or with --sku/);
  assert.equal((await world.run('deploy', ['--sku', 'Free_F1'])).code, 0);
  assert.match(world.settings.WebPubSubForSocketIOConnectionString, /Endpoint=https:\/\/codestream-/);
});

cloudTest('a deployment that has a hub is not told to name another one', async (world) => {
  giveService(world);
  await world.run('deploy', [...FIRST, ...WITH]);
  const second = ['--resource-group', 'second', '--name', 'second'];
  await world.run('deploy', [...FIRST, ...second]);
  await stops(world, [...second, ...WITH], /another deployment's[^]*has its hub already: make another one, with --name/);
});

cloudTest('an answer without the tier of the service is not believed', async (world) => {
  giveService(world, { sku: null });
  await stops(world, [...FIRST, ...WITH], /az answered without the Web PubSub service their-service/);
});

cloudTest('a service whose keys are off is used by identity', async (world) => {
  giveService(world);
  world.cloud.get(THEIRS).properties.disableLocalAuth = true;
  assert.equal((await world.run('deploy', [...FIRST, ...WITH])).code, 0);
  assert.equal(world.settings.WebPubSubForSocketIOConnectionString, undefined);
  await stops(world, ['--access-key'], /keys of their-service are off[^]*yours to switch them on/);
});

const WRONG = [
  ['of kind WebPubSub', { kind: 'WebPubSub' }, /is of kind WebPubSub, and Codestream needs/],
  [
    'in default mode',
    { properties: { hostName: 'h', socketIO: { serviceMode: null } } },
    /default mode[^]*servers that use it in default mode then stop[^]*az resource patch --ids/,
  ],
];
for (const [what, changes, says] of WRONG) {
  cloudTest(`a service ${what} is refused, and stays as it is`, async (world) => {
    giveService(world, changes);
    const before = atService(world);
    await stops(world, [...FIRST, ...WITH], says);
    assert.equal(atService(world), before);
    assert.ok(!world.cloud.has(world.ids.app));
  });
}

cloudTest('a service that is not there, or whose tier is to change, is refused', async (world) => {
  await stops(
    world,
    [...FIRST, '--service', 'nowhere'],
    /no service nowhere in the group codestream/,
  );
  assert.equal((await world.run('deploy', [...WITH, '--sku', 'Standard_S1'])).code, 2);
  assert.equal((await world.run('deploy', ['--service-group', 'theirs'])).code, 2);
  giveService(world);
  await world.run('deploy', [...FIRST, ...WITH]);
  await stops(world, ['--units', '5'], /tier of their-service, which was there before, is yours/);
});

cloudTest(
  'destroy.mjs does not delete a group with a service in it that it did not make',
  async (world) => {
    await world.run('deploy', FIRST);
    const inside = world.ids.service.replace(/codestream-\w+$/, 'their-own');
    world.cloud.put(inside, {
      location: 'westeurope',
      kind: 'SocketIO',
      keys: ['a-key-of-theirs', 'another'],
      sku: { name: 'Free_F1', capacity: 1 },
      properties: {
        provisioningState: 'Succeeded',
        hostName: 'their-own.example',
        socketIO: { serviceMode: 'Serverless' },
      },
    });
    assert.equal((await world.run('deploy', ['--service', 'their-own'])).code, 0);
    const { code, err } = await world.run('destroy', ['--yes']);
    assert.equal(code, 1);
    assert.match(err, /their-own is in this group, and deploy\.mjs did not make it/);
    assert.ok(world.cloud.has(inside));
  },
);

cloudTest('an app that uses a service that nobody knows stops it', async (world) => {
  await world.run('deploy', FIRST);
  world.settings.WebPubSubForSocketIOConnectionString =
    'Endpoint=https://of-another-subscription.example;AccessKey=abcdefgh;Version=1.0;';
  await stops(world, [], /uses the service of-another-subscription\.example, which/);
});

cloudTest('where clients have an address of their own, the page may connect there', async (world) => {
  const set = ['--setting', 'CODESTREAM_CLIENT_ENDPOINT=https://live.example'];
  assert.equal((await world.run('deploy', [...FIRST, ...set])).code, 0);
  assert.match(world.page, / https:\/\/live\.example wss:\/\/live\.example"/);
  assert.match(world.settings.WebPubSubForSocketIOConnectionString, /Endpoint=https:\/\/codestream-\w+\.webpubsub/);
  await world.run('deploy');
  assert.match(world.page, / https:\/\/live\.example /, 'a later run keeps it');
  await world.run('deploy', ['--remove-setting', 'CODESTREAM_CLIENT_ENDPOINT']);
  assert.doesNotMatch(world.page, /live\.example/);
});

const RUNS = [
  ['a first deployment', [], ['deploy', [...FIRST, ...WITH, '--identity']]],
  ['a change', [['deploy', [...FIRST, ...WITH, '--identity']]], ['deploy', WITH_OTHER]],
  ['the end', [['deploy', [...FIRST, ...WITH, '--identity']]], ['destroy', ['--yes']]],
];
for (const [what, before, [program, argv]] of RUNS) {
  test(`${what} with such a service, killed at each command and started again`, async () => {
    const first = new World();
    giveService(first);
    giveService(first, {}, OTHER);
    for (const [name, args] of before) await first.run(name, args, { env: NAMED });
    first.close();
    const begin = () => new World({ state: structuredClone(first.state), ms: first.clock.ms });
    const whole = begin();
    const { calls } = await whole.run(program, argv, { env: NAMED });
    for (let killAt = 1; killAt <= calls.length; killAt += 1) {
      for (const isDone of endsOf(calls[killAt - 1])) {
        const world = begin();
        await world.run(program, argv, { env: NAMED, killAt, isDone });
        const { code, err } = await world.run(program, argv, { env: NAMED });
        assert.equal(code, 0, err);
        assert.deepEqual(world.snapshot(), whole.snapshot(), `${isDone}: ${calls[killAt - 1]}`);
        world.close();
      }
    }
    whole.close();
  });
}
