import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { configurePage, pageBytes, siteFile } from '../site.mjs';

const page = await readFile(new URL('../index.html', import.meta.url), 'utf8');
const addresses = { api: 'https://app.example', service: 'https://service.example' };

test('the page is never kept, everything else for ever', () => {
  assert.deepEqual(siteFile('/'), {
    path: 'index.html',
    contentType: 'text/html; charset=utf-8',
    contentEncoding: 'gzip',
    cacheControl: 'no-cache',
  });
  const script = siteFile('/assets/page-ABC.js');
  assert.deepEqual([script.path, script.contentEncoding], ['assets/page-ABC.js', 'gzip']);
  assert.match(script.cacheControl, /immutable/);
});

test('what is no part of the page is not served', () => {
  for (const path of [
    'assets/',
    'assets/../index.html',
    '../site.mjs',
    'assets/x.exe',
    'src/main.js',
    'assets/a/b.js',
    'assets/.js/x',
  ]) {
    assert.equal(siteFile(path), undefined, path);
  }
});

test('the policy allows the function app, the service and its socket, and no other origin', () => {
  const html = configurePage(page, addresses);
  assert.match(
    html,
    /connect-src https:\/\/app\.example https:\/\/service\.example wss:\/\/service\.example;/,
  );
  assert.match(html, /name="codestream-api" content="https:\/\/app\.example"/);
  assert.match(html, /default-src 'none'/);
  assert.doesNotMatch(html, /%CODESTREAM/);
});

test('the page is compressed after its addresses have been filled in', () => {
  const bytes = pageBytes(page, addresses);
  assert.equal(gunzipSync(bytes).toString(), configurePage(page, addresses));
  assert.ok(bytes.length < page.length / 2, `${bytes.length} of ${page.length} bytes`);
});

test('a path in front of the function app is kept, and its last slash not', () => {
  assert.match(
    configurePage(page, { ...addresses, api: 'http://localhost:7071/api/' }),
    /content="http:\/\/localhost:7071\/api"/,
  );
});

test('addresses that could change the policy or the page are refused', () => {
  for (const api of [
    '',
    'app.example',
    'javascript:alert(1)',
    'ftp://x',
    'https://x/";<script>',
    'https://x/a;b',
    "https://x/'unsafe-eval'",
  ]) {
    assert.throws(() => configurePage(page, { ...addresses, api }), Error, api);
  }
  assert.throws(() => configurePage('<html></html>', addresses), /CODESTREAM/);
});

test('no end of a file name is a type by accident', () => {
  for (const name of [...Object.getOwnPropertyNames(Object.prototype), 'exe'])
    assert.equal(siteFile(`assets/page.${name.toLowerCase()}`), undefined, name);
});
