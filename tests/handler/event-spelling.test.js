// What clients may call things, and how it may arrive: encoded in headers or raw, trimmed by HTTP, in
// several lines. An event that is authentic and well formed is answered 200 or 204, whatever it is
// called and however long: anything else may cost its client the connection.
import assert from 'node:assert/strict';
import { after, before, test } from '../lib/test.js';
import {
  HUB, connectBody, joinRoom, newPeer, rawUserEvent, readAck, sendToRoom, sign, systemEvent,
} from '../lib/events.js';
import { ACCESS_KEY, connectionString, lacks, startHandler } from '../lib/handler.js';
import { request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { Client } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';
import { signToken } from '../../emulator/webpubsub/token.js';

let app;
before(async () => {
  app = await startRecorded();
});
after(() => app?.close());

const latin1 = (bytes) => Buffer.from(bytes).toString('latin1');
const percent = (text, unsafe) => latin1(text).replace(unsafe, (char) =>
  `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** How a service may spell a text in a header. */
const HEADERS = {
  raw: (text) => percent(text, /[\x00-\x1f\x7f]/g), // control characters are none of HTTP's
  minimal: (text) => percent(text, /[^\x20-\x7e]/g),
  cloudevents: (text) => percent(text, /[^\x21-\x7e]|["%]/g),
  'as a URL does': encodeURIComponent,
};

const refusal = (answer, code, message = /./) => {
  assert.equal(answer.status, 200, answer.text);
  const { value } = readAck(answer);
  assert.deepEqual([value.success, value.error.code], [false, code], answer.text);
  assert.match(value.error.message, message);
};

// ---- names of events ----

const NAMES = ['häh', '語', '😀', 'new message', ' lead', 'trail ', '  both\u00a0 ', ' ', '100%', '%41',
  'a%20b', '"quoted"', "it's", 'a,b', 'x'.repeat(5000), '\u007f', 'message', 'connect', '__proto__'];

for (const [how, encode] of Object.entries(HEADERS)) {
  test(`an event is known by any name, spelt ${how} in its header`, async () => {
    const { viewer } = newParty();
    for (const name of NAMES) {
      const changes = { 'ce-eventName': encode(name) };
      const packet = (ack) => `42${ack}[${JSON.stringify(name)},1]`;
      const told = await app.send(rawUserEvent(viewer, '', packet('7'), changes));
      refusal(told, 'UnknownEvent');
      const untold = await app.send(rawUserEvent(viewer, '', packet(''), changes));
      assert.equal(untold.status, 204, `${how} ${name}`);
    }
  });
}

test('a name that no text can be is refused in the acknowledgement', async () => {
  const { viewer } = newParty();
  for (const name of ['\\ud800', '\\udc00', 'x\\ud83d', '\\ud83dx', '\\ude00\\ud83d', '\\uD800\\uD800']) {
    const header = { 'ce-eventName': '%EF%BF%BD' };
    const told = rawUserEvent(viewer, '', `427["${name}",{}]`, header);
    refusal(await app.send(told), 'BadRequest', /surrogate/);
    const untold = await app.send(rawUserEvent(viewer, '', `42["${name}"]`, header));
    assert.equal(untold.status, 204, name);
  }
});

test('an acknowledgement has the id that was asked for, digit by digit', async () => {
  const { viewer, room } = newParty();
  const ids = ['0', '007', '2147483648', '18446744073709551616', '9'.repeat(20), '9'.repeat(21),
    '0'.repeat(400), '1'.repeat(100_000)];
  for (const id of ids) {
    const answer = await app.send(joinRoom(viewer, room, { ack: id }));
    assert.equal(answer.status, 200);
    assert.ok(answer.text === `43${id}[{"success":true}]`, `${id.slice(0, 30)} (${id.length})`);
  }
});

// ---- bodies ----

const MIB = 1024 * 1024;

/** A binary event with attachments of so many bytes each, as text: base64 behind a separator. */
function binaryEvent(peer, room, sizes, { ack = '7', namespace = '' } = {}) {
  const holders = sizes.map((_, num) => `{"_placeholder":true,"num":${num}}`).join();
  const event = `["sendToRoom",{"room_id":"${room}","data":[${holders}]}]`;
  const bytes = sizes.map((size) => `\x1eb${Buffer.alloc(size, 7).toString('base64')}`);
  return rawUserEvent(peer, 'sendToRoom', `45${sizes.length}-${namespace}${ack}${event}${bytes.join('')}`);
}

test('a binary event of any size is told that it is not supported', async () => {
  const { writer, room } = newParty();
  const sizes = [[4], [786_300], [786_432], [1_000_000], [MIB], [MIB, MIB], Array(6).fill(MIB)];
  for (const list of sizes) {
    const event = binaryEvent(writer, room, list);
    const what = `${list.length} x ${list[0]}`;
    const { answer, requests } = await app.exchange(event);
    refusal(answer, 'Unsupported');
    assert.equal(readAck(answer).id, '7', what);
    const untold = await app.exchange(binaryEvent(writer, room, list, { ack: '' }));
    assert.equal(untold.answer.status, 204, what);
    assert.deepEqual([...requests, ...untold.requests], [], what);
  }
});

test('so is one whose length is not announced, and one of another namespace', async () => {
  const { writer, room } = newParty();
  const { headers, body, ...event } = binaryEvent(writer, room, [MIB]);
  const chunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  refusal(await app.send({
    ...event, headers: [...headers, ['Transfer-Encoding', 'chunked']], body: chunks,
  }), 'Unsupported');
  await app.reconnect();
  const answer = await app.send(binaryEvent({ ...writer, namespace: '/a' }, room, [MIB],
    { namespace: '/a,' }));
  assert.match(answer.text, /^43\/a,7\[/);
});

test('a binary event that is too large is not believed without its signature', async () => {
  const { writer, room } = newParty();
  const event = binaryEvent({ ...writer, connectionId: 'other' }, room, [MIB]);
  const headers = event.headers.map(([name, value]) =>
    [name, name === 'ce-signature' ? sign('another') : value]);
  assert.equal((await app.send({ ...event, headers })).status, 401);
  await app.reconnect();
});

test('text is bounded as before, whatever characters it has', async () => {
  const { writer, room } = newParty();
  for (const unit of ['x', 'ä', '語', '😀', '\\u0001', '\\"', '\\ud83d\\ude00']) {
    const bare = Buffer.byteLength(sendToRoom(writer, '""', { ack: 1 }).body);
    const count = Math.floor((MIB - bare) / Buffer.byteLength(unit));
    const data = `"${unit.repeat(count)}"`;
    const { answer, requests } = await app.exchange(sendToRoom(writer, data, { ack: 1 }));
    assert.deepEqual(readAck(answer).value, { success: true }, unit);
    assert.ok(requests[0].text.includes(data), unit);
  }
  assert.equal((await app.send(sendToRoom(writer, `"${'x'.repeat(MIB)}"`))).status, 413);
  await app.reconnect();
  assert.equal((await app.send(joinRoom(writer, room))).status, 204);
});

// ---- several lines of a header ----

test('signatures in several lines are one list', async () => {
  const { room, viewer } = newParty();
  const right = sign(viewer.connectionId);
  const wrong = sign('other');
  for (const lines of [[right, right], [right, wrong], [wrong, right], [wrong, wrong, right],
    ['', right], [`${wrong}, ${wrong}`, `${wrong} ${right}`], [wrong, `${right},${wrong}`, wrong]]) {
    const answer = await app.send(joinRoom(viewer, room, { ack: 1, changes: { 'ce-signature': lines } }));
    assert.deepEqual(readAck(answer).value, { success: true }, JSON.stringify(lines));
  }
  const half = [right.slice(0, 40), right.slice(40)];
  for (const lines of [[wrong, wrong], ['', ''], half, [half[0], `,${half[1]}`]]) {
    const answer = await app.send(joinRoom(viewer, room, { ack: 1, changes: { 'ce-signature': lines } }));
    assert.equal(answer.status, 401, JSON.stringify(lines));
  }
});

test('an event with a right signature is not refused for its origin', async () => {
  const { room, viewer } = newParty();
  for (const origin of [null, '', 'other.example', '*', 'gateway.example:8443', ['a.example', 'b']]) {
    const changes = { 'WebHook-Request-Origin': origin };
    const answer = await app.send(joinRoom(viewer, room, { ack: 1, changes }));
    assert.deepEqual(readAck(answer).value, { success: true }, JSON.stringify(origin));
  }
});

test('what says that it is an event is not looked at for the wrapping of a host', async () => {
  const { viewer } = newParty();
  const wrapped = { Data: { req: { Url: 'https://x/negotiate', Method: 'GET' } }, Metadata: {} };
  for (const name of ['connect', 'connected', 'disconnected']) {
    const { answer } = await app.exchange(systemEvent(viewer, name, wrapped));
    assert.deepEqual([answer.status, answer.text], [200, ''], name);
  }
});

// ---- the service's address ----

test('an endpoint is a URL: tokens are for what it means, not for how it is spelt', async () => {
  const spellings = {
    'https://example.webpubsub.azure.com': ['HTTPS://Example.WebPubSub.Azure.COM',
      'https://EXAMPLE.webpubsub.azure.com:443', 'https://example.webpubsub.azure.com:443/'],
    'http://localhost': ['http://LOCALHOST:80', 'HTTP://localhost:80/', 'http://localhost;Port=80'],
    'http://localhost:8080': ['http://LocalHost:8080', 'http://LOCALHOST;Port=8080'],
  };
  for (const [meant, spelt] of Object.entries(spellings)) {
    for (const endpoint of [meant, ...spelt]) {
      const handler = await startHandler({ service: connectionString(endpoint) });
      try {
        const session = (await request(handler.port, { path: '/negotiate' })).json();
        const claims = JSON.parse(Buffer.from(session.token.split('.')[1], 'base64url'));
        assert.equal(claims.aud, `${meant}${session.path}`, endpoint);
        assert.equal(session.endpoint, meant, endpoint);
      } finally {
        await handler.stop();
      }
    }
  }
});

// ---- users ----

test('nobody becomes somebody else by an encoding', async () => {
  const { room, writer } = newParty();
  for (const user of [`%77.${room}`, `w%2E${room}`, `%77%2e${room}`, `w.${room}%20`, `%20w.${room}`,
    `w.${encodeURIComponent('ä')}`, `w%252E${room}`]) {
    const changes = { 'ce-userId': user };
    refusal(await app.send(joinRoom(writer, room, { ack: 1, changes })), 'Forbidden');
    const peer = newPeer('w', room, { user });
    assert.equal((await app.send(systemEvent(peer, 'connect', connectBody(peer)))).status, 403, user);
  }
});

// ---- through the service, to an application that has such names ----

const skip = lacks('verbs');

for (const headerEncoding of ['minimal', 'cloudevents']) {
  test(`namespaces, events and users of any name work (${headerEncoding})`, { skip }, async () => {
    const stack = await startStack({ app: 'verbs', service: { headerEncoding } });
    const clients = [];
    const connect = async (namespace, sub) => {
      const path = `/clients/socketio/hubs/${HUB}`;
      const exp = Math.floor(Date.now() / 1000) + 60;
      const token = signToken({ sub, exp, aud: `${stack.service.endpoint}${path}` }, ACCESS_KEY);
      const { endpoint } = stack.service;
      const client = new Client({ endpoint, path, token }, { namespace });
      clients.push(client);
      await client.connected;
      return client;
    };
    const ask = (client, name, ...args) => new Promise((resolve) => {
      client.socket.emit(name, ...args, (...values) => resolve(values));
    });
    try {
      for (const namespace of ['/', '/nä', '/100% "of" it ']) {
        for (const user of ['Jörg', '名前', 'a b', '50%', '"x"', 'é'.repeat(200)]) {
          const client = await connect(namespace, user);
          assert.deepEqual(await ask(client, 'who'), [user, namespace]);
          client.close();
        }
        const [one, two] = [await connect(namespace, 'one'), await connect(namespace, 'two')];
        for (const name of [' spaced ', 'häh']) {
          assert.deepEqual(await ask(one, name), [1, 'two', { three: true }], name);
        }
        const [binary] = await ask(one, 'who', Buffer.alloc(900_000), Buffer.alloc(900_000));
        assert.equal(binary.error.code, 'Unsupported');
        assert.deepEqual(await ask(one, 'join', { targets: ['räum'] }), [{ success: true }]);
        const wish = { rooms: ['räum'], event: 'grüße', arg: 'ok' };
        assert.deepEqual(await ask(two, 'emit', wish), [{ success: true }]);
        assert.equal(await one.next('grüße'), 'ok');
      }
      const { message } = await connect('/nå', 'x').then(() => assert.fail('it came in'), (e) => e);
      assert.match(message, /403/);
    } finally {
      clients.forEach((client) => client.close());
      await stack.close();
    }
  });
}
