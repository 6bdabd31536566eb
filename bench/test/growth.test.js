// What the bench says of its numbers, on numbers that are known.

import assert from 'node:assert/strict';
import test from 'node:test';
import { cpuMs, machineCpuMs } from './cpu.mjs';
import { distribution } from './distribution.mjs';
import { exponent } from './slope.mjs';
import { compare, format, parse } from '../instructions/recorded.mjs';

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  assert.deepEqual(distribution(values), { p50: 100, p90: 180, p99: 198, max: 200 });
  assert.deepEqual(distribution([7]), { p50: 7, p90: 7, p99: 7, max: 7 });
});

test('the exponent tells what stays from what grows in proportion or faster', () => {
  const grows = (power) => [1, 10, 100, 1000].map((x) => [x, 3 * x ** power]);
  for (const power of [-0.5, 0, 1, 2]) {
    assert.ok(Math.abs(exponent(grows(power)) - power) < 1e-9);
  }
});

test('CPU that this process burns is counted for it and for the machine', () => {
  const [own, all] = [cpuMs(process.pid), machineCpuMs()];
  const end = performance.now() + 200;
  while (performance.now() < end);
  const burnt = cpuMs(process.pid) - own;
  assert.ok(burnt > 20 && burnt < 1000, `${burnt} ms`);
  assert.ok(machineCpuMs() - all >= burnt / 2);
});

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
