// The upload part of the deployment for real: infra/upload.mjs with the real az, against a storage emulator on this machine. Opt-in (`make test-upload`), because az and
// the emulator together are 850 MB.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { pageBytes, siteFile } from '../../web/site.mjs';
import { listFiles } from '../../infra/deployment/page.mjs';
import { within } from '../lib/deadline.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const dist = join(root, 'web/dist');
const COMMAND_MS = 300_000;
const TEST_MS = 900_000;
const ADDRESSES = { api: 'https://app.example', service: 'https://service.example' };
const ACCOUNT = 'uploadtest';

let work;
let emulator;
let env;

/** Runs a command to its end; an exit code other than 0, or no end, is an error with its output. */
async function run(command, ...args) {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const late = setTimeout(() => child.kill('SIGKILL'), COMMAND_MS);
  const output = { stdout: '', stderr: '' };
  for (const name of Object.keys(output)) {
    child[name].setEncoding('utf8').on('data', (text) => { output[name] += text; });
  }
  const [code, signal] = await once(child, 'close');
  clearTimeout(late);
  assert.equal(code, 0, `${command} ${args.join(' ')}: ${signal ?? code}\n${output.stderr}`);
  return output;
}

async function startEmulator() {
  const key = randomBytes(64).toString('base64');
  const main = join(here, 'node_modules/azurite/dist/src/blob/main.js');
  const flags = ['--blobHost', '127.0.0.1', '--blobPort', '0', '--inMemoryPersistence',
    '--disableTelemetry', '--skipApiVersionCheck', '--silent'];
  emulator = spawn(process.execPath, [main, ...flags], {
    cwd: work,
    env: { ...process.env, AZURITE_ACCOUNTS: `${ACCOUNT}:${key}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await within(30_000, new Promise((resolve, reject) => {
    let said = '';
    emulator.once('exit', (code) => reject(new Error(`the emulator ended with ${code}: ${said}`)));
    emulator.stdout.setEncoding('utf8').on('data', (text) => {
      said += text;
      const match = /listens on http:\/\/127\.0\.0\.1:(\d+)/.exec(said);
      if (match) resolve(match[1]);
    });
  }), 'the start of the emulator');
  return `DefaultEndpointsProtocol=http;AccountName=${ACCOUNT};AccountKey=${key};`
    + `BlobEndpoint=http://127.0.0.1:${port}/${ACCOUNT};`;
}

const publish = () => run(join(root, 'infra/upload.mjs'), '--dist', dist, '--api', ADDRESSES.api,
  '--service', ADDRESSES.service);

/** What a browser would get: name → content type, encoding, cache header, MD5 of the bytes. */
async function stored() {
  const { stdout } = await run('az', 'storage', 'blob', 'list', '--container-name', '$web',
    '--num-results', '*', '--output', 'json', '--only-show-errors');
  return new Map(JSON.parse(stdout).map(({ name, properties: { contentSettings } }) => [name, {
    contentType: contentSettings.contentType,
    contentEncoding: contentSettings.contentEncoding ?? undefined,
    cacheControl: contentSettings.cacheControl,
    md5: contentSettings.contentMd5,
  }]));
}

async function expected() {
  const files = await listFiles(dist);
  assert.ok(files.length > 10, 'the page is built');
  return new Map(await Promise.all(files.map(async (name) => {
    let contents = await readFile(join(dist, name));
    if (name === 'index.html') contents = pageBytes(contents.toString('utf8'), ADDRESSES);
    const md5 = createHash('md5').update(contents).digest('base64');
    const { contentType, contentEncoding, cacheControl } = siteFile(name);
    return [name, { contentType, contentEncoding, cacheControl, md5 }];
  })));
}

function compare(actual, wanted) {
  assert.deepEqual([...actual.keys()].sort(), [...wanted.keys()].sort());
  for (const [name, properties] of wanted) assert.deepEqual(actual.get(name), properties, name);
}

before(async () => {
  work = await mkdtemp(join(tmpdir(), 'codestream-upload-'));
  env = { ...process.env, AZURE_CONFIG_DIR: join(work, 'az'), AZURE_CORE_COLLECT_TELEMETRY: '0' };
  env.AZURE_STORAGE_CONNECTION_STRING = await startEmulator();
  // Azure makes the container when the website is switched on; the emulator does not.
  await run('az', 'storage', 'container', 'create', '--name', '$web', '--output', 'none');
}, { timeout: 2 * COMMAND_MS });

after(async () => {
  emulator?.kill('SIGKILL');
  if (work) await rm(work, { recursive: true, force: true });
});

test('every file of the page is there with its bytes, type, encoding and cache header',
  { timeout: TEST_MS }, async () => {
    await publish();
    compare(await stored(), await expected());
  });

test('the website is on and shows index.html', { timeout: TEST_MS }, async () => {
  const { stdout } = await run('az', 'storage', 'blob', 'service-properties', 'show',
    '--output', 'json', '--only-show-errors');
  const { staticWebsite } = JSON.parse(stdout);
  assert.equal(staticWebsite.enabled, true);
  assert.equal(staticWebsite.indexDocument, 'index.html');
});

async function upload(name, text) {
  const file = join(work, 'blob');
  await writeFile(file, text);
  await run('az', 'storage', 'blob', 'upload', '--container-name', '$web', '--name', name,
    '--file', file, '--overwrite', 'true', '--no-progress', '--output', 'none',
    '--only-show-errors');
}

async function download(name) {
  const file = join(work, 'downloaded');
  await run('az', 'storage', 'blob', 'download', '--container-name', '$web', '--name', name,
    '--file', file, '--no-progress', '--output', 'none', '--only-show-errors');
  return readFile(file, 'utf8');
}

test('a second upload mends what was altered, keeps old files for a day, and then removes them',
  { timeout: TEST_MS }, async () => {
    const stale = ['assets/page-OLD.js', 'notes with spaces.txt'];
    for (const name of [...stale, 'index.html']) await upload(name, 'old');
    const begun = Date.now();
    await publish();
    const { since } = JSON.parse(await download('former.json'));
    assert.deepEqual(Object.keys(since).sort(), stale);
    for (const time of Object.values(since)) assert.ok(time >= begun);
    const there = await stored();
    for (const name of [...stale, 'former.json']) assert.ok(there.delete(name), name);
    compare(there, await expected());

    const yesterday = Object.fromEntries(stale.map((name) => [name, begun - 24 * 3_600_000]));
    await upload('former.json', JSON.stringify({ since: yesterday }));
    await publish();
    assert.deepEqual(JSON.parse(await download('former.json')), { since: {} });
    const left = await stored();
    assert.ok(left.delete('former.json'));
    compare(left, await expected());
  });
