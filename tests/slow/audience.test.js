// Large rooms in virtual time: one of 100,000, where make test has one of 10,000 that fills at the same
// rate; one of 1,000 whose text is kept, where it has one of 250; and steady typing.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CASES, DEFAULTS } from '../../bench/audience/cases.mjs';
import { grown, play } from '../../bench/audience/record.mjs';

test('100,000 viewers on 125 units have the text within a minute of the last join', () => {
  const figures = play('many');
  assert.deepEqual(grown('many', figures), []);
  assert.equal(figures.waiting, 0);
  assert.ok(figures.secondsUntilAllHave <= 60, `${figures.secondsUntilAllHave} s`);
});

test('steady typing for 10,000 costs a third of what it does in the named form at full pace', () => {
  const figures = play('steady');
  assert.deepEqual(grown('steady', figures), []);
  const options = { ...DEFAULTS, viewers: 10_000, units: 25, older: true };
  const { figures: before } = CASES.steady(options);
  assert.ok(before.outMB / 10_000 / 60 > 0.0009, 'the named form costs what it does');
  assert.ok(figures.outMB <= before.outMB / 3, `${before.outMB} MB -> ${figures.outMB} MB`);
});

test('where the text is kept, 1,000 viewers join within 30 s and ask the writer ten times at most', () => {
  const { figures } = CASES.kept({ ...DEFAULTS, textBytes: 2_000 });
  assert.ok(figures.asks <= 10, `${figures.asks} questions`);
  assert.equal(figures.newest, DEFAULTS.viewers, 'all have the newest text, and know it');
  assert.ok(figures.reads <= 3 * DEFAULTS.viewers, `${figures.reads} reads`);
  assert.ok(figures.writes <= 25, `${figures.writes} writes`);
});
