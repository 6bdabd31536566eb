import test from 'node:test';
import assert from 'node:assert/strict';
import { Answers } from '../src/answers.js';
import {
  ANSWER_BYTES_PER_S,
  ANSWER_MAX_MS,
  ANSWER_MIN_MS,
  COLLECT_MS,
  MAX_FILTER,
  MAX_RECIPIENTS,
  SOMEBODY,
} from '../src/protocol.js';

/** Answers everything as soon as it may be, until then. */
function serve(answers, from, until, { bytes = 0, refuse = false } = {}) {
  const batches = [];
  for (let now = from; now < until; now += 10) {
    for (let batch = answers.take(now); batch; batch = answers.take(now)) {
      batches.push({ at: now, ...batch });
      answers.spend(bytes);
      answers.finish(batch, refuse, now);
    }
  }
  return batches;
}

const ids = (count, length = 20) =>
  Array.from({ length: count }, (_, i) => String(i).padStart(length, 'v'));

test('an answer is for at most fifty, and for fewer where ids are long', () => {
  for (const [length, most] of [[20, MAX_RECIPIENTS], [36, MAX_RECIPIENTS], [100, 24], [128, 20]]) {
    const answers = new Answers();
    for (const id of ids(120, length)) answers.ask(id, true, 0);
    const batches = serve(answers, 0, 2_000);
    assert.equal(batches[0].to.length, most, `ids of ${length}`);
    for (const { to } of batches) {
      const filter = to.map((id) => `'0~Lw~${Buffer.from(id).toString('base64url')}' in groups`);
      assert.ok(encodeURIComponent(filter.join(' or ')).length <= MAX_FILTER);
    }
    assert.equal(new Set(batches.flatMap(({ to }) => to)).size, 120);
    // What does not fit into the first follows at once.
    assert.deepEqual(new Set(batches.map(({ at }) => at)), new Set([0]));
  }
});

test('in a quiet room the first who asks is answered at once, and nobody waits longer for that', () => {
  const answers = new Answers();
  answers.ask('first', true, 1_000);
  const at = [{ at: 1_000, to: ['first'], text: true }];
  assert.deepEqual(serve(answers, 1_000, 1_010), at);
  for (const [i, id] of ids(30).entries()) answers.ask(id, true, 1_010 + i);
  const together = serve(answers, 1_040, 1_300);
  assert.deepEqual(together, [{ at: 1_000 + COLLECT_MS, to: ids(30), text: true }]);
  // The room is not quiet yet.
  answers.ask('later', true, 2_000);
  assert.equal(answers.wakeAt, 2_000 + COLLECT_MS);
  serve(answers, 2_000, 4_000);
  answers.ask('first', true, 4_000);
  assert.equal(answers.wakeAt, 4_000 + COLLECT_MS, 'who asks again is no newcomer');
  serve(answers, 4_000, 6_000);
  answers.ask('much later', true, 6_000);
  assert.equal(answers.wakeAt, 6_000);
});

test('who asks all the time is answered after 1 s, then more and more seldom, at last each 10 s', () => {
  const answers = new Answers();
  const times = [];
  for (let now = 0; now < 60_000; now += 100) {
    answers.ask('v', true, now);
    times.push(...serve(answers, now, now + 100).map(({ at }) => at));
  }
  const pauses = times.slice(1).map((at, i) => at - times[i]);
  assert.ok(pauses[0] >= ANSWER_MIN_MS && pauses[0] < 2 * ANSWER_MIN_MS);
  assert.ok(pauses.every((pause, i) => i === 0 || pause >= pauses[i - 1] - 3 * COLLECT_MS));
  assert.ok(pauses.at(-1) >= ANSWER_MAX_MS && times.length <= 9, times.join());
});

test('who asks again after a long time is answered at once', () => {
  const answers = new Answers();
  for (const start of [0, 1_500, 30_000]) {
    answers.ask('v', true, start);
    assert.deepEqual(serve(answers, start, start + 600).map(({ to }) => to), [['v']]);
  }
});

test('who asks while its answer is under way is not answered twice, but somebody is', () => {
  for (const [viewer, answered] of [['v', 1], [SOMEBODY, 2]]) {
    const answers = new Answers();
    answers.ask(viewer, true, 0);
    const batch = answers.take(COLLECT_MS);
    answers.ask(viewer, true, COLLECT_MS + 10);
    answers.finish(batch, false, 500);
    assert.equal(1 + serve(answers, 500, 5_000).length, answered);
  }
});

test('answers have a budget of bytes', () => {
  const answers = new Answers();
  let bytes = 0;
  for (let now = 0; now < 10_000; now += 100) {
    for (const id of ids(40)) answers.ask(`${now}-${id}`, true, now);
    bytes += serve(answers, now, now + 100, { bytes: 100_000 }).length * 100_000;
  }
  assert.ok(bytes > 5 * ANSWER_BYTES_PER_S && bytes <= 11 * ANSWER_BYTES_PER_S + 100_000);
});

test('a beat and a text go in answers of their own, and who needs both gets the text', () => {
  const answers = new Answers();
  answers.ask('a', false, 0);
  answers.ask('b', true, 0);
  answers.ask('c', false, 0);
  answers.ask('c', true, 0);
  assert.deepEqual(
    serve(answers, 0, 1_000).map(({ to, text }) => [to, text]),
    [[['a'], false], [['b', 'c'], true]],
  );
});

test('a beat for the room answers all who need no more', () => {
  const answers = new Answers();
  answers.ask('a', false, 0);
  answers.ask('b', true, 0);
  answers.clearBeats();
  assert.deepEqual(serve(answers, 0, 1_000).map(({ to }) => to), [['b']]);
});

test('who has left is answered neither now nor later', () => {
  const answers = new Answers();
  answers.ask('a', true, 0);
  answers.forget('a');
  assert.deepEqual(serve(answers, 0, 1_000), []);
  answers.ask('b', true, 1_000);
  serve(answers, 1_000, 1_500);
  answers.ask('b', true, 1_500);
  answers.forget('b');
  assert.deepEqual(serve(answers, 1_500, 5_000), []);
});
