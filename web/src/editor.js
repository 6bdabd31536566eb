// The only file that uses Monaco (monaco.js and grammars.js only load it): an editor that reports
// and takes edits as operations, for a writer who types and for a viewer who cannot.

import { THEMES, monaco } from './monaco.js';
import { inSequence, replacement } from './ops.js';
import { MAX_SELECTIONS } from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./monaco.js').Theme} Theme
 */

export class Editor {
  /**
   * @param {HTMLElement} host
   * @param {{ text: string, language: string, readOnly: boolean, label: string, theme: Theme,
   *   placeholder: string,
   *   readOnlyMessage: string }} options
   */
  constructor(host, { text, language, readOnly, label, theme, placeholder, readOnlyMessage }) {
    this.model = createModel(text, language);
    this.editor = monaco.editor.create(host, {
      model: this.model,
      theme: THEMES[theme],
      readOnly,
      domReadOnly: readOnly,
      // Screen readers learn only from the plain textarea that it is read-only.
      editContext: !readOnly,
      readOnlyMessage: { value: readOnlyMessage },
      ariaLabel: label,
      placeholder,
      automaticLayout: true,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      smoothScrolling: false,
      fontFamily:
        'ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      padding: { top: 12, bottom: 12 },
      lineNumbersMinChars: 3,
      renderLineHighlight: readOnly ? 'none' : 'line',
      overviewRulerBorder: false,
      overviewRulerLanes: 0,
      hideCursorInOverviewRuler: true,
      fixedOverflowWidgets: true,
      // Dropped files are opened by the page; a viewer's editor takes nothing.
      dropIntoEditor: { enabled: false },
      dragAndDrop: false,
      links: false,
      occurrencesHighlight: 'off',
      wordBasedSuggestions: 'off',
      quickSuggestions: false,
      unicodeHighlight: {
        ambiguousCharacters: false,
        invisibleCharacters: false,
        nonBasicASCII: false,
      },
    });
    /** @type {string[]} decorations of the live text that show the writer */
    this.marks = [];
    /** @type {monaco.editor.ITextModel | undefined} an earlier text in place of the live one */
    this.past = undefined;
    /** @type {monaco.editor.ICodeEditorViewState | null} */
    this.liveState = null;
    /** The program edits or scrolls now, not a person. */
    this.silent = false;
  }

  /** The text on the screen. */
  get shown() {
    return (this.past ?? this.model).getValue(monaco.editor.EndOfLinePreference.LF);
  }

  get text() {
    return this.model.getValue(monaco.editor.EndOfLinePreference.LF);
  }

  // ---- the writer's editor ----

  /**
   * Reports a person's edits.
   * @param {(ops: Op[]) => boolean} accept  false: the edits are refused and are undone
   * @param {() => string} before  the text that was accepted last
   */
  onEdit(accept, before) {
    this.model.onDidChangeContent(({ changes, isEolChange, isFlush }) => {
      if (this.silent) return;
      if (isEolChange || isFlush) {
        this.model.setEOL(monaco.editor.EndOfLineSequence.LF);
        accept(replacement(before(), this.text));
        return;
      }
      /** @type {Op[]} */
      const edits = changes.map((change) => [change.rangeOffset, change.rangeLength, change.text]);
      if (accept(inSequence(edits))) return;
      this.silent = true;
      setTimeout(() => {
        this.#undoTo(before());
        this.silent = false;
      });
    });
  }

  /**
   * Returns to a text by undoing the last edit, so that the undo stack stays right.
   * @param {string} text
   */
  #undoTo(text) {
    this.editor.trigger('codestream', 'undo', null);
    // Monaco may have undone a little more than the last edit.
    this.#edit(replacement(this.text, text));
  }

  /** Makes edits that can be undone like the person's own. @param {Op[]} ops */
  #edit(ops) {
    if (ops.length === 0) return;
    this.editor.pushUndoStop();
    this.model.pushEditOperations(
      this.editor.getSelections(),
      ops.map((op) => this.#toEdit(op)),
      () => null,
    );
    this.editor.pushUndoStop();
  }

  /** Replaces the text, as one edit that can be undone. @param {string} text */
  replaceText(text) {
    this.#edit(replacement(this.text, text));
    this.editor.setPosition({ lineNumber: 1, column: 1 });
    this.editor.setScrollTop(0);
  }

  /** @param {() => void} moved  the cursor, a selection or the visible lines have changed */
  onView(moved) {
    // On undo, Monaco reports the selection before the content. The microtask runs after both.
    let waiting = false;
    const later = () => {
      if (waiting) return;
      waiting = true;
      queueMicrotask(() => {
        waiting = false;
        moved();
      });
    };
    this.editor.onDidChangeCursorSelection(later);
    this.editor.onDidScrollChange(({ scrollTopChanged }) => {
      if (scrollTopChanged) later();
    });
    this.editor.onDidLayoutChange(later);
  }

  /** Where the person is. @returns {View} */
  get view() {
    const selections = (this.editor.getSelections() ?? []).slice(0, MAX_SELECTIONS);
    const ranges = this.editor.getVisibleRanges();
    return {
      selections: selections.map((selection) => [
        this.model.getOffsetAt({
          lineNumber: selection.selectionStartLineNumber,
          column: selection.selectionStartColumn,
        }),
        this.model.getOffsetAt({
          lineNumber: selection.positionLineNumber,
          column: selection.positionColumn,
        }),
      ]),
      top: ranges[0]?.startLineNumber ?? 1,
      bottom: ranges[ranges.length - 1]?.endLineNumber ?? 1,
    };
  }

  // ---- the viewer's editor ----

  /**
   * Makes the writer's edits. They go to the model, which may be edited even where the editor is
   * read-only, and not onto the undo stack.
   * @param {Op[]} ops @param {boolean} hold  keep the lines on the screen where they are
   */
  apply(ops, hold) {
    if (ops.length === 0) return;
    const letGo = this.past ? [] : [this.#holdSelections(), hold ? this.#holdTop() : undefined];
    this.#silently(() => {
      for (const op of ops) this.model.applyEdits([this.#toEdit(op)]);
      for (const release of letGo) release?.();
    });
  }

  /** Keeps selections from growing by what is inserted at their edges, as Monaco would let them. */
  #holdSelections() {
    const selections = this.editor.getSelections() ?? [];
    if (selections.every((selection) => selection.isEmpty())) return undefined;
    const { NeverGrowsWhenTypingAtEdges: stickiness } = monaco.editor.TrackedRangeStickiness;
    const tracked = selections.map((range) => ({ range, options: { stickiness } }));
    const ids = this.model.deltaDecorations([], tracked);
    return () => {
      const ranges = ids.map(
        (id) => this.model.getDecorationRange(id) ?? new monaco.Range(1, 1, 1, 1),
      );
      this.model.deltaDecorations(ids, []);
      this.editor.setSelections(
        ranges.map((range, i) => monaco.Selection.fromRange(range, selections[i].getDirection())),
      );
    };
  }

  /** @param {() => void} action */
  #silently(action) {
    this.silent = true;
    action();
    this.silent = false;
  }

  /** Remembers the topmost line on the screen; the function it returns puts the line back there. */
  #holdTop() {
    const top = this.editor.getVisibleRanges()[0]?.startLineNumber;
    if (top === undefined) return undefined;
    const offset = this.editor.getScrollTop() - this.editor.getTopForLineNumber(top);
    const { NeverGrowsWhenTypingAtEdges: stickiness } = monaco.editor.TrackedRangeStickiness;
    const range = new monaco.Range(top, 1, top, this.model.getLineMaxColumn(top));
    const [pin] = this.model.deltaDecorations([], [{ range, options: { stickiness } }]);
    return () => {
      const line = this.model.getDecorationRange(pin)?.startLineNumber;
      this.model.deltaDecorations([pin], []);
      if (line !== undefined)
        this.editor.setScrollTop(this.editor.getTopForLineNumber(line) + offset);
    };
  }

  /** Shows where the writer is. @param {View | undefined} view */
  showWriter(view) {
    const length = this.model.getValueLength();
    const ends = (view?.selections ?? []).filter((selection) => Math.max(...selection) <= length);
    this.marks = this.model.deltaDecorations(
      this.marks,
      ends.flatMap(([anchor, head]) => {
        const caret = {
          range: this.#range(head, head),
          options: { beforeContentClassName: 'writer-caret', stickiness: 1 },
        };
        const range = this.#range(Math.min(anchor, head), Math.max(anchor, head));
        return anchor === head
          ? [caret]
          : [{ range, options: { className: 'writer-selection' } }, caret];
      }),
    );
  }

  /**
   * Scrolls to what the writer sees, above all to the line with the cursor.
   * @param {View} view
   */
  reveal({ selections, top, bottom }) {
    if (this.past) return;
    this.#silently(() => {
      const padding = this.editor.getTopForLineNumber(1);
      this.editor.setScrollTop(this.editor.getTopForLineNumber(top) - padding);
      const head = selections[0]?.[1];
      if (head === undefined || head > this.model.getValueLength()) return;
      const position = this.model.getPositionAt(head);
      // A writer may have scrolled away from the cursor; then the visible lines count.
      if (position.lineNumber >= top && position.lineNumber <= bottom) {
        this.editor.revealPosition(position, monaco.editor.ScrollType.Immediate);
      }
    });
  }

  /**
   * Shows an earlier text, or again the live one (undefined).
   * @param {string | undefined} text
   */
  showPast(text) {
    this.#silently(() => {
      if (text === undefined) {
        this.editor.setModel(this.model);
        this.editor.restoreViewState(this.liveState);
        this.past?.dispose();
        this.past = undefined;
        return;
      }
      if (!this.past) {
        this.liveState = this.editor.saveViewState();
        this.past = createModel(this.text, this.model.getLanguageId());
        this.editor.setModel(this.past);
        this.editor.restoreViewState(this.liveState);
      }
      const [op] = replacement(this.past.getValue(), text);
      if (!op) return;
      const range = monaco.Range.fromPositions(
        this.past.getPositionAt(op[0]),
        this.past.getPositionAt(op[0] + op[1]),
      );
      this.past.applyEdits([{ range, text: op[2] }]);
      this.editor.revealPositionInCenterIfOutsideViewport(
        this.past.getPositionAt(op[0] + op[2].length),
        monaco.editor.ScrollType.Immediate,
      );
    });
  }

  /** @param {() => void} scrolled  by a person */
  onScroll(scrolled) {
    this.editor.onDidScrollChange(({ scrollTopChanged }) => {
      if (scrollTopChanged && !this.silent) scrolled();
    });
  }

  /** @param {() => void} selected */
  onSelect(selected) {
    this.editor.onDidChangeCursorSelection(({ selection }) => {
      if (!selection.isEmpty() && !this.silent) selected();
    });
  }

  /** @param {() => void} changed */
  onResize(changed) {
    this.editor.onDidLayoutChange(changed);
  }

  // ---- both ----

  /** @param {Op} op */
  #toEdit([offset, deleted, text]) {
    return { range: this.#range(offset, offset + deleted), text, forceMoveMarkers: false };
  }

  /** @param {number} from @param {number} to */
  #range(from, to) {
    return monaco.Range.fromPositions(this.model.getPositionAt(from), this.model.getPositionAt(to));
  }

  /** @param {string} id */
  setLanguage(id) {
    if (this.model.getLanguageId() === id) return;
    monaco.editor.setModelLanguage(this.model, id);
    if (this.past) monaco.editor.setModelLanguage(this.past, id);
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    monaco.editor.setTheme(THEMES[theme]);
  }

  /** @param {{ wrap: boolean, fontSize: number }} preferences */
  setPreferences({ wrap, fontSize }) {
    this.editor.updateOptions({
      wordWrap: wrap ? 'on' : 'off',
      fontSize,
      lineHeight: Math.round(fontSize * 1.55),
    });
  }

  /** @param {boolean} readOnly */
  setReadOnly(readOnly) {
    this.editor.updateOptions({ readOnly, domReadOnly: readOnly });
  }

  focus() {
    this.editor.focus();
  }

  /** Moves the person's own cursor to the beginning. */
  home() {
    this.#silently(() => this.editor.setPosition({ lineNumber: 1, column: 1 }));
  }
}

/** @param {string} text @param {string} language */
function createModel(text, language) {
  // Monaco removes a byte order mark when a model is created, but not one that is typed or pasted
  // at its beginning. It removes the one added here, so that the text is the same everywhere.
  const model = monaco.editor.createModel(`\uFEFF${text}`, language);
  // Otherwise line ends would be the platform's, and offsets would differ between the writer's
  // machine and the viewers'.
  model.setEOL(monaco.editor.EndOfLineSequence.LF);
  return model;
}
