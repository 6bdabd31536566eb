// The only file that uses Monaco (monaco.js and grammars.js only load it): the writer's editor,
// which reports edits as operations.

import './shared.js';
import { keepTrying } from './again.js';
import { loadLanguage } from './grammars.js';
import { THEMES, monaco } from './monaco.js';
import { inSequence, replacement } from './ops.js';
import { MAX_SELECTIONS } from './protocol.js';

/**
 * @typedef {import('./ops.js').Op} Op
 * @typedef {import('./protocol.js').View} View
 * @typedef {import('./appearance.js').Theme} Theme
 */

/** Of a longer line, the rest has no colours: some grammars take time for each character before. */
const MAX_COLOURED = 2_000;
/**
 * A longer line goes on in the row below, also where lines do not wrap: rows are drawn from their
 * beginning to end, however wide the screen is. In columns.
 */
const MAX_ROW = 320;

export class Editor {
  /** @type {string | undefined} the text in which an input method has begun, while it is at work */
  #composedIn;
  /** @type {import('./store.js').Preferences['indent']} */
  #indentation = 'text';
  /** The editor has more than what was accepted, until the input method is done. */
  #isAhead = false;

  /**
   * @param {HTMLElement} host
   * @param {{ text: string, label: string, theme: Theme, placeholder: string,
   *   readOnlyMessage: string }} options
   */
  constructor(host, { text, label, theme, placeholder, readOnlyMessage }) {
    // Menus and other widgets are put into the host itself, and have their colours from this class.
    host.classList.add('monaco-component');
    this.model = createModel(text);
    this.editor = monaco.editor.create(host, {
      model: this.model,
      theme: THEMES[theme],
      maxTokenizationLineLength: MAX_COLOURED,
      wordWrap: 'wordWrapColumn',
      wordWrapColumn: MAX_ROW,
      // What is typed at the end of a long line is to be seen.
      stopRenderingLineAfter: -1,
      readOnlyMessage: { value: readOnlyMessage },
      ariaLabel: label,
      placeholder,
      automaticLayout: true,
      minimap: { enabled: false },
      scrollBeyondLastLine: false,
      // At its end, the wheel moves what is around the editor.
      scrollbar: { alwaysConsumeMouseWheel: false },
      smoothScrolling: false,
      fontFamily:
        'ui-monospace, "Cascadia Code", "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
      padding: { top: 12, bottom: 12 },
      lineNumbersMinChars: 3,
      renderLineHighlight: 'line',
      overviewRulerBorder: false,
      overviewRulerLanes: 0,
      hideCursorInOverviewRuler: true,
      fixedOverflowWidgets: true,
      // Dropped files are opened by the page.
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
    this.hands = this.editor.createDecorationsCollection();
    /** The program edits now, not a person. */
    this.silent = false;
  }

  get text() {
    return this.model.getValue(monaco.editor.EndOfLinePreference.LF);
  }

  // ---- what the person does ----

  /**
   * Reports a person's edits.
   * @param {{ accept: (ops: Op[]) => boolean, refused: () => void, accepted: () => string }}
   *   listener  accept: false if the edits cannot be taken, and are undone; refused: told then;
   *   accepted: the text that was accepted last
   */
  onEdit(listener) {
    const { accept, accepted } = listener;
    this.#onComposition(listener);
    this.editor.onDidPaste(({ range }) => {
      // A text that is new as a whole brings its indentation with it.
      if (range.startLineNumber === 1 && range.endLineNumber === this.model.getLineCount())
        this.#indent();
    });
    this.model.onDidChangeContent(({ changes, isEolChange, isFlush }) => {
      if (this.silent || this.#isAhead) return;
      if (isEolChange || isFlush) {
        this.model.setEOL(monaco.editor.EndOfLineSequence.LF);
        accept(replacement(accepted(), this.text));
        return;
      }
      /** @type {Op[]} */
      const edits = changes.map((change) => [change.rangeOffset, change.rangeLength, change.text]);
      if (accept(inSequence(edits))) return;
      // An input method goes on with the letters that it believes to be there.
      if (this.#composedIn === undefined) this.#refuse(listener);
      else this.#isAhead = true;
    });
  }

  /** @param {Parameters<Editor['onEdit']>[0]} listener */
  #onComposition(listener) {
    const { accept, accepted } = listener;
    this.editor.onDidCompositionStart(() => {
      this.#composedIn = accepted();
    });
    this.editor.onDidCompositionEnd(() => {
      const before = this.#composedIn;
      this.#composedIn = undefined;
      if (!this.#isAhead) return;
      this.#isAhead = false;
      // What was chosen may fit, although letters on the way there did not.
      if (accept(replacement(accepted(), this.text))) return;
      if (before !== undefined) accept(replacement(accepted(), before));
      this.#refuse(listener);
    });
  }

  /** @param {Parameters<Editor['onEdit']>[0]} listener */
  #refuse({ refused, accepted }) {
    refused();
    this.silent = true;
    setTimeout(() => {
      this.#undoTo(accepted());
      this.silent = false;
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
    this.#indent();
    this.editor.setPosition({ lineNumber: 1, column: 1 });
    this.editor.setScrollTop(0);
  }

  /**
   * Inserts a text where it was dropped; beside the text, where the cursor is.
   * @param {string} text @param {number} x @param {number} y  in the window
   */
  insertAt(text, x, y) {
    const place = this.editor.getTargetAtClientPoint(x, y)?.position ?? this.editor.getPosition();
    if (text === '' || !place || this.editor.getOption(monaco.editor.EditorOption.readOnly)) return;
    const offset = this.model.getOffsetAt(place);
    this.#edit([[offset, 0, text]]);
    const [start, end] = [offset, offset + text.length];
    this.editor.setSelection(this.#range(start, Math.min(end, this.model.getValueLength())));
    this.editor.focus();
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

  // ---- how it looks ----

  /** @param {Op} op */
  #toEdit([offset, deleted, text]) {
    return { range: this.#range(offset, offset + deleted), text, forceMoveMarkers: false };
  }

  /** @param {number} from @param {number} to */
  #range(from, to) {
    return monaco.Range.fromPositions(this.model.getPositionAt(from), this.model.getPositionAt(to));
  }

  get language() {
    return this.model.getLanguageId();
  }

  /**
   * @param {string} id
   * @param {(missing: boolean) => void} missing  told when its colours cannot be loaded, and when
   *   that is over
   */
  setLanguage(id, missing) {
    if (this.language === id) return;
    missing(false);
    monaco.editor.setModelLanguage(this.model, id);
    keepTrying(() => loadLanguage(id), { wanted: () => this.language === id, missing });
  }

  /** @param {Theme} theme */
  setTheme(theme) {
    monaco.editor.setTheme(THEMES[theme]);
  }

  /** Indents as was chosen, else as the text does. */
  #indent() {
    if (this.#indentation === 'text') this.model.detectIndentation(true, 4);
    else if (this.#indentation === 'tab') this.model.updateOptions({ insertSpaces: false, tabSize: 4 });
    else this.model.updateOptions({ insertSpaces: true, tabSize: Number(this.#indentation) });
  }

  /** @param {import('./store.js').Preferences} preferences */
  setPreferences({ wrap, fontSize, indent }) {
    this.#indentation = indent;
    this.#indent();
    this.editor.updateOptions({
      wordWrap: wrap ? 'on' : 'wordWrapColumn',
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

  // ---- the viewers' hands ----

  /** @param {number[]} lines  at which hands are raised */
  markHands(lines) {
    this.hands.set(
      lines.map((line) => ({
        range: new monaco.Range(line, 1, line, 1),
        options: { linesDecorationsClassName: 'hand-line' },
      })),
    );
  }

  /** @param {number} line */
  reveal(line) {
    this.editor.revealLineInCenter(line);
  }
}

/** @param {string} text */
function createModel(text) {
  // Monaco removes a byte order mark when a model is created, but not one that is typed or pasted
  // at its beginning. It removes the one added here, so that the text is the same everywhere.
  const model = monaco.editor.createModel(`\uFEFF${text}`, 'plaintext');
  // Otherwise line ends would be the platform's, and offsets would differ between the writer's
  // machine and the viewers'.
  model.setEOL(monaco.editor.EndOfLineSequence.LF);
  return model;
}
