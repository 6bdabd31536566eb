// What goes to the printer: the whole text, in place of the screen, which shows a part of it.

import { make } from './make.js';

/** @param {() => { name: string, text: string }} shown */
export function onPrint(shown) {
  const sheet = make('div', { class: 'print', translate: 'no' });
  document.body.append(sheet);
  addEventListener('beforeprint', () => {
    const { name, text } = shown();
    sheet.replaceChildren(...(name ? [make('h2', {}, name)] : []), make('pre', {}, text));
  });
  addEventListener('afterprint', () => sheet.replaceChildren());
}
