// infra/deploy.mjs when Azure, az or a network is in the way: it waits, goes on or stops, and says why.
// What az says is what it has said (tests/lib/azure/az-answers.json).

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';

import { cloudTest, FIRST, stops } from '../lib/azure/test.js';
import { World } from '../lib/azure/world.js';
import { test } from '../lib/test.js';

const APP = 'codestream-abcdefghijklm';
// ---- deployments that are active, fail, or are not heard of ----

cloudTest(
  'a deployment of before that is still active is waited for, and how to cancel it is said',
  async (world) => {
    await world.run('deploy', FIRST);
    world.cloud.startDeployment('codestream', 'codestream-hub', '', {
      functionApp: APP,
      webPubSub: APP,
      hub: 'codestream',
      storage: 'codestreamabcdefghijklm',
      kept: { eventHandlers: [] },
    });
    const { code, out } = await world.run('deploy');
    assert.equal(code, 0);
    assert.match(
      out,
      /codestream-hub of before is still active; to cancel it:\n +az deployment group cancel .*codestream-hub/,
    );
  },
);

cloudTest(
  'az crashes over a deployment that somebody else has begun: it waits, and then begins',
  async (world) => {
    world.faults = [
      {
        match: /^deployment group create .*--name codestream --/,
        nth: [1, 1],
        answer: 'deploymentActive',
      },
    ];
    const { code, err } = await world.run('deploy', FIRST);
    assert.equal(err, '');
    assert.equal(code, 0);
  },
);

cloudTest(
  'Azure is not done when patience is over: exit 3, and how to cancel it',
  async (world) => {
    world.cloud.nextDeployment = { until: Infinity };
    const { code, err, out } = await world.run('deploy', [...FIRST, '--wait', '2']);
    assert.equal(code, 3);
    assert.match(out, /waiting for the deployment of the resources \(\d+ s\)/);
    assert.match(
      err,
      /still active in Azure after \d+ s[^]*az deployment group cancel --resource-group codestream --name codestream/,
    );
    const again = await world.run('deploy', [...FIRST, '--wait', '1']);
    assert.equal(again.code, 3);
    assert.ok(!again.calls.some((line) => line.startsWith('deployment group create')));
  },
);

for (const isDone of [true, false]) {
  cloudTest(
    `no answer to the start of a deployment, which Azure has ${isDone ? '' : 'not '}taken`,
    async (world) => {
      world.faults = [
        { match: /^deployment group create/, nth: [1, 1], isDone, answer: { isLate: true } },
      ];
      const { code, calls } = await world.run('deploy', FIRST);
      assert.equal(code, 0);
      const started = calls.filter((line) =>
        /^deployment group create .*--name codestream --/.test(line),
      );
      assert.equal(started.length, isDone ? 1 : 2);
    },
  );
}

const FAILURES = [
  [
    'RequestDisallowedByPolicy',
    'Resource was disallowed by policy.',
    /disallowed by policy[^]*policy of your organisation/,
  ],
  [
    'AuthorizationFailed',
    'does not have authorization to perform action roleAssignments/write',
    /User Access\s+Administrator/,
  ],
  ['LocationNotAvailableForResourceType', 'not available for resource type', /another --location/],
  ['InvalidTemplate', "The name 'deployer' does not exist", /az bicep upgrade/],
  [
    'SubscriptionQuota',
    'This region has quota of 0 instances for your subscription.',
    /quota is used up/i,
  ],
];
for (const [code, message, says] of FAILURES) {
  cloudTest(
    `a deployment that fails for good (${code}) says why, and what to do`,
    async (world) => {
      const inner = JSON.stringify({ error: { code, message } });
      world.cloud.nextDeployment = {
        fails: {
          error: {
            code: 'DeploymentFailed',
            message: 'At least one failed.',
            details: [{ code: 'Conflict', message: inner }],
          },
        },
      };
      const { calls } = await stops(world, FIRST, says);
      assert.equal(calls.filter((line) => line.startsWith('deployment group create')).length, 1);
      assert.deepEqual(world.state.resources, {});
      assert.equal((await world.run('deploy', FIRST)).code, 0);
    },
  );
}

cloudTest(
  'a first deployment that failed halfway is finished by the next run, with a secret of its own',
  async (world) => {
    world.cloud.nextDeployment = {
      fails: { makes: ['service', 'storage', 'app'], error: { code: 'X', message: 'no' } },
    };
    await stops(world, FIRST, /X: no/);
    const { code } = await world.run('deploy', FIRST);
    assert.equal(code, 0);
    assert.match(world.settings.CODESTREAM_SECRET, /^[0-9a-f]{64}$/);
  },
);

cloudTest(
  'the key of the function cannot be read yet: the hub is tried again, at its start and at its end',
  async (world) => {
    world.faults = [
      { match: /^deployment group create .*codestream-hub/, nth: [1, 1], answer: 'hostRuntime' },
    ];
    assert.equal((await world.run('deploy', FIRST)).code, 0);
    world.faults = [];
    world.cloud.nextDeployment = {
      fails: {
        error: {
          code: 'BadRequest',
          message: 'Encountered an error (InternalServerError) from host runtime.',
        },
      },
    };
    const { code, out } = await world.run('deploy');
    assert.equal(code, 0);
    assert.match(out, /not yet \(BadRequest: Encountered an error/);
  },
);

cloudTest('a deployment that met another operation is tried again', async (world) => {
  const message = 'Cannot modify this site because another operation is in progress.';
  world.cloud.nextDeployment = { fails: { error: { code: 'Conflict', message } } };
  const { code, out } = await world.run('deploy', FIRST);
  assert.equal(code, 0);
  assert.match(out, /not yet \(Conflict: Cannot modify/);
});

cloudTest(
  'somebody has the right to upload already: the deployment does without giving it',
  async (world) => {
    world.cloud.nextDeployment = {
      fails: { error: { code: 'RoleAssignmentExists', message: 'It exists.' } },
    };
    const { code, calls } = await world.run('deploy', FIRST);
    assert.equal(code, 0);
    assert.ok(calls.some((line) => /^deployment group create .* uploads=false /.test(line)));
  },
);

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

for (const [what, answer] of [
  ['no answer', { isLate: true }],
  ['an error', 'kuduBusy'],
]) {
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

for (const status of [-1, 3, 5, 6]) {
  cloudTest(`a package that was taken and then failed (Kudu says ${status}) is an error`, async (world) => {
    const failed = { stdout: JSON.stringify({ id: 'new', status, status_text: 'out of disk' }) };
    world.faults = [
      { match: ZIP, isDone: true, answer: { isLate: true } },
      { match: /api\/deployments\/latest/, nth: [2, 9], answer: failed },
    ];
    await stops(world, FIRST, /its deployment failed: out of disk/);
  });
}

const KUDU = /api\/deployments\/latest/;

for (const [when, nth] of [
  ['before the package is sent', [1, 3]],
  ['after it was sent', [2, 99]],
]) {
  cloudTest(`Kudu cannot be read ${when}: the old package does not pass for the new one`, async (world) => {
    await world.run('deploy', FIRST);
    world.faults = [
      { match: ZIP, answer: 'kuduBusy' },
      { match: KUDU, nth, answer: 'restBusy' },
    ];
    const { calls } = await stops(world, [], /not known whether the package was taken/);
    assert.equal(calls.filter((line) => ZIP.test(line)).length, 1);
  });
}

cloudTest('a package that stays on its way is not taken for one that has arrived', async (world) => {
  const stdout = JSON.stringify({ id: 'new', status: 1 });
  world.faults = [
    { match: ZIP, isDone: true, answer: { isLate: true } },
    { match: KUDU, nth: [2, 999], answer: { stdout } },
  ];
  const { code, err } = await world.run('deploy', FIRST);
  assert.equal(code, 3);
  assert.match(err, /still unpacking the package after 600 s/);
});

cloudTest('a 404 after the package was taken: Kudu is asked, and it is not sent again', async (world) => {
  world.faults = [{ match: ZIP, isDone: true, answer: 'restNotFound' }];
  const { code, calls, err } = await world.run('deploy', FIRST);
  assert.equal(code, 0, err);
  assert.equal(calls.filter((line) => ZIP.test(line)).length, 1);
});

cloudTest(
  'a handler that never answers stops it, with a hint to the log, and no hub is made',
  async (world) => {
    world.faults = [{ match: /negotiate/, answer: 'restBusy' }];
    const { calls } = await stops(
      world,
      FIRST,
      /the last answer was: Service Unavailable[^]*--resource-group codestream --workspace-name codestream-/,
    );
    assert.ok(!calls.some((line) => /^deployment group create .*codestream-hub/.test(line)));
  },
);

// ---- sign-in ----

for (const [command, answer] of [
  [ZIP, 'assertionOver'],
  [/get-access-token .*storage/, 'assertionOver'],
  [/^account show/, 'signedOut'],
  [/^storage blob upload/, 'assertionOver'],
]) {
  cloudTest(
    `a sign-in that is over (${command.source}) stops it at once, and says what to do`,
    async (world) => {
      world.faults = [{ match: command, answer }];
      const { calls } = await stops(world, FIRST, /Sign in again: az login/);
      assert.equal(calls.filter((line) => command.test(line)).length, 1);
      assert.deepEqual(
        world.clock.slept.filter((ms) => ms === 30_000),
        [],
      );
    },
  );
}

test('az that is not installed, and one that is too old, are told', async (t) => {
  for (const [answer, says] of [
    [{ code: 'ENOENT' }, /az is not installed[^]*Install the Azure CLI/],
    ...['2.9.1', '2.45.0', '2.59.0', '1.0.0', '0.10.4'].map((version) => [
      { stdout: JSON.stringify({ 'azure-cli': version }) },
      /is too old, 2\.60 or newer/,
    ]),
  ]) {
    await t.test(JSON.stringify(answer), async () => {
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
  assert.equal(
    calls.filter((line) => line.startsWith('storage blob service-properties show')).length,
    1,
    'only that',
  );
});

cloudTest('network rules of the account are no matter of time', async (world) => {
  world.faults = [{ match: /^storage blob service-properties/, answer: 'networkRules' }];
  const { calls } = await stops(
    world,
    FIRST,
    /network rules of the storage account keep this machine out/,
  );
  assert.equal(calls.filter((line) => line.startsWith('storage blob')).length, 1);
});

cloudTest('a file that is gone already does not bring the whole page up again', async (world) => {
  await world.run('deploy', FIRST);
  world.state.blobs.codestreamabcdefghijklm['old.js'] = ['', '', '', ''];
  await world.run('deploy');
  world.clock.ms += 24 * 3_600_000;
  world.faults = [{ match: /^storage blob delete/, isDone: true, answer: 'blobGone' }];
  const { code, calls } = await world.run('deploy');
  assert.equal(code, 0);
  assert.equal(calls.filter((line) => line.startsWith('storage blob delete')).length, 1);
  assert.equal(calls.filter((line) => line.startsWith('storage blob upload-batch')).length, 4, 'the page and the list');
});

cloudTest('storage that is broken is given up within minutes', async (world) => {
  world.faults = [
    {
      match: /^storage blob list/,
      answer: { code: 1, stderr: 'ERROR: InternalServerError\nErrorCode:InternalError\n' },
    },
  ];
  const { calls } = await stops(world, FIRST, /Azure is busy, or cannot be reached/);
  assert.ok(calls.filter((line) => line.startsWith('storage blob list')).length < 10);
});

// ---- regions, tiers, quotas ----

cloudTest('what is elsewhere already cannot be moved', async (world) => {
  await world.run('deploy', FIRST);
  const before = world.snapshot();
  await stops(
    world,
    ['--location', 'northeurope'],
    /is in westeurope, and cannot be moved to northeurope[^]*in a group of its own \(--resource-group\)/,
  );
  assert.deepEqual(world.snapshot(), before);
});

cloudTest('a region without Flex Consumption is refused before anything is made', async (world) => {
  await stops(world, ['--location', 'uksouth'], /uksouth has no Flex Consumption[^]*westeurope/);
  assert.deepEqual(world.state.groups, {});
});

cloudTest('a new group needs a region', async (world) => {
  await stops(world, [], /say where to make it, with --location/);
});

cloudTest(
  'from the free tier to a paid one it says first that the service may be out of reach',
  async (world) => {
    await world.run('deploy', FIRST);
    const up = await world.run('deploy', ['--sku', 'Standard_S1']);
    assert.match(
      up.out,
      /Standard_S1, 1 unit\nFree_F1 has addresses of its own[^]*30 to 60 minutes/,
    );
    assert.doesNotMatch(
      (await world.run('deploy', ['--sku', 'Premium_P1'])).out,
      /addresses of its own/,
    );
    assert.match((await world.run('deploy', ['--sku', 'Free_F1'])).out, /addresses of its own/);
  },
);

cloudTest(
  'a hundred units do not become a hundred units of another tier by themselves',
  async (world) => {
    await world.run('deploy', [...FIRST, '--sku', 'Premium_P2', '--units', '100']);
    await stops(world, ['--sku', 'Standard_S1'], /say with --units how many of Standard_S1/);
    assert.equal(world.cloud.get(world.ids.service).sku.name, 'Premium_P2');
  },
);

cloudTest('Premium_P2 without --units says how many it may have', async (world) => {
  await stops(world, [...FIRST, '--sku', 'Premium_P2'], /100, 200, … 1000 units/);
});

cloudTest(
  'no free service is left in the subscription: that is said before one is tried',
  async (world) => {
    world.state.usages = [
      { name: { value: 'WebPubSubFreeTierInstances' }, currentValue: 1, limit: 1 },
    ];
    await stops(world, FIRST, /all the free services that it may have[^]*--sku Standard_S1/);
    assert.deepEqual(world.state.resources, {});
    assert.equal((await world.run('deploy', [...FIRST, '--sku', 'Standard_S1'])).code, 0);
  },
);

cloudTest(
  'Azure takes a change of the service and does not make it: that is an error',
  async (world) => {
    await world.run('deploy', FIRST);
    world.faults = [{ match: /--method patch .*webPubSub/, answer: {} }];
    await stops(world, ['--sku', 'Standard_S1'], /has not made the change of the service/);
  },
);

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
