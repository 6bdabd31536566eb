// Where the lines of a text begin: converts line and column to offset and back, while the text is
// being edited. The text is scanned once; after that each lookup is a binary search.

/** The line that a place in a text is on, from 0. @param {string} text @param {number} offset */
export function lineAt(text, offset) {
  let line = 0;
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++;
  return line;
}

export class Lines {
  /** @param {string} text */
  constructor(text) {
    this.length = text.length;
    const starts = startsIn(text, 0);
    this.count = starts.length + 1;
    /** The offset of each line; the first `count` entries are in use. */
    this.starts = new Uint32Array(this.count * 2);
    this.starts.set(starts, 1);
  }

  /**
   * @param {unknown} line
   * @param {unknown} column
   * @returns {number} -1 if there is no such place
   */
  offsetAt(line, column) {
    if (!isPlace(line) || !isPlace(column) || line > this.count) return -1;
    const offset = this.starts[line - 1] + column - 1;
    const end = line < this.count ? this.starts[line] - 1 : this.length;
    return offset <= end ? offset : -1;
  }

  /** @param {number} offset */
  positionAt(offset) {
    const line = this.#countUpTo(offset);
    return { line, column: offset - this.starts[line - 1] + 1 };
  }

  /** @param {import('./ops.js').Op} op  an edit of the text */
  edit([offset, deleted, inserted]) {
    const before = this.#countUpTo(offset);
    const after = this.#countUpTo(offset + deleted);
    const fresh = startsIn(inserted, offset);
    const place = before + fresh.length;
    const count = place + this.count - after;
    if (count > this.starts.length) {
      const { starts } = this;
      this.starts = new Uint32Array(count * 2);
      this.starts.set(starts);
    }
    this.starts.copyWithin(place, after, this.count);
    this.starts.set(fresh, before);
    const by = inserted.length - deleted;
    for (let i = place; i < count; i++) this.starts[i] += by;
    this.count = count;
    this.length += by;
  }

  /** How many lines begin at this offset or before it. @param {number} offset */
  #countUpTo(offset) {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.starts[middle] <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** @param {unknown} value @returns {value is number} */
const isPlace = (value) => Number.isSafeInteger(value) && Number(value) >= 1;

/** @param {string} text @param {number} base */
function startsIn(text, base) {
  const starts = [];
  for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', end + 1))
    starts.push(base + end + 1);
  return starts;
}
