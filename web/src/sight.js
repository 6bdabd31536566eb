// The part of a text that is on the screen: a reader draws some screens' worth around it, and of a long
// line more than is as wide. Where the number of elements has a bound, those on the screen come first.

import { StateEffect } from '@codemirror/state';
import { Decoration, ViewPlugin } from '@codemirror/view';

/**
 * @typedef {{ from: number, to: number }} Range
 * @typedef {Pick<import('@codemirror/view').EditorView, 'scrollDOM' | 'documentPadding' | 'viewportLineBlocks' |
 *   'lineWrapping' | 'defaultCharacterWidth'> & { state: { tabSize: number,
 *   sliceDoc: (from: number, to: number) => string } }} Seen
 */

/** A reader draws twice as much around the screen, half of it on either side. In pixels. */
const AROUND = 250;

/** Without tabs, and without marks on letters. */
const EVEN = /^[\x20-\u02ff]*$/;
const MARK = /\p{M}/u;

/** Somebody has scrolled to what has not all that belongs to it, because of a bound. */
const cameInSight = StateEffect.define();

/** @param {import('@codemirror/view').ViewUpdate} update */
const hasComeInSight = ({ transactions }) =>
  transactions.some(({ effects }) => effects.some((effect) => effect.is(cameInSight)));

/**
 * The place in a line at which a column begins: a tab has several, a mark on a letter none.
 * @param {string} line @param {number} column @param {number} tabSize
 */
export function placeAt(line, column, tabSize) {
  if (EVEN.test(line)) return Math.min(line.length, column);
  let at = 0;
  for (let passed = 0; at < line.length; at++) {
    const unit = line[at];
    if (unit === '\t') passed += tabSize - (passed % tabSize);
    else if (unit <= '\u02ff' || !MARK.test(unit)) passed++;
    if (passed > column) break;
  }
  return at;
}

/**
 * The parts of lines that are on the screen, in order. Where in a long line that is, is told by
 * columns, or in which part of its rows.
 * @param {Seen} view @param {number} [around] so many pixels on each side, too @returns {Range[]}
 */
export function seenIn(view, around = 0) {
  const { scrollDOM, documentPadding, viewportLineBlocks, lineWrapping, defaultCharacterWidth, state } = view;
  const { scrollTop, scrollLeft, clientWidth, clientHeight } = scrollDOM;
  const above = scrollTop - documentPadding.top - around;
  const below = above + clientHeight + 2 * around;
  const last = (scrollLeft + clientWidth + around) / defaultCharacterWidth;
  // Before it there may be letters that are twice as wide: then what is around is what is seen.
  const first = (scrollLeft - around) / defaultCharacterWidth / (around > 0 ? 2 : 1);
  return viewportLineBlocks
    .filter(({ top, bottom }) => bottom > above && top < below)
    .map(({ from, to, top, bottom }) => {
      const placeOfRow = (/** @type {number} */ y) => ((y - top) / (bottom - top)) * (to - from);
      const line = lineWrapping ? '' : state.sliceDoc(from, to);
      const placeOfColumn = (/** @type {number} */ column) => placeAt(line, column, state.tabSize);
      const [start, end] = lineWrapping
        ? [above, below].map(placeOfRow)
        : [Math.floor(first), Math.ceil(last)].map(placeOfColumn);
      return { from: Math.min(to, from + Math.max(0, Math.floor(start))), to: Math.min(to, from + Math.ceil(end)) };
    });
}

/**
 * As many as there may be: those that are seen, then those around them, then the others.
 * @template {Range} T
 * @param {T[]} items  in order @param {number} most
 * @param {() => { seen: Range[], near: Range[] }} sight
 * @returns {{ chosen: T[], whole: Range[] | undefined }} whole: of what nothing is missing, or only what
 *   one screen may not have, if anything is
 */
export function nearest(items, most, sight) {
  if (items.length <= most) return { chosen: items, whole: undefined };
  const { seen, near } = sight();
  const [isSeen, isNear] = [seen, near].map(within);
  const ranks = items.map((item) => (isSeen(item) ? 0 : isNear(item) ? 1 : 2));
  const counts = [0, 0, 0];
  for (const rank of ranks) counts[rank]++;
  const room = [most, most - counts[0], most - counts[0] - counts[1]];
  const chosen = items.filter((_, i) => room[ranks[i]]-- > 0);
  return { chosen, whole: counts[0] + counts[1] > most ? seen : near };
}

/** Whether an item begins in one of the parts. Items and parts come in order. @param {Range[]} parts */
function within(parts) {
  let next = 0;
  return (/** @type {Range} */ { from }) => {
    while (next < parts.length && parts[next].to <= from) next++;
    return next < parts.length && parts[next].from <= from;
  };
}

/** @param {Seen} view */
export const sightOf = (view) => ({ seen: seenIn(view), near: seenIn(view, AROUND) });

/** Something is missing on the screen. @param {Seen} view @param {Range[] | undefined} whole */
export function isMissing(view, whole) {
  if (!whole) return false;
  return seenIn(view).some(({ from, to }) => !whole.some((part) => part.from <= from && to <= part.to));
}

/** Elements that are drawn anew when some are missing on a screen that was scrolled or has become larger. */
export class InSight {
  decorations = Decoration.none;
  /** What has all that belongs to it, if anything has not. @type {Range[] | undefined} */
  whole;

  /** @param {import('@codemirror/view').EditorView} view */
  constructor(view) {
    this.view = view;
  }

  /** The screen shows what has not all that belongs to it. @param {import('@codemirror/view').ViewUpdate} update */
  isShort(update) {
    const { view, docChanged, geometryChanged } = update;
    return hasComeInSight(update) || (geometryChanged && !docChanged && isMissing(view, this.whole));
  }

  scrolled() {
    if (isMissing(this.view, this.whole)) this.view.dispatch({ effects: cameInSight.of(null) });
  }
}

/** @param {(view: import('@codemirror/view').EditorView) => InSight & import('@codemirror/view').PluginValue} make */
export const drawnInSight = (make) =>
  ViewPlugin.define(make, {
    decorations: ({ decorations }) => decorations,
    eventObservers: {
      scroll() {
        this.scrolled();
      },
    },
  });
