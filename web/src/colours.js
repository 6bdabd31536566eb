// The colours of a reader, and the folding that comes with them. A grammar is loaded when its
// language is first shown.

import './shared.js';
import {
  HighlightStyle,
  StreamLanguage,
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  syntaxHighlighting,
} from '@codemirror/language';
import { Compartment } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { plain } from '../grammars/verdicts.json';
import { keepTrying } from './again.js';
import { bound } from './bound.js';
import { languageOf } from './languages.js';
import { breath } from './ticker.js';

/** The names are those of Monaco's tokens; style.css has their colours in each theme. */
const COLOURS = HighlightStyle.define(
  [
    { tag: [tags.comment], class: 'tok-comment' },
    { tag: [tags.string, tags.special(tags.string), tags.character], class: 'tok-string' },
    { tag: [tags.regexp, tags.escape], class: 'tok-regexp' },
    { tag: [tags.number], class: 'tok-number' },
    {
      tag: [tags.keyword, tags.bool, tags.null, tags.self, tags.atom, tags.unit, tags.modifier],
      class: 'tok-keyword',
    },
    { tag: [tags.controlKeyword], class: 'tok-keyword' },
    { tag: [tags.typeName, tags.className, tags.namespace], class: 'tok-type' },
    { tag: [tags.tagName, tags.angleBracket], class: 'tok-tag' },
    { tag: [tags.attributeName], class: 'tok-attribute' },
    { tag: [tags.attributeValue], class: 'tok-value' },
    { tag: [tags.definition(tags.propertyName)], class: 'tok-key' },
    { tag: [tags.meta, tags.annotation, tags.processingInstruction], class: 'tok-meta' },
    { tag: [tags.heading], class: 'tok-keyword tok-strong' },
    { tag: [tags.strong], class: 'tok-strong' },
    { tag: [tags.emphasis], class: 'tok-emphasis' },
    { tag: [tags.strikethrough], class: 'tok-struck' },
    { tag: [tags.link, tags.url], class: 'tok-string' },
    { tag: [tags.invalid], class: 'tok-invalid' },
  ],
);

export class Colours {
  #grammar = new Compartment();
  #painting = new Compartment();
  #wanted = 'plaintext';
  /** What takes the place of the empty column for folding. */
  extension = [
    codeFolding(),
    foldGutter(),
    bracketMatching(),
    this.#painting.of([]),
    keymap.of(foldKeymap),
    this.#grammar.of([]),
  ];

  /**
   * @param {import('@codemirror/view').EditorView} view
   * @param {(missing: boolean) => void} missing  told when a language's colours cannot be loaded,
   *   and when that is over
   */
  constructor(view, missing) {
    this.view = view;
    this.missing = missing;
  }

  /** @param {string} id */
  async setLanguage(id) {
    this.#wanted = id;
    // Meanwhile the writer may choose another.
    const wanted = () => this.#wanted === id;
    const missing = (/** @type {boolean} */ is) => {
      // The text is there all the same, without the colours of another language.
      if (is) this.view.dispatch({ effects: this.#grammar.reconfigure([]) });
      this.missing(is);
    };
    const grammar = await keepTrying(() => loadGrammar(id), { wanted, missing });
    if (!grammar) return;
    // Reading the text and drawing its colours are tasks of their own: together they are long on a
    // slow phone.
    for (const effect of [
      this.#painting.reconfigure([]),
      this.#grammar.reconfigure(grammar),
      this.#painting.reconfigure(syntaxHighlighting(COLOURS)),
    ]) {
      await breath();
      if (!wanted()) return;
      this.view.dispatch({ effects: effect });
    }
  }
}

/**
 * @param {string} id  of languages.js
 * @returns {Promise<import('@codemirror/state').Extension>} nothing for plain text
 */
async function loadGrammar(id) {
  const { reader } = languageOf(id);
  if (!reader || /** @type {string[]} */ (plain.reader).includes(reader)) return [];
  const { languages } = await import('@codemirror/language-data');
  const found = languages.find(({ name }) => name === reader);
  const support = await found?.load();
  if (support?.language instanceof StreamLanguage) bound(/** @type {any} */ (support.language).streamParser);
  return support ?? [];
}
