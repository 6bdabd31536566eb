import test from 'node:test';
import assert from 'node:assert/strict';
import { Flights } from '../src/flights.js';
import { DEAD_MS, SLOW_MS } from '../src/protocol.js';

test('the oldest message without an acknowledgement makes the connection slow, then dead', () => {
  const flights = new Flights();
  const states = (now) => [flights.slow(now), flights.dead(now), flights.wakeAt(now)];
  assert.deepEqual(states(1e9), [false, false, Infinity]);
  const first = flights.start({ kind: 'stream' }, 100);
  const second = flights.start({ kind: 'beat' }, 150);
  assert.deepEqual(states(100), [false, false, 100 + SLOW_MS]);
  assert.deepEqual(states(100 + SLOW_MS), [true, false, 100 + DEAD_MS]);
  assert.deepEqual(states(100 + DEAD_MS), [true, true, Infinity]);
  flights.finish(first);
  assert.deepEqual(states(100 + SLOW_MS), [false, false, 150 + SLOW_MS]);
  flights.finish(second);
  assert.deepEqual(states(1e9), [false, false, Infinity]);
});

test('each message is acknowledged once, under an id of its own, and then is no longer there', () => {
  const flights = new Flights();
  const ids = [1, 2].map((i) => flights.start({ kind: 'answer', to: `v${i}` }, 0));
  assert.notEqual(ids[0], ids[1]);
  assert.equal(flights.finish(ids[1]).to, 'v2');
  assert.equal(flights.finish(ids[1]), undefined);
  assert.deepEqual([flights.size, flights.has('answer'), flights.has('beat')], [1, true, false]);
});

test('an acknowledgement from before a reconnection belongs to nothing that was sent after it', () => {
  const flights = new Flights();
  const before = flights.start({ kind: 'stream' }, 0);
  flights.clear();
  assert.equal(flights.size, 0);
  const after = flights.start({ kind: 'stream' }, 10);
  assert.equal(flights.finish(before), undefined);
  assert.equal(flights.has('stream'), true);
  assert.equal(flights.finish(after).kind, 'stream');
});
