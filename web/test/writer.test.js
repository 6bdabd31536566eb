import test from 'node:test';
import assert from 'node:assert/strict';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import {
  BEAT_MS,
  DEAD_MS,
  FLUSH_MS,
  MAX_ENCODED,
  MAX_GONE,
  MAX_OPS,
  MAX_SOCKET_ID,
  MAX_TEXT,
  ROLL_CALL_EVERY_MS,
  ROLL_CALL_MS,
  ROLL_CALL_JITTER_MS,
} from '../src/protocol.js';
import { hash } from '../src/ops.js';
import { presence } from './simulation.js';

const joins = presence('viewer', 'joined');
const leaves = presence('viewer', 'left');

const OK = { success: true };

/** A writer whose link answers at once; `sent` is everything that left, in order. */
function online(text = '', options = {}) {
  const writer = new Writer({ epoch: 7, text, language: 'plaintext', name: '', ...options });
  const desk = { writer, sent: [], now: 0, answer: () => OK };
  desk.run = (until) => {
    for (;;) {
      for (const send of writer.poll(desk.now)) {
        desk.sent.push({ at: desk.now, ...send });
        const answer = send.id !== undefined && desk.answer(send);
        if (answer) writer.answered(send.id, answer, desk.now);
      }
      const next = Math.min(writer.wakeAt, until);
      if (next >= until) break;
      desk.now = next;
    }
    desk.now = until;
  };
  desk.take = (type) => {
    const found = desk.sent.filter(({ data }) => data.type === type);
    desk.sent = [];
    return found;
  };
  writer.joined('w1', 0);
  desk.run(1);
  return desk;
}

test('text typed before the connection reaches the room with the first full', () => {
  const writer = new Writer({ epoch: 7, text: '', language: 'plaintext', name: '' });
  writer.edit([[0, 0, 'early']]);
  assert.deepEqual(writer.poll(0), []);
  writer.joined('w1', 10);
  const [{ data, to }] = writer.poll(10);
  assert.deepEqual([data.type, data.content, to], ['full', 'early', undefined]);
});

test('the version of a full is that of its text', () => {
  const desk = online('abc');
  const [full] = desk.take('full');
  assert.deepEqual([full.data.version, full.data.content], [0, 'abc']);
  desk.writer.edit([[3, 0, 'd']]);
  desk.run(1_000);
  const [delta] = desk.take('delta');
  assert.deepEqual([delta.data.version, delta.data.changes, delta.data.n], [1, [[3, 0, 'd']], 4]);
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', 1_000);
  desk.run(2_000);
  const [answer] = desk.take('full');
  assert.deepEqual([answer.data.version, answer.data.content, answer.to], [1, 'abcd', 'v1']);
  assert.equal(answer.data.hash, hash('abcd'));
});

test('the first keystroke after a rest leaves at once, the next 200 ms later', () => {
  const desk = online();
  desk.run(1_000);
  desk.take();
  desk.writer.edit([[0, 0, 'a']]);
  desk.run(1_010);
  desk.writer.edit([[1, 0, 'b']]);
  desk.run(2_000);
  const deltas = desk.take('delta');
  assert.deepEqual(
    deltas.map(({ at }) => at),
    [1_000, 1_000 + FLUSH_MS],
  );
});

test('where nobody watches no delta and no view leaves, and whoever comes has the newest text', () => {
  const desk = online('a');
  const type = (text) => {
    desk.writer.edit([[desk.writer.text.length, 0, text]]);
    desk.writer.setView({ selections: [[0, 0]], top: 1, bottom: 2 });
    desk.run(desk.now + 1_000);
    return ['delta', 'view'].flatMap((kind) => desk.sent.filter(({ data }) => data.type === kind)).length;
  };
  // During a roll call there may be somebody.
  assert.equal(type('b'), 1);
  desk.run(ROLL_CALL_MS);
  desk.take();
  for (const text of 'cde') assert.equal(type(text), 0);
  assert.deepEqual([desk.writer.known.text, desk.writer.version, desk.writer.settled], ['abcde', 4, true]);
  desk.run(desk.now + BEAT_MS);
  assert.equal(desk.take('beat').at(-1).data.version, 4);
  desk.writer.presence(joins('v1'));
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', desk.now);
  assert.equal(type('f'), 1);
  const [full] = desk.sent.filter(({ data }) => data.type === 'full');
  assert.deepEqual([full.to, full.data.content, full.data.version], ['v1', 'abcdef', 5]);
  desk.writer.presence(leaves('v1'));
  desk.sent = [];
  assert.equal(type('g'), 0);
});

test('a viewer of whom the writer has never heard has the text with the next beat', () => {
  const desk = online('a');
  desk.run(ROLL_CALL_MS);
  const viewer = new Viewer({ random: () => 0.5 });
  viewer.joined('v1', desk.now, true);
  viewer.heard(desk.writer.messages.full(false), 'w1', desk.now);
  desk.writer.edit([[1, 0, 'b']]);
  desk.sent = [];
  desk.run(desk.now + BEAT_MS);
  for (const { at, data } of desk.take('beat')) viewer.heard(data, 'w1', at);
  let asks = [];
  for (const end = desk.now + 1_000; asks.length === 0 && desk.now < end; desk.now += 50)
    asks = viewer.poll(desk.now);
  desk.writer.heard(asks[0].data, 'v1', desk.now);
  desk.run(desk.now + 1_000);
  for (const { at, data } of desk.take('full')) viewer.heard(data, 'w1', at);
  assert.deepEqual([viewer.text, viewer.needsText, desk.writer.viewers], ['ab', false, 1]);
});

test('nothing more is flushed while the last flush is not answered', () => {
  const desk = online();
  desk.run(1_000);
  desk.take();
  desk.answer = () => undefined;
  desk.writer.edit([[0, 0, 'a']]);
  desk.run(1_100);
  desk.writer.edit([[1, 0, 'b']]);
  desk.run(4_000);
  const [delta, ...more] = desk.take('delta');
  assert.equal(more.length, 0);
  desk.writer.answered(delta.id, OK, 4_000);
  desk.run(4_001);
  assert.deepEqual(
    desk.take('delta').map(({ data }) => data.changes),
    [[[1, 0, 'b']]],
  );
});

test('a connection without acknowledgements is slow, then dead', () => {
  const desk = online();
  desk.take();
  desk.answer = () => undefined;
  desk.writer.edit([[0, 0, 'a']]);
  desk.run(500);
  assert.equal(desk.writer.flights.slow(2_000), false);
  assert.equal(desk.writer.flights.slow(3_500), true);
  assert.equal(desk.writer.flights.dead(3_500), false);
  assert.equal(desk.writer.flights.dead(1 + FLUSH_MS + DEAD_MS), true);
});

test('after a refused delta everybody gets a full', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.take();
  desk.answer = () => ({ success: false, error: { code: 'Upstream', message: 'no' } });
  desk.writer.edit([[1, 0, 'y']]);
  desk.run(1_001);
  assert.equal(desk.writer.problem.code, 'Upstream');
  desk.answer = () => OK;
  desk.run(3_000);
  const [full] = desk.take('full');
  assert.deepEqual([full.data.content, full.to], ['xy', undefined]);
  assert.equal(desk.writer.problem, undefined);
});

const NO = { success: false, error: { code: 'Upstream', message: 'no' } };

test('a refused beat is forgiven at the next one, though nothing is written', () => {
  const desk = online('x');
  desk.answer = ({ data }) => (data.type === 'beat' ? NO : OK);
  desk.run(BEAT_MS + 10);
  assert.equal(desk.writer.problem.code, 'Upstream');
  desk.answer = () => OK;
  desk.run(BEAT_MS * 2 + 10);
  assert.equal(desk.writer.problem, undefined);
});

test('a beat that arrives does not excuse a stream that does not, nor an answer', () => {
  for (const refused of ['stream', 'answer']) {
    const desk = online('x');
    desk.run(1_000);
    desk.answer = ({ data }) => (data.type === 'beat' ? OK : NO);
    if (refused === 'stream') desk.writer.edit([[1, 0, 'y']]);
    else desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', desk.now);
    desk.run(BEAT_MS * 3);
    assert.equal(desk.writer.problem.kind, refused);
    desk.answer = () => OK;
    desk.writer.edit([[0, 0, 'z']]);
    desk.run(desk.now + 5_000);
    assert.equal(desk.writer.problem, undefined);
  }
});

test('a refused answer is no problem any more when the viewer who asked has left', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.answer = ({ data }) => (data.type === 'full' ? NO : OK);
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', desk.now);
  desk.run(2_000);
  assert.equal(desk.writer.problem.kind, 'answer');
  desk.writer.presence(leaves('v1'));
  desk.run(3_000);
  assert.equal(desk.writer.problem, undefined);
});

test('a service that goes on refusing is asked less and less often', () => {
  const desk = online('x');
  desk.take();
  desk.answer = ({ data }) =>
    data.type === 'beat' ? OK : { success: false, error: { code: 'Busy', message: '' } };
  desk.writer.edit([[1, 0, 'y']]);
  desk.run(60_000);
  assert.ok(desk.take('full').length < 20);
});

test('after a reconnection comes one full, and no pile of deltas', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.writer.left();
  for (let i = 0; i < 50; i++) desk.writer.edit([[0, 0, 'y']]);
  desk.run(31_000);
  desk.take();
  desk.writer.joined('w2', desk.now);
  desk.run(desk.now + 1_000);
  const kinds = desk.sent.map(({ data }) => data.type);
  assert.deepEqual(
    kinds.filter((kind) => kind !== 'beat'),
    ['full'],
  );
  assert.equal(desk.sent[0].data.content.length, 51);
});

test('the first asker is answered at once, and those after it together, with one message', () => {
  const desk = online('x');
  desk.run(5_000);
  desk.take();
  for (const [viewer, at] of [['v1', 5_000], ['v2', 5_100], ['v3', 5_150], ['v4', 5_300]]) {
    desk.run(at);
    desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, viewer, at);
  }
  desk.run(6_000);
  const fulls = desk.take('full');
  assert.deepEqual(
    fulls.map(({ to, at }) => [to, at]),
    [['v1', 5_000], [['v2', 'v3'], 5_200], ['v4', 5_600]],
  );
});

test('a hundred viewers who join within a second cause no full to the room, and deltas go on', () => {
  const desk = online('x'.repeat(1_000));
  desk.run(5_000);
  desk.take();
  for (let i = 0; i < 100; i++) {
    desk.writer.presence(joins(`v${i}`));
    desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, `v${i}`, desk.now);
    desk.writer.edit([[0, 0, 'y']]);
    desk.run(desk.now + 10);
  }
  desk.run(10_000);
  const fulls = desk.sent.filter(({ data }) => data.type === 'full');
  assert.ok(fulls.length <= 4, `${fulls.length} fulls`);
  assert.deepEqual(new Set(fulls.flatMap(({ to }) => to)).size, 100);
  assert.ok(desk.take('delta').length >= 5);
  assert.equal(desk.writer.viewers, 100);
});

test('a refused answer is sent again, to those who are still there', () => {
  const desk = online('x');
  desk.run(5_000);
  desk.take();
  desk.answer = ({ data }) => (data.type === 'full' ? NO : OK);
  for (const viewer of ['v1', 'v2', 'v3'])
    desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, viewer, desk.now);
  desk.run(5_500);
  desk.writer.presence(leaves('v2'));
  desk.answer = () => OK;
  desk.run(8_000);
  assert.deepEqual(desk.take('full').map(({ to }) => to), [['v1', 'v2', 'v3'], ['v1', 'v3']]);
});

test('an asker who is up to date gets a beat and no full', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.take();
  desk.writer.heard({ data: 'sync', epoch: 7, version: 0 }, 'v1', 1_000);
  desk.run(2_000);
  assert.deepEqual(
    desk.sent.map(({ data }) => data.type),
    ['beat'],
  );
});

test('a beat with length and hash comes every five seconds', () => {
  const desk = online('text');
  desk.run(100);
  desk.take();
  desk.run(BEAT_MS * 4 + 100);
  const beats = desk.take('beat');
  assert.equal(beats.length, 4);
  assert.deepEqual([beats[0].data.n, beats[0].data.hash], [4, hash('text')]);
});

test('nothing leaves during a pause, and after it comes the whole text', () => {
  const desk = online('before');
  desk.run(1_000);
  desk.writer.set({ paused: true });
  desk.run(1_500);
  assert.equal(desk.sent.at(-1).data.paused, true);
  desk.take();
  desk.writer.edit([[6, 0, ' SECRET']]);
  desk.writer.setView({ selections: [[13, 13]], top: 1, bottom: 1 });
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', desk.now);
  desk.run(30_000);
  assert.doesNotMatch(JSON.stringify(desk.sent), /SECRET|13/);
  assert.equal(desk.sent.find(({ to }) => to === 'v1').data.content, 'before');
  desk.take();
  desk.writer.edit([[6, 7, '']]);
  desk.writer.edit([[6, 0, ' and after']]);
  desk.writer.set({ paused: false });
  desk.run(31_000);
  assert.doesNotMatch(JSON.stringify(desk.sent), /SECRET/);
  assert.equal(desk.take('full')[0].data.content, 'before and after');
});

test('a paused session that is taken up again still hides what was hidden', () => {
  const known = { text: 'before', language: 'go', name: 'a.go' };
  const writer = new Writer({
    epoch: 7,
    text: 'before SECRET',
    language: 'ini',
    name: 'secret.env',
    known,
  });
  assert.equal(writer.paused, true);
  writer.joined('w1', 0);
  assert.doesNotMatch(JSON.stringify(writer.poll(0)), /SECRET|secret|ini/);
  writer.left();
  writer.set({ paused: false });
  writer.joined('w2', 10);
  const [{ data }] = writer.poll(10);
  assert.deepEqual([data.content, data.name, data.version], ['before SECRET', 'secret.env', 1]);
});

test('name and language of what is opened during a pause are not told before its end', () => {
  const desk = online('x');
  desk.writer.set({ paused: true });
  desk.writer.set({ name: 'secret.env', language: 'ini' });
  desk.run(20_000);
  assert.doesNotMatch(JSON.stringify(desk.sent), /secret|ini"/);
  desk.writer.set({ paused: false });
  desk.run(21_000);
  assert.equal(desk.sent.at(-1).data.name, 'secret.env');
});

test('nothing that a viewer claims of another epoch changes a writer’s own', () => {
  const desk = online('x');
  desk.run(10_000);
  desk.take();
  for (const epoch of [8, 500, 2 ** 52, Number.MAX_SAFE_INTEGER]) {
    desk.writer.heard({ data: 'sync', epoch, version: 9 }, 'v1', desk.now);
    desk.run(desk.now + 20_000);
  }
  assert.equal(desk.writer.epoch, 7);
  assert.deepEqual(desk.take('full').map(({ to }) => to), Array(4).fill('v1'));
});

test('the end carries the last edits, is sent until it is accepted, and then there is silence', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.take();
  desk.answer = () => ({ success: false, error: { code: 'Upstream', message: 'no' } });
  desk.writer.edit([[1, 0, '!']]);
  desk.writer.set({ ended: true });
  desk.run(1_100);
  assert.equal(desk.writer.endTold, false);
  desk.answer = () => OK;
  desk.run(5_000);
  const full = desk.take('full').at(-1);
  assert.deepEqual([full.data.ended, full.data.content], [true, 'x!']);
  assert.equal(desk.writer.endTold, true);
  desk.run(60_000);
  assert.equal(desk.sent.length, 0);
});

test('the view leaves at most ten times a second, and only for the text that viewers have', () => {
  const desk = online('0123456789');
  desk.run(1_000);
  desk.take();
  for (let i = 0; i < 100; i++) {
    desk.writer.setView({ selections: [[i % 10, i % 10]], top: 1, bottom: 1 });
    desk.run(desk.now + 10);
  }
  const views = desk.take('view');
  assert.ok(views.length <= 11 && views.length >= 9, `${views.length} views in a second`);
  desk.answer = () => undefined;
  desk.writer.edit([[0, 0, 'a']]);
  desk.run(desk.now + 300);
  desk.writer.edit([[0, 0, 'b']]);
  desk.writer.setView({ selections: [[1, 1]], top: 1, bottom: 1 });
  desk.run(desk.now + 1_000);
  assert.equal(desk.take('view').length, 0, 'its offsets would count in a text that nobody has');
});

test('a text larger than 256 KiB is refused and the one before stays', () => {
  const desk = online();
  assert.equal(desk.writer.edit([[0, 0, 'x'.repeat(MAX_TEXT)]]), true);
  assert.equal(desk.writer.edit([[0, 0, 'y']]), false);
  assert.equal(desk.writer.text, 'x'.repeat(MAX_TEXT));
});

test('a text that would not fit a message is refused though it is short enough', () => {
  const desk = online();
  assert.equal(desk.writer.edit([[0, 0, '\u0001'.repeat(200_000)]]), false);
  assert.equal(desk.writer.edit([[0, 0, '\u0001'.repeat(149_000)]]), true);
});

test('every message is smaller than the most that the service accepts', () => {
  const desk = online();
  desk.run(1_000);
  desk.take();
  // Pieces of a large text, each put before the last: the worst case for a list of edits.
  for (let i = 0; i < 400; i++)
    desk.writer.edit([
      [0, 0, `${'"'.repeat(600)}\n`],
      [601 * i, 0, '.'],
    ]);
  desk.run(2_000);
  for (const { data } of desk.sent)
    assert.ok(Buffer.byteLength(JSON.stringify(data)) < MAX_ENCODED + 1_000);
});

test('what waits to be sent is bounded: many edits become one replacement', () => {
  const desk = online('x'.repeat(5_000));
  desk.writer.left();
  for (let i = 0; i < 10 * MAX_OPS; i++) desk.writer.edit([[(i * 37) % 5_000, 1, 'y']]);
  assert.ok(desk.writer.pending.length <= MAX_OPS);
  desk.writer.joined('w2', desk.now);
  desk.run(desk.now + 10);
  assert.equal(desk.take('full').at(-1).data.content, desk.writer.text);
});

test('viewers are counted by socket, after a reconnection only those who answer', () => {
  const desk = online();
  desk.writer.presence(joins('v1'));
  desk.writer.presence(joins('v1'));
  desk.writer.presence(joins('v2'));
  desk.writer.presence(joins('v3'));
  desk.writer.presence(leaves('v3'));
  assert.equal(desk.writer.viewers, 2);
  desk.writer.left();
  desk.writer.joined('w2', desk.now);
  desk.writer.heard({ data: 'sync', epoch: 7, version: 0 }, 'v2', desk.now);
  desk.run(desk.now + ROLL_CALL_MS + 10);
  assert.equal(desk.writer.viewers, 1);
  assert.equal(desk.sent.filter(({ data }) => data.type === 'beat').at(-1).data.viewers, 1);
});

/** All orders of a list. */
function* orders(list) {
  if (list.length === 0) yield [];
  for (const [i, first] of list.entries())
    for (const rest of orders(list.filter((_, j) => j !== i))) yield [first, ...rest];
}

test('a viewer who has left is not counted, whatever is heard of it in which order', () => {
  const sync = { data: 'sync', epoch: 0, version: -1 };
  const words = {
    joined: (desk) => desk.writer.presence(joins('v1')),
    asked: (desk) => desk.writer.heard(sync, 'v1', desk.now),
    left: (desk) => desk.writer.presence(leaves('v1')),
    other: (desk) => desk.writer.presence(joins('v2')),
  };
  for (const order of orders(Object.keys(words))) {
    const desk = online('x');
    desk.run(1_000);
    for (const word of order) words[word](desk);
    assert.equal(desk.writer.viewers, 1, order.join());
    desk.run(desk.now + BEAT_MS);
    assert.equal(desk.take('beat').at(-1).data.viewers, 1, order.join());
  }
});

test('a viewer that is said to have left is still answered', () => {
  const desk = online('x');
  desk.run(1_000);
  desk.take();
  desk.writer.presence(leaves('v1'));
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v1', desk.now);
  desk.run(desk.now + 1_000);
  assert.deepEqual(desk.take('full').map(({ to }) => to), ['v1']);
});

test('only the sockets that left last are remembered', () => {
  const { writer } = online();
  const leave = (i) => writer.presence(leaves(`v${i}`));
  for (let i = 0; i <= MAX_GONE; i++) leave(i);
  writer.presence(joins('v1'));
  writer.presence(joins(`v${MAX_GONE}`));
  assert.equal(writer.viewers, 0);
  writer.presence(joins('v0'));
  assert.equal(writer.viewers, 1, 'forgotten');
});

test('where the service does not report that a viewer has left, the roll is called now and then', () => {
  const desk = online('x', { rollCallEvery: ROLL_CALL_EVERY_MS });
  const viewer = new Viewer({ random: () => 0.5 });
  viewer.joined('v', 0);
  const hear = () => {
    for (const { data } of desk.sent.splice(0)) viewer.heard(data, 'w', desk.now);
    for (const { id, data } of viewer.poll(desk.now)) {
      viewer.answered(id, OK);
      desk.writer.heard(data, 'v1', desk.now);
    }
  };
  hear();
  desk.writer.heard({ data: 'sync', epoch: 7, version: 0 }, 'gone', desk.now);
  for (let minute = 0; minute < 3; minute++) {
    const calls = desk.writer.audience.roll;
    for (let i = 0; i < ROLL_CALL_EVERY_MS / 100; i++) {
      desk.run(desk.now + 100);
      hear();
    }
    assert.equal(desk.writer.audience.roll, calls + 1);
  }
  desk.run(desk.now + ROLL_CALL_MS);
  hear();
  assert.equal(desk.writer.viewers, 1);
  assert.ok(ROLL_CALL_MS > ROLL_CALL_JITTER_MS);
});

test('a sender whose id is longer than that of any socket is ignored', () => {
  const desk = online('x');
  for (const from of ['v'.repeat(MAX_SOCKET_ID + 1), '', undefined])
    desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, from, desk.now);
  assert.equal(desk.writer.viewers, 0);
  desk.writer.heard({ data: 'sync', epoch: 0, version: -1 }, 'v'.repeat(MAX_SOCKET_ID), desk.now);
  assert.equal(desk.writer.viewers, 1);
});

test('a message that no viewer may send is ignored', () => {
  const desk = online('mine');
  desk.run(1_000);
  desk.take();
  for (const raw of [
    null,
    1,
    'sync',
    [],
    {},
    { data: 'else' },
    { type: 'full', content: 'theirs', version: 99, epoch: 99 },
    { type: 'delta', changes: [[0, 4, '']] },
    { data: { data: 'sync' } },
  ])
    desk.writer.heard(raw, 'v1', 1_000);
  desk.writer.heard({ data: 'sync' }, { toString: null }, 1_000);
  desk.run(2_000);
  assert.deepEqual(desk.sent, []);
  assert.equal(desk.writer.text, 'mine');
});

test('a writer that nothing happens to sleeps until its next beat', () => {
  const desk = online('x');
  desk.run(1_000);
  assert.equal(desk.writer.poll(1_000).length, 0);
  assert.equal(desk.writer.wakeAt, BEAT_MS);
});

test('the number of viewers is told early when it has changed by more than a fiftieth', () => {
  const desk = online();
  for (let i = 0; i < 1_000; i++) desk.writer.presence(joins(`v${i}`));
  desk.run(2 * BEAT_MS + 500);
  desk.take();
  for (let i = 0; i < 20; i++) desk.writer.presence(joins(`late${i}`));
  desk.run(desk.now + 1_000);
  assert.deepEqual(desk.take('beat'), []);
  desk.writer.presence(joins('one more'));
  desk.run(desk.now + 1_000);
  assert.deepEqual(desk.take('beat').map(({ data }) => data.viewers), [1_021]);
  desk.writer.presence(joins('and another'));
  desk.run(desk.now + BEAT_MS);
  assert.deepEqual(desk.take('beat').map(({ data }) => data.viewers), [1_022]);
});

test('with more viewers than its units serve, a writer sends more seldom, at most four times so', () => {
  for (const [viewers, units, pace] of [[400, 1, 200], [800, 1, 400], [800, 2, 200], [9_999, 1, 800]]) {
    const desk = online('', {});
    desk.writer.admitted({ units });
    for (let i = 0; i < viewers; i++) desk.writer.presence(joins(`v${i}`));
    desk.run(1_000);
    desk.take();
    for (let i = 0; i < 40; i++) {
      desk.writer.edit([[0, 0, 'x']]);
      desk.run(desk.now + 100);
    }
    const deltas = desk.sent.filter(({ data }) => data.type === 'delta').map(({ at }) => at);
    const beat = desk.take('beat').at(-1)?.data;
    assert.equal(deltas[2] - deltas[1], pace, `${viewers} viewers on ${units} units`);
    assert.equal(beat === undefined || (beat.pace ?? FLUSH_MS) === pace, true);
  }
});

test('a beat repeats the session only when it has changed, where viewers read arrays', () => {
  const desk = online('x');
  desk.writer.presence(joins('v1'));
  desk.writer.heard({ data: 'sync', epoch: 7, version: 0, form: 1 }, 'v1', desk.now);
  desk.run(3 * BEAT_MS);
  desk.sent = [];
  desk.run(desk.now + BEAT_MS);
  assert.deepEqual(desk.sent.map(({ data }) => Array.isArray(data)), [true]);
  desk.sent = [];
  desk.writer.set({ name: 'other.go' });
  desk.run(desk.now + 1_000);
  assert.equal(desk.sent[0].data.name, 'other.go');
  desk.sent = [];
  // A refused beat may have reached nobody.
  desk.writer.set({ name: 'third.go' });
  desk.answer = () => NO;
  desk.run(desk.now + 1_000);
  desk.answer = () => OK;
  desk.sent = [];
  desk.run(desk.now + BEAT_MS);
  assert.equal(desk.sent[0].data.name, 'third.go');
});
