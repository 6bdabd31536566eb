// The line of state: each part of it is true, or is not there.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash } from '../../web/src/ops.js';
import { ROLL_CALL_MS } from '../../web/src/protocol.js';
import { Viewer } from '../../web/src/viewer.js';
import { Writer } from '../../web/src/writer.js';
import { sharingLine, watchingLine } from '../src/words.js';

const up = { phase: 'up', since: 0, network: true };
const unreachable = { code: 'Unreachable', message: 'fetch failed', final: false };

/** A writer that is live, with these viewers. */
function writing(viewers = []) {
  const writer = new Writer({ epoch: 1, text: 'a\nb\nc\n', language: 'plaintext', name: '', hands: 1 });
  writer.joined('writer', 0);
  for (const from of viewers) writer.presence({ role: 'viewer', state: 'joined', from });
  for (const { id } of writer.poll(0)) writer.answered(Number(id), { success: true }, 0);
  return writer;
}
const raise = (writer, from, line) =>
  writer.heard({ data: 'hand', n: 1, up: true, line }, from, 0);
const line = (writer, more = {}) =>
  sharingLine({ link: up, writer, takenOver: false, returned: false, remark: '', now: 100, ...more });

test('live, with its viewers and their hands', () => {
  const writer = writing(['one', 'two']);
  assert.equal(line(writing()), 'Live, 0 viewers');
  assert.equal(line(writer), 'Live, 2 viewers');
  raise(writer, 'one', 2);
  assert.equal(line(writer), 'Live, 2 viewers, 1 hand raised at line 2');
  raise(writer, 'two', 2);
  assert.equal(line(writer), 'Live, 2 viewers, 2 hands raised at line 2');
  writer.hands.note('one');
  assert.equal(line(writer), 'Live, 2 viewers, 1 hand raised at line 2');
  writer.presence({ role: 'viewer', state: 'left', from: 'two' });
  assert.equal(line(writer, { remark: 'x is not there' }), 'Live, 1 viewer, x is not there');
});

test('without a connection nothing is said of viewers and hands, and after 3 s the reason', () => {
  const writer = writing(['one']);
  raise(writer, 'one', 2);
  const at = (now, link) => line(writer, { now, link: { network: true, since: 0, trouble: unreachable, ...link } });
  assert.equal(at(0, { phase: 'connecting' }), 'Connecting');
  assert.equal(at(2_999, { phase: 'down' }), 'Reconnecting');
  assert.equal(at(3_000, { phase: 'down' }), 'Reconnecting: the function app cannot be reached');
  assert.match(at(60_000, { phase: 'down' }), /^Offline: the function app cannot be reached$/);
  const late = { code: 'Timeout', message: 'x', final: false };
  assert.equal(at(3_000, { phase: 'connecting', trouble: late }), 'Connecting: no answer has come in time');
  const busy = { code: 'Busy', message: 'Too many\x1b[2J requests.', final: false };
  assert.equal(at(3_000, { phase: 'down', trouble: busy }), 'Busy: Too many␛[2J requests.');
  const refused = { code: 'Forbidden', message: 'No.', final: true };
  assert.equal(at(0, { phase: 'failed', trouble: refused }), 'Not connected: No.');
  assert.equal(line(writer, { takenOver: true }), 'Taken over');
});

test('after a connection viewers are counted anew, and none is told of that has left meanwhile', () => {
  const writer = writing(['stays', 'leaves']);
  raise(writer, 'leaves', 1);
  writer.left();
  const since = 10_000;
  const at = (now) => line(writer, { link: { ...up, since }, returned: true, now });
  writer.joined('writer again', since);
  writer.poll(since);
  assert.match(at(since), /^Live, counting viewers$/);
  writer.heard({ data: 'sync', epoch: 1, version: 0, here: true }, 'stays', since + 100);
  writer.poll(since + ROLL_CALL_MS - 1);
  assert.match(at(since + ROLL_CALL_MS - 1), /, counting viewers$/);
  writer.poll(since + ROLL_CALL_MS);
  assert.match(at(since + ROLL_CALL_MS), /, 1 viewer$/);
});

test('what is refused or slow is not called live', () => {
  const writer = writing(['one']);
  writer.problem = { code: 'TooLarge', message: 'Too large.', kind: 'stream' };
  assert.equal(line(writer), 'Not sent: Too large., 1 viewer');
  writer.problem = undefined;
  writer.flights.start({ kind: 'stream' }, 0);
  assert.equal(line(writer, { now: 5_000 }), 'Slow, 1 viewer');
});

test('whoever watches is told the number of viewers only while there is a writer who knows it', () => {
  const viewer = new Viewer({ random: () => 0 });
  viewer.joined('viewer', 0);
  const at = (now, link = up) => watchingLine({ link, viewer, now });
  assert.equal(at(0), 'Connecting');
  const text = 'text';
  const session = { language: 'plaintext', name: 'a.py', paused: false, ended: false, viewers: 3, sid: 'w' };
  const full = { type: 'full', epoch: 1, seq: 1, version: 1, content: text, n: text.length, hash: hash(text) };
  viewer.heard({ ...full, ...session }, 'w', 10);
  assert.equal(at(20), 'Live, a.py, 3 viewers');
  assert.equal(at(20, { ...up, phase: 'down' }), 'Reconnecting, a.py');
  viewer.presence({ role: 'writer', state: 'left', from: 'w' }, 30);
  assert.equal(at(60_000), 'Writer away, a.py');
  viewer.heard({ ...full, ...session, seq: 2, ended: true }, 'w', 60_000);
  assert.equal(at(60_001), 'Ended, a.py');
});
