// Whoever answers without an end is not read to the end: neither negotiate's answer nor a kept text.
import test from 'node:test';
import assert from 'node:assert/strict';
import { Connection } from '../src/connection.js';
import { readJson } from '../src/read-json.js';
import { TextStore } from '../src/text-store.js';

const MOST = 4 * 1024 * 1024;

/** A function app whose answers have no end. @returns what has been read of each, and whether it goes on */
function endless(t, status) {
  const answers = [];
  t.mock.method(globalThis, 'fetch', async (_, { signal }) => {
    const answer = { bytes: 0, aborted: signal.aborted };
    answers.push(answer);
    signal.addEventListener('abort', () => (answer.aborted = true));
    const pull = (controller) => {
      answer.bytes += 32 * 1024;
      assert.ok(answer.bytes < MOST, 'it is read on and on');
      controller.enqueue(new Uint8Array(32 * 1024).fill(0x20));
    };
    return new Response(new ReadableStream({ pull }), { status });
  });
  return answers;
}

test('JSON is read whatever its pieces are, as long as it may be and no longer', async () => {
  const bytes = new TextEncoder().encode('{"text":"gr\u00fcn"}');
  const pieces = () => new Response(new ReadableStream({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
      controller.close();
    },
  }));
  assert.deepEqual(await readJson(pieces(), bytes.length), { text: 'gr\u00fcn' });
  await assert.rejects(readJson(pieces(), bytes.length - 1), /too long/);
  await assert.rejects(readJson(new Response('{"text":'), 100), SyntaxError);
  await assert.rejects(readJson(new Response(null, { status: 204 }), 100), SyntaxError);
});

for (const status of [200, 500])
  test(`an answer of negotiate (${status}) that has no end is given up, and asked for again later`, async (t) => {
    const answers = endless(t, status);
    const core = { epoch: 0, poll: () => [], flights: { dead: () => false }, wakeAt: Infinity, left() {} };
    const device = { ticker: () => () => {}, hasNetwork: () => true, onNetwork() {} };
    const state = await new Promise((resolve) => {
      const show = () => connection.state.trouble && resolve(connection.state);
      const connection = new Connection({ api: 'http://app', core, show }, device);
      t.after(() => connection.stop());
      connection.start();
    });
    assert.equal(state.phase, 'connecting');
    assert.equal(state.trouble.final, false);
    assert.equal(answers[0].aborted, true);
  });

test('a kept text that has no end is none', async (t) => {
  const answers = endless(t, 200);
  assert.deepEqual(await new TextStore('http://app').read('room'), { status: 200, body: {} });
  assert.equal(answers[0].aborted, true);
});
