// How much of a line is drawn. Browsers take seconds to lay out a line in which thousands of marks
// stand over one letter, or in which the direction changes thousands of times, and a good part of one
// where they look up in a dictionary, for each of a hundred thousand letters, at which a line may be
// broken, or find the place of each of as many tabs. What comes after the first of them is left out
// of the picture, and stays in the text. Pure.

/** Of each kind, so many are drawn in a line. No line that is meant to be read has as many. */
export const MAX_COSTLY = 500;
/** Tabs, and letters of scripts that write words without blanks, are drawn up to so many. */
export const MAX_SLOW = 5_000;
/** No script needs more marks than these on one letter. */
const MARKS_ON_LETTER = 4;

const SIMPLE = /^[\t\x20-\x7e\xa0-\xac\xae-\u02ff]*$/;
/** Thai, Lao, Burmese and Khmer. */
const UNSPACED = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]/;
const MARK = /\p{M}/u;
/** What joins the letters beside it, so that no line is broken between them: also initials of Hangul. */
const JOINING = /\u200d|\u094d|\u09cd|\u0acd|\u0b4d|\u0c4d|\u0d4d|[\u1100-\u115f\ua960-\ua97c]/;
/** Half of a surrogate pair: it goes on with the letter before it. */
const SECOND_HALF = /[\udc00-\udfff]/;
/** Letters from right to left, some of them as halves of surrogate pairs. */
const LEFTWARDS = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff\ud802\ud803\ud83a\ud83b]/;
const RIGHTWARDS = /[\p{L}\p{N}]/u;
/** Controls of direction, and characters for each of which the reader draws a sign. */
const CONTROL =
  /[\0-\x08\x0a-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffc]/;

/**
 * Where the drawing of a line ends, before its own end; undefined: nowhere.
 * @param {string} line @param {number} [most] of each kind @returns {number | undefined}
 */
export function cutOf(line, most = MAX_COSTLY) {
  if (line.length <= most) return undefined;
  if (SIMPLE.test(line)) return afterTabs(line);
  let turns = 0;
  let slow = 0;
  let stacked = 0;
  let marks = 0;
  let joined = 0;
  let leftwards = false;
  for (let i = 0; i < line.length; i++) {
    const unit = line[i];
    if (unit === '\t' || UNSPACED.test(unit)) slow++;
    marks = MARK.test(unit) ? marks + 1 : 0;
    const isJoined = marks > 0 || SECOND_HALF.test(unit) || JOINING.test(unit) || JOINING.test(line[i - 1]);
    joined = isJoined ? joined + 1 : 0;
    if (marks > MARKS_ON_LETTER) stacked++;
    else if (CONTROL.test(unit)) turns++;
    else if (marks === 0 && LEFTWARDS.test(unit) !== leftwards) {
      if (!leftwards || RIGHTWARDS.test(unit)) {
        turns++;
        leftwards = !leftwards;
      }
    }
    if (turns > most || stacked > most || joined > most || slow > MAX_SLOW) return i;
  }
  return undefined;
}

/** Where the first tab stands that is not drawn. @param {string} line */
function afterTabs(line) {
  let end = line.indexOf('\t');
  for (let tabs = 0; tabs < MAX_SLOW && end >= 0; tabs++) end = line.indexOf('\t', end + 1);
  return end < 0 ? undefined : end;
}
