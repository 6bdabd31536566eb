// Text in and out of the page: open a file by menu or by dropping it, download, copy.

import { decodeText } from './decoding.js';
import { element } from './element.js';
import { isExtension, languageOf } from './languages.js';
import { MAX_ENCODED, MAX_TEXT } from './protocol.js';
import { toLf } from './ops.js';

/**
 * @param {{ opened: (name: string, text: string, remark: string) => void, dropped: (text: string,
 *   x: number, y: number) => void, refuse: (reason: string) => void }} listener
 *   opened: with what has to be said about it, or ''; dropped: a text, at this place of the window
 */
export function onFile({ opened, dropped, refuse }) {
  const input = element('open-file', HTMLInputElement);
  element('open', HTMLButtonElement).onclick = () => input.click();
  const read = async (/** @type {FileList | null | undefined} */ files) => {
    const file = files?.[0];
    if (!file) return;
    const { text, problem, remark } = await readText(file);
    const others = files.length > 1 ? `Of ${files.length} files, “${file.name}” was opened.` : '';
    if (problem) refuse(problem);
    else opened(file.name, text, `${remark} ${others}`.trim());
  };
  input.onchange = () => {
    read(input.files);
    input.value = '';
  };
  onDrop(({ dataTransfer, clientX, clientY }) => {
    if (dataTransfer?.types.includes('Files')) read(dataTransfer.files);
    else dropped(toLf(dataTransfer?.getData('text/plain') ?? ''), clientX, clientY);
  });
}

/**
 * What is dropped anywhere on the page: the browser would leave the page to show it.
 * @param {(event: DragEvent) => void} take
 */
export function onDrop(take) {
  // A field takes the words that are dropped on it, and no file.
  const isOurs = (/** @type {DragEvent} */ { target, dataTransfer }) =>
    !(target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement) ||
    dataTransfer?.types.includes('Files');
  const allow = (/** @type {DragEvent} */ event) => {
    if (isOurs(event)) event.preventDefault();
  };
  addEventListener('dragenter', allow, { capture: true });
  addEventListener('dragover', allow, { capture: true });
  addEventListener(
    'drop',
    (event) => {
      if (!isOurs(event)) return;
      event.preventDefault();
      event.stopPropagation();
      take(event);
    },
    { capture: true },
  );
}

/** @param {File} file */
async function readText(file) {
  const problem = `“${file.name}” is larger than ${MAX_TEXT / 1024} KiB, the most a session holds.`;
  const tooLarge = { text: '', problem, remark: '' };
  // Even with three bytes for each UTF-16 unit it could not fit.
  if (file.size > Math.max(MAX_TEXT * 3, MAX_ENCODED)) return tooLarge;
  const bytes = await bytesOf(file);
  const unread = `“${file.name}” could not be read. A folder cannot be opened, nor a file that has gone.`;
  if (!bytes) return { text: '', problem: unread, remark: '' };
  const decoded = decodeText(bytes);
  if (!decoded)
    return { text: '', problem: `“${file.name}” is not a text file that can be read.`, remark: '' };
  const text = toLf(decoded.text);
  return text.length > MAX_TEXT
    ? tooLarge
    : { text, problem: '', remark: decoded.guessed ? guessedRemark(file.name) : '' };
}

/** @param {File} file @returns {Promise<Uint8Array | undefined>} undefined: it cannot be read */
const bytesOf = (file) =>
  file.arrayBuffer().then(
    (buffer) => new Uint8Array(buffer),
    () => undefined,
  );

/** @param {string} name */
const guessedRemark = (name) =>
  `“${name}” does not say how its letters are encoded; it was read as Latin-1. ` +
  'If some look wrong, save it as UTF-8 and open it again.';

/** One word, as files are called that need no extension: Makefile, LICENSE, c. */
const BARE = /^[A-Za-z0-9_-]+$/;

/**
 * The name under which a text is saved. The writer chose it, and what a system does with a file
 * depends on its extension: the name ends with one of the language that the page shows, or has none,
 * and nothing before that looks like the extension of another kind of file.
 * @param {string} name @param {string} language
 */
export function downloadName(name, language) {
  const { id, extensions } = languageOf(language);
  if (name === '') return `codestream.${extensions[0]}`;
  // Browsers leave the dot of hidden files out.
  const bare = name.replace(/^\./, '');
  if (extensions.includes(bare.toLowerCase())) return bare;
  if (id === 'plaintext' && BARE.test(bare)) return bare;
  const parts = bare.split('.');
  const own = parts.length > 1 ? parts[parts.length - 1] : '';
  if (!extensions.includes(own.toLowerCase())) parts.push(extensions[0]);
  return parts.reduce((start, part, i) => {
    const isLast = i === parts.length - 1;
    return `${start}${!isLast && isExtension(part) ? '_' : '.'}${part}`;
  });
}

/** @param {string} text @param {string} name @param {string} language */
export const downloadText = (text, name, language) =>
  // To a plain text, Chromium would add an extension of its own choice.
  saveAs(text, downloadName(name, language), 'application/octet-stream');

/** @param {string} content @param {string} name @param {string} type */
export function saveAs(content, name, type) {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([content], { type: `${type};charset=utf-8` }));
  link.download = name;
  link.click();
  // By then the download has begun.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** @param {string} text @returns {Promise<boolean>} */
export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
