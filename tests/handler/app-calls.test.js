// What an application's plan comes to on the wire, and what its client is told when it cannot. The application (tests/apps/verbs.c) is only in builds for tests.
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

calls('rooms that no filter has room for are refused, and nothing is sent', async () => {
  const emit = (rooms) =>
    app.ack(userEvent(peer, 'emit', { rooms, event: 'news' }, { ack: 1 }));
  const rooms = (count, length) =>
    Array.from({ length: count }, (_, i) => String(i).padStart(length, 'x'));
  app.recorder.forget();
  for (const [code, list] of [['BadRequest', rooms(90, 90)], ['Internal', rooms(91, 1)]]) {
    const { success, error } = await emit(list);
    assert.deepEqual([success, error.code], [false, code]);
    assert.match(error.message, /rooms at once/);
    const line = await app.handler.log.next((one) => / name=emit /.test(one));
    assert.match(line, /level=(warn|error) /);
  }
  assert.equal(app.recorder.requests.length, 0);
  assert.deepEqual(await emit(rooms(50, 2)), { success: true });
  assert.equal(app.recorder.requests.length, 1);
});

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
