// The built page as it is deployed: every file has its headers from the one table (web/site.mjs),
// and infra/publish-page.mjs sorts them for the upload.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';

import { listFiles, planUpload } from '../../infra/publish-page.mjs';
import { configurePage, siteFile } from '../../web/site.mjs';
import { after, before, test } from '../lib/test.js';

const execute = promisify(execFile);
const path = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const DIST = path('web/dist');
const ADDRESSES = { api: 'https://app.example', service: 'https://service.example' };

/** What browsers take scripts, styles and fonts as; `nosniff` or not. */
const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  ttf: 'font/ttf',
  svg: 'image/svg+xml',
  txt: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
};

let work;
before(async () => { work = await mkdtemp(join(tmpdir(), 'infra-page-')); });
after(() => rm(work, { recursive: true, force: true }));

const publish = (...args) => execute(process.execPath, [path('infra/publish-page.mjs'), ...args]);

async function publishInto(out, dist = DIST) {
  const { api, service } = ADDRESSES;
  await publish('--dist', dist, '--out', out, '--api', api, '--service', service);
}

test('every file of the built page has a content type, an encoding and a cache header', async () => {
  const files = await listFiles(DIST);
  assert.ok(files.length > 10, 'the page is built');
  for (const name of files) {
    const entry = siteFile(name);
    assert.ok(entry, `${name} is not in the table`);
    assert.equal(entry.contentType, TYPES[name.split('.').pop()], name);
    const bytes = await readFile(join(DIST, name));
    if (entry.contentEncoding) {
      assert.equal(entry.contentEncoding, 'gzip', name);
      assert.ok(gunzipSync(bytes).length > 0, `${name} is stored as it is sent: gzipped`);
    } else assert.notDeepEqual([...bytes.subarray(0, 2)], [0x1f, 0x8b], `${name} is stored plain`);
  }
});

test('only what has its content in its name is cached for ever', async () => {
  for (const name of await listFiles(DIST)) {
    const { cacheControl } = siteFile(name);
    if (name === 'index.html') assert.equal(cacheControl, 'no-cache');
    else {
      assert.match(name, /^assets\/[\w.-]+-[A-Za-z0-9]{8}\.[a-z]+$/);
      assert.equal(cacheControl, 'public, max-age=31536000, immutable');
    }
  }
});

test('the upload has every file once, alike headers together, the page last', async () => {
  const files = await listFiles(DIST);
  const groups = planUpload(files);
  assert.deepEqual(groups.flatMap(({ names }) => names).sort(), files);
  assert.deepEqual(groups.at(-1).names, ['index.html']);
  for (const { names, ...headers } of groups) {
    for (const name of names) {
      const { path: stored, ...wanted } = siteFile(name);
      assert.deepEqual({ ...headers }, { contentEncoding: undefined, ...wanted }, stored);
    }
  }
});

test('a file that the table does not know is refused by name', () => {
  assert.throws(() => planUpload(['index.html', 'assets/x.wasm', 'notes.txt']),
    /does not say how to serve: assets\/x\.wasm, notes\.txt/);
});

test('a page without index.html is refused', () => {
  assert.throws(() => planUpload(['assets/page-AB.js']), /no index\.html/);
});

test('publish-page.mjs copies the bytes and fills in the addresses', async () => {
  const out = join(work, 'whole');
  await publishInto(out);
  const lines = (await readFile(join(out, 'groups.tsv'), 'utf8')).trimEnd().split('\n');
  const names = (await readFile(join(out, 'names.txt'), 'utf8')).trimEnd().split('\n');
  assert.deepEqual([...names].sort(), await listFiles(DIST));
  const uploaded = [];
  for (const line of lines) {
    const [folder, contentType, encoding, cacheControl] = line.split('\t');
    for (const name of await listFiles(join(out, folder))) {
      uploaded.push(name);
      const entry = siteFile(name);
      assert.deepEqual([contentType, encoding, cacheControl],
        [entry.contentType, entry.contentEncoding ?? '-', entry.cacheControl]);
      let wanted = await readFile(join(DIST, name));
      if (name === 'index.html') wanted = Buffer.from(configurePage(wanted.toString(), ADDRESSES));
      assert.ok(wanted.equals(await readFile(join(out, folder, name))), name);
    }
  }
  assert.deepEqual(uploaded.sort(), [...names].sort());
});

test('the deployed page names the addresses, and has no placeholder left', async () => {
  const out = join(work, 'addresses');
  await publishInto(out);
  const last = (await readFile(join(out, 'groups.tsv'), 'utf8')).trimEnd().split('\n').at(-1);
  const html = await readFile(join(out, last.split('\t')[0], 'index.html'), 'utf8');
  assert.doesNotMatch(html, /%CODESTREAM/);
  const connect = 'https://app.example https://service.example wss://service.example';
  assert.ok(html.includes(`connect-src ${connect};`));
  assert.ok(html.includes('content="https://app.example"'));
});

const ALL = ['--dist', DIST, '--api', ADDRESSES.api, '--service', ADDRESSES.service];
const WRONG = [
  ['an option missing', ['--dist', DIST], /--api is missing/],
  ['an unknown option', [...ALL, '--out', '/nowhere', '--fast'], /--fast/],
  ['an address that is none', ['--dist', DIST, '--out', 'OUT', '--api', 'app', '--service',
    ADDRESSES.service], /api is not a web address/],
  ['a folder that is not there', ['--dist', '/nowhere/dist', ...ALL.slice(2), '--out', 'OUT'],
    /ENOENT/],
];

for (const [index, [what, args, complaint]] of WRONG.entries()) {
  test(`publish-page.mjs refuses ${what} in one line`, async () => {
    const out = join(work, `wrong-${index}`);
    await assert.rejects(publish(...args.map((arg) => (arg === 'OUT' ? out : arg))), (error) => {
      assert.equal(error.code, 1);
      assert.match(error.stderr, complaint);
      assert.match(error.stderr, /^publish-page\.mjs: .+\n$/);
      return true;
    });
  });
}

test('publish-page.mjs does not mix with what is there already', async () => {
  const out = join(work, 'full');
  await mkdir(out);
  await writeFile(join(out, 'old.js'), '');
  await assert.rejects(publishInto(out), /is not empty/);
});
