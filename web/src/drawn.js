// How much of a line is drawn. Browsers take seconds to lay out a line in which thousands of marks
// stand over one letter, or in which the direction changes thousands of times; what comes after the
// first few hundred of them is left out of the picture, and stays in the text. Pure.

/** Of either kind, so many are drawn in a line. No line that is meant to be read has as many. */
export const MAX_COSTLY = 500;
/** No script needs more marks than these on one letter. */
const MARKS_ON_LETTER = 4;

const SIMPLE = /^[\0-\u02ff]*$/;
const MARK = /\p{M}/u;
/** Letters from right to left, some of them as halves of surrogate pairs. */
const LEFTWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\ud802\ud803\ud83a\ud83b]/;
const RIGHTWARDS = /[\p{L}\p{N}]/u;
const CONTROL = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

/**
 * Where the drawing of a line ends, before its own end; undefined: nowhere.
 * @param {string} line @param {number} [most] of either kind @returns {number | undefined}
 */
export function cutOf(line, most = MAX_COSTLY) {
  if (line.length <= most || SIMPLE.test(line)) return undefined;
  let turns = 0;
  let stacked = 0;
  let marks = 0;
  let leftwards = false;
  for (let i = 0; i < line.length; i++) {
    const unit = line[i];
    marks = MARK.test(unit) ? marks + 1 : 0;
    if (marks > MARKS_ON_LETTER) stacked++;
    else if (CONTROL.test(unit)) turns++;
    else if (marks === 0 && LEFTWARDS.test(unit) !== leftwards) {
      if (!leftwards || RIGHTWARDS.test(unit)) {
        turns++;
        leftwards = !leftwards;
      }
    }
    if (turns > most || stacked > most) return i;
  }
  return undefined;
}
