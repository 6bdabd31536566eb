import test from 'node:test';
import assert from 'node:assert/strict';
import { compare, format, parse } from '../instructions/recorded.mjs';

const rows = [
  { name: 'path', count: 1060, tolerance: 5 },
  { name: 'process', count: 1060, tolerance: 10 },
  { name: 'new', count: 5, tolerance: 5 },
];
const record = parse('# gcc 1\npath\t1000\nprocess\t1000\nold\t3\n');

test('a count that is worse than its tolerance fails, and only that', () => {
  const { judged, failed, judgements, gone } = compare(record, 'gcc 1', rows);
  assert.ok(judged && failed);
  const verdicts = judgements.map(({ verdict }) => verdict);
  assert.deepEqual(verdicts, ['WORSE by more than 5 %', '', 'new']);
  assert.deepEqual(gone, ['old']);
});

test('counts of another compiler are compared and not judged', () => {
  const { judged, failed, judgements } = compare(record, 'gcc 2', rows);
  assert.ok(!judged && !failed);
  assert.ok(Math.abs(judgements[0].percent - 6) < 1e-9);
});

test('a record is read as it was written', () => {
  const { conditions, counts } = parse(format('gcc 1', rows));
  assert.equal(conditions, 'gcc 1');
  assert.deepEqual([...counts], [['path', 1060], ['process', 1060], ['new', 5]]);
});
