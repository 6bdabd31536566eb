import test from 'node:test';
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { LANGUAGES, languageOf, languageOfFile } from '../src/languages.js';

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

test('every language of the menu has its grammar in the page', async () => {
  const source = await readFile(new URL('../src/grammars.js', import.meta.url), 'utf8');
  const known = new Set(['plaintext', 'json']);
  const folder = new URL(
    '../node_modules/monaco-editor/esm/vs/languages/definitions/',
    import.meta.url,
  );
  for (const name of await readdir(folder)) {
    if (!source.includes(`definitions/${name}/register`)) continue;
    const text = await readFile(new URL(`${name}/register.js`, folder), 'utf8');
    for (const [, id] of text.matchAll(/\bid: ["']([^"']+)["']/g)) known.add(id);
  }
  for (const { id } of LANGUAGES) assert.ok(known.has(id), id);
});
