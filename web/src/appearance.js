// The appearance of the page and of the text in it: theme, wrapping, text size. It is kept in the browser,
// and is the same for writer and viewer; what the page's address says of it comes first, and is not kept.

import { readSearch } from './address.js';
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

/** What is kept, but for what the address says. */
export const looks = () => ({ ...preferences(), ...readSearch(location.search).looks });

/** The theme to begin with, before there is an editor. @returns {Theme} */
export function followTheme() {
  return applyTheme(looks().theme);
}

/** @param {string} chosen @returns {Theme} */
function applyTheme(chosen) {
  const theme = themeOf(chosen);
  const { documentElement: root } = document;
  root.dataset.theme = theme;
  // The browser's own bar has the colour of the page's.
  const colour = getComputedStyle(root).getPropertyValue('--chrome').trim();
  if (colour)
    for (const meta of document.querySelectorAll('meta[name="theme-color"]'))
      meta.setAttribute('content', colour);
  return theme;
}

/** Lets the page follow the theme of the system, whether there is an editor or not. */
export function followSystem() {
  followTheme();
  for (const query of [dark, contrast, forced]) query.addEventListener('change', followTheme);
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
  const values = looks();
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
    const applied = applyTheme(values.theme);
    screen?.setTheme?.(applied);
    screen?.setPreferences(values);
    theme.value = values.theme;
    wrap.checked = values.wrap;
    size.value = String(values.fontSize);
    indent.value = values.indent;
  };
  const change = (/** @type {Partial<typeof values>} */ part) => {
    Object.assign(values, part);
    savePreferences({ ...preferences(), ...part });
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
    screen.setTheme?.(applyTheme(values.theme));
    screen.setPreferences(values);
  };
}
