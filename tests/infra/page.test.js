// The built page as it is deployed: every file has its headers from the one table (web/site.mjs),
// and infra/upload.mjs sorts them for the upload.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { listFiles, planUpload, prepare } from '../../infra/deployment/page.mjs';
import { configurePage, siteFile } from '../../web/site.mjs';
import { cloudTest, FIRST } from '../lib/azure/test.js';
import { after, before, test } from '../lib/test.js';

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
before(async () => {
  work = await mkdtemp(join(tmpdir(), 'infra-page-'));
});
after(() => rm(work, { recursive: true, force: true }));

/** The groups, prepared in a folder of this name. */
const prepareIn = (name, dist = DIST) => prepare({ dist, out: join(work, name), ...ADDRESSES });

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
  assert.throws(
    () => planUpload(['index.html', 'assets/x.wasm', 'notes.txt']),
    /does not say how to serve: assets\/x\.wasm, notes\.txt/,
  );
});

test('a page without index.html is refused', () => {
  assert.throws(() => planUpload(['assets/page-AB.js']), /no index\.html/);
});

test('the bytes are copied, and the addresses filled in', async () => {
  const groups = await prepareIn('whole');
  const uploaded = [];
  for (const { folder, names } of groups) {
    assert.deepEqual(await listFiles(folder), [...names].sort());
    for (const name of names) {
      uploaded.push(name);
      let wanted = await readFile(join(DIST, name));
      if (name === 'index.html') wanted = Buffer.from(configurePage(wanted.toString(), ADDRESSES));
      assert.ok(wanted.equals(await readFile(join(folder, name))), name);
    }
  }
  assert.deepEqual(uploaded.sort(), await listFiles(DIST));
});

test('the deployed page names the addresses, and has no placeholder left', async () => {
  const { folder } = (await prepareIn('addresses')).at(-1);
  const html = await readFile(join(folder, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /%CODESTREAM/);
  const connect = 'https://app.example https://service.example wss://service.example';
  assert.ok(html.includes(`connect-src ${connect};`));
  assert.ok(html.includes('content="https://app.example"'));
});

// ---- the program ----

const ALL = ['--api', ADDRESSES.api, '--service', ADDRESSES.service];

cloudTest('upload.mjs puts the page into the account that is named', async (world) => {
  await world.run('deploy', FIRST);
  const account = 'codestreamabcdefghijklm';
  world.state.blobs[account] = { 'old.js': ['', '', '', ''] };
  const { code, out } = await world.run('upload', [...ALL, '--account', account]);
  assert.equal(code, 0);
  assert.match(out, /^3 files, for https:\/\/app\.example and https:\/\/service\.example\n$/);
  assert.deepEqual(Object.keys(world.state.blobs[account]).sort(), [
    'assets/page-AB.css',
    'assets/page-AB.js',
    'index.html',
  ]);
});

cloudTest('upload.mjs --dry-run prints the commands, and runs none', async (world) => {
  const { code, out, calls, left } = await world.run('upload', [...ALL, '--dry-run']);
  assert.equal(code, 0);
  assert.equal(out.match(/^az storage blob upload-batch --destination '\$web' /gm).length, 3);
  assert.deepEqual([calls, left], [[], []]);
});

const WRONG = [
  ['an option missing', ['--api', ADDRESSES.api], /--service is missing/, 2],
  ['an unknown option', [...ALL, '--fast'], /--fast/, 2],
  [
    'an address that is none',
    ['--api', 'app', '--service', ADDRESSES.service],
    /api is not a web address/,
    1,
  ],
  ['a folder that is not there', [...ALL, '--dist', '/nowhere/dist'], /ENOENT/, 1],
];
for (const [what, args, complaint, wanted] of WRONG) {
  cloudTest(`upload.mjs refuses ${what}`, async (world) => {
    const { code, err, calls, left } = await world.run('upload', args);
    assert.equal(code, wanted);
    assert.match(err, complaint);
    assert.deepEqual([calls, left], [[], []]);
  });
}
