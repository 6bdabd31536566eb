import test from 'node:test';
import assert from 'node:assert/strict';
import { Burst, DRAW_MS, MAX_EDITS } from '../src/burst.js';
import { applyOps } from '../src/ops.js';

/** Draws what a burst gives, and counts how often it does. */
function screen() {
  const burst = new Burst();
  const state = { burst, shown: '', drawings: 0 };
  state.draw = (text, now) => {
    const edits = burst.take(text, now);
    if (!edits) return;
    state.drawings++;
    state.shown = applyOps(state.shown, edits);
  };
  return state;
}

test('the first edit is drawn at once, and those of the next 200 ms together', () => {
  const { burst } = screen();
  burst.add([[0, 0, 'a']]);
  assert.deepEqual(burst.take('a', 1_000), [[0, 0, 'a']]);
  burst.add([[1, 0, 'b']]);
  assert.equal(burst.take('ab', 1_050), undefined);
  assert.equal(burst.wakeAt, 1_000 + DRAW_MS);
  burst.add([[2, 0, 'c']]);
  assert.deepEqual(burst.take('abc', burst.wakeAt), [
    [1, 0, 'b'],
    [2, 0, 'c'],
  ]);
  assert.equal(burst.wakeAt, Infinity);
});

test('64 deltas of a burst are two drawings, and the screen has the whole text', () => {
  const state = screen();
  let text = '';
  for (let i = 0; i < 64; i++) {
    text += String(i);
    state.burst.add([[text.length - String(i).length, 0, String(i)]]);
    state.draw(text, 1_000 + i);
  }
  state.draw(text, state.burst.wakeAt);
  assert.equal(state.drawings, 2);
  assert.equal(state.shown, text);
});

test('more edits than a few are drawn as one replacement', () => {
  const { burst } = screen();
  let text = 'x'.repeat(500);
  burst.drawn(text, 0);
  const edits = Array.from({ length: MAX_EDITS + 1 }, (_, i) => [i * 2, 1, 'y']);
  text = applyOps(text, edits);
  burst.add(edits);
  const drawn = burst.take(text, 1_000);
  assert.equal(drawn.length, 1);
  assert.equal(applyOps('x'.repeat(500), drawn), text);
});

test('what was drawn otherwise is not drawn again', () => {
  const { burst } = screen();
  burst.add([[0, 0, 'a']]);
  burst.drawn('a', 500);
  assert.equal(burst.wakeAt, Infinity);
  assert.equal(burst.take('a', 5_000), undefined);
});

test('a writer who only moves is drawn too, with no edit', () => {
  const { burst } = screen();
  burst.drawn('a', 0);
  burst.add([]);
  assert.deepEqual(burst.take('a', DRAW_MS), []);
});
