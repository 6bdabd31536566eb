import test from 'node:test';
import assert from 'node:assert/strict';
import { connectWriter } from '../src/roles.js';
import { Writer } from '../src/writer.js';

const ticket = { room_id: 'R'.repeat(22), role: 'writer', writer_key: 'K' };

/**
 * A writer of this epoch in its room, over a transport that does what the test says.
 * @returns what was told of rivals, how often the writer was announced, and what the transport was
 *   given
 */
async function joined(t, epoch, sid = 'mine') {
  t.mock.method(globalThis, 'fetch', async () => Response.json(ticket));
  const scene = { rivals: [], announced: 0 };
  const opened = new Promise((resolve) => {
    scene.transport = {
      query: '',
      fields: [],
      open(_, party, events) {
        resolve({ party, events });
        return { send() {}, close() {}, announce: () => scene.announced++ };
      },
    };
  });
  const device = { ticker: () => () => {}, hasNetwork: () => true, onNetwork: () => {} };
  scene.writer = new Writer({ epoch, maxEpoch: epoch + 100, text: '', language: 'go', name: '' });
  scene.connection = connectWriter(scene.writer, {
    backEnd: { api: 'http://app', transport: scene.transport },
    session: { room: '', key: '' },
    show: () => {},
    onRival: (rival) => scene.rivals.push(rival),
    device,
  });
  t.after(() => scene.connection.stop());
  scene.connection.start();
  Object.assign(scene, await opened);
  scene.events.joined(sid);
  scene.hear = (from, more) =>
    scene.events.presence({ role: 'writer', state: 'joined', from, ...more });
  return scene;
}

test('a writer tells its epoch with its coming, and a greater one when it has outgrown it', async (t) => {
  const { writer, party } = await joined(t, 7);
  assert.equal(party.epoch(), 7);
  writer.joinedAt = -10_000;
  writer.heard({ data: 'sync', epoch: 20, version: 0 }, 'v1', 0);
  assert.equal(party.epoch(), 21);
});

test('a writer gives way to a newer one, to its equal, and to one that does not tell', async (t) => {
  const scene = await joined(t, 7);
  for (const [epoch, told] of [
    [8, 8],
    [7, 7],
    [undefined, undefined],
    ['9', undefined],
  ]) {
    scene.hear('theirs', { epoch });
    assert.deepEqual(scene.rivals.splice(0), [told]);
  }
  assert.equal(scene.announced, 0);
});

test('an older writer is told of the newer one, once on each of its sockets', async (t) => {
  const scene = await joined(t, 7);
  for (const from of ['theirs', 'theirs', 'mine', 'theirs again']) scene.hear(from, { epoch: 6 });
  assert.deepEqual(scene.rivals, []);
  assert.equal(scene.announced, 2);
});
