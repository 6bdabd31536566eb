import test from 'node:test';
import assert from 'node:assert/strict';
import { Connection } from '../src/connection.js';
import { Takeover } from '../src/takeover.js';
import { Writer } from '../src/writer.js';
import { presence } from './simulation.js';

const joins = presence('writer', 'joined');

/** A writer of this epoch who is in the room, and what its takeover has had done. */
function joined(epoch) {
  const writer = new Writer({ epoch, text: '', language: 'go', name: '' });
  const scene = { writer, announced: 0, gaveWay: 0 };
  scene.takeover = new Takeover({
    writer,
    announce: () => scene.announced++,
    giveWay: () => scene.gaveWay++,
  });
  writer.joined('mine', 0);
  return scene;
}

test('a writer announces the epoch that negotiate has given it, and keeps it when it reconnects', async (t) => {
  const writer = new Writer({ greatest: 6, text: '', language: 'go', name: '' });
  const ticket = { room_id: 'R'.repeat(22), role: 'writer', writer_key: 'K', epoch: 7, units: 3 };
  const requests = [];
  t.mock.method(globalThis, 'fetch', async (url, { body }) => {
    requests.push(body ? JSON.parse(body) : url);
    return Response.json({ ...ticket, epoch: 7 + requests.length - 1 });
  });
  t.mock.method(globalThis, 'setTimeout', (again) => setImmediate(again));
  const parties = [];
  const opened = () =>
    new Promise((resolve) => {
      transport.open = (_, who, events) => {
        parties.push(who);
        resolve(events);
        return { send() {}, close() {} };
      };
    });
  const transport = { query: '', fields: [] };
  const device = { ticker: () => () => {}, hasNetwork: () => true, onNetwork: () => {} };
  const show = () => {};
  const connection = new Connection({ api: 'http://app', transport, core: writer, show }, device);
  t.after(() => connection.stop());
  const first = opened();
  connection.start();
  (await first).failed({ code: 'Disconnected', message: '' });
  await opened();
  assert.deepEqual(parties.map((party) => party.epoch()), [7, 7]);
  assert.equal(writer.units, 3);
  const { room_id, writer_key } = ticket;
  assert.deepEqual(requests, ['http://app/negotiate?epoch=6', { room_id, writer_key }]);
});

test('a writer gives way to a newer one, and to one that does not tell its epoch', () => {
  for (const [epoch, rivalEpoch] of [
    [8, 8],
    [undefined, 0],
    ['9', 0],
  ]) {
    const { takeover, ...scene } = joined(7);
    takeover.presence(joins('theirs', { epoch }));
    assert.deepEqual([takeover.done, takeover.rivalEpoch], [true, rivalEpoch]);
    assert.equal(scene.announced, 0);
  }
});

test('of two writers with the same epoch the one with the greater socket id goes on', () => {
  for (const [theirs, goes] of [['zzz', false], ['aaa', true]]) {
    const { takeover, ...scene } = joined(7);
    takeover.presence(joins(theirs, { epoch: 7 }));
    assert.deepEqual([takeover.done, scene.announced], [!goes, 0]);
  }
  // An earlier socket counts as well: the other writer may have given way to that one.
  const { takeover, writer } = joined(7);
  writer.joined('aaa', 10);
  takeover.presence(joins('bbb', { epoch: 7 }));
  assert.equal(takeover.done, false);
});

test('a tab that is not let in yet learns from another what it has to exceed, and gives way to none', () => {
  const writer = new Writer({ greatest: 5, text: '', language: 'go', name: '' });
  let gaveWay = 0;
  const takeover = new Takeover({ writer, announce() {}, giveWay: () => gaveWay++ });
  takeover.saved(9);
  takeover.saved(8);
  assert.deepEqual([writer.greatest, gaveWay], [9, 0]);
  writer.admitted({ epoch: 10 });
  takeover.saved(10);
  assert.equal(gaveWay, 0);
  takeover.saved(11);
  assert.equal(gaveWay, 1);
});

test('a writer gives way once, and remembers the greatest epoch that it has given way to', () => {
  const scene = joined(7);
  for (const epoch of [8, 20, 9]) scene.takeover.yieldTo(epoch);
  assert.deepEqual([scene.gaveWay, scene.takeover.rivalEpoch], [1, 20]);
});

test('an older writer is told of the newer one, once on each of its sockets', () => {
  const scene = joined(7);
  for (const from of ['theirs', 'theirs', 'mine', 'theirs again'])
    scene.takeover.presence(joins(from, { epoch: 6 }));
  assert.deepEqual([scene.gaveWay, scene.announced], [0, 2]);
});

test('viewers, writers that leave, and late news of an earlier socket change nothing', () => {
  const scene = joined(7);
  scene.writer.left();
  scene.writer.joined('mine again', 10);
  for (const event of [
    joins('mine', { epoch: 7 }),
    joins('mine again', { epoch: 7 }),
    presence('viewer', 'joined')('theirs', { epoch: 9 }),
    presence('writer', 'left')('theirs', { epoch: 9 }),
    joins('', { epoch: 9 }),
    joins(undefined),
    undefined,
    null,
    'writer',
  ])
    scene.takeover.presence(event);
  assert.deepEqual([scene.gaveWay, scene.announced, scene.takeover.done], [0, 0, false]);
});
