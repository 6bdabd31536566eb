// infra/deploy.mjs when Azure, az, a policy or somebody's hand is in the way: it waits, goes on or
// stops, and nothing that is there is lost. What az says is what it has said (az-answers.json).

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { cloudTest, FIRST } from '../lib/azure/test.js';
import { test } from '../lib/test.js';

const APP = 'codestream-abcdefghijklm';
const PAID = ['--sku', 'Standard_S1', '--units', '3', '--identity', '--origin', 'https://live.example',
  '--setting', 'CODESTREAM_TOKEN_MINUTES=30'];

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

/** A run that stops: what it says, and what comes after that. */
async function stops(world, argv, says, options) {
  const run = await world.run('deploy', argv, options);
  assert.equal(run.code, 1, run.out + run.err);
  assert.match(run.err, says);
  assert.deepEqual(run.left, []);
  return run;
}

// ---- what is there cannot be seen, or not all of it ----

for (const answer of ['restNotFound', 'nothing', 'restForbidden']) {
  cloudTest(`the settings cannot be read (${answer}): nothing is changed, and it is an error`, async (world) => {
    const { code, err, calls } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
    assert.equal(code, 1);
    assert.match(err, /deploy\.mjs stopped at: What is there already/);
    assert.match(calls.at(-1), /appsettings\/list/);
  });
}

for (const answer of ['restNotFound', 'restTooMany', 'restBusy', 'restBroken', 'reset', 'restConflict']) {
  cloudTest(`the settings cannot be read twice (${answer}), and then can: all goes well`, async (world) => {
    const { code, out } = await keeps(world, [{ match: /appsettings\/list/, nth: [1, 2], answer }]);
    assert.equal(code, 0);
    assert.match(out, /not yet \(.*\), trying again in \d+ s/);
  });
}

for (const properties of [null, 'none']) {
  cloudTest(`settings that are none (${properties}) stop it`, async (world) => {
    const answer = { stdout: JSON.stringify({ properties }) };
    const { code, err } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
    assert.equal(code, 1);
    assert.match(err, /answered without the settings/);
  });
}

cloudTest('no settings at all, of an app that was deployed before, are not believed', async (world) => {
  const answer = { stdout: '{"properties":{}}' };
  const { code, err } = await keeps(world, [{ match: /appsettings\/list/, answer }]);
  assert.equal(code, 1);
  assert.match(err, /was deployed before, and now has no settings at all[^]*CODESTREAM_SECRET/);
});

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
  const { code, err } = await keeps(world, [{ match: new RegExp(`sites/${APP}\\?`), answer: 'restNotFound' }]);
  assert.equal(code, 1);
  assert.match(err, /the list of the group has codestream-\w+, but reading it answers that it is not there/);
});

cloudTest('two apps that could be meant: it stops, and names both', async (world) => {
  await world.run('deploy', FIRST);
  const other = world.ids.app.replace('abcdefghijklm', 'zzzzzzzzzzzzz');
  world.cloud.put(other, { location: 'westeurope', tags: { application: 'codestream' }, properties: {} });
  const before = world.snapshot();
  await stops(world, [], /more than one function app[^]*abcdefghijklm, codestream-zzz[^]*last deployment has named codestream-abc/);
  assert.deepEqual(world.snapshot(), before);
});

for (const command of [/^resource list/, /^deployment group show/, /^group show/, /^account show/, /^version/]) {
  cloudTest(`az answers nothing and exits 0 (${command.source}): it stops`, async (world) => {
    const { code, err } = await keeps(world, [{ match: command, answer: 'nothing' }]);
    assert.equal(code, 1);
    assert.match(err, /az answered nothing/);
  });
}

for (const name of ['page', 'functionApp', 'api']) {
  cloudTest(`a deployment that does not tell its output ${name} is an error`, async (world) => {
    const given = { provisioningState: 'Succeeded', timestamp: 'now', outputs: { functionApp: { value: APP },
      api: { value: 'https://a.example' }, webPubSub: { value: APP }, service: { value: 'https://s.example' },
      storage: { value: 'codestreamabcdefghijklm' }, page: { value: 'https://p.example' }, hub: { value: 'codestream' },
      [name]: { value: null } } };
    world.faults = [{ match: /deployment group show .*--name codestream --/, nth: [3, 99],
      answer: { stdout: JSON.stringify(given) } }];
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

cloudTest('an app that was deleted took the secret with it: it stops, and goes on with --new-secret', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
  world.cloud.remove(world.ids.app);
  await stops(world, [], /there was a function app, which is gone, and its secret with it[^]*--new-secret/);
  assert.ok(!world.cloud.has(world.ids.app));
  assert.equal((await world.run('deploy', ['--new-secret'])).code, 0);
  assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
  assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 1 });
});

cloudTest('that an app was there is known by the hub, also when the history is gone', async (world) => {
  await world.run('deploy', FIRST);
  world.cloud.remove(world.ids.app);
  world.state.deployments = {};
  await stops(world, [], /there was a function app, which is gone/);
});

cloudTest('an app that was made again gets its rights, whose names are not those of before', async (world) => {
  await world.run('deploy', FIRST);
  world.cloud.remove(world.ids.app);
  await world.run('deploy', ['--new-secret']);
  world.cloud.get(world.ids.app).identity.principalId = 'another principal';
  assert.equal((await world.run('deploy')).code, 0);
  const roles = Object.values(world.state.resources).filter(({ properties }) => properties?.principalId === 'another principal');
  assert.equal(roles.length, 3);
});

cloudTest('a service that was deleted is made again only in a tier that is named', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Standard_S1']);
  world.cloud.remove(world.ids.service);
  await stops(world, [], /there was a service, which is gone[^]*--sku/);
  assert.equal((await world.run('deploy', ['--sku', 'Standard_S1'])).code, 0);
  assert.deepEqual(world.cloud.get(world.ids.service).sku, { name: 'Standard_S1', capacity: 1 });
});

// ---- deployments that are active, fail, or are not heard of ----

cloudTest('a deployment of before that is still active is waited for, and how to cancel it is said', async (world) => {
  await world.run('deploy', FIRST);
  world.cloud.startDeployment('codestream', 'codestream-hub', '', { functionApp: APP, webPubSub: APP, hub: 'codestream',
    storage: 'codestreamabcdefghijklm', kept: { eventHandlers: [] } });
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.match(out, /codestream-hub of before is still active; to cancel it:\n +az deployment group cancel .*codestream-hub/);
});

cloudTest('az crashes over a deployment that somebody else has begun: it waits, and then begins', async (world) => {
  world.faults = [{ match: /^deployment group create .*--name codestream --/, nth: [1, 1], answer: 'deploymentActive' }];
  const { code, err } = await world.run('deploy', FIRST);
  assert.equal(err, '');
  assert.equal(code, 0);
});

cloudTest('Azure is not done when patience is over: exit 3, and how to cancel it', async (world) => {
  world.cloud.nextDeployment = { until: Infinity };
  const { code, err, out } = await world.run('deploy', [...FIRST, '--wait', '2']);
  assert.equal(code, 3);
  assert.match(out, /waiting for the deployment of the resources \(\d+ s\)/);
  assert.match(err, /still active in Azure after \d+ s[^]*az deployment group cancel --resource-group codestream --name codestream/);
  const again = await world.run('deploy', [...FIRST, '--wait', '1']);
  assert.equal(again.code, 3);
  assert.ok(!again.calls.some((line) => line.startsWith('deployment group create')));
});

for (const isDone of [true, false]) {
  cloudTest(`no answer to the start of a deployment, which Azure has ${isDone ? '' : 'not '}taken`, async (world) => {
    world.faults = [{ match: /^deployment group create/, nth: [1, 1], isDone, answer: { isLate: true } }];
    const { code, calls } = await world.run('deploy', FIRST);
    assert.equal(code, 0);
    const started = calls.filter((line) => /^deployment group create .*--name codestream --/.test(line));
    assert.equal(started.length, isDone ? 1 : 2);
  });
}

const FAILURES = [
  ['RequestDisallowedByPolicy', 'Resource was disallowed by policy.', /disallowed by policy[^]*policy of your organisation/],
  ['AuthorizationFailed', 'does not have authorization to perform action roleAssignments/write', /User Access\s+Administrator/],
  ['LocationNotAvailableForResourceType', 'not available for resource type', /another --location/],
  ['InvalidTemplate', 'The name \'deployer\' does not exist', /az bicep upgrade/],
  ['SubscriptionQuota', 'This region has quota of 0 instances for your subscription.', /quota is used up/i],
];
for (const [code, message, says] of FAILURES) {
  cloudTest(`a deployment that fails for good (${code}) says why, and what to do`, async (world) => {
    const inner = JSON.stringify({ error: { code, message } });
    world.cloud.nextDeployment = { fails: { error: { code: 'DeploymentFailed', message: 'At least one failed.',
      details: [{ code: 'Conflict', message: inner }] } } };
    const { calls } = await stops(world, FIRST, says);
    assert.equal(calls.filter((line) => line.startsWith('deployment group create')).length, 1);
    assert.deepEqual(world.state.resources, {});
    assert.equal((await world.run('deploy', FIRST)).code, 0);
  });
}

cloudTest('a first deployment that failed halfway is finished by the next run, with a secret of its own', async (world) => {
  world.cloud.nextDeployment = { fails: { makes: ['service', 'storage', 'app'], error: { code: 'X', message: 'no' } } };
  await stops(world, FIRST, /X: no/);
  const { code } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
});

cloudTest('the key of the function cannot be read yet: the hub is tried again, at its start and at its end', async (world) => {
  world.faults = [{ match: /^deployment group create .*codestream-hub/, nth: [1, 1], answer: 'hostRuntime' }];
  assert.equal((await world.run('deploy', FIRST)).code, 0);
  world.faults = [];
  world.cloud.nextDeployment = { fails: { error: { code: 'BadRequest',
    message: 'Encountered an error (InternalServerError) from host runtime.' } } };
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.match(out, /not yet \(BadRequest: Encountered an error/);
});

cloudTest('somebody has the right to upload already: the deployment does without giving it', async (world) => {
  world.cloud.nextDeployment = { fails: { error: { code: 'RoleAssignmentExists', message: 'It exists.' } } };
  const { code, calls } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.ok(calls.some((line) => /^deployment group create .* uploads=false /.test(line)));
});

// ---- the package ----

const ZIP = /^functionapp deployment/;

for (const answer of ['unhealthy', 'noHostKey']) {
  cloudTest(`"${answer}" means that the package is there: it is not sent again`, async (world) => {
    world.faults = [{ match: ZIP, isDone: true, answer }];
    const { code, calls } = await world.run('deploy', FIRST);
    assert.equal(code, 0);
    assert.equal(calls.filter((line) => ZIP.test(line)).length, 1);
  });
}

for (const [what, answer] of [['no answer', { isLate: true }], ['an error', 'kuduBusy']]) {
  cloudTest(`${what} after the package was taken: it is not sent again`, async (world) => {
    world.faults = [{ match: ZIP, isDone: true, answer }];
    const { code, calls } = await world.run('deploy', FIRST);
    assert.equal(code, 0);
    assert.equal(calls.filter((line) => ZIP.test(line)).length, 1);
  });
}

cloudTest('Kudu is not there yet: the package is sent again', async (world) => {
  world.faults = [{ match: ZIP, nth: [1, 2], answer: 'kuduBusy' }];
  const { code, calls } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.equal(calls.filter((line) => ZIP.test(line)).length, 3);
});

cloudTest('a package that was taken and whose deployment fails is an error', async (world) => {
  const failed = { stdout: JSON.stringify({ id: 'new', status: 3, status_text: 'out of disk' }) };
  world.faults = [{ match: ZIP, isDone: true, answer: { isLate: true } },
    { match: /api\/deployments\/latest/, nth: [2, 9], answer: failed }];
  await stops(world, FIRST, /its deployment failed: out of disk/);
});

cloudTest('a handler that never answers stops it, with a hint to the log, and no hub is made', async (world) => {
  world.faults = [{ match: /negotiate/, answer: 'restBusy' }];
  const { calls } = await stops(world, FIRST, /the last answer was: Service Unavailable[^]*--resource-group codestream --workspace-name codestream-/);
  assert.ok(!calls.some((line) => /^deployment group create .*codestream-hub/.test(line)));
});

// ---- sign-in ----

for (const [command, answer] of [[ZIP, 'assertionOver'], [/get-access-token .*storage/, 'assertionOver'],
  [/^account show/, 'signedOut'], [/^storage blob upload/, 'assertionOver']]) {
  cloudTest(`a sign-in that is over (${command.source}) stops it at once, and says what to do`, async (world) => {
    world.faults = [{ match: command, answer }];
    const { calls } = await stops(world, FIRST, /Sign in again: az login/);
    assert.equal(calls.filter((line) => command.test(line)).length, 1);
    assert.deepEqual(world.clock.slept.filter((ms) => ms === 30_000), []);
  });
}

test('az that is not installed, and one that is too old, are told', async (t) => {
  for (const [answer, says] of [[{ code: 'ENOENT' }, /az is not installed[^]*Install the Azure CLI/],
    ...['2.9.1', '2.45.0', '2.59.0', '1.0.0', '0.10.4'].map((version) => (
      [{ stdout: JSON.stringify({ 'azure-cli': version }) }, /is too old, 2\.60 or newer/]))]) {
    await t.test(JSON.stringify(answer), async () => {
      const { World } = await import('../lib/azure/world.js');
      const world = new World();
      world.faults = [{ match: /^version/, answer }];
      await stops(world, FIRST, says);
      world.close();
    });
  }
});

// ---- the page ----

cloudTest('a right that was given a moment ago is waited for', async (world) => {
  world.faults = [{ match: /^storage blob upload-batch/, nth: [1, 5], answer: 'blobForbidden' }];
  const { code, calls } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.equal(calls.filter((line) => line.startsWith('storage blob service-properties show')).length, 1, 'only that');
});

cloudTest('network rules of the account are no matter of time', async (world) => {
  world.faults = [{ match: /^storage blob service-properties/, answer: 'networkRules' }];
  const { calls } = await stops(world, FIRST, /network rules of the storage account keep this machine out/);
  assert.equal(calls.filter((line) => line.startsWith('storage blob')).length, 1);
});

cloudTest('a file that is gone already does not bring the whole page up again', async (world) => {
  await world.run('deploy', FIRST);
  world.state.blobs.codestreamabcdefghijklm['old.js'] = ['', '', '', ''];
  world.faults = [{ match: /^storage blob delete/, isDone: true, answer: 'blobGone' }];
  const { code, calls } = await world.run('deploy');
  assert.equal(code, 0);
  assert.equal(calls.filter((line) => line.startsWith('storage blob upload-batch')).length, 3);
});

cloudTest('storage that is broken is given up within minutes', async (world) => {
  world.faults = [{ match: /^storage blob list/, answer: { code: 1, stderr: 'ERROR: InternalServerError\nErrorCode:InternalError\n' } }];
  const { calls } = await stops(world, FIRST, /Azure is busy, or cannot be reached/);
  assert.ok(calls.filter((line) => line.startsWith('storage blob list')).length < 10);
});

// ---- regions, tiers, quotas ----

cloudTest('what is elsewhere already cannot be moved', async (world) => {
  const { code, err } = await keeps(world, [], ['--location', 'northeurope']);
  assert.equal(code, 1);
  assert.match(err, /is in westeurope, and cannot be moved to northeurope/);
});

cloudTest('a region without Flex Consumption is refused before anything is made', async (world) => {
  await stops(world, ['--location', 'uksouth'], /uksouth has no Flex Consumption[^]*westeurope/);
  assert.deepEqual(world.state.groups, {});
});

cloudTest('a new group needs a region', async (world) => {
  await stops(world, [], /say where to make it, with --location/);
});

cloudTest('from the free tier to a paid one it says first that the service may be out of reach', async (world) => {
  await world.run('deploy', FIRST);
  const up = await world.run('deploy', ['--sku', 'Standard_S1']);
  assert.match(up.out, /Standard_S1, 1 units\nFree_F1 has addresses of its own[^]*30 to 60 minutes/);
  assert.doesNotMatch((await world.run('deploy', ['--sku', 'Premium_P1'])).out, /addresses of its own/);
  assert.match((await world.run('deploy', ['--sku', 'Free_F1'])).out, /addresses of its own/);
});

cloudTest('a hundred units do not become a hundred units of another tier by themselves', async (world) => {
  await world.run('deploy', [...FIRST, '--sku', 'Premium_P2', '--units', '100']);
  await stops(world, ['--sku', 'Standard_S1'], /say with --units how many of Standard_S1/);
  assert.equal(world.cloud.get(world.ids.service).sku.name, 'Premium_P2');
});

cloudTest('Premium_P2 without --units says how many it may have', async (world) => {
  await stops(world, [...FIRST, '--sku', 'Premium_P2'], /100, 200, … 1000 units/);
});

cloudTest('no free service is left in the subscription: that is said before one is tried', async (world) => {
  world.state.usages = [{ name: { value: 'WebPubSubFreeTierInstances' }, currentValue: 1, limit: 1 }];
  await stops(world, FIRST, /all the free services that it may have[^]*--sku Standard_S1/);
  assert.deepEqual(world.state.resources, {});
  assert.equal((await world.run('deploy', [...FIRST, '--sku', 'Standard_S1'])).code, 0);
});

cloudTest('Azure takes a change of the service and does not make it: that is an error', async (world) => {
  await world.run('deploy', FIRST);
  world.faults = [{ match: /--method patch .*webPubSub/, answer: {} }];
  await stops(world, ['--sku', 'Standard_S1'], /has not made the change of the service/);
});

cloudTest('a service that is being changed is waited for', async (world) => {
  await world.run('deploy', FIRST);
  const service = world.cloud.get(world.ids.service);
  service.properties.provisioningState = 'Updating';
  service.until = world.clock.now() + 60_000;
  const { code, out } = await world.run('deploy', ['--sku', 'Standard_S1']);
  assert.equal(code, 0);
  assert.match(out, /waiting for the service, which is being changed/);
});

test('that a Reader of the group can read the function key is said', async () => {
  const page = await readFile(new URL('../../SECURITY.md', import.meta.url), 'utf8');
  assert.match(page, /### Somebody who may read the resource group[^]*\*\*The function key\.\*\*/);
});
