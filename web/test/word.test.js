// When the owner's word is asked for, kept and forgotten.
import test from 'node:test';
import assert from 'node:assert/strict';
import { keptWord } from '../src/store.js';
import { Word } from '../src/word.js';

const API = 'https://app.example';

/** A browser that keeps what it is told. */
function browser() {
  const kept = new Map();
  globalThis.window = {
    localStorage: {
      getItem: (name) => kept.get(name) ?? null,
      setItem: (name, value) => kept.set(name, value),
      removeItem: (name) => kept.delete(name),
    },
  };
  return kept;
}

/** A page that asks: `asked` has why each time, `enter` answers, `tries` counts. */
function page(api = API) {
  const seen = { asked: [], tries: 0, shown: undefined };
  const form = {
    ask: (problem, entered) => {
      seen.asked.push(problem);
      seen.enter = entered;
    },
    showKept: (kept) => {
      seen.shown = kept;
    },
  };
  seen.word = new Word(api, form, () => {
    seen.tries++;
  });
  return seen;
}

test('a word is asked for when it is wanted, and kept when it has opened a room', () => {
  const kept = browser();
  const seen = page();
  assert.equal(seen.word.word, '');
  seen.word.accepted();
  assert.equal(kept.size, 0, 'where none is wanted there is none to keep');
  seen.word.refused({});
  assert.deepEqual(seen.asked, ['']);
  seen.enter('the right word');
  assert.equal(seen.word.word, 'the right word');
  assert.equal(seen.tries, 1);
  assert.equal(kept.size, 0, 'it has opened nothing yet');
  seen.word.accepted();
  assert.equal(keptWord(API), 'the right word');
  assert.equal(seen.shown, true);
  assert.equal(page().word.word, 'the right word', 'of the next page too');
});

test('the page asks once for each refusal, even if the person cancels', () => {
  browser();
  const seen = page();
  const refusal = {};
  for (let i = 0; i < 3; i++) seen.word.refused(refusal);
  assert.equal(seen.asked.length, 1);
  seen.word.ask();
  assert.deepEqual(seen.asked, ['', ''], 'but when it is wished');
});

test('a wrong word is told from a changed one, and neither is kept', () => {
  const kept = browser();
  const seen = page();
  seen.word.refused({});
  seen.enter('wrong');
  seen.word.refused({});
  assert.match(seen.asked[1], /not the word/);
  assert.equal(kept.size, 0);
  seen.enter('right');
  seen.word.accepted();
  const next = page();
  next.word.refused({});
  assert.match(next.asked[0], /has been changed/);
  assert.equal(kept.size, 0);
  assert.equal(next.shown, false);
});

test('a word is kept for one function app, and can be forgotten', () => {
  browser();
  const seen = page();
  seen.word.refused({});
  seen.enter('right');
  seen.word.accepted();
  assert.equal(page('https://other.example').word.word, '');
  seen.word.forget();
  assert.equal(seen.shown, false);
  assert.equal(keptWord(API), '');
  assert.equal(page().word.word, '');
});
