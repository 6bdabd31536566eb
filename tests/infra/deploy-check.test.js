// The last step of infra/deploy.mjs: a check by a client. What it says decides how the run ends.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';

import { spawnCheck } from '../../infra/deployment/client.mjs';
import { cloudTest, FIRST, stops } from '../lib/azure/test.js';

const WORD = 'CODESTREAM_WRITERS';
const API = 'https://codestream-abcdefghijklm.example';

cloudTest('the check comes last, and each of its lines is shown', async (world) => {
  world.checkSays = ['ok    negotiate opens a room', 'ok    a change of one is seen by the other'];
  const { code, out } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.deepEqual(world.checked, { file: world.places.check, args: [API], env: {} });
  assert.match(out, /\nCheck by a client\n {2}ok {4}negotiate opens[^]*seen by the other\n\nCodestream is at/);
  assert.doesNotMatch(out, /not seen/);
});

cloudTest('it gets the word for writers in its environment, and the word is not printed', async (world) => {
  const word = 'sixteen characters or more';
  world.checkSays = [`it said ${word}`];
  const run = await world.run('deploy', [...FIRST, '--setting', WORD], { env: { [WORD]: word } });
  assert.deepEqual(world.checked.env, { [WORD]: word });
  assert.ok(!(run.out + run.err).includes(word));
  await world.run('deploy', ['--remove-setting', WORD]);
  assert.deepEqual(world.checked.env, {});
});

cloudTest('a word that stands in a Key Vault cannot be tried, which is said', async (world) => {
  await world.run('deploy', FIRST);
  world.settings[WORD] = '@Microsoft.KeyVault(SecretUri=https://v.example/secrets/w)';
  world.checked = undefined;
  const { code, out } = await world.run('deploy');
  assert.equal(code, 0);
  assert.equal(world.checked, undefined);
  assert.match(out, /not seen: whether events arrive, as the word[^]*CODESTREAM_WRITERS=… node build\/check\.cjs https/);
});

cloudTest('a check that fails stops the run, says that all is deployed, and names the doctor', async (world) => {
  world.checkCode = 1;
  world.checkSays = ['FAIL  a client cannot connect'];
  const { out } = await stops(world, FIRST, /stopped at: Check by a client[^]*All of it is deployed: https:[^]*doctor\.mjs/);
  assert.match(out, /FAIL {2}a client cannot connect/);
  world.checkCode = 0;
  assert.equal((await world.run('deploy')).code, 0);
});

cloudTest('a service that is full is no failure, and the last line says what was not seen', async (world) => {
  world.checkCode = 4;
  const { code, out } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.match(out, /\n {2}not seen: whether events arrive, as the service has no place left: .*\n$/);
});

cloudTest('--no-doctor leaves it out, needs no file for it, and the last line says so', async (world) => {
  world.places.check = '/nowhere/check.cjs';
  const { code, out } = await world.run('deploy', [...FIRST, '--no-doctor']);
  assert.equal(code, 0);
  assert.equal(world.checked, undefined);
  assert.match(out, /\n {2}not seen: whether events arrive \(--no-doctor\): node build\/check\.cjs https.*\n$/);
  const without = await world.run('deploy');
  assert.match(without.err, /check\.cjs is missing: make package/);
});

cloudTest('it runs as a process of its own, with no other word than the one that it is given', async (world) => {
  writeFileSync(world.places.check, "console.log(process.env.CODESTREAM_WRITERS); console.error('e'); process.exit(4)");
  const lines = [];
  const check = spawnCheck({ ...process.env, [WORD]: 'of outside' });
  const tell = (line) => lines.push(line);
  assert.deepEqual(await check(world.places.check, [], { [WORD]: 'of the app' }, tell), { code: 4, isLate: false });
  await check(world.places.check, [], {}, tell);
  assert.deepEqual(lines.sort(), ['e', 'e', 'of the app', 'undefined']);
});
