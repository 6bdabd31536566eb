// The languages that viewers see in colours: those of CodeMirror's own list, and those of packages
// that others keep.

import { LanguageDescription, LanguageSupport } from '@codemirror/language';
import { languages } from '@codemirror/language-data';

export const READERS = [
  ...languages,
  LanguageDescription.of({
    name: 'Elixir',
    load: () => import('codemirror-lang-elixir').then((m) => new LanguageSupport(m.elixirLanguage)),
  }),
  LanguageDescription.of({
    name: 'GraphQL',
    load: () => import('cm6-graphql').then((m) => new LanguageSupport(m.graphqlLanguage)),
  }),
  LanguageDescription.of({
    name: 'HCL',
    load: () => import('codemirror-lang-hcl').then((m) => new LanguageSupport(m.hclLanguage)),
  }),
];
