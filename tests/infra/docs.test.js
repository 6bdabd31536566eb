// The docs: every link leads somewhere, every anchor is a heading, and the README stays short.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from '../lib/test.js';
import { PAGES, read, unfenced } from '../lib/docs.js';
import { ROOT } from '../lib/handler.js';

const MOST_LINES = 200;

/** Without what stands in code, where brackets mean something else. */
const proseOf = (page) => unfenced(page).replace(/`[^`\n]*`/g, '');

/** The anchors of a page, as GitHub makes them of its headings. */
function anchorsOf(page) {
  const text = unfenced(page);
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading.toLowerCase().replace(/[^\p{L}\p{N}_\- ]/gu, '').replaceAll(' ', '-'));
}

/** Links, and pictures in elements of HTML. */
const linksOf = (page) => [...proseOf(page).matchAll(/\]\(([^()\s]+)\)|\b(?:src|srcset|href)="([^"\s]+)"/g)]
  .map(([, link, source]) => link ?? source);

/** What is wrong with a link, or undefined. */
function faultOf(page, link) {
  if (/^https?:\/\//.test(link)) return undefined;
  const [file, anchor] = link.split('#');
  const target = file === '' ? page : path.join(path.dirname(page), file);
  if (!existsSync(path.join(ROOT, target))) return 'is not there';
  if (!anchor) return undefined;
  return anchorsOf(target).includes(anchor) ? undefined : 'names no heading';
}

test('every link of every page leads to a file that is there, and every anchor to a heading', () => {
  assert.ok(PAGES.length >= 15, PAGES.join());
  const faults = PAGES.flatMap((page) => linksOf(page).flatMap((link) => {
    const fault = faultOf(page, link);
    return fault ? [`${page}: ${link} ${fault}`] : [];
  }));
  assert.deepEqual(faults, []);
});

test('each page of docs/ can be reached from the README', () => {
  const reached = linksOf('README.md').map((link) => link.split('#')[0]);
  const pages = PAGES.filter((page) => page.startsWith('docs/'));
  assert.deepEqual(pages.filter((page) => !reached.includes(page)), []);
});

test('each page of docs/ lists its parts before the first of them', () => {
  // The last bench is a page that make bench writes.
  for (const page of PAGES.filter((one) => one.startsWith('docs/') && one !== 'docs/bench.md')) {
    const text = unfenced(page);
    const parts = [...text.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    assert.ok(parts.length >= 2, `${page} has no parts`);
    const before = text.slice(0, text.search(/^## /m));
    assert.deepEqual([...before.matchAll(/^- \[(.*)\]\(#/gm)].map(([, part]) => part), parts, page);
  }
});

test('the README is read in one go', () => {
  const lines = read('README.md').split('\n').length;
  assert.ok(lines <= MOST_LINES, `${lines} lines`);
});

test("the table of the page's files names each of them, and nothing that is not there", () => {
  const table = read('web/README.md');
  const named = [...table.matchAll(/`src\/([\w.-]+)`/g)].map(([, name]) => name);
  const there = readdirSync(path.join(ROOT, 'web/src')).filter((name) => /(?<!\.d)\.js$/.test(name));
  assert.deepEqual(there.filter((name) => !named.includes(name)), []);
  assert.deepEqual(named.filter((name) => !existsSync(path.join(ROOT, 'web/src', name))), []);
});
