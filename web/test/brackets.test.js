import test from 'node:test';
import assert from 'node:assert/strict';
import { bracketsIn } from '../src/brackets.js';

/** The depths as a row of digits below the text. */
function depths(text, skipped = [], isCut = false) {
  const row = Array(text.length).fill('.');
  for (const { at, depth } of bracketsIn(text, skipped, isCut)) row[at] = String(depth);
  return row.join('');
}

test('what opens and what closes it are equally deep', () => {
  assert.equal(depths('f(a[0], { b: (1) })'), '.0.1.1..1....2.2.10');
});

test('nothing counts in strings and comments', () => {
  const text = 'f(")", /* ( */ x)';
  const skipped = [{ from: 2, to: 5 }, { from: 7, to: 14 }];
  assert.equal(depths(text, skipped), '.0..............0');
});

test('what closes nothing has no depth, unless it was opened before', () => {
  assert.equal(depths(') (a) }'), '..0.0..');
  assert.equal(depths(') (a) }', [], true), '1.1.1.0');
  assert.equal(depths('}}{', [], true), '100');
});
