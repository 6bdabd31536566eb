// The HTTP function `eventhandler`: who may connect, join, speak to whom, and what the service is
// then asked to do. The service is played by a recorder, so that requests can be compared with the
// documents.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import {
  connectBody, controlRoom, group, joinRoom, newPeer, newRoom, rawUserEvent, readAck, sendToRoom,
  systemEvent, userEvent,
} from '../lib/events.js';
import {
  assertJoin, assertSend, newParty, notPeer, onlyIn, startRecorded,
} from '../lib/recorded.js';

let app;
before(async () => {
  app = await startRecorded();
});
after(() => app?.close());

const exchange = (event) => app.exchange(event);

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

test('what a viewer says with joinRoom tells the writer of both, and the socket by its acknowledgement', async () => {
  const { room, control, viewer } = newParty();
  for (const data of ['{"data":"sync","version":1e2}', 'null']) {
    const said = userEvent(viewer, 'joinRoom', `{"room_id":"${room}","data":${data}}`, { ack: 5 });
    const { answer, requests } = await exchange(said);
    assert.equal(answer.text, '435[{"success":true}]');
    assert.equal(requests.length, 2);
    assertJoin(requests[0], viewer, room);
    assertSend(requests[1], viewer, {
      room: control,
      packet: `42["message",{"type":"editorMessage","data":${data},"from":"${viewer.socketId}","joined":true}]`,
      filter: `not ('${group(viewer.socketId)}' in groups)`,
    });
  }
});

test('a writer that says something with joinRoom is told that it may not, and does not join', async () => {
  const { room, writer } = newParty();
  const said = userEvent(writer, 'joinRoom', `{"room_id":"${room}","data":1}`, { ack: 5 });
  const { answer, requests } = await exchange(said);
  assert.equal(readAck(answer).value.error.code, 'BadRequest');
  assertRefusedJoin(requests, writer, 'BadRequest');
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

test('a number is an event\'s name like any other, and none of ours', async () => {
  const { viewer } = newParty();
  for (const name of ['7', '-1', '1.5', '1e3']) {
    const { answer, requests } = await exchange(rawUserEvent(viewer, name, `425[${name},"x"]`));
    assert.equal(answer.status, 200, name);
    assert.equal(readAck(answer).value.error.code, 'UnknownEvent');
    assert.deepEqual(requests, []);
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
