// What nobody knows of the real service is a switch of its stand-in. Whichever way each turns out,
// people must be able to work, and nobody must get in who should not.
import assert from 'node:assert/strict';
import { test } from '../lib/test.js';
import { within } from '../lib/deadline.js';
import { Crowd, negotiate, TRANSPORTS } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';

const VARIANTS = {
  'percent-encodes its headers as CloudEvents asks': { headerEncoding: 'cloudevents' },
  'keeps ce-connectionState': { connectionState: true },
  'reads the answer to connect': { connectResponse: true },
  'orders events by socket, not by connection': { ordering: 'socket' },
  'reads the group claim of tokens': { groupClaim: true },
  'tells refused clients what the handler answered': { connectErrorText: 'body' },
  'asks the handler for validation at every event': { revalidateMs: 0 },
  'asks for no validation': { validateHandlers: false },
  'checks the client\'s token at every request': { checkTokenOnEveryRequest: true },
  'gives connections ids that begin with -': { idsBeginWith: '-' },
  'gives connections ids that begin with _': { idsBeginWith: '_' },
  'tells every namespace of an end': { closingDisconnect: 'all' },
  'refuses a REST send to nobody': { missingTarget: 'refuse' },
};

for (const [what, service] of Object.entries(VARIANTS)) {
  test(`people can work with a service that ${what}`, async () => {
    const stack = await startStack({ service });
    try {
      for (const transports of [TRANSPORTS.polling, TRANSPORTS.websocket]) {
        await work(new Crowd(stack.api, transports));
      }
    } finally {
      await stack.close();
    }
  });
}

async function work(crowd) {
  try {
    const { writer, viewers: [asker, other], room } = await crowd.room(2);
    await asker.ask('sendToRoom', { room_id: room, data: { data: 'sync' } });
    const { from } = await writer.message('editorMessage');
    const full = { type: 'full', content: 'text', version: 1 };
    await writer.ask('sendToRoom', { room_id: room, data: full, to: from });
    assert.deepEqual((await asker.message('editorMessage')).data, full);
    await writer.ask('sendToRoom', { room_id: room, data: 'delta' });
    for (const viewer of [asker, other]) {
      await viewer.message('editorMessage', ({ data }) => data === 'delta');
    }
    assert.equal(other.heard().length, 1);
    assert.equal((await asker.ask('new message', 1)).error.code, 'UnknownEvent');
    assert.equal((await asker.ask('joinRoom', { room_id: 'x' })).success, false);
    assert.ok(asker.socket.connected);
  } finally {
    crowd.close();
  }
}

test('a hub that lets anonymous clients through does not let them in', async () => {
  const hub = { eventHandlers: [], anonymousConnectPolicy: 'allow' };
  const stack = await startStack({ service: { hubs: { codestream: hub } } });
  const crowd = new Crowd(stack.api, TRANSPORTS.websocket);
  try {
    const { endpoint, path } = await negotiate(stack.api);
    const nobody = crowd.connect({ endpoint, path });
    await within(10_000, nobody.refused, 'a refusal');
    assert.deepEqual(nobody.events.all, []);
    await stack.handler.log.next((line) => /\bstatus=401\b/.test(line));
    await work(crowd);
    const refusals = stack.handler.lines.filter((line) => /\bstatus=401\b/.test(line));
    assert.equal(refusals.length, 1, 'by the handler, which is asked about every socket');
  } finally {
    crowd.close();
    await stack.close();
  }
});
