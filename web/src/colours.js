// The colours of a reader, and the folding that comes with them. A grammar is loaded when its
// language is first shown.

import './shared.js';
import {
  StreamLanguage,
  bracketMatching,
  codeFolding,
  ensureSyntaxTree,
  foldGutter,
  foldKeymap,
  language,
} from '@codemirror/language';
import { Compartment } from '@codemirror/state';
import { keymap } from '@codemirror/view';
import { plain } from '../grammars/verdicts.json';
import { keepTrying } from './again.js';
import { bound, boundMarkdown } from './bound.js';
import { languageOf } from './languages.js';
import { painting } from './painting.js';
import { shades } from './shades.js';
import { breath } from './ticker.js';
import { styleOf } from './tokens.js';

/** A screen is read in slices of so many ms; what takes more of them is read while nothing else is to do. */
const SLICE_MS = 10;
const MAX_SLICES = 30;
/** Plain text has no grammar. @type {import('@codemirror/state').Extension} */
const NONE = [];

export class Colours {
  #grammar = new Compartment();
  #painting = new Compartment();
  #shading = new Compartment();
  #wanted = 'plaintext';
  /** What takes the place of the empty column for folding. */
  extension = [
    codeFolding(),
    foldGutter(),
    bracketMatching(),
    this.#painting.of([]),
    this.#shading.of([]),
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
    const has = grammar !== NONE;
    // Each is a task of its own: together they are long on a slow phone.
    for (const effects of [
      [this.#painting.reconfigure([]), this.#shading.reconfigure([])],
      this.#grammar.reconfigure(grammar),
      this.#painting.reconfigure(has ? painting(styleOf(id)) : []),
      this.#shading.reconfigure(has ? shades(id) : []),
    ]) {
      await this.#readScreen(wanted);
      await breath();
      if (!wanted()) return;
      this.view.dispatch({ effects });
    }
  }

  /**
   * Has the grammar read what is on the screen, in slices.
   * @param {() => boolean} wanted
   */
  async #readScreen(wanted) {
    for (let slice = 0; slice < MAX_SLICES && wanted(); slice++) {
      const { state, viewport } = this.view;
      if (!state.facet(language) || ensureSyntaxTree(state, viewport.to, SLICE_MS)) return;
      await breath();
    }
  }
}

/**
 * @param {string} id  of languages.js
 * @returns {Promise<import('@codemirror/state').Extension>} nothing for plain text
 */
async function loadGrammar(id) {
  const { reader } = languageOf(id);
  if (!reader || /** @type {string[]} */ (plain.reader).includes(reader)) return NONE;
  const { READERS } = await import('./readers.js');
  const found = READERS.find(({ name }) => name === reader);
  const support = await found?.load();
  if (support?.language instanceof StreamLanguage) bound(/** @type {any} */ (support.language).streamParser);
  if (support && reader === 'Markdown') boundMarkdown(/** @type {any} */ (support.language));
  return support ?? NONE;
}
