// Monaco's grammars as the editor gets them: mended where an expression of theirs could hold the page,
// and none at all where that was not done. grammars/verdicts.json says which those are.

import * as monaco from 'monaco-editor/editor';
import { plain } from '../grammars/verdicts.json';
import { DEFINITIONS } from './definitions.js';
import { LANGUAGES } from './languages.js';
import { mended } from './mends.js';

/** @type {Map<string, Promise<any>>} */
const definitions = new Map();

/** The definition of a language; one that did not arrive is asked for again. @param {string} id */
function definitionOf(id) {
  const known = definitions.get(id);
  if (known) return known;
  const coming = DEFINITIONS[id]();
  definitions.set(id, coming);
  coming.catch(() => definitions.delete(id));
  return coming;
}

/** Monaco asks for each language once, also for one inside another; these it did not get. */
const lacking = new Set();

for (const { id, label } of LANGUAGES) {
  if (!DEFINITIONS[id]) continue;
  const lacks = () => {
    lacking.add(id);
    return null;
  };
  monaco.languages.register({ id, aliases: [label] });
  monaco.languages.onLanguageEncountered(id, () => configure(id).catch(lacks));
  if (hasColours(id))
    monaco.languages.registerTokensProviderFactory(id, { create: () => grammarOf(id).catch(lacks) });
}

/**
 * Has Monaco colour a language that it did not get. Fails if that cannot be loaded now.
 * @param {string} id
 */
export async function loadLanguage(id) {
  if (!DEFINITIONS[id]) return;
  await definitionOf(id);
  if (!lacking.delete(id)) return;
  await configure(id);
  if (hasColours(id)) monaco.languages.setMonarchTokensProvider(id, await grammarOf(id));
}

/** @param {string} id */
function hasColours(id) {
  return !(/** @type {string[]} */ (plain.editor).includes(id));
}

/** @param {string} id */
async function configure(id) {
  monaco.languages.setLanguageConfiguration(id, (await definitionOf(id)).conf);
}

/** @param {string} id */
async function grammarOf(id) {
  return mended(id, (await definitionOf(id)).language);
}
