// What is drawn over and under the text of a reader: the writer's cursors, selections and line, and
// a sign where a line is too costly to be drawn whole.

import { EditorSelection, RangeSetBuilder, StateEffect, StateField } from '@codemirror/state';
import {
  Decoration,
  EditorView,
  RectangleMarker,
  ViewPlugin,
  WidgetType,
  layer,
} from '@codemirror/view';
import { cutOf } from './drawn.js';

/** @typedef {import('./protocol.js').View['selections']} Selections */

/** @type {import('@codemirror/state').StateEffectType<Selections>} */
export const setWriter = StateEffect.define();

/** @type {StateField<EditorSelection | undefined>} */
const writer = StateField.define({
  create: () => /** @type {EditorSelection | undefined} */ (undefined),
  update(value, { effects, changes, newDoc }) {
    for (const effect of effects) if (effect.is(setWriter)) return within(effect.value, newDoc.length);
    return value?.map(changes);
  },
});

/** @param {Selections} selections @param {number} length */
function within(selections, length) {
  const ranges = selections
    .filter((selection) => Math.max(...selection) <= length)
    .map(([anchor, head]) => EditorSelection.range(anchor, head));
  return ranges.length > 0 ? EditorSelection.create(ranges) : undefined;
}

/** @param {import('@codemirror/view').ViewUpdate} update */
const moved = ({ startState, state, docChanged, geometryChanged, viewportChanged }) =>
  docChanged ||
  geometryChanged ||
  viewportChanged ||
  startState.field(writer) !== state.field(writer);

const carets = layer({
  above: true,
  class: 'writer-carets',
  update: moved,
  markers: (view) =>
    (view.state.field(writer)?.ranges ?? []).flatMap(({ head }) =>
      RectangleMarker.forRange(view, 'writer-caret', EditorSelection.cursor(head)),
    ),
});

/** All outlines lie below all areas: what is seen of them is the outline of the whole. */
const selections = layer({
  above: false,
  class: 'writer-selections',
  update: moved,
  markers(view) {
    const chosen = (view.state.field(writer)?.ranges ?? []).filter(({ empty }) => !empty);
    return ['writer-outline', 'writer-selection'].flatMap((name) =>
      chosen.flatMap((range) => RectangleMarker.forRange(view, name, range)),
    );
  },
});

const line = EditorView.decorations.compute([writer], (state) => {
  const head = state.field(writer)?.main.head;
  if (head === undefined) return Decoration.none;
  const mark = Decoration.line({ class: 'writer-line' });
  return Decoration.set(mark.range(state.doc.lineAt(head).from));
});

export const writerMarks = [writer, line, selections, carets];

class Rest extends WidgetType {
  eq() {
    return true;
  }

  toDOM() {
    const sign = document.createElement('span');
    sign.className = 'rest';
    sign.textContent = '…';
    sign.title = 'The rest of this line is not drawn. It is copied and downloaded with the text.';
    return sign;
  }
}
const REST = Decoration.replace({ widget: new Rest() });

/** @param {EditorView} view */
function cuts({ state: { doc }, visibleRanges }) {
  const builder = new RangeSetBuilder();
  let last = -1;
  for (const { from, to } of visibleRanges)
    for (let at = from; at <= to; ) {
      const { from: start, to: end, text } = doc.lineAt(at);
      const cut = start > last ? cutOf(text) : undefined;
      if (cut !== undefined) builder.add(start + cut, end, REST);
      last = start;
      at = end + 1;
    }
  return /** @type {import('@codemirror/view').DecorationSet} */ (builder.finish());
}

export const bounded = ViewPlugin.fromClass(
  class {
    /** @param {EditorView} view */
    constructor(view) {
      this.decorations = cuts(view);
    }

    /** @param {import('@codemirror/view').ViewUpdate} update */
    update(update) {
      if (update.docChanged || update.viewportChanged) this.decorations = cuts(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
