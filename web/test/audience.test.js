import test from 'node:test';
import assert from 'node:assert/strict';
import { Audience } from '../src/audience.js';
import { hash } from '../src/ops.js';
import { MAX_AUDIENCE, ROLL_CALL_ANSWERS, ROLL_CALL_MS } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';

const word = { plain: false, arrays: true, here: false };

/** An audience of so many viewers that have all spoken. */
function seated(count) {
  const audience = new Audience();
  for (let i = 0; i < count; i++) {
    audience.join(`v${i}`);
    audience.hear(`v${i}`, word);
  }
  return audience;
}

/** The roll is called, and those of a room who are asked answer. @returns how many did */
function roll(audience, room, now) {
  audience.callRoll(now);
  const asked = room.filter((viewer) => hash(viewer) % audience.sample === 0);
  for (const viewer of asked) audience.hear(viewer, { ...word, here: true });
  return asked.length;
}

test('every viewer has to have said that it reads arrays', () => {
  const audience = seated(3);
  assert.equal(audience.readsArrays, true);
  audience.join('silent');
  assert.equal(audience.readsArrays, false);
  audience.hear('silent', word);
  assert.equal(audience.readsArrays, true);
  for (const other of [{ plain: true, arrays: false }, { plain: false, arrays: false }]) {
    audience.hear('older', { ...word, ...other });
    assert.equal(audience.readsArrays, false);
    audience.leave('older');
    audience.gone.has('older');
    assert.equal(audience.readsArrays, true);
    audience.gone = new Audience().gone;
  }
  audience.callRoll(0);
  assert.equal(audience.readsArrays, false, 'somebody may have joined meanwhile');
  for (const viewer of ['v0', 'v1']) audience.hear(viewer, { ...word, here: true });
  audience.keepRoll(ROLL_CALL_MS);
  assert.deepEqual([audience.readsArrays, audience.size], [true, 2]);
  assert.equal(new Audience().readsArrays, false);
});

test('up to 500 viewers all answer a roll call', () => {
  const audience = seated(ROLL_CALL_ANSWERS);
  const room = [...audience.viewers.keys()].slice(100);
  assert.equal(roll(audience, room, 0), 400);
  audience.keepRoll(ROLL_CALL_MS);
  assert.deepEqual([audience.sample, audience.size], [1, 400]);
});

test('of more a sample answers, and stands for all', () => {
  const audience = seated(12_000);
  const room = [...audience.viewers.keys()].slice(3_000);
  const answers = roll(audience, room, 0);
  assert.ok(answers > 250 && answers < 550, `${answers} answers`);
  assert.equal(audience.size, 12_000, 'nothing is known before the roll call is over');
  audience.keepRoll(ROLL_CALL_MS);
  assert.ok(Math.abs(audience.size - 9_000) < 900, `${audience.size} counted`);
  const before = audience.size;
  audience.leave(room.find((viewer) => !audience.has(viewer)));
  assert.equal(audience.size, before - 1);
  audience.hear(room.findLast((viewer) => !audience.has(viewer)), word);
  assert.equal(audience.size, before - 1, 'who speaks was counted already');
  audience.join('new');
  assert.equal(audience.size, before);
});

test('who has made itself known by itself is not counted again for answering', () => {
  const audience = seated(2_000);
  const room = [...audience.viewers.keys()];
  audience.callRoll(0);
  for (const viewer of room) audience.join(viewer);
  for (const viewer of room.filter((one) => hash(one) % audience.sample === 0))
    audience.hear(viewer, { ...word, here: true });
  audience.keepRoll(ROLL_CALL_MS);
  assert.equal(audience.size, 2_000);
});

test('more viewers than are listed are counted all the same', () => {
  const audience = new Audience();
  for (let i = 0; i < MAX_AUDIENCE + 10; i++) audience.join(`v${i}`);
  assert.deepEqual([audience.viewers.size, audience.size], [MAX_AUDIENCE, MAX_AUDIENCE + 10]);
  audience.leave(`v${MAX_AUDIENCE + 5}`);
  assert.equal(audience.size, MAX_AUDIENCE + 9);
});

test('a viewer answers a roll call if it is in the sample, and asks for nothing by that', () => {
  let answers = 0;
  const count = 400;
  for (let i = 0; i < count; i++) {
    const viewer = new Viewer({ random: () => 0.5 });
    viewer.joined(`socket${i}`, 0);
    const full = {
      type: 'full', epoch: 1, version: 1, content: '', n: 0, hash: hash(''), sample: 4, viewers: count,
    };
    viewer.heard({ ...full, seq: 1, sid: 'w1' }, 'w', 0);
    viewer.presence({ role: 'writer', state: 'joined', from: 'w2' }, 100);
    viewer.heard({ ...full, seq: 2, sid: 'w2' }, 'w', 200);
    for (let now = 100; now < 5_000; now += 100) {
      for (const { id, data } of viewer.poll(now)) {
        viewer.answered(id, { success: true }, now);
        assert.equal(data.here, true);
        answers++;
      }
    }
  }
  assert.ok(answers > count / 8 && answers < count / 2, `${answers} of ${count}`);
});

test('an older page gets what it reads even where it is only counted', () => {
  const audience = seated(MAX_AUDIENCE);
  assert.equal(audience.readsArrays, true);
  for (const plain of [false, true]) {
    audience.join(`older-${plain}`);
    audience.hear(`older-${plain}`, { plain, arrays: false, here: false });
    assert.equal(audience.readsArrays, false);
    audience.leave(`older-${plain}`);
    assert.equal(audience.readsArrays, true);
  }
});
