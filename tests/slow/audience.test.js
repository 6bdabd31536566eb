// A room of 100,000 in virtual time; make test has one of 10,000 that fills at the same rate.
import assert from 'node:assert/strict';
import test from 'node:test';
import { grown, play } from '../../bench/audience/record.mjs';

test('100,000 viewers on 125 units have the text within a minute of the last join', () => {
  const figures = play('many');
  assert.deepEqual(grown('many', figures), []);
  assert.equal(figures.waiting, 0);
  assert.ok(figures.secondsUntilAllHave <= 60, `${figures.secondsUntilAllHave} s`);
});
