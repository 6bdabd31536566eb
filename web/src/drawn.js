// How much of a line is drawn. Browsers take seconds to lay out a line with thousands of combining
// marks or changes of direction; what comes after the first few hundred of them is left out of the
// picture, and stays in the text. Pure.

/** Of each kind, so many are drawn in a line. */
export const MAX_MARKS = 500;

/** Combining marks, the controls of direction, and letters that are written from right to left. */
const COSTLY =
  /[\u0300-\u036f\u0483-\u0489\u0591-\u05ff\u0600-\u08ff\u0900-\u0dff\u0e31-\u0e4e\u0eb1-\u0ece\u0f18-\u0fc6\u1037-\u109d\u135d-\u135f\u1a17-\u1aff\u1b00-\u1b73\u1cd0-\u1cff\u1dc0-\u1dff\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ua66f-\ua6f1\ua806-\uaaef\ufb1d-\ufdff\ufe00-\ufe0f\ufe20-\ufe2f\ufe70-\ufeff]/g;

/**
 * Where the drawing of a line ends, before its own end; undefined: nowhere.
 * @param {string} line @returns {number | undefined}
 */
export function cutOf(line) {
  if (line.length <= MAX_MARKS) return undefined;
  COSTLY.lastIndex = 0;
  for (let found = 0; COSTLY.test(line); ) if (++found > MAX_MARKS) return COSTLY.lastIndex - 1;
  return undefined;
}
