// The stand-in for the static website: the page's own table of types and headers, its addresses
// filled in, and nothing outside of its folder.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import { startWebsite } from '../website/website.js';
import { API_PLACEHOLDER, CONNECT_PLACEHOLDER } from '../../web/site.mjs';
import { request } from './testing.js';
import { test } from './test.js';

const PAGE = `<meta content="${API_PLACEHOLDER}"><meta content="${CONNECT_PLACEHOLDER}">`;
const SCRIPT = gzipSync('alert(1)');

async function makePage(t) {
  const root = await mkdtemp(path.join(tmpdir(), 'website-test-'));
  t.after(() => rm(root, { recursive: true }));
  await mkdir(path.join(root, 'assets'));
  await writeFile(path.join(root, 'index.html'), PAGE);
  await writeFile(path.join(root, 'assets', 'main-ABC.js'), SCRIPT);
  await writeFile(path.join(root, 'secret.txt'), 'secret');
  return root;
}

async function start(t) {
  const root = await makePage(t);
  const addresses = { api: 'http://127.0.0.1:7071', service: 'http://localhost:8080' };
  const site = await startWebsite({ root, port: 0, ...addresses });
  t.after(() => site.close());
  return `http://127.0.0.1:${site.port}`;
}

test('the page is served compressed, with the addresses filled in, and is not cached', async (t) => {
  const base = await start(t);
  for (const target of ['/', '/index.html', '/?x=1']) {
    const response = await fetch(base + target);
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type'), /^text\/html/);
    assert.equal(response.headers.get('cache-control'), 'no-cache');
    assert.equal(response.headers.get('content-encoding'), 'gzip');
    const text = await response.text();
    assert.match(text, /content="http:\/\/127\.0\.0\.1:7071"/);
    assert.match(text, /http:\/\/localhost:8080 ws:\/\/localhost:8080/);
  }
});

test('assets are served as they are stored, for ever', async (t) => {
  const base = await start(t);
  const answer = await fetch(`${base}/assets/main-ABC.js`);
  assert.equal(answer.headers.get('content-encoding'), 'gzip');
  assert.match(answer.headers.get('content-type'), /^text\/javascript/);
  assert.match(answer.headers.get('cache-control'), /immutable/);
  assert.equal(answer.headers.get('content-length'), String(SCRIPT.length));
  assert.equal(await answer.text(), 'alert(1)');
  const head = await request(`${base}/assets/main-ABC.js`, { method: 'HEAD' });
  assert.equal(head.headers['content-length'], String(SCRIPT.length));
  assert.equal(head.text, '');
});

test('other files, folders and methods are not served', async (t) => {
  const base = await start(t);
  const status = async (target, method) => (await request(base + target, { method })).status;
  for (const target of [
    '/secret.txt',
    '/assets',
    '/assets/',
    '/assets/none-ABC.js',
    '/assets/../secret.txt',
    '/assets/%2e%2e/secret.txt',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%2fsecret.txt',
    '/%ff',
    '/%00',
  ]) {
    assert.equal(await status(target), 404, target);
  }
  assert.equal(await status('/', 'POST'), 405);
});

test('a page that is not built is reported at the start', async (t) => {
  const root = await makePage(t);
  await rm(path.join(root, 'index.html'));
  const addresses = { api: 'http://127.0.0.1:7071', service: 'http://localhost:8080' };
  await assert.rejects(startWebsite({ root, port: 0, ...addresses }), /not built.*ENOENT/);
});

test('a name that no file can have is missing like any other, and no path is told', async (t) => {
  const base = await start(t);
  for (const name of ['n'.repeat(256), 'n'.repeat(4000), 'n'.repeat(8000), 'constructor', 'a.b']) {
    for (const target of [`/assets/${name}.js`, `/assets/${name}.constructor`,
      `/assets/main-ABC.js/${name}.js`, `/${name}`]) {
      const { status, text } = await request(base + target);
      assert.equal(status, 404, `${target.slice(0, 60)} ${text}`);
      assert.doesNotMatch(text, /tmp|nnn|website-test/);
    }
  }
});

test('when the page is gone, nobody is told where it was', async (t) => {
  const root = await makePage(t);
  const site = await startWebsite({
    root, port: 0, api: 'http://127.0.0.1:7071', service: 'http://localhost:8080',
  });
  t.after(() => site.close());
  await rm(path.join(root, 'index.html'));
  const { status, text } = await request(`http://127.0.0.1:${site.port}/`);
  assert.equal(status, 500);
  assert.doesNotMatch(text, /tmp|website-test|index/);
});
