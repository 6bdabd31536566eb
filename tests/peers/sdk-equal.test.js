// The handler's requests beside those of Microsoft's SDK, @azure/web-pubsub: both speak to the same
// recorder, and for the same operation it must see the same request from both.
import assert from 'node:assert/strict';
import { after, before, test } from '../lib/test.js';
import { group, joinRoom, sendToRoom, systemEvent } from '../lib/events.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { verifyToken } from '../lib/rest-recorder.js';
import { negotiate } from '../lib/sockets.js';
import { serviceClient, SOCKET_IO, TEXT } from './service-client.js';

const HUB = 'codestream';
const OUR_VERSION = '2024-01-01';
const SDK_VERSION = '2024-12-01';

let recorded;
let sdk;
before(async () => {
  recorded = await startRecorded();
  sdk = serviceClient(recorded.recorder, HUB);
});
after(() => recorded?.close());

/** What the service can tell of a request, but for the version, which is given apart. */
function seen({ recorder }, { method, url, headers, text }) {
  const { pathname, searchParams } = new URL(url, recorder.endpoint);
  const { aud } = verifyToken(headers.authorization.replace('Bearer ', ''));
  assert.equal(aud, recorder.endpoint + url, 'aud is the address as it is sent');
  const version = searchParams.get('api-version');
  searchParams.delete('api-version');
  const query = [...searchParams].sort();
  const audience = decodeURIComponent(aud).replaceAll('+', ' ').replace(version, 'VERSION');
  const [type] = headers['content-type'].split(';');
  return { version, request: { method, path: pathname, query, type, text }, audience };
}

/** The parts of a decoded address in an order that does not depend on who wrote it. */
function addressParts(audience) {
  const [base, query] = audience.split('?');
  return [base, ...query.split('&').sort()];
}

function assertSame(stage, ours, theirs) {
  const [our, their] = [seen(stage, ours), seen(stage, theirs)];
  assert.deepEqual(our.request, their.request);
  assert.deepEqual(addressParts(our.audience), addressParts(their.audience));
  assert.deepEqual([our.version, their.version], [OUR_VERSION, SDK_VERSION]);
}

/** The requests that the handler makes for an event, and the SDK's for the same operations. */
async function assertEqual(event, operations, stage = recorded, client = sdk) {
  const { requests: ours } = await stage.exchange(event);
  stage.recorder.forget();
  for (const operation of operations) await operation(client);
  const theirs = [...stage.recorder.requests];
  assert.deepEqual(stage.recorder.faults, []);
  assert.equal(theirs.length, operations.length);
  assert.equal(ours.length, theirs.length, ours.map(({ url }) => url).join('\n'));
  ours.forEach((request, i) => assertSame(stage, request, theirs[i]));
}

const own = (peer) => group(peer.socketId);
const but = (peer) => `not ('${own(peer)}' in groups)`;
const packet = (...event) => `42${JSON.stringify(event)}`;
const join = (peer, room) => (client) =>
  client.addConnectionsToGroups([group(room)], `'${own(peer)}' in groups`);
const send = (room, text, filter) => (client) =>
  client.group(group(room)).sendToAll(text, { ...TEXT, ...(filter && { filter }) });
const presence = (peer, role, state) =>
  packet('presence', { role, state, from: peer.socketId });
const joined = packet('message', { type: 'ackJoinRoom', success: true });

test('the greeting of a socket', async () => {
  const { writer } = newParty();
  const event = systemEvent(writer, 'connected');
  await assertEqual(event, [send(writer.socketId, packet('login'))]);
});

test('a viewer\'s join', async () => {
  const { room, control, viewer } = newParty();
  await assertEqual(joinRoom(viewer, room, { ack: '1' }), [
    join(viewer, room),
    send(viewer.socketId, joined),
    send(control, presence(viewer, 'viewer', 'joined'), but(viewer)),
  ]);
});

test('a writer\'s join', async () => {
  const { room, control, writer } = newParty();
  await assertEqual(joinRoom(writer, room, { ack: '1' }), [
    join(writer, control),
    send(writer.socketId, joined),
    send(room, presence(writer, 'writer', 'joined'), but(writer)),
    send(control, presence(writer, 'writer', 'joined'), but(writer)),
  ]);
});

test('a writer\'s send to the room but the writer', async () => {
  const { room, writer } = newParty();
  const data = { type: 'full', content: 'ä😀 "+%20&\n\u0000', version: 1 };
  await assertEqual(sendToRoom(writer, JSON.stringify(data), { ack: '2' }), [
    send(room, packet('message', { type: 'editorMessage', data }), but(writer)),
  ]);
});

test('a writer\'s send to one viewer of the room', async () => {
  const { room, writer, viewer } = newParty();
  await assertEqual(sendToRoom(writer, '[1]', { ack: '3', to: viewer.socketId }), [
    send(viewer.socketId, packet('message', { type: 'editorMessage', data: [1] }),
      `'${group(room)}' in groups`),
  ]);
});

test('a viewer\'s send to the control room', async () => {
  const { control, viewer } = newParty();
  const data = { data: 'sync' };
  const message = { type: 'editorMessage', data, from: viewer.socketId };
  await assertEqual(sendToRoom(viewer, JSON.stringify(data), { ack: '4' }), [
    send(control, packet('message', message), but(viewer)),
  ]);
});

test('what the others are told of a viewer who is gone', async () => {
  const { control, viewer } = newParty();
  await assertEqual(systemEvent(viewer, 'disconnected', { reason: '' }), [
    send(control, presence(viewer, 'viewer', 'left'), but(viewer)),
  ]);
});

test('requests to a hub of another name are the same', async () => {
  const hub = 'Hub_2';
  const stage = await startRecorded({ env: { CODESTREAM_HUB: hub } });
  try {
    const { writer } = newParty({ hub });
    const { requests: [ours] } = await stage.exchange(systemEvent(writer, 'connected'));
    stage.recorder.forget();
    await send(writer.socketId, packet('login'))(serviceClient(stage.recorder, hub));
    const [theirs] = stage.recorder.requests;
    const [our, their] = [seen(stage, ours), seen(stage, theirs)];
    assert.deepEqual(our.request, their.request);
    assert.deepEqual(addressParts(our.audience), addressParts(their.audience));
  } finally {
    await stage.close();
  }
});

// --- client tokens ----------------------------------------------------------------------------

/** The claims with times as distances from the issue, and the names in any order. */
function claimsOf(token) {
  const { iat, exp, ...claims } = verifyToken(token);
  return { iat, claims: { ...claims, lifetime: exp - iat } };
}

test('a client token has the claims of getClientAccessToken, and who it is for', async () => {
  const since = Math.floor(Date.now() / 1000);
  const { token, role, room_id: room } = await negotiate(recorded.handler.url);
  const theirs = await sdk.getClientAccessToken({ clientProtocol: SOCKET_IO });
  const [our, their] = [claimsOf(token), claimsOf(theirs.token)];
  const { sub, ...others } = our.claims;
  assert.equal(role, 'writer');
  assert.equal(sub, `w.${room}`);
  assert.deepEqual(others, their.claims);
  assert.ok(since <= our.iat && our.iat <= their.iat, `${since}, ${our.iat}, ${their.iat}`);
});

test('with the same user all claims are the same, and so is the header', async () => {
  const { room_id: room } = await negotiate(recorded.handler.url);
  const { token } = await negotiate(recorded.handler.url, { room });
  const { sub: userId } = verifyToken(token);
  const theirs = await sdk.getClientAccessToken({ clientProtocol: SOCKET_IO, userId });
  assert.deepEqual(claimsOf(token).claims, claimsOf(theirs.token).claims);
  const header = (text) => JSON.parse(Buffer.from(text.split('.')[0], 'base64url'));
  assert.deepEqual(header(token), header(theirs.token));
});

for (const protocol of ['json.webpubsub.azure.v1', 'json.reliable.webpubsub.azure.v1']) {
  test(`a URL for ${protocol} is the SDK's with the same roles`, async () => {
    const path = `/negotiate?protocol=${protocol}`;
    const { url, id } = await negotiate(recorded.handler.url, { path });
    const viewer = await negotiate(recorded.handler.url, { path, room: id });
    for (const [ours, sends, joins] of [
      [url, id, `${id}-control`],
      [viewer.url, `${id}-control`, id],
    ]) {
      const token = new URL(ours).searchParams.get('access_token');
      const { sub: userId } = verifyToken(token);
      const roles = [`webpubsub.sendToGroup.${sends}`, `webpubsub.joinLeaveGroup.${joins}`];
      const theirs = await sdk.getClientAccessToken({ userId, roles });
      const sorted = ({ role, ...claims }) => ({ ...claims, role: [...role].sort() });
      assert.deepEqual(sorted(claimsOf(token).claims), sorted(claimsOf(theirs.token).claims));
      assert.equal(ours.split('?')[0], theirs.baseUrl);
    }
  });
}
