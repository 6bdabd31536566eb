import test from 'node:test';
import assert from 'node:assert/strict';
import { LOADS, monthly, PRICE } from '../report/cost.mjs';
import { glance } from '../report/glance.mjs';

const HOUR = 18_000;
const [small, , large] = LOADS;

test('a single writer costs executions, and one instance as long as somebody types', () => {
  const executions = (small.hours * HOUR) / 1e6 * PRICE.millionExecutions;
  const cost = monthly(small, HOUR, 36);
  assert.ok(Math.abs(cost - executions - small.hours * PRICE.instanceHour) < 1e-9);
  assert.equal(monthly(small, HOUR, 900), cost);
});

test('where instances are full, a handler that needs more CPU costs more of them', () => {
  const [light, heavy] = [36, 900].map((micros) => monthly(large, HOUR, micros));
  const executions = (large.writers * large.hours * HOUR) / 1e6 * PRICE.millionExecutions;
  // 5000 events a second, of 351 and 1215 µs, on a quarter of a core that may be 60 % busy.
  assert.ok(Math.abs(light - executions - 12 * large.hours * PRICE.instanceHour) < 1e-6);
  assert.ok(Math.abs(heavy - executions - 41 * large.hours * PRICE.instanceHour) < 1e-6);
});

test('a load that takes more instances than a deployment has is marked', () => {
  const marked = (micros) => glance([
    { round: 1, server: 'package', point: 'events-256', cpuMicros: micros },
    { round: 1, server: 'package', point: 'typing', invocations: HOUR },
  ]).body[0].slice(-3).map((cell) => cell.endsWith(' $ *'));
  assert.deepEqual(marked(36), [false, false, false]);
  assert.deepEqual(marked(900), [false, false, true]);
});

test('of a language the server with less CPU for an event stands for it', () => {
  const of = (server, point, metrics) => ({ round: 1, server, point, ...metrics });
  const { head, body } = glance([
    of('package', 'events-256', { cpuMicros: 30 }), of('package', 'typing', { invocations: HOUR }),
    of('go', 'events-256', { cpuMicros: 60 }), of('fasthttp', 'events-256', { cpuMicros: 40 }),
    of('fasthttp', 'start', { coldMs: 2 }),
  ]);
  assert.deepEqual(body.map(([, name]) => name), ['codestream, packaged', 'Go fasthttp']);
  assert.ok(body.every((row) => row.length === head.length));
  assert.equal(body[1][head.indexOf('event, CPU µs')], '40');
  assert.equal(body[1].at(-3), '1.08 $');
});
