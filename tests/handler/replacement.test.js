// What a deployment does while people are connected: the handler is replaced, moved, given a key.
// It has no state, so nobody may notice.
import assert from 'node:assert/strict';
import { test } from '../lib/test.js';
import { ACCESS_KEY, connectionString, startHandler } from '../lib/handler.js';
import { Crowd, TRANSPORTS } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';

const SECOND_KEY = 'another access key, as long as keys must be';

/** The writer asks for nothing new, the viewer gets what is written: in both directions. */
async function talk({ writer, viewers: [viewer], room }, text) {
  const said = await writer.ask('sendToRoom', { room_id: room, data: text });
  assert.deepEqual(said, { success: true });
  assert.equal((await viewer.message('editorMessage')).data, text);
  await viewer.ask('sendToRoom', { room_id: room, data: { data: 'sync' } });
  assert.equal((await writer.message('editorMessage')).from, viewer.id);
}

async function eventsGoTo(stack, handler) {
  await stack.service.setEventHandlers('codestream', [{
    urlTemplate: `${handler.url}/api/eventhandler?code=x`,
    userEventPattern: '*',
    systemEvents: ['connect', 'connected', 'disconnected'],
  }]);
}

/** Runs `body` with a stack and people in a room, and ends all of it. */
async function withRoom(options, body) {
  const stack = await startStack(options);
  const crowd = new Crowd(stack.api, TRANSPORTS.websocket);
  try {
    const people = await crowd.room(1);
    await talk(people, 'before');
    await body(stack, people, crowd);
  } finally {
    crowd.close();
    await stack.close();
  }
}

test('people who are connected do not notice that the handler is replaced by another', async () => {
  await withRoom({}, async (stack, people) => {
    const other = await startHandler({ service: stack.service.connectionString });
    await eventsGoTo(stack, other);
    await talk(people, 'after');
    await eventsGoTo(stack, stack.handler);
    await talk(people, 'and back');
    await other.stop();
  });
});

test('a handler that dies takes nobody with it: a successor on its port goes on', async () => {
  await withRoom({}, async (stack, people) => {
    const { handler } = stack;
    handler.kill('SIGKILL');
    await handler.exited;
    stack.handler = await startHandler({
      service: stack.service.connectionString, args: ['--port', String(handler.port)],
    });
    await talk(people, 'after');
  });
});

test('what people say while the handler is away is not lost if it is back in time', async () => {
  const service = { retryDelaysMs: Array(50).fill(100) };
  await withRoom({ service }, async (stack, { writer, viewers: [viewer], room }) => {
    const { handler } = stack;
    const say = (data) => writer.ask('sendToRoom', { room_id: room, data });
    await handler.stop();
    const said = ['one', 'two', 'three'].map(say);
    stack.handler = await startHandler({
      service: stack.service.connectionString, args: ['--port', String(handler.port)],
    });
    for (const answer of await Promise.all(said)) assert.deepEqual(answer, { success: true });
    await viewer.message('editorMessage', ({ data }) => data === 'three');
    assert.deepEqual(viewer.heard().map(({ data }) => data), ['before', 'one', 'two', 'three']);
  });
});

test('a writer key of one handler is good at another: a reload may meet any instance', async () => {
  await withRoom({}, async (stack, { viewers, room, writer }) => {
    const other = await startHandler({ service: stack.service.connectionString });
    const crowd = new Crowd(other.url, TRANSPORTS.websocket);
    const key = writer.session.writer_key;
    writer.close();
    const again = await crowd.join({ room, key });
    await talk({ writer: again, viewers, room }, 'after');
    crowd.close();
    await other.stop();
  });
});

test('either access key of the service will do, so that keys can be rotated', async () => {
  await withRoom({ service: { accessKeys: [ACCESS_KEY, SECOND_KEY] } }, async (stack, people) => {
    const rotated = await startHandler({
      service: connectionString(stack.service.endpoint, SECOND_KEY),
    });
    await eventsGoTo(stack, rotated);
    await talk(people, 'after');
    const crowd = new Crowd(rotated.url, TRANSPORTS.polling);
    await talk(await crowd.room(1), 'with the second key from the start');
    crowd.close();
    await rotated.stop();
  });
});
