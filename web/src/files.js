// Text in and out of the page: open a file by menu or by dropping it, download, copy.

import { element } from './element.js';
import { isExtension, languageOf } from './languages.js';
import { MAX_ENCODED, MAX_TEXT } from './protocol.js';
import { toLf } from './ops.js';

/**
 * @param {{ opened: (name: string, text: string) => void, refuse: (reason: string) => void }}
 *   listener
 */
export function onFile({ opened, refuse }) {
  const input = element('open-file', HTMLInputElement);
  element('open', HTMLButtonElement).onclick = () => input.click();
  const read = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    const { text, problem } = await readText(file);
    if (problem) refuse(problem);
    else opened(file.name, text);
  };
  input.onchange = () => {
    read(input.files?.[0]);
    input.value = '';
  };
  addEventListener('dragover', (event) => {
    if (event.dataTransfer?.types.includes('Files')) event.preventDefault();
  });
  addEventListener(
    'drop',
    (event) => {
      if (!event.dataTransfer?.types.includes('Files')) return;
      event.preventDefault();
      event.stopPropagation();
      read(event.dataTransfer.files[0]);
    },
    { capture: true },
  );
}

/** @param {File} file */
async function readText(file) {
  const tooLarge = {
    text: '',
    problem: `“${file.name}” is larger than ${MAX_TEXT / 1024} KiB, the most a session holds.`,
  };
  // Even with three bytes for each UTF-16 unit it could not fit.
  if (file.size > Math.max(MAX_TEXT * 3, MAX_ENCODED)) return tooLarge;
  let text;
  try {
    text = toLf(new TextDecoder('utf-8', { fatal: true }).decode(await file.arrayBuffer()));
  } catch {
    return { text: '', problem: `“${file.name}” is not a text file in UTF-8.` };
  }
  return text.length > MAX_TEXT ? tooLarge : { text, problem: '' };
}

/**
 * The name under which a text is saved. The writer chose it, and what a system does with a file
 * depends on its extension: the name ends with one of the language that the page shows, and nothing
 * before that looks like the extension of another kind of file.
 * @param {string} name @param {string} language
 */
export function downloadName(name, language) {
  const { extensions } = languageOf(language);
  if (name === '') return `codestream.${extensions[0]}`;
  const parts = name.split('.');
  const own = parts.length > 1 ? parts[parts.length - 1] : '';
  // Some files have no extension: Dockerfile.
  if (extensions.includes(name.toLowerCase())) return name;
  if (!extensions.includes(own.toLowerCase())) parts.push(extensions[0]);
  return parts.reduce((start, part, i) => {
    const isLast = i === parts.length - 1;
    return `${start}${!isLast && isExtension(part) ? '_' : '.'}${part}`;
  });
}

/** @param {string} text @param {string} name @param {string} language */
export const downloadText = (text, name, language) =>
  saveAs(text, downloadName(name, language), 'text/plain');

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
