// The colours of a grammar, as CodeMirror draws them, of which a screen has a bound: each is an
// element, and a hostile text has one at each character.

import { syntaxTree } from '@codemirror/language';
import { Prec, RangeSetBuilder } from '@codemirror/state';
import { Decoration, ViewPlugin } from '@codemirror/view';
import { highlightTree } from '@lezer/highlight';

/** Several times what a large screen full of code has. What comes after them is without colours. */
export const MAX_PAINTED = 4_000;

/** @type {Map<string, Decoration>} */
const marks = new Map();

/** @param {string} name  of a class */
function markOf(name) {
  const mark = marks.get(name) ?? Decoration.mark({ class: name });
  marks.set(name, mark);
  return mark;
}

/**
 * What is coloured in the ranges, in order.
 * @param {ReturnType<typeof syntaxTree>} tree @param {import('@lezer/highlight').Highlighter} style
 * @param {readonly { from: number, to: number }[]} ranges
 */
export function paintedIn(tree, style, ranges) {
  /** @type {RangeSetBuilder<Decoration>} */
  const builder = new RangeSetBuilder();
  let painted = 0;
  for (const { from, to } of ranges) {
    const paint = (/** @type {number} */ one, /** @type {number} */ two, /** @type {string} */ name) => {
      if (painted++ < MAX_PAINTED) builder.add(one, two, markOf(name));
    };
    if (painted < MAX_PAINTED) highlightTree(tree, style, paint, from, to);
  }
  return builder.finish();
}

class Painting {
  #tree;
  #paintedTo = 0;
  decorations = Decoration.none;

  /** @param {import('@codemirror/view').EditorView} view @param {import('@lezer/highlight').Highlighter} style */
  constructor(view, style) {
    this.style = style;
    this.#tree = syntaxTree(view.state);
    this.#paint(view);
  }

  /** @param {import('@codemirror/view').EditorView} view */
  #paint({ state, visibleRanges, viewport }) {
    this.#tree = syntaxTree(state);
    this.decorations = paintedIn(this.#tree, this.style, visibleRanges);
    this.#paintedTo = viewport.to;
  }

  /** @param {import('@codemirror/view').ViewUpdate} update */
  update({ view, state, changes, viewportChanged }) {
    const tree = syntaxTree(state);
    const { to } = view.viewport;
    const paintedTo = changes.mapPos(this.#paintedTo, 1);
    // Until the grammar has read what has changed, what was painted moves with the text.
    if (tree.length < to && tree.type === this.#tree.type && paintedTo >= to) {
      this.decorations = this.decorations.map(changes);
      this.#paintedTo = paintedTo;
    } else if (tree !== this.#tree || viewportChanged) this.#paint(view);
  }
}

/** @param {import('@lezer/highlight').Highlighter} style */
export const painting = (style) =>
  Prec.high(
    ViewPlugin.define((view) => new Painting(view, style), {
      decorations: ({ decorations }) => decorations,
    }),
  );
