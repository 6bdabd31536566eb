// What a run leaves behind: a table on stdout, and in build/bench the same as JSON, as Markdown for
// the README, and as a plot.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';
import { asMarkdown, asText, number } from './format.mjs';
import { firstLine, maxFiles } from '../machine.mjs';
import { filesFor, MOST_CONNECTIONS } from '../plan.mjs';
import { plot } from './plot.mjs';
import { BUILT, nameOf, serverOf } from '../peers/servers.mjs';
import { unrest, valuesOf } from './statistics.mjs';
import { tables } from './table.mjs';

/** More between the floor's best and worst round, and the machine was busy with other things. */
const NOISY = 0.4;

const NOTES = [
  'The handler and its peers in Go and Rust log each request, to /dev/null; those in Node log nothing.',
  ...(MOST_CONNECTIONS < 10_000
    ? [`10 000 connections need ${number(filesFor(10_000))} descriptors; a process may have ${number(maxFiles())} here.`]
    : []),
  'Thousands of connections are served with CODESTREAM_LOOPS=4. Visits and typing are counted without kept texts, '
    + 'and every answer and farewell of theirs is counted.',
  'JSON unread: the same program, in which a stub finds the parts of the event by position.',
];

const TITLE = `# The last run of \`make bench\`

What is compared, how, and how to read it: [bench/README.md](../bench/README.md).`;
const PLOT = '![Processor time for each request, and requests a second](bench.svg)';

function versionOf(name) {
  const file = path.join(ROOT, 'bench/node_modules', name, 'package.json');
  return JSON.parse(readFileSync(file, 'utf8')).version;
}

function describeVersions({ node, commit }) {
  const packages = ['express', '@azure/web-pubsub', '@azure/web-pubsub-express'];
  return [
    `${firstLine(serverOf('package').command, '--version')} (${commit})`,
    ...packages.map((name) => `${name} ${versionOf(name)}`),
    `Node ${node}`,
    firstLine('go', 'version').replace(/^go version (\S+).*/, '$1'),
    firstLine('/usr/bin/rustc', '--version').replace(/^(rustc \S+).*/, '$1'),
  ].filter(Boolean).join(', ');
}

/** Where, of what and how well it was measured; a line each. */
function conditions({ date, machine, rounds, noise }) {
  const isNoisy = noise > NOISY ? 'NOISY: ' : '';
  return [
    `${date}, ${machine.system}, ${machine.cpu}, ${machine.used} of ${machine.cores} cores`,
    describeVersions(machine),
    `${isNoisy}${rounds} round${rounds === 1 ? '' : 's'}, between which the floor's rate differs `
      + `by ${Math.round(noise * 100)} %; load before: ${machine.loadBefore.toFixed(1)}`,
  ];
}

/** @param {object} run { date, kind, machine, rounds, seconds, samples, skipped, errors } */
export function report(run, verdicts) {
  const { samples, skipped, errors } = run;
  const noise = unrest(valuesOf(samples, { server: 'floor', point: 'negotiate', metric: 'rps' }));
  const lines = conditions({ ...run, noise });
  const all = tables(samples, verdicts);
  const write = (name, text) => writeFileSync(path.join(BUILT, name), text);
  const result = { ...run, noise, isNoisy: noise > NOISY, verdicts };
  write('result.json', JSON.stringify(result, null, 1));
  const [opening, ...rest] = all.map(asMarkdown);
  const faults = errors.map((error) => `ERROR: ${error}`);
  const page = [opening, PLOT, `${lines.join('; ')}. ${NOTES.join(' ')}`, ...faults, ...rest].join('\n\n');
  write('table.md', `${page}\n`);
  write('bench.svg', plot(samples, lines));
  console.log([...all.map(asText), [...lines, ...NOTES].join('\n')].join('\n\n'));
  for (const [id, why] of Object.entries(skipped)) console.log(`skipped: ${nameOf(id)}: ${why}`);
  for (const fault of faults) console.log(fault);
  console.log('\nbuild/bench: result.json, table.md, bench.svg');
  return page;
}

/** The same as a page of the documentation, with the plot; of a commit as it is, and no other. */
export function record(page, { commit }) {
  if (/dirty|no commit/.test(commit)) throw new Error(`no record of sources that are ${commit}`);
  writeFileSync(path.join(ROOT, 'docs/bench.md'), `${TITLE}\n\n${page}\n`);
  copyFileSync(path.join(BUILT, 'bench.svg'), path.join(ROOT, 'docs/bench.svg'));
  console.log('docs: bench.md, bench.svg');
}
