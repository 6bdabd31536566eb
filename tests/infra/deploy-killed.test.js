// infra/deploy.mjs and destroy.mjs, ended as by SIGKILL at each command in turn, before it took
// effect and after, and started again: they end as if they had never been killed.

import assert from 'node:assert/strict';

import { endsOf, FIRST } from '../lib/azure/test.js';
import { World } from '../lib/azure/world.js';
import { test } from '../lib/test.js';

const NAMED = { CODESTREAM_SECRET: 'of our own, so that it is the same each time' };

/** What there is before the run that is killed, and that run. */
const RUNS = [
  ['a first deployment', [], ['deploy', FIRST]],
  [
    'a first deployment with all options',
    [],
    [
      'deploy',
      [
        ...FIRST,
        '--identity',
        '--sku',
        'Standard_S1',
        '--units',
        '2',
        '--origin',
        'https://a.example',
        '--setting',
        'A=1',
      ],
    ],
  ],
  ['a second deployment', [['deploy', FIRST]], ['deploy', []]],
  [
    'a change of tier, to an identity, with settings and kept texts',
    [['deploy', FIRST]],
    [
      'deploy',
      [
        '--keep-days',
        '7',
        '--sku',
        'Standard_S1',
        '--units',
        '2',
        '--identity',
        '--origin',
        'https://a.example',
        '--setting',
        'A=1',
      ],
    ],
  ],
  [
    'the way back',
    [['deploy', [...FIRST, '--identity', '--sku', 'Standard_S1']]],
    ['deploy', ['--access-key', '--sku', 'Free_F1']],
  ],
  ['the end of it', [['deploy', FIRST]], ['destroy', ['--yes']]],
];

/** What is there when all this has been done; one of many worlds that begin with it. */
async function after(runs) {
  const world = new World();
  for (const [program, argv] of runs) await again(world, program, argv);
  world.close();
  return () => new World({ state: structuredClone(world.state), ms: world.clock.ms });
}

async function again(world, program, argv) {
  const { code, err } = await world.run(program, argv, { env: NAMED });
  assert.equal(code, 0, err);
}

for (const [what, before, [program, argv]] of RUNS) {
  test(`${what}, killed at each command and started again, ends as if never killed`, async () => {
    const begin = await after(before);
    const whole = begin();
    const { calls } = await whole.run(program, argv, { env: NAMED });
    const wanted = whole.snapshot();
    whole.close();
    assert.ok(calls.length > 5);
    for (let killAt = 1; killAt <= calls.length; killAt += 1) {
      for (const isDone of endsOf(calls[killAt - 1])) {
        const world = begin();
        const { code } = await world.run(program, argv, { env: NAMED, killAt, isDone });
        if (code !== 'killed') assert.equal(code, 0); // by then all had been waited for
        await again(world, program, argv);
        assert.deepEqual(
          world.snapshot(),
          wanted,
          `${isDone ? 'after' : 'before'} ${killAt}: ${calls[killAt - 1]}`,
        );
        world.close();
      }
    }
  });
}

test('a first deployment that is killed and started again keeps the secret that it has made', async () => {
  const whole = new World();
  const { calls } = await whole.run('deploy', FIRST);
  whole.close();
  for (let killAt = 1; killAt <= calls.length; killAt += 1) {
    if (!endsOf(calls[killAt - 1]).includes(true)) continue;
    const world = new World();
    await world.run('deploy', FIRST, { killAt, isDone: true });
    world.clock.ms += 60_000;
    const made =
      world.cloud.has(`${world.ids.app}/config/appsettings`) && world.settings.CODESTREAM_SECRET;
    assert.equal((await world.run('deploy', FIRST)).code, 0);
    if (made) assert.equal(world.settings.CODESTREAM_SECRET, made, calls[killAt - 1]);
    assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
    world.close();
  }
});
