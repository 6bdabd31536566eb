import test from 'node:test';
import assert from 'node:assert/strict';
import { Allowance } from '../src/allowance.js';
import { Hand } from '../src/hand.js';
import { Hands } from '../src/hands.js';
import {
  HANDS,
  HANDS_OFF,
  HAND_BURST,
  HAND_EVERY_MS,
  HEARD_BURST,
  MAX_HANDS,
  MAX_QUESTION,
  QUESTIONS,
  readHand,
  readReply,
} from '../src/hand-messages.js';
import { COLLECT_MS, MAX_RECIPIENTS, ROLL_CALL_MS } from '../src/protocol.js';
import { Viewer } from '../src/viewer.js';
import { Writer } from '../src/writer.js';
import { Stream, World, randomFrom } from './simulation.js';

const up = (n, more) => ({ n, up: true, line: undefined, question: '', ...more });
const down = (n) => ({ n, up: false, line: undefined, question: '' });

test('what may be done now and then is done a few times at once, then once in a while', () => {
  const allowance = new Allowance(2, 1_000);
  assert.deepEqual([0, 0, 0, 999].map((now) => allowance.take(now)), [true, true, false, false]);
  assert.equal(allowance.readyAt(999), 1_000);
  assert.deepEqual([1_000, 1_001].map((now) => allowance.take(now)), [true, false]);
  // Whoever waits does not save up more than that.
  assert.deepEqual([9e9, 9e9, 9e9].map((now) => allowance.take(now)), [true, true, false]);
});

test('a message about a hand has what it needs, and everything in it is cut to size', () => {
  assert.deepEqual(readHand({ data: 'hand', n: 1, up: true, line: 3 }), up(1, { line: 3 }));
  for (const raw of [null, 7, 'hand', [], {}, { data: 'hand' }, { data: 'hand', n: -1 }, { data: 'sync', n: 1 }])
    assert.equal(readHand(raw), undefined);
  for (const line of [0, -1, 1.5, '3', 1e9, null])
    assert.equal(readHand({ data: 'hand', n: 1, up: true, line }).line, undefined);
  assert.equal(readHand({ data: 'hand', n: 1, up: 'yes' }).up, false);
  const question = (text) => readHand({ data: 'hand', n: 1, question: text }).question;
  assert.equal(question('why\u202e\u0000 \u200b<b>\u2066?\n\tso'), 'why <b>? so');
  assert.equal(question('x'.repeat(5_000)), 'x'.repeat(MAX_QUESTION));
  assert.equal(question(`${'x'.repeat(MAX_QUESTION - 1)}😀`), 'x'.repeat(MAX_QUESTION - 1));
  assert.equal(question({}), '');
});

test('what is told of a hand is checked too', () => {
  const reply = { type: 'hand', epoch: 1, n: 2, state: 'noted' };
  assert.deepEqual(readReply(reply), { epoch: 1, n: 2, state: 'noted' });
  for (const change of [{ type: 'beat' }, { epoch: -1 }, { n: 'x' }, { state: 'raised' }])
    assert.equal(readReply({ ...reply, ...change }), undefined);
  assert.equal(readReply(undefined), undefined);
});

test('hands are listed in the order in which they went up, and keep to their lines', () => {
  const hands = new Hands(QUESTIONS);
  const text = 'one\ntwo\nthree\nfour';
  hands.heard('b', up(1, { line: 3 }), text, 10);
  hands.heard('a', up(1), text, 20);
  hands.heard('c', { ...down(1), question: 'why?' }, text, 30);
  hands.heard('d', up(1, { line: 99 }), text, 40);
  const shown = (now) => hands.list(now).map(({ sid, line, question }) => [sid, line, question]);
  assert.deepEqual(shown(text), [['b', 3, ''], ['a', undefined, ''], ['c', undefined, 'why?'], ['d', 4, '']]);
  // A line that comes in front moves it, one behind it does not.
  hands.edited([[0, 0, 'zero\n'], [text.length + 5, 0, '\nfive']]);
  assert.deepEqual(shown(`zero\n${text}\nfive`).map(([, line]) => line), [4, undefined, undefined, 5]);
  hands.edited([[0, 14, '']]);
  assert.equal(shown('ree\nfour\nfive')[0][1], 1);
  // The question comes after its hand, and changes no place.
  hands.heard('b', up(2, { question: 'so?' }), text, 50);
  assert.deepEqual(shown(text)[0], ['b', undefined, 'so?']);
  hands.heard('b', down(3), text, 60);
  hands.leave('a');
  assert.deepEqual(shown(text).map(([sid]) => sid), ['c', 'd']);
});

test('one socket has one hand: what is older or doubled changes nothing', () => {
  const hands = new Hands(HANDS);
  for (const message of [up(2), down(1), up(2), up(2)]) hands.heard('a', message, '', 0);
  assert.equal(hands.list('').length, 1);
  // Questions have to be allowed.
  hands.heard('a', up(3, { question: 'hm?' }), '', 0);
  assert.equal(hands.list('')[0].question, '');
  hands.allow(QUESTIONS);
  hands.heard('a', up(4, { question: 'hm?' }), '', 0);
  assert.equal(hands.list('')[0].question, 'hm?');
  hands.allow(HANDS);
  assert.equal(hands.list('')[0].question, '');
  hands.allow(HANDS_OFF);
  hands.heard('b', up(1), '', 0);
  assert.deepEqual(hands.list(''), []);
});

test('the writer hears of no socket more often than is allowed, and keeps no more than its bound', () => {
  const hands = new Hands(HANDS);
  for (let n = 1; n <= 100; n++) hands.heard('a', up(n, { line: n }), '\n'.repeat(200), 0);
  assert.equal(hands.list('\n'.repeat(200))[0].line, HEARD_BURST);
  for (let i = 0; i < 2 * MAX_HANDS; i++) hands.heard(`s${i}`, up(1), '', 1);
  assert.equal(hands.list('').length, MAX_HANDS);
  // Who has lowered the hand makes room.
  hands.heard('s1', down(2), '', 2);
  hands.heard('late', up(1), '', 3);
  const listed = hands.list('').map(({ sid }) => sid);
  assert.ok(listed.includes('late') && listed.length === MAX_HANDS);
});

test('who is noted or cleared is told, many with one message, and again if that was refused', () => {
  const hands = new Hands(HANDS);
  for (let i = 0; i < MAX_RECIPIENTS + 10; i++) hands.heard(`s${i}`, up(1), '', 0);
  hands.heard('other', up(7), '', 0);
  assert.equal(hands.take(0), undefined);
  hands.clearAll();
  const first = hands.take(0);
  assert.deepEqual([first.to.length, first.n, first.state], [MAX_RECIPIENTS, 1, 'cleared']);
  assert.equal(hands.take(COLLECT_MS - 1), undefined);
  hands.refused(first);
  const told = [];
  for (let now = COLLECT_MS; hands.wakeAt < Infinity; now += COLLECT_MS) told.push(hands.take(now));
  assert.equal(new Set(told.flatMap(({ to }) => to)).size, MAX_RECIPIENTS + 11);
  assert.deepEqual(told.map(({ n }) => n).sort(), [1, 1, 7]);
  // Whoever says it again did not hear it.
  hands.heard('other', up(7), '', 60_000);
  assert.deepEqual(hands.list(''), []);
  assert.deepEqual(hands.take(60_000), { to: ['other'], n: 7, state: 'cleared' });
});

test('what is forbidden and soon allowed again has come down at the viewers, too', () => {
  const hands = new Hands(QUESTIONS);
  hands.heard('a', up(1), '', 0);
  hands.heard('b', { ...down(1), question: 'why?' }, '', 0);
  hands.allow(HANDS);
  assert.deepEqual(hands.list('').map(({ sid }) => sid), ['a']);
  assert.deepEqual(hands.take(0), { to: ['b'], n: 1, state: 'cleared' });
  hands.allow(HANDS_OFF);
  hands.allow(HANDS);
  assert.deepEqual(hands.list(''), []);
  assert.deepEqual(hands.take(COLLECT_MS), { to: ['a'], n: 1, state: 'cleared' });
});

test('an edit that moves a line is a change that can be seen, and no other is', () => {
  const hands = new Hands(HANDS);
  hands.heard('a', up(1, { line: 2 }), 'one\ntwo', 0);
  const { version } = hands;
  hands.edited([[7, 0, '!']]);
  assert.equal(hands.version, version);
  hands.edited([[0, 0, 'zero\n']]);
  assert.notEqual(hands.version, version);
});

test('after a roll call, the hands of those who do not answer are gone', () => {
  const hands = new Hands(HANDS);
  hands.heard('a', up(1), '', 0);
  hands.heard('b', up(1), '', 0);
  hands.note('a');
  hands.take(0);
  hands.callRoll(10_000);
  hands.heard('a', up(1), '', 12_000);
  assert.equal(hands.wakeAt <= 10_000 + ROLL_CALL_MS, true);
  for (let now = 12_000; now <= 10_000 + ROLL_CALL_MS; now += COLLECT_MS) hands.take(now);
  assert.deepEqual(hands.list('').map(({ sid, noted }) => [sid, noted]), [['a', true]]);
});

test('a viewer tells of its hand as often as it may, and at last how it is', () => {
  const hand = new Hand();
  const said = [];
  for (let now = 0; now <= 60_000; now += 100) {
    if (now < 50_000) hand.set({ up: !hand.up, line: now }, now);
    const message = hand.poll(now);
    if (message) said.push(message);
    hand.answered(true, now);
  }
  assert.ok(said.length <= HAND_BURST + 60_000 / HAND_EVERY_MS + 1, `${said.length}`);
  const last = said[said.length - 1];
  assert.deepEqual([last.up, last.n], [hand.up, hand.n]);
  assert.equal(hand.wakeAt(60_000), Infinity);
});

test('a viewer sees that its hand was noted or lowered, and nothing that was meant for an earlier one', () => {
  const hand = new Hand();
  hand.set({ up: true, line: 2, question: 'why?' }, 0);
  assert.deepEqual(hand.poll(0), { data: 'hand', n: 1, up: true, line: 2, question: 'why?' });
  assert.equal(hand.poll(0), undefined);
  hand.answered(false, 1);
  // A refusal is not the end of it.
  const again = hand.wakeAt(1);
  assert.ok(again > 1 && again < Infinity);
  hand.replied({ epoch: 1, n: 0, state: 'cleared' });
  assert.equal(hand.state, 'raised');
  hand.replied({ epoch: 1, n: 1, state: 'noted' });
  assert.deepEqual([hand.up, hand.state], [true, 'noted']);
  hand.replied({ epoch: 1, n: 1, state: 'cleared' });
  assert.deepEqual([hand.any, hand.state], [false, 'cleared']);
  hand.set({ up: true }, 9_000);
  assert.deepEqual(hand.poll(9_000), { data: 'hand', n: 2, up: true });
  hand.answered(true, 9_000);
  hand.allow(HANDS_OFF);
  assert.deepEqual([hand.any, hand.state], [false, 'lowered']);
});

/** A writer with viewers, over a link that delays, loses and doubles messages. */
function room({ seed, viewers, hands = QUESTIONS, ...link }) {
  const world = new World({ seed, ...link });
  const writer = new Writer({ epoch: 1_000, text: 'a\nb\nc\n', language: 'c', name: '', hands });
  const stream = new Stream(world, writer);
  stream.joinWriter();
  for (let i = 0; i < viewers; i++) stream.addViewer(new Viewer({ random: world.random }));
  stream.run(15_000);
  return { world, writer, stream, seats: [...stream.viewers.values()] };
}

/** In `make test-slow`, 200. */
const VIEWERS = Number(process.env.HANDS_VIEWERS ?? 50);

test(`${VIEWERS} viewers raise and lower their hands for a minute: the writer knows them all, no text differs, no budget is exceeded`, () => {
  const { world, writer, stream, seats } = room({ seed: 20, viewers: VIEWERS, delay: 300, doubled: 0.05 });
  const random = randomFrom(21);
  const before = { ...world.sent };
  let typed = 0;
  for (let second = 0; second < 60; second++) {
    for (const seat of seats)
      if (random() < 0.5) {
        const question = random() < 0.2 ? `why ${second}?` : '';
        seat.viewer.hand.set({ up: random() < 0.5, line: 1 + Math.floor(random() * 3), question }, world.now);
        stream.pollViewer(seat);
      }
    const raised = writer.hands.list(writer.text);
    for (const { sid } of raised)
      if (random() < 0.02) writer.hands[random() < 0.5 ? 'note' : 'clear'](sid);
    writer.edit([[Math.floor(random() * writer.text.length), 0, `${typed++}\n`]]);
    stream.pollWriter();
    stream.run(1_000);
    if (second === 30) {
      writer.left();
      stream.joinWriter();
    }
  }
  stream.run(30_000);
  const sent = (kind) => world.sent[kind] - before[kind];
  assert.ok(sent('hand') > VIEWERS, 'hands were raised');
  const perViewer = HAND_BURST + 90_000 / HAND_EVERY_MS + 1;
  // Both ways; the writer tells at most one message each COLLECT_MS.
  assert.ok(sent('hand') <= VIEWERS * perViewer + 90_000 / COLLECT_MS, `${sent('hand')} messages about hands`);
  for (const seat of seats) assert.equal(seat.text, writer.text);
  const known = new Map(writer.hands.list(writer.text).map((raised) => [raised.sid, raised]));
  for (const { sid, viewer } of seats) {
    const { up: isUp, question, any } = viewer.hand;
    assert.equal(known.has(sid), any, `${sid} ${JSON.stringify(viewer.hand)}`);
    if (any) assert.deepEqual([known.get(sid).up, known.get(sid).question], [isUp, question]);
  }
});

test('a writer with a new connection learns of every hand again, and of none that is gone', () => {
  const { writer, stream, seats, world } = room({ seed: 3, viewers: 5, delay: 50 });
  for (const seat of seats) {
    seat.viewer.hand.set({ up: true }, world.now);
    stream.pollViewer(seat);
  }
  stream.run(2_000);
  assert.equal(writer.hands.list('').length, 5);
  writer.hands.note(seats[0].sid);
  stream.pollWriter();
  stream.run(1_000);
  assert.equal(seats[0].viewer.hand.state, 'noted');
  writer.left();
  stream.viewers.delete(seats[4].sid);
  stream.joinWriter();
  stream.run(10_000);
  const noted = Object.fromEntries(writer.hands.list('').map((hand) => [hand.sid, hand.noted]));
  assert.deepEqual(noted, Object.fromEntries(seats.slice(0, 4).map(({ sid }, i) => [sid, i === 0])));
  writer.allowHands(HANDS_OFF);
  stream.pollWriter();
  stream.run(2_000);
  assert.deepEqual(seats.slice(0, 4).map(({ viewer }) => viewer.hand.any), [false, false, false, false]);
});

test('a writer that does not know hands, as older pages, leaves viewers without any', () => {
  const { seats, writer, stream, world } = room({ seed: 4, viewers: 1, hands: HANDS_OFF });
  assert.equal(seats[0].viewer.session.hands, 0);
  seats[0].viewer.hand.set({ up: true }, world.now);
  stream.pollViewer(seats[0]);
  stream.run(20_000);
  assert.deepEqual(writer.hands.list(''), []);
});
