// Whatever arrives, the core does not throw, keeps its bounds, and takes the next good message.

import test from 'node:test';
import assert from 'node:assert/strict';
import { hash } from '../src/ops.js';
import { MAX_BUFFERED, MAX_TEXT } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { randomFrom } from './simulation.js';

const OK = { success: true };
const NO = { success: false, error: { code: 'Busy', message: 'no' } };
const VALUES = [
  undefined,
  null,
  true,
  -1,
  0,
  1,
  2,
  3,
  1.5,
  NaN,
  Infinity,
  2 ** 53,
  '',
  'x',
  'a\r\n',
  '\ud800',
  '1',
  '__proto__',
  [],
  [[]],
  [[0, 0, 'x']],
  [[1, 2, '']],
  [[9, 9, 'x']],
  [null],
  {},
  { changes: [] },
  [{ changes: [{ range: {}, text: 'x' }] }],
  [{ rangeOffset: 0, rangeLength: 1, text: '' }],
  { selections: [[0, 1]], top: 1, bottom: 2 },
  { selections: 'x' },
  'full',
  'delta',
  'sync',
];
const FIELDS = [
  'type',
  'epoch',
  'seq',
  'version',
  'content',
  'changes',
  'n',
  'hash',
  'view',
  'language',
  'name',
  'paused',
  'ended',
  'viewers',
  'sid',
  'data',
];

/** Mostly good messages with a few fields exchanged, because random ones would not get far. */
function messages(random, count) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  return Array.from({ length: count }, (_, i) => {
    const content = 'text'.repeat(1 + Math.floor(random() * 3));
    const message = {
      type: pick(['full', 'delta', 'view', 'beat']),
      epoch: Math.floor(random() * 4),
      seq: i,
      version: Math.floor(i / 10) + Math.floor(random() * 3),
      content,
      changes: [[Math.floor(random() * 12), Math.floor(random() * 3), 'ab']],
      n: content.length,
      hash: hash(content),
      view: { selections: [[1, 2]], top: 1, bottom: 2 },
    };
    for (let changes = Math.floor(random() * 3); changes > 0; changes--)
      message[pick(FIELDS)] = pick(VALUES);
    return random() < 0.05 ? pick(VALUES) : message;
  });
}

test('no message makes a viewer throw, outgrow its bounds, or stay wrong', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const viewer = new Viewer({ random });
    viewer.joined('v', 0);
    let now = 0;
    let shown = '';
    const hear = (message) => {
      for (const [offset, deleted, inserted] of viewer.heard(message, 'w', now)) {
        assert.ok(offset + deleted <= shown.length);
        shown = shown.slice(0, offset) + inserted + shown.slice(offset + deleted);
      }
    };
    for (const message of messages(random, 2_000)) {
      now += random() * 300;
      hear(message);
      for (const { id } of viewer.poll(now)) viewer.answered(id, random() < 0.9 ? OK : NO);
      assert.equal(shown, viewer.text);
      assert.ok(viewer.text.length <= MAX_TEXT && viewer.buffer.size <= MAX_BUFFERED);
      assert.ok(viewer.wakeAt > now);
    }
    hear({
      type: 'full',
      epoch: 2 ** 50,
      seq: 1,
      version: 1,
      content: 'good',
      n: 4,
      hash: hash('good'),
    });
    assert.deepEqual([shown, viewer.behind], ['good', false]);
  }
});

test('no message makes a writer throw, change its text, or answer without bound', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const writer = new Writer({ epoch: 1, text: 'mine', language: 'go', name: '' });
    writer.joined('w', 0);
    let now = 0;
    let sent = 0;
    for (const message of messages(random, 2_000)) {
      now += random() * 20;
      const from =
        random() < 0.9
          ? `v${Math.floor(random() * 5)}`
          : VALUES[Math.floor(random() * VALUES.length)];
      const raw = random() < 0.5 ? { ...message, data: 'sync' } : message;
      writer.heard(raw, from, now);
      for (const { id } of writer.poll(now)) {
        sent++;
        writer.answered(id, random() < 0.9 ? OK : NO, now);
      }
      assert.ok(writer.wakeAt > now);
    }
    assert.equal(writer.text, 'mine');
    // Two beats, one full to the room and a few single ones a second are the most there can be.
    assert.ok(sent <= (now / 1_000) * 15, `${sent} messages in ${Math.round(now)} ms`);
  }
});
