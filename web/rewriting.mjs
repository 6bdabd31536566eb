// What the page has otherwise than the packages that it is made of, as plugins of esbuild.

import { readFile } from 'node:fs/promises';

/** A plugin that changes what a package's file says. */
const rewriting = (name, filter, from, to) => ({
  name,
  setup({ onLoad }) {
    onLoad({ filter }, async ({ path }) => {
      const source = await readFile(path, 'utf8');
      const contents = source.replaceAll(from, to);
      if (contents === source) throw new Error(`${path} does not say ${from} any more`);
      return { contents };
    });
  },
});

/**
 * CodeMirror's commands make something that cuts text into words as soon as they are loaded, which is a
 * long task on a slow phone. Only commands that the page does not have use it.
 */
const withoutSegmenter = rewriting(
  'without-segmenter',
  /@codemirror\/commands\/dist\/index\.js$/,
  'new (Intl.Segmenter)(undefined, { granularity: "word" })',
  'null',
);

/**
 * CodeMirror reads for so many ms what is on the screen, twice in the task that brings a grammar, and
 * once in each that changes the text. colours.js has the screen read in slices.
 */
const shortReading = rewriting(
  'short-reading',
  /@codemirror\/language\/dist\/index\.js$/,
  '20 /* Work.Apply */',
  '5 /* Work.Apply */',
);

/**
 * Where a text has an error, a parser goes on with a copy of its stack, and reads from the one before
 * only what that has found; yet that is kept whole for as long as the parser is at work. A text of
 * nothing but tags that end in each other took gigabytes, and the page was gone.
 */
const withoutOldStacks = rewriting(
  'without-old-stacks',
  /@lezer\/lr\/dist\/index\.js$/,
  '        this.minStackPos = newStacks[0].pos;\n',
  `        for (const { parent } of newStacks)
            for (let old = parent; old && old.stack.length; old = old.parent)
                if (!newStacks.includes(old)) old.stack = [];
        this.minStackPos = newStacks[0].pos;
`,
);

/** All of them, as plugins of esbuild. */
export const REWRITTEN = [withoutSegmenter, shortReading, withoutOldStacks];
