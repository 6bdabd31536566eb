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
  const scene = { writer, announced: 0, renewed: 0, gaveWay: 0 };
  scene.takeover = new Takeover({
    writer,
    announce: () => scene.announced++,
    renew: () => scene.renewed++,
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

test('a writer that is given its equal epoch again does not join with it, and asks again', async (t) => {
  const writer = new Writer({ greatest: 6, text: '', language: 'go', name: '' });
  const ticket = { room_id: 'R'.repeat(22), role: 'writer', writer_key: 'K' };
  const answers = [7, 7, 5, 8];
  t.mock.method(globalThis, 'fetch', async () => Response.json({ ...ticket, epoch: answers.shift() }));
  const waits = [];
  t.mock.method(globalThis, 'setTimeout', (again, ms) => {
    if (ms < 6_000) waits.push(ms); // negotiate's own deadline is longer
    if (ms < 6_000) setImmediate(again);
  });
  const joins = [];
  let opened;
  const transport = {
    query: '',
    fields: [],
    open(_, party) {
      joins.push(party.epoch());
      opened();
      return { send() {}, close() {} };
    },
  };
  const nextJoin = () => new Promise((resolve) => (opened = resolve));
  const device = { ticker: () => () => {}, hasNetwork: () => true, onNetwork: () => {} };
  const connection = new Connection({ api: 'http://app', transport, core: writer, show() {} }, device);
  t.after(() => connection.stop());
  const first = nextJoin();
  connection.start();
  await first;
  const second = nextJoin();
  writer.renew();
  connection.retry();
  await second;
  assert.deepEqual([joins, answers], [[7, 8], []]);
  assert.equal(waits.length, 2, 'with a back-off');
  assert.ok(waits[0] >= 250 && waits[1] >= 500, String(waits));
});

test('a writer gives way to a newer one, and to one that does not tell its epoch', () => {
  for (const [epoch, rivalEpoch] of [
    [8, 8],
    [undefined, 0],
    ['9', 0],
  ]) {
    const scene = joined(7);
    const { takeover } = scene;
    takeover.presence(joins('theirs', { epoch }), 10);
    assert.deepEqual([takeover.done, takeover.rivalEpoch], [true, rivalEpoch]);
    assert.deepEqual([scene.announced, scene.renewed, scene.gaveWay], [0, 0, 1]);
  }
});

test('of two writers with the same epoch the one with the greater socket id asks for another, and none gives way', () => {
  for (const [theirs, expected] of [['zzz', [1, 0]], ['aaa', [0, 1]]]) {
    const scene = joined(7);
    scene.takeover.presence(joins(theirs, { epoch: 7 }), 10);
    assert.deepEqual([scene.announced, scene.renewed], expected);
    assert.equal(scene.takeover.done, false);
  }
  // Other sockets of its own count as well, and those that were never told that they have joined.
  const scene = joined(7);
  scene.writer.joined('aaa', 10);
  scene.takeover.presence(joins('bbb', { epoch: 7 }), 20);
  assert.equal(scene.renewed, 1);
  scene.writer.joining('yyy');
  scene.takeover.presence(joins('yyy', { epoch: 7 }), 20);
  scene.takeover.presence(joins('xxx', { epoch: 7 }), 20);
  assert.deepEqual([scene.announced, scene.renewed, scene.takeover.done], [0, 2, false]);
});

test('a writer that needs another epoch names its own to negotiate', () => {
  const writer = new Writer({ greatest: 2 ** 53 - 1, text: '', language: 'go', name: '' });
  writer.admitted({ epoch: 7 });
  writer.renew();
  assert.deepEqual([writer.epoch, writer.greatest], [0, 7]);
  writer.admitted({ epoch: 9 });
  assert.equal(writer.epoch, 9);
});

test('what may have got lost is told again, five times at most, until the other one has left', () => {
  for (const [leaves, times] of [[Infinity, 5], [5_000, 3]]) {
    const scene = joined(7);
    const { takeover } = scene;
    takeover.presence(joins('theirs', { epoch: 6 }), 0);
    for (let now = 0; now < 60_000; now += 500) {
      if (now === leaves) takeover.presence(presence('writer', 'left')('theirs'), now);
      takeover.poll(now);
    }
    assert.deepEqual([scene.announced, takeover.wakeAt, takeover.done], [times, Infinity, false]);
  }
});

test('who has given way tells nothing any more', () => {
  const scene = joined(7);
  const { takeover } = scene;
  takeover.presence(joins('older', { epoch: 6 }), 0);
  takeover.presence(joins('newer', { epoch: 8 }), 10);
  for (let now = 0; now < 20_000; now += 500) takeover.poll(now);
  takeover.presence(joins('older still', { epoch: 5 }), 20_000);
  assert.deepEqual([scene.announced, scene.gaveWay, takeover.wakeAt], [1, 1, Infinity]);
});

test('a tab that is not let in yet learns from another what it has to exceed, and gives way to none', () => {
  const writer = new Writer({ greatest: 5, text: '', language: 'go', name: '' });
  let gaveWay = 0;
  const takeover = new Takeover({ writer, announce() {}, renew() {}, giveWay: () => gaveWay++ });
  takeover.saved(9);
  takeover.saved(8);
  assert.deepEqual([writer.greatest, gaveWay], [9, 0]);
  writer.admitted({ epoch: 10 });
  takeover.saved(10);
  assert.equal(gaveWay, 0);
  takeover.saved(11);
  assert.equal(gaveWay, 1);
});

test('a writer that waits for a new epoch gives way to whoever has taken the pen meanwhile', () => {
  const scene = joined(7);
  const { takeover, writer } = scene;
  writer.renew();
  takeover.saved(7); // the other one's, which is equal
  assert.deepEqual([scene.gaveWay, writer.greatest], [0, 7]);
  takeover.saved(9);
  assert.deepEqual([scene.gaveWay, takeover.rivalEpoch], [1, 9]);
});

test('a writer gives way once, and remembers the greatest epoch that it has given way to', () => {
  const scene = joined(7);
  for (const epoch of [8, 20, 9]) scene.takeover.yieldTo(epoch);
  assert.deepEqual([scene.gaveWay, scene.takeover.rivalEpoch], [1, 20]);
});

test('an older writer is told of the newer one, once on each of its sockets', () => {
  const scene = joined(7);
  for (const from of ['theirs', 'theirs', 'mine', 'theirs again'])
    scene.takeover.presence(joins(from, { epoch: 6 }), 10);
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
    scene.takeover.presence(event, 10);
  assert.deepEqual([scene.gaveWay, scene.announced, scene.renewed], [0, 0, 0]);
  assert.equal(scene.takeover.done, false);
});
