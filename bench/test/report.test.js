import test from 'node:test';
import assert from 'node:assert/strict';
import { asMarkdown, asText, number } from '../report/format.mjs';
import { judge } from '../report/goals.mjs';
import { parseCores } from '../machine.mjs';
import { decades, plot } from '../report/plot.mjs';
import { tables } from '../report/table.mjs';

const samples = [1, 2].flatMap((round) => [
  { round, server: 'express-sdk', point: 'negotiate', rps: 1200 + round, cpuMicros: 830 },
  { round, server: 'package', point: 'negotiate', rps: 90_000 + 2000 * round, cpuMicros: 9.91 },
  { round, server: 'package', point: 'events-256', rps: 16_110, cpuMicros: 81 },
]);
const made = tables(samples, judge(samples));
const [negotiate, events] = ['Negotiate', 'Events'].map((word) => made.find(({ title }) => title.startsWith(word)));

test('numbers have three digits or groups of three', () => {
  assert.deepEqual([0.123, 4.56, 45.67, 99.96, 1234567.8, NaN].map(number),
    ['0.12', '4.6', '45.7', '100', '1 234 568', '–']);
});

test('a server has a line in each table in which it has a number, and in no other', () => {
  const names = ({ body }) => body.map(([name]) => name);
  assert.deepEqual(names(negotiate), ['Express + SDK', 'codestream, packaged']);
  assert.deepEqual(names(events), ['codestream, packaged']);
});

test('several rounds give the median with the least and the most', () => {
  const [, codestream] = negotiate.body;
  assert.deepEqual(codestream.slice(1, 3), ['93 000 (92 000–94 000)', '9.9 (9.9–9.9)']);
});

test('every line of a table has as many cells as its head', () => {
  for (const { head, body } of made) {
    assert.ok(body.every((row) => row.length === head.length));
  }
  for (const table of made) {
    const pipes = asMarkdown(table).split('\n').filter((line) => line.startsWith('|')).map((line) => line.split('|').length);
    assert.equal(new Set(pipes).size, 1);
  }
});

test('columns stand under each other in the terminal', () => {
  const [, head, rule] = asText(negotiate).split('\n');
  assert.equal(head.indexOf('requests/s') + 'requests/s'.length,
    rule.split('  ').slice(0, 2).join('  ').length);
});

test('a scale reaches from a power of ten below all bars to one above', () => {
  assert.deepEqual(decades([8, 850]), { low: 0, high: 3 });
  assert.deepEqual(decades([10]), { low: 0, high: 1 });
});

test('the plot names every server, keeps the bars inside and escapes its texts', () => {
  const svg = plot(samples, ['a machine <with> & without']);
  assert.match(svg, /a machine &lt;with&gt; &amp; without/);
  assert.match(svg, />codestream, packaged</);
  assert.match(svg, /prefers-color-scheme: dark/);
  const bars = [...svg.matchAll(/<rect [^>]*x="([\d.]+)"[^>]*width="([\d.]+)"/g)];
  assert.equal(bars.length, 6);
  for (const [, x, width] of bars) {
    assert.ok(Number(width) > 0);
    assert.ok(Number(x) + Number(width) <= 1000 - 70);
  }
});

test('a list of cores is read as the kernel writes it', () => {
  assert.deepEqual(parseCores('0-2,5\n'), [0, 1, 2, 5]);
});
