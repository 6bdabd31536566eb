import test from 'node:test';
import assert from 'node:assert/strict';
import { exponent } from '../growth/slope.mjs';

test('the exponent tells what stays from what grows in proportion or faster', () => {
  const grows = (power) => [1, 10, 100, 1000].map((x) => [x, 3 * x ** power]);
  for (const power of [-0.5, 0, 1, 2]) {
    assert.ok(Math.abs(exponent(grows(power)) - power) < 1e-9);
  }
});
