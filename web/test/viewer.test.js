import test from 'node:test';
import assert from 'node:assert/strict';
import { Viewer } from '../src/viewer.js';
import { hash } from '../src/ops.js';
import {
  AWAY_MS,
  BEAT_MS,
  DEAD_MS,
  GAP_MS,
  LONGEST_BURST_MS,
  LULL_MS,
  MAX_BUFFERED,
  ROLL_CALL_JITTER_MS,
  SILENCE_MS,
} from '../src/protocol.js';
import { presence } from './simulation.js';

const joins = presence('writer', 'joined');
const leaves = presence('writer', 'left');

const session = {
  language: 'python',
  name: '',
  paused: false,
  ended: false,
  viewers: 1,
  sid: 'w1',
};
let seq = 0;
const full = (version, content, more) => ({
  type: 'full',
  epoch: 1,
  seq: ++seq,
  version,
  content,
  n: content.length,
  hash: hash(content),
  ...session,
  ...more,
});
const delta = (version, changes, n, more) => ({
  type: 'delta',
  epoch: 1,
  version,
  changes,
  n,
  ...more,
});
const beat = (version, text, more) => ({
  type: 'beat',
  epoch: 1,
  seq: ++seq,
  version,
  n: text.length,
  hash: hash(text),
  ...session,
  ...more,
});

const OK = { success: true };

/** A viewer in the room. `asks` are the questions that left until `now`. */
function joined({ random = () => 0.5 } = {}) {
  const viewer = new Viewer({ random });
  const seat = { viewer, now: 0, asks: [], answer: OK };
  seat.run = (until) => {
    for (;;) {
      for (const send of viewer.poll(seat.now)) {
        seat.asks.push({ at: seat.now, ...send.data });
        if (seat.answer) viewer.answered(send.id, seat.answer, seat.now);
      }
      const next = Math.min(viewer.wakeAt, until);
      if (next >= until) break;
      seat.now = next;
    }
    seat.now = until;
  };
  seat.hear = (message) => {
    const edits = viewer.heard(message, 'w', seat.now);
    seat.run(seat.now);
    return edits;
  };
  viewer.joined('v', 0);
  seat.run(1);
  return seat;
}

test('a viewer asks as soon as it is in the room, and again until it is answered', () => {
  const seat = joined();
  seat.run(60_000);
  const gaps = seat.asks.slice(1).map(({ at }, i) => at - seat.asks[i].at);
  assert.ok(seat.asks.length > 5);
  assert.ok(gaps[0] < gaps[1] && gaps[1] < gaps[2], 'it does not back off');
  assert.ok(Math.max(...gaps) <= 15_000);
  seat.hear(full(4, 'text'));
  seat.asks = [];
  for (let i = 0; i < 10; i++) {
    seat.run(seat.now + BEAT_MS);
    seat.hear(beat(4, 'text'));
  }
  assert.deepEqual(seat.asks, []);
});

test('what was asked with the request to join is asked again only if nobody answers', () => {
  const viewer = new Viewer({ random: () => 0.5 });
  assert.deepEqual(viewer.firstWord, { data: 'sync', epoch: 0, version: -1, form: 1 });
  viewer.joined('v', 0, true);
  assert.deepEqual(viewer.poll(0), []);
  assert.equal(viewer.wakeAt, 1_000);
  assert.deepEqual(viewer.poll(1_000).map(({ data }) => data), [viewer.firstWord]);
  // The answer may be there before the acknowledgement of the join.
  const early = new Viewer({ random: () => 0.5 });
  early.heard(full(4, 'text'), 'w', 0);
  early.joined('v', 0, true);
  for (let now = 0; now < BEAT_MS; now += 100) assert.deepEqual(early.poll(now), []);
  // After a reconnection it says what it has.
  early.left();
  assert.deepEqual(early.firstWord, { data: 'sync', epoch: 1, version: 4, form: 1 });
});

test('a viewer that reads the kept text first says with its request to join that it is there', () => {
  const viewer = new Viewer({ random: () => 0.5, reads: true });
  assert.equal(viewer.firstWord.here, true);
  viewer.joined('v', 0, true);
  for (let now = 0; now < 3_500; now += 100) assert.deepEqual(viewer.poll(now), []);
  const [{ data }] = viewer.poll(3_500);
  assert.equal(data.here, undefined);
});

test('a viewer of whom the writer does not know learns that from a beat that counts nobody', () => {
  const nobody = { viewers: 0, sample: 1_000_000 };
  const viewer = new Viewer({ random: () => 0.5, reads: true });
  const spoken = (from, until) => {
    const said = [];
    for (let now = from; now < until; now += 100) said.push(...viewer.poll(now).map(({ data }) => data));
    return said;
  };
  viewer.joined('v', 0, true); // and what it has said got lost
  viewer.restored({ epoch: 1, version: 4, at: 1, name: '', language: 'c', content: 'text' }, 100);
  // What was on its way when this viewer spoke says nothing.
  viewer.heard(beat(4, 'text', nobody), 'w', 200);
  assert.deepEqual(spoken(200, BEAT_MS), []);
  viewer.heard(beat(4, 'text', nobody), 'w', BEAT_MS);
  assert.deepEqual(spoken(BEAT_MS, BEAT_MS + ROLL_CALL_JITTER_MS), [
    { data: 'sync', epoch: 1, version: 4, form: 1, here: true },
  ]);
  viewer.heard(beat(4, 'text', { viewers: 1 }), 'w', 2 * BEAT_MS);
  assert.deepEqual(spoken(2 * BEAT_MS, 2 * BEAT_MS + ROLL_CALL_JITTER_MS), []);
});

test('while all is refused a viewer that has no text backs off as if it had not been answered', () => {
  const asks = ['refused', 'silent'].map((how) => {
    const seat = joined();
    seat.answer = how === 'refused' && { success: false, error: { code: 'Busy', message: '' } };
    seat.run(DEAD_MS * 10);
    return seat.asks;
  });
  assert.deepEqual(...asks);
});

test('a viewer whose answer to the roll call is refused makes itself known again', () => {
  const seat = joined();
  seat.hear(full(4, 'text'));
  seat.asks = [];
  seat.answer = { success: false, error: { code: 'Upstream', message: '' } };
  seat.viewer.presence(joins('w2'), seat.now);
  seat.hear(full(4, 'text', { sid: 'w2' }));
  seat.run(seat.now + ROLL_CALL_JITTER_MS);
  assert.deepEqual(seat.asks.map(({ here }) => here), [true]);
  seat.answer = OK;
  for (let i = 0; i < 3; i++) {
    seat.hear(beat(4, 'text', { sid: 'w2' }));
    seat.run(seat.now + BEAT_MS);
  }
  assert.deepEqual(seat.asks.map(({ here }) => here), [true, true]);
});

test('a delta is applied only to the text it was made for', () => {
  const seat = joined();
  assert.deepEqual(seat.hear(delta(1, [[0, 0, 'early']], 5)), []);
  assert.equal(seat.viewer.text, '');
  seat.hear(full(4, 'text'));
  assert.equal(seat.viewer.text, 'text');
  assert.deepEqual(seat.hear(delta(4, [[0, 0, 'no']], 6)), []);
  assert.deepEqual(seat.hear(delta(5, [[4, 0, 's']], 5)), [[4, 0, 's']]);
  assert.deepEqual(seat.hear(delta(5, [[4, 0, 's']], 5)), [], 'a second copy');
  assert.equal(seat.viewer.text, 'texts');
});

test('deltas that overtake each other are put in order', () => {
  const seat = joined();
  seat.hear(full(1, ''));
  seat.hear(delta(4, [[2, 0, 'c']], 3));
  seat.hear(delta(3, [[1, 0, 'b']], 2));
  assert.equal(seat.viewer.text, '');
  assert.deepEqual(seat.hear(delta(2, [[0, 0, 'a']], 1)), [
    [0, 0, 'a'],
    [1, 0, 'b'],
    [2, 0, 'c'],
  ]);
  seat.asks = [];
  seat.run(GAP_MS * 4);
  assert.deepEqual(seat.asks, [], 'nothing is missing');
});

test('a burst whose deltas overtake each other asks nothing, however long it takes', () => {
  const seat = joined();
  seat.hear(full(1, ''));
  seat.run(1_000);
  seat.asks = [];
  const letter = (version) => delta(version, [[version - 2, 0, 'ab'[version % 2]]], version - 1);
  for (let version = 2; version < 66; version += 2) {
    seat.hear(letter(version + 1));
    if (version > 2) seat.hear(letter(version - 2));
    seat.run(seat.now + GAP_MS / 2);
  }
  seat.hear(letter(64));
  assert.equal(seat.viewer.text, 'ab'.repeat(32));
  assert.deepEqual(seat.asks, []);
});

/** Deltas whose first is missing, one soon after the other. @param {number} untilMs */
function typeWithoutTheFirst(seat, untilMs) {
  let version = 2;
  while (seat.now < untilMs) {
    version += 1;
    seat.hear(delta(version, [[version - 2, 0, 'b']], version - 1));
    seat.run(seat.now + LULL_MS - 10);
  }
  return version - 1;
}

test('while one message follows the other, what is missing may be among the next', () => {
  const seat = joined();
  seat.hear(full(1, ''));
  seat.run(1_000);
  seat.asks = [];
  const letters = typeWithoutTheFirst(seat, 1_000 + 3 * GAP_MS);
  seat.hear(delta(2, [[0, 0, 'a']], 1));
  assert.equal(seat.viewer.text, 'a'.padEnd(letters, 'b'));
  assert.deepEqual(seat.asks, []);
});

test('somebody who sends without end does not keep a viewer from asking for what is missing', () => {
  const seat = joined();
  seat.hear(full(1, ''));
  seat.run(1_000);
  seat.asks = [];
  typeWithoutTheFirst(seat, 1_000 + LONGEST_BURST_MS + 3 * GAP_MS);
  assert.notDeepEqual(seat.asks, []);
});

test('a missing delta is waited for, then the text is called out of date and asked for', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.asks = [];
  seat.run(1_000);
  seat.hear(delta(3, [[0, 0, 'x']], 3));
  seat.run(1_000 + GAP_MS - 10);
  assert.deepEqual([seat.viewer.behind, seat.asks.length], [false, 0]);
  seat.run(1_000 + GAP_MS * 2 + 10);
  assert.deepEqual([seat.viewer.behind, seat.asks.length, seat.asks[0].version], [true, 1, 1]);
  seat.hear(full(2, 'ya'));
  assert.deepEqual([seat.viewer.text, seat.viewer.version, seat.viewer.behind], ['xya', 3, false]);
});

test('a viewer that was there before the writer makes itself known, whatever it hears first', () => {
  const hears = {
    presence: (seat) => seat.viewer.presence({ ...joins('w1'), epoch: 1 }, seat.now),
    full: (seat) => seat.hear(full(1, 'text')),
  };
  for (const order of [['presence', 'full'], ['full', 'presence'], ['full']]) {
    const seat = joined();
    seat.run(5_000);
    seat.asks = [];
    for (const what of order) {
      hears[what](seat);
      seat.run(seat.now + 50);
    }
    seat.run(seat.now + GAP_MS + ROLL_CALL_JITTER_MS);
    // It has come after a writer of whose joining it does not hear, and has asked it.
    const words = order.includes('presence') ? [true] : [];
    assert.deepEqual(seat.asks.map(({ here }) => here), words, `${order}`);
    hears.presence(seat);
    seat.run(seat.now + GAP_MS + ROLL_CALL_JITTER_MS);
    assert.equal(seat.asks.filter(({ here }) => here).length, 1, 'news of it comes twice');
  }
});

test('a full that arrives after a newer delta changes nothing', () => {
  const seat = joined();
  seat.hear(full(6, 'six'));
  seat.hear(delta(7, [[3, 0, '!']], 4));
  assert.deepEqual(seat.hear(full(6, 'six')), []);
  assert.equal(seat.viewer.text, 'six!');
});

test('a full replaces the text by its smallest difference', () => {
  const seat = joined();
  seat.hear(full(1, 'one two three'));
  assert.deepEqual(seat.hear(full(5, 'one 2 three')), [[4, 3, '2']]);
});

test('a full whose text is not what its hash says is not believed', () => {
  const seat = joined();
  seat.hear(full(1, 'right'));
  assert.deepEqual(seat.hear({ ...full(2, 'wrong'), hash: 1 }), []);
  assert.equal(seat.viewer.text, 'right');
});

test('a delta that leaves another length, or reaches outside, makes the viewer ask for all', () => {
  for (const bad of [delta(2, [[0, 0, 'x']], 9), delta(2, [[99, 0, 'x']], 100)]) {
    const seat = joined();
    seat.hear(full(1, 'a'));
    seat.asks = [];
    assert.deepEqual(seat.hear(bad), []);
    assert.equal(seat.viewer.behind, true);
    seat.run(GAP_MS + 2);
    assert.equal(
      seat.asks[0].version,
      -1,
      'its version must not make the writer believe that all is well',
    );
    assert.equal(seat.viewer.text, 'a');
    seat.hear(full(2, 'xa'));
    assert.equal(seat.viewer.behind, false);
  }
});

test('a beat finds a text that differs though its length does not, and a full repairs it', () => {
  const seat = joined();
  seat.hear(full(1, 'abc'));
  seat.hear(beat(1, 'abd'));
  assert.equal(seat.viewer.behind, true);
  assert.deepEqual(seat.hear(full(1, 'abd')), [[2, 1, 'd']]);
  assert.equal(seat.viewer.behind, false);
});

test('a beat that comes too early or too late for its text finds the fault all the same', () => {
  const early = joined();
  early.hear(full(1, 'abc'));
  early.hear(beat(2, 'abcd'));
  early.hear(delta(2, [[3, 0, 'X']], 4));
  assert.equal(early.viewer.behind, true);
  const late = joined();
  late.hear(full(1, 'abX'));
  late.hear(delta(2, [[3, 0, 'd']], 4));
  assert.equal(late.viewer.behind, false);
  late.hear(beat(1, 'abc'));
  assert.equal(late.viewer.behind, true);
});

test('a beat finds that the last delta before a silence was lost', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.asks = [];
  seat.hear(beat(2, 'ab'));
  assert.equal(seat.viewer.behind, false);
  seat.run(GAP_MS * 2 + 1);
  assert.equal(seat.viewer.behind, true);
  assert.equal(seat.asks.length, 1);
});

test('a newer writer makes the text out of date, and an older one is not heard any more', () => {
  const seat = joined();
  seat.hear(full(9, 'old'));
  seat.hear({ ...delta(1, [[0, 0, 'x']], 1), epoch: 2 });
  assert.equal(seat.viewer.behind, true);
  seat.hear({ ...full(1, 'new'), epoch: 2 });
  assert.deepEqual([seat.viewer.text, seat.viewer.behind], ['new', false]);
  assert.deepEqual(seat.hear(full(10, 'from the old one')), []);
  assert.deepEqual(seat.hear({ ...delta(2, [[0, 0, 'x']], 4), epoch: 1 }), []);
  assert.equal(seat.viewer.text, 'new');
});

test('what waits for a missing delta is bounded', () => {
  const seat = joined();
  seat.hear(full(1, ''));
  for (let version = 3; version < 1_000; version++) seat.hear(delta(version, [[0, 0, 'x']], 1));
  assert.ok(seat.viewer.buffer.size <= MAX_BUFFERED);
  seat.hear(full(999, 'x'.repeat(998)));
  assert.equal(seat.viewer.buffer.size, 0);
});

test('a writer who is silent is asked after, and then is away', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.asks = [];
  seat.run(SILENCE_MS - 10);
  assert.deepEqual([seat.asks.length, seat.viewer.away(seat.now)], [0, false]);
  seat.run(AWAY_MS + 10);
  assert.ok(seat.asks.length >= 1);
  assert.equal(seat.viewer.away(seat.now), true);
  seat.hear(beat(1, 'a'));
  assert.equal(seat.viewer.away(seat.now), false);
});

test('a question never acknowledged means a dead connection, within 15 s of the last word', () => {
  const seat = joined({ random: () => 0.999 });
  seat.hear(full(1, 'a'));
  seat.answer = false;
  seat.run(15_000);
  assert.equal(seat.viewer.flights.dead(15_000), true);
  assert.ok(SILENCE_MS + DEAD_MS < 15_000);
});

test('a word that came as late as its sender waited is believed no longer than 15 s', () => {
  assert.ok(DEAD_MS + AWAY_MS <= 15_000);
});

test('a writer that left is away at once, and back with its next word', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.viewer.presence(leaves('w1'), 100);
  assert.equal(seat.viewer.away(100), true);
  seat.hear(delta(2, [[0, 0, 'b']], 2));
  assert.equal(seat.viewer.away(100), false);
});

test('a writer who comes and says nothing about the text is not taken for a live one', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.run(AWAY_MS - 100);
  seat.viewer.presence(joins('w2'), seat.now);
  seat.run(AWAY_MS + 10);
  assert.equal(seat.viewer.away(seat.now), true);
  seat.hear(beat(1, 'a', { sid: 'w2' }));
  assert.equal(seat.viewer.away(seat.now), false);
});

test('a writer that left is not back when its coming is heard of late', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.viewer.presence(leaves('w1'), 100);
  seat.viewer.presence(joins('w1'), 110);
  assert.equal(seat.viewer.away(110), true);
  seat.viewer.presence(joins('w2'), 120);
  assert.equal(seat.viewer.away(120), false);
});

test('the late end of an older connection of the writer is not taken for its end', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.viewer.presence(leaves('w0'), 100);
  assert.equal(seat.viewer.away(100), false);
});

test('a writer who comes back is told once who is watching, each viewer in its own moment', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  seat.asks = [];
  seat.hear(beat(1, 'a', { sid: 'w2' }));
  seat.run(ROLL_CALL_JITTER_MS + 10);
  assert.deepEqual(
    seat.asks.map(({ version }) => version),
    [1],
  );
});

test('after its own reconnection a text is out of date until the writer says otherwise', () => {
  const seat = joined();
  seat.hear(full(3, 'abc'));
  seat.viewer.left();
  seat.viewer.joined('v', seat.now);
  seat.asks = [];
  seat.run(seat.now + 1);
  assert.deepEqual([seat.viewer.behind, seat.asks[0].version], [true, 3]);
  seat.hear(beat(3, 'abc'));
  assert.equal(seat.viewer.behind, false);
});

test('older news about the session does not undo newer news', () => {
  const seat = joined();
  seat.hear(full(1, 'a'));
  const late = beat(1, 'a', { paused: true, viewers: 5 });
  seat.hear(beat(1, 'a', { paused: false, viewers: 6 }));
  seat.hear(late);
  assert.deepEqual([seat.viewer.session.paused, seat.viewer.session.viewers], [false, 6]);
});

test('a view waits for the text it speaks about, and an older one is dropped', () => {
  const view = (top) => ({ selections: [[0, 0]], top, bottom: 9 });
  const seat = joined();
  seat.hear(full(1, 'a', { view: view(1) }));
  assert.equal(seat.viewer.view.top, 1);
  const late = { type: 'view', epoch: 1, seq: ++seq, version: 1, view: view(2) };
  seat.hear({ type: 'view', epoch: 1, seq: ++seq, version: 2, view: view(3) });
  assert.equal(seat.viewer.view.top, 1);
  seat.hear(delta(2, [[0, 0, 'b']], 2));
  assert.equal(seat.viewer.view.top, 3);
  seat.hear(late);
  assert.equal(seat.viewer.view.top, 3);
});

test('an ended session may be silent, and stays ended', () => {
  const seat = joined();
  seat.hear(full(1, 'a', { ended: true }));
  seat.viewer.presence(leaves('w1'), 100);
  seat.asks = [];
  seat.run(120_000);
  assert.deepEqual([seat.asks, seat.viewer.away(seat.now)], [[], false]);
});

test('a viewer without a text asks for it though deltas come all the time', () => {
  const viewer = new Viewer({ random: () => 0.9 });
  let version = 0;
  const delta = () => ({ type: 'delta', epoch: 1, version: ++version, n: 1, changes: [[0, 1, 'x']] });
  viewer.heard(delta(), 'w', 0);
  viewer.joined('v', 10);
  let asked = 0;
  for (let now = 10; now < 2_000; now += 10) {
    if (now % 200 === 0) viewer.heard(delta(), 'w', now);
    for (const { id } of viewer.poll(now)) {
      viewer.answered(id, { success: true });
      asked++;
    }
  }
  assert.equal(asked, 2, 'at once, and once more after the first pause');
});
