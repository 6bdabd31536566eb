// What the page loads after it has begun to connect: the writer's editor, whose files start.js has
// asked for already, or the viewer's reader.

import { breath } from './ticker.js';

/** Monaco has a style sheet, which build.mjs names in the page. */
export async function loadEditor() {
  const [{ Editor }] = await Promise.all([import('./editor.js'), style('codestream-editor-style')]);
  return Editor;
}

/** Its files name each other one after the other; all are asked for at once. */
export async function loadReader() {
  const names = document.querySelector('script[data-reader]')?.getAttribute('data-reader') ?? '';
  for (const href of names.split(' ').filter(Boolean))
    document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href }));
  // What it is made of runs part by part: all of it in one task is long on a slow phone.
  for (const run of [() => import('@codemirror/state'), () => import('@codemirror/view')]) {
    await run();
    await breath();
  }
  const { Reader } = await import('./reader.js');
  return Reader;
}

export async function loadSharePanel() {
  const { SharePanel } = await import('./share-panel.js');
  return SharePanel;
}

export async function loadKeysHelp() {
  const { KeysHelp } = await import('./keys-help.js');
  return KeysHelp;
}

export async function loadSaving() {
  const { saveRecording } = await import('./save-recording.js');
  return saveRecording;
}

export async function loadHandForm() {
  const { HandForm } = await import('./hand-form.js');
  return HandForm;
}

export async function loadHandsList() {
  const { HandsList } = await import('./hands-list.js');
  return HandsList;
}

/** @param {string} name  of the meta element that has its address */
function style(name) {
  const link = document.createElement('link');
  link.rel = 'stylesheet';
  link.href = document.querySelector(`meta[name="${name}"]`)?.getAttribute('content') ?? '';
  return new Promise((resolve, reject) => {
    link.onload = resolve;
    link.onerror = () => reject(new Error(`${link.href} was not loaded`));
    document.head.append(link);
  });
}
