// What the program takes from outside: its command line, the head of a page, standard input.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { PassThrough } from 'node:stream';
import { test } from '../../tests/lib/test.js';
import { InputSource, LEFT_OUT } from '../src/input-source.js';
import { UsageError, readOptions } from '../src/options.js';
import { PageError, readBackEnd, readHead } from '../src/page.js';

const LINK = `https://you.example/#${'A'.repeat(22)}`;

test('options may stand before the command and after it', () => {
  for (const args of [
    ['watch', '--api', 'https://api.example/', LINK],
    ['--api', 'https://api.example/', 'watch', LINK],
  ]) {
    const { command, room, api } = readOptions(args, {});
    assert.deepEqual([command, room, api], ['watch', 'A'.repeat(22), 'https://api.example']);
  }
  assert.equal(readOptions(['./watch'], { page: LINK }).command, 'share');
});

test('a command line that makes no sense is refused with the reason', () => {
  for (const [args, reason] of [
    [['watch', 'https://you.example/'], /the part after # is not a room/],
    [['watch', 'ftp://you.example/'], /The link is not an address/],
    [['watch'], /There is no LINK/],
    [['watch', 'a', 'b'], /more than one LINK/],
    [['watch', LINK, '--once', '--timeout', '0'], /--timeout is a number of seconds/],
    [['watch', LINK, '--once', '--timeout', 'soon'], /--timeout is a number of seconds/],
    [['watch', LINK, '--timeout', '1'], /--timeout goes with --once alone/],
    [['--page', LINK, '--once', 'x'], /Unknown option '--once'/],
    [[], /There is no FILE/],
    [['x'], /On which page do people watch/],
    [['--page', 'you.example', 'x'], /The address of the page is not an address/],
    [['--page', LINK, '--language', 'klingon', 'x'], /klingon is not known/],
    [['--page', LINK, '--end', 'x'], /--end goes with - alone/],
  ])
    assert.throws(() => readOptions(args, {}), (error) => error instanceof UsageError && reason.test(error.message));
  const { timeout } = readOptions(['watch', '--once', '--timeout=2.5', LINK], {});
  assert.equal(timeout, 2.5);
  assert.equal(readOptions(['watch', '--once', LINK], {}).timeout, 20);
});

test('a page that is none, or cannot be reached, is said', async () => {
  const pages = {
    '/none': (response) => response.writeHead(404).end(),
    '/other': (response) => response.end('<title>x</title>'),
    '/script': (response) => response.end('<meta name="codestream-api" content="javascript:1">'),
    '/endless': (response) => {
      const more = () => !response.destroyed && response.write(' '.repeat(65_536), more);
      more();
    },
  };
  const server = createServer((request, response) => pages[request.url](response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  const problem = (path) => readBackEnd(new URL(path, origin)).then(
    () => assert.fail('it is one'),
    (error) => (error instanceof PageError ? error.message : Promise.reject(error)),
  );
  assert.equal(await problem('/none'), `${origin}/none answered 404.`);
  assert.match(await problem('/other'), /does not say where its function app is/);
  assert.match(await problem('/script'), /does not say where its function app is/);
  assert.equal(await problem('/endless'), `${origin}/endless is no page of Codestream.`);
  server.close();
  server.closeAllConnections?.();
  assert.match(await problem('/gone'), /\/gone cannot be reached: /);
});

test('the package’s README links to nothing that the package does not hold', () => {
  const packaged = new URL('../', import.meta.url);
  const { files } = JSON.parse(readFileSync(new URL('package.json', packaged), 'utf8'));
  const readme = readFileSync(new URL('README.md', packaged), 'utf8');
  for (const [, link] of readme.matchAll(/\]\((?!https?:|#)([^)#]+)/g)) {
    assert.ok(files.includes(link.split('/')[0]), link);
    assert.ok(existsSync(new URL(link, packaged)), link);
  }
});

test('the head of a page is read, whatever is around it', () => {
  const head = '<META name="codestream-api"\ncontent="https://a/?b=1&amp;c">';
  const days = "<meta name=codestream <meta content='7' name='codestream-keep-days'>";
  assert.deepEqual(readHead(head + days), { api: 'https://a/?b=1&c', keepDays: 7 });
});

test('a million tags without an end are no page, and are soon read', { timeout: 20_000 }, () => {
  assert.deepEqual(readHead('<meta '.repeat(170_000)), { api: undefined, keepDays: 0 });
  assert.deepEqual(readHead(`<meta ${' name'.repeat(200_000)}`), { api: undefined, keepDays: 0 });
});

test('an input of exactly 256 KiB is streamed whole, and of one letter more the end', async () => {
  const MOST = 256 * 1024;
  const input = new PassThrough();
  let text = '';
  const ended = new Promise((resolve) => {
    new InputSource(input, { told: (newest) => (text = newest), ended: resolve });
  });
  input.write(`first\r\n${'x'.repeat(MOST - 6)}\r`);
  while (text.length < MOST) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(text, `first\n${'x'.repeat(MOST - 6)}`);
  input.end('\n');
  await ended;
  assert.ok(text.startsWith(LEFT_OUT));
  assert.ok(text.endsWith('x\n'));
  assert.ok(text.length <= MOST);
});
