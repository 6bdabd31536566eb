// infra/deploy.mjs over what was changed by hand, and over answers that lack what they must have: a
// second run leaves the first as it is, and does not believe the second.

import assert from 'node:assert/strict';

import { cloudTest, FIRST, stops } from '../lib/azure/test.js';

const CONNECTION = 'WebPubSubForSocketIOConnectionString';
const PAID = [...FIRST, '--sku', 'Standard_S1', '--units', '3'];

/** A run that stops and changes nothing, because one answer is not what it must be. */
async function disbelieves(world, match, answer, says) {
  await world.run('deploy', PAID);
  const before = world.snapshot();
  world.faults = [{ match, answer }];
  await stops(world, [], says);
  return before;
}

for (const [what, body] of [
  ['empty', {}],
  ['null', null],
  ['without a tier', { id: 'ID', properties: { hostName: 'h' } }],
]) {
  cloudTest(`a service that is read and is ${what} is not believed`, async (world) => {
    const stdout = JSON.stringify(body).replace('ID', world.ids.service);
    const get = /--method get .*webPubSub\/codestream-\w+\?/;
    const before = await disbelieves(world, get, { stdout }, /without the Web PubSub service|that it is not there/);
    assert.deepEqual(world.snapshot(), before);
  });
}

cloudTest('a configuration without origins is not believed: they would be lost', async (world) => {
  const answer = { stdout: '{"properties":{}}' };
  const before = await disbelieves(world, /config\/web/, answer, /without the origins/);
  assert.deepEqual(world.snapshot(), before);
});

for (const answer of ['restNotFound', { stdout: '{"properties":{}}' }]) {
  cloudTest(
    `a hub that is listed and cannot be read (${JSON.stringify(answer)}) is not written`,
    async (world) => {
      await world.run('deploy', FIRST);
      const hub = world.hub('codestream');
      hub.eventHandlers.push({ urlTemplate: 'https://other.example', userEventPattern: 'x' });
      const before = structuredClone(hub);
      world.faults = [{ match: /--method get .*hubs\/codestream\?/, answer }];
      await stops(world, [], /without the event handlers of the hub codestream, which is there/);
      assert.deepEqual(world.hub('codestream'), before);
    },
  );
}

cloudTest('our event handler keeps its place among others, and its identity', async (world) => {
  await world.run('deploy', FIRST);
  const hub = world.hub('codestream');
  hub.eventHandlers[0].auth = { type: 'ManagedIdentity', managedIdentity: { resource: 'api://x' } };
  hub.eventHandlers.unshift({ urlTemplate: 'https://first.example', userEventPattern: 'a' });
  hub.eventHandlers.push({ urlTemplate: 'https://last.example', userEventPattern: 'b' });
  const before = structuredClone(hub.eventHandlers);
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.hub('codestream').eventHandlers, before);
});

cloudTest('a connection string that stands in a Key Vault stays there', async (world) => {
  await world.run('deploy', FIRST);
  world.settings[CONNECTION] = '@Microsoft.KeyVault(SecretUri=https://v.example/secrets/c)';
  const before = world.snapshot();
  assert.equal((await world.run('deploy')).code, 0);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('keys that were switched off by hand stay off, which is said', async (world) => {
  await world.run('deploy', FIRST);
  world.cloud.get(world.ids.service).properties.disableLocalAuth = true;
  const before = world.snapshot();
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.match(out, /keys of the service are off[^]*--identity does without/);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('a service that failed, and a history that was purged, lose no tier', async (world) => {
  await world.run('deploy', PAID);
  world.cloud.get(world.ids.service).properties.provisioningState = 'Failed';
  world.state.deployments = {};
  await world.run('deploy');
  assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 3 });
});

cloudTest('a hub of another name whose setting is gone gets that name again', async (world) => {
  await world.run('deploy', [...FIRST, '--hub', 'live']);
  delete world.settings.CODESTREAM_HUB;
  assert.equal((await world.run('deploy', ['--hub', 'live'])).code, 0);
  assert.equal(world.settings.CODESTREAM_HUB, 'live');
});

const INSIGHTS = 'APPLICATIONINSIGHTS_CONNECTION_STRING';
const VAULT = '@Microsoft.KeyVault(SecretUri=https://v.example/secrets/s)';

/** Makes the next run deploy the template again, though all is there or one part has gone. */
const AGAIN = {
  'the last deployment failed': (world) => {
    world.state.deployments['codestream/codestream'].provisioningState = 'Failed';
  },
  'the workspace of the logs has gone': (world) => world.cloud.remove(world.ids.logs),
};

for (const [what, happens] of Object.entries(AGAIN)) {
  cloudTest(`settings made by hand stay, though ${what}`, async (world) => {
    await world.run('deploy', FIRST);
    world.settings[CONNECTION] = VAULT;
    world.settings[INSIGHTS] = 'InstrumentationKey=by-hand';
    world.settings.AzureWebJobsStorage__credential = 'by hand';
    const before = structuredClone(world.settings);
    happens(world);
    const { code, calls } = await world.run('deploy');
    assert.equal(code, 0);
    assert.ok(calls.some((line) => /^deployment group create .*--name codestream --/.test(line)));
    assert.deepEqual(world.settings, before);
  });
}

for (const [string, isReplaced] of [
  [undefined, true],
  [VAULT, false],
  ['InstrumentationKey=of-another-subscription', false],
]) {
  const what = `the string ${string ?? 'of the one that is gone'}`;
  cloudTest(`Insights is made anew: ${what} ${isReplaced ? 'is replaced' : 'stays'}`, async (world) => {
    await world.run('deploy', FIRST);
    if (string) world.settings[INSIGHTS] = string;
    world.settings.BY_HAND = 'by hand';
    const before = structuredClone(world.settings);
    world.cloud.remove(world.ids.insights);
    const { code, out } = await world.run('deploy');
    assert.equal(code, 0);
    const now = world.cloud.get(world.ids.insights).properties.ConnectionString;
    assert.deepEqual(world.settings, { ...before, ...(isReplaced && { [INSIGHTS]: now }) });
    const isTold = /names an Application Insights that is not codestream-\w+, and stays/.test(out);
    assert.equal(isTold, /another/.test(string));
  });
}

cloudTest('a string is replaced after a run that failed, too', async (world) => {
  await world.run('deploy', FIRST);
  world.cloud.remove(world.ids.insights);
  world.cloud.nextDeployment = { fails: { error: { code: 'X', message: 'no' } } };
  await stops(world, [], /X: no/);
  assert.equal((await world.run('deploy')).code, 0);
  const now = world.cloud.get(world.ids.insights).properties.ConnectionString;
  assert.equal(world.settings[INSIGHTS], now);
});

cloudTest('a deployment of before does not tell which Insights was its own: its string stays', async (world) => {
  await world.run('deploy', FIRST);
  const { outputs } = world.state.deployments['codestream/codestream'];
  delete outputs.insights;
  const before = world.settings[INSIGHTS];
  world.cloud.remove(world.ids.insights);
  const { out } = await world.run('deploy');
  assert.equal(world.settings[INSIGHTS], before);
  const command = /az functionapp config appsettings delete .*\n.*--setting-names APPLICATIONINSIGHTS_CONN/;
  assert.match(out, command);
  delete world.settings[INSIGHTS];
  await world.run('deploy');
  assert.equal(world.settings[INSIGHTS], world.cloud.get(world.ids.insights).properties.ConnectionString);
});
