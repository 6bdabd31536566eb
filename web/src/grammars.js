// Monaco's grammars as the editor gets them: mended where an expression of theirs could hold the page,
// and none at all where that was not done. grammars/verdicts.json says which those are.

import * as monaco from 'monaco-editor/editor';
import { plain } from '../grammars/verdicts.json';
import { DEFINITIONS } from './definitions.js';
import { LANGUAGES } from './languages.js';
import { mended } from './mends.js';

for (const { id, label } of LANGUAGES) {
  const load = DEFINITIONS[id];
  if (!load) continue;
  monaco.languages.register({ id, aliases: [label] });
  monaco.languages.onLanguageEncountered(id, async () =>
    monaco.languages.setLanguageConfiguration(id, (await load()).conf),
  );
  if (!(/** @type {string[]} */ (plain.editor).includes(id)))
    monaco.languages.registerTokensProviderFactory(id, {
      create: async () => mended(id, (await load()).language),
    });
}
