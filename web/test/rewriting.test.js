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

/** What the stacks of a parser, and those that they come from, hold. */
function heldBy({ stacks }) {
  const held = new Set();
  for (const stack of stacks) for (let one = stack; one; one = one.parent) held.add(one);
  return [...held].reduce((sum, { stack }) => sum + stack.length, 0);
}

test('of a text with an error at each tag, a parser holds no more than what it is within', async () => {
  const parser = await rewrittenParser();
  const text = '<a <'.repeat(1_500);
  const parse = parser.startParse(text);
  let most = 0;
  for (let step = 0; !parse.advance(); step++)
    if (step % 500 === 0) most = Math.max(most, heldBy(parse.baseParse));
  // A stack has three numbers for each tag that is open, and there are a few at a time.
  assert.ok(most > 1_000 && most < 12 * text.length, `${most} numbers`);
  const short = `<p>one <b>two</p> ${text.slice(0, 400)}`;
  assert.equal(String(parser.parse(short)), String(htmlLanguage.parser.parse(short)));
});
