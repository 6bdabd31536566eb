// What of a text is on a terminal, and where.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cut, widthOf } from '../src/columns.js';
import { columnAt, frame, leftColumn, topLine } from '../src/screen.js';
import { complaint, visible } from '../src/visible.js';

test('a letter takes the columns that it has: none, one or two; a tab reaches the next stop', () => {
  for (const [line, width] of [
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['a\tb', 5],
    ['\x1b', 1],
    ['\u202e', 8],
  ])
    assert.equal(widthOf(line), width, JSON.stringify(line));
});

test('a line is cut at columns, never within a letter', () => {
  assert.deepEqual(cut('漢字', 0, 3), { shown: '漢', width: 2 });
  assert.deepEqual(cut('漢字', 1, 3), { shown: ' 字', width: 3 });
  assert.deepEqual(cut('😀😀', 0, 3), { shown: '😀', width: 2 });
  assert.deepEqual(cut('ab\tc', 3, 2), { shown: ' c', width: 2 });
  assert.deepEqual(cut('abc', 5, 2), { shown: '', width: 0 });
  assert.deepEqual(cut('abe\u0301', 0, 3), { shown: 'abe\u0301', width: 3 });
  assert.ok(cut(`a${'\u0301'.repeat(10_000)}`, 0, 10).shown.length < 100);
});

test('a line as wide as the terminal keeps its last letter', () => {
  const screen = { text: '123456789\n12', top: 0, left: 0, line: 0, state: 'Live', rows: 3, columns: 10 };
  const [first, second] = frame(screen).split('\r\n');
  assert.equal(first, '\x1b[H\x1b[7m \x1b[0m123456789');
  assert.equal(second, ' 12\x1b[K');
});

test('the writer’s line and column are on the screen, which moves only if it has to', () => {
  assert.equal(topLine({ lines: 100, line: 50, top: 45, height: 10 }), 45);
  assert.equal(topLine({ lines: 100, line: 80, top: 45, height: 10 }), 77);
  assert.equal(leftColumn({ column: 30, left: 0, width: 40 }), 0);
  assert.equal(leftColumn({ column: 90, left: 60, width: 40 }), 60);
  assert.equal(leftColumn({ column: 100, left: 60, width: 40 }), 80);
  assert.equal(columnAt('first\n漢\tx', 9), 5);
  assert.equal(columnAt('first\n', 0), 0);
});

test('what would steer a terminal is shown, in a text and in a complaint', () => {
  assert.equal(visible('\x1b]0;x\x07\u202e\u200f'), '␛]0;x␇<U+202E><U+200F>');
  assert.equal(complaint('no\x1b[2J\nfile'), 'codestream-share: no␛[2J file\n');
});
