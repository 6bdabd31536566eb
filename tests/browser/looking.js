// What is looked for on a page, whatever its state: what axe-core objects to, and what has no place.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

/** To be evaluated in the page before `violations`. */
const axe = readFileSync(
  new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url),
  'utf8',
);

/** Each theme, and the system for which it is chosen. */
const THEMES = {
  light: { colorScheme: 'light', contrast: 'no-preference' },
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  'contrast-light': { colorScheme: 'light', contrast: 'more' },
  'contrast-dark': { colorScheme: 'dark', contrast: 'more' },
};

const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** What axe-core objects to outside `except`, by these rules or by all; runs in the page. */
async function violations({ except, rules }) {
  const runOnly = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  const where = except ? { exclude: [[except]] } : document;
  const result = await window.axe.run(where, { resultTypes: ['violations'], ...runOnly });
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
}

/** axe-core finds nothing to object to. @param {string} [except] what is not looked at */
export async function isAccessible({ page }, except) {
  await page.evaluate(axe);
  assert.deepEqual(await page.evaluate(violations, { except }), []);
}

/** The same in every theme, where the rules of colours are all that could find something else. */
export async function isAccessibleInThemes(screen, except) {
  await isAccessible(screen, except);
  for (const [theme, media] of Object.entries(THEMES)) {
    await screen.page.emulateMedia(media);
    await screen.page.locator(`html[data-theme=${theme}]`).waitFor();
    assert.deepEqual(await screen.page.evaluate(violations, { except, rules: COLOUR_RULES }), [], theme);
  }
}

/** What is wider than the screen, outside it, or over something else; runs in the page. */
export function misplaced() {
  const faults = [];
  const { scrollWidth, scrollHeight } = document.documentElement;
  if (scrollWidth > innerWidth || scrollHeight > innerHeight)
    faults.push(`the document is ${scrollWidth} x ${scrollHeight}`);
  const name = ({ id, className }) => id || String(className);
  const seen = (part) =>
    part.getBoundingClientRect().width > 0 && getComputedStyle(part).clipPath === 'none';
  for (const part of [
    ...document.querySelectorAll('.bar *, .banner *, .timeline *, .menu, .sheet, .sheet *, .empty, dialog[open], dialog[open] *'),
  ].filter(seen)) {
    const { left, right } = part.getBoundingClientRect();
    if (right > innerWidth + 0.5 || left < -0.5) faults.push(`${name(part)} is outside`);
  }
  const parts = [...document.querySelectorAll('.bar > :not(.tools), .tools > *')]
    .filter(seen)
    .map((part) => [part, part.getBoundingClientRect()]);
  parts.forEach(([part, one], i) =>
    parts.slice(i + 1).forEach(([other, two]) => {
      const apart =
        one.left >= two.right - 1 ||
        two.left >= one.right - 1 ||
        one.top >= two.bottom - 1 ||
        two.top >= one.bottom - 1;
      if (!apart) faults.push(`${name(part)} over ${name(other)}`);
    }),
  );
  return faults;
}
