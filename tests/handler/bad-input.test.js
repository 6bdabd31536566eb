// What the handler must survive and must answer clearly: events that are malformed, unauthentic,
// too large or not allowed. Each case is told in one log line that gives nothing away, and the next
// request is served.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import {
  connectBody, joinRoom, newPeer, newRoom, rawUserEvent, readAck, sendToRoom, sign, systemEvent,
  userEvent,
} from '../lib/events.js';
import { ACCESS_KEY, isComplaint } from '../lib/handler.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const MIB = 1024 * 1024;
/** Stands in every payload and secret below; no log line may contain it. */
const PRIVATE = 'do-not-log-this';

let app;
before(async () => {
  app = await startRecorded();
});
after(() => app?.close());

/**
 * Sends what is wrong and holds the handler to the rule of this file.
 * @param {(answer) => void} check what the answer must be
 */
async function survives(event, check) {
  const already = app.handler.complaints.length;
  const answer = await app.send(event);
  check(answer);
  await eventually(3000, () => app.handler.complaints.length > already, 'a log line about it');
  if (answer.header('connection')?.toLowerCase() === 'close') await app.reconnect();
  await stillServes();
  const lines = app.handler.complaints.slice(already);
  assert.equal(lines.length, 1, lines.join('\n'));
  return lines[0];
}

/**
 * A good event is answered, and its own log line is there, and so are all earlier ones on stdout.
 */
async function stillServes() {
  const { room, viewer } = newParty();
  const earlier = app.handler.stdout.length;
  assert.deepEqual(await app.ack(joinRoom(viewer, room, { ack: 1 })), { success: true });
  await eventually(3000, () => app.handler.stdout.length > earlier, 'the log line of a good event');
}

const status = (...expected) => (answer) => {
  assert.ok(expected.includes(answer.status), `${answer.status} ${answer.text}`);
  const { error } = answer.json();
  assert.match(error.code, /^\w+$/);
  assert.match(error.message, /\w/);
  assert.ok(!answer.text.includes(PRIVATE), answer.text);
};

const ackError = (code) => (answer) => {
  assert.equal(answer.status, 200, answer.text);
  const { value } = readAck(answer);
  assert.equal(value.success, false);
  assert.match(value.error.code, code);
  assert.match(value.error.message, /\w/);
};

const REQUIRED = ['ce-type', 'ce-hub', 'ce-connectionId', 'ce-eventName', 'ce-namespace',
  'ce-socketId'];
const valueOf = (event, name) => event.headers.find(([other]) => other === name)[1];

for (const name of [...REQUIRED, 'ce-signature']) {
  const expected = name === 'ce-signature' ? 401 : 400;

  test(`an event without ${name} is refused`, async () => {
    const { viewer } = newParty();
    const changes = { [name]: null };
    await survives(joinRoom(viewer, viewer.room, { changes }), status(expected));
    await survives(systemEvent(viewer, 'connect', connectBody(viewer), changes), status(expected));
  });

  test(`an event with an empty ${name} is refused`, async () => {
    const { viewer } = newParty();
    const changes = { [name]: '' };
    // Only a name may be empty, and a client that emits such an event is told.
    const isName = name === 'ce-eventName';
    await survives(joinRoom(viewer, viewer.room, { ack: 1, changes }),
      isName ? ackError(/^BadRequest$/) : status(expected));
    await survives(systemEvent(viewer, 'connect', connectBody(viewer), changes), status(expected));
  });
}

for (const name of [...REQUIRED, 'ce-userId']) {
  test(`an event with two ${name} is refused, equal or not`, async () => {
    const { viewer } = newParty();
    const value = valueOf(joinRoom(viewer), name);
    for (const values of [[value, value], [value, 'x'], ['x', value]]) {
      const changes = { [name]: values };
      await survives(joinRoom(viewer, viewer.room, { changes }), status(400));
    }
  });
}

test('two headers that differ only in case are the same header', async () => {
  const { viewer } = newParty();
  const event = joinRoom(viewer);
  event.headers.push(['CE-USERID', `w.${viewer.room}`]);
  await survives(event, status(400));
});

test('a wrong signature is refused', async () => {
  const { viewer, other } = newParty();
  const changes = { 'ce-signature': sign(other.connectionId) };
  await survives(joinRoom(viewer, viewer.room, { changes }), status(401));
});

test('an event for another hub is refused', async () => {
  await survives(joinRoom(newPeer('v', newRoom(), { hub: 'other' })), status(404));
});

test('a user event that is not text is refused', async () => {
  const { viewer } = newParty();
  for (const type of ['application/json', 'application/xml', 'application/octet-stream']) {
    const changes = { 'Content-Type': type };
    await survives(joinRoom(viewer, viewer.room, { changes }), status(400, 415));
  }
});

test('a packet of another type is refused', async () => {
  const { viewer } = newParty();
  for (const packet of ['', '4', '2', '2probe', '3', '6', '40', '40{"token":"x"}', '41', '437["x"]',
    '44{"message":"x"}', '47["joinRoom"]', '4a', '42', 'bAQIDBA==', '461-7["x"]', 'hello',
    '0{"sid":"x"}']) {
    await survives(rawUserEvent(viewer, 'joinRoom', packet), status(400));
  }
});

test('an event whose name differs between header and payload is refused', async () => {
  const { viewer } = newParty();
  for (const header of ['sendToRoom', 'joinroom', 'joinRoo', 'joinRoomX', 'joinRoom%20', '%256a']) {
    await survives(joinRoom(viewer, viewer.room, { ack: 1, changes: { 'ce-eventName': header } }),
      ackError(/^BadRequest$/));
  }
});

test('an event without a name is told that there is none such', async () => {
  const { viewer } = newParty();
  await survives(userEvent(viewer, '', {}, { ack: 1 }), ackError(/^UnknownEvent$/));
});

test('what a client of the native endpoint sends to us is heard and has no effect', async () => {
  const { viewer, room } = newParty();
  const changes = { 'ce-socketId': null, 'ce-namespace': null, 'Content-Type': 'application/json' };
  const event = rawUserEvent(viewer, 'joinRoom', `{"room_id":"${room}"}`, changes);
  app.recorder.forget();
  assert.equal((await app.send(event)).status, 200);
  assert.deepEqual(app.recorder.requests, []);
});

test('an event whose namespace differs between header and payload is refused', async () => {
  const { viewer } = newParty();
  const joinIn = (namespace) => `42${namespace}1["joinRoom",{"room_id":"${viewer.room}"}]`;
  for (const [header, packet] of [['/', joinIn('/ns,')], ['/ns', joinIn('')],
    ['/ns', joinIn('/n,')], ['/ns', joinIn('/NS,')], ['ns', joinIn('')]]) {
    const changes = { 'ce-namespace': header };
    await survives(rawUserEvent(viewer, 'joinRoom', packet, changes), status(400));
  }
});

for (const name of ['joinRoom', 'sendToRoom']) {
  const ask = (room) => `{${[room, '"data":1'].filter(Boolean).join(',')}}`;

  test(`${name} whose room_id is missing or not a string is told so`, async () => {
    const { viewer, room } = newParty();
    for (const member of ['', '"room_id":null', '"room_id":7', '"room_id":true',
      `"room_id":["${room}"]`, `"room_id":{"room_id":"${room}"}`, `"Room_id":"${room}"`,
      '"room_id":"\\ud800"']) {
      await survives(userEvent(viewer, name, ask(member), { ack: 1 }), ackError(/^BadRequest$/));
    }
  });

  test(`${name} whose room_id has a wrong length or wrong characters is refused`, async () => {
    const { viewer, room } = newParty();
    for (const id of ['', room.slice(1), `${room}x`, `${room}\\u0000`, `${room} `,
      `${room.slice(1)}é`, '-control', `${room}-control-`, `${room}-CONTROL`,
      'x'.repeat(100_000)]) {
      await survives(userEvent(viewer, name, ask(`"room_id":"${id}"`), { ack: 1 }),
        ackError(/^(BadRequest|Forbidden)$/));
    }
  });

  test(`${name} without an object as its argument is told so`, async () => {
    const { viewer } = newParty();
    for (const argument of [undefined, 'null', '7', '"x"', '[]', '[{"room_id":"x"}]']) {
      await survives(userEvent(viewer, name, argument, { ack: 1 }), ackError(/^BadRequest$/));
    }
  });

  test(`${name} that is refused and asked for no ack gets 204`, async () => {
    const { viewer } = newParty();
    await survives(userEvent(viewer, name, { data: 1 }), (answer) => {
      assert.equal(answer.status, 204);
      assert.equal(answer.body.length, 0);
    });
  });
}

test('sendToRoom without data, or to nobody that can be addressed, is told so', async () => {
  const { writer, room } = newParty();
  const empty = userEvent(writer, 'sendToRoom', { room_id: room }, { ack: 1 });
  await survives(empty, ackError(/^BadRequest$/));
  const long = Array.from({ length: 50 }, (_, i) => `${i}`.padEnd(100, 'x'));
  for (const to of ['', 7, null, {}, 'x'.repeat(2000), [], [''], ['x', 7], Array(51).fill('x'), long]) {
    await survives(sendToRoom(writer, '1', { to, ack: 1 }), ackError(/^BadRequest$/));
  }
});

test('a member of the argument that occurs twice is not guessed at', async () => {
  const { writer, room } = newParty();
  const twice = `{"room_id":"${newRoom()}","room_id":"${room}","data":1}`;
  await survives(userEvent(writer, 'sendToRoom', twice, { ack: 1 }), ackError(/^BadRequest$/));
});

test('an event of the wrong role or room is refused in its ack', async () => {
  const { viewer, writer } = newParty();
  await survives(sendToRoom(viewer, '1', { to: writer.socketId, ack: 1 }), ackError(/^Forbidden$/));
  await survives(joinRoom(viewer, newRoom(), { ack: 1 }), ackError(/^Forbidden$/));
});

test('an event that nobody knows is told so', async () => {
  const { viewer } = newParty();
  await survives(userEvent(viewer, 'hello', {}, { ack: 1 }), ackError(/^UnknownEvent$/));
});

test('a payload that is not an array with a name is refused', async () => {
  const { viewer } = newParty();
  for (const json of ['{}', '{"0":"joinRoom"}', '"joinRoom"', '7', 'null', '[]', '[null]',
    '[["joinRoom"]]', '[{}]', 'joinRoom']) {
    await survives(rawUserEvent(viewer, 'joinRoom', `421${json}`), status(400));
  }
});

test('a payload that is not JSON is refused', async () => {
  const { viewer, room } = newParty();
  const good = `["joinRoom",{"room_id":"${room}"}]`;
  const cut = Array.from({ length: good.length - 1 }, (_, i) => good.slice(0, i + 1));
  const members = ['"a":01', '"a":+1', '"a":.5', '"a":1.', '"a":NaN', '"a":True', '"a":"\\x"',
    '"a":"\\u12"', 'a:1', '"a":"\t"', '"a":"\0"', '"a":/**/1', '"a" 1', '\u00a0"a":1', '"a":1,',
    '"a"'];
  for (const json of [...cut.filter((_, i) => i % 5 === 0), `${good}x`, `${good},`, good + good,
    good.replace(']', ',]'), good.replace('}', ',}'), good.replaceAll('"', '\''), `\ufeff${good}`,
    `${good}\0`, ...members.map((member) => good.replace('{', `{${member},`))]) {
    await survives(rawUserEvent(viewer, 'joinRoom', `421${json}`), status(400));
  }
});

test('invalid UTF-8 is refused wherever it stands', async () => {
  const { viewer, room } = newParty();
  const before = Buffer.from(`421["joinRoom",{"room_id":"${room}","x":"`);
  const behind = Buffer.from('"}]');
  for (const hex of ['ff', '80', 'c3', 'c0af', 'e080af', 'eda080', 'f4908080', 'f09f98', 'e28222',
    'f888808080']) {
    const body = Buffer.concat([before, Buffer.from(hex, 'hex'), behind]);
    await survives(rawUserEvent(viewer, 'joinRoom', body), status(400));
  }
  const outside = Buffer.from('3432ff5b5d', 'hex');
  await survives(rawUserEvent(viewer, 'joinRoom', outside), status(400));
});

test('a lone surrogate in data passes as it is written: data is not ours to mend', async () => {
  const { writer } = newParty();
  assert.deepEqual(await app.ack(sendToRoom(writer, '"\\ud800"', { ack: 1 })), { success: true });
});

test('deep nesting is refused, moderate nesting is not', async () => {
  const { writer } = newParty();
  const nested = (depth) => '['.repeat(depth) + ']'.repeat(depth);
  const objects = (depth) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
  // Of the 64 levels of a text the list and the object of the event are two.
  for (const data of [nested(32), objects(32), nested(62), objects(62)]) {
    assert.deepEqual(await app.ack(sendToRoom(writer, data, { ack: 1 })), { success: true });
  }
  for (const data of [nested(63), objects(63), nested(1000), objects(1000), nested(100_000), objects(100_000),
    '['.repeat(500_000)]) {
    await survives(sendToRoom(writer, data, { ack: 1 }), ackError(/^BadRequest$/));
  }
});

/** A sendToRoom whose body has exactly this many bytes. */
function sized(peer, size) {
  const bare = sendToRoom(peer, '""', { ack: 1 });
  const data = `"${'x'.repeat(size - bare.body.length)}"`;
  return { event: sendToRoom(peer, data, { ack: 1 }), data };
}

test('1 MiB is taken and passed on whole', async () => {
  const { writer } = newParty();
  const { event, data } = sized(writer, MIB);
  assert.equal(event.body.length, MIB);
  app.recorder.forget();
  assert.deepEqual(await app.ack(event), { success: true });
  const [{ text }] = app.recorder.requests;
  assert.ok(text === `42["message",{"type":"editorMessage","data":${data}}]`);
});

test('one byte more is refused with 413, announced or not', async () => {
  const { writer } = newParty();
  const { event } = sized(writer, MIB + 1);
  await survives(event, status(413));
  const headers = [...event.headers, ['Transfer-Encoding', 'chunked']];
  const chunks = `${event.body.length.toString(16)}\r\n${event.body}\r\n0\r\n\r\n`;
  await survives({ ...event, headers, body: chunks }, status(413));
});

test('a binary event is told that it is not supported', async () => {
  const { writer, room } = newParty();
  const data = '{"_placeholder":true,"num":0}';
  const argument = `{"room_id":"${room}","data":${data}}`;
  const binary = (ack) => `451-${ack}["sendToRoom",${argument}]\x1ebAQIDBA==`;
  await survives(rawUserEvent(writer, 'sendToRoom', binary('7')), ackError(/^Unsupported$/));
  await survives(rawUserEvent(writer, 'sendToRoom', binary('')), (answer) => {
    assert.equal(answer.status, 204);
  });
});

test('several packets in one body are not taken for one', async () => {
  const { viewer } = newParty();
  const { body } = joinRoom(viewer, viewer.room, { ack: 1 });
  await survives(rawUserEvent(viewer, 'joinRoom', `${body}\x1e${body}`), status(400));
});

test('what is no ack id is refused', async () => {
  const { viewer, room } = newParty();
  for (const id of ['-1', '1.5', '1e3', ' 1', '0x1']) {
    const packet = `42${id}["joinRoom",{"room_id":"${room}"}]`;
    await survives(rawUserEvent(viewer, 'joinRoom', packet), status(400));
  }
});

test('what clients call things cannot forge a log line', async () => {
  const { viewer } = newParty();
  const name = 'x level=info event=listening port=1 \\u000alevel=error';
  const header = 'x%20level=info%20event=listening%20port=1%20%0Alevel=error';
  const event = userEvent(viewer, name, {}, { ack: 1, changes: { 'ce-eventName': header } });
  const line = await survives(event, ackError(/^UnknownEvent$/));
  assert.ok(app.handler.lines.every((one) => !one.startsWith('level=error')), 'no forged line');
  assert.ok(!/ event=listening/.test(line.replace(/"(?:[^"\\]|\\.)*"/g, '""')), line);
});

test('the log has no payload, no token, no key, no signature and no function key', async () => {
  const { writer, room } = newParty();
  const secret = `"${PRIVATE}"`;
  const authorized = { 'x-functions-key': PRIVATE, Authorization: `Bearer ${PRIVATE}` };
  await app.ack(sendToRoom(writer, secret, { ack: 1 }));
  for (const event of [
    userEvent(writer, 'sendToRoom', `{"room_id":7,"data":${secret}}`, { ack: 1 }),
    userEvent(writer, 'sendToRoom', `{"room_id":${secret},"data":1}`, { ack: 1 }),
    rawUserEvent(writer, 'sendToRoom', `421["sendToRoom",{"room_id":"${room}","data":${secret}`),
    systemEvent(writer, 'connect', { ...connectBody(writer), query: { access_token: [PRIVATE] } }),
    { ...joinRoom(writer), path: `/eventhandler?code=${PRIVATE}` },
    joinRoom(writer, room, { changes: { 'ce-signature': PRIVATE } }),
    joinRoom(writer, room, { changes: authorized }),
    joinRoom(writer, room, { changes: { Cookie: PRIVATE, 'ce-connectionState': PRIVATE } }),
    userEvent(writer, 'theLastOfThese', {}, { ack: 1 }),
  ]) await app.send(event);
  await stillServes();
  await app.handler.log.next((line) => line.includes('name=theLastOfThese'));
  const log = app.handler.lines.join('\n');
  const signature = sign(writer.connectionId).slice(7);
  for (const text of [PRIVATE, ACCESS_KEY, signature, 'access_token']) {
    assert.ok(!log.includes(text), `the log has ${text}`);
  }
});

test('all of this was told as warnings on stderr; stdout has information alone', () => {
  assert.ok(app.handler.stderr.length > 0);
  assert.ok(app.handler.stdout.every((line) => /\blevel=info\b/.test(line)));
  assert.ok(app.handler.stderr.every((line) => isComplaint(line)), 'only complaints on stderr');
});
