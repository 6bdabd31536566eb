// Every regular expression that colours a text: of Monaco's grammars, as its own compiler makes them
// of a mended grammar, and of CodeMirror's, as they stand in its sources.

import { build } from 'esbuild';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import ts from 'typescript';
import { READERS } from '../src/readers.js';

const web = dirname(dirname(fileURLToPath(import.meta.url)));
const MONARCH = 'monaco-editor/esm/vs/editor/standalone/common/monarch/monarchCompile.js';
/** A state's name stands for what the grammar has seen: an expression may contain it. */
const STATE = 'state.word.word.word.word';

/** Runs one of the page's modules here; the editor itself, which needs a page, is left out. */
async function load(code) {
  const stub = {
    name: 'stub',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /editor\.api(\.js)?$/ }, () => ({ path: 'stub', namespace: 'stub' }));
      onLoad({ filter: /.*/, namespace: 'stub' }, () => ({
        contents: 'export const languages = { IndentAction: {} }; export const editor = {};',
      }));
    },
  };
  const { outputFiles: [{ text }], metafile } = await build({
    absWorkingDir: web,
    stdin: { contents: code, resolveDir: web },
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    mainFields: ['module', 'main'],
    conditions: ['import'],
    write: false,
    metafile: true,
    plugins: [stub],
    outdir: web,
    logLevel: 'error',
  });
    const run = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'grammars-'));
    try {
      const file = join(folder, 'all.mjs');
      await writeFile(file, text);
      return await import(pathToFileURL(file).href);
    } finally {
      await rm(folder, { recursive: true });
    }
  };
  return { run, metafile };
}

/** @returns {Promise<Map<string, RegExp[]>>} by language */
export async function monacoExpressions() {
  const { run } = await load(`
    export { DEFINITIONS } from './src/definitions.js';
    export { mended } from './src/mends.js';
    export { compile } from './node_modules/${MONARCH}';`);
  const { DEFINITIONS, mended, compile } = await run();
  const found = new Map();
  for (const [id, definition] of Object.entries(DEFINITIONS)) {
    const grammar = mended(id, (await definition()).language);
    const { tokenizer } = compile(id, grammar);
    const rules = Object.values(tokenizer).flat();
    // A language's "cases" may have expressions too; they are tried on words, not on lines.
    found.set(id, distinct(rules.map((rule) => rule.resolveRegex(STATE))));
  }
  return found;
}

/** @returns {Promise<Map<string, RegExp[]>>} by what src/readers.js calls the language */
export async function readerExpressions(names) {
  const found = new Map();
  for (const name of names) {
    const language = READERS.find((candidate) => candidate.name === name);
    if (!language) throw new Error(`CodeMirror has no language "${name}"`);
    const entry = /import\(['"]([^'"]+)['"]\)/.exec(String(language.loadFunc))?.[1] ?? LANG_SQL;
    const sources = await sourcesOf(entry);
    const expressions = [];
    // One after the other: while a file is run, every expression that is made is taken for its own.
    for (const source of sources) expressions.push(...(await expressionsIn(source)));
    found.set(name, distinct(expressions));
  }
  return found;
}
/** The dialects are made by a function, which names it. */
const LANG_SQL = '@codemirror/lang-sql';

/** The files that a language brings with it, besides what every language has. */
async function sourcesOf(entry) {
  const { metafile } = await load(`export * from '${entry}';`);
  return Object.keys(metafile.inputs).filter((path) => GRAMMAR.test(path)).map((path) => join(web, path));
}
const GRAMMAR =
  /node_modules\/(?:@codemirror\/(?:lang-|legacy-modes)|@lezer\/(?!common|highlight|lr\/)|(?:codemirror-lang|lezer)-|cm6-)/;

/** The literals of a file, and what is made of strings. */
async function expressionsIn(file) {
  const text = await readFile(file, 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  const found = [];
  const visit = (node) => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) {
      const [, body, flags] = /^\/(.*)\/([a-z]*)$/s.exec(node.text);
      found.push(new RegExp(body, flags));
    } else if (
      (ts.isNewExpression(node) || ts.isCallExpression(node)) &&
      node.expression.getText() === 'RegExp' &&
      node.arguments?.[0] &&
      ts.isStringLiteral(node.arguments[0])
    )
      found.push(new RegExp(node.arguments[0].text));
    ts.forEachChild(node, visit);
  };
  visit(source);
  // What is put together while the file is run.
  return [...found, ...(await madeBy(file))];
}

/** @type {Map<string, RegExp[]>} a file is run once */
const made = new Map();

async function madeBy(file) {
  const known = made.get(file);
  if (known) return known;
  const { RegExp: Real } = globalThis;
  const found = [];
  const note = (expression) => {
    found.push(new Real(expression.source, expression.flags));
    return expression;
  };
  globalThis.RegExp = new Proxy(Real, {
    construct: (target, parts) => note(new target(...parts)),
    apply: (target, _, parts) => note(target(...parts)),
  });
  try {
    await import(pathToFileURL(file).href);
  } finally {
    globalThis.RegExp = Real;
  }
  made.set(file, found);
  return found;
}

/** @param {RegExp[]} expressions */
function distinct(expressions) {
  return [...new Map(expressions.map((expression) => [String(expression), expression])).values()];
}
