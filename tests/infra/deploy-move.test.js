// infra/deploy.mjs over what the programs of before have left: packages and host keys move to an account
// of their own, the page keeps its own, and the app loses what it could do there.

import assert from 'node:assert/strict';

import { leaveBefore } from '../lib/azure/before.js';
import { cloudTest, endsOf, FIRST, stops } from '../lib/azure/test.js';
import { World } from '../lib/azure/world.js';
import { test } from '../lib/test.js';

const ACCOUNT = 'codestreamabcdefghijklm';
const HOST = 'codestream0abcdefghijkl';
const rolesAt = (world, id) =>
  Object.values(world.state.resources)
    .filter((one) => one.id.startsWith(`${id}/providers/Microsoft.Auth`))
    .map(({ properties }) => `${properties.principalId}: ${properties.roleDefinitionId.slice(-12)}`)
    .sort();

cloudTest('all that was there before is there after, the address of the page too', async (world) => {
  leaveBefore(world);
  const before = structuredClone({
    settings: world.settings,
    origins: world.origins,
    service: world.cloud.get(world.ids.service),
    theirs: world.hub('theirs'),
    site: world.state.websites,
    config: world.cloud.get(world.ids.app).properties.functionAppConfig,
  });
  const { code, err, out } = await world.run('deploy');
  assert.equal(err, '');
  assert.equal(code, 0);
  assert.ok(out.includes(`\nCodestream is at https://${ACCOUNT}.web.example/\n`), out);
  assert.deepEqual(world.settings, {
    ...before.settings,
    AzureWebJobsStorage__accountName: HOST,
    CODESTREAM_UNITS: '3',
  });
  assert.deepEqual(world.origins, before.origins);
  assert.deepEqual(world.cloud.get(world.ids.service), before.service);
  assert.deepEqual(world.hub('theirs'), before.theirs);
  assert.deepEqual(world.state.websites, before.site);
  const { deployment, ...config } = world.cloud.get(world.ids.app).properties.functionAppConfig;
  assert.deepEqual({ ...config, deployment: before.config.deployment }, before.config);
  assert.deepEqual(deployment.storage, {
    ...before.config.deployment.storage,
    value: `https://${HOST}.blob.example/packages`,
  });
  assert.equal(world.state.packages[world.ids.app].content, 'the package');
});

cloudTest('the hub gets the key that the host has made in its new account', async (world) => {
  leaveBefore(world);
  await world.run('deploy');
  const [{ urlTemplate }] = world.hub('codestream').eventHandlers;
  assert.match(urlTemplate, RegExp(`code=function-key-in-${HOST}$`));
});

cloudTest('Azure may tell the key of before for a while: it is asked until it is another one', async (world) => {
  leaveBefore(world);
  const now = world.cloud.functionKey.bind(world.cloud);
  let asked = 0;
  world.cloud.functionKey = (app) => ((asked += 1) < 3 ? `function-key-in-${ACCOUNT}` : now(app));
  assert.equal((await world.run('deploy')).code, 0);
  assert.equal(asked, 3);
  assert.match(world.hub('codestream').eventHandlers[0].urlTemplate, RegExp(`in-${HOST}$`));
});

cloudTest('a key that stays the one of before stops it, and a later run writes it', async (world) => {
  leaveBefore(world);
  const now = world.cloud.functionKey;
  world.cloud.functionKey = () => `function-key-in-${ACCOUNT}`;
  await stops(world, [], /function key is still the one of before/);
  world.cloud.functionKey = now;
  assert.equal((await world.run('deploy')).code, 0);
  assert.match(world.hub('codestream').eventHandlers[0].urlTemplate, RegExp(`in-${HOST}$`));
});

cloudTest('the app owns the account of the host, and can do nothing to the page', async (world) => {
  leaveBefore(world);
  await world.run('deploy');
  const { host, storage } = world.ids;
  const app = 'principal codestream-abcdefghijklm';
  assert.deepEqual(rolesAt(world, host), [`${app}: 0319b160aaa3`, `${app}: 0f276bb0955b`]);
  const others = ['deployer: e96b0029c9fe', 'somebody who has deployed: e96b0029c9fe'];
  assert.deepEqual(rolesAt(world, storage), others);
});

cloudTest('no old right goes before the new key is in the hub, and each goes by its id', async (world) => {
  leaveBefore(world);
  const { calls } = await world.run('deploy');
  const at = (pattern) => calls.findIndex((line) => pattern.test(line));
  const gone = at(/--method delete .*Blob Data Owner of before/);
  const order = [
    at(/role assignment create .*codestream0/),
    at(/put .*basicPublishingCredentialsPolicies\/ftp/),
    at(/put .*config\/appsettings/),
    at(/config-zip/),
    at(/--name codestream-hub --template/),
    gone,
  ];
  assert.ok(order.every((index) => index >= 0), `${order}`);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
});

cloudTest('a setting of somebody that names the account of the page keeps what it needs', async (world) => {
  leaveBefore(world);
  delete world.settings.AzureWebJobsStorage__accountName;
  world.settings.AzureWebJobsStorage__blobServiceUri = `https://${ACCOUNT}.blob.example`;
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.match(out, /may still change the page: a setting of its own names codestreamabc/);
  assert.equal(world.settings.AzureWebJobsStorage__accountName, undefined);
  assert.ok(rolesAt(world, world.ids.storage).some((one) => one.startsWith('principal')));
});

cloudTest('passwords cannot publish any more; where somebody lets them again, that stays', async (world) => {
  leaveBefore(world);
  await world.run('deploy');
  const policies = ['scm', 'ftp'].map((way) =>
    world.cloud.get(`${world.ids.app}/basicPublishingCredentialsPolicies/${way}`),
  );
  assert.deepEqual(policies.map(({ properties }) => properties), [{ allow: false }, { allow: false }]);
  policies[0].properties.allow = true;
  const before = world.snapshot();
  await world.run('deploy');
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('versioning and soft delete that somebody has switched on stay, and are told', async (world) => {
  await world.run('deploy', FIRST);
  const { properties } = world.cloud.get(`${world.ids.host}/blobServices/default`);
  properties.isVersioningEnabled = true;
  properties.deleteRetentionPolicy = { enabled: true, days: 7 };
  const before = world.snapshot();
  const { out } = await world.run('deploy');
  assert.match(out, /codestream0\w+ has versioning and soft delete switched on, which stays/);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('--drop-upload-right takes one\'s own right away, and no other', async (world) => {
  leaveBefore(world);
  const { code } = await world.run('deploy', ['--drop-upload-right']);
  assert.equal(code, 0);
  assert.deepEqual(rolesAt(world, world.ids.storage), ['somebody who has deployed: e96b0029c9fe']);
  assert.equal((await world.run('deploy')).code, 0, 'the next run gives it again');
  assert.equal(rolesAt(world, world.ids.storage).length, 2);
});

cloudTest('a right that somebody gave by hand is not taken away', async (world) => {
  await world.run('deploy', FIRST);
  const right = Object.values(world.state.resources).find(({ id }) => /Assignments\/deployer$/.test(id));
  const byHand = world.cloud.put(right.id.replace(/deployer$/, 'by-hand'), { properties: right.properties });
  delete byHand.properties.description;
  world.cloud.remove(right.id);
  world.cloud.giveUpload = () => {};
  const { out } = await world.run('deploy', ['--drop-upload-right']);
  assert.match(out, /was not given by this program, and stays/);
  assert.ok(world.cloud.has(byHand.id));
});

cloudTest('destroy.mjs takes the rights to upload back before the group goes', async (world) => {
  await world.run('deploy', FIRST);
  const { calls } = await world.run('destroy', ['--yes']);
  const at = (pattern) => calls.findIndex((line) => pattern.test(line));
  const back = at(/--method delete .*storageAccounts\/codestreamabc.*roleAssignments\/deployer/);
  assert.ok(back >= 0 && back < at(/group delete/));
});

test('a move that is killed at each command and started again ends as one that was never killed', async () => {
  const begin = () => {
    const world = new World();
    leaveBefore(world);
    return world;
  };
  const whole = begin();
  const { calls } = await whole.run('deploy');
  for (let killAt = 1; killAt <= calls.length; killAt += 1) {
    for (const isDone of endsOf(calls[killAt - 1])) {
      const world = begin();
      await world.run('deploy', [], { killAt, isDone });
      const { code, err } = await world.run('deploy');
      assert.equal(code, 0, err);
      assert.deepEqual(world.snapshot(), whole.snapshot(), `${isDone}: ${calls[killAt - 1]}`);
      world.close();
    }
  }
  whole.close();
});
