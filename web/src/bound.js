// Bounds on what CodeMirror's stream parsers do with one line. Pure.

/** Of a longer line, the rest has no colours, as in the writer's editor. */
export const MAX_COLOURED = 2_000;
/** A parser that has not moved in so many calls is moved on; after ten, CodeMirror gives up. */
const MAX_STUCK = 8;

/**
 * @param {any} parser  its function `token` is replaced, once
 */
export function bound(parser) {
  if (parser.bounded) return;
  parser.bounded = true;
  const { token } = parser;
  let stuck = 0;
  parser.token = (/** @type {any} */ stream, /** @type {any} */ state) => {
    if (stream.string.length > MAX_COLOURED) stream.string = stream.string.slice(0, MAX_COLOURED);
    const from = stream.pos;
    let style = null;
    try {
      style = token(stream, state);
    } catch {
      // A grammar that fails at a line fails at that line only.
      stream.skipToEnd();
    }
    stuck = stream.pos === from ? stuck + 1 : 0;
    if (stuck >= MAX_STUCK) stream.next();
    return style;
  };
}
