// Two writers of one session, wherever their epochs come from: exactly one goes on, and the viewer
// has its text. Negotiate is modelled as the handler does it, with a clock for each handler.

import test from 'node:test';
import assert from 'node:assert/strict';
import { Takeover } from '../src/takeover.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { presence, randomFrom } from './simulation.js';

const CLOCK = 1_732_934_400_000;
const OK = { success: true };
const joined = presence('writer', 'joined');

class Scene {
  constructor(random = randomFrom(3)) {
    this.random = random;
    this.now = 0;
    this.writers = [];
    this.viewer = new Viewer({ random });
    this.viewer.joined('v', 0);
    this.sockets = 0;
  }

  /** What a handler whose clock is off by so much gives. */
  negotiate(greatest, offset) {
    const named = greatest > 2 ** 52 ? 0 : greatest;
    return Math.max(CLOCK + this.now + offset, named + 1) + Math.floor(this.random() * 1_000);
  }

  /** Somebody takes the session up. */
  open({ greatest = 0, offset = 0, sid = undefined }) {
    const writer = new Writer({ greatest, text: 'text', language: 'go', name: '' });
    const page = { writer };
    page.takeover = new Takeover({
      writer,
      announce: () => this.#announce(page),
      giveWay: () => writer.left(),
    });
    writer.admitted({ epoch: this.negotiate(greatest, offset) });
    this.writers.push(page);
    this.join(page, sid);
    return page;
  }

  join(page, sid = `socket${String(this.random()).slice(2, 8)}${this.sockets++}`) {
    page.writer.joined(sid, this.now);
    this.#announce(page);
    this.run(0);
  }

  /** To every other writer that is there. */
  #announce({ writer }) {
    const { sid, epoch } = writer;
    for (const other of this.writers)
      if (other.writer !== writer && other.writer.online)
        other.takeover.presence(joined(sid, { epoch }));
  }

  run(ms) {
    for (const end = this.now + ms; this.now <= end; this.now += 20) {
      for (const { writer } of this.writers) {
        for (const { id, data } of writer.poll(this.now)) {
          this.viewer.heard(JSON.parse(JSON.stringify(data)), writer.sid, this.now);
          if (id !== undefined) writer.answered(id, OK, this.now);
        }
      }
      for (const { id, data } of this.viewer.poll(this.now)) {
        this.viewer.answered(id, OK);
        for (const { writer } of this.writers) if (writer.online) writer.heard(data, 'v', this.now);
      }
    }
  }

  /** Everybody types what is their own; @returns who still writes. */
  type() {
    this.writers.forEach(({ writer }, i) => writer.edit([[0, 0, `${i}`.repeat(i + 1)]]));
    this.run(12_000);
    const left = this.writers.filter(({ writer, takeover }) => writer.online && !takeover.done);
    assert.equal(left.length, 1, 'exactly one writes');
    assert.equal(this.viewer.text, left[0].writer.text);
    assert.equal(this.viewer.behind, false);
    return left[0];
  }
}

test('a writer that was overtaken, slept and reconnects yields: the other one still writes', () => {
  const scene = new Scene();
  const laptop = scene.open({});
  scene.run(1_000);
  laptop.writer.left(); // it falls asleep
  scene.run(60_000);
  const desk = scene.open({ greatest: laptop.writer.epoch });
  scene.run(3_600_000 / 10);
  scene.join(laptop);
  assert.equal(scene.type(), desk);
  assert.equal(laptop.takeover.done, true);
});

test('of two tabs that name the same epoch exactly one writes, ahead of the clock and behind it', () => {
  for (const greatest of [0, CLOCK - 1_000_000, CLOCK + 1_000_000, 2 ** 52, 2 ** 53 - 1]) {
    for (const same of [true, false]) {
      const scene = new Scene(same ? () => 0.5 : randomFrom(greatest % 1_000));
      scene.open({ greatest });
      scene.now = 0; // at the same time
      scene.open({ greatest });
      scene.type();
    }
  }
});

test('whichever of two tabs with one epoch joins first, they agree on who goes on', () => {
  for (const [first, second] of [['aaa', 'bbb'], ['bbb', 'aaa']]) {
    const scene = new Scene(() => 0.5);
    const one = scene.open({ sid: first });
    scene.now = 0; // at the same time
    const two = scene.open({ sid: second });
    assert.equal(one.writer.epoch, two.writer.epoch);
    const greater = first > second ? one : two;
    assert.equal(scene.type(), greater);
  }
});

test('two handlers whose clocks differ by 10 s give the pen to the one who takes it, in both orders', () => {
  for (const [first, second] of [[10_000, 0], [0, 10_000], [-10_000, 10_000]]) {
    const scene = new Scene();
    const one = scene.open({ offset: first });
    scene.run(500);
    const two = scene.open({ greatest: one.writer.epoch, offset: second });
    assert.equal(scene.type(), two);
    const back = scene.open({ greatest: two.writer.epoch, offset: first });
    assert.equal(scene.type(), back);
  }
});
