// How pages written after the articles write an edit: as Monaco's change events, or as the
// changes in them. Such a page can watch ours and be watched by it.

/** @typedef {import('./ops.js').Op} Op */

/**
 * @param {string} text  the text before the edits
 * @param {any[]} entries events (`{ changes: [change] }`) or changes (`{ range, rangeOffset,
 *   rangeLength, text }`)
 * @returns {Op[] | undefined} undefined if they are neither, or speak of places that are not there
 */
export function opsFromEvents(text, entries) {
  /** @type {Op[]} */
  const ops = [];
  // Monaco lists the changes of one event from the end of the text to its start, so one after the
  // other is right.
  for (const change of entries.flatMap((entry) =>
    Array.isArray(entry?.changes) ? entry.changes : [entry],
  )) {
    const place = placeOf(text, change);
    if (!place || typeof change.text !== 'string') return undefined;
    const [start, end] = place;
    const inserted = change.text.replace(/\r\n?/g, '\n');
    ops.push([start, end - start, inserted]);
    text = text.slice(0, start) + inserted + text.slice(end);
  }
  return ops;
}

/**
 * Lines and columns are better than offsets: these count two for a line end on a Windows machine.
 * @param {string} text @param {any} change
 */
function placeOf(text, change) {
  const range = change?.range;
  const start = range
    ? offsetAt(text, range.startLineNumber, range.startColumn)
    : change?.rangeOffset;
  const end = range
    ? offsetAt(text, range.endLineNumber, range.endColumn)
    : start + change?.rangeLength;
  return Number.isSafeInteger(start) &&
    Number.isSafeInteger(end) &&
    start >= 0 &&
    end >= start &&
    end <= text.length
    ? [start, end]
    : undefined;
}

/**
 * @param {string} text  the text before the edits
 * @param {Op[]} ops
 */
export function eventsFromOps(text, ops) {
  return ops.map(([offset, deleted, inserted]) => {
    const start = positionAt(text, offset);
    const end = positionAt(text, offset + deleted);
    text = text.slice(0, offset) + inserted + text.slice(offset + deleted);
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

/**
 * @param {string} text
 * @param {unknown} line
 * @param {unknown} column
 * @returns {number} -1 if there is no such place
 */
function offsetAt(text, line, column) {
  if (!Number.isSafeInteger(line) || !Number.isSafeInteger(column)) return -1;
  let start = 0;
  for (let i = 1; i < Number(line); i++) {
    start = text.indexOf('\n', start) + 1;
    if (start === 0) return -1;
  }
  const offset = start + Number(column) - 1;
  const end = text.indexOf('\n', start);
  return Number(line) >= 1 && offset >= start && offset <= (end < 0 ? text.length : end)
    ? offset
    : -1;
}

/** @param {string} text @param {number} offset */
function positionAt(text, offset) {
  let line = 1;
  let start = 0;
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) {
    line++;
    start = at + 1;
  }
  return { line, column: offset - start + 1 };
}
