// The viewer's view of the writer's text, which nobody can type in, and the only file besides
// marks.js, copying.js, colours.js and searching.js that uses CodeMirror. The last two come after the
// text.

import './shared.js';
import { Compartment, EditorSelection, EditorState, Text } from '@codemirror/state';
import {
  EditorView,
  gutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { copying } from './copying.js';
import { bounded, setWriter, writerMarks } from './marks.js';
import { replacement } from './ops.js';
import { breath } from './ticker.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./appearance.js').Preferences} Preferences
 */

/** A place that is scrolled to by program may be missed by as much as that. */
const ROUNDING = 2;
/** The cursor stands at least so far from the edge when the reader follows it. */
const MARGIN = 5;
/** So often is a place in a long line looked for, of which a part is drawn. */
const MAX_LOOKS = 10;

export class Reader {
  #drawing = new Compartment();
  #folding = new Compartment();
  #keys = new Compartment();
  #wrap = new Compartment();
  /** The writer's newest text, and an earlier one that is shown in its place. */
  #live;
  /** @type {string | undefined} */
  #past;
  /** Where the live text was scrolled to, while an earlier one is shown. */
  #left = { line: 0, offset: 0 };
  #language = 'plaintext';
  /** @type {import('./colours.js').Colours | undefined} */
  #colours;
  #state;
  /** @type {EditorView | undefined} */
  #view;
  /** Where the program has scrolled to. */
  #scrolled = { top: 0, left: 0 };
  /** Where the screen is to go has changed so often. */
  #aim = 0;
  /** @type {(() => void)[]} */
  #onSelect = [];
  /** The person has put the selection where it is. */
  #pointed = false;

  /**
   * @param {{ text: string, label: string, wrap: boolean }} options
   */
  constructor({ text, label, wrap }) {
    this.#live = text;
    this.#state = EditorState.create({
      extensions: [
        EditorState.lineSeparator.of('\n'),
        EditorState.readOnly.of(true),
        // Neither a phone's keyboard nor a caret is wanted.
        EditorView.editable.of(false),
        EditorView.contentAttributes.of({
          'aria-label': label,
          'aria-readonly': 'true',
          tabindex: '0',
        }),
        this.#drawing.of([]),
        this.#keys.of([]),
        this.#wrap.of(wrapping(wrap)),
        copying,
        keymap.of([{ key: 'Mod-a', run: selectAll }]),
        EditorView.updateListener.of((update) => this.#updated(update)),
      ],
    });
  }

  /**
   * Shows the text, in steps that are short even on a slow phone: each is a task of its own, and the
   * view has been laid out while it was empty.
   * @param {HTMLElement} host
   */
  async open(host) {
    const gutters = [lineNumbers(), this.#folding.of(gutter({ class: 'cm-foldGutter' }))];
    await breath();
    const view = new EditorView({ state: this.#state });
    this.#view = view;
    view.dom.style.visibility = 'hidden';
    await breath();
    host.append(view.dom);
    measure(view);
    // Drawing what is cut is in place before there is anything to draw.
    const drawing = [bounded, highlightSpecialChars()];
    const changes = { from: 0, insert: Text.of(this.#live.split('\n')) };
    for (const step of [
      { effects: this.#drawing.reconfigure(drawing) },
      { changes },
      { effects: this.#drawing.reconfigure([drawing, gutters]) },
      { effects: this.#drawing.reconfigure([drawing, gutters, writerMarks]) },
    ]) {
      await breath();
      view.dispatch(step);
    }
    await breath();
    // Whoever scrolls to a line before the next frame must know already how high a line is.
    measure(view);
    view.dom.style.visibility = '';
  }

  get view() {
    if (!this.#view) throw new Error('the reader has not been opened');
    return this.#view;
  }

  /** The text on the screen. */
  get shown() {
    return this.#past ?? this.#live;
  }

  /** @param {import('@codemirror/view').ViewUpdate} update */
  #updated(update) {
    const byHand = update.transactions.some((transaction) => transaction.isUserEvent('select'));
    this.#pointed ||= byHand;
    if (byHand && !update.state.selection.main.empty) for (const told of this.#onSelect) told();
  }

  // ---- the text ----

  /**
   * Makes the writer's edits.
   * @param {Op[]} ops  they lead to `text` @param {string} text
   * @param {boolean} hold  keep the lines on the screen where they are
   */
  apply(ops, text, hold) {
    this.#live = text;
    if (this.#past === undefined) this.#edit(ops, hold);
  }

  /** @param {Op[]} ops @param {boolean} hold */
  #edit(ops, hold) {
    if (ops.length === 0) return;
    const transaction = this.view.state.update(
      ...ops.map(([from, deleted, insert]) => ({
        changes: { from, to: from + deleted, insert: Text.of(insert.split('\n')) },
        sequential: true,
      })),
    );
    const top = hold ? this.#topLine() : undefined;
    const { changes, startState } = transaction;
    this.view.dispatch(transaction, {
      selection: keptSelection(startState.selection, changes),
      sequential: true,
    });
    if (top) this.#scrollToLine(changes.mapPos(top.line, 1), top.offset);
  }

  /** The first line on the screen, and how much of it is above the edge. */
  #topLine() {
    const { view } = this;
    const { scrollTop } = view.scrollDOM;
    const block = view.lineBlockAtHeight(scrollTop - this.#padding);
    return { line: block.from, offset: scrollTop - block.top };
  }

  /** @param {number} line  where it begins @param {number} offset */
  #scrollToLine(line, offset) {
    const { view } = this;
    this.#scrollTo(view.lineBlockAt(Math.min(line, view.state.doc.length)).top + offset);
  }

  get #padding() {
    return this.view.documentPadding.top;
  }

  /** @param {number} number  of the line that is to be the first on the screen */
  showLine(number) {
    const { doc } = this.view.state;
    this.#scrollToLine(doc.line(Math.min(number, doc.lines)).from, 0);
  }

  // ---- following ----

  /** Shows where the writer is. @param {View | undefined} view */
  showWriter(view) {
    const shown = this.#past === undefined ? view : undefined;
    this.view.dispatch({ effects: setWriter.of(shown?.selections ?? []) });
  }

  /**
   * Scrolls to what the writer sees, above all to the line with the cursor.
   * @param {View} view
   */
  reveal({ selections, top, bottom }) {
    this.#aim++;
    if (this.#past !== undefined) return;
    const { doc } = this.view.state;
    const start = doc.line(Math.min(top, doc.lines)).from;
    this.#scrollToLine(start, 0);
    const head = selections[0]?.[1];
    if (head === undefined || head > doc.length) return;
    const { number } = doc.lineAt(head);
    // A writer may have scrolled away from the cursor; then the visible lines count.
    if (number < top || number > bottom) return;
    this.#reach(head);
  }

  /** Looks no longer for what it was to show. */
  stay() {
    this.#aim++;
  }

  /** Scrolls no further than it takes to see a place. @param {number} head */
  #reach(head) {
    const { from, to, top, bottom } = this.view.lineBlockAt(head);
    // A wrapped line has several rows, and may have more than the screen.
    const height = Math.min(this.view.defaultLineHeight, bottom - top);
    const row = top + this.#padding + ((bottom - top - height) * (head - from)) / Math.max(1, to - from);
    this.#showRows(row, row + height);
    this.#approach(head, MAX_LOOKS);
  }

  /**
   * Only where it is drawn is it known in which row of a wrapped line a place is, or how far to the
   * right: of a long line, what is drawn next leads to it.
   * @param {number} head @param {number} looks
   */
  #approach(head, looks) {
    this.view.requestMeasure({
      key: this,
      read: () => this.#placeOf(Math.min(head, this.view.state.doc.length)),
      write: (place) => {
        if (!place) return;
        const { x, top, bottom, width, isDrawn } = place;
        const { scrollDOM } = this.view;
        const { scrollTop, scrollLeft } = scrollDOM;
        this.#showRows(top, bottom);
        const room = width - 4 * MARGIN;
        // As soon as the cursor fits, the lines are seen from their first column.
        if (x < room) this.#scrollTo(scrollDOM.scrollTop, 0);
        else if (x < scrollLeft || x > scrollLeft + room) this.#scrollTo(scrollDOM.scrollTop, x - room);
        // Lines that are drawn after it has scrolled may be wider or higher than they were estimated to be.
        const hasMoved = scrollTop !== scrollDOM.scrollTop || scrollLeft !== scrollDOM.scrollLeft;
        if (looks > 1 && (!isDrawn || hasMoved)) this.#lookAgain(head, looks - 1);
      },
    });
  }

  /** In the next frame, unless somebody has gone elsewhere. @param {number} head @param {number} looks */
  #lookAgain(head, looks) {
    const aim = this.#aim;
    requestAnimationFrame(() => {
      if (aim === this.#aim) this.#approach(head, looks);
    });
  }

  /** Where a place is in what can be scrolled, as far as that can be told by what is drawn of its line. @param {number} head */
  #placeOf(head) {
    const { view } = this;
    const { scrollDOM, lineWrapping, defaultCharacterWidth, defaultLineHeight } = view;
    const line = view.state.doc.lineAt(head);
    const [near] = view.visibleRanges
      .filter(({ from, to }) => from <= line.to && to >= line.from)
      .map(({ from, to }) => Math.max(from, line.from, Math.min(head, to, line.to)))
      .sort((one, two) => Math.abs(one - head) - Math.abs(two - head));
    const drawn = near === undefined ? null : view.coordsAtPos(near, near < head ? -1 : 1);
    if (!drawn) return undefined;
    const box = scrollDOM.getBoundingClientRect();
    const gutters = scrollDOM.querySelector('.cm-gutters')?.clientWidth ?? 0;
    const width = box.width - gutters;
    const away = (head - near) * defaultCharacterWidth;
    const down = scrollDOM.scrollTop - box.top + (lineWrapping ? Math.trunc(away / width) * defaultLineHeight : 0);
    return {
      x: drawn.left - box.left - gutters + scrollDOM.scrollLeft + (lineWrapping ? 0 : away),
      top: drawn.top + down,
      bottom: drawn.bottom + down,
      width,
      isDrawn: near === head,
    };
  }

  /** @param {number} top @param {number} bottom */
  #showRows(top, bottom) {
    const { scrollTop, clientHeight } = this.view.scrollDOM;
    if (bottom + MARGIN > scrollTop + clientHeight) this.#scrollTo(bottom + MARGIN - clientHeight);
    else if (top < scrollTop) this.#scrollTo(top);
  }

  /** @param {number} top @param {number} [left] */
  #scrollTo(top, left = this.view.scrollDOM.scrollLeft) {
    const { scrollDOM } = this.view;
    if (scrollDOM.scrollTop !== top) scrollDOM.scrollTop = top;
    if (scrollDOM.scrollLeft !== left) scrollDOM.scrollLeft = left;
    this.#scrolled = { top: scrollDOM.scrollTop, left: scrollDOM.scrollLeft };
  }

  // ---- going back ----

  /**
   * Shows an earlier text, and where the writer was in it, or again the live one (undefined).
   * @param {string | undefined} text @param {View['selections']} [selections]
   */
  showPast(text, selections = []) {
    this.#aim++;
    if (this.#past === undefined && text !== undefined) this.#left = this.#topLine();
    const before = this.shown;
    this.#past = text;
    const ops = replacement(before, this.shown);
    this.#edit(ops, true);
    if (text === undefined) {
      this.#scrollToLine(this.#left.line, this.#left.offset);
      return;
    }
    this.view.dispatch({ effects: setWriter.of(selections) });
    const place = ops.length > 0 ? ops[0][0] + ops[0][2].length : selections[0]?.[1];
    if (place !== undefined) this.#centre(Math.min(place, text.length));
  }

  /** Scrolls to a place that is not on the screen. @param {number} place */
  #centre(place) {
    const { scrollTop, clientHeight } = this.view.scrollDOM;
    const { top, bottom } = this.view.lineBlockAt(place);
    if (top < scrollTop - this.#padding || bottom > scrollTop + clientHeight)
      this.#scrollTo(Math.max(0, (top + bottom - clientHeight) / 2));
  }

  // ---- what the person does ----

  /** @param {() => void} scrolled  by a person */
  onScroll(scrolled) {
    const { scrollDOM } = this.view;
    scrollDOM.addEventListener('scroll', () => {
      const { scrollTop, scrollLeft } = scrollDOM;
      const { top, left } = this.#scrolled;
      if (Math.abs(scrollTop - top) > ROUNDING || Math.abs(scrollLeft - left) > ROUNDING)
        scrolled();
    });
  }

  /** @param {() => void} selected */
  onSelect(selected) {
    this.#onSelect.push(selected);
  }

  /** The line of the live text in which the person has clicked or selected last, if any. */
  get pointedLine() {
    if (!this.#pointed || this.#past !== undefined) return undefined;
    const { doc, selection } = this.view.state;
    return doc.lineAt(selection.main.head).number;
  }

  /** @param {() => void} changed */
  onResize(changed) {
    new ResizeObserver(changed).observe(this.view.scrollDOM);
  }

  focus() {
    this.view.focus();
  }

  // ---- how it looks ----

  /** @param {Preferences} preferences  the size of the text is the style sheet's */
  setPreferences({ wrap }) {
    if (wrap !== this.view.lineWrapping)
      this.view.dispatch({ effects: this.#wrap.reconfigure(wrapping(wrap)) });
    this.view.requestMeasure();
  }

  /** @param {string} id */
  setLanguage(id) {
    if (this.#language === id) return;
    this.#language = id;
    this.#colours?.setLanguage(id);
  }

  /**
   * Loads what can wait: colours and folding, then searching and other keys.
   * @param {(missing: boolean) => void} [missing]  told when a language has no colours because they
   *   cannot be loaded, and when it has
   */
  async complete(missing = () => {}) {
    const { Colours } = await import('./colours.js');
    await breath();
    this.#colours = new Colours(this.view, missing);
    this.view.dispatch({ effects: this.#folding.reconfigure(this.#colours.extension) });
    this.#colours.setLanguage(this.#language);
    const { searching } = await import('./searching.js');
    await breath();
    this.view.dispatch({ effects: this.#keys.reconfigure(searching) });
  }
}

/** Has it done now what it would do with the next frame. @param {EditorView} view */
function measure(view) {
  view.requestMeasure();
  view.lineBlockAtHeight(0);
}

/** @param {boolean} on */
const wrapping = (on) => (on ? EditorView.lineWrapping : []);

/**
 * Selections must not grow by what is inserted at their edges.
 * @param {EditorSelection} selection
 * @param {import('@codemirror/state').ChangeSet} changes
 */
function keptSelection(selection, changes) {
  const ranges = selection.ranges.map(({ from, to, anchor, empty }) => {
    const start = changes.mapPos(from, empty ? -1 : 1);
    const end = Math.max(start, changes.mapPos(to, -1));
    return anchor === from ? EditorSelection.range(start, end) : EditorSelection.range(end, start);
  });
  return EditorSelection.create(ranges, selection.mainIndex);
}

/** @param {EditorView} view */
function selectAll(view) {
  view.dispatch({ selection: { anchor: 0, head: view.state.doc.length }, userEvent: 'select' });
  return true;
}
