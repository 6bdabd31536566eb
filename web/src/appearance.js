// The appearance of the page and its editor: theme, wrapping, text size. It is kept in the browser,
// and is the same for writer and viewer.

import { element } from './element.js';
import { preferences, savePreferences } from './store.js';

/** @typedef {import('./monaco.js').Theme} Theme */

const FONT_SIZES = [10, 12, 13, 14, 16, 18, 20, 24, 28, 32];

const dark = matchMedia('(prefers-color-scheme: dark)');
const contrast = matchMedia('(prefers-contrast: more)');
const forced = matchMedia('(forced-colors: active)');

/** @param {string} chosen @returns {Theme} */
function themeOf(chosen) {
  if (chosen === 'contrast' || forced.matches || (chosen === 'system' && contrast.matches)) {
    return dark.matches || (chosen === 'contrast' && !forced.matches)
      ? 'contrast-dark'
      : 'contrast-light';
  }
  return chosen === 'dark' || (chosen === 'system' && dark.matches) ? 'dark' : 'light';
}

/** The theme to begin with, before there is an editor. @returns {Theme} */
export function applyTheme() {
  const theme = themeOf(preferences().theme);
  document.documentElement.dataset.theme = theme;
  return theme;
}

/** Lets the page follow the theme of the system, whether there is an editor or not. */
export function followSystem() {
  applyTheme();
  for (const query of [dark, contrast, forced]) query.addEventListener('change', applyTheme);
}

/** Connects the menu's choices to the editor. @param {import('./editor.js').Editor} editor */
export function connectAppearance(editor) {
  const values = preferences();
  const theme = element('theme', HTMLSelectElement);
  const wrap = element('wrap', HTMLInputElement);
  const size = element('font-size', HTMLOutputElement);

  const apply = () => {
    editor.setTheme(applyTheme());
    editor.setPreferences(values);
    theme.value = values.theme;
    wrap.checked = values.wrap;
    size.value = String(values.fontSize);
  };
  const change = (/** @type {Partial<typeof values>} */ part) => {
    savePreferences(Object.assign(values, part));
    apply();
  };
  const step = (/** @type {number} */ by) => {
    const index = FONT_SIZES.findIndex((candidate) => candidate >= values.fontSize) + by;
    change({ fontSize: FONT_SIZES[Math.min(FONT_SIZES.length - 1, Math.max(0, index))] });
  };
  theme.onchange = () => change({ theme: /** @type {any} */ (theme.value) });
  wrap.onchange = () => change({ wrap: wrap.checked });
  element('smaller', HTMLButtonElement).onclick = () => step(-1);
  element('larger', HTMLButtonElement).onclick = () => step(1);
  for (const query of [dark, contrast, forced]) query.addEventListener('change', apply);
  apply();
}
