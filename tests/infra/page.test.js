// The built page as it is deployed: every file has its headers from the one table (web/site.mjs),
// and infra/upload.mjs sorts them for the upload.

import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

import { listFiles, planFormer, planUpload, prepare, readFormer } from '../../infra/deployment/page.mjs';
import { configurePage, pageBytes, siteFile } from '../../web/site.mjs';
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
    assert.equal(entry.contentEncoding, 'gzip', name);
    // Of the page, the addresses are missing yet.
    const sent = name === 'index.html' ? pageBytes(bytes.toString(), ADDRESSES) : bytes;
    assert.ok(gunzipSync(sent).length > 0, `${name} is sent gzipped`);
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
      assert.deepEqual({ ...headers }, wanted, stored);
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

test('the bytes are copied, and the page is compressed with its addresses in it', async () => {
  const groups = await prepareIn('whole');
  const uploaded = [];
  for (const { folder, names } of groups) {
    assert.deepEqual(await listFiles(folder), [...names].sort());
    for (const name of names) {
      uploaded.push(name);
      const stored = await readFile(join(DIST, name));
      const put = await readFile(join(folder, name));
      if (name !== 'index.html') assert.ok(stored.equals(put), name);
      else assert.equal(gunzipSync(put).toString(), configurePage(stored.toString(), ADDRESSES));
    }
  }
  assert.deepEqual(uploaded.sort(), await listFiles(DIST));
});

test('the deployed page names the addresses, and has no placeholder left', async () => {
  const { folder } = (await prepareIn('addresses')).at(-1);
  const html = gunzipSync(await readFile(join(folder, 'index.html'))).toString();
  assert.doesNotMatch(html, /%CODESTREAM/);
  const connect = 'https://app.example https://service.example wss://service.example';
  assert.ok(html.includes(`connect-src ${connect};`));
  assert.ok(html.includes('content="https://app.example"'));
});

// ---- the program ----

const ALL = ['--api', ADDRESSES.api, '--service', ADDRESSES.service];

const ACCOUNT = 'codestreamabcdefghijklm';
const PAGE_FILES = ['assets/page-AB.css', 'assets/page-AB.js', 'index.html'];
const DAY_MS = 24 * 3_600_000;
const OLD = ['text/javascript', '', '', ''];

cloudTest('upload.mjs puts the page into the account that is named', async (world) => {
  await world.run('deploy', FIRST);
  world.state.blobs[ACCOUNT] = {};
  const { code, out } = await world.run('upload', [...ALL, '--account', ACCOUNT]);
  assert.equal(code, 0);
  assert.match(out, /^3 files, for https:\/\/app\.example and https:\/\/service\.example\n$/);
  assert.deepEqual(Object.keys(world.state.blobs[ACCOUNT]).sort(), PAGE_FILES);
  assert.match(world.page, /content="kept 0"/);
  await world.run('upload', [...ALL, '--account', ACCOUNT, '--keep-days', '7']);
  assert.match(world.page, /content="kept 7"/);
  assert.equal((await world.run('upload', [...ALL, '--keep-days', '91'])).code, 2);
});

cloudTest('a file that is no longer part of the page is there for a day, and then goes', async (world) => {
  await world.run('deploy', FIRST);
  const blobs = world.state.blobs[ACCOUNT];
  blobs['old.js'] = OLD;
  const since = async () => {
    assert.equal((await world.run('upload', [...ALL, '--account', ACCOUNT])).code, 0);
    return JSON.parse(Buffer.from(blobs['former.json'][3], 'base64')).since;
  };
  const first = await since();
  assert.deepEqual(Object.keys(first), ['old.js']);
  assert.equal(blobs['former.json'][2], 'no-store');
  blobs['older.js'] = OLD;
  world.clock.ms = first['old.js'] + DAY_MS / 2;
  const second = await since();
  assert.equal(second['old.js'], first['old.js'], 'its day began when it was seen first');
  assert.ok('old.js' in blobs);
  world.clock.ms = first['old.js'] + DAY_MS;
  assert.deepEqual(await since(), { 'older.js': second['older.js'] });
  assert.deepEqual(Object.keys(blobs).sort(), [...PAGE_FILES, 'former.json', 'older.js'].sort());
  world.clock.ms = second['older.js'] + DAY_MS;
  assert.deepEqual(await since(), {});
  assert.deepEqual(Object.keys(blobs).sort(), [...PAGE_FILES, 'former.json'].sort());
});

cloudTest('a list of former files that is damaged is begun anew, and removes nothing', async (world) => {
  await world.run('deploy', FIRST);
  const blobs = world.state.blobs[ACCOUNT];
  blobs['old.js'] = OLD;
  blobs['former.json'] = ['', '', '', Buffer.from('{"since":').toString('base64')];
  world.clock.ms = 3 * DAY_MS;
  assert.equal((await world.run('upload', [...ALL, '--account', ACCOUNT])).code, 0);
  const { since } = JSON.parse(Buffer.from(blobs['former.json'][3], 'base64'));
  assert.ok(since['old.js'] >= 3 * DAY_MS);
  assert.ok('old.js' in blobs);
});

cloudTest('a run that is ended while it removes files forgets none of the others', async (world) => {
  await world.run('deploy', FIRST);
  const blobs = world.state.blobs[ACCOUNT];
  const args = [...ALL, '--account', ACCOUNT];
  for (const name of ['old-1.js', 'old-2.js']) blobs[name] = OLD;
  await world.run('upload', args);
  world.clock.ms += DAY_MS;
  blobs['younger.js'] = OLD;
  const begun = world.clock.ms;
  const { calls } = await world.run('upload', args, { killAt: 9 });
  assert.match(calls.at(-1), /^storage blob delete .*old-2/, 'the moment that is meant');
  assert.equal((await world.run('upload', args)).code, 0);
  assert.ok('old-2.js' in blobs, 'at worst it stays for another day');
  world.clock.ms = begun + 2 * DAY_MS;
  assert.equal((await world.run('upload', args)).code, 0);
  assert.deepEqual(Object.keys(blobs).sort(), [...PAGE_FILES, 'former.json'].sort());
});

const NOW = 100 * DAY_MS;
const FORMER_CASES = [
  ['a file that has just left the page stays', { 'a.js': undefined }, { 'a.js': NOW }, []],
  ['one that left it a moment less than a day ago stays', { 'a.js': NOW - DAY_MS + 1 }, { 'a.js': NOW - DAY_MS + 1 }, []],
  ['one that left it a day ago goes', { 'a.js': NOW - DAY_MS }, {}, ['a.js']],
  ['a time to come counts from now on', { 'a.js': NOW + DAY_MS }, { 'a.js': NOW }, []],
  ['a file of the page leaves the list, and stays', { 'now.js': NOW - 2 * DAY_MS }, {}, []],
];
for (const [sentence, former, kept, gone] of FORMER_CASES) {
  test(`of old files: ${sentence}`, () => {
    const present = [...Object.keys(former), 'former.json'];
    const plan = planFormer({ present, current: new Set(['now.js']), former, now: NOW });
    assert.deepEqual(plan, { kept, gone });
  });
}

test('a list of former files names a file only with a time', () => {
  assert.deepEqual(readFormer('{"since":{"a.js":5}}'), { 'a.js': 5 });
  assert.deepEqual(readFormer('{"since":{"a.js":"5","b.js":null,"c.js":7}}'), { 'c.js': 7 });
  for (const text of ['', 'null', '{}', '[]', '{"since":null}', '{"since":3}']) {
    assert.deepEqual(readFormer(text), {}, text);
  }
});

cloudTest('upload.mjs --dry-run prints the commands, and runs none', async (world) => {
  const { code, out, calls, left } = await world.run('upload', [...ALL, '--dry-run']);
  assert.equal(code, 0);
  assert.equal(out.match(/^az storage blob upload-batch --destination '\$web' /gm).length, 4);
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
