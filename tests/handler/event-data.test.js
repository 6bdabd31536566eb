// What leaves the handler for the service: the address and its token, and `data` byte for byte as
// it came. How often: once for each event, and before the event is answered.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test, before, after } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import {
  connectBody, joinRoom, rawUserEvent, sendToRoom, systemEvent,
} from '../lib/events.js';
import { assertSend, newParty, notPeer, startRecorded } from '../lib/recorded.js';

let app;
let recorder;
before(async () => {
  app = await startRecorded();
  recorder = app.recorder;
});
after(() => app?.close());

const exchange = (event) => app.exchange(event);

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

// What share a line are accepted events that come many times a second: log.test.js.
test('every request is one line of the log', async () => {
  const { room, viewer } = newParty();
  const { lines } = app.handler;
  for (const event of [
    systemEvent(viewer, 'connect', connectBody(viewer)), systemEvent(viewer, 'connected'),
    joinRoom(viewer, room, { ack: 1 }), joinRoom(viewer), systemEvent(viewer, 'disconnected'),
    { path: '/negotiate' },
  ]) {
    const id = randomUUID();
    const headers = [...(event.headers ?? []), ['X-Azure-Functions-InvocationId', id]];
    await app.send({ ...event, headers });
    const mine = () => lines.filter((line) => line.includes(id));
    await eventually(3000, () => mine().length > 0, 'a line');
    assert.equal(mine().length, 1, mine().join('\n'));
    assert.match(mine()[0], /^level=info event=request method=(GET|POST) .*\bstatus=20[04]\b/);
  }
});

test('the invocation id in the log is the host\'s, whatever the caller has sent', async () => {
  const { lines } = app.handler;
  for (const before of ['', 'mine, ', 'mine,', 'one, two,\t', ', ']) {
    const id = randomUUID();
    const headers = { 'X-Azure-Functions-InvocationId': before + id };
    await app.send({ path: '/negotiate', headers });
    const isMine = (line) => line.includes(id);
    await eventually(3000, () => lines.some(isMine), 'a line');
    assert.match(lines.find(isMine), new RegExp(` invocation=${id}( |$)`));
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
