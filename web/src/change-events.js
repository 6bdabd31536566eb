// Edits as Monaco's change events, or as the changes in them: so they are encoded by pages written
// after the articles on which Codestream is modelled. Such a page can watch ours and be watched by
// it.

import { Lines } from './lines.js';
import { encodedSize } from './ops.js';
import { MAX_OPS } from './protocol.js';

/** @typedef {import('./ops.js').Op} Op */

/**
 * @param {string} text  the text before the edits
 * @param {any[]} entries  events (`{ changes: [change] }`) or changes (`{ range, rangeOffset,
 *   rangeLength, text }`)
 * @returns {Op[] | undefined} undefined if they are neither, or too many, or reach outside the text
 */
export function opsFromEvents(text, entries) {
  /** @type {Op[]} */
  const ops = [];
  // The articles' pages apply changes one after the other as they come. Monaco lists those of one
  // event from the end of the text to its start, which makes that right.
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
 * Lines and columns go before offsets, which count two units for a line end on a Windows machine.
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
 * The greatest size of edits in this encoding, in bytes: it has each text twice.
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
