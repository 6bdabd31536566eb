// The appearance of the page and of the text in it: theme, wrapping, text size. It is kept in the browser,
// and is the same for writer and viewer.

import { element } from './element.js';
import { preferences, savePreferences } from './store.js';

/** @typedef {'light' | 'dark' | 'contrast-dark' | 'contrast-light'} Theme */

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

/**
 * @typedef {ReturnType<typeof preferences>} Preferences
 * @typedef {{ setTheme?: (theme: Theme) => void, setPreferences: (values: Preferences) => void }}
 *   Screen  what has an appearance: the writer's editor or the viewer's reader
 */

/**
 * Connects the menu's choices to the page.
 * @returns {(screen: Screen) => void} connects them to what is loaded later
 */
export function connectAppearance() {
  const values = preferences();
  const theme = element('theme', HTMLSelectElement);
  const wrap = element('wrap', HTMLInputElement);
  const size = element('font-size', HTMLOutputElement);
  const indent = element('indent', HTMLSelectElement);
  /** @type {Screen | undefined} */
  let screen;

  const apply = () => {
    const { style, dataset } = document.documentElement;
    style.setProperty('--font-size', `${values.fontSize}px`);
    style.setProperty('--line-height', `${Math.round(values.fontSize * 1.55)}px`);
    dataset.wrap = String(values.wrap);
    const applied = applyTheme();
    screen?.setTheme?.(applied);
    screen?.setPreferences(values);
    theme.value = values.theme;
    wrap.checked = values.wrap;
    size.value = String(values.fontSize);
    indent.value = values.indent;
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
  indent.onchange = () => change({ indent: /** @type {any} */ (indent.value) });
  wrap.onchange = () => change({ wrap: wrap.checked });
  element('smaller', HTMLButtonElement).onclick = () => step(-1);
  element('larger', HTMLButtonElement).onclick = () => step(1);
  for (const query of [dark, contrast, forced]) query.addEventListener('change', apply);
  apply();
  return (loaded) => {
    screen = loaded;
    screen.setTheme?.(applyTheme());
    screen.setPreferences(values);
  };
}
