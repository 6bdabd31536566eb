// infra/deploy.mjs where what is there cannot be seen, or not all of it: an answer that is empty, late
// or wrong, a tag that a policy took away, a part that somebody has deleted. Nothing is lost by it.

import assert from 'node:assert/strict';

import { cloudTest, FIRST, stops } from '../lib/azure/test.js';

const APP = 'codestream-abcdefghijklm';
const PAID = [
  '--sku',
  'Standard_S1',
  '--units',
  '3',
  '--identity',
  '--origin',
  'https://live.example',
  '--setting',
  'CODESTREAM_TOKEN_MINUTES=30',
];

/** Deploys with options that cost, then with this in the way; the state may not change by it. */
async function keeps(world, faults, argv = [], options = {}) {
  await world.run('deploy', [...FIRST, ...PAID]);
  world.settings.BY_HAND = 'by hand';
  const before = world.snapshot();
  world.faults = faults;
  const run = await world.run('deploy', argv, options);
  assert.deepEqual(world.snapshot(), before);
  assert.deepEqual(run.left, []);
  return run;
}

// ---- what is there cannot be seen, or not all of it ----

for (const answer of ['restNotFound', 'nothing', 'restForbidden']) {
  cloudTest(
    `the settings cannot be read (${answer}): nothing is changed, and it is an error`,
    async (world) => {
      const { code, err, calls } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
      assert.equal(code, 1);
      assert.match(err, /deploy\.mjs stopped at: What is there already/);
      if (answer === 'restNotFound')
        assert.match(err, /codestream-\w+ is there, and reading the settings of the function app answers that they are not/);
      assert.match(calls.at(-1), /appsettings\/list/);
    },
  );
}

for (const answer of [
  'restNotFound',
  'restTooMany',
  'restBusy',
  'restBroken',
  'reset',
  'restConflict',
]) {
  cloudTest(
    `the settings cannot be read twice (${answer}), and then can: all goes well`,
    async (world) => {
      const { code, out } = await keeps(world, [
        { match: /appsettings\/list/, nth: [1, 2], answer },
      ]);
      assert.equal(code, 0);
      assert.match(out, /not yet \(.*\), trying again in \d+ s/);
    },
  );
}

for (const properties of [null, 'none']) {
  cloudTest(`settings that are none (${properties}) stop it`, async (world) => {
    const answer = { stdout: JSON.stringify({ properties }) };
    const { code, err } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
    assert.equal(code, 1);
    assert.match(err, /answered without the settings/);
  });
}

cloudTest(
  'no settings at all, of an app that was deployed before, are not believed',
  async (world) => {
    const answer = { stdout: '{"properties":{}}' };
    const { code, err } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
    assert.equal(code, 1);
    assert.match(err, /was deployed before, and now has no settings at all[^]*CODESTREAM_SECRET/);
  },
);

cloudTest('tags that a policy took away do not hide anything', async (world) => {
  await world.run('deploy', [...FIRST, ...PAID]);
  for (const resource of Object.values(world.state.resources)) delete resource.tags;
  world.state.groups.codestream.tags = null;
  const before = world.snapshot();
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('a list that is empty though all is there does not hide anything', async (world) => {
  await world.run('deploy', [...FIRST, ...PAID]);
  world.state.isStale = true;
  const before = world.snapshot();
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('neither does an empty list together with a history that was purged', async (world) => {
  await world.run('deploy', [...FIRST, ...PAID]);
  world.state.isStale = true;
  world.state.deployments = {};
  const { settings } = world;
  const before = structuredClone(settings);
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.settings, before);
  assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 3 });
});

cloudTest('the list has the app, reading it answers 404: it stops', async (world) => {
  const { code, err } = await keeps(world, [
    { match: new RegExp(`sites/${APP}\\?`), answer: 'restNotFound' },
  ]);
  assert.equal(code, 1);
  assert.match(
    err,
    /the list of the group has codestream-\w+, but reading it answers that it is not there/,
  );
});

cloudTest('two apps that could be meant: it stops, and names both', async (world) => {
  await world.run('deploy', FIRST);
  const other = world.ids.app.replace('abcdefghijklm', 'zzzzzzzzzzzzz');
  world.cloud.put(other, {
    location: 'westeurope',
    tags: { application: 'codestream' },
    properties: {},
  });
  const before = world.snapshot();
  await stops(
    world,
    [],
    /more than one function app[^]*abcdefghijklm, codestream-zzz[^]*last deployment has named codestream-abc/,
  );
  assert.deepEqual(world.snapshot(), before);
});

for (const command of [
  /^resource list/,
  /^deployment group show/,
  /^group show/,
  /^account show/,
  /^version/,
]) {
  cloudTest(`az answers nothing and exits 0 (${command.source}): it stops`, async (world) => {
    const { code, err } = await keeps(world, [{ match: command, answer: 'nothing' }]);
    assert.equal(code, 1);
    assert.match(err, /az answered nothing/);
  });
}

for (const name of ['page', 'functionApp', 'api']) {
  cloudTest(`a deployment that does not tell its output ${name} is an error`, async (world) => {
    const given = {
      provisioningState: 'Succeeded',
      timestamp: 'now',
      outputs: {
        functionApp: { value: APP },
        api: { value: 'https://a.example' },
        webPubSub: { value: APP },
        service: { value: 'https://s.example' },
        storage: { value: 'codestreamabcdefghijklm' },
        page: { value: 'https://p.example' },
        hub: { value: 'codestream' },
        host: { value: 'h' },
        insights: { value: 'i' },
        [name]: { value: null },
      },
    };
    world.faults = [
      {
        match: /deployment group show .*--name codestream --/,
        nth: [3, 99],
        answer: { stdout: JSON.stringify(given) },
      },
    ];
    await stops(world, FIRST, new RegExp(`does not tell its output ${name}`));
    assert.deepEqual(world.state.packages, {});
  });
}

// ---- the secret ----

cloudTest('an app whose secret is gone gets no new one by itself', async (world) => {
  await world.run('deploy', FIRST);
  delete world.settings.CODESTREAM_SECRET;
  await stops(world, [], /CODESTREAM_SECRET of codestream-\w+ is gone[^]*writers cannot go on/);
  const secret = 'the one of before, which is long enough';
  assert.equal((await world.run('deploy', [], { env: { CODESTREAM_SECRET: secret } })).code, 0);
  assert.equal(world.settings.CODESTREAM_SECRET, secret);
});

cloudTest(
  'an app that was deleted took the secret with it: it stops, and goes on with --new-secret',
  async (world) => {
    await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
    world.cloud.remove(world.ids.app);
    await stops(
      world,
      [],
      /there was a function app, which is gone, and its secret with it[^]*--new-secret/,
    );
    assert.ok(!world.cloud.has(world.ids.app));
    assert.equal((await world.run('deploy', ['--new-secret'])).code, 0);
    assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
    assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 1 });
  },
);

cloudTest(
  'that an app was there is known by the hub, also when the history is gone',
  async (world) => {
    await world.run('deploy', FIRST);
    world.cloud.remove(world.ids.app);
    world.state.deployments = {};
    await stops(world, [], /there was a function app, which is gone/);
  },
);

cloudTest(
  'an app that was made again gets its rights, whose names are not those of before',
  async (world) => {
    await world.run('deploy', FIRST);
    world.cloud.remove(world.ids.app);
    await world.run('deploy', ['--new-secret']);
    world.cloud.get(world.ids.app).identity.principalId = 'another principal';
    assert.equal((await world.run('deploy')).code, 0);
    const roles = Object.values(world.state.resources).filter(
      ({ properties }) => properties?.principalId === 'another principal',
    );
    assert.equal(roles.length, 3);
  },
);

cloudTest(
  'a service that was deleted is made again only in a tier that is named',
  async (world) => {
    await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
    world.cloud.remove(world.ids.service);
    await stops(world, [], /there was a service, which is gone[^]*--sku/);
    assert.equal((await world.run('deploy', ['--sku', 'Standard_S1'])).code, 0);
    assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 1 });
  },
);

cloudTest('a group that is there, and is said not to be, is not made again: that would take its tags', async (world) => {
  world.state.groups.codestream = { location: 'eastus2', tags: { of: 'somebody' } };
  world.faults = [{ match: /^group show/, answer: 'gone' }];
  await stops(world, FIRST, /says that the group codestream is there, and that it is not/);
  assert.deepEqual(world.state.groups, {
    codestream: { location: 'eastus2', tags: { of: 'somebody' } },
  });
});

cloudTest('what stands on the second page of a list is seen', async (world) => {
  await world.run('deploy', [...FIRST, ...PAID]);
  world.state.isStale = true;
  world.state.deployments = {};
  world.cloud.isPaged = true;
  const before = structuredClone(world.settings);
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.settings, before);
});

for (const match of [/^storage blob list/, /list-flexconsumption-locations/]) {
  cloudTest(`a list that is null stops it in words (${match.source})`, async (world) => {
    world.faults = [{ match, answer: { stdout: 'null' } }];
    await stops(world, FIRST, /az answered with no list/);
  });
}
