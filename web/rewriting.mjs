// Changes to the packages that the page is made of, as plugins of esbuild.

import { readFile } from 'node:fs/promises';

/**
 * A plugin that changes what a package's file says.
 * @param {string} name @param {RegExp} filter @param {[from: string, to: string][]} changes
 */
const rewriting = (name, filter, changes) => ({
  name,
  setup({ onLoad }) {
    onLoad({ filter }, async ({ path }) => {
      let contents = await readFile(path, 'utf8');
      for (const [from, to] of changes) {
        if (!contents.includes(from)) throw new Error(`${path} does not say ${from} any more`);
        contents = contents.replaceAll(from, to);
      }
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
  [['new (Intl.Segmenter)(undefined, { granularity: "word" })', 'null']],
);

/**
 * CodeMirror reads for so many ms what is on the screen, twice in the task that brings a grammar, and
 * once in each that changes the text. colours.js has the screen read in slices.
 */
const shortReading = rewriting(
  'short-reading',
  /@codemirror\/language\/dist\/index\.js$/,
  [['20 /* Work.Apply */', '5 /* Work.Apply */']],
);

/**
 * Where a text has an error, a parser goes on with a copy of its stack, and reads from the one before
 * only what that has found; yet that is kept whole for as long as the parser is at work. A text of
 * nothing but tags that end in each other took gigabytes, and the page was gone. A lower stack is also
 * copied sooner; each level of it has three numbers.
 */
const smallStacks = rewriting('small-stacks', /@lezer\/lr\/dist\/index\.js$/, [
  [
    '        this.minStackPos = newStacks[0].pos;\n',
    `        for (const { parent } of newStacks)
            for (let old = parent; old && old.stack.length; old = old.parent)
                if (!newStacks.includes(old)) old.stack = [];
        this.minStackPos = newStacks[0].pos;
`,
  ],
  ['8400 /* Rec.CutDepth */', '3600 /* Rec.CutDepth */'],
  ['6000 /* Rec.CutTo */', '3000 /* Rec.CutTo */'],
]);

/**
 * A tree is made, and read, by functions that call themselves at each level. V8 that has just begun to
 * run them has no room for 2,500 levels, and 2,000 braces of Rust were an error, which a reader would
 * have in the midst of an edit. What is deeper is flat, but for trees of before an edit, which are used
 * again and make it twice as deep. They were taken for nodes, of types that there are not, which was an
 * error at the next edit.
 */
const lowTrees = rewriting('low-trees', /@lezer\/common\/dist\/index\.js$/, [
  ['2500 /* CutOff.Depth */', '500 /* CutOff.Depth */'],
  [
    '            if (size > 4) { // Not a leaf\n',
    `            if (size < 0) { // No node: what is flat ends before it
                if (!nodeCount)
                    takeNode(parentStart, minPos, children, positions, -1, 0);
                break;
            }
            if (size > 4) { // Not a leaf
`,
  ],
]);

/** All of them, as plugins of esbuild. */
export const REWRITTEN = [withoutSegmenter, shortReading, smallStacks, lowTrees];
