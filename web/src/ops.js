// Text operations, and nothing else: what an edit is, how edits are merged, applied, compared and
// measured. Pure functions over strings. Offsets and lengths count UTF-16 units, line ends are
// always LF.

/**
 * One edit: at `offset`, `deleted` units are replaced by `inserted`. In a list, each edit refers to
 * the text that the one before it left.
 * @typedef {[offset: number, deleted: number, inserted: string]} Op
 */

/**
 * @param {string} text
 * @param {Op[]} ops
 * @returns {string | undefined} undefined if an edit reaches outside the text
 */
export function applyOps(text, ops) {
  for (const [offset, deleted, inserted] of ops) {
    if (offset + deleted > text.length) return undefined;
    text = text.slice(0, offset) + inserted + text.slice(offset + deleted);
  }
  return text;
}

/**
 * A list of edits that all refer to the same text and do not overlap, in an order in which each can
 * be applied to what the one before it left: from the end of the text to its start.
 * @param {Op[]} edits @returns {Op[]}
 */
export function inSequence(edits) {
  // Where one inserts at the very place from which another deletes, the deletion goes first.
  return [...edits].sort((a, b) => b[0] - a[0] || b[1] - a[1]);
}

/**
 * Adds one edit to a list. Where it touches what the last one inserted, the two become one, so that
 * a typed word is one edit and not five.
 * @param {Op[]} ops  changed in place
 * @param {Op} next
 */
export function pushOp(ops, next) {
  const [offset, deleted, inserted] = next;
  if (deleted === 0 && inserted === '') return;
  const last = ops[ops.length - 1];
  const lastEnd = last ? last[0] + last[2].length : -1;
  if (!last || offset > lastEnd || offset + deleted < last[0]) {
    ops.push([offset, deleted, inserted]);
    return;
  }
  const end = offset + deleted;
  const before = Math.max(0, last[0] - offset);
  const after = Math.max(0, end - lastEnd);
  const kept = last[2].slice(0, Math.max(0, offset - last[0]));
  const rest = end < lastEnd ? last[2].slice(end - last[0]) : '';
  last[0] = Math.min(last[0], offset);
  last[1] += before + after;
  last[2] = kept + inserted + rest;
  if (last[1] === 0 && last[2] === '') ops.pop();
}

/**
 * The smallest single edit that turns one text into the other; none if they are equal. It never
 * cuts a surrogate pair in two, because not every JSON reader accepts half a character.
 * @param {string} from
 * @param {string} to
 * @returns {Op[]}
 */
export function replacement(from, to) {
  if (from === to) return [];
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from.charCodeAt(start) === to.charCodeAt(start)) start++;
  if (start > 0 && isHighSurrogate(from.charCodeAt(start - 1))) start--;
  let tail = 0;
  while (
    tail < shorter - start &&
    from.charCodeAt(from.length - 1 - tail) === to.charCodeAt(to.length - 1 - tail)
  )
    tail++;
  if (tail > 0 && isLowSurrogate(from.charCodeAt(from.length - tail))) tail--;
  return [[start, from.length - tail - start, to.slice(start, to.length - tail)]];
}

/** @param {number} unit */
const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;
/** @param {number} unit */
const isLowSurrogate = (unit) => unit >= 0xdc00 && unit <= 0xdfff;

/**
 * FNV-1a over UTF-16 units, 32 bits. It finds accidents; it does not prevent forgery.
 * @param {string} text
 */
export function hash(text) {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    h = Math.imul(h ^ (unit & 0xff), 0x01000193);
    h = Math.imul(h ^ (unit >>> 8), 0x01000193);
  }
  return h >>> 0;
}

/**
 * The size of a string in a JSON message, in bytes.
 * @param {string} text
 */
export function encodedSize(text) {
  let bytes = 2;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20) bytes += '\b\t\n\f\r'.includes(text[i]) ? 2 : 6;
    else if (unit === 0x22 || unit === 0x5c) bytes += 2;
    else if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (isHighSurrogate(unit) && isLowSurrogate(text.charCodeAt(i + 1))) {
      bytes += 4;
      i++;
    } else if (unit >= 0xd800 && unit <= 0xdfff) bytes += 6;
    else bytes += 3;
  }
  return bytes;
}

/**
 * The greatest size of a list of edits in a JSON message, in bytes.
 * @param {Op[]} ops
 */
export function encodedOpsSize(ops) {
  return ops.reduce((sum, op) => sum + encodedSize(op[2]) + 20, 2);
}

/**
 * CRLF and lone CR become LF, and a byte order mark is removed.
 * @param {string} text
 */
export function toLf(text) {
  return text.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
}
