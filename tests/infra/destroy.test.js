// infra/destroy.mjs: what it lists, whom it asks, what it deletes, and what it leaves alone.

import assert from 'node:assert/strict';

import { cloudTest, FIRST } from '../lib/azure/test.js';

const isGone = (world) =>
  !world.state.groups.codestream && Object.keys(world.state.resources).length === 0;

cloudTest(
  'destroy.mjs lists the group, deletes it when its name is typed, and waits until it is gone',
  async (world) => {
    await world.run('deploy', FIRST);
    world.cloud.put(world.ids.app.replace(/codestream-\w+$/, 'somebody-elses'), {
      location: 'westeurope',
      properties: {},
    });
    const { code, out } = await world.run('destroy', [], { typed: 'codestream\n' });
    assert.equal(code, 0);
    assert.match(out, /microsoft\.web\/sites {2}codestream-abcdefghijklm\n/);
    assert.match(out, /somebody-elses {3}\(deploy\.mjs did not make this\)/);
    assert.match(out, /waiting for the group to be gone \(\d+ s\)\nDeleted\.\n$/);
    assert.ok(isGone(world));
  },
);

cloudTest(
  'the logs are deleted for good first, so that another region may have their name',
  async (world) => {
    await world.run('deploy', FIRST);
    const { calls, out } = await world.run('destroy', ['--yes']);
    const logs = calls.findIndex(
      (line) =>
        line.startsWith('rest --method delete')
        && line.includes('/workspaces/codestream-abcdefghijklm?')
        && line.includes('&force=true'),
    );
    assert.ok(logs > 0 && logs < calls.findIndex((line) => line.startsWith('group delete')));
    assert.match(out, /Deleting the logs codestream-abcdefghijklm for good/);
  },
);

for (const typed of ['yes\n', '', 'codestrea\n']) {
  cloudTest(`destroy.mjs deletes nothing when ${JSON.stringify(typed)} is typed`, async (world) => {
    await world.run('deploy', FIRST);
    const before = world.snapshot();
    const { code, err } = await world.run('destroy', [], { typed });
    assert.equal(code, 1);
    assert.match(err, /Nothing was deleted/);
    assert.deepEqual(world.snapshot(), before);
  });
}

cloudTest('without a terminal nobody is asked: an error names the option', async (world) => {
  await world.run('deploy', FIRST);
  const { code, err } = await world.run('destroy');
  assert.equal(code, 1);
  assert.match(err, /--yes deletes without asking/);
  assert.equal((await world.run('destroy', ['--yes'])).code, 0);
  assert.ok(isGone(world));
});

cloudTest('destroy.mjs leaves a group alone that deploy.mjs did not make', async (world) => {
  world.state.groups.codestream = { location: 'westeurope', tags: {} };
  const { code, err } = await world.run('destroy', ['--yes']);
  assert.equal(code, 1);
  assert.match(err, /no tag application=codestream/);
  assert.deepEqual(Object.keys(world.state.groups), ['codestream']);
});

cloudTest('destroy.mjs has nothing to do without a group', async (world) => {
  const { code, out, calls } = await world.run('destroy', ['--yes']);
  assert.equal(code, 0);
  assert.match(out, /nothing to do/);
  assert.equal(calls.length, 3);
});

cloudTest(
  'a deletion that has begun is waited for; one that takes too long ends with 3',
  async (world) => {
    await world.run('deploy', FIRST);
    world.cloud.deleteGroup('codestream');
    world.state.groups.codestream.until = Infinity;
    const late = await world.run('destroy', ['--yes', '--wait', '1']);
    assert.equal(late.code, 3);
    assert.match(late.err, /still deleting the group after \d+ s/);
    assert.equal(
      (await world.run('deploy', FIRST)).code,
      3,
      'nothing is made in a group that is going',
    );
    world.state.groups.codestream.until = 0;
    assert.equal((await world.run('destroy', ['--yes'])).code, 0);
  },
);

cloudTest('a lock stops it, and is named', async (world) => {
  await world.run('deploy', FIRST);
  world.faults = [
    {
      match: /--method delete/,
      answer: { code: 1, stderr: 'ERROR: Conflict({"error":{"code":"ScopeLocked"}})\n' },
    },
  ];
  const { code, err } = await world.run('destroy', ['--yes']);
  assert.equal(code, 1);
  assert.match(err, /az lock list/);
});

cloudTest('destroy.mjs --dry-run prints the commands, and deletes nothing', async (world) => {
  await world.run('deploy', FIRST);
  const before = world.snapshot();
  const { code, out, calls } = await world.run('destroy', ['--dry-run']);
  assert.equal(code, 0);
  assert.match(out, /\naz group delete --name codestream --yes --no-wait /);
  assert.match(out, /\naz rest --method delete --url .*force=true/);
  assert.deepEqual(calls, []);
  assert.deepEqual(world.snapshot(), before);
});

for (const args of [['--everything'], ['--wait', 'x'], ['codestream'], ['--resource-group']]) {
  cloudTest(`destroy.mjs refuses ${args.join(' ')}`, async (world) => {
    const { code, err } = await world.run('destroy', args);
    assert.equal(code, 2);
    assert.match(err, /^destroy\.mjs: .+\nTry infra\/destroy\.mjs --help\n$/);
  });
}

cloudTest('one 404 of a group that is there is not taken for none', async (world) => {
  await world.run('deploy', FIRST);
  const before = world.snapshot();
  world.faults = [{ match: /^group show/, nth: [1, 1], answer: { code: 3 } }];
  const { code, err } = await world.run('destroy', ['--yes']);
  assert.equal(code, 1);
  assert.match(err, /is there, and that it is not/);
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('logs whose tag a policy took away are deleted for good as well', async (world) => {
  await world.run('deploy', FIRST);
  delete world.cloud.get(world.ids.logs).tags;
  const { calls } = await world.run('destroy', ['--yes']);
  assert.ok(calls.some((line) => /--method delete .*workspaces.*force=true/.test(line)));
});

cloudTest('a list of resources that is none stops it in words', async (world) => {
  await world.run('deploy', FIRST);
  world.faults = [{ match: /^resource list/, answer: { stdout: 'null' } }];
  const { code, err } = await world.run('destroy', ['--yes']);
  assert.equal(code, 1);
  assert.match(err, /answered with no list: the list of resources/);
});
