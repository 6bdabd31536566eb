// infra/deployment/az.mjs with real processes: an az that is a shell script. What it is given, how
// long it may take, what is left when we are ended, and what is told apart in what az says.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';

import { Az, azEnvironment, spawnAz } from '../../infra/deployment/az.mjs';
import { flatten, gist, kindOf } from '../../infra/deployment/errors.mjs';
import { Person } from '../../infra/deployment/person.mjs';
import { shown } from '../../infra/deployment/shown.mjs';
import { ANSWERS } from '../lib/azure/recording-az.js';
import { eventually, within } from '../lib/deadline.js';
import { isGone } from '../lib/processes.js';
import { test } from '../lib/test.js';

const ROOT = new URL('../..', import.meta.url).pathname;

/** A folder with an az of this text, and an Az that finds it. */
function install(t, script) {
  const folder = mkdtempSync(join(tmpdir(), 'az-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'az'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'az'), 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}`, FOLDER: folder };
  const out = new PassThrough();
  const person = new Person({ input: new PassThrough(), out, err: new PassThrough() });
  const clock = { now: () => performance.now(), sleep: async () => {} };
  const said = () => String(out.read() ?? '');
  return {
    folder,
    env,
    person,
    said,
    az: new Az(person, { run: spawnAz(azEnvironment(env)), clock }),
  };
}

test('answers are JSON, and every word reaches az as it is', async (t) => {
  const { az, folder } = install(
    t,
    'printf "%s|" "$@" >"$FOLDER/words"; echo "{\\"a\\": [1, \\"ü\\"]}"',
  );
  assert.deepEqual(await az.read(['x', 'with "quotes" $HOME', 'ü']), { a: [1, 'ü'] });
  assert.equal(
    readFileSync(join(folder, 'words'), 'utf8'),
    'x|with "quotes" $HOME|ü|--output|json|--only-show-errors|',
  );
});

test("az sees neither our secrets nor another account's keys", async (t) => {
  const { az } = install(t, 'env | grep -c "^CODESTREAM_\\|^AZURE_STORAGE_"; exit 0');
  Object.assign(process.env, { CODESTREAM_TEST_SECRET: 'x', AZURE_STORAGE_KEY: 'y' });
  t.after(() => {
    delete process.env.CODESTREAM_TEST_SECRET;
    delete process.env.AZURE_STORAGE_KEY;
  });
  assert.equal(await az.read(['x']), 0);
  const kept = azEnvironment(
    { AZURE_STORAGE_KEY: 'y', CODESTREAM_SECRET: 'x', PATH: '/' },
    { keepsStorage: true },
  );
  assert.deepEqual(kept, { AZURE_STORAGE_KEY: 'y', PATH: '/' });
});

test('an az that hangs is ended with all that it has started', async (t) => {
  const { az, folder } = install(
    t,
    'sleep 600 & echo $! >"$FOLDER/child"; echo $$ >"$FOLDER/pid"; wait',
  );
  await assert.rejects(az.once(['x'], { ms: 1000, what: 'the end of it' }), (error) => {
    assert.deepEqual([error.kind, error.message], ['late', 'no answer within 1 s: the end of it']);
    return true;
  });
  for (const name of ['pid', 'child']) {
    const pid = Number(readFileSync(join(folder, name), 'utf8'));
    await eventually(5000, () => isGone(pid), `the end of the ${name}`);
  }
});

test('what takes long is said, with the seconds', async () => {
  const out = new PassThrough();
  const person = new Person({ input: new PassThrough(), out, err: out });
  let end;
  const long = new Promise((resolve) => {
    end = resolve;
  });
  const done = person.during('something', long, { firstMs: 1, everyMs: 1 });
  let text = '';
  await within(
    5000,
    new Promise((resolve) => {
      out.on('data', (bytes) => {
        text += bytes;
        if (text.split('\n').length > 2) resolve();
      });
    }),
    'two notes',
  );
  end('its value');
  assert.equal(await done, 'its value');
  assert.match(text, /^ {2}waiting for something \(\d+ s\)\n {2}waiting for something \(\d+ s\)\n/);
});

test('the private file is ours alone, and gone as soon as az has answered, well or not', async (t) => {
  for (const code of [0, 1]) {
    const { az, folder } = install(t, `cp "$1" "$FOLDER/seen"; exit ${code}`);
    let path;
    await az
      .withFile('{"a":1}', (file) => {
        path = file;
        assert.equal(statSync(file).mode & 0o777, 0o600);
        assert.equal(statSync(dirname(file)).mode & 0o777, 0o700);
        return az.once([file]);
      })
      .catch(() => {});
    assert.equal(readFileSync(join(folder, 'seen'), 'utf8'), '{"a":1}');
    assert.ok(!existsSync(dirname(path)));
  }
});

test('no secret is in what az says, however it is written', async (t) => {
  const secret = 'a "secret" with / and \\';
  const { az } = install(t, 'printf "ERROR: it was %s\\n" "$2" >&2; exit 1');
  az.hide(secret, 'x');
  for (const text of [secret, JSON.stringify(secret), encodeURIComponent(secret)]) {
    await assert.rejects(az.once(['x', text]), { message: /^it was "?…"?$/ });
  }
  assert.equal(az.conceal('x stays'), 'x stays', 'what is too short to be one');
});

test('a secret is hidden as JSON may spell it, and across the place where az is cut short', async (t) => {
  const { az } = install(t, 'printf "ERROR: %s\n" "$2" >&2; exit 1');
  az.hide('geh\u00fcim+ \'"x');
  for (const text of ['geh\\u00fcim+ \'\\"x', 'geh\\u00FCim\\u002B \\u0027\\u0022x']) {
    assert.equal(az.conceal(text), '…');
  }
  az.hide('0123456789'.repeat(20));
  const long = `${'y'.repeat(1100)}${'0123456789'.repeat(20)}`;
  await assert.rejects(az.once(['x', long]), ({ message }) => !message.includes('0123'));
});

test('an az that a signal ends may have done its work, as one that is late', async (t) => {
  const { az } = install(t, 'kill -9 $$');
  await assert.rejects(az.once(['x']), { kind: 'late', message: /ended by a signal/ });
});

/** Starts deploy.mjs with an az that stops at its first private file. */
function startDeploy(t) {
  const script = `case "$*" in
    version*) echo '{"azure-cli": "2.91.0"}' ;;
    "account show"*) echo '{"id": "s", "name": "s"}' ;;
    "account get"*) echo '"now"' ;;
    "group show"*) echo '{"location": "westeurope"}' ;;
    "deployment group show"*) echo "ERROR: (DeploymentNotFound) no" >&2; exit 3 ;;
    "resource list"*) echo '[]' ;;
    *usages*|*providers/Microsoft*) echo '{"value": []}' ;;
    "functionapp list"*) echo '[{"name": "westeurope"}]' ;;
    "deployment group create"*) for word; do case $word in @*) echo "\${word#@}" >"$FOLDER/new"; esac; done
      echo $$ >"$FOLDER/az.pid"; mv "$FOLDER/new" "$FOLDER/file"; exec sleep 600 ;;
  esac`;
  const { folder, env } = install(t, script);
  const root = join(folder, 'project');
  for (const name of ['infra', 'web/dist', 'build'])
    mkdirSync(join(root, name), { recursive: true });
  const copy = spawn('cp', [
    '-r',
    join(ROOT, 'infra/deploy.mjs'),
    join(ROOT, 'infra/deployment'),
    join(root, 'infra'),
  ]);
  writeFileSync(join(root, 'web/dist/index.html'), '');
  writeFileSync(join(root, 'build/codestream.zip'), '');
  writeFileSync(join(root, 'build/check.cjs'), '');
  writeFileSync(join(root, 'web/site.mjs'), readFileSync(join(ROOT, 'web/site.mjs')));
  mkdirSync(join(folder, 'tmp'));
  return once(copy, 'close').then(() => {
    const child = spawn(join(root, 'infra/deploy.mjs'), ['--location', 'westeurope'], {
      env: { ...env, TMPDIR: join(folder, 'tmp') },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (more) => {
        text += more;
      });
    return { child, folder, text: () => text };
  });
}

for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  test(`${signal} takes the private file and az away, and says that Azure goes on`, async (t) => {
    const { child, folder, text } = await startDeploy(t);
    const file = await eventually(
      20_000,
      () => existsSync(join(folder, 'file')) && readFileSync(join(folder, 'file'), 'utf8').trim(),
      'a private file',
    ).catch((error) => {
      child.kill('SIGKILL');
      throw new Error(`${error.message}\n${text()}`);
    });
    assert.ok(existsSync(file));
    const ended = once(child, 'exit');
    child.kill(signal);
    const [code] = await within(10_000, ended, 'the end');
    assert.equal(code, status);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    await eventually(
      5000,
      () => isGone(Number(readFileSync(join(folder, 'az.pid'), 'utf8'))),
      'the end of az',
    );
    await eventually(
      5000,
      () => text().includes('What was begun in Azure goes on there'),
      'its last words',
    );
  });
}

// ---- what az says ----

const KINDS = {
  deploymentActive: 'active',
  blobForbidden: 'notYet',
  networkRules: 'closed',
  blobGone: 'missing',
  gone: 'missing',
  assertionOver: 'expired',
  signedOut: 'signedOut',
  hostRuntime: 'busy',
  listBusy: 'busy',
  kuduBusy: 'busy',
  restForbidden: 'forbidden',
  restNotFound: 'missing',
  restConflict: 'busy',
  restTooMany: 'busy',
  restBroken: 'busy',
  restBusy: 'busy',
  reset: 'busy',
  unhealthy: 'fatal',
  noHostKey: 'missing',
};

for (const [name, kind] of Object.entries(KINDS)) {
  test(`what az says is told apart: ${name} is ${kind}, in words for a person`, () => {
    assert.equal(kindOf(ANSWERS[name]), kind);
    const text = gist(ANSWERS[name].stderr);
    assert.ok(text.length > 10, text);
    assert.doesNotMatch(text, /Traceback|^ERROR|File "|already consumed|unexpected error/);
  });
}

test('of a failed deployment its innermost errors are told, each once', () => {
  const inner = { error: { code: 'SkuNotAvailable', message: 'Not here.' } };
  const error = {
    code: 'DeploymentFailed',
    message: 'At least one failed.',
    details: [
      { code: 'Conflict', message: JSON.stringify(inner) },
      { code: 'Conflict', message: JSON.stringify(inner) },
      { code: 'Other', message: 'Plain.' },
    ],
  };
  assert.deepEqual(flatten(error), ['SkuNotAvailable: Not here.', 'Other: Plain.']);
  assert.deepEqual(flatten({ code: 'A', message: 'b' }), ['A: b']);
  assert.deepEqual(flatten(undefined), []);
});

test('commands are shown as a shell reads them', () => {
  assert.equal(
    shown(['az', 'a b', '$web', "it's", `it's "$x"`, '']),
    `az 'a b' '$web' "it's" 'it'\\''s "$x"' ''`,
  );
});
