// The REST calls of an application's plan one by one, and what its client is told when one of them
// fails. The application (tests/apps/verbs.c) is only in builds for tests.
import assert from 'node:assert/strict';
import { newPeer, newRoom, readAck, userEvent } from '../lib/events.js';
import { lacks } from '../lib/handler.js';
import { startRecorded } from '../lib/recorded.js';
import { after, before, test } from '../lib/test.js';

const skip = lacks('verbs');
const calls = (sentence, body) => test(sentence, { skip }, body);

let app;
let peer;
before(async () => {
  if (skip) return;
  app = await startRecorded({ app: 'verbs' });
  peer = newPeer('v', newRoom());
});
after(() => app?.close());

/** Two filters' worth of rooms: two calls gather, one sends, one lets go. */
const MANY = Array.from({ length: 150 }, (_, i) => `room ${i}`);

const KINDS = { addToGroups: 'gather', removeFromGroups: 'let go', send: 'send' };
const kindOf = ({ path }) => KINDS[/:(\w+)$/.exec(path)[1]];
const kinds = () => app.recorder.requests.map(kindOf);

/** Emits to MANY while the service refuses the calls with these numbers; returns the ack. */
async function emit({ failing = [], ...target }) {
  let number = 0;
  app.recorder.forget();
  app.recorder.answerWith(() => {
    number += 1;
    return failing.includes(number) ? { status: 400 + number } : null;
  });
  try {
    const wish = { rooms: MANY, event: 'news', ...target };
    return await app.ack(userEvent(peer, 'emit', wish, { ack: 1 }));
  } finally {
    app.recorder.answerWith(null);
  }
}

/** The line of the last event, which is written before its answer is sent. */
const lastLine = () => app.handler.log.next((line) => / name=emit /.test(line));

calls('whoever was gathered for a long list of rooms is let go, wherever else he is', async () => {
  assert.deepEqual(await emit({ within: 'r' }), { success: true });
  assert.deepEqual(kinds(), ['gather', 'gather', 'send', 'let go']);
  const [first, , , last] = app.recorder.requests.map(({ text }) => text);
  const [gathered] = JSON.parse(first).groups;
  assert.deepEqual(JSON.parse(last), { groups: [gathered], filter: `'${gathered}' in groups` });
  assert.match(await lastLine(), /level=info/);
});

calls('that they could not be let go is logged, and the client is told of success', async () => {
  assert.deepEqual(await emit({ failing: [4] }), { success: true });
  assert.deepEqual(kinds(), ['gather', 'gather', 'send', 'let go']);
  assert.match(await lastLine(), /level=warn .*\bfailure=.* rest_status=404\b/);
});

for (const [what, failing, expected] of [
  ['the first call', [1], ['gather', 'let go']],
  ['another call that gathers', [2], ['gather', 'gather', 'let go']],
  ['the send', [3], ['gather', 'gather', 'send', 'let go']],
  ['the send and then the letting go', [3, 4], ['gather', 'gather', 'send', 'let go']],
]) {
  calls(`they are let go when ${what} fails, and the first failure is told`, async () => {
    const { success, error } = await emit({ failing });
    assert.deepEqual([success, error.code], [false, 'Upstream']);
    assert.deepEqual(kinds(), expected);
    assert.match(await lastLine(), new RegExp(`level=error .*\\brest_status=${400 + failing[0]}\\b`));
  });
}

calls('what is to be remembered goes along with the answer, and so does that nothing is', async () => {
  const remember = (event, changes) =>
    app.send(userEvent(peer, 'remember', { event }, { ack: 1, changes }));
  let answer = await remember('näme');
  const state = answer.header('ce-connectionState');
  assert.equal(state, Buffer.from('näme').toString('base64url'));
  answer = await remember('', { 'ce-connectionState': state });
  assert.equal(readAck(answer).value, 'näme');
  const nothing = answer.header('ce-connectionState');
  assert.match(nothing, /./);
  answer = await remember('x', { 'ce-connectionState': nothing });
  assert.equal(readAck(answer).value, '');
});
