// SECURITY.md names for each guard the file that is responsible and the test that would notice:
// they exist, word for word.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const page = read('SECURITY.md').replace(/\s*\n\s*(?=[^\s|#*-])/g, ' ');

const FILE = /`((?:src|tests|web|infra|packaging|eventhandler)\/[\w./-]+)`/g;
/** A file of tests, and the sentences or names that are quoted of it. */
const QUOTES = /`((?:tests|web\/test|packaging\/test)\/[\w./-]+)`((?:,? (?:"[^"]+"|`\w+`))*)/g;

/** As a sentence stands in the source: quotes of the source's own kind are escaped there. */
const flat = (text) => text.replaceAll('\\', '').replace(/\s+/g, ' ');

test('every file that SECURITY.md names is there', () => {
  const files = [...page.matchAll(FILE)].map(([, file]) => file);
  assert.ok(files.length > 60, `${files.length}`);
  for (const file of files) assert.ok(existsSync(path.join(ROOT, file)), file);
});

test('every test that SECURITY.md quotes is there', () => {
  let count = 0;
  for (const [, file, quotes] of page.matchAll(QUOTES)) {
    const source = flat(read(file));
    for (const [, sentence, name] of quotes.matchAll(/"([^"]+)"|`(\w+)`/g)) {
      assert.ok(source.includes(flat(sentence ?? `(${name})`)), `${file}: ${sentence ?? name}`);
      count += 1;
    }
  }
  assert.ok(count > 30, `${count}`);
});
