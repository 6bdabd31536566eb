import test from 'node:test';
import assert from 'node:assert/strict';
import { MAX_COSTLY, MAX_SLOW, cutOf } from '../src/drawn.js';

test('what people write is drawn whole, in any script and however long', () => {
  for (const words of [
    'const answer = 42; // é ',
    'नमस्ते दुनिया यह एक लंबी पंक्ति है ',
    'هذا نص طويل يكتب من اليمين إلى اليسار ',
    'שורה ארוכה עם מילה in English בתוכה ',
    'สวัสดีชาวโลก ',
    'e\u0301a\u0308 ',
    '日本語😀👩‍👩‍👧 ',
  ])
    assert.equal(cutOf(words.repeat(200)), undefined, words);
});

test('thousands of marks on one letter are cut', () => {
  const cut = cutOf(`a${'\u0301'.repeat(5_000)}`);
  assert.ok(cut > MAX_COSTLY && cut < MAX_COSTLY + 10, `${cut}`);
});

test('thousands of letters that no line may be broken between are cut', () => {
  for (const letter of ['\u0915\u094d', '\ud83d\udc68\u200d', '\u1100', 'e\u200d'])
    assert.ok(cutOf(letter.repeat(3_000)) <= MAX_COSTLY + 5, JSON.stringify(letter));
  for (const word of ['\u0915\u094d\u0937 ', '\ud83d\udc68', '\u1112\u1161\u11ab', '\ud83d\udc69\u200d\ud83d\udc67 '])
    assert.equal(cutOf(word.repeat(3_000)), undefined, JSON.stringify(word));
});

test('thousands of changes of direction are cut, by letters and by controls', () => {
  for (const turn of ['a\u05d0', '\u202eab', '1\u0627'])
    assert.ok(cutOf(turn.repeat(3_000)) <= 3 * (MAX_COSTLY + 1), JSON.stringify(turn));
});

test('thousands of characters that the reader draws as signs are cut, and tabs are not', () => {
  for (const sign of ['\0', '\x1b', '\x85', '\xad', '\u00a0\u200b', 'a\ufeff'])
    assert.ok(cutOf(sign.repeat(5_000)) <= 2 * (MAX_COSTLY + 1), JSON.stringify(sign));
  assert.equal(cutOf('\t'.repeat(5_000)), undefined);
});

test('a line of 256 Ki characters is looked at once', () => {
  assert.equal(cutOf('x'.repeat(262_144)), undefined);
  assert.equal(cutOf('\u4e00'.repeat(262_144)), undefined);
});

test('tabs, and letters whose lines are broken by a dictionary, are drawn up to a bound', () => {
  for (const letter of ['\t', 'ส', 'ក', 'မ', 'ລ'])
    assert.equal(cutOf(letter.repeat(100_000)), MAX_SLOW, letter);
  assert.equal(cutOf('a\t'.repeat(MAX_SLOW)), undefined);
  assert.equal(cutOf('é\t'.repeat(MAX_SLOW + 1)), 2 * MAX_SLOW + 1);
  assert.equal(cutOf(`${'a\t'.repeat(MAX_SLOW)}\u4e00b\t`), 2 * MAX_SLOW + 2);
});
