// Colours that do not come from a grammar: those of brackets, by how deep they are nested, and those
// of names with a capital where the writer's editor takes these for types.

import { syntaxTree } from '@codemirror/language';
import { Decoration } from '@codemirror/view';
import { highlightTree, tagHighlighter, tags } from '@lezer/highlight';
import { TURNS, bracketsIn } from './brackets.js';
import { InSight, drawnInSight, nearest, sightOf } from './sight.js';

/** So much text before the screen is looked at. What is open for longer may have another turn. */
const BEFORE = 10_000;
/** Lines of which a screen shows more than that are left as the grammar has them. */
const MAX_LOOKED = 40_000;
/** So many are coloured on a screen: each is an element, and a hostile line is nothing else. */
export const MAX_SHADES = 1_500;

const WORDS = /[a-z_$][\w$]*/gi;
/** In these the writer's editor colours no brackets. */
const WITHOUT_BRACKETS = ['handlebars', 'html', 'liquid', 'razor', 'twig', 'xml'];
const WITH_TYPES = ['javascript', 'typescript', 'typespec'];

/** What is no code. */
const OTHER = tagHighlighter(
  [tags.comment, tags.string, tags.regexp, tags.escape, tags.attributeValue, tags.character].map((tag) => ({
    tag,
    class: 'other',
  })),
);

const BRACKET = Array.from({ length: TURNS }, (_, i) => Decoration.mark({ class: `bracket-${i + 1}` }));
const TYPE = Decoration.mark({ class: 'tok-type' });

/**
 * What is coloured between two places, in order.
 * @param {import('@codemirror/state').EditorState} state @param {string} language
 * @param {number} from @param {number} to
 */
export function shadesIn(state, language, from, to) {
  const start = state.doc.lineAt(Math.max(0, from - BEFORE)).from;
  if (to - start > MAX_LOOKED) return [];
  const text = state.sliceDoc(start, to);
  /** @type {{ from: number, to: number }[]} */
  const other = [];
  const note = (/** @type {number} */ one, /** @type {number} */ two) => other.push({ from: one - start, to: two - start });
  highlightTree(syntaxTree(state), OTHER, note, start, to);
  const shades = WITHOUT_BRACKETS.includes(language)
    ? []
    : bracketsIn(text, other, start > 0).map(({ at, depth }) => BRACKET[depth % TURNS].range(start + at, start + at + 1));
  if (WITH_TYPES.includes(language))
    for (const { at, length } of typesIn(text, other)) shades.push(TYPE.range(start + at, start + at + length));
  return shades.filter((shade) => shade.from >= from).sort((one, two) => one.from - two.from);
}

/**
 * The names with a capital.
 * @param {string} text @param {{ from: number, to: number }[]} skipped  in order
 */
function* typesIn(text, skipped) {
  let next = 0;
  for (const { 0: word, index: at = 0 } of text.matchAll(WORDS)) {
    while (next < skipped.length && skipped[next].to <= at) next++;
    if (/^[A-Z]/.test(word) && !(next < skipped.length && skipped[next].from <= at)) yield { at, length: word.length };
  }
}

class Shading extends InSight {
  /** @param {import('@codemirror/view').EditorView} view @param {string} language */
  constructor(view, language) {
    super(view);
    this.language = language;
    this.#draw();
  }

  #draw() {
    const { view, language } = this;
    const { state, visibleRanges } = view;
    const last = visibleRanges.at(-1);
    const shades = last ? shadesIn(state, language, visibleRanges[0].from, last.to) : [];
    const { chosen, whole } = nearest(shades, MAX_SHADES, () => sightOf(view));
    this.decorations = Decoration.set(chosen);
    this.whole = whole;
  }

  /** @param {import('@codemirror/view').ViewUpdate} update */
  update(update) {
    const { docChanged, viewportChanged, startState, state } = update;
    if (docChanged || viewportChanged || syntaxTree(startState) !== syntaxTree(state) || this.isShort(update))
      this.#draw();
  }
}

/** @param {string} language  of languages.js */
export const shades = (language) => drawnInSight((view) => new Shading(view, language));
