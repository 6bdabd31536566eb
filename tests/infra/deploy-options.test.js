// What infra/deploy.mjs refuses before it asks Azure for anything: wrong options, wrong machines.

import assert from 'node:assert/strict';

import { CHANGES } from '../../infra/deployment/plan.mjs';
import { cloudTest, FIRST } from '../lib/azure/test.js';

cloudTest('Windows is refused in one line that names what works', async (world) => {
  const { code, err, calls } = await world.run('deploy', FIRST, { platform: 'win32' });
  assert.equal(code, 1);
  assert.match(err, /^deploy\.mjs: .*WSL.*Cloud Shell.*\n$/);
  assert.deepEqual(calls, []);
});

cloudTest('without the package or the page it says how to make them', async (world) => {
  world.places.zip = '/nowhere/codestream.zip';
  const { code, err, calls } = await world.run('deploy', FIRST);
  assert.equal(code, 1);
  assert.match(err, /codestream\.zip is missing: make package web\/dist\/index\.html/);
  assert.deepEqual(calls, []);
});

const MISUSE = [
  ['--name', 'Code'],
  ['--name', 'ab'],
  ['--name', 'twelveletter'],
  ['--name', '1ab'],
  ['--name', 'a-b-c'],
  ['--sku', 'Free'],
  ['--sku', 'Premium_P'],
  ['--units', '0'],
  ['--units', '1.5'],
  ['--units=-1'],
  ['--sku', 'Free_F1', '--units', '2'],
  ['--sku', 'Standard_S1', '--units', '11'],
  ['--sku', 'Premium_P2', '--units', '50'],
  ['--origin', 'https://a.example/'],
  ['--origin', 'ftp://a'],
  ['--origin', 'https://a","x'],
  ['--origin', 'https://'],
  ['--setting', 'NOT_IN_THE_ENVIRONMENT'],
  ['--setting', '=x'],
  ['--setting', 'A-B=1'],
  ['--setting', 'A:B=1'],
  ['--setting', 'A=two\nlines'],
  ['--setting', 'A='],
  ['--setting', 'CODESTREAM_CLIENT_ENDPOINT=live.example'],
  ['--setting', 'CODESTREAM_CLIENT_ENDPOINT=https://live.example/path'],
  ['--setting', 'CODESTREAM_SECRET=x'],
  ['--setting', 'CODESTREAM_HUB=x'],
  ['--setting', 'CODESTREAM_UNITS=2'],
  ['--setting', 'AzureWebJobsStorage=x'],
  ['--setting', 'CODESTREAM_WRITERS=short'],
  ['--writers', '--setting', 'CODESTREAM_WRITERS=long enough to be one'],
  ['--identity', '--access-key'],
  ['--origin', 'https://a.example', '--remove-origin', 'https://a.example'],
  ['--setting', 'A=1', '--remove-setting', 'A'],
  ['--location'],
  ['--location', ''],
  ['--verbose'],
  ['--memory', '1024'],
  ['westeurope'],
  ['--setting', 'API_TOKEN', 'two and no equals sign'],
  ['--wait', '0'],
  ['--resource-group', 'a/b'],
];

for (const args of MISUSE) {
  cloudTest(
    `refused before anything is done: ${args.join(' ').replace('\n', '\\n')}`,
    async (world) => {
      const { code, err, calls } = await world.run('deploy', args);
      assert.equal(code, 2);
      assert.match(err, /^deploy\.mjs: .+\nTry infra\/deploy\.mjs --help\n$/);
      assert.doesNotMatch(err, /two|long enough|A-B|A:B|NOT_IN|lines|short|https:\/\/a/, 'no value, no name');
      assert.deepEqual(calls, []);
    },
  );
}

cloudTest('what is wrong with a repeated option is told by its position', async (world) => {
  const args = ['--setting', 'A=1', '--setting', 'dGhlIHNlY3JldA', '--remove-setting', 'b'];
  const { err } = await world.run('deploy', args);
  assert.match(err, /--setting number 2 \(not shown.*the environment has no variable of this name/);
  assert.ok(!err.includes('dGhlIHNlY3JldA'));
});

cloudTest('--help has each change that a second run makes, with its reason', async (world) => {
  const { out } = await world.run('deploy', ['--help']);
  const words = out.replaceAll(/\s+/g, ' ');
  for (const [what, why] of Object.entries(CHANGES)) assert.ok(words.includes(`${what} ${why}`), what);
  for (const line of out.split('\n')) assert.ok(line.length <= 102, line);
});

for (const CODESTREAM_SECRET of ['tooshort', `with a line break\n${'x'.repeat(32)}`]) {
  cloudTest(
    `a secret that cannot be one is refused, and not shown: ${JSON.stringify(CODESTREAM_SECRET)}`,
    async (world) => {
      const { code, err } = await world.run('deploy', FIRST, { env: { CODESTREAM_SECRET } });
      assert.equal(code, 2);
      assert.ok(!err.includes(CODESTREAM_SECRET));
    },
  );
}
