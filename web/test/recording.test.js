import test from 'node:test';
import assert from 'node:assert/strict';
import { Recording } from '../src/recording.js';
import { applyOps } from '../src/ops.js';
import { randomFrom } from './simulation.js';

test('every moment that was received can be shown again', () => {
  const random = randomFrom(1);
  const recording = new Recording();
  const moments = ['first'];
  recording.add([[0, 0, 'first']], 'first', 0);
  for (let i = 1; i <= 1_000; i++) {
    const text = moments[i - 1];
    const offset = Math.floor(random() * (text.length + 1));
    const ops = [[offset, Math.min(1, text.length - offset), `${i} `]];
    moments.push(applyOps(text, ops));
    recording.add(ops, moments[i], i * 10);
  }
  assert.deepEqual([recording.first, recording.last], [0, 1_000]);
  moments.forEach((text, i) => assert.deepEqual(recording.textAt(i), { text, time: i * 10 }));
});

test('a moment before the first or after the last is the first or the last', () => {
  const recording = new Recording();
  assert.deepEqual(recording.textAt(3), { text: '', time: 0 });
  recording.add([[0, 0, 'a']], 'a', 1);
  assert.equal(recording.empty, true);
  recording.add([[1, 0, 'b']], 'ab', 2);
  assert.equal(recording.empty, false);
  assert.deepEqual([recording.textAt(-5).text, recording.textAt(99).text], ['a', 'ab']);
});

test('edits that insert nothing weigh something too, and those that change nothing are not kept', () => {
  const maxWeight = 100_000;
  const recording = new Recording({ maxWeight });
  let text = 'x'.repeat(1_000);
  const step = Array.from({ length: 10 }, () => [
    [0, 1, ''],
    [0, 0, ''],
  ]).flat();
  recording.add([[0, 0, text]], text, 0);
  for (let i = 1; i <= 100; i++) {
    text = text.slice(10);
    recording.add(step, text, i);
  }
  recording.add([[0, 0, '']], text, 101);
  assert.equal(recording.last, 100);
  assert.equal(recording.textAt(50).text.length, 500);
  const [stretch] = recording.stretches;
  const kept = stretch.steps.flatMap(({ ops }) => ops);
  assert.equal(kept.length, 1_000);
  assert.ok(stretch.weight > kept.length * 30);
});

test('its memory is bounded: the oldest moments go first, and their numbers with them', () => {
  const recording = new Recording({ maxWeight: 200_000 });
  let text = '';
  for (let i = 0; i <= 5_000; i++) {
    text += 'x';
    recording.add([[i, 0, 'x']], text, i);
  }
  const weight = recording.stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
  assert.ok(weight <= 200_000);
  assert.ok(recording.first > 0);
  assert.equal(recording.textAt(recording.last).text, text);
  assert.equal(recording.textAt(recording.first).text.length, recording.first + 1);
});

test('steps that each exchange a large text are forgotten in time too', () => {
  const maxWeight = 200_000;
  const recording = new Recording({ maxWeight });
  for (let i = 0; i < 100; i++) {
    const text = String(i).padEnd(20_000);
    recording.add([[0, i ? 20_000 : 0, text]], text, i);
    const weight = recording.stretches.reduce((sum, stretch) => sum + stretch.weight, 0);
    assert.ok(weight <= maxWeight, `${weight}`);
  }
  assert.match(recording.textAt(recording.last).text, /^99 /);
});
