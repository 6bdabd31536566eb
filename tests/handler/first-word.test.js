// What a viewer's page says with its request to join does not get through: the page, on the real
// Socket.IO client, is in the room all the same, and the writer knows of it.
import assert from 'node:assert/strict';
import { openWriter } from '../../bench/end-to-end/peer.mjs';
import { Link } from '../../web/src/link.js';
import { deferred, eventually } from '../lib/deadline.js';
import { startFaultStack } from '../lib/fault-stack.js';
import { after, before, test } from '../lib/test.js';

const WAIT_MS = 15_000;
const HERE = { data: 'sync', epoch: 0, version: -1, form: 1, here: true };

let stack;
before(async () => {
  stack = await startFaultStack();
});
after(() => stack?.close());

/** A link that watches; resolves with whether it has said its word, once it has joined. */
function watch(t, room) {
  const outcome = deferred();
  const ignore = () => {};
  const listener = {
    ticket: ignore, joining: ignore, heard: ignore, presence: ignore,
    joined: (sid, said) => outcome.resolve(said),
    left: (trouble) => outcome.reject(new Error(`${trouble?.code}: ${trouble?.message}`)),
  };
  const link = new Link({ api: stack.api, room, firstWord: () => HERE, listener });
  t.after(() => link.stop());
  link.start();
  return outcome.promise;
}

test('a viewer whose first word is refused joins on the same connection, and is counted', async (t) => {
  const writer = await openWriter(stack.api, {});
  t.after(() => writer.stop());
  assert.equal(await watch(t, writer.link.room), true);
  await eventually(WAIT_MS, () => writer.core.viewers === 1, 'the first viewer is counted');
  stack.rest.answerWith(({ text }) => (text.includes('"joined":true') ? { status: 503 } : null));
  t.after(() => stack.rest.answerWith(null));
  assert.equal(await watch(t, writer.link.room), false);
  assert.equal(stack.rest.hits, 1);
  await eventually(WAIT_MS, () => writer.core.viewers === 2, 'the second viewer is counted');
});
