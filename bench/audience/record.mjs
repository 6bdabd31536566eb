// The cases that `make test` and `make test-slow` play, and what they cost when that was last recorded. Run as a program
// (make audience RECORD=1) it writes the record anew.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';
import { CASES, DEFAULTS } from './cases.mjs';

const FILE = new URL('recorded.tsv', import.meta.url);
const FIGURES = ['outMB', 'outMessages', 'billedMessages', 'events', 'restCalls', 'waitP99'];
/** What a figure may be above the recorded one. */
const GROWTH = 1.05;

const RECORDED = {
  storm: { case: 'storm', viewers: 1_000, units: 3 },
  crowd: { case: 'storm', viewers: 10_000, units: 125, joinSeconds: 6 },
  many: { case: 'storm', viewers: 100_000, units: 125, joinSeconds: 60 },
  hostile: { case: 'hostile', viewers: 100, units: 1 },
  claims: { case: 'claims', viewers: 100, units: 1 },
  steady: { case: 'steady', viewers: 10_000, units: 13 },
  reconnect: { case: 'reconnect', viewers: 300, units: 1 },
  idle: { case: 'idle', viewers: 100, units: 1 },
};

/** @param {keyof RECORDED} name */
export const play = (name) => CASES[RECORDED[name].case]({ ...DEFAULTS, ...RECORDED[name] }).figures;

/** What has grown since the record. @param {string} name @returns {string[]} */
export function grown(name, figures) {
  const lines = readFileSync(FILE, 'utf8').trimEnd().split('\n').map((line) => line.split('\t'));
  const before = Object.fromEntries(
    lines.filter(([one]) => one === name).map(([, figure, value]) => [figure, Number(value)]),
  );
  return FIGURES.filter((figure) => !(figures[figure] <= before[figure] * GROWTH)).map(
    (figure) => `${name} ${figure}: ${before[figure]} -> ${figures[figure]}`,
  );
}

function record() {
  const rows = Object.keys(RECORDED).flatMap((name) => {
    const figures = play(name);
    return FIGURES.map((figure) => [name, figure, figures[figure]].join('\t'));
  });
  writeFileSync(FILE, `${rows.join('\n')}\n`);
}

if (import.meta.url === pathToFileURL(argv[1]).href) record();
