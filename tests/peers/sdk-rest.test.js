// Microsoft's service SDK, @azure/web-pubsub, as the REST client of the service stand-in.
import assert from 'node:assert/strict';
import { AzureKeyCredential, odata, WebPubSubServiceClient } from '@azure/web-pubsub';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { group } from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { Client } from '../lib/sockets.js';
import { test } from '../lib/test.js';
import { NativePeers, PLAIN } from './native-client.js';
import {
  heardBy, SDKS, serviceClient, socketSession, SocketPeers, TEXT,
} from './service-client.js';

const HUB = 'sdk';
const WRONG_KEY = 'a-key-that-is-not-that-of-the-service-at-all';
const [A, B] = [group('a'), group('b')];

async function start(t, options = {}) {
  const hubs = { [HUB]: {} };
  const service = await startWebPubSub({ accessKeys: [ACCESS_KEY], hubs, ...options });
  const sdk = serviceClient(service, HUB);
  const sockets = new SocketPeers(service, sdk);
  const natives = new NativePeers();
  t.after(async () => {
    sockets.close();
    natives.close();
    await service.close();
  });
  const native = async (options) =>
    natives.open((await sdk.getClientAccessToken(options)).url, PLAIN);
  return { service, sdk, native, socket: (options) => sockets.open(options) };
}

const own = (client) => group(client.id);
const ended = (client) => new Promise((resolve) => client.socket.once('disconnect', resolve));
const status = (code) => (error) => error.name === 'RestError' && error.statusCode === code;

// --- tokens -----------------------------------------------------------------------------------

test('the SDK\'s token for Socket.IO opens a connection of its user', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  assert.equal(typeof ann.id, 'string');
  assert.equal(await sdk.userExists('ann'), true);
});

test('the SDK\'s token for native clients opens a connection with its groups', async (t) => {
  const { sdk, native } = await start(t);
  const ann = await native({ userId: 'ann', groups: ['lobby'] });
  await sdk.group('lobby').sendToAll({ n: 1 });
  assert.deepEqual(await ann.heard('lobby'), { n: 1 });
});

test('the SDK\'s token for one endpoint or of another key does not open the other', async (t) => {
  const { service, sdk } = await start(t);
  const other = serviceClient(service, HUB, WRONG_KEY);
  const right = await socketSession(service, sdk);
  const native = await sdk.getClientAccessToken();
  const wrong = [await socketSession(service, other), { ...right, token: native.token }];
  for (const session of wrong) {
    const client = new Client(session, { transports: ['polling'] });
    t.after(() => client.close());
    const error = await client.refused;
    assert.equal(error.description, 401);
  }
});

test('a REST call that is signed with another key is 401', async (t) => {
  const { service } = await start(t);
  const other = serviceClient(service, HUB, WRONG_KEY);
  await assert.rejects(other.sendToAll('42["x"]', TEXT), status(401));
  await assert.rejects(other.group(A).sendToAll('42["x"]', TEXT), status(401));
  await assert.rejects(other.connectionExists('none'), status(401));
});

test('endpoint and key given apart are as good as a connection string', async (t) => {
  const { service } = await start(t);
  const key = new AzureKeyCredential(ACCESS_KEY);
  const options = { allowInsecureConnection: true };
  const sdk = new WebPubSubServiceClient(service.endpoint, key, HUB, options);
  assert.equal(await sdk.groupExists(A), false);
});

// --- sends ------------------------------------------------------------------------------------

test('sendToAll of a group reaches its members, filter and excluded leave some out', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  const bob = await socket({ userId: 'bob' });
  const eve = await socket({ userId: 'eve' });
  for (const member of [ann, bob]) {
    await sdk.addConnectionsToGroups([A], `'${own(member)}' in groups`);
  }
  const room = sdk.group(A);
  await room.sendToAll('42["all"]', TEXT);
  await room.sendToAll('42["but-ann"]', { ...TEXT, filter: `not ('${own(ann)}' in groups)` });
  await room.sendToAll('42["bob-alone"]', { ...TEXT, filter: odata`userId eq ${'bob'}` });
  await room.sendToAll('42["excluded"]', { ...TEXT, excludedConnections: [ann.connectionId] });
  const both = [ann.connectionId, bob.connectionId];
  await room.sendToAll('42["nobody"]', { ...TEXT, excludedConnections: both });
  assert.deepEqual(await heardBy(sdk, ann, bob, eve), [
    ['all'],
    ['all', 'but-ann', 'bob-alone', 'excluded'],
    [],
  ]);
});

test('sends reach the hub, a user, a connection; a filter may hold quotes', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  const bar = await socket({ userId: 'bar\'s/ä b' });
  await sdk.sendToAll('42["hub"]', TEXT);
  await sdk.sendToAll('42["quoted"]', { ...TEXT, filter: odata`userId eq ${'bar\'s/ä b'}` });
  await sdk.sendToUser('ann', '42["user"]', TEXT);
  await sdk.sendToUser('bar\'s/ä b', '42["strange-user"]', TEXT);
  await sdk.sendToConnection(ann.connectionId, '42["connection"]', TEXT);
  assert.deepEqual(await heardBy(sdk, ann, bar), [
    ['hub', 'user', 'connection'],
    ['hub', 'quoted', 'strange-user'],
  ]);
});

test('an attachment sent as text arrives as bytes', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  const packets = '451-["bytes",{"_placeholder":true,"num":0}]\x1ebAQIDBA==';
  await sdk.sendToUser('ann', packets, TEXT);
  assert.deepEqual([...await ann.next('bytes')], [1, 2, 3, 4]);
});

test('native clients get what the SDK sends as JSON, text or bytes', async (t) => {
  const { sdk, native } = await start(t);
  const ann = await native({ userId: 'ann' });
  await sdk.sendToAll({ a: [1, null] });
  await sdk.sendToAll('plain', TEXT);
  await sdk.sendToAll(new Uint8Array([1, 2, 255]).buffer);
  const next = async () => (await ann.server.next()).data;
  assert.deepEqual(await next(), { a: [1, null] });
  assert.equal(await next(), 'plain');
  assert.deepEqual([...new Uint8Array(await next())], [1, 2, 255]);
});

test('a filter that cannot be read is 400 and reaches nobody', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  const bad = ['userId eq', '\'a\' in', 'nothing eq 1', '(', 'userId eq \'a'];
  for (const filter of bad) {
    await assert.rejects(sdk.sendToAll('42["x"]', { ...TEXT, filter }), status(400), filter);
    await assert.rejects(sdk.addConnectionsToGroups([A], filter), status(400), filter);
  }
  assert.deepEqual(await heardBy(sdk, ann), [[]]);
  assert.equal(await sdk.groupExists(A), false);
});

// --- membership -------------------------------------------------------------------------------

test('addConnectionsToGroups and removeConnectionsFromGroups select by filter', async (t) => {
  const { sdk, socket } = await start(t);
  const [ann, bob] = [await socket({ userId: 'ann' }), await socket({ userId: 'bob' })];
  const both = `'${own(ann)}' in groups or '${own(bob)}' in groups`;
  await sdk.addConnectionsToGroups([A, B], both);
  await sdk.removeConnectionsFromGroups([A], odata`userId eq ${'ann'}`);
  await sdk.group(A).sendToAll('42["a"]', TEXT);
  await sdk.group(B).sendToAll('42["b"]', TEXT);
  assert.deepEqual(await heardBy(sdk, ann, bob), [['b'], ['a', 'b']]);
});

test('connections and users join and leave one by one', async (t) => {
  const { sdk, socket } = await start(t);
  const [ann, bob] = [await socket({ userId: 'ann' }), await socket({ userId: 'bob' })];
  await sdk.group(A).addConnection(ann.connectionId);
  await sdk.group(A).addUser('bob');
  await sdk.group(A).sendToAll('42["both"]', TEXT);
  await sdk.group(A).removeConnection(ann.connectionId);
  await sdk.group(A).sendToAll('42["bob"]', TEXT);
  await sdk.group(A).removeUser('bob');
  await sdk.group(A).sendToAll('42["nobody"]', TEXT);
  assert.deepEqual(await heardBy(sdk, ann, bob), [['both'], ['both', 'bob']]);
});

test('connections and users leave all groups at once', async (t) => {
  const { sdk, socket } = await start(t);
  const [ann, bob] = [await socket({ userId: 'ann' }), await socket({ userId: 'bob' })];
  await sdk.addConnectionsToGroups([A, B], `'${own(ann)}' in groups or '${own(bob)}' in groups`);
  await sdk.removeConnectionFromAllGroups(ann.connectionId);
  await sdk.group(B).sendToAll('42["bob"]', TEXT);
  await sdk.removeUserFromAllGroups('bob');
  await sdk.group(A).sendToAll('42["nobody"]', TEXT);
  assert.deepEqual(await heardBy(sdk, ann, bob), [[], ['bob']]);
  assert.equal(await sdk.groupExists(A), false);
});

// --- targets that are gone, as the live service was recorded -------------------------------------

const there = (client) => ({ connection: client.connectionId, user: 'ann', group: A });
const GONE = { connection: 'none', user: 'none', group: B };

/** What each call does of the SDK: undefined, what it returns, or the status and code it throws. */
const CALLS = {
  'exists, connection': [(sdk, { connection }) => sdk.connectionExists(connection), true, false],
  'exists, group': [(sdk, { group: name }) => sdk.groupExists(name), true, false],
  'exists, user': [(sdk, { user }) => sdk.userExists(user), true, false],
  'send, connection': [(sdk, { connection }) => sdk.sendToConnection(connection, '42["x"]', TEXT)],
  'send, group': [(sdk, { group: name }) => sdk.group(name).sendToAll('42["x"]', TEXT)],
  'send, user': [(sdk, { user }) => sdk.sendToUser(user, '42["x"]', TEXT)],
  'join, connection': [(sdk, { connection, group: name }) => sdk.group(name)
    .addConnection(connection), undefined, '404 Error.Connection.NotExisted'],
  'join, user': [(sdk, { user, group: name }) => sdk.group(name).addUser(user),
    undefined, '404 Warning.User.NotExisted'],
  'remove, connection': [(sdk, { connection, group: name }) => sdk.group(name)
    .removeConnection(connection)],
  'remove, user': [(sdk, { user, group: name }) => sdk.group(name).removeUser(user)],
  'remove from all, connection': [(sdk, { connection }) => sdk
    .removeConnectionFromAllGroups(connection)],
  'remove from all, user': [(sdk, { user }) => sdk.removeUserFromAllGroups(user)],
  grant: [(sdk, { connection }) => sdk.grantPermission(connection, 'sendToGroup', LOBBY),
    undefined, '404 Info.Connection.NotExisted'],
  granted: [(sdk, { connection }) => sdk.hasPermission(connection, 'sendToGroup', LOBBY),
    true, false],
  revoke: [(sdk, { connection }) => sdk.revokePermission(connection, 'sendToGroup', LOBBY)],
  'revoke without a target': [(sdk, { connection }) => sdk
    .revokePermission(connection, 'sendToGroup'), '400 Error.BadRequest', '400 Error.BadRequest'],
  'close, group': [(sdk) => sdk.group(B).closeAllConnections()],
  'close, user': [(sdk, { user }) => sdk.closeUserConnections(user)],
  'close, connection': [(sdk, { connection }) => sdk.closeConnection(connection)],
};
const LOBBY = { targetName: 'lobby' };

/** What it returns where that is an answer; of a failure what a program can tell it by. */
const outcome = (promise) => promise.then(
  (value) => (typeof value === 'boolean' ? value : undefined),
  (error) => {
    assert.equal(error.name, 'RestError', error.stack);
    return `${error.statusCode} ${codeOf(error)}`;
  },
);

const codeOf = ({ response }) => response.headers.get('x-ms-error-code');

for (const [version, idsBeginWith] of [['1.2.0', ''], ['1.2.0', '-'], ['1.1.4', '_']]) {
  const of = `${version}${idsBeginWith && `, ids that begin with ${idsBeginWith}`}`;
  test(`targets that are there or gone: the SDK does as it was recorded, ${of}`, async (t) => {
    const { service, socket } = await start(t, { idsBeginWith });
    const sdk = serviceClient(service, HUB, ACCESS_KEY, SDKS[version]);
    const ann = await socket({ userId: 'ann' });
    assert.ok(ann.connectionId.startsWith(idsBeginWith));
    await sdk.group(A).addConnection(ann.connectionId);
    for (const [name, [call, ifThere, ifGone]] of Object.entries(CALLS)) {
      assert.equal(await outcome(call(sdk, GONE)), ifGone, `${name}, which is gone`);
      assert.equal(await outcome(call(sdk, there(ann))), ifThere, `${name}, which is there`);
    }
  });
}

test('the SDK tells a filter that cannot be read in the words of the service', async (t) => {
  const { sdk } = await start(t);
  const words = 'Invalid syntax for \'invalid filter\': Syntax error at position 14 in '
    + '\'invalid filter\'. (Parameter \'filter\')';
  const filter = 'invalid filter';
  for (const call of [
    () => sdk.sendToAll('x', { ...TEXT, filter }),
    () => sdk.sendToUser('ann', 'x', { ...TEXT, filter }),
    () => sdk.group(A).sendToAll('x', { ...TEXT, filter }),
    () => sdk.addConnectionsToGroups([A], filter),
    () => sdk.removeConnectionsFromGroups([A], filter),
  ]) {
    await assert.rejects(call(), (error) => {
      assert.deepEqual([error.statusCode, codeOf(error)], [400, 'Error.BadRequest']);
      assert.ok(JSON.parse(error.message).message === words, error.message);
      return true;
    });
  }
});

// --- existence, permissions, close -------------------------------------------------------------

test('connections, groups and users exist until they are gone', async (t) => {
  const { sdk, socket } = await start(t);
  const ann = await socket({ userId: 'ann' });
  await sdk.group(A).addConnection(ann.connectionId);
  const existing = () => Promise.all([
    sdk.connectionExists(ann.connectionId), sdk.groupExists(A), sdk.userExists('ann'),
  ]);
  assert.deepEqual(await existing(), [true, true, true]);
  assert.deepEqual(
    await Promise.all([sdk.connectionExists('none'), sdk.groupExists(B), sdk.userExists('bob')]),
    [false, false, false],
  );
  const end = ended(ann);
  await sdk.closeConnection(ann.connectionId);
  await end;
  assert.deepEqual(await existing(), [false, false, false]);
});

test('a permission that the SDK grants or revokes is what a native client may do', async (t) => {
  const { sdk, native } = await start(t);
  const ann = await native({ userId: 'ann' });
  const id = ann.connectionId;
  const target = { targetName: 'lobby' };
  const forbidden = (error) => error.errorDetail?.name === 'Forbidden';
  assert.equal(await sdk.hasPermission(id, 'joinLeaveGroup', target), false);
  await assert.rejects(ann.client.joinGroup('lobby'), forbidden);
  await sdk.grantPermission(id, 'joinLeaveGroup', target);
  assert.equal(await sdk.hasPermission(id, 'joinLeaveGroup', target), true);
  assert.equal(await sdk.hasPermission(id, 'sendToGroup', target), false);
  await ann.client.joinGroup('lobby');
  await assert.rejects(ann.client.joinGroup('office'), forbidden);
  await sdk.revokePermission(id, 'joinLeaveGroup', target);
  assert.equal(await sdk.hasPermission(id, 'joinLeaveGroup', target), false);
  await assert.rejects(ann.client.leaveGroup('lobby'), forbidden);
});

test('a connection, a user, a group and the hub are closed, and nothing more', async (t) => {
  const { sdk, socket } = await start(t);
  const names = ['ann', 'bob', 'cid', 'dan', 'eve'];
  const [ann, bob, cid, dan, eve] = await Promise.all(names.map((userId) => socket({ userId })));
  const there = async () => {
    const answers = await Promise.all(names.map((name) => sdk.userExists(name)));
    return names.filter((_, i) => answers[i]);
  };
  const closes = async (client, call) => Promise.all([ended(client), call]);
  await sdk.group(A).addConnection(cid.connectionId);
  await sdk.group(A).addConnection(dan.connectionId);
  await closes(ann, sdk.closeConnection(ann.connectionId, { reason: 'enough' }));
  assert.deepEqual(await there(), ['bob', 'cid', 'dan', 'eve']);
  await closes(bob, sdk.closeUserConnections('bob'));
  assert.deepEqual(await there(), ['cid', 'dan', 'eve']);
  const spared = { excluded: [dan.connectionId] };
  await closes(cid, sdk.group(A).closeAllConnections(spared));
  assert.deepEqual(await there(), ['dan', 'eve']);
  await Promise.all([ended(dan), ended(eve), sdk.closeAllConnections()]);
  assert.deepEqual(await there(), []);
});

test('a native client reads the reason why the SDK closed it', async (t) => {
  const { sdk, native } = await start(t);
  const ann = await native({ userId: 'ann' });
  await sdk.closeConnection(ann.connectionId, { reason: 'the room is closed' });
  const { message } = await ann.life.next(({ event }) => event === 'disconnected');
  assert.equal(message?.message, 'the room is closed');
});
