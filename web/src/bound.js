// Bounds on what CodeMirror's parsers do at once, with one line or paragraph. Pure.

/** Of a longer line, the rest has no colours, as in the writer's editor. */
export const MAX_COLOURED = 2_000;
/** A parser that has not moved in so many calls is moved on; after ten, CodeMirror gives up. */
const MAX_STUCK = 8;

/**
 * For a stream parser.
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

/** Quotes and lists of Markdown within each other. What is deeper is a paragraph. */
const MAX_DEPTH = 100;

const BOUND_OF_MARKDOWN = {
  parseBlock: [
    {
      name: 'BoundDepth',
      before: 'LinkReference',
      parse: (/** @type {any} */ context, /** @type {any} */ line) => {
        if (context.depth <= MAX_DEPTH) return false;
        const { lineStart } = context;
        context.addElement(context.elt('Paragraph', lineStart + line.pos, lineStart + line.text.length));
        context.nextLine();
        return true;
      },
    },
    {
      name: 'BoundParagraph',
      before: 'LinkReference',
      leaf: () => ({
        // A paragraph ends before it is too long, and the next line begins another one.
        nextLine(/** @type {any} */ context, /** @type {any} */ line, /** @type {any} */ leaf) {
          const { start, content } = leaf;
          if (content.length + line.text.length < MAX_COLOURED) return false;
          const inline = context.parser.parseInline(content, start);
          context.addLeafElement(leaf, context.elt('Paragraph', start, start + content.length, inline));
          return true;
        },
        finish: () => false,
      }),
    },
  ],
  parseInline: [
    {
      name: 'BoundLine',
      before: 'Escape',
      parse: (/** @type {any} */ { text, end }) => (text.length > MAX_COLOURED ? end : -1),
    },
  ],
};

/**
 * Markdown's own parser reads a paragraph at once, however long, and looks back from each mark in it
 * over all before; it reads a line at once, however many quotes and lists that opens.
 * @param {any} language  its parser is replaced, once
 */
export function boundMarkdown(language) {
  if (language.bounded) return;
  language.bounded = true;
  language.parser = language.parser.configure(BOUND_OF_MARKDOWN);
}
