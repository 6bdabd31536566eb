// What is looked for on a page, whatever its state: what axe-core objects to, and what has no place.
import { readFileSync } from 'node:fs';

/** To be evaluated in the page before `violations`. */
export const axe = readFileSync(
  new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url),
  'utf8',
);

/** Each theme, and the system for which it is chosen. */
export const THEMES = {
  light: { colorScheme: 'light', contrast: 'no-preference' },
  dark: { colorScheme: 'dark', contrast: 'no-preference' },
  'contrast-light': { colorScheme: 'light', contrast: 'more' },
  'contrast-dark': { colorScheme: 'dark', contrast: 'more' },
};

/** What axe-core objects to; runs in the page. */
export async function violations() {
  const result = await window.axe.run(document, { resultTypes: ['violations'] });
  return result.violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary}`),
  );
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
