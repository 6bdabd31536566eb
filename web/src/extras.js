// What a reader gets after its text: colours, search, folding and the keys for them.

import './shared.js';
import {
  HighlightStyle,
  bracketMatching,
  codeFolding,
  foldGutter,
  foldKeymap,
  syntaxHighlighting,
} from '@codemirror/language';
import { standardKeymap } from '@codemirror/commands';
import { search, searchKeymap } from '@codemirror/search';
import { Compartment } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { loadGrammar } from './colours.js';

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

export class Extras {
  #language = new Compartment();
  #wanted = 'plaintext';

  /** @param {import('@codemirror/view').EditorView} view */
  constructor(view) {
    this.view = view;
    this.extension = [
      codeFolding(),
      foldGutter(),
      bracketMatching(),
      search({ top: true }),
      syntaxHighlighting(COLOURS),
      keymap.of([...searchKeymap, ...foldKeymap, ...standardKeymap]),
      this.#language.of([]),
    ];
  }

  /** @param {string} id */
  async setLanguage(id) {
    this.#wanted = id;
    const grammar = await loadGrammar(id).catch(() => []);
    // Meanwhile the writer may have chosen another.
    if (this.#wanted !== id) return;
    this.view.dispatch({ effects: this.#language.reconfigure(grammar) });
  }
}
