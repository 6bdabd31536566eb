import test from 'node:test';
import assert from 'node:assert/strict';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Pieces } from '../src/pieces.js';
import { Playback } from '../src/playback.js';
import { Recorder } from '../src/recorder.js';
import { IDLE_MS, Recording } from '../src/recording.js';
import { PLACE, fileName, fromData, toData, toPage } from '../src/recording-file.js';
import { applyOps } from '../src/ops.js';
import { MAX_TEXT } from '../src/protocol.js';
import { Writer } from '../src/writer.js';
import { randomFrom } from './simulation.js';

const weightOf = ({ stretches }) => stretches.reduce((sum, { weight }) => sum + weight, 0);
const textAt = (recording, moment) => recording.show(moment).text;

/** Edits as somebody makes them who mostly types where they are. */
function* typing(random, count, text) {
  const pieces = new Pieces(text);
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (random() < 0.02) at = Math.floor(random() * pieces.length);
    at = Math.min(at, pieces.length);
    const deleted = random() < 0.2 ? Math.min(3, pieces.length - at) : 0;
    const ops = [[at, deleted, 'abc\n'[Math.floor(random() * 4)]]];
    pieces.apply(ops[0]);
    at++;
    yield { ops, text: () => String(pieces) };
  }
}

test('a text in pieces is the text, whatever is done to it', () => {
  for (let seed = 1; seed <= 5; seed++) {
    const random = randomFrom(seed);
    const int = (max) => Math.floor(random() * max);
    let text = 'x'.repeat(int(3) * 9_000);
    const pieces = new Pieces(text);
    for (let i = 0; i < 500; i++) {
      const offset = int(text.length + 1);
      const deleted = Math.min(text.length - offset, random() < 0.1 ? int(20_000) : int(4));
      const op = [offset, deleted, random() < 0.05 ? 'long '.repeat(int(3_000)) : `${i}`.repeat(int(3))];
      assert.ok(pieces.apply(op));
      text = applyOps(text, [op]);
      assert.equal(pieces.length, text.length);
      if (i % 20 === 0) assert.equal(String(pieces), text);
    }
    assert.equal(pieces.apply([text.length, 1, '']), false);
    assert.equal(String(pieces), text);
  }
});

test('every moment that was received can be shown again, in any order', () => {
  const random = randomFrom(1);
  const recording = new Recording();
  recording.add([[0, 0, 'first']], 'first', 0);
  const moments = ['first'];
  for (const { ops, text } of typing(random, 5_000, 'first')) {
    moments.push(text());
    recording.add(ops, text, moments.length * 10);
  }
  assert.deepEqual([recording.first, recording.last], [0, moments.length - 1]);
  moments.forEach((text, i) => assert.equal(textAt(recording, i), text));
  for (let i = 0; i < 300; i++) {
    const moment = Math.floor(random() * moments.length);
    assert.equal(textAt(recording, moment), moments[moment]);
    assert.equal(recording.show(moment).time, recording.place(moment).time);
  }
});

test('a moment before the first or after the last is the first or the last', () => {
  const recording = new Recording();
  assert.equal(textAt(recording, 3), '');
  recording.add([[0, 0, 'a']], 'a', 1);
  assert.equal(recording.empty, true);
  recording.add([[1, 0, 'b']], 'ab', 2);
  assert.equal(recording.empty, false);
  assert.deepEqual([textAt(recording, -5), textAt(recording, 99)], ['a', 'ab']);
});

test('its memory is bounded: the oldest moments go first, and their numbers with them', () => {
  const recording = new Recording({ maxWeight: 200_000 });
  let text = '';
  for (let i = 0; i <= 5_000; i++) {
    text += 'x';
    recording.add([[i, 0, 'x']], text, i);
    assert.ok(weightOf(recording) <= 200_000);
  }
  assert.ok(recording.first > 0);
  assert.equal(textAt(recording, recording.last), text);
  assert.equal(textAt(recording, recording.first).length, recording.first + 1);
  assert.equal(recording.momentAt(recording.begin - 1), recording.first);
});

test('steps that each exchange a large text are evicted in time too, and those that change nothing weigh nothing', () => {
  const maxWeight = 200_000;
  const recording = new Recording({ maxWeight });
  for (let i = 0; i < 100; i++) {
    const text = String(i).padEnd(20_000);
    recording.add([[0, i ? 20_000 : 0, text]], text, i);
    recording.add([[0, 0, '']], text, i);
    assert.ok(weightOf(recording) <= maxWeight);
  }
  assert.match(textAt(recording, recording.last), /^99 /);
  assert.equal(recording.last, 99);
});

test('pauses are short on the tape, and a place on it is the last moment before', () => {
  const recording = new Recording();
  const times = [0, 100, 300, 600_000, 600_050];
  times.forEach((time, i) => recording.add([[i, 0, 'x']], 'x'.repeat(i + 1), time));
  const places = times.map((_, i) => recording.place(i).at);
  assert.deepEqual(places, [0, 100, 300, 300 + IDLE_MS, 350 + IDLE_MS]);
  for (const [i, at] of places.entries())
    assert.deepEqual([recording.momentAt(at), recording.momentAt(at + 10)], [i, i]);
  assert.equal(recording.place(3).time, 600_000);
});

test('the tape is as long as the writer moved about, whether or not something was typed', () => {
  const recording = new Recording();
  recording.add([], 'abc', 0, { cursor: [[0, 0]] });
  for (let ms = 10; ms <= 10_000; ms += 10) recording.add([], 'abc', ms, { cursor: [[(ms / 10) % 3, 3]] });
  recording.add([[3, 0, 'd']], 'abcd', 10_010);
  assert.equal(recording.end, 10_010);
  assert.deepEqual(recording.place(recording.last), { time: 10_010, at: 10_010 });
  const { recording: read } = fromData(toData(recording, 0));
  for (let i = 0; i <= recording.last; i++) assert.equal(read.place(i).at, recording.place(i).at);
});

test('cursor and name belong to a moment; a cursor on its way is kept five times a second', () => {
  const recording = new Recording();
  recording.add([], 'abc', 0, { cursor: [[0, 0]], title: { language: 'c', name: '' } });
  recording.add([[3, 0, 'd']], 'abcd', 100, { cursor: [[4, 4]] });
  for (let i = 0; i < 100; i++) recording.add([], 'abcd', 1_000 + i * 10, { cursor: [[i % 4, 4]] });
  assert.ok(recording.last > 3 && recording.last < 10, `${recording.last}`);
  recording.add([], 'abcd', 9_000, { title: { language: 'c', name: 'a.c' } });
  const { cursor, title } = recording.show(recording.last);
  assert.deepEqual([cursor, title.name], [[[3, 4]], 'a.c']);
  assert.deepEqual(recording.show(0).cursor, [[0, 0]]);
  assert.equal(recording.show(1).title.name, '');
});

test('playing goes on as fast as it is told, and ends at the end', () => {
  const recording = new Recording();
  for (let i = 0; i <= 20; i++) recording.add([[i, 0, 'x']], 'x'.repeat(i + 1), i * 1_000);
  const playback = new Playback(recording);
  playback.by(-5_000);
  assert.deepEqual([playback.at, playback.moment], [15_000, 15]);
  playback.toggle(0);
  playback.tick(1_500);
  assert.equal(playback.at, 16_500);
  playback.speed = 4;
  playback.tick(2_000);
  assert.equal(playback.moment, 18);
  playback.tick(60_000);
  assert.deepEqual([playback.atEnd, playback.playing], [true, false]);
  playback.step(-1);
  playback.step(-1);
  assert.equal(playback.moment, 18);
  playback.go(-9);
  assert.equal(playback.moment, 0);
  playback.go(Infinity);
  playback.toggle(0);
  assert.deepEqual([playback.moment, playback.playing], [0, true]);
});

test('one change back leads on also where several changes came together', () => {
  const recording = new Recording();
  [0, 100, 200, 200, 200].forEach((time, i) => recording.add([[i, 0, 'x']], 'x'.repeat(i + 1), time));
  const playback = new Playback(recording);
  const seen = [];
  for (const count of [-1, -1, -1, 1, 1]) {
    playback.step(count);
    seen.push(playback.moment);
  }
  assert.deepEqual(seen, [1, 0, 0, 1, 4]);
  assert.equal(playback.atEnd, true);
});

test('a writer’s recording has what viewers could see: nothing of a pause before it is over', () => {
  const writer = new Writer({ epoch: 1, text: 'kept', language: 'c', name: 'a.c' });
  const recorder = new Recorder(writer);
  const type = (ops, now) => {
    writer.edit(ops);
    recorder.record(ops, now);
  };
  recorder.record([], 0);
  type([[4, 0, '!']], 100);
  writer.set({ paused: true });
  type([[0, 0, 'secret']], 200);
  type([[0, 6, 'shown ']], 300);
  writer.set({ paused: false });
  recorder.record([], 400);
  type([[0, 0, '>']], 500);
  const { recording } = recorder;
  const texts = Array.from({ length: recording.last + 1 }, (_, i) => textAt(recording, i));
  assert.deepEqual(texts, ['kept', 'kept!', 'shown kept!', '>shown kept!']);
});

const HOSTILE = '</script><script>alert(1)</script><!-- \u2028\u2029 \ud800 x \udc00 \u0000 %RECORDING% $& \\u003c';
const through = (data) => {
  const page = toPage(`<script type="application/json">${PLACE}</script>`, data);
  const [, json] = /^<script type="application\/json">([^<]*)<\/script>$/s.exec(page);
  return fromData(JSON.parse(json));
};

test('a file gives back each text, cursor and name, and what is hostile in them is data', () => {
  const recording = new Recording();
  recording.add([], HOSTILE, 5, { cursor: [[1, 2]], title: { language: 'html', name: 'a.html' } });
  const second = HOSTILE + HOSTILE;
  recording.add([[0, 0, HOSTILE]], second, 1_000.7, { cursor: [[9, 9]], title: { language: 'html', name: '</script>' } });
  recording.add([[0, 3, '']], second.slice(3), 90_000);
  const { recording: read, began } = through(toData(recording, 1_700_000_000_000));
  assert.equal(began, 1_700_000_000_000);
  assert.deepEqual([read.first, read.last], [0, 2]);
  for (let i = 0; i <= 2; i++) {
    const { text, cursor } = recording.show(i);
    assert.deepEqual([read.show(i).text, read.show(i).cursor], [text, cursor]);
  }
  assert.equal(read.show(1).title.name, '<script>');
  assert.equal(read.place(2).time, Math.round(1_000.7 - 5) + 88_999);
});

test('a file that somebody has changed is refused in words, or does no harm', () => {
  const recording = new Recording();
  recording.add([], 'abc', 0);
  recording.add([[3, 0, 'd']], 'abcd', 10);
  const good = toData(recording, 0);
  assert.equal(through(good).recording.last, 1);
  for (const [change, words] of [
    [null, /no recording/],
    [{ format: 'x' }, /no recording/],
    [{ version: 9 }, /version/],
    [{ text: 7 }, /damaged/],
    [{ text: 'x'.repeat(MAX_TEXT + 1) }, /damaged/],
    [{ rows: {} }, /damaged/],
    [{ rows: [7] }, /damaged/],
    [{ rows: [[-1, []]] }, /damaged/],
    [{ rows: [[1, [[9, 9, '']]]] }, /damaged/],
    [{ rows: [[1, [[0, 0, 7]]]] }, /damaged/],
    [{ rows: [[1, [[0, 0, 'x'.repeat(MAX_TEXT)]]]] }, /damaged/],
  ])
    assert.throws(() => fromData(change && { ...good, ...change }), words);
  const odd = fromData({ ...good, cursor: [['x', 1], 3], title: 7, began: 'x', rows: [[1, [], 7, 7]] });
  assert.deepEqual(odd.recording.show(0).cursor, []);
  assert.equal(odd.began, 0);
});

test('a file is called as the text is, and with its day', () => {
  const date = new Date('2026-03-04T23:00:00Z');
  assert.equal(fileName({ language: 'c', name: 'lesson one.c' }, date), 'lesson-one-2026-03-04.recording.html');
  assert.equal(fileName({ language: 'c', name: '' }, date), 'codestream-2026-03-04.recording.html');
});

test('an hour of edits on 250 KB stays below 40 MB of heap, and its file equals it at 100 random moments', () => {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  const heapMegabytes = () => {
    gc();
    return process.memoryUsage().heapUsed / 1024 / 1024;
  };
  const random = randomFrom(7);
  const before = heapMegabytes();
  const recording = new Recording();
  let text = 'line of a long text\n'.repeat(12_500);
  recording.add([], text, 0);
  /** Some texts, to compare with; not all, because they are heavy. */
  const kept = new Map();
  const wanted = new Set(Array.from({ length: 100 }, () => Math.floor(random() * 18_000)));
  let n = 0;
  for (const step of typing(random, 18_000, text)) {
    // A message's strings are its own.
    const ops = JSON.parse(JSON.stringify(step.ops));
    recording.add(ops, step.text, ++n * 200, { cursor: [[ops[0][0], ops[0][0]]] });
    if (!wanted.has(n)) continue;
    text = step.text();
    kept.set(recording.last, { near: text.slice(-60), length: text.length, sum: sum(text) });
  }
  assert.equal(recording.first, 0, 'the hour is whole');
  text = '';
  const megabytes = heapMegabytes() - before;
  assert.ok(megabytes < 40, `${Math.round(megabytes)} MB`);
  const { recording: read } = through(toData(recording, 0));
  assert.equal(read.last, recording.last);
  for (const [moment, { near, length, sum: expected }] of kept) {
    const shown = read.show(moment).text;
    assert.deepEqual([shown.length, shown.slice(-60), sum(shown)], [length, near, expected]);
    assert.equal(textAt(recording, moment), shown);
  }
});

/** @param {string} text */
function sum(text) {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) | 0;
  return value;
}
