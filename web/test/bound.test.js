import test from 'node:test';
import assert from 'node:assert/strict';
import { StringStream } from '@codemirror/language';
import { languages } from '@codemirror/language-data';
import { MAX_COLOURED, bound, boundMarkdown } from '../src/bound.js';
import { MAX_PAINTED, paintedIn } from '../src/painting.js';
import { styleOf } from '../src/tokens.js';

/** What CodeMirror does with a line. */
function read(parser, line) {
  const stream = new StringStream(line, 4, 2);
  const styles = [];
  for (let calls = 0; !stream.eol(); calls++) {
    assert.ok(calls < 100_000, 'the parser does not come to an end');
    stream.start = stream.pos;
    for (let i = 0; i < 10 && stream.pos === stream.start; i++) styles.push(parser.token(stream, {}));
    assert.ok(stream.pos > stream.start, 'the parser does not advance');
  }
  return { styles, end: stream.pos };
}

test('of a long line the first 2,000 characters are coloured', () => {
  let seen = 0;
  const parser = {
    token(stream) {
      seen = Math.max(seen, stream.string.length);
      stream.next();
      return 'a';
    },
  };
  bound(parser);
  assert.equal(read(parser, 'x'.repeat(20_000)).end, MAX_COLOURED);
  assert.equal(seen, MAX_COLOURED);
});

test('a grammar that throws or stands still costs the colours of a line and no more', () => {
  const throws = { token: () => { throw new Error('a fault of the grammar'); } };
  const still = { token: () => null };
  for (const parser of [throws, still]) {
    bound(parser);
    assert.equal(read(parser, 'words').end, 5);
  }
});

test('a grammar is bounded once, however often its language is chosen', () => {
  const parser = { token: (stream) => stream.next() };
  bound(parser);
  const { token } = parser;
  bound(parser);
  assert.equal(parser.token, token);
});

const { language: markdown } = await languages.find(({ name }) => name === 'Markdown').load();
boundMarkdown(markdown);

/** How often the tree of a text has a node of that name. */
function countIn(text, name) {
  let count = 0;
  markdown.parser.parse(text).iterate({
    enter: (node) => {
      if (node.name === name) count++;
    },
  });
  return count;
}

test('a paragraph of Markdown is read in parts, whatever its lines begin with', () => {
  for (const beginning of ['', '[', '    ']) {
    const text = `a\n${`${beginning}${'_a*a'.repeat(30)}\n`.repeat(400)}`;
    let longest = 0;
    markdown.parser.parse(text).iterate({
      enter: ({ name, from, to }) => {
        if (name === 'Paragraph') longest = Math.max(longest, to - from);
      },
    });
    assert.ok(longest > MAX_COLOURED / 2 && longest <= MAX_COLOURED, `${longest} characters at once`);
  }
});

test('the marks of Markdown count in lines up to 2,000 characters, and in each part of a paragraph', () => {
  assert.equal(countIn('*one*\ntwo\n**three**', 'Paragraph'), 1);
  assert.equal(countIn('*one*\ntwo\n    *three*', 'Emphasis'), 2);
  assert.equal(countIn(`*one* ${'x'.repeat(MAX_COLOURED)}`, 'Emphasis'), 0);
  assert.equal(countIn(`*one* ${'x'.repeat(MAX_COLOURED)}`, 'Paragraph'), 1);
  assert.equal(countIn('some *words* of a line\n'.repeat(1_000), 'Emphasis'), 1_000);
  boundMarkdown(markdown);
  assert.equal(countIn('*one*', 'Emphasis'), 1);
});

test('a line of Markdown opens a hundred quotes and lists at most, and the next one is read as ever', () => {
  for (const [unit, name] of [['> ', 'Blockquote'], ['* ', 'ListItem'], ['1. ', 'ListItem'], ['* > ', 'Blockquote']]) {
    const count = countIn(`${unit.repeat(5_000)}x\n\n# *one*\n`, name);
    assert.ok(count > 10 && count <= 100, `${count} of ${name}`);
  }
  assert.equal(countIn(`${'> '.repeat(5_000)}x\n\n# *one*\n`, 'Emphasis'), 1);
});

test('so many marks of a text are drawn and no more, first of all those that are seen', () => {
  const text = '*a* b\n\n'.repeat(MAX_PAINTED);
  const painted = (end, from) => {
    const seen = [{ from, to: text.length }];
    const what = [markdown.parser.parse(text), styleOf('markdown'), [{ from: 0, to: end }]];
    return paintedIn(what, () => ({ seen, near: seen })).decorations;
  };
  assert.ok(painted(70, 0).size >= 10);
  assert.equal(painted(text.length, 0).size, MAX_PAINTED);
  const end = painted(text.length, text.length - 700);
  assert.equal(end.size, MAX_PAINTED);
  let last = 0;
  end.between(text.length - 700, text.length, () => void last++);
  assert.equal(last, painted(700, 0).size);
});
