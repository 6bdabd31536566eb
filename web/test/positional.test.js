// The short form says the same as the named one, takes as little room as it should, and is checked
// as carefully.

import test from 'node:test';
import assert from 'node:assert/strict';
import { hash } from '../src/ops.js';
import { encodeBeat, encodeDelta, encodeView } from '../src/positional.js';
import { MAX_BUFFERED, MAX_OPS, MAX_SELECTIONS, MAX_TEXT, readFromWriter } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';
import { randomFrom } from './simulation.js';

const EPOCH = 1_732_934_400_123;
const view = { selections: [[13, 13], [2, 9]], top: 1, bottom: 40 };
const delta = { epoch: EPOCH, version: 7, n: 20, changes: [[3, 0, 'x'], [9, 2, 'ab']], view };

/** Over the wire and back. */
const read = (message, epoch = EPOCH) => readFromWriter(JSON.parse(JSON.stringify(message)), epoch);
const wire = (data) =>
  Buffer.byteLength(`42["message",{"type":"editorMessage","data":${JSON.stringify(data)}}]`);

test('what is written in the short form is read as it was', () => {
  assert.deepEqual(read(encodeDelta(delta)), { type: 'delta', ...delta });
  const bare = { ...delta, view: undefined };
  assert.deepEqual(read(encodeDelta(bare)), { type: 'delta', ...bare });
  const where = { epoch: EPOCH, seq: 5, version: 7, view };
  assert.deepEqual(read(encodeView(where)), { type: 'view', ...where });
  const beat = { epoch: EPOCH, seq: 5, version: 7, n: 20, hash: 4, since: 3 };
  assert.deepEqual(read(encodeBeat(beat)), { type: 'beat', ...beat });
});

test('a letter with its cursor takes at most 100 bytes, also at the end of the largest text', () => {
  for (const at of [0, 13_500, MAX_TEXT - 1]) {
    const letter = {
      epoch: EPOCH,
      version: 16_406,
      n: MAX_TEXT,
      changes: [[at, 0, 'a']],
      view: { selections: [[at + 1, at + 1]], top: 3_500, bottom: 3_540 },
    };
    assert.ok(wire(encodeDelta(letter)) <= 100, `${wire(encodeDelta(letter))} bytes`);
    assert.ok(wire({ type: 'delta', ...letter }) >= 180);
  }
});

test('deltas and views of another epoch are none, beats are', () => {
  for (const other of [-1, 0, EPOCH + 1]) {
    assert.equal(read(encodeDelta(delta), other), undefined);
    assert.equal(read(encodeView({ ...delta, seq: 1 }), other), undefined);
    const beat = { epoch: EPOCH, seq: 5, version: 7, n: 20, hash: 4, since: 3 };
    assert.equal(read(encodeBeat(beat), other).epoch, EPOCH);
  }
});

const STATE = { language: 'go', name: '', paused: false, ended: false, viewers: 1, sid: 'w' };
const full = (content, more) => ({
  type: 'full', epoch: EPOCH, seq: 1, version: 1, content, n: content.length,
  hash: hash(content), ...STATE, ...more,
});

test('a delta that overtakes the full of its epoch is not lost', () => {
  const viewer = new Viewer({ random: () => 0.5 });
  viewer.joined('v', 0);
  const change = { epoch: EPOCH, version: 2, n: 4, changes: [[3, 0, 'd']] };
  assert.deepEqual(viewer.heard(encodeDelta(change), 'w', 1), []);
  viewer.heard(full('abc'), 'w', 2);
  assert.deepEqual([viewer.text, viewer.version, viewer.behind], ['abcd', 2, false]);
  for (let version = 3; version < 3 + 2 * MAX_BUFFERED; version++)
    viewer.heard(encodeDelta({ ...change, epoch: EPOCH + 1, version }), 'w', 3);
  assert.ok(viewer.early.length <= MAX_BUFFERED);
});

test('a viewer that has missed a change of the session asks, and once', () => {
  const viewer = new Viewer({ random: () => 0.5 });
  viewer.joined('v', 0);
  for (const { id } of viewer.poll(0)) viewer.answered(id, { success: true });
  viewer.heard(full('abc'), 'w', 10);
  const beat = { epoch: EPOCH, version: 1, n: 3, hash: hash('abc') };
  viewer.heard(encodeBeat({ ...beat, seq: 3, since: 1 }), 'w', 20);
  assert.deepEqual(viewer.poll(2_000), []);
  viewer.heard(encodeBeat({ ...beat, seq: 5, since: 4 }), 'w', 2_000);
  let asked = 0;
  for (let now = 2_000; now < 5_000; now += 100) {
    for (const { id, data } of viewer.poll(now)) {
      asked++;
      assert.equal(data.here, undefined);
      viewer.answered(id, { success: true });
      viewer.heard({ type: 'beat', seq: 6, ...beat, ...STATE, paused: true }, 'w', now);
    }
  }
  assert.deepEqual([asked, viewer.session.paused], [1, true]);
});

const VALUES = [
  undefined, null, true, -1, 0, 1, 2, 3, 1.5, 2 ** 53, '', 'x', '1', [], [[]], [[0, 0, 'x']],
  [[1, 2, '']], [[9, 9, 'x']], [null], [[0, 1]], [[-5, -5]], [[1, 2], [3]], {}, { length: 3 },
  { toString: null, valueOf: null }, [[{ toString: null }, { toString: null }]],
  [[0, 0, { length: { toString: null } }]], 'a\r\n', '__proto__',
  Array(MAX_OPS + 1).fill([0, 0, '']), Array(MAX_SELECTIONS + 1).fill([0, 0]),
];

test('arrays with wrong, missing or absurd elements are no messages, or good ones', () => {
  const good = [
    encodeDelta(delta),
    encodeView({ ...delta, seq: 1 }),
    encodeBeat({ ...delta, seq: 1, hash: 2, since: 1 }),
  ];
  for (const message of good) {
    for (let i = 0; i < message.length; i++) {
      for (const value of VALUES) {
        const got = readFromWriter(Object.assign([...message], { [i]: value }), EPOCH);
        if (!got) continue;
        for (const name of ['epoch', 'version', 'seq', 'n', 'hash', 'since'])
          if (got[name] !== undefined)
            assert.ok(Number.isSafeInteger(got[name]) && got[name] >= 0, `${name} of ${i}`);
        for (const end of got.view?.selections.flat() ?? []) assert.ok(end >= 0 && end <= MAX_TEXT);
      }
      // Without its view a delta is still one.
      if (i !== 5 || message.length !== 8)
        assert.equal(readFromWriter(message.slice(0, i), EPOCH), undefined, `${i} elements`);
    }
    assert.equal(readFromWriter([...message, 1], EPOCH), undefined);
  }
});

test('no array makes a viewer throw, outgrow its bounds, or stay wrong', () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const pick = (list) => list[Math.floor(random() * list.length)];
    const viewer = new Viewer({ random });
    viewer.joined('v', 0);
    let shown = '';
    let now = 0;
    const hear = (message) => {
      for (const [offset, deleted, inserted] of viewer.heard(message, 'w', now)) {
        assert.ok(offset + deleted <= shown.length);
        shown = shown.slice(0, offset) + inserted + shown.slice(offset + deleted);
      }
    };
    for (let i = 0; i < 2_000; i++) {
      now += random() * 300;
      const epoch = EPOCH + Math.floor(random() * 3);
      const version = Math.floor(i / 10) + Math.floor(random() * 3);
      const changes = [[Math.floor(random() * 12), Math.floor(random() * 3), 'ab']];
      const base = { epoch, version, seq: i, n: Math.floor(random() * 20), changes, view };
      const message = pick([
        encodeDelta(base),
        encodeView(base),
        encodeBeat({ ...base, hash: 1, since: Math.floor(random() * i) }),
        full('text'.repeat(1 + Math.floor(random() * 3)), { epoch, version, seq: i }),
      ]);
      if (Array.isArray(message) && random() < 0.3)
        message[Math.floor(random() * message.length)] = pick(VALUES);
      hear(message);
      for (const { id } of viewer.poll(now)) viewer.answered(id, { success: true });
      assert.equal(shown, viewer.text);
      assert.ok(viewer.text.length <= MAX_TEXT && viewer.buffer.size <= MAX_BUFFERED);
      assert.ok(viewer.early.length <= MAX_BUFFERED && viewer.wakeAt > now);
    }
    hear(full('good', { epoch: 2 ** 53 - 1 }));
    assert.deepEqual([shown, viewer.behind], ['good', false]);
  }
});
