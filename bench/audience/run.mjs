// One case of a room with many viewers, in virtual time. The environment says which:
//   CASE=storm|kept|reconnect|steady|idle|hostile|claims  VIEWERS  JOIN_SECONDS  TEXT_BYTES  UNITS  SEED
// UNITS: by default as many as 400 viewers each need. Ends with one line of JSON.
import { mkdirSync, writeFileSync } from 'node:fs';
import { CASES, DEFAULTS } from './cases.mjs';
import { plot } from './plot.mjs';

const PLOT = new URL('../../build/audience.svg', import.meta.url);

/** @param {string} name */
function number(name, standard) {
  const text = process.env[name];
  if (!text) return standard;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new Error(`${name} is no whole number above 0: ${text}`);
}

function settings() {
  return {
    viewers: number('VIEWERS', DEFAULTS.viewers),
    joinSeconds: number('JOIN_SECONDS', DEFAULTS.joinSeconds),
    textBytes: number('TEXT_BYTES', DEFAULTS.textBytes),
    seed: number('SEED', DEFAULTS.seed),
    units: number('UNITS', undefined),
  };
}

const name = process.env.CASE || 'storm';
if (!Object.hasOwn(CASES, name)) throw new Error(`CASE is one of ${Object.keys(CASES).join(', ')}`);
const { figures, bySecond, waits } = CASES[name](settings());
const rows = [
  ['seconds until all have the text, after the last join', figures.secondsUntilAllHave],
  ['wait for the text, p50 and p99, ms', `${figures.waitP50} ${figures.waitP99}`],
  ['MB and messages to clients', `${figures.outMB} ${figures.outMessages}`],
  ['MB in the busiest second', figures.peakMBs],
  ['messages that are billed', figures.billedMessages],
  ['events and REST calls', `${figures.events} ${figures.restCalls}`],
  ['fulls to the room, answers, deltas, beats',
    `${figures.roomFulls} ${figures.answers} ${figures.deltas} ${figures.beats}`],
  ['questions to the writer, writes and reads of the kept text',
    figures.reads && `${figures.asks} ${figures.writes} ${figures.reads}`],
];
console.log(`${name}: ${figures.viewers} viewers on ${figures.units} units`);
for (const [what, value] of rows) if (value !== undefined) console.log(`  ${what.padEnd(54)} ${value}`);
mkdirSync(new URL('.', PLOT), { recursive: true });
writeFileSync(PLOT, plot({ title: `${name}, ${figures.viewers} viewers, ${figures.units} units`, bySecond, waits }));
console.log('  plot: build/audience.svg');
console.log(JSON.stringify({ case: name, ...figures }));
