import test from 'node:test';
import assert from 'node:assert/strict';
import { keepTrying } from '../src/again.js';

/** A part that can be had from the n-th time on, and what is done about it. */
function scene(from) {
  const log = [];
  let tries = 0;
  const load = async () => {
    if (++tries < from) throw new Error('not there');
    return 'part';
  };
  const pause = async (ms) => log.push(ms);
  return { log, load, pause, missing: (is) => log.push(is), tries: () => tries };
}

test('what can be had at once is not waited for', async () => {
  const { log, load, ...options } = scene(1);
  assert.equal(await keepTrying(load, { ...options, wanted: () => true }), 'part');
  assert.deepEqual(log, [false]);
});

test('what cannot is asked for again, more and more seldom, and said to be missing', async () => {
  const { log, load, ...options } = scene(8);
  assert.equal(await keepTrying(load, { ...options, wanted: () => true }), 'part');
  const waits = log.filter((entry) => typeof entry === 'number');
  assert.deepEqual(waits, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
  assert.deepEqual([log[0], log[log.length - 1]], [true, false]);
});

test('what is not wanted any more is neither asked for nor said to be missing', async () => {
  const { log, load, tries, ...options } = scene(8);
  const wanted = () => tries() < 2;
  assert.equal(await keepTrying(load, { ...options, wanted }), undefined);
  assert.deepEqual([tries(), log], [2, [true, 2_000]]);
});
