// The official chat example against examples/chat, and hello: the events that their unmodified
// clients send and wait for. A visitor below does what the example's main.js does.
import assert from 'node:assert/strict';
import { Client, negotiate } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';
import { test } from '../lib/test.js';

/** `body` with a way to open visitors, who all leave at the end. */
async function inApp(app, body, service) {
  const stack = await startStack({ app, service });
  const visitors = [];
  const open = async () => {
    const { endpoint, path, token } = await negotiate(stack.api);
    const client = new Client({ endpoint, path, token });
    visitors.push(client);
    await client.connected;
    return client;
  };
  try {
    await body(open, stack);
  } finally {
    for (const client of visitors) client.close();
    await stack.close();
  }
}

const inChat = (body) => inApp('chat', async (open, stack) => {
  const login = async (name) => {
    const client = await open();
    client.emit('add user', name);
    client.numUsers = (await client.next('login')).numUsers;
    return client;
  };
  await body({ open, login, stack });
}, { connectionState: true }); // documented for Web PubSub, an unknown for Socket.IO

const namesHeard = (client) => client.events.all.map(({ name }) => name);

test('hello greets, and answers a howdy', () => inApp('hello', async (open) => {
  const client = await open();
  assert.equal(await client.next('hello'), 'world');
  client.emit('howdy', 'stranger');
  assert.equal(await client.next('hello', (who) => who === 'stranger'), 'stranger');
  const refused = await client.ask('howdy');
  assert.equal(refused.error.code, 'BadRequest');
}));

test('whoever negotiates is somebody new, for this application', () =>
  inApp('hello', async (open, stack) => {
    const [one, two] = [await negotiate(stack.api), await negotiate(stack.api)];
    assert.deepEqual(Object.keys(one).sort(),
      ['endpoint', 'expires_in', 'path', 'token', 'url', 'user_id']);
    assert.match(one.user_id, /^[A-Za-z0-9_-]{22}$/);
    assert.notEqual(one.user_id, two.user_id);
  }));

test('who logs in hears how many there are, and the others hear of it', () =>
  inChat(async ({ login }) => {
    const ann = await login('Ann');
    assert.equal(ann.numUsers, 1);
    const bob = await login('Bob');
    assert.equal(bob.numUsers, 2);
    assert.deepEqual(await ann.next('user joined'), { username: 'Bob', numUsers: 2 });
    assert.ok(!namesHeard(bob).includes('user joined'));
  }));

test('messages and typing reach everybody else under their author\'s name', () =>
  inChat(async ({ login }) => {
    const [ann, bob, cem] = [await login('Ann'), await login('Bob'), await login('Çem "C" <b>')];
    cem.emit('typing');
    cem.emit('new message', 'hëllo\n"world"');
    cem.emit('stop typing');
    for (const other of [ann, bob]) {
      const username = 'Çem "C" <b>';
      assert.deepEqual(await other.next('stop typing'), { username });
      assert.deepEqual(await other.next('typing'), { username });
      assert.deepEqual(await other.next('new message'), { username, message: 'hëllo\n"world"' });
    }
    ann.emit('new message', 'last');
    await cem.next('new message');
    assert.deepEqual(namesHeard(cem).filter((name) => !['login', 'user joined'].includes(name)),
      ['new message']);
  }));

test('who closes the page is said to have left', () => inChat(async ({ login }) => {
  const [ann, bob] = [await login('Ann'), await login('Bob')];
  bob.close();
  assert.deepEqual(await ann.next('user left'), { username: 'Bob', numUsers: 1 });
  const again = await login('Bob');
  assert.equal(again.numUsers, 2);
}));

test('two users may have one name, and both count', () => inChat(async ({ login }) => {
  const [one, two] = [await login('Same'), await login('Same')];
  assert.equal(two.numUsers, 2);
  one.emit('new message', 'from one');
  assert.deepEqual(await two.next('new message'), { username: 'Same', message: 'from one' });
  two.close();
  assert.deepEqual(await one.next('user left'), { username: 'Same', numUsers: 1 });
}));

test('a second name is ignored, a wrong one refused', () => inChat(async ({ open, login }) => {
  const [ann, bob] = [await login('Ann'), await login('Bob')];
  await ann.ask('add user', 'Root');
  ann.emit('new message', 'x');
  assert.equal((await bob.next('new message')).username, 'Ann');
  const nobody = await open();
  for (const wrong of [[], [''], [1], [null], [{}], ['x'.repeat(201)]]) {
    const answer = await nobody.ask('add user', ...wrong);
    assert.equal(answer.error?.code, 'BadRequest', JSON.stringify(wrong));
  }
  for (const event of ['typing', 'stop typing']) {
    assert.equal((await nobody.ask(event)).error?.code, 'Forbidden');
  }
  assert.equal((await nobody.ask('new message', 'x')).error?.code, 'Forbidden');
  nobody.close();
  const last = await login('Last');
  assert.equal(last.numUsers, 3);
  assert.ok(!namesHeard(ann).includes('user left'));
}));

test('where the service keeps no state, nobody speaks under a wrong name', () =>
  inApp('chat', async (open) => {
    const client = await open();
    client.emit('add user', 'Ann');
    assert.deepEqual(await client.next('login'), { numUsers: 1 });
    assert.equal((await client.ask('new message', 'x')).error.code, 'Forbidden');
  }));
