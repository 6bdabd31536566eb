// What the program takes from outside: its command line, and the head of a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from '../src/options.js';
import { readHead } from '../src/page.js';

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

test('the head of a page is read, whatever is around it', () => {
  const head = '<META name="codestream-api"\ncontent="https://a/?b=1&amp;c">';
  const days = "<meta name=codestream <meta content='7' name='codestream-keep-days'>";
  assert.deepEqual(readHead(head + days), { api: 'https://a/?b=1&c', keepDays: 7 });
});

test('a million tags without an end are no page, and are soon read', { timeout: 20_000 }, () => {
  assert.deepEqual(readHead('<meta '.repeat(170_000)), { api: undefined, keepDays: 0 });
  assert.deepEqual(readHead(`<meta ${' name'.repeat(200_000)}`), { api: undefined, keepDays: 0 });
});
