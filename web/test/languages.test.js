import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { DEFINITIONS } from '../src/definitions.js';
import { LANGUAGES, languageOf, languageOfFile } from '../src/languages.js';
import { mended } from '../src/mends.js';

const verdicts = JSON.parse(
  await readFile(new URL('../grammars/verdicts.json', import.meta.url), 'utf8'),
);

test('there are at least 18 languages, each with one name and its own endings', () => {
  assert.ok(LANGUAGES.length >= 18);
  for (const field of ['id', 'label'])
    assert.equal(new Set(LANGUAGES.map((l) => l[field])).size, LANGUAGES.length);
  const endings = LANGUAGES.flatMap(({ extensions }) => extensions);
  assert.equal(new Set(endings).size, endings.length);
});

test('the language of a file is known by its name, and of an unknown one it is plain text', () => {
  assert.equal(languageOfFile('main.PY').id, 'python');
  assert.equal(languageOfFile('a.test.ts').id, 'typescript');
  assert.equal(languageOfFile('Dockerfile').id, 'dockerfile');
  for (const name of ['', 'README', 'x.unknown', '.'])
    assert.equal(languageOfFile(name).id, 'plaintext');
});

test('a language that the other side made up is plain text', () => {
  for (const id of ['klingon', '__proto__', '', undefined, {}, '<script>'])
    assert.equal(languageOf(id).id, 'plaintext');
});

test('every language of the menu but plain text has a grammar in the page', () => {
  for (const { id } of LANGUAGES) if (id !== 'plaintext') assert.ok(DEFINITIONS[id], id);
});

test('a grammar that was judged to be bad is mended or left out', () => {
  for (const editor of ['editor', 'reader'])
    assert.deepEqual(verdicts.plain[editor], Object.keys(verdicts[editor].bad).sort());
  assert.ok(verdicts.editor.expressions > 2_000);
  assert.ok(verdicts.reader.expressions > 500);
  for (const id of ['clojure', 'css', 'hcl', 'less', 'mdx', 'scss', 'yaml'])
    assert.ok(!verdicts.plain.editor.includes(id), id);
});

/** A grammar of Monaco's, whose package does not tell Node that its files are modules. */
async function grammarOf(id) {
  const path = `monaco-editor/languages/definitions/${id}/${id}`;
  const { outputFiles } = await build({
    stdin: {
      contents: `export { language } from '${path}';`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const url = `data:text/javascript,${encodeURIComponent(outputFiles[0].text)}`;
  return (await import(url)).language;
}

test('GraphQL’s grammar writes nothing to the console', async () => {
  const { tokenizer } = mended('graphql', await grammarOf('graphql'));
  const actions = tokenizer.root.map((rule) => rule[1]);
  assert.ok(actions.includes('annotation'));
  assert.deepEqual(actions.filter((action) => action?.log), []);
});

test('the README names the languages that viewers see without colours', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const [, named] = /Viewers see these languages without colours[^:]*:([^.]*)\./s.exec(readme);
  const plain = LANGUAGES.filter(
    ({ id, reader }) => id !== 'plaintext' && (!reader || verdicts.plain.reader.includes(reader)),
  );
  assert.deepEqual(
    named.split(',').map((name) => name.trim().replaceAll('\n', ' ')),
    plain.map(({ label }) => label),
  );
});
