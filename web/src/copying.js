// Copying from a reader. A browser selects and copies what is drawn, which is a part of a long
// text: what is copied is taken from the text itself, and a selection of all that is drawn, as a
// phone's "Select all" makes it, is a selection of all.

import { ViewPlugin } from '@codemirror/view';

/** @typedef {import('@codemirror/view').EditorView} EditorView */

/**
 * The part of the text that the browser has selected.
 * @param {EditorView} view
 */
function selectedByBrowser(view) {
  const { contentDOM, viewport, state } = view;
  const selection = document.getSelection();
  if (!selection || selection.isCollapsed || selection.rangeCount === 0) return undefined;
  const range = selection.getRangeAt(0);
  if (!range.intersectsNode(contentDOM)) return undefined;
  const place = (/** @type {Node} */ node, /** @type {number} */ offset, /** @type {number} */ out) =>
    contentDOM.contains(node) ? view.posAtDOM(node, offset) : out;
  const from = place(range.startContainer, range.startOffset, viewport.from);
  const to = place(range.endContainer, range.endOffset, viewport.to);
  const all = from <= viewport.from && to >= viewport.to;
  return all ? { from: 0, to: state.doc.length } : { from, to };
}

/** @param {EditorView} view @param {ClipboardEvent} event */
function copy(view, event) {
  const { state } = view;
  const chosen = state.selection.ranges.filter(({ empty }) => !empty);
  const part = selectedByBrowser(view);
  if (!part || !event.clipboardData) return;
  const ranges = chosen.length > 0 && view.hasFocus ? chosen : [part];
  const text = ranges.map(({ from, to }) => state.sliceDoc(from, to)).join('\n');
  event.clipboardData.setData('text/plain', text);
  event.preventDefault();
}

/** The selection may begin above the text, and belong to no element of the view. */
export const copying = ViewPlugin.define((view) => {
  const copied = (/** @type {ClipboardEvent} */ event) => copy(view, event);
  document.addEventListener('copy', copied, true);
  return { destroy: () => document.removeEventListener('copy', copied, true) };
});
