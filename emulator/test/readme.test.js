// The stand-ins' README: its fidelity table names tests that exist and switches that exist.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { KNOBS } from '../webpubsub/options.js';
import { test } from './test.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

/** The cells of every table row below a heading. */
function rows(heading) {
  const section = readme.split(`${heading}\n`)[1].split(/\n##/)[0];
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

for (const heading of ['### Fidelity', '## Functions host']) {
  test(`${heading}: every test that is named exists`, () => {
    const named = rows(heading).map((cells) => cells.at(-1));
    assert.ok(named.length > 5);
    for (const reference of named) {
      const [, file, title] = /^([\w-]+): (.+)$/.exec(reference) ?? [];
      const url = new URL(`${file}.test.js`, import.meta.url);
      assert.ok(file && existsSync(url), reference);
      const source = readFileSync(url, 'utf8').replaceAll("\\'", "'");
      assert.ok(source.includes(title), `'${title}' is not in ${file}`);
    }
  });
}

test('every switch for what is unknown is named, and every named switch exists', () => {
  const flag = (name) => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const following = ['pingTimeoutMs', 'maxPayload', 'connectTimeoutMs']; // '… and following'
  for (const [name, { unknown }] of Object.entries(KNOBS)) {
    if (unknown && !following.includes(name)) assert.ok(readme.includes(flag(name)), flag(name));
  }
  const flags = Object.keys(KNOBS).map(flag);
  for (const cells of rows('### Unknown')) {
    const [named] = /--[a-z-]+/.exec(cells[1]) ?? [];
    assert.ok(flags.includes(named), cells[1]);
  }
});
