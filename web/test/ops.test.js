import test from 'node:test';
import assert from 'node:assert/strict';
import {
  applyOps,
  encodedOpsSize,
  encodedSize,
  hash,
  inSequence,
  pushOp,
  replacement,
  toLf,
} from '../src/ops.js';
import { randomFrom } from './simulation.js';

test('edits apply one after the other, each to what the one before left', () => {
  assert.equal(
    applyOps('abc', [
      [1, 1, 'XY'],
      [3, 1, ''],
      [0, 0, '>'],
    ]),
    '>aXY',
  );
});

test('an edit that reaches outside the text is refused', () => {
  assert.equal(applyOps('abc', [[4, 0, 'x']]), undefined);
  assert.equal(applyOps('abc', [[2, 2, '']]), undefined);
  assert.equal(applyOps('abc', [[3, 0, 'x']]), 'abcx');
});

test('edits of one text lead to the same text, in whatever order an editor lists them', () => {
  const text = 'one two three';
  // Two cursors, a word replaced, and one deleted from the very place where another is inserted.
  const edits = [
    [0, 0, '> '],
    [4, 3, '2'],
    [8, 0, '('],
    [8, 5, '3'],
  ];
  const random = randomFrom(17);
  for (let i = 0; i < 50; i++) {
    const listed = edits
      .map((edit) => ({ edit, place: random() }))
      .sort((a, b) => a.place - b.place)
      .map(({ edit }) => edit);
    assert.equal(applyOps(text, inSequence(listed)), '> one 2 (3');
  }
});

test('a typed word becomes one edit', () => {
  const ops = [];
  for (const [i, letter] of [...'word'].entries()) pushOp(ops, [10 + i, 0, letter]);
  assert.deepEqual(ops, [[10, 0, 'word']]);
});

test('what is typed and taken back is no edit at all', () => {
  const ops = [];
  pushOp(ops, [3, 0, 'ab']);
  pushOp(ops, [4, 1, '']);
  pushOp(ops, [3, 1, '']);
  assert.deepEqual(ops, []);
});

test('backspacing into older text grows one edit', () => {
  const ops = [];
  pushOp(ops, [5, 0, 'x']);
  pushOp(ops, [5, 1, '']);
  pushOp(ops, [4, 1, '']);
  pushOp(ops, [3, 1, '']);
  assert.deepEqual(ops, [[3, 2, '']]);
});

test('merged edits do to a text what the single ones do', () => {
  const random = randomFrom(4711);
  const int = (max) => Math.floor(random() * max);
  for (let round = 0; round < 3_000; round++) {
    const before = 'abcdefghij'.slice(0, int(11));
    let text = before;
    const merged = [];
    for (let i = int(8); i >= 0; i--) {
      const offset = int(text.length + 1);
      const op = [offset, int(Math.min(4, text.length - offset) + 1), 'XYZ'.slice(0, int(4))];
      text = applyOps(text, [op]);
      pushOp(merged, op);
    }
    assert.equal(applyOps(before, merged), text);
  }
});

test('a replacement is the smallest single edit', () => {
  assert.deepEqual(replacement('hello world', 'hello brave world'), [[6, 0, 'brave ']]);
  assert.deepEqual(replacement('aaaa', 'aaa'), [[3, 1, '']]);
  assert.deepEqual(replacement('same', 'same'), []);
  assert.deepEqual(replacement('', 'new'), [[0, 0, 'new']]);
});

test('a replacement never cuts a surrogate pair', () => {
  // Both pairs begin, and the last two end, with the same half.
  for (const [from, to] of [
    ['😀', '😁'],
    ['x😀y', 'x😁y'],
    ['\u{1f600}', '\u{20600}'],
  ]) {
    const [[offset, deleted, inserted]] = replacement(from, to);
    assert.equal(applyOps(from, [[offset, deleted, inserted]]), to);
    assert.doesNotMatch(inserted, /^[\udc00-\udfff]|[\ud800-\udbff]$/);
    assert.doesNotMatch(from.slice(offset, offset + deleted), /^[\udc00-\udfff]/);
  }
});

test('the hash is FNV-1a over the bytes of UTF-16', () => {
  assert.equal(hash(''), 0x811c9dc5);
  // FNV-1a of the bytes 61 00, worked out by hand.
  let byHand = 0x811c9dc5;
  for (const byte of [0x61, 0x00])
    byHand = Number((BigInt(byHand ^ byte) * 0x01000193n) & 0xffffffffn);
  assert.equal(hash('a'), byHand);
  assert.notEqual(hash('ab'), hash('ba'));
});

test('the weight of a text is that of its JSON in bytes', () => {
  for (const text of [
    '',
    'plain',
    '"\\',
    'tab\tnew\nline',
    '\u0000\u0007\u001f',
    'é日本',
    '😀',
    '\ud800 alone',
  ]) {
    assert.equal(encodedSize(text), Buffer.byteLength(JSON.stringify(text)), JSON.stringify(text));
  }
});

test('the weight of a list of edits is never below that of its JSON', () => {
  const ops = [
    [0, 0, 'a'],
    [262144, 262144, '"\u0001😀'],
    [7, 0, ''],
  ];
  assert.ok(encodedOpsSize(ops) >= Buffer.byteLength(JSON.stringify(ops)));
});

test('line ends become LF, and a byte order mark goes', () => {
  assert.equal(toLf('\uFEFFa\r\nb\rc\nd\r\r\n'), 'a\nb\nc\nd\n\n');
});
