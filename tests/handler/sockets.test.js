// Everything that two kinds of people do with each other, with a real Socket.IO client, through the
// service stand-in and the real handler, over every transport.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test, before, after } from '../lib/test.js';
import { within } from '../lib/deadline.js';
import { newRoom } from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { Crowd, negotiate, TRANSPORTS } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack?.close());

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  const over = (sentence, body) => test(`over ${name}: ${sentence}`, async () => {
    const crowd = new Crowd(stack.api, transports);
    try {
      await body(crowd);
    } finally {
      crowd.close();
    }
  });

  over('a socket is connected and greeted with login', async (crowd) => {
    const writer = await crowd.open();
    assert.equal(typeof writer.id, 'string');
    if (transports.length === 1) assert.equal(writer.transport, transports[0]);
  });

  over('joinRoom with an ack callback is acknowledged, and told as a message', async (crowd) => {
    for (const client of await writerAndViewer(crowd)) {
      const answer = await client.ask('joinRoom', { room_id: client.session.room_id });
      assert.deepEqual(answer, { success: true });
      const told = await client.message('ackJoinRoom');
      assert.deepEqual(told, { type: 'ackJoinRoom', success: true });
    }
  });

  over('joinRoom without an ack callback is told as a message', async (crowd) => {
    for (const client of await writerAndViewer(crowd)) {
      client.emit('joinRoom', { room_id: client.session.room_id });
      assert.deepEqual(await client.message('ackJoinRoom'), { type: 'ackJoinRoom', success: true });
    }
  });

  over('what the writer sends reaches every viewer and not the writer', async (crowd) => {
    const { writer, viewers, room } = await crowd.room(3);
    const data = { type: 'delta', changes: [{ rangeOffset: 0, text: 'ä😀\u0000"' }], version: 1 };
    assert.deepEqual(await writer.ask('sendToRoom', { room_id: room, data }), { success: true });
    for (const viewer of viewers) {
      assert.deepEqual(await viewer.message('editorMessage'), { type: 'editorMessage', data });
    }
    assert.deepEqual(writer.heard(), []);
  });

  over('what is sent without an ack callback arrives as well', async (crowd) => {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    writer.emit('sendToRoom', { room_id: room, data: { type: 'full', content: 'x', version: 0 } });
    assert.equal((await viewer.message('editorMessage')).data.content, 'x');
  });

  over('rooms do not hear each other', async (crowd) => {
    const here = await crowd.room(1);
    const there = await crowd.room(1);
    await here.writer.ask('sendToRoom', { room_id: here.room, data: 'here' });
    await there.writer.ask('sendToRoom', { room_id: there.room, data: 'there' });
    assert.equal((await there.viewers[0].message('editorMessage')).data, 'there');
    assert.equal((await here.viewers[0].message('editorMessage')).data, 'here');
    assert.equal(here.viewers[0].heard().length, 1);
    assert.equal(there.viewers[0].heard().length, 1);
  });

  over('a viewer\'s sync reaches the writer and says who asks', async (crowd) => {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    for (const roomId of [room, `${room}-control`]) {
      await viewer.ask('sendToRoom', { room_id: roomId, data: { data: 'sync' } });
      assert.deepEqual(await writer.message('editorMessage'),
        { type: 'editorMessage', data: { data: 'sync' }, from: viewer.id });
    }
    assert.deepEqual(viewer.heard(), []);
  });

  over('a full answer with `to` reaches only the viewer that asked', async (crowd) => {
    const { writer, viewers: [asker, other], room } = await crowd.room(2);
    asker.emit('sendToRoom', { room_id: room, data: { data: 'sync' } });
    const { from } = await writer.message('editorMessage');
    const full = { type: 'full', content: 'all of it', version: 7 };
    await writer.ask('sendToRoom', { room_id: room, data: full, to: from });
    assert.deepEqual((await asker.message('editorMessage')).data, full);
    await writer.ask('sendToRoom', { room_id: room, data: 'for all' });
    assert.equal((await other.message('editorMessage')).data, 'for all');
    assert.equal(other.heard().length, 1);
  });

  over('`to` does not reach a socket of another room', async (crowd) => {
    const here = await crowd.room(1);
    const there = await crowd.room(1);
    await here.writer.ask('sendToRoom', { room_id: here.room, data: 'x', to: there.viewers[0].id });
    await there.writer.ask('sendToRoom', { room_id: there.room, data: 'own' });
    assert.equal((await there.viewers[0].message('editorMessage')).data, 'own');
    assert.equal(there.viewers[0].heard().length, 1);
  });

  over('a viewer\'s delta never reaches another viewer', async (crowd) => {
    const { writer, viewers: [evil, victim], room } = await crowd.room(2);
    const delta = { type: 'delta', changes: [], version: 666 };
    for (const roomId of [room, `${room}-control`]) {
      await evil.ask('sendToRoom', { room_id: roomId, data: delta });
    }
    const direct = await evil.ask('sendToRoom', { room_id: room, data: delta, to: victim.id });
    assert.equal(direct.success, false);
    await writer.ask('sendToRoom', { room_id: room, data: 'from the writer' });
    assert.equal((await victim.message('editorMessage')).data, 'from the writer');
    assert.equal(victim.heard().length, 1);
  });

  over('joining or addressing another room is refused', async (crowd) => {
    const { room: strange, writer: stranger, viewers: [victim] } = await crowd.room(1);
    for (const client of await writerAndViewer(crowd)) {
      for (const roomId of [strange, `${strange}-control`, victim.id, 'x', newRoom()]) {
        const joined = await client.ask('joinRoom', { room_id: roomId });
        assert.equal(joined.success, false);
        assert.match(joined.error.code, /^(Forbidden|BadRequest)$/);
        assert.equal((await client.message('ackJoinRoom')).success, false);
        const sent = await client.ask('sendToRoom', { room_id: roomId, data: 'intruder' });
        assert.equal(sent.success, false);
      }
      assert.ok(client.socket.connected, 'a refusal costs nobody the connection');
    }
    await stranger.ask('sendToRoom', { room_id: strange, data: 'own' });
    await victim.message('editorMessage');
    assert.deepEqual(victim.heard().map(({ data }) => data), ['own']);
    assert.deepEqual(stranger.heard(), []);
  });

  over('a viewer hears nothing of a room that it has not joined', async (crowd) => {
    const { writer, viewers: [joined], room } = await crowd.room(1);
    const outside = await crowd.open({ room });
    await writer.ask('sendToRoom', { room_id: room, data: 1 });
    await joined.message('editorMessage');
    await outside.ask('joinRoom', { room_id: room });
    await writer.ask('sendToRoom', { room_id: room, data: 2 });
    assert.equal((await outside.message('editorMessage')).data, 2);
    assert.equal(outside.heard().length, 1);
  });

  over('two hundred changes in a row arrive in their order, none lost', async (crowd) => {
    const { writer, viewers, room } = await crowd.room(2);
    const versions = Array.from({ length: 200 }, (_, i) => i);
    for (const version of versions) {
      writer.emit('sendToRoom', { room_id: room, data: { type: 'delta', changes: [], version } });
    }
    for (const viewer of viewers) {
      await viewer.message('editorMessage', ({ data }) => data.version === versions.at(-1));
      assert.deepEqual(viewer.heard().map(({ data }) => data.version), versions);
    }
  });

  over('half a megabyte of text arrives whole', async (crowd) => {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    const content = 'zażółć gęślą jaźń 😀\n'.repeat(20_000);
    const data = { type: 'full', content, version: 1 };
    assert.deepEqual(await writer.ask('sendToRoom', { room_id: room, data }), { success: true });
    assert.ok((await viewer.message('editorMessage')).data.content === content);
  });

  over('the writer hears viewers come and go; viewers hear the writer', async (crowd) => {
    const writer = await crowd.join();
    const room = writer.session.room_id;
    const viewer = await crowd.join({ room });
    const from = viewer.id;
    assert.deepEqual(await writer.next('presence'), { role: 'viewer', state: 'joined', from });
    viewer.close();
    assert.deepEqual(await writer.next('presence'), { role: 'viewer', state: 'left', from });
    const second = await crowd.join({ room });
    const gone = writer.id;
    writer.close();
    const left = await second.next('presence', ({ state }) => state === 'left');
    assert.deepEqual(left, { role: 'writer', state: 'left', from: gone });
    assert.deepEqual(second.heard(), []);
  });

  over('a writer that reloads is the writer of the same room again', async (crowd) => {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    const key = writer.session.writer_key;
    writer.close();
    const again = await crowd.join({ room, key });
    assert.equal(again.session.role, 'writer');
    await again.ask('sendToRoom', { room_id: room, data: 'back' });
    assert.equal((await viewer.message('editorMessage')).data, 'back');
    await viewer.ask('sendToRoom', { room_id: room, data: { data: 'sync' } });
    assert.equal((await again.message('editorMessage')).from, viewer.id);
  });

  over('an event that nobody knows is told so and costs nobody the connection', async (crowd) => {
    const client = await crowd.open();
    for (const event of ['hello', 'new message', 'connected', 'message', 'ünï😀']) {
      assert.equal((await client.ask(event, 1, '2')).error.code, 'UnknownEvent', event);
      client.emit(event);
    }
    for (const args of [[], [null], ['x'], [{}], [{ room_id: 7 }], [[1]]]) {
      assert.equal((await client.ask('joinRoom', ...args)).error.code, 'BadRequest');
      assert.equal((await client.ask('sendToRoom', ...args)).error.code, 'BadRequest');
    }
    assert.ok(client.socket.connected);
  });

  over('a binary event is told that it is not supported', async (crowd) => {
    const writer = await crowd.join();
    const data = { bytes: Buffer.from([1, 2, 3, 4]) };
    const answer = await writer.ask('sendToRoom', { room_id: writer.session.room_id, data });
    assert.equal(answer.error.code, 'Unsupported');
    assert.ok(writer.socket.connected);
  });

  over('a socket without a token never connects', async (crowd) => {
    const { endpoint, path } = await negotiate(stack.api);
    await neverConnects(crowd.connect({ endpoint, path }));
  });

  over('a socket with a token for another hub never connects', async (crowd) => {
    const session = await negotiate(stack.api);
    const claims = claimsOf(session.token);
    const aud = claims.aud.replace(/codestream$/, 'other');
    await neverConnects(crowd.connect({ ...session, token: mint({ ...claims, aud }) }));
    const path = session.path.replace(/codestream$/, 'other');
    await neverConnects(crowd.connect({ ...session, path }));
  });

  over('a socket with a forged, expired or meaningless token never connects', async (crowd) => {
    const session = await negotiate(stack.api);
    const claims = claimsOf(session.token);
    const past = Math.trunc(Date.now() / 1000) - 7200;
    for (const token of [
      mint(claims, 'not the key'),
      mint({ ...claims, iat: past, nbf: past, exp: past + 60 }),
      mint({ ...claims, sub: undefined }),
      mint({ ...claims, sub: 'somebody' }),
      mint({ ...claims, sub: `w.${session.room_id}x` }),
      'nonsense',
    ]) await neverConnects(crowd.connect({ ...session, token }));
  });

  over('a socket of another namespace is refused', async (crowd) => {
    const session = await negotiate(stack.api);
    await neverConnects(crowd.connect(session, { namespace: '/admin' }));
  });
}

async function writerAndViewer(crowd) {
  const writer = await crowd.open();
  return [writer, await crowd.open({ room: writer.session.room_id })];
}

async function neverConnects(client) {
  const outcome = await within(10_000, Promise.race([
    client.refused.then(() => 'refused'),
    client.connected.then(() => 'connected', () => 'refused'),
  ]), 'a decision');
  assert.equal(outcome, 'refused');
  assert.deepEqual(client.events.all, [], 'not even a greeting');
  client.close();
}

function claimsOf(token) {
  return JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
}

/** A token over any claims, signed with the right key or with another. */
function mint(claims, key = ACCESS_KEY) {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}
