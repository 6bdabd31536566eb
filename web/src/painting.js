// The colours of a grammar, as CodeMirror draws them, of which a screen has a bound: each is an
// element, and a hostile text has one at each character.

import { syntaxTree } from '@codemirror/language';
import { Prec } from '@codemirror/state';
import { Decoration } from '@codemirror/view';
import { highlightTree } from '@lezer/highlight';
import { InSight, drawnInSight, nearest, sightOf } from './sight.js';

/** @typedef {import('./sight.js').Range} Range */

/** Several times what a large screen full of code has. Others have no colours until they are in sight. */
export const MAX_PAINTED = 2_500;

/** @type {Map<string, Decoration>} */
const marks = new Map();

/** @param {string} name  of a class */
function markOf(name) {
  const mark = marks.get(name) ?? Decoration.mark({ class: name });
  marks.set(name, mark);
  return mark;
}

/**
 * The parts of the ranges that have a colour, in order.
 * @param {ReturnType<typeof syntaxTree>} tree @param {import('@lezer/highlight').Highlighter} style
 * @param {readonly Range[]} ranges
 */
function colouredIn(tree, style, ranges) {
  /** @type {(Range & { name: string })[]} */
  const coloured = [];
  const note = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ name) =>
    coloured.push({ from, to, name });
  for (const { from, to } of ranges) highlightTree(tree, style, note, from, to);
  return coloured;
}

/**
 * @param {Parameters<typeof colouredIn>} what
 * @param {Parameters<typeof nearest>[2]} sight
 */
export function paintedIn([tree, style, ranges], sight) {
  const { chosen, whole } = nearest(colouredIn(tree, style, ranges), MAX_PAINTED, sight);
  return { decorations: Decoration.set(chosen.map(({ from, to, name }) => markOf(name).range(from, to))), whole };
}

class Painting extends InSight {
  #tree;
  #paintedTo = 0;

  /** @param {import('@codemirror/view').EditorView} view @param {import('@lezer/highlight').Highlighter} style */
  constructor(view, style) {
    super(view);
    this.style = style;
    this.#tree = syntaxTree(view.state);
    this.#paint();
  }

  #paint() {
    const { view, style } = this;
    this.#tree = syntaxTree(view.state);
    this.#paintedTo = view.viewport.to;
    const { decorations, whole } = paintedIn([this.#tree, style, view.visibleRanges], () => sightOf(view));
    this.decorations = decorations;
    this.whole = whole;
  }

  /** @param {import('@codemirror/view').ViewUpdate} update */
  update(update) {
    const { view, state, changes, viewportChanged } = update;
    const tree = syntaxTree(state);
    const { to } = view.viewport;
    const paintedTo = changes.mapPos(this.#paintedTo, 1);
    const isShort = this.isShort(update);
    // Until the grammar has read what has changed, what was painted moves with the text.
    if (tree.length < to && tree.type === this.#tree.type && paintedTo >= to && !isShort) {
      this.decorations = this.decorations.map(changes);
      this.#paintedTo = paintedTo;
      this.whole = this.whole?.map(({ from, to }) => ({ from: changes.mapPos(from, -1), to: changes.mapPos(to, 1) }));
    } else if (tree !== this.#tree || viewportChanged || isShort) this.#paint();
  }
}

/** @param {import('@lezer/highlight').Highlighter} style */
export const painting = (style) =>
  Prec.high(drawnInSight((view) => new Painting(view, style)));
