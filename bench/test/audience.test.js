// A room with many viewers in virtual time: what is promised of it, and that no figure grows.
import assert from 'node:assert/strict';
import test from 'node:test';
import { CASES, DEFAULTS } from '../audience/cases.mjs';
import { grown, play } from '../audience/record.mjs';
import { Room } from '../audience/room.mjs';

/** Plays a case, and holds what it costs against the record. */
function held(name) {
  const figures = play(name);
  assert.deepEqual(grown(name, figures), []);
  return figures;
}

let played;
/** What two tests look at. */
const idle = () => (played ??= play('idle'));

test('1,000 viewers join within 30 s, each is answered alone, and the stream does not slow down', () => {
  const figures = held('storm');
  assert.equal(figures.waiting, 0);
  assert.equal(figures.roomFulls, 0);
  assert.ok(figures.outMB <= 60, `${figures.outMB} MB`);
  // Five a second; in the first three nobody watches.
  assert.ok(figures.deltas >= 160, `${figures.deltas} deltas`);
  assert.ok(figures.waitP99 <= 1_200, `${figures.waitP99} ms`);
});

test('four askers a second for a minute get answers of 1 MB at most, and nobody else gets any', () => {
  const figures = held('hostile');
  assert.equal(figures.roomFulls, 0);
  assert.ok(figures.answers > 0 && figures.answerMB <= 1, `${figures.answerMB} MB`);
});

test('a socket that claims greater epochs causes no full to the room', () => {
  const figures = held('claims');
  assert.equal(figures.roomFulls, 0);
  assert.ok(figures.deltas > 250);
});

test('10,000 viewers join faster than the writer may answer, and all have the text soon', () => {
  const figures = held('crowd');
  assert.equal(figures.waiting, 0);
  assert.ok(figures.secondsUntilAllHave <= 6, `${figures.secondsUntilAllHave} s`);
});

test('a service that drops everybody has them back, counted once', () => {
  const figures = held('reconnect');
  assert.equal(figures.waiting, 0);
  assert.equal(figures.counted, 300);
  assert.ok(figures.roomFulls <= 1);
});

test('what has grown by more than a twentieth is named', () => {
  const figures = idle();
  assert.deepEqual(grown('idle', { ...figures, outMB: figures.outMB * 1.04 }), []);
  const [line, ...more] = grown('idle', { ...figures, outMB: figures.outMB * 1.06 });
  assert.match(line, /^idle outMB: /);
  assert.deepEqual(more, []);
  assert.equal(grown('no such case', figures).length, 6);
});

test('a room in which nothing happens costs its beats and nothing else', () => {
  const figures = idle();
  assert.deepEqual(grown('idle', figures), []);
  assert.equal(figures.outMessages, figures.beats * 100);
});

/** Bytes for the texts that an uplink of 1 Mbit/s takes seconds for. */
const LARGE = [
  { name: '786 kB for one viewer', text: `${'日本語'.repeat(29)}\n`.repeat(2_978), viewers: 1 },
  { name: '256 KiB for three viewers', text: `${'x'.repeat(79)}\n`.repeat(3_276), viewers: 3 },
];
for (const { name, text, viewers } of LARGE) {
  test(`over an uplink of 1 Mbit/s, ${name} keep their one connection`, () => {
    const room = new Room({ viewers, units: 1, seed: 1, text, uplink: 125_000 });
    const { time, writer } = room;
    room.joinWriter('socket-of-writer');
    time.run(5_000);
    room.joinAll(1);
    room.type(50_000);
    time.run(65_000);
    assert.ok(Buffer.byteLength(text) > 250_000 && writer.viewers === viewers);
    assert.equal(room.connections, 1);
    assert.equal(room.waiting, 0);
    for (const { viewer } of room.seats) assert.equal(viewer.text, writer.text);
  });
}

test('where the text is kept, 250 viewers join within 30 s and ask the writer ten times at most', () => {
  const viewers = 250;
  const { figures } = CASES.kept({ ...DEFAULTS, viewers, textBytes: 2_000 });
  assert.ok(figures.asks <= 10, `${figures.asks} questions`);
  assert.equal(figures.newest, viewers, 'all have the newest text, and know it');
  assert.ok(figures.reads <= 3 * viewers, `${figures.reads} reads`);
  assert.ok(figures.writes <= 25, `${figures.writes} writes`);
});
