// The pages of the repository, and the commands in them.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './handler.js';

/** What is not ours, or is made. */
const OTHERS = ['node_modules', 'build', 'dist', '.git'];

function pagesIn(folder) {
  return readdirSync(path.join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(folder, entry.name);
    if (entry.isDirectory()) return OTHERS.includes(entry.name) ? [] : pagesIn(name);
    return name.endsWith('.md') ? [name] : [];
  });
}

export const PAGES = pagesIn('');

export const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');

const FENCED = /^ *```(\w*)\n([\s\S]*?)^ *```$/gm;

/** A page without its blocks of code. */
export const unfenced = (page) => read(page).replace(FENCED, '');

/** What follows in a line of code: a comment, or, in columns, what the command is for. */
const SAID_OF_IT = /(?:\s#| {3,}).*$/;

/** What a reader may type: lines of blocks without a language or in sh, indented lines, and code within sentences. */
export function commandsOf(page) {
  const blocks = [...read(page).matchAll(FENCED)].filter(([, language]) => ['', 'sh'].includes(language));
  const indented = unfenced(page).match(/^ {4}\S.*$/gm) ?? [];
  const lines = [...blocks.flatMap(([, , code]) => code.replaceAll('\\\n', ' ').split('\n')), ...indented];
  return [...lines.map((line) => line.trim().replace(SAID_OF_IT, '')), ...inlineOf(page)];
}

/** Code within sentences, which may be broken over lines. */
export const inlineOf = (page) =>
  [...unfenced(page).matchAll(/`([^`]+)`/g)].map(([, code]) => code.replaceAll(/\s+/g, ' ').trim());
