import test from 'node:test';
import assert from 'node:assert/strict';
import { StringStream } from '@codemirror/language';
import { MAX_COLOURED, bound } from '../src/bound.js';

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
