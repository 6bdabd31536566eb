// Which REST calls of a plan are under way together, and for which of them the acknowledgement
// waits. The service answers each call when the test says so, and no clock is asked. The
// application of the longer plans (tests/apps/verbs.c) is only in builds for tests.
import assert from 'node:assert/strict';
import { controlRoom, group, joinRoom, newPeer, newRoom, readAck, sendToRoom, systemEvent,
  userEvent } from '../lib/events.js';
import { HeldCalls } from '../lib/held-calls.js';
import { Connection } from '../lib/http.js';
import { lacks } from '../lib/handler.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';

// One loop: what it has started before it answers a second event is then known to have started.
const ENV = { CODESTREAM_LOOPS: '1' };
const skip = lacks('verbs');

const SUCCESS = { success: true };
const FAILS = { status: 500 };

/** The handler with one application, a second connection to it, and calls that wait. */
class Stage {
  static async open(name) {
    const app = await startRecorded({ env: ENV, app: name });
    return Object.assign(new Stage(), { app, other: await Connection.open(app.handler.port) });
  }

  async close() {
    this.app.recorder.answerWith(null);
    this.other.close();
    await this.app.close();
  }

  /** Sends an event; the promise of its answer is in `answer`, and `isAnswered` tells. */
  begin(event, nameOf) {
    const calls = new HeldCalls(this.app.recorder, nameOf);
    const run = Object.assign(calls, { isAnswered: false });
    run.answer = this.app.send(event).then((answer) => {
      run.isAnswered = true;
      return answer;
    });
    return run;
  }

  /**
   * The same loop has served another event, REST call included: what was to start before that has
   * started, and what was to be answered has been.
   */
  async turn() {
    const probe = sendToRoom(newPeer('w', newRoom()), '"probe"', { ack: 1 });
    const self = userEvent(newPeer('v', newRoom()), 'self', {}, { ack: 1 });
    for (let i = 0; i < 2; i += 1) await this.other.request(this.isVerbs ? self : probe);
  }
}

/** What the test calls the calls of a join: by their operation, their group, their filter. */
function namesOf(peer) {
  const groups = {
    [group(peer.socketId)]: 'tell',
    [group(peer.room)]: 'viewers',
    [group(controlRoom(peer.room))]: 'writers',
  };
  return ({ path, text }) => {
    if (path.endsWith('/:addToGroups'))
      return text.includes(group(peer.socketId)) ? 'join' : undefined;
    return groups[/groups\/([^/]+)\/:send$/.exec(path)?.[1]];
  };
}

let page;
let theatre;
before(async () => {
  page = await Stage.open();
  if (skip) return;
  theatre = await Stage.open('verbs');
  theatre.isVerbs = true;
});
after(async () => {
  await page?.close();
  await theatre?.close();
});

test('a join is acknowledged after two calls, before others have heard of it', async () => {
  const { writer } = newParty();
  const run = page.begin(joinRoom(writer, writer.room, { ack: 5 }), namesOf(writer));
  const join = await run.next('join');
  await page.turn();
  assert.deepEqual(run.open, ['join'], 'nothing is beside a join');
  join.answer();
  const [tell, viewers] = [await run.next('tell'), await run.next('viewers')];
  await page.turn();
  assert.deepEqual(run.open.sort(), ['tell', 'viewers']);
  assert.equal(run.isAnswered, false);
  tell.answer();
  assert.deepEqual(readAck(await run.answer).value, SUCCESS);
  assert.deepEqual(run.open, ['viewers']);
  // Somebody may be in both rooms: the second of them comes when the first has been told.
  viewers.answer();
  const writers = await run.next('writers');
  assert.deepEqual(writers.beside, []);
  writers.answer();
});

test('an acknowledgement waits for what may not fail, whatever comes first', async () => {
  const { writer } = newParty();
  const run = page.begin(joinRoom(writer, writer.room, { ack: 5 }), namesOf(writer));
  (await run.next('join')).answer();
  const tell = await run.next('tell');
  for (const name of ['viewers', 'writers']) (await run.next(name)).answer();
  await page.turn();
  assert.equal(run.isAnswered, false);
  assert.deepEqual(run.open, ['tell']);
  tell.answer();
  assert.deepEqual(readAck(await run.answer).value, SUCCESS);
});

test('what may not fail and does is told, whatever went well beside it', async () => {
  const { writer } = newParty();
  const run = page.begin(joinRoom(writer, writer.room, { ack: 5 }), namesOf(writer));
  (await run.next('join')).answer();
  const [tell, viewers] = [await run.next('tell'), await run.next('viewers')];
  tell.answer(FAILS);
  const { success, error } = readAck(await run.answer).value;
  assert.deepEqual([success, error.code], [false, 'Upstream']);
  viewers.answer();
  await page.turn();
  assert.deepEqual(run.history.map(([name]) => name).sort(), ['join', 'tell', 'viewers'],
    'nothing more is started');
});

test('a failure behind an acknowledgement leaves a line of its own', async () => {
  const { viewer } = newParty();
  const run = page.begin(joinRoom(viewer, viewer.room, { ack: 5 }), namesOf(viewer));
  (await run.next('join')).answer();
  (await run.next('tell')).answer();
  const writers = await run.next('writers');
  assert.deepEqual(readAck(await run.answer).value, SUCCESS);
  writers.answer({ status: 403, headers: { 'x-ms-error-code': 'Unauthorized' } });
  const line = await page.app.handler.log.next((text) => text.includes(viewer.socketId) &&
    /event=late/.test(text));
  assert.match(line, /^level=warn .* calls=3 .* failure=.* rest_status=403 rest_error=Unauthorized$/);
});

test('the service hears that a socket is gone when all who are concerned have', async () => {
  const { writer } = newParty();
  const run = page.begin(systemEvent(writer, 'disconnected'), namesOf(writer));
  const viewers = await run.next('viewers');
  await page.turn();
  assert.deepEqual(run.open, ['viewers']);
  viewers.answer();
  const writers = await run.next('writers');
  assert.equal(run.isAnswered, false);
  writers.answer();
  assert.equal((await run.answer).status, 200);
});

test('a handler that is told to end finishes what goes on behind an answer', async () => {
  const app = await startRecorded({ env: ENV });
  const { writer } = newParty();
  const run = new HeldCalls(app.recorder, namesOf(writer));
  const answer = app.send(joinRoom(writer, writer.room, { ack: 5 }));
  (await run.next('join')).answer();
  (await run.next('tell')).answer();
  const viewers = await run.next('viewers');
  assert.deepEqual(readAck(await answer).value, SUCCESS);
  const stopped = app.close();
  await app.handler.log.next((line) => /event=stopping/.test(line));
  viewers.answer();
  (await run.next('writers')).answer();
  await stopped;
});

// ---- longer plans ----

const emit = (event, target = {}) => ({ verb: 'emit', event, ...target });
const join = (rooms, targets) => ({ verb: 'join', rooms, targets });

/** Names of a plan's calls: of an emit its event, of anything else its operation. */
const planNames = ({ path, text }) => {
  if (path.endsWith('/connections')) return 'count';
  const operation = /:(addTo|removeFrom)Groups$/.exec(path)?.[1];
  if (operation) return operation === 'addTo' ? 'join' : 'leave';
  const event = /^42\["([^"]+)"/.exec(text)?.[1];
  if (event) return event === 'news' ? undefined : event;
  return 'end';
};

const planned = (sentence, body) => test(sentence, { skip }, body);

/** Begins the plan that `verbs` makes of the socket's own id. */
function begin(verbs) {
  const peer = newPeer('v', newRoom());
  return theatre.begin(userEvent(peer, 'plan', verbs(peer.socketId), { ack: 1 }), planNames);
}

const ackOf = async (run) => readAck(await run.answer).value;

/** What two emits, one after the other in a plan, have in common decides. */
for (const [who, isTogether, first, second] of [
  ['the socket and all others', true, (me) => ({ rooms: [me] }), (me) => ({ except: [me] })],
  ['all others and the socket', true, (me) => ({ except: [me] }), (me) => ({ rooms: [me] })],
  ['the socket and a room except it', true,
    (me) => ({ rooms: [me] }), (me) => ({ rooms: ['a'], except: [me] })],
  ['the socket and rooms except it', true,
    (me) => ({ rooms: [me] }), (me) => ({ rooms: ['a', 'b'], within: 'c', except: ['d', me] })],
  ['a room and another except the first', true,
    () => ({ rooms: ['a'] }), () => ({ rooms: ['b'], except: ['a'] })],
  ['those within a room and a room except it', true,
    () => ({ rooms: ['a', 'b'], within: 'c' }), () => ({ rooms: ['a'], except: ['c'] })],
  ['the same socket twice', false, (me) => ({ rooms: [me] }), (me) => ({ rooms: [me] })],
  ['the same room twice', false, () => ({ rooms: ['a'] }), () => ({ rooms: ['a'] })],
  ['everybody twice', false, () => ({}), () => ({})],
  ['all others twice', false, (me) => ({ except: [me] }), (me) => ({ except: [me] })],
  ['the socket and a room', false, (me) => ({ rooms: [me] }), () => ({ rooms: ['a'] })],
  ['a room and the socket', false, () => ({ rooms: ['a'] }), (me) => ({ rooms: [me] })],
  ['two rooms', false, () => ({ rooms: ['a'] }), () => ({ rooms: ['b'] })],
  ['two rooms, each except the socket', false,
    (me) => ({ rooms: ['a'], except: [me] }), (me) => ({ rooms: ['b'], except: [me] })],
  ['two rooms, of which the other leaves out one', false,
    () => ({ rooms: ['a', 'b'] }), () => ({ rooms: ['c'], except: ['a'] })],
  ['a room and everybody', false, () => ({ rooms: ['a'] }), () => ({})],
  ['a room and those within it', false, () => ({ rooms: ['a'] }), () => ({ within: 'a' })],
  ['those except a room, and except another', false,
    () => ({ except: ['a'] }), () => ({ except: ['b'] })],
]) {
  planned(`${who}: ${isTogether ? 'together' : 'one after the other'}`, async () => {
    const run = begin((me) => [emit('one', first(me)), emit('two', second(me))]);
    const one = await run.next('one');
    await theatre.turn();
    if (!isTogether) {
      assert.deepEqual(run.open, ['one']);
      one.answer();
    }
    const two = await run.next('two');
    assert.equal(run.isAnswered, false);
    assert.deepEqual(run.open.sort(), isTogether ? ['one', 'two'] : ['two']);
    if (isTogether) one.answer();
    two.answer();
    assert.deepEqual(await ackOf(run), SUCCESS);
  });
}

for (const [what, barrier] of [
  ['a join', join(['x'], ['y'])],
  ['a leave', { ...join(['x'], ['y']), verb: 'leave' }],
  ['a disconnect', { verb: 'end', rooms: ['x'] }],
  ['a close', { verb: 'end', rooms: ['x'], close: true }],
]) {
  planned(`${what} is a barrier, also between emits that would start together`, async () => {
    const run = begin((me) => [
      emit('before', { rooms: [me] }), emit('beside', { except: [me] }), barrier,
      emit('after', { rooms: [me] }), emit('last', { except: [me] })]);
    const name = barrier.verb;
    const [one, two] = [await run.next('before'), await run.next('beside')];
    two.answer();
    await theatre.turn();
    assert.deepEqual(run.open, ['before']);
    one.answer();
    const middle = await run.next(name);
    await theatre.turn();
    assert.deepEqual(run.open, [name]);
    middle.answer();
    for (const call of [await run.next('after'), await run.next('last')]) call.answer();
    assert.deepEqual(await ackOf(run), SUCCESS);
    assert.deepEqual(run.history.map(([name_]) => name_).slice(2, 3), [name]);
  });
}

planned('a barrier that may fail is one all the same, and does not hold up the answer', async () => {
  const run = begin((me) => [
    emit('first', { rooms: [me] }),
    { ...join([me], ['a']), may_fail: true },
    emit('after', { rooms: ['a'], may_fail: true })]);
  const first = await run.next('first');
  await theatre.turn();
  assert.deepEqual(run.open, ['first']);
  first.answer();
  const joined = await run.next('join');
  assert.deepEqual(await ackOf(run), SUCCESS);
  assert.deepEqual(run.open, ['join']);
  joined.answer({ status: 400 });
  const last = await run.next('after');
  assert.deepEqual(last.beside, []);
  last.answer();
});

planned('a count is a stage of its own, and the answer waits for what follows from it', async () => {
  const run = begin((me) => [
    emit('first', { rooms: [me], may_fail: true }), { verb: 'count', targets: ['a'] }]);
  const first = await run.next('first');
  await theatre.turn();
  assert.deepEqual(run.open, ['first']);
  first.answer(FAILS);
  const count = await run.next('count');
  assert.deepEqual(count.beside, []);
  assert.equal(run.isAnswered, false);
  count.answer({ body: '{"value":[{},{},{}]}' });
  const told = await run.next('count');
  assert.match(told.request.text, /^42\["count",3\]$/);
  told.answer();
  assert.equal(await ackOf(run), 3);
});

planned('the first failure ends the plan, and the answer waits for what had started', async () => {
  const run = begin((me) => [
    emit('one', { rooms: [me] }), emit('two', { except: [me] }), emit('three', { rooms: [me] })]);
  const [one, two] = [await run.next('one'), await run.next('two')];
  one.answer(FAILS);
  await theatre.turn();
  assert.equal(run.isAnswered, false);
  two.answer();
  assert.equal((await ackOf(run)).error.code, 'Upstream');
  await theatre.turn();
  assert.deepEqual(run.history.map(([name]) => name).sort(), ['one', 'two']);
});

planned('what only may fail is acknowledged at once', async () => {
  const run = begin((me) => [emit('one', { rooms: [me], may_fail: true })]);
  assert.deepEqual(await ackOf(run), SUCCESS);
  (await run.next('one')).answer();
});
