import test from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { htmlLanguage } from '@codemirror/lang-html';
import { build } from 'esbuild';
import { REWRITTEN } from '../rewriting.mjs';

/** Parsers and trees as the page has them. */
async function rewrittenParts() {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { htmlLanguage } from '@codemirror/lang-html';
        export { cssLanguage } from '@codemirror/lang-css';
        export { NodeSet, NodeType, Tree, TreeFragment } from '@lezer/common';`,
      resolveDir: fileURLToPath(new URL('../', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
    plugins: REWRITTEN,
  });
  const script = Buffer.from(outputFiles[0].contents).toString('base64');
  return import(`data:text/javascript;base64,${script}`);
}

const rewritten = await rewrittenParts();

/** What the stacks of a parser, and those that they come from, hold, and how high they are. */
function held({ stacks }) {
  const found = new Set();
  for (const stack of stacks) for (let one = stack; one; one = one.parent) found.add(one);
  const sizes = [...found].map(({ stack }) => stack.length);
  return { all: sizes.reduce((sum, size) => sum + size, 0), highest: Math.max(...sizes) };
}

test('of a text with an error at each tag, a parser holds no more than what it is within, up to a bound', async () => {
  const { parser } = rewritten.htmlLanguage;
  const text = '<a <'.repeat(1_500);
  const parse = parser.startParse(text);
  const most = { all: 0, highest: 0 };
  for (let step = 0; !parse.advance(); step++)
    for (const [name, size] of Object.entries(step % 500 ? {} : held(parse.baseParse)))
      most[name] = Math.max(most[name], size);
  assert.ok(most.highest > 3_000 && most.highest <= 3_600 + 30, `${most.highest} numbers in a stack`);
  // There are a few at a time.
  assert.ok(most.all < 12 * 3_600, `${most.all} numbers`);
  const short = `<p>one <b>two</p> ${text.slice(0, 400)}`;
  assert.equal(String(parser.parse(short)), String(htmlLanguage.parser.parse(short)));
});

/** How many trees are within each other. */
function depthOf(tree) {
  let depth = 0;
  for (let level = [tree]; level.length > 0; depth++) level = level.flatMap(({ children = [] }) => children);
  return depth;
}

test('a tree is no deeper than what a browser has room for, and has all that is in it', async () => {
  const { parser } = rewritten.htmlLanguage;
  const tree = parser.parse('<a>'.repeat(3_000));
  assert.ok(depthOf(tree) > 450 && depthOf(tree) <= 510, `${depthOf(tree)} levels`);
  let names = 0;
  tree.iterate({ enter: ({ name }) => void (name === 'TagName' && names++) });
  assert.equal(names, 3_000);
});

/** All that is no tree, but packed into numbers. */
function buffersOf(tree) {
  const buffers = [];
  const trees = [tree];
  for (let one; (one = trees.pop()); ) (one.buffer ? buffers : trees).push(...(one.buffer ? [one] : one.children));
  return buffers;
}

test('in what is flat, a tree of before an edit is still a tree, and a note of the parser is no node', () => {
  const { NodeSet, NodeType, Tree } = rewritten;
  const types = ['top', 'level', 'leaf'].map((name, id) => NodeType.define({ id, name }));
  const nodeSet = new NodeSet(types);
  const [LEVELS, REUSE, LOOK_AHEAD] = [600, -1, -4];
  // Records as a parser leaves them: id, start, end, and how many numbers the node and what is in it take.
  const buffer = [2, 0, 1, 4, 0, 1, 2, REUSE, 999, 0, 0, LOOK_AHEAD, 2, 2, 3, 4];
  for (let level = 0; level < LEVELS; level++) buffer.push(1, 0, 3, buffer.length + 4);
  const reused = [new Tree(types[2], [], [], 1)];
  const tree = Tree.build({ buffer, nodeSet, topID: 0, reused, length: 3, maxBufferLength: 0 });
  for (const { buffer: numbers, set } of buffersOf(tree))
    for (let i = 0; i < numbers.length; i += 4) assert.ok(set.types[numbers[i]], `type ${numbers[i]}`);
  const leaves = [];
  tree.iterate({ enter: ({ name, from, to }) => void (name === 'leaf' && leaves.push([from, to])) });
  assert.deepEqual(leaves, [[0, 1], [1, 2], [2, 3]]);
});

test('a deep tree is at most twice as deep when parts of it are used again', () => {
  const { TreeFragment, cssLanguage: { parser } } = rewritten;
  let text = 'a('.repeat(4_000);
  let tree = parser.parse(text);
  let fragments = TreeFragment.addTree(tree);
  for (let edit = 0; edit < 4; edit++) {
    const at = text.length / 2;
    fragments = TreeFragment.applyChanges(fragments, [{ fromA: at, toA: at, fromB: at, toB: at + 2 }]);
    text = `${text.slice(0, at)}; ${text.slice(at)}`;
    tree = parser.parse(text, fragments);
    fragments = TreeFragment.addTree(tree, fragments);
    assert.ok(depthOf(tree) <= 1_020, `${depthOf(tree)} levels`);
  }
});
