import test from 'node:test';
import assert from 'node:assert/strict';
import { GOALS, judge, readable } from '../report/goals.mjs';
import { FEW, MANY, hasTurn, makePlan } from '../plan.mjs';
import { SERVERS } from '../peers/servers.mjs';

const sample = (server, metrics, point = 'negotiate', round = 1) => (
  { round, server, point, ...metrics });
const find = (verdicts, what, against = '') => verdicts.find((one) => (
  one.what.startsWith(what) && one.against === against));

test('a goal that is reached is ok, one that is missed is SHORT, in either direction', () => {
  const verdicts = judge([
    sample('package', { cpuMicros: 10, rps: 900 }),
    sample('express-sdk', { cpuMicros: 700, rps: 20 }),
    sample('floor', { cpuMicros: 7, rps: 900 }),
    sample('nginx', { rps: 900 }),
  ]);
  const cpu = 'negotiate: CPU';
  assert.equal(find(verdicts, cpu, 'Express + SDK').verdict, 'ok');
  assert.equal(find(verdicts, cpu, 'Express + SDK').text, '1/70');
  assert.equal(find(verdicts, cpu, 'floor: epoll by hand').verdict, 'SHORT');
  assert.equal(find(verdicts, 'negotiate: rate', 'Express + SDK').verdict, 'SHORT');
  assert.equal(find(verdicts, 'negotiate: rate', 'nginx, constant').verdict, 'ok');
});

test('the median of the rounds decides, and the least and the most are told', () => {
  const rounds = [1, 2, 3].flatMap((round) => [
    sample('package', { rps: [100, 700, 650][round - 1] }, 'negotiate', round),
    sample('express-sdk', { rps: 10 }, 'negotiate', round),
  ]);
  const found = find(judge(rounds), 'negotiate: rate', 'Express + SDK');
  assert.equal(found.verdict, 'ok');
  assert.equal(found.text, '65 × (10 × … 70 ×)');
});

test('one error in one round is one too many, and that round counts for nothing else', () => {
  const point = 'events-1000';
  const verdicts = judge([
    sample('package', { errors: 0, rps: 900 }, point, 1), sample('express-sdk', { errors: 0, rps: 30 }, point, 1),
    sample('package', { errors: 0, rps: 900 }, point, 2), sample('express-sdk', { errors: 9, rps: 90 }, point, 2),
    sample('package', { errors: 5, rps: 100 }, point, 3), sample('express-sdk', { errors: 0, rps: 30 }, point, 3),
  ]);
  assert.equal(find(verdicts, 'event: errors').verdict, 'SHORT');
  assert.equal(find(verdicts, 'event: rate, 1000', 'Express + SDK').text, '30 ×');
});

test('of crowds the worst round decides', () => {
  const rounds = [128, 127].map((served, i) => sample('package', { served }, 'at-once-128', i));
  assert.equal(find(judge(rounds), 'connections sending at once: of 128').verdict, 'SHORT');
});

test('what was not measured is skipped, with the reason, and never passed', () => {
  const verdicts = judge([sample('package', { cpuMicros: 1 })], { go: 'Go is not installed' });
  assert.equal(find(verdicts, 'negotiate: CPU', 'Go net/http').verdict,
    'skipped: Go is not installed');
  assert.ok(verdicts.every(({ measured, verdict }) => measured || /^skipped: \S/.test(verdict)));
});

test('a cost with many connections is held against that with few, in the same round', () => {
  const at = (point, cpuMicros, round) => sample('package', { cpuMicros }, point, round);
  const [{ id }] = MANY;
  const cost = (...samples) => judge(samples).find(({ what }) => /connections, 1 writer:/.test(what));
  assert.equal(cost(at(FEW, 40, 1), at(id, 50, 1), at(FEW, 80, 2), at(id, 104, 2)).verdict, 'ok');
  assert.match(cost(at(FEW, 40, 1), at(id, 50, 1), at(FEW, 80, 2), at(id, 160, 2)).verdict, /^SHORT/);
  assert.match(cost(at(FEW, 40, 1)).verdict, /^skipped/);
});

test('what is only told has a figure, and in the place of a verdict what it is made of, or nothing', () => {
  const visit = sample('package', { invocations: 7, restCalls: 6 }, 'visit');
  const hour = sample('package', { restCalls: 720 }, 'typing-alone');
  const told = (what) => judge([visit, hour]).find((one) => one.what.endsWith(what));
  assert.equal(told('ten minutes: invocations').text, '7');
  assert.match(told('ten minutes: invocations').verdict, /^negotiate, /);
  assert.deepEqual([told('nobody watches: REST calls').text, told('nobody watches: REST calls').verdict], ['720', '']);
});

test('every goal is about a point of the ordinary run that its servers take part in', () => {
  const { groups } = makePlan({});
  const points = groups.flatMap((group) => {
    const ids = group.points?.map(({ id }) => id)
      ?? (group.counts ?? []).map((count) => `${group.id}-${count}`);
    return (ids.length > 0 ? ids : [group.id]).map((id) => [id, group.takes]);
  });
  const takes = new Map(points);
  /** Counted once, and by no server's load. */
  const counted = ['zip', 'visit', 'typing', 'typing-alone'];
  for (const { what, point, against, server = 'package' } of GOALS) {
    if (counted.includes(point)) continue;
    assert.ok(takes.has(point), `${what}: ${point}`);
    for (const id of [server, ...(against ? [against] : [])]) {
      const about = SERVERS.find((one) => one.id === id);
      assert.ok(about.takes.includes(takes.get(point)), `${what}: ${id}`);
    }
  }
});

test('whoever a first goal is about is asked in every round, so that there are seven figures', () => {
  const first = GOALS.filter(({ isFurther, isTold, point }) => !isFurther && !isTold && point !== 'zip');
  const asked = SERVERS.filter(({ id }) => first.some(({ against }) => against === id || id === 'package'));
  const groups = makePlan({}).groups.filter(({ points, id }) => (
    first.some(({ point }) => point === id || points?.some((one) => one.id === point))));
  for (const about of [...asked, ...groups]) {
    assert.ok([1, 2, 3, 4, 5, 6, 7].every((round) => hasTurn(about, round)), about.id);
  }
  assert.ok(makePlan({}).rounds >= 7);
});

test('ratios well below one are told as fractions', () => {
  assert.equal(readable(1 / 85, { against: 'x' }), '1/85');
  assert.equal(readable(0.6, { against: 'x' }), '0.6 ×');
  assert.equal(readable(1.234, { against: 'x' }), '1.23 ×');
  assert.equal(readable(34.56, { against: 'x' }), '34.6 ×');
  assert.equal(readable(4000), '4 000');
});
