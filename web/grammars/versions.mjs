// What the verdicts were passed on: the versions of all packages with grammars, and what is mended.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';

const web = new URL('../', import.meta.url);
const GRAMMAR =
  /^node_modules\/(?:monaco-editor|@codemirror\/(?:lang-.*|language-data|legacy-modes)|@lezer\/.*|(?:codemirror-lang|lezer)-.*|cm6-.*)$/;
const OURS = ['src/mends.js', 'src/definitions.js', 'src/languages.js', 'src/readers.js'];

export async function versions() {
  const lock = JSON.parse(await readFile(new URL('package-lock.json', web), 'utf8'));
  const packages = Object.entries(lock.packages)
    .filter(([path]) => GRAMMAR.test(path))
    .map(([path, { version }]) => [path.replace('node_modules/', ''), version]);
  const ours = await Promise.all(
    OURS.map(async (path) => {
      const text = await readFile(new URL(path, web));
      return [path, createHash('sha256').update(text).digest('hex').slice(0, 16)];
    }),
  );
  return Object.fromEntries([...packages, ...ours]);
}

/** Refuses to build with grammars that nobody has judged. */
export async function requireVerdicts() {
  const { versions: judged } = JSON.parse(
    await readFile(new URL('grammars/verdicts.json', web), 'utf8'),
  );
  const now = await versions();
  const names = [...new Set([...Object.keys(judged), ...Object.keys(now)])];
  const changed = names.filter((name) => judged[name] !== now[name]);
  if (changed.length > 0)
    throw new Error(
      `the grammars are not those of grammars/verdicts.json: ${changed.join(', ')}; ` +
        'make grammars judges them',
    );
}
