// What the templates refuse, and that the program refuses the same, and sends nothing that they refuse.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { readOptions, SKUS, unitsProblem } from '../../infra/deployment/options.mjs';
import { leaveBefore } from '../lib/azure/before.js';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { giveService, WITH } from '../lib/azure/theirs.js';
import { test } from '../lib/test.js';
import { parse } from '../upload/bicep.js';
import { evaluate, refusals } from '../upload/bicep-values.js';

const template = async (name) => parse(await readFile(new URL(`../../infra/${name}.bicep`, import.meta.url), 'utf8'));
const [main, hub] = [await template('main'), await template('hub')];
const SECRET = 'x'.repeat(32);

/** `packages` is the name of a container that is in every deployment: its value ends one with a problem. */
const refused = (values) => refusals(main, { secret: SECRET, ...values }, 'packages');

const refusedByProgram = (...argv) => {
  try {
    readOptions(argv, { ONE: 'value' });
    return false;
  } catch {
    return true;
  }
};

test('a secret is all that the template wants', () => {
  assert.deepEqual(refused({}), []);
  assert.deepEqual(refusals(main, {}, 'packages'), ['secret is missing']);
  assert.deepEqual(main.resource.packageContainer.value.entries.name, { is: 'name', name: 'packages' });
  assert.ok(!main.resource.packageContainer.condition, 'it is in every deployment');
});

test('each tier has the units that it can have, for the template as for the program', () => {
  const taken = Object.fromEntries(SKUS.map((sku) => [sku, []]));
  for (const sku of SKUS) {
    const units = evaluate(main.var.unitsOf.value, main, {})[sku];
    for (let count = -1; count <= 1101; count += 1) {
      const isRight = units.includes(count);
      assert.equal(unitsProblem(sku, count) === '', isRight, `${sku}, ${count} units`);
      if (isRight) taken[sku].push(count);
    }
  }
  const few = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100];
  assert.deepEqual(taken, {
    Free_F1: [1],
    Standard_S1: few,
    Premium_P1: few,
    Premium_P2: [100, 200, 300, 400, 500, 600, 700, 800, 900, 1000],
  });
});

for (const [sku, units, says] of [
  ['Free_F1', 2, /^Free_F1 cannot have 2 units$/],
  ['Free_F1', 0, /minValue/],
  ['Standard_S1', 11, /^Standard_S1 cannot have 11 units$/],
  ['Standard_S1', 110, /110 units/],
  ['Premium_P1', 25, /25 units/],
  ['Premium_P2', 1, /1 units/],
  ['Premium_P2', 150, /150 units/],
  ['Premium_P2', 1100, /maxValue/],
  ['Basic_B1', 1, /sku: allowed/],
]) {
  test(`template and program refuse ${sku} with ${units} units`, () => {
    assert.match(refused({ sku, units }).join(), says);
    assert.ok(refusedByProgram('--sku', sku, '--units', String(units)));
  });
}

/** [which, the option, what is right, what is wrong] */
const NAMES = [
  ['name', '--name', ['abc', 'codestream', 'a1b2c3d4e5f'],
    ['ab', 'abcdefghijkl', '1abc', 'Abc', 'a-bc', 'a_bc', 'Code_Stream', 'abé', 'ab c']],
  ['hub', '--hub', ['a', 'Z', 'my_hub', 'Hub2', `a${'_'.repeat(127)}`],
    ['my-hub!', '_hub', '2hub', 'hub.a', 'hüb', 'a b', `a${'b'.repeat(128)}`]],
];
for (const [parameter, option, right, wrong] of NAMES) {
  test(`template and program take the same for ${option}`, () => {
    for (const one of right) {
      assert.deepEqual(refused({ [parameter]: one }), [], one);
      assert.ok(!refusedByProgram(option, one), one);
    }
    for (const one of ['', ...wrong]) {
      assert.equal(refused({ [parameter]: one }).length, 1, one);
      assert.ok(refusedByProgram(option, one), one);
    }
  });
}

test('template and program refuse a colon in the name of a setting', () => {
  assert.deepEqual(refused({ extraSettings: { ONE: 'a:b', TWO__THREE: 'c' } }), []);
  assert.match(refused({ extraSettings: { ONE: 'a', 'TWO:THREE': 'a secret' } }).join(), /^a setting has a : in its name/);
  assert.ok(!refusedByProgram('--setting', 'ONE=a:b'));
  assert.ok(refusedByProgram('--setting', 'TWO:THREE=a'));
});

test('all that is wrong is told at once', () => {
  const [all] = refused({ sku: 'Free_F1', units: 3, name: 'a-b', hub: '2', extraSettings: { 'a:b': '' } });
  assert.equal(all.split('; ').length, 4, all);
});

test('memory and secret: what one refuses, the other refuses', () => {
  for (const memory of [512, 2048, 4096]) assert.deepEqual(refused({ memory }), []);
  for (const memory of [0, 511, 1024, 8192]) {
    assert.deepEqual(refused({ memory }), ['memory: allowed']);
    assert.ok(refusedByProgram('--memory', String(memory)));
  }
  assert.deepEqual(refused({ secret: 'x'.repeat(31) }), ['secret: minLength']);
  assert.throws(() => readOptions([], { CODESTREAM_SECRET: 'x'.repeat(31) }), /fewer than 32/);
});

test('what is kept may be left out, and has its types', () => {
  const setting = { name: 'ONE', value: 'two' };
  for (const kept of [{}, { settings: [] }, { origins: ['https://a.example'] }, { settings: [setting], origins: [] }]) {
    assert.deepEqual(refused({ kept }), [], JSON.stringify(kept));
  }
  for (const kept of [[], 'kept', { other: [] }, { origins: 'https://a.example' }, { origins: [1] }, { settings: {} },
    { settings: [{ name: 'ONE' }] }, { settings: [{ ...setting, value: 1 }] }, { settings: [{ ...setting, more: '' }] }]) {
    assert.deepEqual(refused({ kept }), ['kept has another type'], JSON.stringify(kept));
  }
});

const RUNS = [
  ['at first', [FIRST]],
  ...SKUS.slice(1).map((sku) => [`with ${sku}`, [[...FIRST, '--sku', sku, ...(sku === 'Premium_P2' ? ['--units', '1000'] : [])]]]),
  ['with an identity, its own names, memory, origins and settings', [[...FIRST, '--identity', '--name', 'mine', '--hub', 'My_2',
    '--memory', '512', '--origin', 'https://a.example', '--setting', 'ONE=a:b', '--writers', '--keep-days', '3']]],
  ['again, when the app was deleted', [FIRST, ['--new-secret']]],
  ["with somebody's service", [[...FIRST, ...WITH]], giveService],
  ['over what the programs of before have left', [[]], leaveBefore],
];
for (const [when, runs, prepare] of RUNS) {
  cloudTest(`the templates take what deploy.mjs sends ${when}`, async (world) => {
    prepare?.(world);
    for (const [index, argv] of runs.entries()) {
      if (index > 0) delete world.state.resources[world.ids.app.toLowerCase()];
      const { code, err } = await world.run('deploy', argv);
      assert.equal(code, 0, err);
      assert.deepEqual(refusals(main, world.cloud.given.codestream, 'packages'), []);
      assert.deepEqual(refusals(hub, world.cloud.given['codestream-hub']), []);
    }
  });
}
