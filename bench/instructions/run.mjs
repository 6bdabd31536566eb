// The regression guard that is not a clock: counts instructions and holds them against the record.
// Called by `make bench-instructions`; RECORD=1 makes a new record.

import { fileURLToPath } from 'node:url';
import { grouped } from '../format.mjs';
import { conditions, withCounts } from './callgrind.mjs';
import { countPaths } from './paths.mjs';
import { countProcess } from './process.mjs';
import { compare, read, write } from './recorded.mjs';

// Whoever ends this ends what it has started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const FILE = fileURLToPath(new URL('recorded.tsv', import.meta.url));

const signed = (percent) => `${percent < 0 ? '' : '+'}${percent.toFixed(1)} %`;

function line({ name, count, before, percent, verdict }) {
  const now = grouped(count).padStart(11);
  const then = before === undefined ? '' : grouped(before);
  const difference = percent === undefined ? '' : signed(percent);
  return `${name.padEnd(28)}${now}${then.padStart(11)}${difference.padStart(10)}  ${verdict}`;
}

const here = conditions();
const rows = await withCounts(async (file) => [...countPaths(file), ...(await countProcess(file))]);

if (process.env.RECORD) {
  write(FILE, here, rows);
  rows.forEach((row) => console.log(line({ ...row, verdict: 'recorded' })));
} else {
  const record = read(FILE);
  const { judged, judgements, gone, failed } = compare(record, here, rows);
  console.log(`${'instructions'.padEnd(28)}${'now'.padStart(11)}${'recorded'.padStart(11)}`);
  judgements.forEach((row) => console.log(line(row).trimEnd()));
  gone.forEach((name) => console.log(`${name}: recorded, but not counted any more`));
  if (!judged) console.log(`Not judged: recorded with ${record.conditions}; this is ${here}.`);
  process.exitCode = failed ? 1 : 0;
}
