import test from 'node:test';
import assert from 'node:assert/strict';
import { GOALS, judge, readable } from '../report/goals.mjs';
import { makePlan } from '../plan.mjs';
import { SERVERS } from '../peers/servers.mjs';

const sample = (server, metrics, point = 'negotiate', round = 1) => (
  { round, server, point, ...metrics });
const find = (verdicts, what, against = '') => verdicts.find((one) => (
  one.what.startsWith(what) && one.against === against));

test('a goal that is reached is ok, one that is missed is SHORT, in either direction', () => {
  const verdicts = judge([
    sample('codestream', { cpuMicros: 10, rps: 900 }),
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
    sample('codestream', { rps: [100, 700, 650][round - 1] }, 'negotiate', round),
    sample('express-sdk', { rps: 10 }, 'negotiate', round),
  ]);
  const found = find(judge(rounds), 'negotiate: rate', 'Express + SDK');
  assert.equal(found.verdict, 'ok');
  assert.equal(found.text, '65 × (10 × … 70 ×)');
});

test('of crowds the worst round decides', () => {
  const rounds = [128, 127].map((served, i) => sample('codestream', { served }, 'at-once-128', i));
  assert.equal(find(judge(rounds), 'connections sending at once: of 128').verdict, 'SHORT');
});

test('what was not measured is skipped, with the reason, and never passed', () => {
  const verdicts = judge([sample('codestream', { cpuMicros: 1 })], { go: 'Go is not installed' });
  assert.equal(find(verdicts, 'negotiate: CPU', 'Go net/http').verdict,
    'skipped: Go is not installed');
  assert.ok(verdicts.every(({ measured, verdict }) => measured || /^skipped: \S/.test(verdict)));
});

test('start and idle memory are those of the packaged handler where there is one', () => {
  const start = (server, coldMs) => sample(server, { coldMs, rssMb: 5 }, 'start');
  const cold = (samples) => find(judge(samples), 'cold start', 'Express + SDK');
  const both = [start('codestream', 20), start('express-sdk', 400)];
  assert.equal(cold(both).verdict, 'SHORT');
  assert.equal(cold(both).server, 'codestream');
  assert.equal(cold([...both, start('package', 4)]).verdict, 'ok');
  assert.equal(cold([...both, start('package', 4)]).server, 'package');
});

test('every goal is about a point of the ordinary run that its servers take part in', () => {
  const groups = makePlan({}).groups.flatMap((group) => {
    const ids = group.points?.map(({ id }) => id)
      ?? (group.counts ?? []).map((count) => `${group.id}-${count}`);
    return (ids.length > 0 ? ids : [group.id]).map((id) => [id, group.takes]);
  });
  const takes = new Map(groups);
  for (const { what, point, against } of GOALS) {
    assert.ok(takes.has(point), `${what}: ${point}`);
    for (const id of ['codestream', ...(against ? [against] : [])]) {
      const server = SERVERS.find((one) => one.id === id);
      assert.ok(server.takes.includes(takes.get(point)), `${what}: ${id}`);
    }
  }
});

test('ratios well below one are told as fractions', () => {
  assert.equal(readable(1 / 85, { against: 'x' }), '1/85');
  assert.equal(readable(0.6, { against: 'x' }), '0.6 ×');
  assert.equal(readable(1.234, { against: 'x' }), '1.2 ×');
  assert.equal(readable(4000), '4 000');
});
