// The HTTP function `eventhandler` seen from both sides: events in, REST requests out. The service
// is played by a recorder, so every byte can be compared with the documents.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import {
  connectBody, controlRoom, group, joinRoom, newPeer, newRoom, rawUserEvent, readAck, sendToRoom,
  sign, systemEvent, userEvent,
} from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import {
  assertJoin, assertSend, newParty, notPeer, onlyIn, startRecorded,
} from '../lib/recorded.js';

let app;
let recorder;
before(async () => {
  app = await startRecorded();
  recorder = app.recorder;
});
after(() => app?.close());

/** Sends an event; returns its answer and the REST requests that it caused. */
async function exchange(event) {
  recorder.forget();
  const answer = await app.send(event);
  assert.deepEqual(recorder.faults, []);
  return { answer, requests: [...recorder.requests] };
}

const connect = (peer, changes) =>
  app.send(systemEvent(peer, 'connect', connectBody(peer), changes));

test('connect is accepted for a writer and for a viewer of a room', async () => {
  for (const role of ['w', 'v']) {
    const answer = await connect(newPeer(role, newRoom()));
    assert.equal(answer.status, 200, answer.text);
  }
});

test('connect without a user is refused with 401', async () => {
  const peer = newPeer('w', newRoom());
  assert.equal((await connect(peer, { 'ce-userId': null })).status, 401);
});

test('connect with a subject that is not ours is refused with 403', async () => {
  const room = newRoom();
  for (const user of [room, `x.${room}`, `W.${room}`, `w${room}`, 'w.', 'w.short', `w.${room}x`,
    `v.${controlRoom(room)}`, `w.${room.slice(1)}!`, 'ddd']) {
    const answer = await connect(newPeer('w', room, { user }));
    assert.equal(answer.status, 403, user);
  }
});

test('connect to another namespace is refused with 403', async () => {
  for (const namespace of ['/chat', '/admin', '//']) {
    const answer = await connect(newPeer('w', newRoom(), { namespace }));
    assert.equal(answer.status, 403, namespace);
  }
});

test('an event of another hub is 404', async () => {
  const peer = newPeer('w', newRoom(), { hub: 'other' });
  assert.equal((await connect(peer)).status, 404);
  assert.equal((await app.send(joinRoom(peer, peer.room, { ack: 1 }))).status, 404);
});

test('the name of the hub is compared without regard to case', async () => {
  const peer = newPeer('w', newRoom());
  assert.equal((await connect(peer, { 'ce-hub': 'CODESTREAM' })).status, 200);
});

test('connected greets the socket with login', async () => {
  const { viewer } = newParty();
  const { answer, requests } = await exchange(systemEvent(viewer, 'connected'));
  assert.equal(answer.status, 200);
  assert.equal(requests.length, 1);
  assertSend(requests[0], viewer, { room: viewer.socketId, packet: '42["login"]' });
});

test('joinRoom of a viewer joins, tells it and the writer, then acknowledges', async () => {
  const { room, control, viewer } = newParty();
  const { answer, requests } = await exchange(joinRoom(viewer, room, { ack: 5 }));
  assert.equal(answer.text, '435[{"success":true}]');
  assertJoin(requests[0], viewer, room);
  assertSend(requests[1], viewer, {
    room: viewer.socketId, packet: '42["message",{"type":"ackJoinRoom","success":true}]',
  });
  const presence = requests.slice(2);
  assertPresence(presence, viewer, { rooms: [control], role: 'viewer', state: 'joined' });
});

test('joinRoom of a writer joins the control room, tells viewers and writers', async () => {
  const { room, control, writer } = newParty();
  const { answer, requests } = await exchange(joinRoom(writer, room, { ack: 5 }));
  assert.equal(answer.text, '435[{"success":true}]');
  assertJoin(requests[0], writer, control);
  const presence = requests.slice(2);
  assertPresence(presence, writer, { rooms: [room, control], role: 'writer', state: 'joined' });
});

test('joinRoom takes either name of the pair; the role decides which room is meant', async () => {
  const { room, control, writer, viewer } = newParty();
  for (const [peer, listens] of [[writer, control], [viewer, room]]) {
    for (const spelling of [room, control]) {
      const { answer, requests } = await exchange(joinRoom(peer, spelling, { ack: 1 }));
      assert.deepEqual(readAck(answer).value, { success: true });
      assertJoin(requests[0], peer, listens);
    }
  }
});

test('joinRoom without an ack id does the same and answers 204', async () => {
  const { room, viewer } = newParty();
  const { answer, requests } = await exchange(joinRoom(viewer, room));
  assert.equal(answer.status, 204);
  assert.equal(answer.body.length, 0);
  assertJoin(requests[0], viewer, room);
  assert.match(requests[1].text, /"ackJoinRoom","success":true/);
});

test('joinRoom of another room is refused, joins nothing and tells the socket', async () => {
  const { viewer, writer } = newParty();
  const strange = newRoom();
  for (const peer of [viewer, writer]) {
    for (const room of [strange, controlRoom(strange), peer.socketId,
      `${controlRoom(peer.room)}-control`]) {
      const { answer, requests } = await exchange(joinRoom(peer, room, { ack: 2 }));
      const { value } = readAck(answer);
      assert.equal(value.success, false);
      assert.equal(value.error.code, 'Forbidden');
      assertRefusedJoin(requests, peer, 'Forbidden');
    }
  }
});

test('what a writer sends goes to the viewers of the room, not to itself', async () => {
  const { room, control, writer } = newParty();
  const delta = '{"type":"delta","changes":[],"version":1}';
  for (const roomId of [room, control]) {
    const { answer, requests } = await exchange(sendToRoom(writer, delta, { ack: 3, roomId }));
    assert.equal(answer.text, '433[{"success":true}]');
    assert.equal(requests.length, 1);
    assertSend(requests[0], writer, {
      room,
      filter: notPeer(writer),
      packet: `42["message",{"type":"editorMessage","data":${delta}}]`,
    });
  }
});

test('what a viewer sends goes to the writer and says who asks', async () => {
  const { room, control, viewer } = newParty();
  const sync = '{"data":"sync"}';
  for (const roomId of [room, control]) {
    const { requests } = await exchange(sendToRoom(viewer, sync, { ack: 3, roomId }));
    assert.equal(requests.length, 1);
    assertSend(requests[0], viewer, {
      room: control,
      filter: notPeer(viewer),
      packet: `42["message",{"type":"editorMessage","data":${sync},"from":"${viewer.socketId}"}]`,
    });
  }
});

test('a viewer cannot claim to be somebody else', async () => {
  const { room, viewer, other } = newParty();
  const claim = JSON.stringify({ room_id: room, from: other.socketId, data: 1, role: 'writer' });
  const { requests } = await exchange(userEvent(viewer, 'sendToRoom', claim, { ack: 1 }));
  assert.equal(requests.length, 1);
  assert.ok(requests[0].text.includes(`"from":"${viewer.socketId}"`));
  assert.ok(!requests[0].text.includes(other.socketId));
});

test('the filter in the address is percent-encoded and in parentheses', async () => {
  const { writer } = newParty();
  const { requests } = await exchange(sendToRoom(writer, '1'));
  const encoded = /[?&]filter=([^&]*)/.exec(requests[0].url)[1];
  assert.match(requests[0].url, /^[!#-&(-;=?-~]+$/);
  const filter = decodeURIComponent(encoded.replaceAll('+', ' '));
  assert.match(filter, /^not \('0~Lw~[A-Za-z0-9_-]+' in groups\)$/);
});

test('each REST request has a token of its own for exactly its address', async () => {
  const { room, viewer } = newParty();
  const { requests } = await exchange(joinRoom(viewer, room, { ack: 1 }));
  const tokens = requests.map(({ headers }) => headers.authorization);
  assert.equal(new Set(tokens).size, 3);
  for (const { url, headers } of requests) {
    const claims = JSON.parse(Buffer.from(headers.authorization.split('.')[1], 'base64url'));
    assert.equal(claims.aud, recorder.endpoint + url);
    assert.ok(claims.exp - claims.iat <= 3600);
    assert.ok(!('sub' in claims));
  }
});

const ODD_JSON = [
  '1', '-0', '1.0', '1E5', '1e+05', '0.10', '123456789012345678901234567890', '-1.5e-400', 'true',
  'null', '""', '"\\u0041\\/\\b\\ud83d\\ude00"', '"\\u0000"', '"ä€😀\u2028"', '[]', '{}',
  '[ 1 , 2\t,\n3\r\n]', '{ "b" : 1 , "a" : { } , "b" : 2 }', '{"data":"sync","data":1}',
  '{"room_id":"x","to":"y","from":"z"}',
  '"42[\\"message\\",{}]\\u001e41"', '"]}\\\\"', '[[[[[[[[[[[[[[[[[[[[0]]]]]]]]]]]]]]]]]]]]',
  '{"content":"line 1\\r\\n\\tline 2\\\\"}',
];

test('data is passed on byte for byte, however it is spelled', async () => {
  const { writer } = newParty();
  for (const data of ODD_JSON) {
    const { answer, requests } = await exchange(sendToRoom(writer, data, { ack: 1 }));
    assert.equal(answer.text, '431[{"success":true}]', data);
    assert.equal(requests.at(-1).text, `42["message",{"type":"editorMessage","data":${data}}]`);
  }
});

test('white space around the parts of the packet is no part of data', async () => {
  const { room, writer } = newParty();
  const body = `428[ "sendToRoom" ,\t{ "x":0, "data" :\r\n {"a" : 1 } , "room_id":"${room}" } ]`;
  const { answer, requests } = await exchange(rawUserEvent(writer, 'sendToRoom', body));
  assert.equal(answer.text, '438[{"success":true}]');
  assert.equal(requests[0].text, '42["message",{"type":"editorMessage","data":{"a" : 1 }}]');
});

test('names in the payload may be spelled with escapes', async () => {
  const { room, writer } = newParty();
  const escaped = [...room].map((c) => `\\u00${c.charCodeAt(0).toString(16)}`).join('');
  const body = `429["send\\u0054oRoom",{"room\\u005fid":"${escaped}","d\\u0061ta":1}]`;
  const { answer, requests } = await exchange(rawUserEvent(writer, 'sendToRoom', body));
  assert.equal(answer.text, '439[{"success":true}]');
  assertSend(requests[0], writer, {
    room, filter: notPeer(writer), packet: '42["message",{"type":"editorMessage","data":1}]',
  });
});

test('further arguments and members are no error', async () => {
  const { room, writer } = newParty();
  const many = `,${Array(40).fill('{"data":0}').join(',')}`;
  const body = `421["sendToRoom",{"room_id":"${room}","data":7,"extra":[{}]}${many}]`;
  const { answer, requests } = await exchange(rawUserEvent(writer, 'sendToRoom', body));
  assert.equal(answer.text, '431[{"success":true}]');
  assert.ok(requests[0].text.endsWith('"data":7}]'));
});

test('what a writer sends with `to` goes to that socket, if it is in the room', async () => {
  const { room, writer, viewer } = newParty();
  const full = '{"type":"full","content":"x","version":0}';
  const { answer, requests } = await exchange(
    sendToRoom(writer, full, { to: viewer.socketId, ack: 4 }));
  assert.equal(answer.text, '434[{"success":true}]');
  assert.equal(requests.length, 1);
  assert.equal(requests[0].filter, onlyIn(room));
  assert.equal(requests[0].path,
    `/api/hubs/codestream/groups/${group(viewer.socketId)}/:send`);
  assert.equal(requests[0].text,
    `42["message",{"type":"editorMessage","data":${full}}]`);
});

test('a socket id in `to` cannot break out of the group name', async () => {
  const { room, writer } = newParty();
  for (const to of ['x\' in groups or \'', 'ä€😀', '/:send?x=', ' ', '\u0001', '"']) {
    const { answer, requests } = await exchange(sendToRoom(writer, '1', { to, ack: 1 }));
    assert.equal(answer.status, 200);
    assert.equal(requests.length, 1, JSON.stringify(to));
    assert.equal(requests[0].path, `/api/hubs/codestream/groups/${group(to)}/:send`);
    assert.equal(requests[0].filter, onlyIn(room));
  }
});

test('`to` is for writers', async () => {
  const { viewer, other } = newParty();
  const event = sendToRoom(viewer, '1', { to: other.socketId, ack: 1 });
  const { answer, requests } = await exchange(event);
  assert.equal(readAck(answer).value.error.code, 'Forbidden');
  assert.deepEqual(requests, []);
});

test('sending to another room is refused and sends nothing', async () => {
  const { viewer, writer } = newParty();
  const strange = newRoom();
  for (const peer of [viewer, writer]) {
    for (const roomId of [strange, controlRoom(strange), viewer.socketId]) {
      const { answer, requests } = await exchange(sendToRoom(peer, '1', { roomId, ack: 1 }));
      assert.equal(readAck(answer).value.error.code, 'Forbidden');
      assert.deepEqual(requests, []);
      const { answer: silent } = await exchange(sendToRoom(peer, '1', { roomId }));
      assert.equal(silent.status, 204);
    }
  }
});

test('an event of a socket without a user, or with a strange one, is refused', async () => {
  const room = newRoom();
  for (const user of [null, 'ddd', 'w.short', `x.${room}`]) {
    const peer = newPeer('w', room);
    const changes = { 'ce-userId': user };
    for (const event of [joinRoom(peer, room, { ack: 1, changes }),
      sendToRoom(peer, '1', { ack: 1, changes })]) {
      const { answer, requests } = await exchange(event);
      assert.equal(readAck(answer).value.error.code, 'Forbidden');
      assert.ok(requests.every(({ path }) => !path.includes('addToGroups')));
      assert.ok(requests.every(({ path }) => !path.includes(group(room))));
    }
  }
});

test('disconnected tells those who are concerned who left', async () => {
  const { room, control, writer, viewer } = newParty();
  for (const body of [{}, { reason: '' }, { reason: 'transport close' }]) {
    const left = await exchange(systemEvent(viewer, 'disconnected', body));
    assert.equal(left.answer.status, 200);
    assertPresence(left.requests, viewer, { rooms: [control], role: 'viewer', state: 'left' });
    const alone = await exchange(systemEvent(writer, 'disconnected', body));
    assert.equal(alone.answer.status, 200);
    const rooms = [room, control];
    assertPresence(alone.requests, writer, { rooms, role: 'writer', state: 'left' });
  }
});

test('an event that is not ours gets an ack error, or silence without an ack id', async () => {
  const { viewer } = newParty();
  const events = ['hello', 'message', 'connected', 'disconnected', 'JoinRoom', 'sendtoroom', 'a b',
    '__proto__'];
  for (const name of events) {
    const { answer, requests } = await exchange(userEvent(viewer, name, {}, { ack: 1 }));
    assert.equal(answer.status, 200, name);
    assert.equal(readAck(answer).value.error.code, 'UnknownEvent', name);
    assert.deepEqual(requests, []);
    const { answer: silent } = await exchange(userEvent(viewer, name, undefined));
    assert.equal(silent.status, 204);
  }
});

test('ack ids are echoed as they are spelled', async () => {
  const { writer } = newParty();
  for (const ack of ['0', '7', '007', '42', '2147483648', '18446744073709551615']) {
    const { answer } = await exchange(sendToRoom(writer, '1', { ack }));
    assert.equal(answer.text, `43${ack}[{"success":true}]`);
  }
});

test('the namespace of an ack is that of its packet', async () => {
  const peer = newPeer('v', newRoom(), { namespace: '/ns' });
  const { answer } = await exchange(userEvent(peer, 'hello', {}, { ack: 13 }));
  assert.equal(answer.status, 200);
  assert.match(answer.text, /^43\/ns,13\[\{"success":false,/);
});

test('the name of the event may be percent-encoded in its header, once', async () => {
  const { viewer } = newParty();
  for (const [header, name] of [['new%20message', 'new message'], ['new message', 'new message'],
    ['a%25b', 'a%b'], ['%E2%82%AC', '€'], ['100%', '100%']]) {
    const changes = { 'ce-eventName': header };
    const { answer } = await exchange(userEvent(viewer, name, 1, { ack: 1, changes }));
    assert.equal(answer.status, 200, `${header}: ${answer.text}`);
    assert.equal(readAck(answer).value.error.code, 'UnknownEvent');
  }
});

test('a user event is known by its type, whatever follows `user.`', async () => {
  const { room, viewer } = newParty();
  for (const type of ['azure.webpubsub.user.joinRoom', 'azure.webpubsub.user.connect']) {
    const changes = { 'ce-type': type };
    const { answer } = await exchange(joinRoom(viewer, room, { ack: 1, changes }));
    assert.deepEqual(readAck(answer).value, { success: true });
  }
});

test('a system event that we do not know is accepted and does nothing', async () => {
  const { viewer } = newParty();
  for (const name of ['groupJoined', 'somethingNew']) {
    const { answer, requests } = await exchange(systemEvent(viewer, name));
    assert.equal(answer.status, 200);
    assert.deepEqual(requests, []);
  }
});

test('the same event may come twice', async () => {
  const { room, writer, viewer } = newParty();
  for (const event of [
    joinRoom(viewer, room, { ack: 1 }), sendToRoom(writer, '{"v":1}', { ack: 1 }),
    systemEvent(viewer, 'connected'), systemEvent(viewer, 'disconnected', {})]) {
    const first = await exchange(event);
    const second = await exchange(event);
    assert.equal(second.answer.status, first.answer.status);
    assert.equal(second.answer.text, first.answer.text);
    const urls = ({ requests }) => requests.map(({ url, text }) => `${url} ${text}`);
    assert.deepEqual(urls(second), urls(first));
  }
});

test('an event may come without WebHook-Request-Origin: the signature decides', async () => {
  const { room, viewer } = newParty();
  const changes = { 'WebHook-Request-Origin': null };
  assert.equal((await connect(viewer, changes)).status, 200);
  const { answer } = await exchange(joinRoom(viewer, room, { ack: 1, changes }));
  assert.deepEqual(readAck(answer).value, { success: true });
});

test('header names are read in any case', async () => {
  const { room, viewer } = newParty();
  for (const spell of [(name) => name.toLowerCase(), (name) => name.toUpperCase()]) {
    const event = joinRoom(viewer, room, { ack: 1 });
    event.headers = event.headers.map(([name, value]) => [spell(name), value]);
    const { answer } = await exchange(event);
    assert.deepEqual(readAck(answer).value, { success: true });
  }
});

test('headers that nobody described do not disturb, not even repeated', async () => {
  const { room, viewer } = newParty();
  const changes = {
    'ce-connectionState': 'e30=', 'X-Azure-Functions-InvocationId': ['one', 'two'],
    'ce-unknown': ['a', 'b'], 'WebHook-Request-Callback': 'https://x', traceparent: '00-0-0-00',
  };
  const { answer } = await exchange(joinRoom(viewer, room, { ack: 1, changes }));
  assert.deepEqual(readAck(answer).value, { success: true });
});

test('a signature is accepted in upper case, in a list, with spaces, first or last', async () => {
  const { room, viewer } = newParty();
  const good = sign(viewer.connectionId);
  const stale = sign(viewer.connectionId, 'another key');
  for (const signature of [good, `sha256=${good.slice(7).toUpperCase()}`, `${good},${stale}`,
    `${stale},${good}`, `${stale}, ${good}`, `sha256=something,${good}`,
    `sha256=something, ${good}`, `${good}, sha256=something`, `${good},sha256=something`]) {
    const changes = { 'ce-signature': signature };
    const { answer } = await exchange(joinRoom(viewer, room, { ack: 1, changes }));
    assert.equal(answer.status, 200, signature);
    assert.deepEqual(readAck(answer).value, { success: true });
  }
});

test('a wrong signature, or none, is refused with 401 and does nothing', async () => {
  const { room, viewer, other } = newParty();
  const good = sign(viewer.connectionId);
  for (const signature of [null, '', 'abc', 'sha256=', 'sha256=something', sign(other.connectionId),
    sign(viewer.connectionId, `${ACCESS_KEY}x`), good.slice(7), good.slice(0, -1), `${good}0`,
    `${good.slice(0, -1)}${good.endsWith('0') ? '1' : '0'}`, good.replace('sha256', 'sha512'),
    `sha256=${Buffer.from(good.slice(7), 'hex').toString('base64')}`, ',,,', 'x'.repeat(3000)]) {
    const changes = { 'ce-signature': signature };
    for (const event of [joinRoom(viewer, room, { ack: 1, changes }),
      systemEvent(viewer, 'connect', connectBody(viewer), changes),
      systemEvent(viewer, 'disconnected', {}, changes)]) {
      const { answer, requests } = await exchange(event);
      assert.equal(answer.status, 401, `${signature}: ${answer.text}`);
      assert.equal(typeof answer.json().error.code, 'string');
      assert.deepEqual(requests, []);
    }
  }
});

test('events are taken under /api/ and with a function key in the address as well', async () => {
  const { room, viewer } = newParty();
  for (const path of ['/api/eventhandler', '/eventhandler?code=abc', '/EVENTHANDLER']) {
    const { answer } = await exchange({ ...joinRoom(viewer, room, { ack: 1 }), path });
    assert.deepEqual(readAck(answer).value, { success: true });
  }
});

test('the answer to an event comes after the service has taken what it caused', async () => {
  const { writer } = newParty();
  let taken = false;
  recorder.answerWith(() => ({
    status: 202,
    until: new Promise((resolve) => {
      setTimeout(() => {
        taken = true;
        resolve();
      }, 150);
    }),
  }));
  try {
    await exchange(sendToRoom(writer, '1', { ack: 1 }));
    assert.ok(taken);
  } finally {
    recorder.answerWith(null);
  }
});

test('every request is one line of the log', async () => {
  const { room, writer, viewer } = newParty();
  const { lines } = app.handler;
  for (const event of [
    systemEvent(viewer, 'connect', connectBody(viewer)), systemEvent(viewer, 'connected'),
    joinRoom(viewer, room, { ack: 1 }), joinRoom(viewer), sendToRoom(writer, '1', { ack: 1 }),
    systemEvent(viewer, 'disconnected'), { path: '/negotiate' },
  ]) {
    const already = lines.length;
    await app.send(event);
    await eventually(3000, () => lines.length > already, 'a line');
    assert.equal(lines.length, already + 1, lines.slice(already).join('\n'));
    assert.match(lines[already], /^level=info event=request method=(GET|POST) .*\bstatus=20[04]\b/);
  }
});

test('REST connections are kept: a hundred events one after another need few', async () => {
  const { writer } = newParty();
  const before = recorder.connections;
  for (let i = 0; i < 100; i += 1) {
    const { answer } = await exchange(sendToRoom(writer, String(i), { ack: i }));
    assert.equal(answer.status, 200);
  }
  assert.ok(recorder.connections - before <= 8, `${recorder.connections - before} new connections`);
});

function assertPresence(requests, peer, { rooms, role, state }) {
  assert.equal(requests.length, rooms.length);
  requests.forEach((request, i) => {
    const what = `{"role":"${role}","state":"${state}","from":"${peer.socketId}"}`;
    const packet = `42["presence",${what}]`;
    assertSend(request, peer, { room: rooms[i], packet, filter: notPeer(peer) });
  });
}

function assertRefusedJoin(requests, peer, code) {
  assert.equal(requests.length, 1);
  const packet = JSON.parse(requests[0].text.replace(/^42/, ''));
  assertSend(requests[0], peer, { room: peer.socketId, packet: requests[0].text });
  assert.equal(packet[0], 'message');
  assert.equal(packet[1].type, 'ackJoinRoom');
  assert.equal(packet[1].success, false);
  assert.equal(packet[1].error.code, code);
}
