import test from 'node:test';
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { htmlLanguage } from '@codemirror/lang-html';
import { build } from 'esbuild';
import { REWRITTEN } from '../rewriting.mjs';

/** A parser as the page has it. */
async function rewrittenParser() {
  const { outputFiles } = await build({
    stdin: {
      contents: "export { htmlLanguage } from '@codemirror/lang-html'",
      resolveDir: fileURLToPath(new URL('../', import.meta.url)),
    },
    bundle: true,
    format: 'esm',
    write: false,
    plugins: REWRITTEN,
  });
  const script = Buffer.from(outputFiles[0].contents).toString('base64');
  return (await import(`data:text/javascript;base64,${script}`)).htmlLanguage.parser;
}

/** What the stacks of a parser, and those that they come from, hold, and how high they are. */
function held({ stacks }) {
  const found = new Set();
  for (const stack of stacks) for (let one = stack; one; one = one.parent) found.add(one);
  const sizes = [...found].map(({ stack }) => stack.length);
  return { all: sizes.reduce((sum, size) => sum + size, 0), highest: Math.max(...sizes) };
}

test('of a text with an error at each tag, a parser holds no more than what it is within, up to a bound', async () => {
  const parser = await rewrittenParser();
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
  const parser = await rewrittenParser();
  const tree = parser.parse('<a>'.repeat(3_000));
  assert.ok(depthOf(tree) > 900 && depthOf(tree) <= 1_010, `${depthOf(tree)} levels`);
  let names = 0;
  tree.iterate({ enter: ({ name }) => void (name === 'TagName' && names++) });
  assert.equal(names, 3_000);
});
