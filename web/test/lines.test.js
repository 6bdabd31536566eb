import test from 'node:test';
import assert from 'node:assert/strict';
import { Lines } from '../src/lines.js';
import { applyOps } from '../src/ops.js';
import { randomFrom } from './simulation.js';

test('places are found after any edit as in the text itself', () => {
  const random = randomFrom(3);
  let text = 'one\n\ntwo\n';
  const lines = new Lines(text);
  for (let i = 0; i < 500; i++) {
    const offset = Math.floor(random() * (text.length + 1));
    const deleted = Math.floor(random() * Math.min(6, text.length - offset + 1));
    const op = [offset, deleted, ['', 'x', '\n', 'a\nb\n'][Math.floor(random() * 4)]];
    text = applyOps(text, [op]);
    lines.edit(op);
    assert.equal(lines.length, text.length);
    text.split('\n').reduce((start, line, at) => {
      assert.equal(lines.offsetAt(at + 1, 1), start);
      assert.equal(lines.offsetAt(at + 1, line.length + 1), start + line.length);
      assert.equal(lines.offsetAt(at + 1, line.length + 2), -1);
      assert.deepEqual(lines.positionAt(start + line.length), {
        line: at + 1,
        column: line.length + 1,
      });
      return start + line.length + 1;
    }, 0);
  }
});

test('a place outside the text has no offset', () => {
  const lines = new Lines('a\nb');
  for (const [line, column] of [
    [0, 1],
    [3, 1],
    [1, 0],
    [1.5, 1],
    [1, 1.5],
    ['length', 1],
    [undefined, 1],
    [1, undefined],
    [null, null],
  ])
    assert.equal(lines.offsetAt(line, column), -1);
});
