// Which parts of Monaco are in the page, and its colours. The parts that need Monaco's worker
// (links, completion, warnings about odd characters, differences) are left out, so there is no
// worker.

import { errorHandler } from 'monaco-editor/base/common/errors';
import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/bracketMatching/register';
import 'monaco-editor/features/caretOperations/register';
import 'monaco-editor/features/clipboard/register';
import 'monaco-editor/features/codicon/register';
import 'monaco-editor/features/comment/register';
import 'monaco-editor/features/contextmenu/register';
import 'monaco-editor/features/cursorUndo/register';
import 'monaco-editor/features/find/register';
import 'monaco-editor/features/folding/register';
import 'monaco-editor/features/gotoLine/register';
import 'monaco-editor/features/indentation/register';
import 'monaco-editor/features/lineSelection/register';
import 'monaco-editor/features/linesOperations/register';
import 'monaco-editor/features/longLinesHelper/register';
import 'monaco-editor/features/multicursor/register';
import 'monaco-editor/features/placeholderText/register';
import 'monaco-editor/features/quickCommand/register';
import 'monaco-editor/features/readOnlyMessage/register';
import 'monaco-editor/features/smartSelect/register';
import 'monaco-editor/features/toggleTabFocusMode/register';
import 'monaco-editor/features/tokenization/register';
import 'monaco-editor/features/wordOperations/register';
import 'monaco-editor/features/wordPartOperations/register';
import './grammars.js';

/** A grammar that gives up at a line, because it opens too much or ends with a backslash, leaves it as it is. */
const GIVEN_UP =
  /: (maximum tokenizer stack size|no progress in tokenizer|trying to pop an empty|cannot (pop|enter) embedded|with groups, all characters)/;
errorHandler.unexpectedErrorHandler = (error) => {
  if (GIVEN_UP.test(error?.message)) return;
  // As Monaco does.
  setTimeout(() => {
    throw error;
  });
};

/** @typedef {import('./appearance.js').Theme} Theme */

/** Monaco's own themes, with the page's colours around the text. @type {Record<Theme, string>} */
export const THEMES = {
  light: 'codestream-light',
  dark: 'codestream-dark',
  'contrast-light': 'codestream-contrast-light',
  'contrast-dark': 'codestream-contrast-dark',
};

/** Tokens that viewers' grammars do not tell apart, or whose colour in Monaco is too faint. */
const RULES = {
  vs: [
    ['attribute.name', 'e50000'],
    ['attribute.value.html', '0451a5'],
    ['attribute.value.xml', '0451a5'],
    ['delimiter.xml', '383838'],
    ['annotation', '6b6b6b'],
    ['metatag', '6b6b6b'],
    ['metatag.html', '6b6b6b'],
    ['metatag.xml', '6b6b6b'],
    ['metatag.content.html', '6b6b6b'],
    ['number.hex', '098658'],
  ],
  'vs-dark': [
    ['comment', '6a9955'],
    ['delimiter', 'd4d4d4'],
    ['number.hex', 'b5cea8'],
    ['regexp', 'c678a6'],
  ],
  'hc-light': [],
  'hc-black': [],
};
/** As in style.css. */
const SECOND_BRACKET = { 'editorBracketHighlight.foreground2': '#2b7d2b' };

/**
 * @param {Theme} theme
 * @param {'vs' | 'vs-dark' | 'hc-light' | 'hc-black'} base
 * @param {{ paper: string, soft: string, ink: string }} colours
 */
function define(theme, base, { paper, soft, ink }) {
  const colors = {
    'editor.background': paper,
    'editor.placeholder.foreground': soft,
    'editorLineNumber.foreground': soft,
    'editorLineNumber.dimmedForeground': soft,
    'editorLineNumber.activeForeground': ink,
    ...(/dark|black/.test(base) ? {} : SECOND_BRACKET),
  };
  const rules = RULES[base].map(([token, foreground]) => ({ token, foreground }));
  monaco.editor.defineTheme(THEMES[theme], { base, inherit: true, rules, colors });
}
define('light', 'vs', { paper: '#ffffff', soft: '#6b7280', ink: '#161b26' });
define('dark', 'vs-dark', { paper: '#11151c', soft: '#8b94a3', ink: '#e6eaf1' });
define('contrast-light', 'hc-light', { paper: '#ffffff', soft: '#292929', ink: '#000000' });
define('contrast-dark', 'hc-black', { paper: '#000000', soft: '#ffffff', ink: '#ffd400' });

export { monaco };
