// Which of Monaco's colours a token has at viewers. The names are those of Monaco's tokens; style.css
// has their colours in each theme.

import { HighlightStyle } from '@codemirror/language';
import { tags } from '@lezer/highlight';

/** @typedef {[tags: import('@lezer/highlight').Tag[], name: string]} Rule */

/** @type {Rule[]} */
const GENERAL = [
  [[tags.comment], 'tok-comment'],
  [[tags.string, tags.special(tags.string), tags.character, tags.link, tags.url], 'tok-string'],
  [[tags.regexp, tags.escape], 'tok-regexp'],
  [[tags.number], 'tok-number'],
  [[tags.keyword, tags.bool, tags.null, tags.self, tags.atom, tags.unit, tags.modifier], 'tok-keyword'],
  [[tags.controlKeyword], 'tok-keyword'],
  [[tags.typeName, tags.className, tags.namespace], 'tok-type'],
  [[tags.tagName], 'tok-tag'],
  [[tags.angleBracket], 'tok-delimiter'],
  [[tags.attributeName], 'tok-attribute'],
  [[tags.attributeValue], 'tok-value'],
  [[tags.meta, tags.annotation, tags.processingInstruction], 'tok-meta'],
  [[tags.heading], 'tok-keyword tok-strong'],
  [[tags.strong], 'tok-strong'],
  [[tags.emphasis], 'tok-emphasis'],
  [[tags.strikethrough], 'tok-struck'],
  [[tags.invalid], 'tok-invalid'],
];

/** @type {Rule[]} */
const OF_CSS = [
  [[tags.propertyName], 'tok-attribute'],
  [[tags.color, tags.atom], 'tok-value'],
  [[tags.unit], 'tok-number'],
  [[tags.className, tags.definitionKeyword], 'tok-tag'],
];

/** Where a language has its own. @type {Record<string, Rule[]>} */
const OF_LANGUAGE = {
  css: OF_CSS,
  less: OF_CSS,
  scss: OF_CSS,
  graphql: [
    [[tags.atom, tags.special(tags.name)], 'tok-type'],
    [[tags.propertyName, tags.attributeName], 'tok-key'],
    [[tags.modifier], 'tok-meta'],
  ],
  hcl: [
    [[tags.propertyName, tags.variableName], 'tok-variable'],
    [[tags.labelName], 'tok-string'],
  ],
  json: [
    [[tags.propertyName], 'tok-type'],
    [[tags.bool, tags.null], 'tok-value'],
  ],
  java: [
    [[tags.typeName], 'tok-plain'],
    [[tags.standard(tags.typeName)], 'tok-keyword'],
  ],
  python: [
    [[tags.className], 'tok-plain'],
    [[tags.meta], 'tok-tag'],
  ],
};

/** @type {Map<string, HighlightStyle>} */
const made = new Map();

/** @param {string} language  of languages.js */
export function styleOf(language) {
  const known = made.get(language);
  if (known) return known;
  // A later rule wins.
  const rules = [...GENERAL, ...(OF_LANGUAGE[language] ?? [])];
  const style = HighlightStyle.define(rules.map(([tag, name]) => ({ tag, class: name })));
  made.set(language, style);
  return style;
}
