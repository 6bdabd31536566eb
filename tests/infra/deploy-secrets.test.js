// The secret, settings that are secret, and the word for writers: made, kept, set, and shown to nobody
// who is not meant to see them.

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { cloudTest, FIRST } from '../lib/azure/test.js';

const SECRET = 'a secret of "our own", with \\ in it, long enough';
const WORD = 'CODESTREAM_WRITERS';

cloudTest(
  'the secret is long, new each time, kept by later runs, and only in a private file',
  async (world) => {
    const runs = [
      await world.run('deploy', FIRST),
      await world.run('deploy', [...FIRST, '--resource-group', 'two']),
    ];
    const first = world.settings.CODESTREAM_SECRET;
    const second = world.cloud.get(`${world.cloud.ids('two', 'codestream').app}/config/appsettings`)
      .properties.CODESTREAM_SECRET;
    assert.match(first, /^[0-9a-f]{64}$/);
    assert.notEqual(first, second);
    assert.equal(world.cloud.given.mode, '600');
    runs.push(await world.run('deploy'));
    assert.equal(world.settings.CODESTREAM_SECRET, first);
    const text = JSON.stringify(runs);
    for (const secret of [first, second, 'first-key-of-the-service'])
      assert.ok(!text.includes(secret));
  },
);

cloudTest('CODESTREAM_SECRET is taken as it is, whatever characters are in it', async (world) => {
  await world.run('deploy', FIRST);
  const run = await world.run('deploy', [], { env: { CODESTREAM_SECRET: SECRET } });
  assert.equal(world.settings.CODESTREAM_SECRET, SECRET);
  assert.ok(!JSON.stringify(run).includes('of our own'));
});

cloudTest('--new-secret makes another one', async (world) => {
  await world.run('deploy', FIRST);
  const before = world.settings.CODESTREAM_SECRET;
  await world.run('deploy', ['--new-secret']);
  assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
  assert.notEqual(world.settings.CODESTREAM_SECRET, before);
});

cloudTest('--setting is in no command, and in no error of az', async (world) => {
  await world.run('deploy', FIRST);
  const options = ['--setting', 'API_TOKEN'];
  world.faults = [
    {
      match: /^rest --method put/,
      answer: {
        code: 1,
        stderr: 'ERROR: Bad Request({"error": {"message": "API_TOKEN my-s3cret is wrong"}})',
      },
    },
  ];
  const { code, calls, out, err } = await world.run('deploy', options, {
    env: { API_TOKEN: 'my-s3cret' },
  });
  assert.equal(code, 1);
  assert.match(err, /API_TOKEN … is wrong/);
  assert.ok(!JSON.stringify([calls, out, err]).includes('my-s3cret'));
});

cloudTest('--writers makes a word, sets it, and shows it once on a terminal', async (world) => {
  const { out } = await world.run('deploy', [...FIRST, '--writers'], { typed: '' });
  const word = world.settings[WORD];
  assert.match(word, /^[\w-]{20}$/);
  assert.equal(out.split(word).length, 2, 'once');
  const again = await world.run('deploy', [], { typed: '' });
  assert.equal(world.settings[WORD], word);
  assert.ok(!again.out.includes(word) && !again.out.includes('[Y/n]'));
  assert.match(again.out, /started by whoever knows the word/);
});

cloudTest(
  'without a terminal --writers shows no word, but the command that reads it',
  async (world) => {
    const { out, err } = await world.run('deploy', [...FIRST, '--writers']);
    assert.ok(!(out + err).includes(world.settings[WORD]));
    assert.match(
      out,
      /appsettings list --resource-group codestream --name codestream-abcdefghijklm[^]*CODESTREAM_WRITERS/,
    );
  },
);

for (const [typed, isMade] of [
  ['\n', true],
  ['y\n', true],
  ['n\n', false],
  ['No\n', false],
]) {
  cloudTest(
    `a person who deploys for the first time is asked for a word: ${JSON.stringify(typed)}`,
    async (world) => {
      const { out } = await world.run('deploy', FIRST, { typed });
      assert.match(out, /Who may start a stream\?[^]*Make a word for writers\? \[Y\/n\]/);
      assert.equal(WORD in world.settings, isMade);
      assert.match(out, isMade ? /shown this once/ : /started by anybody who can open the page/);
    },
  );
}

cloudTest(
  'nobody is asked for a word without a terminal, nor if --setting gives it',
  async (world) => {
    assert.doesNotMatch((await world.run('deploy', FIRST)).out, /\[Y\/n\]/);
    assert.equal(world.settings[WORD], undefined);
    const other = ['--resource-group', 'two', ...FIRST, '--setting', WORD];
    const { out } = await world.run('deploy', other, {
      typed: '',
      env: { [WORD]: 'sixteen characters' },
    });
    assert.doesNotMatch(out, /\[Y\/n\]/);
  },
);

cloudTest('between two tries there is no private file', async (world) => {
  const seen = [];
  const sleep = world.clock.sleep.bind(world.clock);
  world.clock.sleep = (ms) => {
    for (const folder of readdirSync(world.temporary)) {
      if (folder.startsWith('codestream-')) seen.push(...readdirSync(join(world.temporary, folder)));
    }
    return sleep(ms);
  };
  await world.run('deploy', FIRST);
  world.faults = [{ match: /--method put .*appsettings/, nth: [1, 2], answer: 'restBusy' }];
  const { code, out } = await world.run('deploy', ['--setting', 'A=one two three']);
  assert.equal(code, 0);
  assert.match(out, /trying again/);
  assert.equal(world.settings.A, 'one two three');
  assert.deepEqual(seen.filter((name) => /private/.test(name)), []);
});
