import test from 'node:test';
import assert from 'node:assert/strict';
import { Connection } from '../src/connection.js';
import { Takeover } from '../src/takeover.js';
import { Writer } from '../src/writer.js';
import { presence } from './simulation.js';

const joins = presence('writer', 'joined');

/** A writer of this epoch who is in the room, and what its takeover has had done. */
function joined(epoch) {
  const writer = new Writer({ epoch, maxEpoch: epoch + 100, text: '', language: 'go', name: '' });
  const scene = { writer, announced: 0, gaveWay: 0 };
  scene.takeover = new Takeover({
    writer,
    announce: () => scene.announced++,
    giveWay: () => scene.gaveWay++,
  });
  writer.joined('mine', 0);
  return scene;
}

test('a writer announces its epoch when it joins, and a greater one when it has outgrown it', async (t) => {
  const { writer } = joined(7);
  const ticket = { room_id: 'R'.repeat(22), role: 'writer', writer_key: 'K' };
  t.mock.method(globalThis, 'fetch', async () => Response.json(ticket));
  const party = await new Promise((resolve) => {
    const open = (_, who) => {
      resolve(who);
      return { send() {}, close() {} };
    };
    const transport = { query: '', fields: [], open };
    const device = { ticker: () => () => {}, hasNetwork: () => true, onNetwork: () => {} };
    const show = () => {};
    const connection = new Connection({ api: 'http://app', transport, core: writer, show }, device);
    t.after(() => connection.stop());
    connection.start();
  });
  assert.equal(party.epoch(), 7);
  writer.joinedAt = -10_000;
  writer.heard({ data: 'sync', epoch: 20, version: 0 }, 'v1', 0);
  assert.equal(party.epoch(), 21);
});

test('a writer gives way to a newer one, to its equal, and to one that does not tell its epoch', () => {
  for (const [epoch, rivalEpoch] of [
    [8, 8],
    [7, 7],
    [undefined, 0],
    ['9', 0],
  ]) {
    const { takeover, ...scene } = joined(7);
    takeover.presence(joins('theirs', { epoch }));
    assert.deepEqual([takeover.done, takeover.rivalEpoch], [true, rivalEpoch]);
    assert.equal(scene.announced, 0);
  }
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
