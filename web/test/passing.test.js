import test from 'node:test';
import assert from 'node:assert/strict';
import { PASSING_MS, Passing } from '../src/passing.js';

const live = { word: 'Live', tone: 'ok' };
const paused = { word: 'Paused', tone: 'wait', notice: { text: 'nothing is sent' } };
const offer = { text: 'your session of 10:00', action: 'new-session', label: 'Start a new session' };

test('a notice in passing stands in place of the state’s for a while, and then goes', () => {
  const passing = new Passing();
  assert.deepEqual([passing.over(paused, false, 0), passing.wakeAt], [paused, Infinity]);
  passing.say({ text: 'copied' }, 100);
  assert.equal(passing.wakeAt, 100 + PASSING_MS);
  for (const status of [live, paused])
    assert.deepEqual(passing.over(status, false, 100 + PASSING_MS - 1), {
      ...status,
      notice: { text: 'copied' },
    });
  assert.equal(passing.over(paused, false, 100 + PASSING_MS), paused);
  assert.equal(passing.wakeAt, Infinity);
});

test('a later notice takes the place of an earlier one, with the whole of its own time', () => {
  const passing = new Passing();
  passing.say({ text: 'first' }, 0);
  passing.say({ text: 'second' }, 5_000);
  assert.equal(passing.over(live, false, PASSING_MS).notice.text, 'second');
  assert.equal(passing.over(live, false, 5_000 + PASSING_MS), live);
});

test('an offer gives way to a failure for good, any other notice does not', () => {
  const passing = new Passing();
  passing.say(offer, 0);
  assert.equal(passing.over(live, false, 1).notice, offer);
  assert.equal(passing.over(paused, true, 2), paused);
  assert.equal(passing.over(live, false, 3), live);
  passing.say({ text: 'forgotten' }, 10);
  assert.equal(passing.over(live, true, 11).notice.text, 'forgotten');
});
