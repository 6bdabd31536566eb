// The access key signs client tokens and REST tokens as it signs connection ids, so each token holds the
// signature of a "connection" that is called like its first two parts. With that and all else that a
// viewer gets, no event is accepted.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from '../lib/test.js';
import {
  HUB, connectBody, joinRoom, newPeer, newRoom, readAck, sendToRoom, sign, systemEvent, userEvent,
} from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { newParty, startRecorded } from '../lib/recorded.js';

let app;
before(async () => {
  app = await startRecorded();
});
after(() => app?.close());

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

function mint(claims, header = { alg: 'HS256', typ: 'JWT' }) {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${createHmac('sha256', ACCESS_KEY).update(input).digest('base64url')}`;
}

/** What negotiate hands to a writer and to viewers, native ones too. */
async function negotiated(room) {
  const ask = async (path, body) => {
    const headers = { 'Content-Type': 'application/json' };
    const post = body && { method: 'POST', headers, body: JSON.stringify(body) };
    const answer = await app.send({ path, ...post });
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
  };
  const writer = await ask('/negotiate');
  const again = { room_id: writer.room_id, writer_key: writer.writer_key };
  const viewer = await ask(`/negotiate?room_id=${room}`);
  const native = await ask(`/negotiate?protocol=json.webpubsub.azure.v1&id=${room}`);
  const others = [await ask('/negotiate', again), await ask(`/register?room_id=${room}`)];
  const nativeToken = new URL(native.url).searchParams.get('access_token');
  return [viewer.token, writer.token, nativeToken, ...others.map(({ token }) => token)];
}

/** A token that the handler has sent to the service itself. */
async function ofRest() {
  const { room, viewer } = newParty();
  const { requests } = await app.exchange(joinRoom(viewer, room, { ack: 1 }));
  return requests.map(({ headers }) => headers.authorization.replace(/^Bearer /, ''));
}

/** Others that the same key signs: expired, for another hub, service, namespace, of another form. */
function foreign(room) {
  const now = Math.floor(Date.now() / 1000);
  const place = `http://localhost/clients/socketio/hubs/${HUB}`;
  return [
    { sub: `v.${room}`, aud: place, iat: 1, exp: 2 },
    { sub: `v.${room}`, aud: `${place}2`, exp: now + 600 },
    { sub: `w.${room}`, aud: place.replace('localhost', 'other.example'), exp: now + 600 },
    { sub: `v.${room}`, aud: `${place}/other`, exp: now + 600, nsp: '/other' },
    { sub: `v.${room}`, role: ['webpubsub.sendToGroup.x'], aud: `http://localhost/client/hubs/${HUB}` },
    { aud: `http://localhost/api/hubs/${HUB}/:send?api-version=2024-01-01`, exp: now + 60 },
    {},
  ].map((claims) => mint(claims)).concat(mint({ exp: 2 }, { typ: 'JWT', alg: 'HS256', kid: 's-1' }));
}

/** Each way to spell the id, and the status with which it is refused. */
function spellings(input) {
  const [head, claims] = input.split('.');
  const again = [input, 'x', 'X'.repeat(31)];
  return [
    input, ` ${input}`, `${input} `, `\t${input}\t`, ` \t ${input}`, input.toLowerCase(),
    input.toUpperCase(), `${head}%2E${claims}`, `${head}%2e${claims}`, encodeURIComponent(input),
    `"${input}"`, `${input}.`, `.${input}`, `${input},x`, `x, ${input}`, `${head} .${claims}`,
    `${head}. ${claims}`, head, claims, `${head}${claims}`,
  ].map((id) => [id, 401]).concat(again.flatMap((other) => [
    [[input, other], 400], [[other, input], 400],
  ]));
}

function listed(mac) {
  const hex = Buffer.from(mac, 'base64url').toString('hex');
  const wrong = `sha256=${'0'.repeat(64)}`;
  return [
    `sha256=${hex}`, `SHA256=${hex.toUpperCase()}`, `${wrong},sha256=${hex}`,
    `sha256=${hex},${wrong}`, `${wrong} sha256=${hex} ${wrong}`, [wrong, `sha256=${hex}`],
    [`sha256=${hex}`, wrong],
  ];
}

/** What a stranger would like to say in a room. */
function events(room, changes) {
  const writer = newPeer('w', room);
  return [
    sendToRoom(writer, '{"type":"full","content":"forged"}', { ack: 1, changes }),
    joinRoom(writer, room, { ack: 1, changes }),
    userEvent(newPeer('w', room, { namespace: '/other' }), 'joinRoom', { room_id: room }, { changes }),
    systemEvent(writer, 'connect', connectBody(writer), changes),
    systemEvent(writer, 'connected', {}, changes),
    systemEvent(writer, 'disconnected', {}, changes),
  ];
}

async function refused(event, status, what) {
  const { answer, requests } = await app.exchange(event);
  assert.equal(answer.status, status, `${what}: ${answer.text}`);
  assert.deepEqual(requests, [], what);
}

test('no token is a signature, however its parts are spelt and listed', async () => {
  const room = newRoom();
  const tokens = [...await negotiated(room), ...await ofRest(), ...foreign(room)];
  assert.ok(tokens.length >= 14);
  for (const token of tokens) {
    const [head, claims, mac] = token.split('.');
    const input = `${head}.${claims}`;
    // It is one, for whoever does not look at the dot.
    assert.equal(sign(input), `sha256=${Buffer.from(mac, 'base64url').toString('hex')}`);
    for (const [id, status] of spellings(input)) {
      for (const signature of token === tokens[0] ? listed(mac) : listed(mac).slice(0, 1)) {
        const changes = { 'ce-connectionId': id, 'ce-signature': signature };
        await refused(events(room, changes)[0], status, JSON.stringify(changes));
      }
    }
    for (const signature of listed(mac)) {
      const changes = { 'ce-connectionId': input, 'ce-signature': signature };
      for (const event of events(room, changes)) await refused(event, 401, JSON.stringify(changes));
    }
  }
});

test('an id with a dot is refused whoever has signed it', async () => {
  const room = newRoom();
  for (const id of ['.', 'a.', '.a', 'a.b', 'a.b.c', '0f9c97a2f0bf4706afe87a14e0797b11.', '..']) {
    const changes = { 'ce-connectionId': id, 'ce-signature': sign(id) };
    for (const event of events(room, changes)) await refused(event, 401, id);
  }
});

test('an empty id is refused whoever has signed it', async () => {
  const room = newRoom();
  for (const id of ['', ' ', '\t ']) {
    const changes = { 'ce-connectionId': id, 'ce-signature': sign('') };
    for (const event of events(room, changes)) await refused(event, 400, JSON.stringify(id));
  }
});

test('nothing else is asked of an id: any length that headers may have, any characters', async () => {
  const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x21 + i)).join('');
  const ids = [
    ...[1, 2, 22, 31, 32, 36, 64, 127, 128, 129, 1000, 4096, 14_000].map((n) => 'x'.repeat(n)),
    ...visible.replace('.', ''), visible.replace('.', ''), 'a b', 'a\tb', 'a,b', 'a%2Eb', 'a%20b',
    '0f9c97a2-f0bf-4706-afe8-7a14e0797b11', '\xe4', Buffer.from('ä語').toString('latin1'),
  ];
  for (const id of ids) {
    const { room, viewer } = newParty();
    const signature = sign(Buffer.from(id, 'latin1'));
    const changes = { 'ce-connectionId': id, 'ce-signature': signature, 'ce-source': null };
    const answer = await app.send(joinRoom(viewer, room, { ack: 1, changes }));
    assert.equal(answer.status, 200, `${id.slice(0, 40)} (${id.length}): ${answer.text}`);
    assert.deepEqual(readAck(answer).value, { success: true });
  }
});

test('an event of a namespace that the application does not have has no effect', async () => {
  for (const namespace of ['/a', '/?x', '//', '/ ', '/admin/x', '/n%C3%A4', '/%2F']) {
    const room = newRoom();
    const peer = newPeer('w', room, { namespace });
    for (const ask of [joinRoom, (who, id, options) => sendToRoom(who, '1', options)]) {
      const told = await app.exchange(ask(peer, room, { ack: 7 }));
      const { id, value } = readAck(told.answer);
      assert.ok(told.answer.text.startsWith(`43${namespace},7[`), told.answer.text);
      assert.deepEqual([id, value.success, value.error.code], ['7', false, 'Forbidden']);
      const untold = await app.exchange(ask(peer, room, {}));
      assert.equal(untold.answer.status, 204);
      assert.deepEqual([...told.requests, ...untold.requests], []);
    }
    // Without a body the header alone tells, and no header can carry a blank at its end.
    const changes = { 'ce-namespace': namespace.replace(/ $/, '%20') };
    await refused(systemEvent(peer, 'connect', connectBody(peer), changes), 403, namespace);
    await refused(systemEvent(peer, 'connected', {}, changes), 200, namespace);
    await refused(systemEvent(peer, 'disconnected', {}, changes), 200, namespace);
  }
});
