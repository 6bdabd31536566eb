// The brackets of a text, and how deep each is nested. Pure.

const BRACKETS = /[()[\]{}]/g;
const OPENING = '([{';
/** So many colours take turns; style.css has them. */
export const TURNS = 3;

/** @typedef {{ at: number, depth: number }} Bracket  depth: from 0 */

/**
 * @param {string} text
 * @param {{ from: number, to: number }[]} skipped  in order: strings and comments, in which nothing counts
 * @param {boolean} isCut  something is before the text, and may have opened what is closed here
 * @returns {Bracket[]} without those that close what nothing has opened
 */
export function bracketsIn(text, skipped, isCut) {
  /** @type {Bracket[]} */
  const found = [];
  let depth = 0;
  let least = 0;
  let next = 0;
  for (const { 0: sign, index: at = 0 } of text.matchAll(BRACKETS)) {
    while (next < skipped.length && skipped[next].to <= at) next++;
    if (next < skipped.length && skipped[next].from <= at) continue;
    if (OPENING.includes(sign)) {
      found.push({ at, depth: depth++ });
    } else if (depth > 0 || isCut) {
      found.push({ at, depth: --depth });
      least = Math.min(least, depth);
    }
  }
  return found.map((bracket) => ({ at: bracket.at, depth: bracket.depth - least }));
}
