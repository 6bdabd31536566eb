import test from 'node:test';
import assert from 'node:assert/strict';
import { scrollOf } from '../src/first-text.js';

const SCREEN = { top: 1, bottom: 30, line: 1, lines: 100, height: 440, lineHeight: 22 };

test('the first text begins where the writer sees the first line', () => {
  assert.equal(scrollOf(SCREEN), 0);
  assert.equal(scrollOf({ ...SCREEN, top: 11, line: 12, bottom: 40 }), 220);
});

test('a cursor below the screen is scrolled to, but only one that the writer sees', () => {
  const least = 12 + 29 * 22 + 5 - 440;
  assert.equal(scrollOf({ ...SCREEN, line: 29 }), least);
  assert.equal(scrollOf({ ...SCREEN, line: 90 }), 0);
  assert.equal(scrollOf({ ...SCREEN, line: undefined }), 0);
});

test('nobody scrolls beyond the end', () => {
  const end = 100 * 22 + 24 - 440;
  assert.equal(scrollOf({ ...SCREEN, top: 100, bottom: 100, line: 100 }), end);
  assert.equal(scrollOf({ ...SCREEN, lines: 3, top: 3, bottom: 3, line: 3 }), 0);
});
