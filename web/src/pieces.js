// A text that takes many edits one after the other. It is kept in pieces, so that an edit copies
// what is near it and not the whole.

/** @typedef {import('./ops.js').Op} Op */

const SIZE = 4_096;

export class Pieces {
  /** @type {string[]} */
  #pieces;
  length;

  /** @param {string} text */
  constructor(text) {
    this.length = text.length;
    this.#pieces = cut(text);
  }

  /** @param {Op} op @returns {boolean} false if it reaches outside the text, which is then as before */
  apply([offset, deleted, inserted]) {
    if (offset + deleted > this.length) return false;
    const pieces = this.#pieces;
    let from = 0;
    let start = 0;
    while (from < pieces.length - 1 && start + pieces[from].length < offset)
      start += pieces[from++].length;
    let to = from;
    let end = start + pieces[from].length;
    while (end < offset + deleted) end += pieces[++to].length;
    const last = pieces[to];
    const tail = last.slice(last.length - (end - offset - deleted));
    const rest = end === offset + deleted ? '' : tail;
    const changed = pieces[from].slice(0, offset - start) + inserted + rest;
    pieces.splice(from, to - from + 1, ...(changed.length > 2 * SIZE ? cut(changed) : [changed]));
    this.length += inserted.length - deleted;
    return true;
  }

  toString() {
    return this.#pieces.join('');
  }
}

/** @param {string} text */
function cut(text) {
  const pieces = [];
  for (let at = 0; at < text.length; at += SIZE) pieces.push(text.slice(at, at + SIZE));
  return pieces.length > 0 ? pieces : [''];
}
