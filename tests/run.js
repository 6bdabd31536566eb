// Runs test files in the order in which they are given, so many at a time, and says at the end
// which took longest and, last of all, what failed. `node --test` sorts them, and before Node 20.10 cannot be told how many.
//
//   node tests/run.js AT_ONCE FILE...
import path from 'node:path';
import { run } from 'node:test';
import { spec as Spec } from 'node:test/reporters';

const SHOWN = 12;
const ERROR_LINES = 12;

const [atOnce, ...names] = process.argv.slice(2);
const files = names.map((name) => path.resolve(name));
const begun = new Map();
const seconds = new Map();
const failures = [];

const tests = run({ files, concurrency: Number(atOnce) });
// A file is a test too, which has its path for a name. These two are told at once, where Node has
// them; everything else file by file.
tests.on('test:dequeue', ({ name }) => begun.set(name, performance.now()));
tests.on('test:complete', ({ name }) => {
  if (files.includes(name)) seconds.set(name, (performance.now() - begun.get(name)) / 1000);
});
tests.on('test:fail', ({ name, file, details: { error } }) => {
  process.exitCode = 1;
  if (error?.failureType !== 'subtestsFailed') failures.push(describe(name, file, error));
});

/** A failure by itself: who has only the end of a log needs no more to begin with. */
function describe(name, file, error) {
  const text = String(error?.cause?.message ?? error?.cause ?? error?.message ?? error);
  const lines = text.split('\n').slice(0, ERROR_LINES).map((line) => `    ${line}`);
  // A test is where test() was called, which for most is in a file that all tests share.
  const where = /\.test\.js$/.test(file ?? '') && name !== file ? `${path.basename(file)}: ` : '';
  return [`failed: ${where}${name}`, ...lines].join('\n');
}

const report = tests.compose(new Spec());
report.pipe(process.stdout);
report.on('end', () => {
  const longest = [...seconds].sort((a, b) => b[1] - a[1]).slice(0, SHOWN);
  for (const [file, took] of longest) {
    console.log(`${took.toFixed(1).padStart(7)} s  ${path.relative('.', file)}`);
  }
  failures.forEach((failure) => console.log(failure));
});
