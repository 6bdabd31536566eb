import test from 'node:test';
import assert from 'node:assert/strict';
import { median, noFigure, percentiles, ratiosOf, spread, unrest, valuesOf } from '../report/statistics.mjs';

const sample = (round, server, rps, point = 'negotiate') => ({ round, server, point, rps });
const ask = { server: 'a', against: 'b', point: 'negotiate', metric: 'rps' };

test('the median of an even number of values is the mean of the middle two', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 2, 100]), 3);
});

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 200 }, (_, i) => 200 - i);
  assert.deepEqual(percentiles(values), { p50: 100, p90: 180, p99: 198, max: 200 });
  assert.deepEqual(percentiles([7]), { p50: 7, p90: 7, p99: 7, max: 7 });
});

test('a spread has the least and the most, and of nothing there is none', () => {
  assert.deepEqual(spread([3, 1, 2]), { median: 2, min: 1, max: 3, rounds: 3 });
  assert.equal(spread([]), null);
});

test('only numbers of the server and the point in question count', () => {
  const samples = [sample(1, 'a', 10), sample(1, 'b', 20), sample(1, 'a', 30, 'events'),
    sample(2, 'a', undefined), sample(3, 'a', 40)];
  assert.deepEqual(valuesOf(samples, ask), [10, 40]);
});

test('what is no figure is named, and what is no number at all is none of that', () => {
  assert.equal(noFigure({ rps: 1, firstError: 'x', upstream: undefined }), undefined);
  for (const bad of [NaN, Infinity]) assert.equal(noFigure({ rps: 1, cpuMicros: bad }), 'cpuMicros');
});

test('a ratio is taken between samples of the same round', () => {
  const samples = [sample(1, 'a', 100), sample(1, 'b', 10), sample(2, 'b', 1), sample(2, 'a', 20)];
  assert.deepEqual(ratiosOf(samples, ask), [10, 20]);
});

test('a round in which one of the two is missing or zero gives no ratio', () => {
  const samples = [sample(1, 'a', 100), sample(2, 'b', 10), sample(3, 'a', 5), sample(3, 'b', 0)];
  assert.deepEqual(ratiosOf(samples, ask), []);
});

test('rounds that differ by half are restless by 0.5, one round is calm', () => {
  assert.equal(unrest([100, 150, 120]), 0.5);
  assert.equal(unrest([100]), 0);
  assert.equal(unrest([]), 0);
});
