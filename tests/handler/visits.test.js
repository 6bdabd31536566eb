// What a viewer's visit costs: how often the Functions host is invoked, and the service called. The bench
// counts a visit of ten minutes in virtual time; this holds its count against host, handler and service.
import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { countVisit } from '../../bench/audience/visits.mjs';
import { openViewer, openWriter } from '../../bench/end-to-end/peer.mjs';
import { eventually } from '../lib/deadline.js';
import { startStack } from '../lib/stack.js';
import { test } from '../lib/test.js';

const REQUESTS = 'http.server.request.start';
const WAIT_MS = 15_000;

/** Counts what reaches the servers of this process from now on. */
function count(stack) {
  const counts = { invocations: 0, restCalls: 0, left: 0 };
  const host = Number(new URL(stack.api).port);
  const service = Number(new URL(stack.service.endpoint).port);
  const see = ({ request }) => {
    const { localPort } = request.socket;
    if (localPort === host && request.method !== 'OPTIONS') counts.invocations += 1;
    if (localPort === host && request.headers['ce-eventname'] === 'disconnected') counts.left += 1;
    if (localPort === service && request.url.startsWith('/api/')) counts.restCalls += 1;
  };
  subscribe(REQUESTS, see);
  return { counts, end: () => unsubscribe(REQUESTS, see) };
}

test('a visit costs as many invocations and REST calls as the bench counts', async (t) => {
  const stack = await startStack({ host: true });
  t.after(() => stack.close());
  let said = [];
  const writer = await openWriter(stack.api, { onSend: (data) => said.push(data) });
  t.after(() => writer.stop());
  await eventually(WAIT_MS, () => writer.core.settled, 'the writer alone');
  const { counts, end } = count(stack);
  t.after(end);
  said = [];
  // On a busy machine it asks again before the answer has come.
  const asks = [];
  const viewer = await openViewer(stack.api, writer.link.room, {
    onText() {}, onSend: (data) => asks.push(data),
  });
  await eventually(WAIT_MS, () => viewer.core.flights.size === 0, 'the viewer is answered');
  viewer.stop();
  await eventually(WAIT_MS, () => counts.left === 1, 'the viewer leaves');
  await eventually(WAIT_MS, () => writer.core.viewers === 0, 'the writer hears of it');
  await eventually(WAIT_MS, () => writer.core.settled, 'whatever the writer has said is acknowledged');
  const model = countVisit(2);
  const answers = said.filter((data) => data.type === 'full').length;
  assert.ok(answers >= model.answers && answers <= model.answers + asks.length);
  // What the writer said meanwhile cost one of each, its answer included, and so did further questions.
  const spoken = said.length + asks.length;
  assert.deepEqual(
    { invocations: counts.invocations - spoken, restCalls: counts.restCalls - spoken },
    { invocations: model.invocations - model.answers, restCalls: model.restCalls - model.answers });
});
