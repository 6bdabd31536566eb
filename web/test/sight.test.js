import test from 'node:test';
import assert from 'node:assert/strict';
import { isMissing, nearest, seenIn } from '../src/sight.js';

const HEIGHT = 20;

/** A reader of lines that are each so long, and so high. */
function view({ length = 100, height = HEIGHT, lines = 100, line = 'a'.repeat(length), ...rest }) {
  const viewportLineBlocks = Array.from({ length: lines }, (_, i) => ({
    from: i * (length + 1),
    to: i * (length + 1) + length,
    top: i * height,
    bottom: (i + 1) * height,
  }));
  const scrollDOM = { scrollTop: 0, scrollLeft: 0, clientWidth: 800, clientHeight: 10 * HEIGHT, ...rest };
  return {
    scrollDOM,
    documentPadding: { top: 0 },
    viewportLineBlocks,
    lineWrapping: rest.lineWrapping ?? false,
    defaultCharacterWidth: 8,
    state: { tabSize: 4, sliceDoc: () => line },
  };
}

test('the lines on the screen are seen, and of long ones the columns', () => {
  const seen = seenIn(view({ scrollTop: 30 * HEIGHT + 5 }));
  assert.deepEqual([seen.length, seen[0].from, seen.at(-1).to], [11, 30 * 101, 40 * 101 + 100]);
  const columns = (around) => seenIn(view({ length: 5_000, scrollLeft: 8_000 }), around)[0];
  assert.deepEqual(columns(0), { from: 1_000, to: 1_100 });
  // A thousand columns to the left may be as few as five hundred letters.
  assert.deepEqual(columns(80), { from: 495, to: 1_110 });
  assert.deepEqual(seenIn(view({ length: 10, scrollLeft: 8_000 }))[0], { from: 10, to: 10 });
});

test('a tab has several columns, a mark on a letter has none, and half of a surrogate pair has one', () => {
  const seen = (unit) => {
    const line = unit.repeat(1_000);
    const [{ from, to }] = seenIn(view({ length: line.length, line, lines: 1, scrollLeft: 3_200, clientWidth: 320 }));
    return [from / unit.length, to / unit.length];
  };
  assert.deepEqual(seen('a'), [400, 440]);
  assert.deepEqual(seen('\t'), [100, 110]);
  assert.deepEqual(seen('a\t'), [100, 110]);
  assert.deepEqual(seen('e\u0301'), [400, 440]);
  assert.deepEqual(seen('😀'), [200, 220]);
});

test('of a wrapped line that is higher than the screen, as large a part is seen as fits', () => {
  const wrapped = { lineWrapping: true, lines: 1, length: 20_000, height: 200 * HEIGHT };
  assert.deepEqual(seenIn(view({ ...wrapped, scrollTop: 50 * HEIGHT })), [{ from: 5_000, to: 6_000 }]);
  assert.deepEqual(seenIn(view({ ...wrapped, scrollTop: 50 * HEIGHT }), 10 * HEIGHT), [{ from: 4_000, to: 7_000 }]);
});

test('where not all can be drawn, what is seen is, then what is around it, then the rest', () => {
  const items = Array.from({ length: 10 }, (_, i) => ({ from: i, to: i + 1 }));
  const sight = { seen: [{ from: 4, to: 6 }], near: [{ from: 3, to: 8 }] };
  const froms = (most) => {
    const { chosen, whole } = nearest(items, most, () => sight);
    return [chosen.map(({ from }) => from).join(''), whole];
  };
  assert.deepEqual(froms(10), ['0123456789', undefined]);
  assert.deepEqual(froms(6), ['034567', sight.near]);
  assert.deepEqual(froms(5), ['34567', sight.near]);
  assert.deepEqual(froms(4), ['3456', sight.seen]);
  assert.deepEqual(froms(2), ['45', sight.seen]);
  // The next screen may have none of its elements yet.
  assert.deepEqual(froms(1), ['4', sight.seen]);
});

test('something is missing once the screen shows more than what is whole', () => {
  const whole = seenIn(view({ scrollTop: 30 * HEIGHT }), 10 * HEIGHT);
  for (const [line, missing] of [[30, false], [21, false], [39, false], [18, true], [42, true]])
    assert.equal(isMissing(view({ scrollTop: line * HEIGHT }), whole), missing, `at line ${line}`);
  assert.equal(isMissing(view({ scrollTop: 0 }), undefined), false);
});
