// The promise of the product: whatever the link does, viewers end with the writer's text, and
// what they show as live is a text that the writer published.

import test from 'node:test';
import assert from 'node:assert/strict';
import { Writer } from '../src/writer.js';
import { Viewer } from '../src/viewer.js';
import { toLf } from '../src/ops.js';
import { BEAT_MS } from '../src/protocol.js';
import { Stream, World } from './simulation.js';

/** Of each link; make test-slow has more of both. */
const EDITS = Number(process.env.PROPERTY_EDITS ?? 4_000);
const SEEDS = Number(process.env.PROPERTY_SEEDS ?? 1);
const PIECES = [
  'a',
  'b',
  '\n',
  ' ',
  'word',
  '(',
  '😀',
  '🇩🇪',
  'e\u0301',
  '日本',
  '\t',
  'if (x) {\n  y();\n}\n',
  '"',
  '\\',
  '\u0007',
];

/** The edits that undo `ops`, given the text before them: what an editor's undo reports. */
function invertOps(text, ops) {
  const inverse = [];
  for (const [offset, deleted, inserted] of ops) {
    inverse.unshift([offset, inserted.length, text.slice(offset, offset + deleted)]);
    text = text.slice(0, offset) + inserted + text.slice(offset + deleted);
  }
  return inverse;
}

/**
 * A person at an editor: types, deletes, pastes, uses several cursors, takes back and does again.
 */
class Typist {
  constructor(writer, random) {
    this.writer = writer;
    this.random = random;
    this.undo = [];
    this.redo = [];
    this.caret = 0;
  }

  int(max) {
    return Math.floor(this.random() * max);
  }

  /** A place between whole characters, as an editor's cursor is. */
  place(text) {
    let at = this.int(text.length + 1);
    if (at > 0 && at < text.length && /[\udc00-\udfff]/.test(text[at])) at--;
    return at;
  }

  act() {
    const dice = this.random();
    if (dice < 0.55) this.type();
    else if (dice < 0.7) this.remove();
    else if (dice < 0.8) this.severalCursors();
    else if (dice < 0.87) this.paste();
    else if (dice < 0.94) this.take(this.undo, this.redo);
    else this.take(this.redo, this.undo);
  }

  change(ops, from = this.undo) {
    const inverse = invertOps(this.writer.text, ops);
    assert.equal(this.writer.edit(ops), true);
    from.push(inverse);
    if (from === this.undo && this.undo.length > 200) this.undo.shift();
  }

  type() {
    const { text } = this.writer;
    if (this.random() < 0.1 || this.caret > text.length) this.caret = this.place(text);
    const piece = PIECES[this.int(PIECES.length)];
    this.change([[this.caret, 0, piece]]);
    this.caret += piece.length;
    this.redo = [];
  }

  remove() {
    const { text } = this.writer;
    const [from, to] = [this.place(text), this.place(text)].sort((a, b) => a - b);
    const end = this.random() < 0.995 ? Math.min(to, from + 10) : to;
    const whole = end < text.length && /[\udc00-\udfff]/.test(text[end]) ? end + 1 : end;
    if (whole > from) this.change([[from, whole - from, '']]);
    this.redo = [];
  }

  severalCursors() {
    const { text } = this.writer;
    const places = [
      ...new Set(Array.from({ length: 2 + this.int(5) }, () => this.place(text))),
    ].sort((a, b) => b - a);
    const piece = PIECES[this.int(PIECES.length)];
    // From the end to the start, as Monaco reports them.
    this.change(places.map((at) => [at, 0, piece]));
    this.redo = [];
  }

  paste() {
    const block = toLf(
      Array.from({ length: this.int(30) }, () => PIECES[this.int(PIECES.length)]).join('\r\n'),
    );
    this.change([[this.place(this.writer.text), 0, block]]);
    this.redo = [];
  }

  take(from, to) {
    const ops = from.pop();
    if (ops) this.change(ops, to);
  }
}

function play(seed, options) {
  const world = new World({ seed, ...options });
  const writer = new Writer({ epoch: 1, text: 'start', language: 'plaintext', name: '' });
  const stream = new Stream(world, writer);
  stream.joinWriter();
  const seats = [
    stream.addViewer(new Viewer({ random: world.random })),
    stream.addViewer(new Viewer({ random: world.random })),
  ];
  const typist = new Typist(writer, world.random);
  const wrongSince = new Map();
  let worst = 0;
  let longest = 0;
  for (let i = 0; i < EDITS; i++) {
    typist.act();
    longest = Math.max(longest, writer.text.length);
    stream.pollWriter();
    stream.run(world.random() < 0.01 ? 3_000 : world.random() * 120);
    if (options.breaks && world.random() < options.breaks) breakSomething(stream, seats, world);
    for (const seat of seats) {
      const { viewer } = seat;
      assert.equal(seat.text, viewer.text, 'the editor got other edits than the core');
      const right = viewer.text === stream.history.get(`${viewer.epoch}.${viewer.version}`);
      const live = viewer.connected && viewer.hasText && !viewer.behind && !viewer.away(world.now);
      if (right || !live) wrongSince.delete(seat);
      else if (!wrongSince.has(seat)) wrongSince.set(seat, world.now);
      else worst = Math.max(worst, world.now - wrongSince.get(seat));
    }
  }
  assert.ok(longest > 500, 'the texts were too short to mean anything');
  // A quiet time in which the link behaves: everything that was lost is found.
  Object.assign(world, { loss: 0, corrupt: 0 });
  stream.run(60_000);
  for (const seat of seats) {
    assert.equal(seat.text, writer.text, `seed ${seed}: a viewer ended with another text`);
    assert.equal(seat.viewer.version, writer.version);
    assert.equal(seat.viewer.behind, false);
  }
  return { world, worst, longest };
}

function breakSomething(stream, seats, world) {
  const { writer } = stream;
  if (world.random() < 0.5) {
    writer.left();
    world.at(world.now + world.random() * 5_000, () => {
      if (!writer.online) stream.joinWriter();
    });
  } else {
    const seat = seats[Math.floor(world.random() * seats.length)];
    seat.viewer.left();
    world.at(world.now + world.random() * 5_000, () => {
      if (!seat.viewer.connected) stream.joinViewer(seat);
    });
  }
}

const LINKS = {
  'a quiet link': { delay: 30 },
  'a slow link that reorders': { delay: 1_500 },
  'a link that loses every tenth message': { delay: 80, loss: 0.1 },
  'a link that doubles every third message': { delay: 300, doubled: 0.33 },
  'a link that does all of it and breaks': { delay: 600, loss: 0.05, doubled: 0.1, breaks: 0.004 },
};

for (const [name, options] of Object.entries(LINKS)) {
  test(`two viewers stay equal to the writer through ${EDITS} random edits over ${name}`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { worst } = play(seed * 7919, options);
      assert.equal(worst, 0, 'a text that was never published was shown as live');
    }
  });
}

test('a text that differs by a fault elsewhere is never shown as live longer than one beat', () => {
  for (let seed = 1; seed <= 2 * SEEDS; seed++) {
    const { worst } = play(seed * 104729, { delay: 60, corrupt: 0.02 });
    assert.ok(worst > 0, 'the fault was never made, so nothing was tested');
    // The beat itself takes its time, and so does the look at it.
    assert.ok(worst <= BEAT_MS + 500, `${worst} ms`);
  }
});
