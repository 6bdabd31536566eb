// Microsoft's client of the native endpoint, @azure/web-pubsub-client, plain and reliable, at URLs
// that the handler makes; and the older CodeStream's way to stream with nothing else than groups.
import assert from 'node:assert/strict';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { eventually } from '../lib/deadline.js';
import { ACCESS_KEY, startHandler } from '../lib/handler.js';
import { negotiate } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';
import { CLIENTS, NativePeers, PLAIN, RELIABLE } from './native-client.js';
import { OlderViewer, OlderWriter } from './older-codestream.js';
import { serviceClient } from './service-client.js';

const HUB = 'codestream';
const RECOVERY_MS = 15_000;

let service;
let handler;
before(async () => {
  service = await startWebPubSub({ accessKeys: [ACCESS_KEY], hubs: { [HUB]: {} } });
  handler = await startHandler({ service: service.connectionString });
});
after(async () => {
  await handler?.stop();
  await service?.close();
});

const invite = (protocol, form = {}) =>
  negotiate(handler.url, { path: `/negotiate?protocol=${protocol}`, ...form });

const forbidden = (error) =>
  error.name === 'SendMessageError' && error.errorDetail?.name === 'Forbidden';

/** A writer and a viewer in their rooms, as the roles of their URLs allow. */
async function pair(t, protocol, sdk) {
  const peers = new NativePeers();
  t.after(() => peers.close());
  const { id, url } = await invite(protocol);
  const { url: viewerUrl } = await invite(protocol, { room: id });
  const writer = await peers.open(url, protocol, sdk);
  const viewer = await peers.open(viewerUrl, protocol, sdk);
  await writer.client.joinGroup(`${id}-control`);
  await viewer.client.joinGroup(id);
  return { room: id, control: `${id}-control`, writer, viewer };
}

for (const protocol of [PLAIN, RELIABLE]) {
  const over = (sentence, body) => test(`${protocol}: ${sentence}`, body);

  over('the URL is for this protocol, hub and room, its user is the role', async (t) => {
    const answer = await invite(protocol);
    const { protocol: scheme, pathname } = new URL(answer.url);
    assert.deepEqual([scheme, pathname], ['ws:', `/client/hubs/${HUB}`]);
    assert.equal(answer.protocol, protocol);
    assert.equal(answer.room_id, answer.id);
    const { writer, viewer, room } = await pair(t, protocol);
    assert.equal(writer.userId, `w.${room}`);
    assert.equal(viewer.userId, `v.${room}`);
    assert.notEqual(writer.connectionId, viewer.connectionId);
  });

  over('a writer\'s send reaches the viewer, a viewer\'s the writer', async (t) => {
    const { room, control, writer, viewer } = await pair(t, protocol);
    const data = { type: 'full', content: 'ä😀\n"', version: 1.5 };
    await writer.client.sendToGroup(room, data, 'json');
    assert.deepEqual(await viewer.heard(room), data);
    await viewer.client.sendToGroup(control, 'sync', 'text');
    assert.equal(await writer.heard(control), 'sync');
    await writer.client.sendToGroup(room, new Uint8Array([0, 255]).buffer, 'binary');
    assert.deepEqual([...new Uint8Array(await viewer.heard(room))], [0, 255]);
    assert.deepEqual([writer.all.length, viewer.all.length], [1, 2]);
  });

  over('messages come in the order in which they were sent', async (t) => {
    const { room, writer, viewer } = await pair(t, protocol);
    const numbers = Array.from({ length: 200 }, (_, n) => n);
    await Promise.all(numbers.map((n) => writer.client.sendToGroup(room, n, 'json')));
    for (const n of numbers) assert.equal(await viewer.heard(room), n);
  });

  over('what the role does not have is refused, and reaches nobody', async (t) => {
    const { room, control, writer, viewer } = await pair(t, protocol);
    const send = (peer, group) => peer.client.sendToGroup(group, 'x', 'text');
    await assert.rejects(send(viewer, room), forbidden);
    await assert.rejects(viewer.client.joinGroup(control), forbidden);
    await assert.rejects(writer.client.joinGroup(room), forbidden);
    await assert.rejects(send(writer, control), forbidden);
    const other = await pair(t, protocol);
    await assert.rejects(viewer.client.joinGroup(other.room), forbidden);
    await assert.rejects(send(writer, other.room), forbidden);
    await writer.client.sendToGroup(room, 'mark', 'text');
    assert.equal(await viewer.heard(room), 'mark');
    assert.deepEqual(viewer.all, ['mark']);
    assert.deepEqual([...writer.all, ...other.viewer.all, ...other.writer.all], []);
  });

  over('who has left a group hears it no more', async (t) => {
    const { room, writer, viewer } = await pair(t, protocol);
    await viewer.client.leaveGroup(room);
    await writer.client.sendToGroup(room, 'away', 'text');
    await viewer.client.joinGroup(room);
    await writer.client.sendToGroup(room, 'back', 'text');
    assert.equal(await viewer.heard(room), 'back');
    assert.deepEqual(viewer.all, ['back']);
  });

  over('noEcho spares a sender who is a member', async (t) => {
    const peers = new NativePeers();
    t.after(() => peers.close());
    const roles = ['webpubsub.joinLeaveGroup.g', 'webpubsub.sendToGroup.g'];
    const { url } = await serviceClient(service, HUB).getClientAccessToken({ roles });
    const ann = await peers.open(url, protocol);
    await ann.client.joinGroup('g');
    await ann.client.sendToGroup('g', 'quiet', 'text', { noEcho: true });
    await ann.client.sendToGroup('g', 'loud', 'text', { noEcho: false });
    assert.equal(await ann.heard('g'), 'loud');
    assert.deepEqual(ann.all, ['loud']);
  });

  over('a repeated ackId is done once', async (t) => {
    const { room, writer, viewer } = await pair(t, protocol);
    const once = { ackId: 4711 };
    assert.deepEqual(await writer.client.sendToGroup(room, 1, 'json', once), {
      ackId: 4711, isDuplicated: false,
    });
    assert.deepEqual(await writer.client.sendToGroup(room, 2, 'json', once), {
      ackId: 4711, isDuplicated: true,
    });
    await writer.client.sendToGroup(room, 3, 'json', { fireAndForget: true });
    assert.deepEqual([await viewer.heard(room), await viewer.heard(room)], [1, 3]);
  });
}

test('a URL for another hub or with a changed token opens nothing', async (t) => {
  const peers = new NativePeers();
  t.after(() => peers.close());
  const { url } = await invite(PLAIN);
  for (const wrong of [url.slice(0, -4), url.replace(`hubs/${HUB}`, 'hubs/other')]) {
    await assert.rejects(peers.open(wrong), /\w/);
  }
});

// --- recovery ---------------------------------------------------------------------------------

/** Cuts a peer's WebSocket as a network does: without a goodbye. */
const cut = (peer) => peer.client._wsClient._socket.terminate();

const misses = 'a reliable viewer that is cut off misses nothing and hears nothing twice';
for (const [version, sdk] of Object.entries(CLIENTS)) test(`${misses}, ${version}`, async (t) => {
  const { room, writer, viewer } = await pair(t, RELIABLE, sdk);
  for (let n = 0; n < 5; n += 1) await writer.client.sendToGroup(room, n, 'json');
  await viewer.groups.next(({ data }) => data === 4);
  const { connectionId } = viewer;
  const socket = viewer.client._wsClient;
  cut(viewer);
  for (let n = 5; n < 10; n += 1) await writer.client.sendToGroup(room, n, 'json');
  await viewer.groups.next(({ data }) => data === 9, RECOVERY_MS);
  await writer.client.sendToGroup(room, 10, 'json');
  await viewer.groups.next(({ data }) => data === 10);
  assert.deepEqual(viewer.all, Array.from({ length: 11 }, (_, n) => n));
  assert.deepEqual(viewer.life.all.filter(({ event }) => event !== 'connected'), []);
  assert.notEqual(viewer.client._wsClient, socket, 'it was another WebSocket');
  assert.ok(await serviceClient(service, HUB).connectionExists(connectionId));
});

test('a plain viewer that is cut off is told, and is no member any more', async (t) => {
  const { viewer, room } = await pair(t, PLAIN);
  const sdk = serviceClient(service, HUB);
  assert.equal(await sdk.groupExists(room), true);
  cut(viewer);
  await viewer.life.next(({ event }) => event === 'stopped');
  await eventually(5000, async () => !(await sdk.groupExists(room)), 'the end of the group');
});

// --- the older CodeStream ---------------------------------------------------------------------

const urlOf = async (form) => (await invite(PLAIN, form)).url;

test('the older sample streams: join, ack, sync as a bare string, full, delta', async (t) => {
  const { id, url } = await invite(PLAIN);
  const writer = await OlderWriter.open(url, id, 'int main');
  t.after(() => writer.close());
  const viewer = await OlderViewer.open(await urlOf({ room: id }), id);
  t.after(() => viewer.close());
  await viewer.shows('int main');
  writer.type('(void)');
  writer.type(' {}');
  await viewer.shows('int main(void) {}');
  assert.deepEqual(writer.heard, [{ dataType: 'json', data: 'sync' }]);
  assert.deepEqual(viewer.heard.map(({ type }) => type), ['full', 'delta', 'delta']);

  const late = await OlderViewer.open(await urlOf({ room: id }), id);
  t.after(() => late.close());
  await late.shows('int main(void) {}');
  writer.type('\n');
  await Promise.all([viewer, late].map((one) => one.shows('int main(void) {}\n')));
});

test('the older sample: a viewer\'s delta to the room is refused and seen by nobody', async (t) => {
  const { id, url } = await invite(PLAIN);
  const writer = await OlderWriter.open(url, id, 'text');
  const [viewer, forger] = await Promise.all([1, 2].map(async () =>
    OlderViewer.open(await urlOf({ room: id }), id)));
  t.after(() => [writer, viewer, forger].forEach((one) => one.close()));
  await viewer.shows('text');
  const forged = { type: 'full', content: 'forged', version: 99 };
  const answer = await forger.tellAndAsk(id, forged);
  assert.equal(answer.success, false);
  assert.equal(answer.error.name, 'Forbidden');
  writer.type('!');
  await viewer.shows('text!');
  assert.ok(viewer.heard.every(({ content }) => content !== 'forged'));
});

test('a hub that has our event handler, for Socket.IO, takes native clients as well', async (t) => {
  const stack = await startStack();
  const peers = new NativePeers();
  t.after(async () => {
    peers.close();
    await stack.close();
  });
  const path = `/negotiate?protocol=${PLAIN}`;
  const { id, url } = await negotiate(stack.api, { path });
  const viewerUrl = (await negotiate(stack.api, { path, room: id })).url;
  const [writer, viewer] = [await peers.open(url), await peers.open(viewerUrl)];
  assert.ok(stack.serviceLines.some((line) => /^upstream .*\bconnect\b/.test(line)));
  await viewer.client.joinGroup(id);
  await writer.client.sendToGroup(id, 'hello', 'text');
  assert.equal(await viewer.heard(id), 'hello');
  await assert.rejects(viewer.client.sendToGroup(id, 'x', 'text'), forbidden);
});
