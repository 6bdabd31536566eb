// Which parts of Monaco are in the page, and the colours it gets. What would need Monaco's worker
// (links, completion, warnings about odd characters, differences) is left out, so there is none.

import * as monaco from 'monaco-editor/editor';
import 'monaco-editor/features/bracketMatching/register';
import 'monaco-editor/features/caretOperations/register';
import 'monaco-editor/features/clipboard/register';
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
import 'monaco-editor/features/unusualLineTerminators/register';
import 'monaco-editor/features/wordOperations/register';
import 'monaco-editor/features/wordPartOperations/register';
import './grammars.js';

/** @typedef {'light' | 'dark' | 'contrast-dark' | 'contrast-light'} Theme */

/** Monaco's own themes, with the page's colours around the text. @type {Record<Theme, string>} */
export const THEMES = {
  light: 'codestream-light',
  dark: 'codestream-dark',
  'contrast-dark': 'hc-black',
  'contrast-light': 'hc-light',
};

/** @param {string} paper @param {string} soft @param {string} ink */
const colours = (paper, soft, ink) => ({
  'editor.background': paper,
  'editor.placeholder.foreground': soft,
  'editorLineNumber.foreground': soft,
  'editorLineNumber.dimmedForeground': soft,
  'editorLineNumber.activeForeground': ink,
});
monaco.editor.defineTheme('codestream-light', {
  base: 'vs',
  inherit: true,
  rules: [],
  colors: colours('#ffffff', '#6b7280', '#161b26'),
});
monaco.editor.defineTheme('codestream-dark', {
  base: 'vs-dark',
  inherit: true,
  rules: [],
  colors: colours('#11151c', '#8b94a3', '#e6eaf1'),
});

export { monaco };
