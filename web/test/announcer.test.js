import test from 'node:test';
import assert from 'node:assert/strict';
import { Announcer, EVERY_MS, QUIET_MS } from '../src/announcer.js';

/** What is said while somebody types this at the cursor, a letter each 200 ms, and then rests. */
function listen(text, typed, { at = text.length, rest = 10_000 } = {}) {
  const announcer = new Announcer();
  announcer.begin(text);
  const said = [];
  let now = 0;
  const hear = () => {
    const words = announcer.hear(text, at, now);
    if (words) said.push(words);
  };
  for (const letter of typed) {
    text = text.slice(0, at) + letter + text.slice(at);
    at += letter.length;
    now += 200;
    hear();
  }
  for (const end = now + rest; announcer.wakeAt <= end; hear()) {
    assert.ok(announcer.wakeAt > now, 'it wants to be called later');
    now = announcer.wakeAt;
  }
  return said;
}

test('a line is said when the writer has left it, or rests in it', () => {
  assert.deepEqual(listen('', 'let x;\nlet y'), ['Line 1: let x;', 'Line 2: let y']);
  assert.deepEqual(listen('a\nb\nc', ' = 1', { at: 3 }), ['Line 2: b = 1']);
  assert.deepEqual(listen('a', '\n\n\n'), [], 'empty lines are not worth a word');
});

test('it speaks at most once in two seconds, and says then what has come since', () => {
  const announcer = new Announcer();
  announcer.begin('');
  const said = [];
  let text = '';
  for (let now = 0; now < 8_000; now += 400) {
    text += `x${now}\n`;
    const words = announcer.hear(text, text.length, now);
    if (words) said.push([now, words.split('\n').length]);
  }
  said.slice(1).forEach(([now], i) => assert.ok(now - said[i][0] >= EVERY_MS));
  assert.ok(said.length >= 4);
});

test('much at once is counted, a long line is cut, and what was deleted is said', () => {
  const announcer = new Announcer();
  const lines = Array.from({ length: 30 }, (_, i) => `line ${i}`);
  announcer.begin('a\nz');
  assert.equal(announcer.hear(`a\n${lines.join('\n')}\nz`, 1, 0), 'Lines 2 to 31 have changed.');
  assert.equal(announcer.hear('a\nz', 1, 10_000), '30 lines were deleted before line 2.');
  const [long] = listen('', `${'x'.repeat(199)}😀y\n`, { rest: 0 }).slice(-1);
  assert.equal(long, `Line 1: ${'x'.repeat(199)} …`);
});

test('what lies between two places that have changed is not said', () => {
  const announcer = new Announcer();
  const lines = ['one', 'two', 'three', 'four', 'five'];
  announcer.begin(lines.join('\n'));
  lines[0] = 'ONE';
  lines[4] = 'FIVE';
  assert.equal(announcer.hear(lines.join('\n'), 0, QUIET_MS), 'Line 5: FIVE');
  assert.equal(announcer.hear(lines.join('\n'), 0, 3 * QUIET_MS), 'Line 1: ONE');
});

test('what is there when it is turned on is not said, and after that nothing without a change', () => {
  const announcer = new Announcer();
  announcer.begin('a\nb');
  assert.equal(announcer.hear('a\nb', 0, 5_000), '');
  assert.equal(announcer.wakeAt, Infinity);
});
