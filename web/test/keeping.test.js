// A page that is about to go hands in its text: of keeping.js what is not the keeper's.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Keeping } from '../src/keeping.js';
import { now } from '../src/ticker.js';
import { Writer } from '../src/writer.js';

/** A page in a room that nobody watches, or somebody, and what it has handed in. */
function openPage(t, { watched }) {
  const writer = new Writer({ epoch: 7, text: 'a', language: 'c', name: '' });
  const step = () => {
    for (const { id } of writer.poll(now())) writer.answered(id, { success: true }, now());
  };
  writer.joined('w', now());
  if (watched) writer.presence({ role: 'viewer', state: 'joined', from: 'v' });
  const page = { writer, kept: [], answer: () => {} };
  const waiting = new Promise((resolve) => (page.answer = resolve));
  t.mock.method(globalThis, 'fetch', async (url, { body }) => {
    page.kept.push(JSON.parse(body).content);
    await waiting;
    return new Response('{}');
  });
  page.keeping = new Keeping({
    api: 'http://f.test', days: 7, session: { room: 'r', key: 'k' }, writer, changed: step, outranked() {},
    whenLeaving: (leave) => (page.leave = leave),
  });
  page.keeping.told = true;
  step();
  return page;
}

for (const watched of [false, true]) {
  test(`a page that goes hands in its last letters where ${watched ? 'somebody' : 'nobody'} watches`, (t) => {
    const page = openPage(t, { watched });
    // So soon after the last flush they wait for the next one.
    page.writer.edit([[1, 0, 'b']]);
    page.leave();
    assert.deepEqual(page.kept, ['ab']);
    page.answer();
  });
}

test('whoever hurries is told when what had been handed in before is kept', async (t) => {
  const page = openPage(t, { watched: true });
  page.keeping.step();
  let isDone = false;
  const done = page.keeping.hurry().then(() => (isDone = true));
  await new Promise(setImmediate);
  assert.deepEqual([page.kept, isDone], [['a'], false]);
  page.answer();
  await done;
});
