// The envelope of an event: how its headers, its signature, its name and its ack id may be spelled.
import assert from 'node:assert/strict';
import { test, before, after } from '../lib/test.js';
import {
  connectBody, joinRoom, newPeer, newRoom, readAck, sendToRoom, sign, systemEvent, userEvent,
} from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { newParty, startRecorded } from '../lib/recorded.js';

let app;
before(async () => {
  app = await startRecorded();
});
after(() => app?.close());

const exchange = (event) => app.exchange(event);

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

test('an event may come without WebHook-Request-Origin: the signature decides', async () => {
  const { room, viewer } = newParty();
  const changes = { 'WebHook-Request-Origin': null };
  const connect = systemEvent(viewer, 'connect', connectBody(viewer), changes);
  assert.equal((await app.send(connect)).status, 200);
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
