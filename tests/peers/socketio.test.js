// Socket.IO clients of several generations and of another language, through the service stand-in
// and the real handler, over every transport.
import assert from 'node:assert/strict';
import { negotiate, TRANSPORTS } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';
import { PEERS } from './socketio-clients.js';

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack?.close());

/** Peers of one test, closed with it. */
class Party {
  #peers = [];

  constructor(t) {
    t.after(() => this.#peers.forEach((peer) => peer.close()));
  }

  /** @param {{ room?: string }} form of the negotiation: a writer without, a viewer with a room */
  async open(kind, transports, form) {
    const { endpoint, path, token, room_id: room } = await negotiate(stack.api, form);
    const peer = kind.start();
    this.#peers.push(peer);
    peer.id = await peer.connect({ endpoint, path, token }, transports);
    peer.room = room;
    return peer;
  }

  async join(kind, transports, form) {
    const peer = await this.open(kind, transports, form);
    const answer = await peer.ask('joinRoom', { room_id: peer.room });
    assert.deepEqual(answer, { success: true });
    return peer;
  }

  async refused(kind, session, transports) {
    const peer = kind.start();
    this.#peers.push(peer);
    await assert.rejects(peer.connect(session, transports), ({ message }) => {
      assert.doesNotMatch(message, /not within|the Python client ended|lacks a module/);
      return true;
    });
  }
}

const say = (peer, data) => peer.ask('sendToRoom', { room_id: peer.room, data });

test('the clients are of the generations that their names say', () => {
  const versions = Object.values(PEERS).map(({ version }) => version).filter(Boolean);
  assert.deepEqual(versions, ['4.8.4', '4.0.2', '3.1.3']);
});

for (const [peerName, kind] of Object.entries(PEERS)) {
  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    const over = (sentence, body) =>
      test(`${peerName} over ${name}: ${sentence}`, (t) => body(new Party(t)));

    over('is greeted, joins with an ack, and uses that transport', async (party) => {
      const peer = await party.open(kind, transports);
      assert.equal(typeof peer.id, 'string');
      await peer.next('login');
      await peer.upgraded(transports.at(-1));
      assert.deepEqual(await peer.ask('joinRoom', { room_id: peer.room }), { success: true });
      assert.deepEqual(await peer.message('ackJoinRoom'), { type: 'ackJoinRoom', success: true });
    });

    over('what one side sends the other gets, and nobody his own', async (party) => {
      const writer = await party.join(kind, transports);
      const viewer = await party.join(kind, transports, { room: writer.room });
      const data = { type: 'full', content: 'ä😀"\\\n\u0001', version: 1, n: [0.5, null, true] };
      assert.deepEqual(await say(viewer, { data: 'sync' }), { success: true });
      const asked = await writer.message('editorMessage');
      assert.deepEqual(asked, {
        type: 'editorMessage', data: { data: 'sync' }, from: viewer.id,
      });
      assert.deepEqual(await say(writer, data), { success: true });
      assert.deepEqual(await viewer.message('editorMessage'), { type: 'editorMessage', data });
      writer.emit('sendToRoom', { room_id: writer.room, data: 'without ack' });
      assert.equal((await viewer.message('editorMessage')).data, 'without ack');
      assert.deepEqual(viewer.heard(), [data, 'without ack']);
      assert.deepEqual(writer.heard(), [{ data: 'sync' }]);
    });

    over('a binary event is refused with an ack, and the next one passes', async (party) => {
      const writer = await party.join(kind, transports);
      const viewer = await party.join(kind, transports, { room: writer.room });
      const answer = await say(writer, { type: 'delta', bytes: Buffer.from([0, 1, 254, 255]) });
      assert.equal(answer.success, false);
      assert.equal(answer.error.code, 'Unsupported');
      assert.ok(writer.isConnected);
      assert.deepEqual(await say(writer, 'text'), { success: true });
      assert.equal((await viewer.message('editorMessage')).data, 'text');
      assert.deepEqual(viewer.heard(), ['text']);
    });
  }

  test(`${peerName}: what is refused is told as an ack, without an end`, async (t) => {
    const party = new Party(t);
    const writer = await party.join(kind, ['websocket']);
    const other = await party.join(kind, ['websocket']);
    const refusals = {
      Forbidden: await writer.ask('joinRoom', { room_id: other.room }),
      BadRequest: await writer.ask('joinRoom', 7),
      UnknownEvent: await writer.ask('somethingElse', {}),
    };
    for (const [code, answer] of Object.entries(refusals)) {
      assert.deepEqual([answer.success, answer.error.code], [false, code]);
    }
    assert.deepEqual(await say(writer, 1), { success: true });
  });

  test(`${peerName}: a token that is not for this hub is refused`, async (t) => {
    const { endpoint, path, token } = await negotiate(stack.api);
    const party = new Party(t);
    const other = path.replace(/[^/]+$/, 'other');
    for (const transports of [['polling'], ['websocket']]) {
      await party.refused(kind, { endpoint, path: other, token }, transports);
      await party.refused(kind, { endpoint, path, token: `${token}x` }, transports);
    }
  });
}

test('all generations and languages are in one room and read the same', async (t) => {
  const party = new Party(t);
  const [first, ...rest] = Object.values(PEERS);
  const writer = await party.join(first, ['websocket']);
  const viewers = await Promise.all([first, ...rest].flatMap((kind) => [
    party.join(kind, ['polling'], { room: writer.room }),
    party.join(kind, ['websocket'], { room: writer.room }),
  ]));
  const numbers = Array.from({ length: 50 }, (_, n) => n);
  for (const n of numbers) writer.emit('sendToRoom', { room_id: writer.room, data: { n } });
  for (const viewer of viewers) {
    for (const n of numbers) await viewer.next('message', ({ data }) => data?.n === n);
    const heard = viewer.heard().map(({ n }) => n);
    assert.deepEqual(viewer.keepsOrder ? heard : heard.sort((a, b) => a - b), numbers);
  }
});
