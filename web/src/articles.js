// How pages written after the articles write an edit: as Monaco's change events, or as the
// changes in them. Such a page can watch ours and be watched by it.

import { Lines } from './lines.js';
import { encodedSize } from './ops.js';
import { MAX_OPS } from './protocol.js';

/** @typedef {import('./ops.js').Op} Op */

/**
 * @param {string} text  the text before the edits
 * @param {any[]} entries events (`{ changes: [change] }`) or changes (`{ range, rangeOffset,
 *   rangeLength, text }`)
 * @returns {Op[] | undefined} undefined if they are neither, or too many, or speak of places that
 *   are not there
 */
export function opsFromEvents(text, entries) {
  /** @type {Op[]} */
  const ops = [];
  // Monaco lists the changes of one event from the end of the text to its start, so one after the
  // other is right.
  const changes = entries.flatMap((entry) =>
    Array.isArray(entry?.changes) ? entry.changes : [entry],
  );
  if (changes.length > MAX_OPS) return undefined;
  const lines = new Lines(text);
  for (const change of changes) {
    const place = placeOf(lines, change);
    if (!place || typeof change.text !== 'string') return undefined;
    const [start, end] = place;
    /** @type {Op} */
    const op = [start, end - start, change.text.replace(/\r\n?/g, '\n')];
    ops.push(op);
    lines.edit(op);
  }
  return ops;
}

/**
 * Lines and columns are better than offsets: these count two for a line end on a Windows machine.
 * @param {Lines} lines @param {any} change
 */
function placeOf(lines, change) {
  const range = change?.range;
  const start = range
    ? lines.offsetAt(range.startLineNumber, range.startColumn)
    : change?.rangeOffset;
  const end = range
    ? lines.offsetAt(range.endLineNumber, range.endColumn)
    : start + change?.rangeLength;
  return Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    start >= 0 &&
    end >= start &&
    end <= lines.length
    ? [start, end]
    : undefined;
}

/**
 * How many bytes edits take in this form, at most: each text stands in it twice.
 * @param {Op[]} ops
 */
export function encodedEventsSize(ops) {
  return ops.reduce((sum, op) => sum + 2 * encodedSize(op[2]) + 400, 2);
}

/**
 * @param {string} text  the text before the edits
 * @param {Op[]} ops
 */
export function eventsFromOps(text, ops) {
  const lines = new Lines(text);
  return ops.map((op) => {
    const [offset, deleted, inserted] = op;
    const start = lines.positionAt(offset);
    const end = lines.positionAt(offset + deleted);
    lines.edit(op);
    const range = {
      startLineNumber: start.line,
      startColumn: start.column,
      endLineNumber: end.line,
      endColumn: end.column,
    };
    const change = { range, rangeOffset: offset, rangeLength: deleted, text: inserted };
    return { ...change, changes: [change] };
  });
}
