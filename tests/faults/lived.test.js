// The clock by which pages are judged on a machine that is busy with other things, and by what a writer is.
import assert from 'node:assert/strict';
import { test } from '../lib/test.js';
import { LivedTime } from '../lib/lived.js';
import { unseenFor } from '../lib/watched-room.js';

const BEAT_MS = 20;

/** Beats that come in time, for so long. */
function live(clock, from, ms) {
  for (let now = from + BEAT_MS; now <= from + ms; now += BEAT_MS) clock.beat(now);
}

test('where beats come in time, the clock tells the time', () => {
  const clock = new LivedTime(500);
  live(clock, 500, 16_000);
  assert.equal(clock.read(16_500), 16_000);
  assert.equal(clock.read(16_515), 16_015);
});

test('what the process was kept from does not count', () => {
  const clock = new LivedTime(0);
  live(clock, 0, 1000);
  assert.equal(clock.read(31_000), 1040);
  clock.beat(31_000);
  live(clock, 31_000, 1000);
  assert.equal(clock.read(32_000), 2040);
});

test('a process keeps up when its beats of the last half second came in time', () => {
  const clock = new LivedTime(0);
  live(clock, 0, 480);
  assert.ok(!clock.calm, 'which cannot be said at once');
  live(clock, 480, 20);
  assert.ok(clock.calm);
  clock.beat(1500);
  assert.ok(!clock.calm);
  live(clock, 1500, 480);
  assert.ok(!clock.calm);
  live(clock, 1980, 20);
  assert.ok(clock.calm);
});

test('beats that are all a little late say that there is too much to do', () => {
  const clock = new LivedTime(0);
  for (let now = 40; now <= 4000; now += 40) clock.beat(now);
  assert.equal(clock.read(4000), 4000);
  assert.ok(!clock.calm);
});

test('a writer is judged by whoever is there, and from when they came', () => {
  const now = 100_000;
  assert.equal(unseenFor([], now), 0, 'nobody is there');
  assert.equal(unseenFor([{ age: 60_000, since: now - 10 }], now), 10, 'who came only now');
  assert.equal(unseenFor([{ age: 20_000, since: now - 50_000 }], now), 20_000);
  const both = [{ age: 20_000, since: now - 50_000 }, { age: 0, since: now - 30_000 }];
  assert.equal(unseenFor(both, now), 0, 'one of two has it');
});
