// Two rooms and an exception, sent through Microsoft's SDK to Socket.IO clients: the expression
// with parentheses and the one that Microsoft's Socket.IO extensions write reach different people,
// by the documented precedence: `and` binds tighter than `or`.
import assert from 'node:assert/strict';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { group } from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { test } from '../lib/test.js';
import { heardBy, serviceClient, SocketPeers, TEXT } from './service-client.js';

const HUB = 'filter';
const is = (room) => `'${group(room)}' in groups`;
const isNot = (room) => `not ('${group(room)}' in groups)`;
const OURS = `(${is('A')} or ${is('B')}) and ${isNot('C')}`;
const EXTENSIONS = `${is('A')} or ${is('B')} and ${isNot('C')}`;

/** One client for each combination of rooms, named after it. */
const COMBINATIONS = ['', 'A', 'B', 'AB', 'C', 'AC', 'BC', 'ABC'];

async function start(t) {
  const service = await startWebPubSub({ accessKeys: [ACCESS_KEY], hubs: { [HUB]: {} } });
  const sdk = serviceClient(service, HUB);
  const sockets = new SocketPeers(service, sdk);
  t.after(async () => {
    sockets.close();
    await service.close();
  });
  const clients = [];
  for (const rooms of COMBINATIONS) {
    const client = await sockets.open();
    const groups = [...rooms].map((room) => group(room));
    if (rooms) await sdk.addConnectionsToGroups(groups, `'${group(client.id)}' in groups`);
    clients.push(client);
  }
  return { sdk, clients };
}

/** Sends to the whole hub with a filter; returns the combinations that it reached. */
async function reached({ sdk, clients }, filter) {
  await sdk.sendToAll('42["hit"]', { ...TEXT, filter });
  const heard = await heardBy(sdk, ...clients);
  for (const client of clients) client.events.all.length = 0;
  for (const events of heard) assert.ok(events.length <= 1, 'once to each at most');
  return COMBINATIONS.filter((_, i) => heard[i].includes('hit'));
}

test('with parentheses nobody in C is reached', async (t) => {
  assert.deepEqual(await reached(await start(t), OURS), ['A', 'B', 'AB']);
});

test('as the extensions write it, those in A are reached although they are in C', async (t) => {
  assert.deepEqual(await reached(await start(t), EXTENSIONS), ['A', 'B', 'AB', 'AC', 'ABC']);
});

test('the other order of the rooms spares the other ones', async (t) => {
  const filter = `${is('B')} or ${is('A')} and ${isNot('C')}`;
  assert.deepEqual(await reached(await start(t), filter), ['A', 'B', 'AB', 'BC', 'ABC']);
});

test('a send to one room needs no parentheses: the room is in the path', async (t) => {
  const { sdk, clients } = await start(t);
  await sdk.group(group('A')).sendToAll('42["hit"]', { ...TEXT, filter: isNot('C') });
  const heard = await heardBy(sdk, ...clients);
  assert.deepEqual(COMBINATIONS.filter((_, i) => heard[i].includes('hit')), ['A', 'AB']);
});

test('several exceptions in one room: both spellings agree', async (t) => {
  const { sdk, clients } = await start(t);
  const filter = `${isNot('B')} and ${isNot('C')}`;
  await sdk.group(group('A')).sendToAll('42["hit"]', { ...TEXT, filter });
  await sdk.sendToAll('42["hub"]', { ...TEXT, filter: `${is('A')} and ${filter}` });
  const heard = await heardBy(sdk, ...clients);
  for (const name of ['hit', 'hub']) {
    assert.deepEqual(COMBINATIONS.filter((_, i) => heard[i].includes(name)), ['A']);
  }
});
