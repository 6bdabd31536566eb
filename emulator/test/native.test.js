// Native Web PubSub clients of the stand-in: the JSON subprotocol, plain and reliable, and clients
// without a subprotocol.

import assert from 'node:assert/strict';

import { startWebPubSub } from '../webpubsub/service.js';
import { Permissions } from '../webpubsub/permissions.js';
import {
  RawSocket,
  clientToken,
  inTime,
  nativeUrl,
  request,
  rest,
  startHandler,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const PLAIN = 'json.webpubsub.azure.v1';
const RELIABLE = 'json.reliable.webpubsub.azure.v1';
const ANY = ['webpubsub.joinLeaveGroup', 'webpubsub.sendToGroup'];

async function start(t, { handlers = [], ...options } = {}) {
  const handler = await startHandler();
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: handlers === 'all' ? [handler.settings] : handlers } },
    retryDelaysMs: [],
    ...options,
  });
  const sockets = [];
  t.after(async () => {
    sockets.forEach(({ socket }) => socket.terminate());
    await service.close();
    await handler.close();
  });
  const open = (claims, protocols = PLAIN, query = {}) => {
    const socket = new RawSocket(nativeUrl(service, HUB, claims, query), protocols);
    sockets.push(socket);
    return socket;
  };
  return {
    handler,
    service,
    open,
    /** A client that has been told that it is connected. */
    async client(sub, roles = ANY, protocol = PLAIN) {
      const socket = open({ sub, role: roles }, protocol);
      const { type, event, connectionId, userId, reconnectionToken } = await socket.json();
      assert.deepEqual([type, event, userId], ['system', 'connected', sub]);
      return Object.assign(socket, { id: connectionId, reconnectionToken });
    },
    reopen: ({ id, reconnectionToken }) =>
      open({}, RELIABLE, {
        awps_connection_id: id,
        awps_reconnection_token: reconnectionToken,
      }),
    post: (path, body, type = 'text/plain') =>
      rest(service, 'POST', `/api/hubs/${HUB}${path}`, { body, type }),
  };
}

async function ask(socket, message) {
  socket.send(message);
  return socket.json();
}

const done = (ackId) => ({ type: 'ack', ackId, success: true });

// --- who is admitted --------------------------------------------------------------------------

test('a token for this endpoint and hub is needed', async (t) => {
  const { service, open } = await start(t);
  const refused = async (query) => inTime(open({}, PLAIN, query).refused, 'answer');
  assert.equal(await refused({ access_token: 'x' }), 401);
  assert.equal(await refused({ access_token: clientToken(service, HUB) }), 401);
  assert.equal(
    await refused({ access_token: clientToken(service, 'other', {}, '/client/hubs/') }),
    401,
  );
});

test('it takes a WebSocket, and of subprotocols those it has', async (t) => {
  const { service, open } = await start(t);
  const url = nativeUrl(service, HUB, {}).replace('ws:', 'http:');
  assert.equal((await request(url)).status, 400);
  assert.equal(await inTime(open({}, 'protobuf.webpubsub.azure.v1').refused, 'answer'), 400);
  const socket = open({}, ['protobuf.webpubsub.azure.v1', PLAIN]);
  await inTime(socket.opened, 'open');
  assert.equal(socket.socket.protocol, PLAIN);
});

test('the older path with the hub in the query is the same', async (t) => {
  const { service } = await start(t);
  const url = nativeUrl(service, HUB, { sub: 'ann' }).replace(
    `/client/hubs/${HUB}?`,
    `/client/?hub=${HUB}&`,
  );
  const socket = new RawSocket(url, PLAIN);
  t.after(() => socket.socket.terminate());
  assert.equal((await socket.json()).event, 'connected');
});

// --- groups -----------------------------------------------------------------------------------

test('clients join, send and leave; noEcho spares the sender', async (t) => {
  const { client } = await start(t);
  const [ann, bob] = [await client('ann'), await client('bob')];
  for (const socket of [ann, bob]) {
    assert.deepEqual(await ask(socket, { type: 'joinGroup', group: 'g', ackId: 1 }), done(1));
  }
  ann.send({ type: 'sendToGroup', group: 'g', noEcho: true, dataType: 'json', data: { a: [1] } });
  const message = { type: 'message', from: 'group', group: 'g', fromUserId: 'ann' };
  assert.deepEqual(await bob.json(), { ...message, dataType: 'json', data: { a: [1] } });
  ann.send({ type: 'sendToGroup', group: 'g', dataType: 'text', data: 'both' });
  for (const socket of [ann, bob]) {
    assert.deepEqual(await socket.json(), { ...message, dataType: 'text', data: 'both' });
  }
  assert.deepEqual(await ask(bob, { type: 'leaveGroup', group: 'g', ackId: 2 }), done(2));
  ann.send({ type: 'sendToGroup', group: 'g', noEcho: true, dataType: 'binary', data: 'AQID' });
  assert.deepEqual(await ask(bob, { type: 'ping' }), { type: 'pong' });
});

test('a role is needed for each group, to join and to send', async (t) => {
  const { client } = await start(t);
  const viewer = await client('viewer', [
    'webpubsub.joinLeaveGroup.r',
    'webpubsub.sendToGroup.r-control',
  ]);
  const attempt = async (message) => {
    const { success, error } = await ask(viewer, message);
    return success || error.name;
  };
  assert.equal(await attempt({ type: 'joinGroup', group: 'r', ackId: 1 }), true);
  assert.equal(
    await attempt({
      type: 'sendToGroup',
      group: 'r-control',
      data: 'sync',
      dataType: 'text',
      ackId: 2,
    }),
    true,
  );
  assert.equal(await attempt({ type: 'sendToGroup', group: 'r', data: 1, ackId: 3 }), 'Forbidden');
  assert.equal(await attempt({ type: 'joinGroup', group: 'r-control', ackId: 4 }), 'Forbidden');
  assert.equal(await attempt({ type: 'leaveGroup', group: 'x', ackId: 5 }), 'Forbidden');
});

test('roles: for all groups, for one, for a pattern', () => {
  const allows = (role, group) => new Permissions([role]).allows('sendToGroup', group);
  assert.ok(allows('webpubsub.sendToGroup', 'any'));
  assert.ok(allows('webpubsub.sendToGroup.a.b', 'a.b'));
  assert.ok(!allows('webpubsub.sendToGroup.a', 'b'));
  assert.ok(!allows('webpubsub.joinLeaveGroup', 'a'));
  assert.ok(allows('webpubsub.sendToGroups.a.*', 'a.b'));
  assert.ok(!allows('webpubsub.sendToGroups.a.*', 'a.b.c'));
  assert.ok(allows('webpubsub.sendToGroups.a.**', 'a.b.c'));
  assert.ok(allows('webpubsub.sendToGroups.a?c', 'abc'));
  assert.ok(!allows('webpubsub.sendToGroups.a?c', 'a.c'));
  assert.ok(!allows('webpubsub.sendToGroups', 'a'));
});

test('patterns: what a backslash escapes is itself, and five stars are the most', () => {
  const cases = [
    // pattern, groups that it opens, groups that it does not
    [String.raw`literal\*star`, ['literal*star'], ['literalXstar', 'literalstar', 'literal.star']],
    [String.raw`a\?b`, ['a?b'], ['axb', String.raw`a\?b`]],
    [String.raw`a\\b`, [String.raw`a\b`], ['ab', String.raw`a\\b`]],
    [String.raw`a\\*`, [String.raw`a\b`, String.raw`a\ `], ['a*', 'ab']],
    [String.raw`\*\*\*\*\*\**`, ['******', '******x'], ['*****', '******.x']],
    ['chat-*', ['chat-1', 'chat-room', 'chat-'], ['chat.1', 'xchat-1', 'chat-1.x']],
    ['(a|b)+[c]$^{1}/', ['(a|b)+[c]$^{1}/'], ['a', 'aab', '(a|b)+c$^1/']],
    ['*.*.*.*.*', ['a.b.c.d.e', '....'], ['a.b.c.d', 'a.b.c.d.e.f']],
    ['**.**.*', ['a.b.c', 'a.b.c.d'], ['a.b']],
    ['*****', ['a', 'a.b', ''], []],
    // what is no pattern opens nothing
    ['*.*.*.*.*.*', [], ['a.b.c.d.e.f', '*.*.*.*.*.*']],
    ['**.**.**', [], ['a.b.c', '**.**.**']],
    ['******', [], ['a', '******']],
    [String.raw`a\b`, [], ['ab', String.raw`a\b`, String.raw`a\\b`]],
    ['a\\', [], ['a', 'a\\']],
  ];
  for (const [pattern, open, closed] of cases) {
    for (const [singular, plural] of [
      ['sendToGroup', 'sendToGroups'],
      ['joinLeaveGroup', 'joinLeaveGroups'],
    ]) {
      const permissions = new Permissions([`webpubsub.${plural}.${pattern}`]);
      for (const group of open) assert.ok(permissions.allows(singular, group), `${pattern} ${group}`);
      for (const group of closed) {
        assert.ok(!permissions.allows(singular, group), `${pattern} ${group}`);
      }
    }
  }
});

test('a permission granted over REST counts at once', async (t) => {
  const { client, service } = await start(t);
  const ann = await client('ann', []);
  const path = `/api/hubs/${HUB}/permissions/joinLeaveGroup/connections/${ann.id}?targetName=g`;
  assert.equal((await ask(ann, { type: 'joinGroup', group: 'g', ackId: 1 })).success, false);
  await rest(service, 'PUT', path);
  assert.equal((await ask(ann, { type: 'joinGroup', group: 'g', ackId: 2 })).success, true);
  await rest(service, 'DELETE', path);
  assert.equal((await ask(ann, { type: 'leaveGroup', group: 'g', ackId: 3 })).success, false);
});

test('the groups of the token are joined from the start', async (t) => {
  const { service, open } = await start(t);
  const socket = open({ 'webpubsub.group': ['a', 'b'] });
  const { connectionId } = await socket.json();
  assert.deepEqual([...service.hub(HUB).connections.get(connectionId).groups], ['a', 'b']);
});

test('a repeated ackId is answered Duplicate and not done again', async (t) => {
  const { client } = await start(t);
  const [ann, bob] = [await client('ann'), await client('bob')];
  await ask(bob, { type: 'joinGroup', group: 'g', ackId: 1 });
  const send = { type: 'sendToGroup', group: 'g', data: 1, ackId: 7 };
  assert.deepEqual(await ask(ann, send), done(7));
  const { success, error } = await ask(ann, send);
  assert.deepEqual([success, error.name], [false, 'Duplicate']);
  assert.equal((await bob.json()).data, 1);
  assert.deepEqual(await ask(bob, { type: 'ping' }), { type: 'pong' });
});

for (const [what, message] of [
  ['no JSON', 'nonsense'],
  ['no object', '[]'],
  ['an unknown type', { type: 'fly' }],
  ['a part that is not built', { type: 'invoke' }],
  ['no group', { type: 'joinGroup' }],
  ['an ackId that is no number', { type: 'joinGroup', group: 'g', ackId: 'x' }],
  ['no data', { type: 'sendToGroup', group: 'g' }],
  ['text that is no string', { type: 'sendToGroup', group: 'g', dataType: 'text', data: 1 }],
  ['bytes that are not base64', { type: 'sendToGroup', group: 'g', dataType: 'binary', data: '?' }],
]) {
  test(`${what} ends the connection with a reason`, async (t) => {
    const { client } = await start(t);
    const ann = await client('ann');
    const { type, event, message: reason } = await ask(ann, message);
    assert.deepEqual([type, event], ['system', 'disconnected']);
    assert.ok(reason);
    assert.equal((await inTime(ann.closed, 'close')).code, 1008);
  });
}

// --- from the server --------------------------------------------------------------------------

test('REST sends arrive as messages of the group or the server, in every type', async (t) => {
  const { client, post } = await start(t);
  const ann = await client('ann');
  await ask(ann, { type: 'joinGroup', group: 'g', ackId: 1 });
  await post('/groups/g/:send', 'hello');
  assert.deepEqual(await ann.json(), {
    type: 'message',
    from: 'group',
    group: 'g',
    dataType: 'text',
    data: 'hello',
  });
  await post('/:send', '{ "a": 1.50 }', 'application/json');
  assert.equal(
    await ann.next(),
    '{"type":"message","from":"server","dataType":"json","data":{ "a": 1.50 }}',
  );
  await post(`/connections/${ann.id}/:send`, Buffer.from([1, 2, 3]), 'application/octet-stream');
  assert.deepEqual(await ann.json(), {
    type: 'message',
    from: 'server',
    dataType: 'binary',
    data: 'AQID',
  });
  await post('/users/ann/:send', '"x"', 'application/json');
  assert.equal((await ann.json()).data, 'x');
});

test('a connection closed over REST is told why', async (t) => {
  const { client, service } = await start(t);
  const ann = await client('ann');
  await rest(service, 'DELETE', `/api/hubs/${HUB}/connections/${ann.id}?reason=enough`);
  assert.deepEqual(await ann.json(), { type: 'system', event: 'disconnected', message: 'enough' });
  assert.deepEqual(await inTime(ann.closed, 'close'), { code: 1000, reason: 'enough' });
});

// --- upstream ---------------------------------------------------------------------------------

test('connect tells the subprotocols; its answer names user, roles and groups', async (t) => {
  const { handler, open, service } = await start(t, { handlers: 'all' });
  handler.answer = ({ name }) =>
    name === 'connect'
      ? {
          headers: { 'Content-Type': 'application/json', 'ce-connectionState': 'state' },
          body: '{"userId":"new","roles":["webpubsub.sendToGroup"],"groups":["g"]}',
        }
      : {};
  const socket = open({ sub: 'ann' });
  const { userId, connectionId } = await socket.json();
  assert.equal(userId, 'new');
  const connection = service.hub(HUB).connections.get(connectionId);
  assert.ok(connection.permissions.allows('sendToGroup', 'x'));
  assert.deepEqual([...connection.groups], ['g']);
  const connect = await handler.event('connect');
  assert.deepEqual(JSON.parse(connect.body).subprotocols, [PLAIN]);
  assert.equal(connect.headers['ce-userid'], 'ann');
  assert.equal(connect.headers['ce-subprotocol'], PLAIN);
  assert.equal(connect.headers['ce-namespace'], undefined);
  const { headers } = await handler.event('connected');
  assert.deepEqual(
    [headers['ce-userid'], headers['ce-connectionstate'], headers['ce-id']],
    ['new', 'state', '1'],
  );
});

test('a refused connect refuses the handshake with the same status', async (t) => {
  const { handler, open } = await start(t, { handlers: 'all' });
  handler.answer = () => ({ status: 403 });
  assert.equal(await inTime(open({}).refused, 'answer'), 403);
});

test('events go upstream in their type, and the answer comes back as a message', async (t) => {
  const { handler, client } = await start(t, { handlers: 'all' });
  handler.answer = ({ name }) => (name === 'ask' ? { body: 'answer' } : {});
  const ann = await client('ann');
  assert.deepEqual(
    await ask(ann, { type: 'event', event: 'ask', dataType: 'text', data: 'question', ackId: 1 }),
    { type: 'message', from: 'server', dataType: 'text', data: 'answer' },
  );
  assert.deepEqual(await ann.json(), done(1));
  ann.send({ type: 'event', event: 'j', data: { a: 1 } });
  ann.send({ type: 'event', event: 'b', dataType: 'binary', data: 'AQID' });
  const shape = async (name) => {
    const { headers, body } = await handler.event(name);
    return [headers['content-type'], headers['ce-type'], body];
  };
  assert.deepEqual(await shape('ask'), [
    'text/plain; charset=utf-8',
    'azure.webpubsub.user.ask',
    'question',
  ]);
  assert.deepEqual(await shape('j'), [
    'application/json; charset=utf-8',
    'azure.webpubsub.user.j',
    '{"a":1}',
  ]);
  assert.deepEqual(await shape('b'), [
    'application/octet-stream',
    'azure.webpubsub.user.b',
    '\x01\x02\x03',
  ]);
});

test('a failed event is told in the ack and ends the connection', async (t) => {
  const { handler, client } = await start(t, { handlers: 'all' });
  handler.answer = ({ name }) => ({ status: name === 'x' ? 400 : 200 });
  const ann = await client('ann');
  const { success, error } = await ask(ann, { type: 'event', event: 'x', data: 1, ackId: 1 });
  assert.deepEqual([success, error.name], [false, 'InternalServerError']);
  assert.equal((await ann.json()).event, 'disconnected');
  await inTime(ann.closed, 'close');
  assert.equal(JSON.parse((await handler.event('disconnected')).body).reason, 'UpstreamFailed');
});

test('without a subprotocol frames are events and messages as they are', async (t) => {
  const { handler, open, post } = await start(t, { handlers: 'all' });
  handler.answer = ({ name, body }) => (name === 'message' ? { body: `got ${body}` } : {});
  const socket = open({ sub: 'ann' }, []);
  await handler.event('connected');
  socket.send('hello');
  assert.equal(await socket.next(), 'got hello');
  await post('/:send', '{"a":1}', 'application/json');
  assert.equal(await socket.next(), '{"a":1}');
  await post('/:send', Buffer.from([1, 2]), 'application/octet-stream');
  assert.deepEqual(await socket.next(), Buffer.from([1, 2]));
});

// --- reliable ---------------------------------------------------------------------------------

test('a reliable client that is cut off comes back and misses nothing', async (t) => {
  const { client, reopen, post, handler } = await start(t, { handlers: 'all' });
  const ann = await client('ann', ANY, RELIABLE);
  assert.ok(ann.reconnectionToken);
  for (const n of [1, 2, 3]) await post('/:send', `m${n}`);
  for (const n of [1, 2, 3]) {
    const { sequenceId, data } = await ann.json();
    assert.deepEqual([sequenceId, data], [n, `m${n}`]);
  }
  ann.send({ type: 'sequenceAck', sequenceId: 2 });
  assert.deepEqual(await ask(ann, { type: 'ping' }), { type: 'pong' });
  ann.socket.terminate();
  await inTime(ann.closed, 'close');
  await post('/:send', 'm4');
  const again = reopen(ann);
  assert.deepEqual((await again.json()).data, 'm3');
  const { sequenceId, data } = await again.json();
  assert.deepEqual([sequenceId, data], [4, 'm4']);
  assert.deepEqual(await ask(again, { type: 'joinGroup', group: 'g', ackId: 1 }), done(1));
  assert.ok(!handler.events.some(({ name }) => name === 'disconnected'));
});

test('a reliable client cannot come back with a wrong token, or after its time', async (t) => {
  const { client, reopen, service } = await start(t, { recoveryMs: 50 });
  const ann = await client('ann', ANY, RELIABLE);
  const code = async (former) => (await inTime(reopen(former).closed, 'close')).code;
  assert.equal(await code({ id: ann.id, reconnectionToken: 'x' }), 1008);
  assert.equal(await code({ id: 'none', reconnectionToken: ann.reconnectionToken }), 1008);
  ann.socket.terminate();
  await until(() => !service.hub(HUB).connections.has(ann.id), 'the end of the recovery');
  assert.equal(await code(ann), 1008);
});

test('a reliable client that says goodbye is gone at once', async (t) => {
  const { client, service } = await start(t);
  const ann = await client('ann', ANY, RELIABLE);
  ann.close();
  await until(() => !service.hub(HUB).connections.has(ann.id), 'the end');
});

test('a reliable client that acknowledges nothing is dropped at the bound', async (t) => {
  const { client, post } = await start(t, { maxUnackedMessages: 10 });
  const ann = await client('ann', ANY, RELIABLE);
  for (let i = 0; i < 11; i++) await post('/:send', 'x');
  assert.equal((await inTime(ann.closed, 'close')).code, 1008);
});

// --- bounds -----------------------------------------------------------------------------------

test('a client that does not read is dropped at the bound', async (t) => {
  const { client, post, service } = await start(t, { maxPendingBytes: 1_000_000 });
  const slow = await client('slow');
  slow.socket.pause();
  const text = 'x'.repeat(500_000);
  for (let i = 0; i < 100 && service.hub(HUB).connections.size > 0; i++) await post('/:send', text);
  assert.equal(service.hub(HUB).connections.size, 0);
});

test('a client that answers no pings is dropped', async (t) => {
  const { service, handler } = await start(t, { handlers: 'all', keepAliveMs: 50 });
  const socket = new RawSocket(nativeUrl(service, HUB, {}), PLAIN, { autoPong: false });
  await inTime(socket.closed, 'close');
  assert.equal(JSON.parse((await handler.event('disconnected')).body).reason, 'PingTimeout');
});

test('a message over maxPayload ends the connection', async (t) => {
  const { client } = await start(t, { maxPayload: 1000 });
  const ann = await client('ann');
  ann.send('x'.repeat(2000));
  assert.equal((await inTime(ann.closed, 'close')).code, 1009);
});
