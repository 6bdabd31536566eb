// infra/deploy.mjs --keep-days: what it makes, what it leaves alone, and what a later run knows of it.
import assert from 'node:assert/strict';

import { readOptions } from '../../infra/deployment/options.mjs';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { test } from '../lib/test.js';

const SETTING = 'CODESTREAM_STORAGE__blobServiceUri';
const ROLE = 'ba92f5b4-2d11-453d-a403-e96b0029c9fe';
const policyOf = ({ cloud, ids }) => cloud.get(`${ids.storage}/managementPolicies/default`);
const daysOf = (world) =>
  policyOf(world).properties.policy.rules.map(({ name, definition }) =>
    [name, definition.actions.baseBlob.delete.daysAfterModificationGreaterThan]);

/** For how many days the page says that texts are kept. */
const pageSays = ({ page }) => Number(/kept (\d+)/.exec(page)[1]);

async function done(world, argv) {
  const run = await world.run('deploy', argv);
  assert.equal(run.err, '');
  assert.equal(run.code, 0, run.out);
  return run;
}

cloudTest('without --keep-days nothing is kept, and nothing is made for it', async (world) => {
  await done(world, FIRST);
  assert.equal(world.settings[SETTING], undefined);
  assert.ok(!JSON.stringify(world.snapshot()).includes('/containers/rooms'));
});

cloudTest('--keep-days makes a private container, its rule and the app\'s right to it alone', async (world) => {
  const { out } = await done(world, [...FIRST, '--keep-days', '7']);
  const { storage, app } = world.ids;
  const container = `${storage}/blobServices/default/containers/rooms`;
  assert.equal(world.cloud.get(container).properties.publicAccess, 'None');
  assert.deepEqual(daysOf(world), [['codestream-kept-texts', 7]]);
  const { blob } = world.cloud.get(storage).properties.primaryEndpoints;
  assert.equal(world.settings[SETTING], blob.replace(/\/+$/, ''));
  const principal = world.cloud.get(app).identity.principalId;
  const given = Object.values(world.state.resources).filter(({ id, properties }) =>
    properties?.principalId === principal && id.toLowerCase().startsWith(`${storage}/`.toLowerCase()));
  assert.equal(given.length, 1);
  assert.ok(given[0].id.toLowerCase().startsWith(container.toLowerCase()));
  assert.ok(given[0].properties.roleDefinitionId.endsWith(ROLE));
  assert.equal(pageSays(world), 7);
  assert.match(out, /kept for 7 days: whoever has its link can read it/);
});

cloudTest('a later run keeps the days; another number changes them, and other rules stay', async (world) => {
  await done(world, [...FIRST, '--keep-days', '7']);
  const { rules } = policyOf(world).properties.policy;
  const other = { name: 'by-hand', definition: rules[0].definition };
  rules.unshift(other);
  const before = world.snapshot();
  await done(world, []);
  assert.deepEqual(world.snapshot(), before);
  await done(world, ['--keep-days', '30']);
  assert.deepEqual(daysOf(world), [['by-hand', 7], ['codestream-kept-texts', 30]]);
  assert.equal(pageSays(world), 30);
  await done(world, ['--remove-setting', SETTING]);
  assert.deepEqual([world.settings[SETTING], pageSays(world)], [undefined, 0]);
  assert.ok(world.cloud.has(`${world.ids.storage}/blobServices/default/containers/rooms`));
  const rights = Object.keys(world.state.resources).filter((id) => /containers\/rooms\/.*roleassignments/.test(id));
  assert.deepEqual(rights, [], 'the app may not write there any more');
});

cloudTest('a rule that has gone is told, and the page keeps nothing until there is one', async (world) => {
  await done(world, [...FIRST, '--keep-days', '7']);
  policyOf(world).properties.policy.rules = [];
  const { out } = await done(world, []);
  assert.match(out, /the rule that deletes them, codestream-kept-texts, has gone[^]*--keep-days N makes it anew/);
  assert.equal(pageSays(world), 0);
  await done(world, ['--keep-days', '3']);
  assert.deepEqual([daysOf(world), pageSays(world)], [[['codestream-kept-texts', 3]], 3]);
});

cloudTest('copies that somebody had switched on are switched off, and told', async (world) => {
  await done(world, FIRST);
  const path = `${world.ids.storage}/blobServices/default`;
  world.cloud.put(path, { properties: {
    isVersioningEnabled: true, deleteRetentionPolicy: { enabled: true, days: 7 },
    changeFeed: { enabled: true }, restorePolicy: { enabled: true, days: 6 },
    cors: { corsRules: [{ maxAgeInSeconds: 1 }] },
  } });
  const { out } = await done(world, ['--keep-days', '1']);
  const { properties } = world.cloud.get(path);
  const { isVersioningEnabled: versions, deleteRetentionPolicy, changeFeed, restorePolicy } = properties;
  for (const one of [{ enabled: versions }, deleteRetentionPolicy, changeFeed, restorePolicy])
    assert.equal(one.enabled, false);
  assert.deepEqual(properties.cors, { corsRules: [{ maxAgeInSeconds: 1 }] });
  assert.match(out, /versioning, soft delete, the change feed, point-in-time restore switched on: off from now on/);
  properties.isVersioningEnabled = true;
  const { out: later } = await done(world, []);
  assert.match(later, /has versioning switched on: off from now on/);
  assert.equal(world.cloud.get(path).properties.isVersioningEnabled, false);
});

test('--keep-days is a number from 1 to 90', () => {
  assert.equal(readOptions(['--keep-days', '90'], {}).keepDays, 90);
  const twice = ['--keep-days', '1', '--setting', `${SETTING}=https://elsewhere.example`];
  assert.throws(() => readOptions(twice, {}), /--keep-days says where texts are kept[^]*not both/);
  const both = ['--keep-days', '1', '--remove-setting', SETTING];
  assert.throws(() => readOptions(both, {}), /not both/);
  for (const days of ['0', '91', 'x', '1.5', '-1', '1e1', '100', '07'])
    assert.throws(() => readOptions([`--keep-days=${days}`], {}), /keep-days is a number from 1 to 90/);
});
