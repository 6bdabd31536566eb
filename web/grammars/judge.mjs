// Judges every expression of the grammars and writes verdicts.json, which the build needs: `make
// grammars`. It takes a few minutes.

import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { check } from 'recheck';
import { MAX_COLOURED } from '../src/bound.js';
import { LANGUAGES } from '../src/languages.js';
import { monacoExpressions, readerExpressions } from './expressions.mjs';
import { versions } from './versions.mjs';

/** An expression whose time grows with a higher power of the line's length is bad. */
const MAX_DEGREE = 2;
const TIMEOUT_MS = 100_000;
/** A cubic expression needs many times as long for a line of 2,000 characters. */
const SURVIVED_MS = 2_000;

/** @type {Map<string, Promise<string>>} many grammars have the same expressions */
const known = new Map();

/** @param {RegExp} expression @returns {Promise<string>} '' for a good one */
function verdictOn(expression) {
  const name = String(expression);
  const verdict = known.get(name) ?? judge(expression);
  known.set(name, verdict);
  return verdict;
}

/**
 * @param {RegExp} expression  one that matches at one place (y) takes no longer than a search for it,
 *   so it is good if either is
 */
async function judge({ source, flags }) {
  const verdict = await ask(source, flags);
  return verdict && flags.includes('y') ? ask(source, flags.replace(/[gy]/g, '')) : verdict;
}

/** @param {string} source @param {string} flags */
async function ask(source, flags) {
  const parameters = { timeout: TIMEOUT_MS, randomSeed: 1 };
  const { status, complexity, attack, error } = await check(source, flags, parameters);
  if (status === 'safe') return '';
  if (status === 'unknown') return `unknown: ${error?.kind}`;
  if (complexity.type !== 'polynomial') return complexity.type;
  if (complexity.degree <= MAX_DEGREE) return '';
  // Where the degree is a guess from a few trials, the attack that comes with it says more.
  const survived = complexity.isFuzz && (await survives(source, flags, attack));
  return survived ? '' : `degree ${complexity.degree}`;
}

/** The expression is through with the longest line of the attack that is coloured. */
async function survives(source, flags, { pumps, suffix }) {
  const times = Math.ceil(MAX_COLOURED / pumps.reduce((sum, { pump }) => sum + pump.length, 1));
  const line = pumps.map(({ prefix, pump }) => prefix + pump.repeat(times)).join('') + suffix;
  const worker = new Worker(
    `const { parentPort, workerData: { source, flags, line } } = require('node:worker_threads');
    new RegExp(source, flags).test(line);
    parentPort.postMessage(true);`,
    { eval: true, workerData: { source, flags, line } },
  );
  const done = once(worker, 'message').then(() => true);
  const late = pause(SURVIVED_MS, false, { ref: false });
  const answer = await Promise.race([done, late]);
  await worker.terminate();
  return answer;
}

/** @param {Map<string, RegExp[]>} grammars */
async function judgeAll(grammars) {
  const bad = {};
  let count = 0;
  for (const [language, expressions] of grammars) {
    count += expressions.length;
    const verdicts = [];
    const queue = [...expressions];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        const verdict = await verdictOn(next);
        if (verdict) verdicts.push({ expression: String(next), verdict });
      }
    };
    await Promise.all(Array.from({ length: availableParallelism() }, worker));
    if (verdicts.length > 0)
      bad[language] = verdicts.sort((a, b) => (a.expression < b.expression ? -1 : 1));
    process.stderr.write(`${language}: ${verdicts.length} of ${expressions.length}\n`);
  }
  return { languages: grammars.size, expressions: count, bad };
}

const readers = [...new Set(LANGUAGES.map(({ reader }) => reader).filter(Boolean))];
const judged = {
  editor: await judgeAll(await monacoExpressions()),
  reader: await judgeAll(await readerExpressions(readers)),
};
/** What the page reads: the languages that are plain text in either. */
const plain = {
  editor: Object.keys(judged.editor.bad).sort(),
  reader: Object.keys(judged.reader.bad).sort(),
};
const table = { versions: await versions(), plain, ...judged };
const file = new URL('verdicts.json', import.meta.url);
const before = await readFile(file, 'utf8').catch(() => '');
const after = `${JSON.stringify(table, undefined, 2)}\n`;
await writeFile(file, after);
for (const [name, { languages, expressions, bad }] of Object.entries(judged)) {
  const without = plain[name].join(', ') || 'none';
  console.log(`${name}: ${expressions} expressions of ${languages} grammars; plain text: ${without}`);
  for (const [language, verdicts] of Object.entries(bad))
    for (const { expression, verdict } of verdicts)
      console.log(`  ${language}: ${verdict}: ${expression.slice(0, 200)}`);
}
console.log(before === after ? 'verdicts.json is as it was' : 'verdicts.json has changed');
