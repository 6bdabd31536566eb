// infra/deploy.sh and infra/destroy.sh, run whole against a recording Azure (upload/fake-azure.js)
// that checks every command, option and value.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { test } from '../lib/test.js';
import { FakeAzure } from '../upload/fake-azure.js';

const execute = promisify(execFile);
const APP = 'codestream-abcdefghijklm';
const SECRET = 'a secret of "our own", with \\ in it, long enough';
const JS = ['text/javascript; charset=utf-8', 'gzip', 'public, max-age=31536000, immutable'];
const CSS = ['text/css; charset=utf-8', 'gzip', 'public, max-age=31536000, immutable'];
const HTML = ['text/html; charset=utf-8', '', 'no-cache'];

/** A test with an Azure of its own, which goes when the test does. */
function cloudTest(sentence, body) {
  test(sentence, async (t) => {
    const azure = await FakeAzure.start();
    t.after(() => azure.close());
    await body(azure);
  });
}

/** The recorded commands as lines, temporary and project folders abbreviated. */
function lines(azure, calls) {
  return calls.map(({ program, args }) => [program, ...args].join(' ')
    .replaceAll(azure.root, 'ROOT').replace(new RegExp(`${azure.temporary}/[^/ ]+`, 'g'), 'TMP'));
}

const UPLOAD = 'az storage blob upload-batch --destination $web --source TMP/page/group-';
const QUIET = '--only-show-errors --output none';
const CURL = 'curl --silent --output /dev/null --max-time 10 --write-out %{http_code} ';

const OURS = "[?starts_with(name, 'codestream-') && tags.application=='codestream']";
const SETTINGS = 'az functionapp config appsettings list --resource-group codestream --name'
  + ` ${APP} --query`;

/** What deploy.sh asks of an app that is there. */
const KEPT = [
  `${SETTINGS} [?!starts_with(name, 'WebPubSubForSocketIO')].{name: name, value: value}`
    + ' --output json',
  `az functionapp cors show --resource-group codestream --name ${APP} --query allowedOrigins`
    + ' --output json',
];

/** The deployment in full; what varies is given. */
function wholeDeployment({ create = true, identity = false, again = false } = {}) {
  const show = 'az resource show --ids /of/the/service --query';
  return [
    'az version --query "azure-cli" --output tsv',
    'az account show --query name --output tsv',
    'az group exists --name codestream --output tsv',
    ...create ? ['az group create --name codestream --location westeurope'
      + ' --tags application=codestream --output none'] : [],
    'az resource list --resource-group codestream --resource-type'
      + ` Microsoft.SignalRService/webPubSub --query ${OURS}.id | [0] --output tsv`,
    ...again ? [`${show} sku.name --output tsv`, `${show} sku.capacity --output tsv`,
      `${show} properties.disableLocalAuth || \`false\` --output tsv`] : [],
    `az functionapp list --resource-group codestream --query ${OURS}.name | [0] --output tsv`,
    ...again ? [...KEPT, `${SETTINGS} [?name=='CODESTREAM_SECRET'].value | [0] --output tsv`] : [],
    'az deployment group create --resource-group codestream --name codestream'
      + ' --template-file ROOT/infra/main.bicep'
      + ` --parameters name=codestream sku=Free_F1 units=1 identity=${identity}`
      + ' origins=[] extraSettings={}'
      + ' --parameters @TMP/private.json'
      + ' --query properties.outputs.[functionApp.value,api.value,webPubSub.value,service.value,'
      + 'storage.value,page.value,hub.value] --output tsv --only-show-errors',
    `az functionapp deployment source config-zip --resource-group codestream --name ${APP}`
      + ` --src ROOT/build/codestream.zip ${QUIET}`,
    `${CURL}https://${APP}.example/negotiate?room_id=${'A'.repeat(22)}`, // as a viewer
    'az deployment group create --resource-group codestream --name codestream-hub'
      + ' --template-file ROOT/infra/hub.bicep'
      + ` --parameters functionApp=${APP} webPubSub=wps-abcdefghijklm hub=codestream ${QUIET}`,
    'az storage blob service-properties update --static-website true --index-document index.html'
      + ` ${QUIET}`,
    `${UPLOAD}1 --overwrite true --content-type ${CSS[0]} --content-cache-control ${CSS[2]}`
      + ` --content-encoding gzip --no-progress ${QUIET}`,
    `${UPLOAD}2 --overwrite true --content-type ${JS[0]} --content-cache-control ${JS[2]}`
      + ` --content-encoding gzip --no-progress ${QUIET}`,
    `${UPLOAD}3 --overwrite true --content-type ${HTML[0]} --content-cache-control no-cache`
      + ` --no-progress ${QUIET}`,
    'az storage blob list --container-name $web --num-results * --query [].name --output tsv'
      + ' --only-show-errors',
  ];
}

const FIRST = ['--location', 'westeurope'];

// ---- deploying ----

cloudTest('a first deployment runs these commands in this order', async (azure) => {
  const { code, stdout, stderr, calls, left } = await azure.run('deploy.sh', FIRST);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.deepEqual(lines(azure, calls), wholeDeployment());
  assert.ok(stdout.endsWith('\nCodestream is at https://page.example/\n'
    + `  function app ${APP} at https://${APP}.example, service wps-abcdefghijklm at`
    + ' https://wps.example\n'
    + `  check it (README, Deploy): node infra/doctor.mjs https://${APP}.example`
    + ' --page https://page.example\n'), stdout);
  assert.doesNotMatch(stdout, /LEAKED-TOKEN/);
  assert.deepEqual(left, [], 'no temporary file is left');
  const { state } = azure;
  assert.deepEqual(state.groups, {
    codestream: { location: 'westeurope', tags: { application: 'codestream' } },
  });
  assert.equal(state.package, 'the package');
  assert.deepEqual(state.website, ['true', 'index.html']);
  assert.deepEqual(state.blobs, {
    'assets/page-AB.css': CSS, 'assets/page-AB.js': JS, 'index.html': HTML,
  });
  assert.equal(state.page, '<meta content="connect-src '
    + `https://${APP}.example https://wps.example wss://wps.example">`
    + `<meta content="https://${APP}.example">`);
  assert.deepEqual(Object.keys(state.deployments), ['main.bicep', 'hub.bicep']);
});

cloudTest('a second deployment keeps group and secret, and removes stale blobs', async (azure) => {
  await azure.run('deploy.sh', FIRST);
  const { secret } = azure.state;
  const stale = ['assets/page-OLD.js', 'with space.txt', 'old/index.html', 'assets/page-ABxjs'];
  for (const name of stale) azure.state.blobs[name] = JS;
  const { code, stderr, calls } = await azure.run('deploy.sh');
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const remove = 'az storage blob delete --container-name $web --name';
  assert.deepEqual(lines(azure, calls), [
    ...wholeDeployment({ create: false, again: true }),
    ...stale.map((name) => `${remove} ${name} ${QUIET}`),
  ]);
  assert.equal(azure.state.secret, secret);
  assert.deepEqual(Object.keys(azure.state.blobs).sort(),
    ['assets/page-AB.css', 'assets/page-AB.js', 'index.html']);
});

cloudTest('--identity deploys the same way, and asks for no access key', async (azure) => {
  const { code, calls } = await azure.run('deploy.sh', [...FIRST, '--identity']);
  assert.equal(code, 0);
  assert.deepEqual(lines(azure, calls), wholeDeployment({ identity: true }));
  assert.equal(azure.state.deployments['main.bicep'].identity, 'true');
});

cloudTest('names, service tier, further origins and settings go to the template', async (azure) => {
  const { code } = await azure.run('deploy.sh', [...FIRST, '--resource-group', 'my group', '--name',
    'live', '--sku', 'Standard_S1', '--units', '3', '--origin', 'https://live.example', '--origin',
    'http://localhost:3000', '--setting', 'CODESTREAM_TOKEN_MINUTES=30', '--setting', 'A=b=c d']);
  assert.equal(code, 0);
  const { secret, ...values } = azure.state.deployments['main.bicep'];
  assert.deepEqual(values, { name: 'live', sku: 'Standard_S1', units: '3', identity: 'false',
    origins: '["https://live.example","http://localhost:3000"]',
    extraSettings: '{"CODESTREAM_TOKEN_MINUTES":"30","A":"b=c d"}',
    kept: { settings: [], origins: [] } });
  assert.deepEqual(Object.keys(azure.state.groups), ['my group']);
  assert.ok(secret);
});

// ---- doing it again ----

const OPTIONS = ['--sku', 'Standard_S1', '--units', '5', '--identity', '--origin',
  'https://live.example', '--setting', 'CODESTREAM_TOKEN_MINUTES=30'];
const WITH_OPTIONS = { sku: 'Standard_S1', units: '5', identity: 'true',
  origins: ['https://page.example', 'https://live.example'],
  settings: { CODESTREAM_TOKEN_MINUTES: '30', CODESTREAM_HUB: 'codestream' } };

/** Deploys with OPTIONS, then with others; what the others make of it. */
async function again(azure, options) {
  await azure.run('deploy.sh', [...FIRST, ...OPTIONS]);
  const { code, stderr } = await azure.run('deploy.sh', options);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  const { sku, units, identity } = azure.state.deployments['main.bicep'];
  return { sku, units, identity, origins: azure.state.origins, settings: azure.state.settings };
}

cloudTest('what no option says of it stays as it is', async (azure) => {
  assert.deepEqual(await again(azure, []), WITH_OPTIONS);
});

cloudTest('what an option says changes, and nothing else', async (azure) => {
  assert.deepEqual(await again(azure, ['--sku', 'Premium_P1', '--origin', 'https://two.example',
    '--setting', 'CODESTREAM_TOKEN_MINUTES=45', '--setting', 'CODESTREAM_LOOPS=2']), {
    ...WITH_OPTIONS,
    sku: 'Premium_P1',
    origins: [...WITH_OPTIONS.origins, 'https://two.example'],
    settings: { ...WITH_OPTIONS.settings, CODESTREAM_TOKEN_MINUTES: '45', CODESTREAM_LOOPS: '2' },
  });
});

cloudTest('back to the free tier and to an access key', async (azure) => {
  assert.deepEqual(await again(azure, ['--sku', 'Free_F1', '--access-key']),
    { ...WITH_OPTIONS, sku: 'Free_F1', units: '1', identity: 'false' });
});

cloudTest('settings made by hand stay, whatever characters are in them', async (azure) => {
  await azure.run('deploy.sh', FIRST);
  const value = 'a "b" \\ %s $HOME\nünicode';
  azure.state.settings.BY_HAND = value;
  const { code, calls } = await azure.run('deploy.sh');
  assert.equal(code, 0);
  assert.equal(azure.state.settings.BY_HAND, value);
  assert.doesNotMatch(JSON.stringify(calls), /BY_HAND/, 'they may be secrets');
});

cloudTest('an app that has nothing of ours yet, as after a stop halfway', async (azure) => {
  azure.state.groups.codestream = {};
  azure.state.app = APP;
  const { code } = await azure.run('deploy.sh');
  assert.equal(code, 0);
  assert.match(azure.state.secret, /^[0-9a-f]{64}$/);
});

// ---- secrets ----

cloudTest('the secret is long, new each time, and only in a private file', async (azure) => {
  const seen = new Set();
  for (const group of ['one', 'two']) {
    azure.state.app = null;
    const run = await azure.run('deploy.sh', [...FIRST, '--resource-group', group]);
    const { secret } = azure.state;
    assert.match(secret, /^[0-9a-f]{64}$/);
    assert.equal(azure.state.secretFileMode, '600');
    assert.ok(!JSON.stringify([run.calls, run.stdout, run.stderr]).includes(secret));
    seen.add(secret);
  }
  assert.equal(seen.size, 2);
});

cloudTest('CODESTREAM_SECRET is taken as it is, whatever characters are in it', async (azure) => {
  azure.state.app = APP;
  azure.state.secret = 'an older one';
  azure.state.groups.codestream = {};
  const env = { CODESTREAM_SECRET: SECRET };
  const { code, calls, stdout, stderr } = await azure.run('deploy.sh', [], { env });
  assert.equal(code, 0);
  assert.equal(azure.state.secret, SECRET);
  assert.ok(!JSON.stringify([calls, stdout, stderr]).includes('of our own'));
});

cloudTest('the page goes to the new account only, whatever the environment says', async (azure) => {
  const env = { AZURE_STORAGE_CONNECTION_STRING: 'of another account', AZURE_STORAGE_KEY: 'a',
    AZURE_STORAGE_SAS_TOKEN: 'b', AZURE_STORAGE_ACCOUNT: 'another' };
  const { code, calls } = await azure.run('deploy.sh', FIRST, { env });
  assert.equal(code, 0);
  const uploads = calls.filter(({ args }) => args[0] === 'storage');
  assert.equal(uploads.length, 5);
  for (const { storage } of uploads) {
    assert.deepEqual(storage, { AZURE_STORAGE_ACCOUNT: 'codestreamabcdefghijklm',
      AZURE_STORAGE_AUTH_MODE: 'login' });
  }
});

// ---- dry run ----

/** The words of a line, as the shell that it is meant for reads it. */
async function words(line) {
  const { stdout } = await execute('/bin/sh', ['-c', `printf '%s\\0' ${line}`]);
  return stdout.split('\0').slice(0, -1).join(' ');
}

cloudTest('--dry-run prints what a deployment runs, runs nothing, needs no az', async (azure) => {
  await azure.uninstall('az', 'curl', 'sleep');
  const env = { CODESTREAM_SECRET: SECRET };
  const run = await azure.run('deploy.sh', ['--dry-run', ...FIRST], { env });
  assert.equal(run.stderr, '');
  assert.equal(run.code, 0);
  assert.deepEqual(run.calls, []);
  assert.deepEqual(run.left, []);
  assert.ok(!run.stdout.includes('of our own'));
  const commands = run.stdout.split('\n').filter((line) => line && !line.startsWith('#'));
  const printed = await Promise.all(commands.map(words));
  const values = { '<APP>': APP, '<SERVICE>': '/of/the/service', '<sku>': 'Free_F1', '<units>': '1',
    '<identity>': 'false', '<functionApp>': APP, '<api>': `https://${APP}.example`,
    '<webPubSub>': 'wps-abcdefghijklm', '<hub>': 'codestream',
    '@<file with the secret>': '@TMP/private.json' };
  const filledIn = lines(azure, printed.map((line) => ({ program: line, args: [] })))
    .map((line) => Object.entries(values).reduce((text, pair) => text.replaceAll(...pair), line));
  const wanted = wholeDeployment({ again: true })
    .filter((line) => !line.includes('CODESTREAM_SECRET')); // it is given
  const page = wanted.findIndex((line) => line.includes('service-properties'));
  wanted.splice(page, 0, 'node ROOT/infra/publish-page.mjs --dist ROOT/web/dist --out TMP/page'
    + ` --api https://${APP}.example --service <service>`);
  wanted.push(`az storage blob delete --container-name $web --name <each stale blob> ${QUIET}`);
  assert.deepEqual(filledIn, wanted);
});

cloudTest('--dry-run works before anything is built', async (azure) => {
  await azure.uninstall('az', 'curl', 'sleep', 'node');
  await azure.remove('build/codestream.zip');
  await azure.remove('web/dist/index.html');
  const { code, stdout, stderr } = await azure.run('deploy.sh', ['--dry-run']);
  assert.equal(stderr, '');
  assert.equal(code, 0);
  assert.match(stdout, /\naz group create --name codestream --location '<location>'/);
  assert.match(stdout, /\n\S+\/infra\/upload\.sh \S+\/page\n/);
});

// ---- what can go wrong ----

/** A deployment that stops: its last call, what is said of the step, and of how to go on. */
async function stops(azure, { step, says, last, args = FIRST, env }) {
  const { code, stderr, calls, left, stdout } = await azure.run('deploy.sh', args, { env });
  assert.equal(code, 1, stdout + stderr);
  assert.match(stderr, says);
  assert.ok(stderr.includes(`deploy.sh stopped at: ${step}`), stderr);
  assert.match(stderr, /\nThen run the same command again: what is done stays done\.\n$/);
  assert.deepEqual(left, [], 'no temporary file is left');
  const called = lines(azure, calls).filter((line) => !line.startsWith('sleep'));
  if (last) assert.match(called.at(-1), last);
  else assert.deepEqual(called, []);
  return lines(azure, calls);
}

const CHECKING = 'Checking what is needed';

for (const program of ['az', 'node', 'curl']) {
  cloudTest(`without ${program} it stops before anything is done`, async (azure) => {
    await azure.uninstall(program);
    await stops(azure, { step: CHECKING, says: new RegExp(`${program} is not installed`) });
  });
}

cloudTest('without the package it says how to make it', async (azure) => {
  await azure.remove('build/codestream.zip');
  await stops(azure, { step: CHECKING, says: /codestream\.zip is missing: make package/ });
});

cloudTest('without the page it says how to build it', async (azure) => {
  await azure.remove('web/dist/index.html');
  await stops(azure, { step: CHECKING, says: /web\/dist is missing: make/ });
});

cloudTest('a secret that is too short is refused, and not shown', async (azure) => {
  const env = { CODESTREAM_SECRET: 'tooshort' };
  await stops(azure, { step: CHECKING, says: /fewer than 32/, env });
  const { stdout, stderr } = await azure.run('deploy.sh', FIRST, { env });
  assert.doesNotMatch(stdout + stderr, /tooshort/);
});

for (const version of ['2.9.1', '2.45.0', '2.59.0', '1.0.0', '0.10.4']) {
  cloudTest(`az ${version} is too old`, async (azure) => {
    azure.state.version = version;
    await stops(azure, { step: CHECKING, says: /too old, 2\.60 or newer/, last: /^az version/ });
  });
}

for (const version of ['2.60.0', '2.100.1', '3.0.0', '10.1.0']) {
  cloudTest(`az ${version} will do`, async (azure) => {
    azure.state.version = version;
    azure.state.signedIn = false;
    await stops(azure, { step: CHECKING, says: /az login/, last: /^az account show/ });
  });
}

cloudTest('not signed in: az says so, and nothing is done', async (azure) => {
  azure.state.signedIn = false;
  await stops(azure, { step: CHECKING, says: /az login/, last: /^az account show/ });
});

cloudTest('a new group needs a location', async (azure) => {
  await stops(azure, { step: 'Resource group codestream', args: [], last: /^az group exists/,
    says: /say where to make it, with --location/ });
});

const TROUBLE = [
  ['group create', 'Resource group codestream', 1],
  ['resource list', 'What is there already', 1],
  ['functionapp list', 'What is there already', 1],
  ['deployment group create --resource-group codestream --name codestream --', 'Service', 1],
  ['functionapp deployment', `Handler to ${APP}`, 5],
  ['deployment group create --resource-group codestream --name codestream-hub', 'Hub codestream', 1],
  ['storage blob service-properties', 'Page to https://page.example', 10],
  ['storage blob list', 'Page to https://page.example', 10],
];

for (const [command, step, tries] of TROUBLE) {
  cloudTest(`az ${command} fails for good: it stops there after ${tries}`, async (azure) => {
    azure.state.trouble[command] = 1000;
    const last = new RegExp(`^az ${command}`);
    const calls = await stops(azure, { step, last, says: /trouble with/ });
    assert.equal(calls.filter((line) => last.test(line)).length, tries);
    assert.equal(calls.filter((line) => line === 'sleep 30').length, tries - 1);
  });
}

cloudTest('a failing question about the existing secret never makes a new one', async (azure) => {
  await azure.run('deploy.sh', FIRST);
  const { secret } = azure.state;
  for (const [command, step] of [[SETTINGS, 'What is there already'],
    [`${SETTINGS} [?name=='CODESTREAM_SECRET']`, 'The key that signs']]) {
    azure.state.trouble = { [command.replace(/^az /, '')]: 1 };
    await stops(azure, { step, last: /appsettings list/, says: /trouble/ });
    assert.equal(azure.state.secret, secret);
  }
});

cloudTest('a failing question about the service never makes a lesser one of it', async (azure) => {
  await azure.run('deploy.sh', [...FIRST, ...OPTIONS]);
  azure.state.trouble['resource show'] = 1;
  await stops(azure, { step: 'What is there already', last: /^az resource show/, says: /trouble/ });
});

cloudTest('an app whose secret is gone gets no new one by itself', async (azure) => {
  await azure.run('deploy.sh', FIRST);
  azure.state.secret = null;
  await stops(azure, { step: 'The key that signs', last: /CODESTREAM_SECRET/,
    says: /CODESTREAM_SECRET of codestream-abcdefghijklm is gone\. Set the one of before/ });
  const { code } = await azure.run('deploy.sh', [], { env: { CODESTREAM_SECRET: SECRET } });
  assert.equal(code, 0);
  assert.equal(azure.state.secret, SECRET);
});

cloudTest('the free tier has one unit', async (azure) => {
  await stops(azure, { step: 'What is there already', args: [...FIRST, '--units', '2'],
    last: /^az resource list/, says: /Free_F1 has one unit: add --sku/ });
});

cloudTest('rights that take a while to be known are waited for', async (azure) => {
  azure.state.trouble = { 'functionapp deployment': 2, 'storage blob upload-batch': 3 };
  const { code, calls } = await azure.run('deploy.sh', FIRST);
  assert.equal(code, 0);
  assert.equal(lines(azure, calls).filter((line) => line === 'sleep 30').length, 5);
  assert.equal(Object.keys(azure.state.blobs).length, 3);
});

cloudTest('the hub waits until the function answers', async (azure) => {
  azure.state.answers = [0, 404, 503, 200];
  const { code, calls } = await azure.run('deploy.sh', FIRST);
  assert.equal(code, 0);
  const called = lines(azure, calls);
  const answered = called.findLastIndex((line) => line.startsWith(CURL));
  assert.equal(called.filter((line) => line.startsWith(CURL)).length, 4);
  assert.equal(called.filter((line) => line === 'sleep 5').length, 3);
  assert.ok(called.findIndex((line) => line.includes('hub.bicep')) > answered);
});

for (const [answers, said] of [[[404], '404'], [[0], 'no answer']]) {
  cloudTest(`a function that never answers (${said}): no hub is made`, async (azure) => {
    azure.state.answers = answers;
    const calls = await stops(azure, {
      step: 'Waiting until',
      last: /negotiate\?room_id=A{22}$/,
      // Flex Consumption streams no log, so `az webapp log tail` would show nothing.
      says: new RegExp(`the last answer was: ${said}\n[^]* app-insights query --resource-group`
        + ` codestream --app ${APP} \\\\\n +--analytics-query 'traces `),
    });
    assert.equal(calls.filter((line) => line.startsWith(CURL)).length, 60);
    assert.equal(azure.state.deployments['hub.bicep'], undefined);
  });
}

const MISUSE = [['--name', 'Code'], ['--name', 'ab'], ['--name', 'twelveletter'],
  ['--name', '1ab'], ['--name', 'a-b-c'], ['--sku', 'Free'], ['--sku', 'Premium_P'],
  ['--units', '0'], ['--units', '1.5'], ['--units', '-1'], ['--origin', 'https://a.example/'],
  ['--origin', 'ftp://a'], ['--origin', 'https://a","x'], ['--origin', 'https://'],
  ['--setting', 'NAME'], ['--setting', '=x'], ['--setting', 'A-B=1'], ['--setting', 'A="'],
  ['--location'], ['--location', ''], ['--verbose'], ['westeurope']];

for (const args of MISUSE) {
  cloudTest(`refused before anything is done: ${args.join(' ')}`, async (azure) => {
    const { code, stderr, calls } = await azure.run('deploy.sh', args);
    assert.equal(code, 2);
    assert.match(stderr, /^deploy\.sh: .+\nTry infra\/deploy\.sh --help\n$/);
    assert.deepEqual(calls, []);
  });
}

cloudTest('--help names every option and the trade-off of --identity', async (azure) => {
  const { code, stdout, calls } = await azure.run('deploy.sh', ['--help']);
  assert.equal(code, 0);
  assert.deepEqual(calls, []);
  for (const option of ['--location', '--resource-group', '--name', '--sku', '--units',
    '--origin', '--setting', '--identity', '--access-key', '--dry-run', '--help', 'CODESTREAM_SECRET']) {
    assert.ok(stdout.includes(option), option);
  }
  assert.match(stdout, /whether the service then signs its events is not\s+known/);
});

// ---- destroying ----

const MINE = { codestream: { tags: { application: 'codestream' } } };

cloudTest('destroy.sh lists the group, and deletes it when its name is typed', async (azure) => {
  azure.state.groups = MINE;
  const { code, stdout, calls } = await azure.run('destroy.sh', [], { input: 'codestream\n' });
  assert.equal(code, 0);
  assert.deepEqual(azure.state.groups, {});
  assert.match(stdout, /Microsoft\.Web\/sites/);
  assert.deepEqual(lines(azure, calls), [
    'az group exists --name codestream --output tsv',
    'az group show --name codestream --query tags.application --output tsv',
    'az resource list --resource-group codestream --query [].[type, name] --output tsv',
    'az group delete --name codestream --yes --output none',
  ]);
});

for (const input of ['yes\n', '', 'codestrea\n']) {
  cloudTest(`destroy.sh deletes nothing when ${JSON.stringify(input)} is typed`, async (azure) => {
    azure.state.groups = MINE;
    const { code, stderr } = await azure.run('destroy.sh', [], { input });
    assert.equal(code, 1);
    assert.match(stderr, /Nothing was deleted/);
    assert.deepEqual(Object.keys(azure.state.groups), ['codestream']);
  });
}

cloudTest('destroy.sh --yes does not ask', async (azure) => {
  azure.state.groups = { mine: MINE.codestream };
  const { code } = await azure.run('destroy.sh', ['--resource-group', 'mine', '--yes']);
  assert.equal(code, 0);
  assert.deepEqual(azure.state.groups, {});
});

cloudTest('destroy.sh leaves a group alone that deploy.sh did not make', async (azure) => {
  azure.state.groups = { codestream: { tags: {} } };
  const { code, stderr } = await azure.run('destroy.sh', ['--yes']);
  assert.equal(code, 1);
  assert.match(stderr, /no tag application=codestream/);
  assert.deepEqual(Object.keys(azure.state.groups), ['codestream']);
});

cloudTest('destroy.sh has nothing to do without a group', async (azure) => {
  const { code, stdout, calls } = await azure.run('destroy.sh', ['--yes']);
  assert.equal(code, 0);
  assert.match(stdout, /nothing to do/);
  assert.equal(calls.length, 1);
});

cloudTest('destroy.sh --dry-run deletes nothing', async (azure) => {
  azure.state.groups = MINE;
  const { code, stdout, calls } = await azure.run('destroy.sh', ['--dry-run', '--yes']);
  assert.equal(code, 0);
  assert.match(stdout, /\naz group delete --name codestream --yes --output none\n/);
  assert.deepEqual(calls, []);
});

// ---- as text ----

test('the scripts pass shellcheck, where it is installed', async (t) => {
  const scripts = ['deploy', 'destroy', 'upload', 'say'].map((name) => `infra/${name}.sh`);
  try {
    await execute('shellcheck', ['-x', ...scripts], { cwd: new URL('../..', import.meta.url) });
  } catch (error) {
    if (error.code !== 'ENOENT') assert.fail(error.stdout || error.message);
    t.skip('shellcheck is not installed');
  }
});
