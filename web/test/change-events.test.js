import test from 'node:test';
import assert from 'node:assert/strict';
import { eventsFromOps, opsFromEvents } from '../src/change-events.js';
import { applyOps } from '../src/ops.js';
import { MAX_ENCODED, MAX_OPS } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { presence } from './simulation.js';

const leaves = presence('viewer', 'left');

const change = (line, column, endLine, endColumn, text) => ({
  text,
  range: { startLineNumber: line, startColumn: column, endLineNumber: endLine, endColumn },
});

test("Monaco's events become edits, by line and column", () => {
  const text = 'one\ntwo\nthree';
  const ops = opsFromEvents(text, [
    { changes: [change(3, 1, 3, 6, '3'), change(1, 4, 2, 1, ' ')] },
    { changes: [change(1, 1, 1, 1, '> ')] },
  ]);
  assert.equal(applyOps(text, ops), '> one two\n3');
});

test('changes outside their events, with offsets only, are understood', () => {
  assert.deepEqual(opsFromEvents('ab', [{ rangeOffset: 1, rangeLength: 1, text: 'X' }]), [
    [1, 1, 'X'],
  ]);
});

test('the line ends of a Windows writer become LF', () => {
  assert.equal(
    applyOps('a\nb', opsFromEvents('a\nb', [{ changes: [change(2, 2, 2, 2, '\r\nc')] }])),
    'a\nb\nc',
  );
});

test('places outside the text, and entries that are not events, are refused', () => {
  for (const events of [
    [{ changes: [change(4, 1, 4, 1, 'x')] }],
    [{ changes: [change(1, 9, 1, 9, 'x')] }],
    [{ changes: [change(2, 1, 1, 1, 'x')] }],
    [{ changes: [{ text: 'x' }] }],
    [{ changes: [null] }],
    [{}],
    [null],
    [{ rangeOffset: 0, rangeLength: 99, text: '' }],
    [{ rangeOffset: 0, rangeLength: 0, text: 7 }],
  ]) {
    assert.equal(opsFromEvents('one\ntwo', events), undefined, JSON.stringify(events));
  }
});

test('more changes than a delta may have are refused, however they are packed', () => {
  const changes = Array(MAX_OPS).fill(change(1, 1, 1, 1, 'x'));
  assert.equal(opsFromEvents('', [{ changes }]).length, MAX_OPS);
  assert.equal(opsFromEvents('', [{ changes }, { changes: changes.slice(0, 1) }]), undefined);
  const viewer = new Viewer({ random: () => 0 });
  viewer.joined('v', 0);
  viewer.poll(0);
  viewer.heard({ type: 'full', version: 3, content: 'abc' }, 'w', 10);
  viewer.heard({ type: 'delta', version: 3, changes: [{ changes }, { changes }] }, 'w', 20);
  assert.deepEqual([viewer.text, viewer.behind], ['abc', true]);
  assert.equal(viewer.poll(2_000)[0].data.data, 'sync');
});

test('a text is looked through once for all changes, in both directions', (t) => {
  const text = '\n'.repeat(200);
  const ops = Array(MAX_OPS).fill([199, 0, 'x']);
  const changes = Array(MAX_OPS).fill(change(200, 1, 200, 1, 'x'));
  const { indexOf } = String.prototype;
  const looks = t.mock.method(String.prototype, 'indexOf', indexOf).mock;
  opsFromEvents(text, [{ changes }]);
  eventsFromOps(text, ops);
  const most = 2 * (200 + 2 * MAX_OPS);
  assert.ok(looks.callCount() <= most, `${looks.callCount()} looks`);
});

test('edits become events that mean the same', () => {
  const text = 'one\ntwo\n\nfour';
  const ops = [
    [4, 3, 'zwei\n2'],
    [0, 0, '\n'],
    [10, 1, ''],
  ];
  assert.equal(applyOps(text, opsFromEvents(text, eventsFromOps(text, ops))), applyOps(text, ops));
});

test('our viewer watches a page written after the articles', () => {
  const viewer = new Viewer();
  viewer.joined('v', 0);
  assert.deepEqual(viewer.poll(0)[0].data.data, 'sync');
  // Theirs: a full carries the number of the delta to come.
  viewer.heard({ type: 'full', version: 3, content: 'abc' }, 'w', 10);
  viewer.heard(
    { type: 'delta', version: 3, changes: [{ changes: [change(1, 4, 1, 4, 'd')] }] },
    'w',
    20,
  );
  viewer.heard(
    { type: 'delta', version: 4, changes: [{ rangeOffset: 0, rangeLength: 1, text: 'A' }] },
    'w',
    30,
  );
  assert.equal(viewer.text, 'Abcd');
  assert.equal(viewer.behind, false);
});

test('a page written after the articles watches our writer', () => {
  const writer = new Writer({ epoch: 5, text: 'abc', language: 'plaintext', name: '' });
  writer.joined('w', 0);
  const [full] = writer.poll(0);
  writer.answered(full.id, { success: true }, 1);
  writer.heard({ data: 'sync' }, 'theirs', 10);
  const answer = writer.poll(500).find(({ to }) => to === 'theirs');
  // Theirs: takes a full above its own -1, then applies every delta with the range and text of
  // its changes.
  assert.ok(answer.data.version > -1);
  assert.equal(answer.data.content, 'abc');
  writer.edit([[3, 0, '\ndef']]);
  const delta = writer.poll(1_000).find(({ data }) => data.type === 'delta');
  assert.deepEqual(delta.data.changes[0].changes[0].range, change(1, 4, 1, 4).range);
  assert.equal(delta.data.changes[0].changes[0].text, '\ndef');
  assert.equal(delta.data.version, answer.data.version + 1);
});

/** A writer with a viewer of each kind, whose messages are all answered at once. */
function watched() {
  const writer = new Writer({ epoch: 5, text: '', language: 'plaintext', name: '' });
  let now = 0;
  const sent = (ms) => {
    now += ms;
    const sends = writer.poll(now);
    for (const { id } of sends) writer.answered(id, { success: true }, now);
    return sends.map(({ data }) => data);
  };
  writer.joined('w', now);
  sent(0);
  writer.heard({ data: 'sync' }, 'theirs', now);
  writer.heard({ data: 'sync', epoch: 5, version: 0 }, 'ours', now);
  sent(2_000);
  const deltaOf = (text) => {
    writer.edit([[0, 0, text]]);
    return sent(2_000).find(({ type }) => type === 'delta');
  };
  return { writer, sent, deltaOf };
}

test('a delta that would be too large for pages of the articles leaves as a full', () => {
  const { writer, sent, deltaOf } = watched();
  writer.edit([[0, 0, '\u6f22'.repeat(200_000)]]);
  const [data] = sent(2_000);
  assert.deepEqual([data.type, data.version, data.content.length], ['full', 1, 200_000]);
  assert.ok(Buffer.byteLength(JSON.stringify(data)) < MAX_ENCODED);
  assert.equal(deltaOf('small').changes[0].text, 'small');
});

test("the articles' form is kept up while such a page watches, and no longer", () => {
  const { writer, sent, deltaOf } = watched();
  assert.equal(deltaOf('a').changes[0].text, 'a');
  // Such a page cannot answer a roll call.
  writer.left();
  writer.joined('w2', 5_000);
  writer.heard({ data: 'sync', epoch: 5, version: 1, here: true }, 'ours', 5_000);
  assert.equal(deltaOf('b'), undefined);
  sent(15_000);
  assert.equal(deltaOf('c').changes[0].text, 'c');
  writer.presence(leaves('theirs'));
  assert.deepEqual(deltaOf('d').changes, [[0, 0, 'd']]);
});
