// The reader's grammars: which of CodeMirror's colours a language, loaded when it is first shown.

import { languages } from '@codemirror/language-data';
import { languageOf } from './languages.js';

/**
 * @param {string} id  of languages.js
 * @returns {Promise<import('@codemirror/state').Extension>} nothing for plain text
 */
export async function loadGrammar(id) {
  const { reader } = languageOf(id);
  const found = reader && languages.find(({ name }) => name === reader);
  return found ? found.load() : [];
}
