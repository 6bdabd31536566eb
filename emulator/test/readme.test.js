// The READMEs: their links lead somewhere, and the tables name tests that exist and switches that exist.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';

import { readSettings } from '../cli.js';
import { SERVE } from '../commands/serve.js';
import { serviceOptions } from '../commands/service.js';
import { KNOBS, readOptions } from '../webpubsub/options.js';
import { test } from './test.js';

const PAGES = ['../README.md', '../functions-host/README.md'];
const [readme, hostReadme] = PAGES.map((page) => readFileSync(new URL(page, import.meta.url), 'utf8'));

const ROOT = new URL('..', import.meta.url).href;

/** The cells of every table row below a heading. */
function rows(heading, page = readme) {
  const section = page.split(`${heading}\n`)[1].split(/\n##/)[0];
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  return lines.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

for (const [heading, page] of [['## Fidelity', readme], ['## Behaviour', hostReadme]]) {
  test(`${heading}: every test that is named exists`, () => {
    const named = rows(heading, page).map((cells) => cells.at(-1));
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
  for (const cells of rows('## Unknown')) {
    const [named] = /--[a-z-]+/.exec(cells[1]) ?? [];
    assert.ok(flags.includes(named), cells[1]);
  }
});

test('every command that serves can be given as it stands', () => {
  const commands = [...readme.matchAll(/^(?:\$ )?npx webpubsub-socketio-emulator (--.*?)(?: &)?$/gm)];
  assert.ok(commands.length >= 3);
  for (const [, args] of commands) readOptions(serviceOptions(readSettings(SERVE, args.split(' '), {}), process.stdout));
});

test('every relative link leads to a file', () => {
  for (const page of PAGES) {
    const here = new URL(page, import.meta.url);
    const links = [...readFileSync(here, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g)];
    assert.ok(links.length > 0);
    // The package's folder may stand alone; what is above it is then another page's business.
    const inside = links.map(([, link]) => new URL(link, here)).filter(({ href }) => href.startsWith(ROOT));
    for (const url of inside) assert.ok(existsSync(url), url.pathname);
  }
});
