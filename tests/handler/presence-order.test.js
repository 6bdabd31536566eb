// A viewer who joins and is gone at once: the events are handled side by side, and the service may
// carry out their calls in any order. What the writer's page makes of it is right in each of them.
import assert from 'node:assert/strict';
import { systemEvent, userEvent } from '../lib/events.js';
import { HeldCalls } from '../lib/held-calls.js';
import { Connection } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';
import { BEAT_MS } from '../../web/src/protocol.js';
import { Writer } from '../../web/src/writer.js';

/** The first word of a viewer's page. */
const WORD = { data: 'sync', epoch: 0, version: -1, form: 1 };

let app;
let other;
before(async () => {
  app = await startRecorded({ env: { CODESTREAM_LOOPS: '2' } });
  // Connections are dealt out to the loops in turn: the second event meets another worker.
  other = await Connection.open(app.handler.port);
});
after(async () => {
  other?.close();
  await app?.close();
});

/** Of a viewer's calls: what they are, or nothing for those of others. */
function namesOf(viewer) {
  return ({ path, text }) => {
    if (path.endsWith('/:addToGroups')) return 'join';
    if (text.includes('ackJoinRoom')) return 'tell';
    if (!text.startsWith('42[') || !text.includes(viewer.socketId)) return undefined;
    const [, { joined, state }] = JSON.parse(text.slice(2));
    return joined ? 'joined' : state;
  };
}

/** Every order in which the calls can be carried out, where each may start after another. */
const SILENT = { join: [], tell: ['join'], joined: ['join'], left: [] };
/** Of a viewer that says something with its joinRoom. */
const SPEAKING = { join: [], joined: ['join'], left: [] };
function* orders(calls, done = []) {
  const names = Object.keys(calls).filter((name) => !done.includes(name));
  if (names.length === 0) yield done;
  for (const name of names) {
    if (calls[name].every((first) => done.includes(first))) yield* orders(calls, [...done, name]);
  }
}

/** A writer's page that somebody else watches as well. */
function openPage() {
  const writer = new Writer({ epoch: 1, text: 'x', language: 'plaintext', name: '' });
  writer.joined('w1', 0);
  writer.presence({ role: 'viewer', state: 'joined', from: 'somebody else' });
  return writer;
}

/** What the page tells its viewers within one beat from now. */
function lastBeat(writer) {
  let beat;
  for (let now = 0; now <= BEAT_MS; now = writer.wakeAt) {
    for (const { id, data } of writer.poll(now)) {
      writer.answered(id, { success: true }, now);
      if (data.type === 'beat') beat = data;
    }
  }
  return beat;
}

/** As web/src/socketio.js reads it. */
function hear(writer, text) {
  const [event, word] = text.startsWith('42') ? JSON.parse(text.slice(2)) : [];
  if (event === 'presence') writer.presence(word);
  if (!word?.joined) return;
  writer.presence({ role: 'viewer', state: 'joined', from: word.from });
  writer.heard(word.data, word.from, 0);
}

const cases = [
  ...[...orders(SILENT)].map((order) => ({ order, argument: {} })),
  ...[...orders(SPEAKING)].map((order) => ({ order, argument: { data: WORD } })),
];

for (const { order, argument } of cases) {
  const who = argument.data ? 'who spoke, joined' : 'who joined';
  test(`${who} and left is not counted: ${order.join(', ')}`, async () => {
    const { viewer } = newParty();
    const writer = openPage();
    const calls = new HeldCalls(app.recorder, namesOf(viewer));
    const join = app.send(
      userEvent(viewer, 'joinRoom', { room_id: viewer.room, ...argument }, { ack: 1 }));
    const leave = other.request(systemEvent(viewer, 'disconnected'));
    const open = new Map();
    for (const name of ['join', 'left']) open.set(name, await calls.next(name));
    for (const name of order) {
      const call = open.get(name);
      // The service carries it out, and the writer hears of it, before it says so.
      hear(writer, call.request.text);
      call.answer();
      if (name === 'join') {
        const following = order.filter((one) => !['join', 'left'].includes(one)).sort();
        for (const next of following.reverse()) open.set(next, await calls.next(next));
      }
    }
    assert.equal((await join).text, '431[{"success":true}]');
    assert.equal((await leave).status, 200);
    assert.equal(writer.viewers, 1);
    assert.equal(lastBeat(writer).viewers, 1);
  });
}
