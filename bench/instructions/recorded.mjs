// The record: one line of conditions, then a name and a count in each line. Pure but for reading
// and writing the file.

import { readFileSync, writeFileSync } from 'node:fs';

/** @typedef {{ name: string, count: number, tolerance: number }} Row tolerance in percent */

export function parse(text) {
  const [first, ...lines] = text.trimEnd().split('\n');
  if (!first.startsWith('# ')) throw new Error('a record starts with its conditions');
  const counts = new Map(lines.map((line) => line.split('\t')).map(([n, c]) => [n, Number(c)]));
  return { conditions: first.slice(2), counts };
}

/** @param {Row[]} rows */
export const format = (conditions, rows) =>
  [`# ${conditions}`, ...rows.map(({ name, count }) => `${name}\t${count}`), ''].join('\n');

/**
 * What is to be said of each row, and whether anything is worse than it may be. Counts of other
 * compilers and libraries are shown, not judged.
 * @param {Row[]} rows
 */
export function compare(record, conditions, rows) {
  const judged = record.conditions === conditions;
  const judgements = rows.map(({ name, count, tolerance }) => {
    const before = record.counts.get(name);
    if (before === undefined) return { name, count, verdict: 'new' };
    const percent = (count / before - 1) * 100;
    const verdict = judged && percent > tolerance ? `WORSE by more than ${tolerance} %` : '';
    return { name, count, before, percent, verdict };
  });
  const gone = [...record.counts.keys()].filter((name) => !rows.some((row) => row.name === name));
  const failed = judgements.some(({ verdict }) => verdict.startsWith('WORSE'));
  return { judged, judgements, gone, failed };
}

export const read = (file) => parse(readFileSync(file, 'utf8'));
export const write = (file, conditions, rows) => writeFileSync(file, format(conditions, rows));
