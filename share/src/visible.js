// Text that may be written to a terminal: what would steer it is shown instead. Pure.

/** Control characters but tab and line feed, and what changes the direction of writing. */
const STEERING = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** @param {string} character */
function shown(character) {
  const code = character.charCodeAt(0);
  // Unicode has pictures of the first 32, and of DEL.
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`;
}

/** @param {string} text */
export const visible = (text) => text.replace(STEERING, shown);

/** The same on one line. @param {string} text */
export const visibleLine = (text) => visible(text).replace(/[\t\n]/g, ' ');

/** What is wrong, for standard error: it may hold an address, a file's name or a stranger's words. */
export const complaint = (/** @type {string} */ why) => `codestream-share: ${visibleLine(why)}\n`;
