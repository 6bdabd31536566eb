// The regression guard that is not a clock: counts instructions and holds them against the record.
// Called by `make bench-instructions`; RECORD=1 makes a new record.

import { fileURLToPath } from 'node:url';
import { asText, grouped, NOTHING } from '../report/format.mjs';
import { conditions, withCounts } from './callgrind.mjs';
import { countPaths } from './paths.mjs';
import { countProcess } from './process.mjs';
import { compare, read, write } from './recorded.mjs';

// Whoever ends this ends what it has started.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => process.exit(1));

const FILE = fileURLToPath(new URL('recorded.tsv', import.meta.url));

const signed = (percent) => `${percent < 0 ? '-' : '+'}${Math.abs(percent).toFixed(1)} %`;

const cells = ({ name, count, before, percent, verdict }) => [
  name,
  grouped(count),
  before === undefined ? NOTHING : grouped(before),
  percent === undefined ? NOTHING : signed(percent),
  verdict,
];

function show(judgements) {
  const head = ['path', 'now', 'recorded', 'change', ''];
  console.log(asText({ title: 'Instructions', head, body: judgements.map(cells) }));
}

const here = conditions();
const rows = await withCounts(async (file) => [...countPaths(file), ...(await countProcess(file))]);

if (process.env.RECORD) {
  write(FILE, here, rows);
  show(rows.map((row) => ({ ...row, verdict: 'recorded' })));
} else {
  const record = read(FILE);
  const { judged, judgements, gone, failed } = compare(record, here, rows);
  show(judgements);
  gone.forEach((name) => console.log(`${name}: recorded, but not counted any more`));
  if (!judged) console.log(`Not judged: recorded with ${record.conditions}; this is ${here}.`);
  process.exitCode = failed ? 1 : 0;
}
