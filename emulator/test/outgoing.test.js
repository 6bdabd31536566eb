// What handlers and REST calls send to clients, where no client will understand it as it was meant:
// it is passed on, with one warning that names the cause.

import assert from 'node:assert/strict';

import { groupOf } from '../webpubsub/groups.js';
import { AckIds, examine } from '../webpubsub/outgoing.js';
import { readPayload } from '../webpubsub/packets.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { RawSocket, clientToken, clientUrl, rest, startHandler, until } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const BASE = `/api/hubs/${HUB}`;

async function start(t, options = {}) {
  const handler = await startHandler();
  const lines = [];
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    log: (line) => lines.push(line),
    ...options,
  });
  t.after(async () => {
    await service.close();
    await handler.close();
  });
  const call = (method, path, more) => rest(service, method, BASE + path, more);
  return {
    service,
    handler,
    call,
    warnings: () => lines.filter((line) => line.startsWith('warn')),
    forget: () => lines.splice(0),
    /** A client in namespaces; `id` is the connection's. */
    async client(namespaces = ['/'], sub = undefined) {
      const access_token = clientToken(service, HUB, { sub });
      const query = { transport: 'websocket', access_token };
      const socket = new RawSocket(clientUrl(service, HUB, query, 'ws'));
      t.after(() => socket.socket.terminate());
      const { sid: id } = JSON.parse((await socket.next()).slice(1));
      const sockets = {};
      for (const namespace of namespaces) {
        socket.send(namespace === '/' ? '40' : `40${namespace},`);
        const [, sid] = /"sid":"([^"]+)"/.exec(await socket.packet());
        sockets[namespace] = sid;
      }
      return { id, socket, sockets };
    },
  };
}

/** Packets that are no good to a client in namespace /, and a word of what is said of each. */
const FAULTY = {
  '42[1': /no client can read '42\[1' \(invalid payload\): an event is 42\["name"/,
  '42{"x":1}': /no client can read .*an event is 42/,
  '42': /no client can read '42' \(there is nothing in it\)/,
  '42["connect"]': /no client can read .*an event is 42/,
  '42[null]': /no client can read/,
  '43["ok"]': /acknowledges nothing without the event's id: 43<id>/,
  '43{}': /no client can read .*an acknowledgement is 43/,
  '4377["ok"]': /waits for no acknowledgement 77 in \//,
  '46undefined-1[1]': /no client can read .*46<how many>-<id>/,
  [`4511-["x"]${'\x1ebAQID'.repeat(11)}`]: /no client can read .*too many attachments/,
  '451-["x",{"_placeholder":true,"num":0}]\x1eb_-8': /the attachment 'b_-8' is not b and base64/,
  '451-["x",{"_placeholder":true,"num":0}]\x1ebAQI': /is not b and base64 with padding/,
  '42["x"]\x1ebAQID': /no client can read .*binary data/,
  '451-["x",{"_placeholder":true,"num":3}]\x1ebAQID': /no client can read .*illegal attachments/,
  '40{"sid":"x"}': /a client takes it for another socket; answer `connect` with 200/,
  '40': /another socket|no client can read/,
  '44{"message":"no"}': /takes its socket for refused/,
  '42/a,["x"]': /namespace \/a, where the client is not/,
  '41/a,': /namespace \/a, where the client is not/,
  '43/a,1[1]': /namespace \/a, where the client is not/,
};

for (const [body, words] of Object.entries(FAULTY)) {
  test(`by REST: ${JSON.stringify(body)} is passed on with one warning`, async (t) => {
    const { client, call, warnings } = await start(t);
    const [ann] = [await client(), await client()];
    assert.equal((await call('POST', '/:send', { body })).status, 202);
    assert.equal((await call('POST', '/:send', { body: '42["end"]' })).status, 202);
    const [first, ...attachments] = body.split('\x1e');
    if (!body.startsWith('41')) {
      assert.equal(await ann.socket.packet(), first);
      for (const { length } of attachments) {
        assert.ok(length > 0 && Buffer.isBuffer(await ann.socket.packet()));
      }
    }
    assert.equal(await ann.socket.packet(), '42["end"]');
    assert.equal(warnings().length, 1, warnings().join('\n'));
    assert.match(warnings()[0], words);
  });
}

test('attachments behind the end of a namespace are not sent, and that is said', async (t) => {
  const { client, call, warnings } = await start(t);
  const { socket } = await client(['/', '/a']);
  await call('POST', '/:send', { body: '41/a,\x1ebAQID' });
  await call('POST', '/:send', { body: '42["end"]' });
  assert.equal(await socket.packet(), '41/a,');
  assert.equal(await socket.packet(), '42["end"]');
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0], /'41\/a,' ends a namespace and takes no attachments/);
});

test('a packet whose attachments are missing is not sent: it would eat the next one', async (t) => {
  const { client, call, handler, warnings, forget } = await start(t);
  const { socket } = await client();
  const packets = ['451-["b",{"_placeholder":true,"num":0}]', '461-5[{"_placeholder":true,"num":0}]',
    '452-["b",{"_placeholder":true,"num":0}]\x1ebAQID', '459-["no placeholder"]', '4511-["b"]'];
  for (const packet of packets) {
    for (const way of ['rest', 'handler']) {
      forget();
      const body = `42["before"]\x1e${packet}\x1e42["after"]`;
      if (way === 'rest') {
        await call('POST', '/:send', { body });
      } else {
        handler.answer = () => ({ body });
        socket.send('42["ask"]');
      }
      assert.equal(await socket.packet(), '42["before"]');
      assert.equal(await socket.packet(), '42["after"]');
      assert.equal(warnings().length, 1);
      assert.match(warnings()[0], /of \d+ attachments, and was not sent: each is b<base64>/);
    }
  }
});

/** What a handler answers to 427["ask"], and what is said of it. */
const ANSWERS = [
  [{ status: 204 }, /waits for an acknowledgement .*'437\[…\]' as text\/plain/],
  [{ status: 200 }, /waits for an acknowledgement/],
  [{ body: '42["other"]' }, /waits for an acknowledgement/],
  [{ body: '43["ok"]' }, /without the event's id/],
  [{ body: '438["ok"]' }, /waits for no acknowledgement 8 in \//],
  [{ body: '43/a,7["ok"]' }, /namespace \/a, where the client is not/],
  [{ body: '{"ok":true}', headers: { 'Content-Type': 'application/json' } }, /not text\/plain/],
  [{ body: 'ok' }, /cannot be sent this payload: 'ok' is no packet: an event is 42\["name"/],
  [{ body: '37["ok"]' }, /cannot be sent this payload: '37\["ok"\]' is no packet/],
];

for (const [answer, words] of ANSWERS) {
  const what = JSON.stringify(answer);
  test(`an acknowledgement that cannot arrive has one warning: ${what}`, async (t) => {
    const { client, handler, warnings, call } = await start(t);
    const { socket } = await client();
    handler.answer = () => answer;
    socket.send('427["ask"]');
    await until(() => warnings().length > 0, 'a warning');
    await call('POST', '/:send', { body: '42["end"]' });
    while ((await socket.packet()) !== '42["end"]');
    assert.equal(warnings().length, 1, warnings().join('\n'));
    assert.match(warnings()[0], words);
  });
}

test('what is right has no warning: acknowledgements, events, attachments, both ways', async (t) => {
  const { client, handler, warnings, call } = await start(t);
  const { socket, sockets } = await client(['/', '/a']);
  const answers = ['437["ok"]', '43/a,7["ok"]', '42["x"]\x1e438[]',
    '461-9[{"_placeholder":true,"num":0}]\x1ebAQID', '430[null]'];
  const events = ['427["e"]', '42/a,7["e"]', '428["e"]', '429["e"]', '42000["e"]'];
  for (const [i, event] of events.entries()) {
    handler.answer = () => ({ body: answers[i] });
    socket.send(event);
    for (const part of answers[i].split('\x1e')) {
      const packet = await socket.packet();
      assert.deepEqual(packet, part[0] === 'b' ? Buffer.from(part.slice(1), 'base64') : part);
    }
  }
  handler.answer = () => ({ status: 204 });
  socket.send('42["no acknowledgement is wanted"]');
  await call('POST', `/groups/${groupOf('/a', sockets['/a'])}/:send`, { body: '42/a,["x"]' });
  assert.equal(await socket.packet(), '42/a,["x"]');
  socket.send('4255["answered later, by REST"]');
  await until(() => warnings().length === 1, 'the warning of the missing acknowledgement');
  await call('POST', '/:send', { body: '4355[1]' });
  assert.equal(await socket.packet(), '4355[1]');
  assert.equal(warnings().length, 1);
});

test('a send to nobody has one warning for each target, with what was probably meant', async (t) => {
  const { client, call, warnings, forget } = await start(t);
  const hub = () => call('POST', '/:send', { body: '42["x"]' });
  await hub();
  assert.match(warnings()[0], /a send reaches nobody: hub chat has no connection/);
  const { id, sockets, socket } = await client();
  const room = groupOf('/', 'lobby');
  const cases = [
    [`/groups/lobby`, new RegExp(`nobody is in group 'lobby'; .* is group ${room}`)],
    [`/groups/${room}`, /nobody is in room 'lobby' of namespace \//],
    ['/users/bob', /user 'bob' has no connection/],
    ['/connections/none', /there is no connection 'none'/],
    [`/connections/${sockets['/']}`, new RegExp(`is a socket; its connection is '${id}'`)],
  ];
  for (const [target, words] of cases) {
    forget();
    for (let n = 0; n < 3; n += 1) {
      assert.equal((await call('POST', `${target}/:send`, { body: '42["x"]' })).status, 202);
    }
    assert.equal(warnings().length, 1, target);
    assert.match(warnings()[0], words);
  }
  forget();
  const filter = encodeURIComponent("userId eq 'nobody'");
  await call('POST', `/:send?filter=${filter}`, { body: '42["x"]' });
  await call('POST', `/groups/${groupOf('/')}/:send?excluded=${id}`, { body: '42["x"]' });
  await call('POST', `/connections/${id}/:send`, { body: '42["end"]' });
  assert.equal(await socket.packet(), '42["end"]');
  assert.deepEqual(warnings(), [], 'a filter may leave everybody out');
});

test('whoever takes a connection out of the groups of its own sockets is warned', async (t) => {
  const { client, call, warnings, forget } = await start(t);
  const { id, sockets } = await client(['/', '/a'], 'ann');
  const own = groupOf('/a', sockets['/a']);
  await call('PUT', `/groups/lobby/connections/${id}`);
  await call('DELETE', `/groups/lobby/connections/${id}`);
  assert.deepEqual(warnings(), []);
  const filter = { body: JSON.stringify({ groups: [own] }), type: 'application/json' };
  const takes = [
    ['DELETE', `/groups/${own}/connections/${id}`],
    ['DELETE', `/users/ann/groups/${own}`],
    ['POST', '/:removeFromGroups', filter],
    ['DELETE', `/connections/${id}/groups`],
    ['DELETE', '/users/ann/groups'],
  ];
  for (const [method, path, more] of takes) {
    for (const group of [groupOf('/'), groupOf('/a'), own]) {
      await call('PUT', `/groups/${group}/connections/${id}`);
    }
    forget();
    await call(method, path, more);
    assert.equal(warnings().length, 1, path);
    assert.match(warnings()[0], new RegExp(`${id} leaves .*the room of socket ${sockets['/a']}`));
    assert.match(warnings()[0], /what is sent there misses it now/);
  }
});

test('a send of JSON has one warning for all its recipients', async (t) => {
  const { client, call, warnings } = await start(t);
  await client();
  await client();
  await call('POST', '/:send', { body: '{}', type: 'application/json' });
  assert.equal(warnings().length, 1);
  assert.match(warnings()[0], /only text goes: Content-Type: text\/plain/);
});

test('41{"close":true}: one namespace is told of the end, or all, as it is set', async (t) => {
  for (const closingDisconnect of ['one', 'all']) {
    const { client, call } = await start(t, { closingDisconnect });
    const { socket } = await client(['/', '/a', '/b']);
    const told = [];
    socket.socket.on('message', (data) => told.push(data.toString()));
    await call('POST', '/:send', { body: '41/a,{"close":true}' });
    assert.equal((await socket.closed).code, 1000);
    const packets = told.filter((text) => text.startsWith('41'));
    const all = ['41/a,', '41', '41/b,'];
    assert.deepEqual(packets, closingDisconnect === 'all' ? all : all.slice(0, 1));
  }
});

test('packets are examined with what they are, and ids are forgotten when there are too many', () => {
  assert.deepEqual(examine(readPayload('43/a,12[1]').packets[0]), { acknowledges: 12 });
  assert.deepEqual(examine(readPayload('42/a?b=c,["x",{"a":"\\u1e9e"}]').packets[0]), {});
  assert.deepEqual(examine(readPayload('41{"close":true}').packets[0]), {});
  const long = examine(readPayload(`42["${'x'.repeat(10_000)}`).packets[0]);
  assert.ok(long.fault.length < 300, 'a warning quotes the beginning');
  const ids = new AckIds(2);
  for (const id of [1, 2, 3]) ids.add(id);
  assert.deepEqual([1, 2, 3].map((id) => ids.has(id)), [false, true, true]);
  assert.deepEqual([ids.take(2), ids.take(2)], [true, false]);
});
