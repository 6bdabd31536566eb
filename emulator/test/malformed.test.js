// What no honest client sends, thrown at every entry of the Web PubSub stand-in.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { RequestError, readRequest } from '../webpubsub/native/protocol.js';
import { Queue } from '../webpubsub/queue.js';
import { signToken } from '../webpubsub/token.js';
import {
  RawSocket,
  clientToken,
  clientUrl,
  inTime,
  nativeUrl,
  request,
  rest,
  startHandler,
} from './testing.js';
import { INHERITED, combined, startStandIn, throwRequests } from './malformed.js';
import { after, before, test } from './test.js';

const HUB = 'chat';
const KEY = 'k'.repeat(32);
const PLAIN = 'json.webpubsub.azure.v1';
const RELIABLE = 'json.reliable.webpubsub.azure.v1';

const DEPTH = 100_000;
const DEEP = '['.repeat(DEPTH) + ']'.repeat(DEPTH); // JSON that can be read but not written again
const WIDE = '語'.repeat(100);
const NO_TEXT = { toString: null, valueOf: null }; // cannot be made a string

let stand;
before(async () => {
  stand = await startService();
});
after(() => stand?.close());

async function startService() {
  const handler = await startHandler();
  const child = await startStandIn(
    'webpubsub.js',
    /Port=(\d+);/,
    ...['--port', '0', '--access-key', KEY, '--hub', HUB, '--upstream', handler.url],
    ...['--connect-auth', 'forward', '--connection-state', '--connect-response', '--group-claim'],
    ...['--retry-delays-ms', '', '--close-on-token-expiry', '--user-event-failure', 'ignore'],
  );
  const service = {
    port: child.port,
    endpoint: `http://localhost:${child.port}`,
    options: { accessKeys: [KEY] },
  };
  const health = `http://127.0.0.1:${child.port}/api/health?api-version=2024-01-01`;
  const alive = async () => assert.equal((await request(health)).status, 200);
  const close = async () => {
    await child.close();
    await handler.close();
  };
  return { ...child, handler, service, alive, close };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 10));

/** A WebSocket has been opened, or will not be. */
const settled = (socket) => Promise.race([socket.opened, socket.refused, socket.closed]);

function sendIfOpen(socket, message) {
  if (socket.socket.readyState === socket.socket.OPEN) socket.send(message);
}

test('malformed requests', async () => {
  const path = `/clients/socketio/hubs/${HUB}/`;
  const token = `access_token=${clientToken(stand.service, HUB)}`;
  const native = `access_token=${clientToken(stand.service, HUB, {}, '/client/hubs/')}`;
  await throwRequests(stand, [
    '/',
    '*',
    path,
    `${path}?EIO=4&transport=polling&sid=`,
    `${path}?EIO=4&transport=websocket&sid=`,
    `${path}?EIO=4&transport=polling&sid=x&sid=`,
    `${path}?EIO=4&transport=polling&sid=constructor`,
    `${path}?EIO=4&transport=polling&${token}`,
    `${path}?EIO=4&transport=websocket&${token}`,
    `${path}?EIO=3&transport=websocket&${token}`,
    `${path}?EIO=4&transport=polling&j=1&${token}`,
    `${path}?EIO=4&transport=constructor&${token}`,
    `/client/hubs/${HUB}?${native}`,
    `/client/hubs/${HUB}?awps_connection_id=constructor`,
    '/client/?hub=',
    '/api/health?api-version=2024-01-01',
    `/api/hubs/${HUB}/groups/x/connections?api-version=2024-12-01`,
  ]);
  await stand.alive();
});

test('a session that is opened with an empty sid needs a token', async () => {
  const { service, alive } = stand;
  for (const transport of ['polling', 'websocket']) {
    const url = (sid) => clientUrl(service, HUB, { transport, access_token: undefined, sid });
    for (const target of [url(''), `${url('x')}&sid=`]) {
      assert.equal((await request(target)).status, 401, target);
    }
  }
  await alive();
});

test('names of the query that every object has are told as they are', async (t) => {
  const { handler, service } = stand;
  handler.events = [];
  for (const name of INHERITED) {
    const query = { transport: 'websocket', [name]: 'x' };
    const socket = new RawSocket(`${clientUrl(service, HUB, query, 'ws')}&${name}=y`);
    t.after(() => socket.close());
    await socket.next();
    socket.send('40');
    const { body } = await handler.event(({ body: text }) => text.includes(`"${name}"`));
    const told = Object.entries(JSON.parse(body).query).find(([given]) => given === name);
    assert.deepEqual(told, [name, ['x', 'y']]);
  }
});

test('tokens with claims of any shape', async () => {
  const { service, check, alive } = stand;
  const names = ['sub', 'role', 'aud', 'exp', 'nbf', 'webpubsub.group'];
  const values = [0, -1, null, true, '', [], {}, [1], [[]], [NO_TEXT], NO_TEXT];
  for (const [name, value] of [...combined(names, values), ...combined(INHERITED, values)]) {
    const claims = Object.fromEntries([[name, value]]);
    const native = new RawSocket(nativeUrl(service, HUB, claims));
    const access_token = clientToken(service, HUB, claims);
    const query = { transport: 'websocket', access_token };
    const socket = new RawSocket(clientUrl(service, HUB, query, 'ws'));
    await Promise.all([native, socket].map(settled));
    for (const packet of ['40', '41']) {
      sendIfOpen(socket, packet);
      await pause();
    }
    socket.socket.terminate();
    native.socket.terminate();
    await check(`${name} in a token`);
  }
  for (const name of ['aud', 'other']) {
    const access_token = deepToken(service, name);
    for (const transport of ['websocket', 'polling']) {
      const url = clientUrl(service, HUB, { transport, access_token });
      const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade' };
      const headers = transport === 'polling' ? {} : upgrade;
      const status = await request(url, { headers }).then((answer) => answer.status, () => 'cut');
      // How deep is too deep for Node depends on its version; but nobody gets in by it.
      if (name === 'aud') assert.ok([401, 500, 'cut'].includes(status), `${status}`);
      await check(`a deep ${name} in a token`);
    }
  }
  await alive();
});

/** A good signature over claims that JSON.stringify does not write. */
function deepToken(service, name) {
  const deep = '['.repeat(4500) + ']'.repeat(4500);
  const aud = JSON.stringify(`${service.endpoint}/clients/socketio/hubs/${HUB}`);
  const text = `{"exp":9999999999,"aud":${aud},"${name}":${deep}}`;
  const [head] = signToken({}, KEY).split('.');
  const signed = `${head}.${Buffer.from(text).toString('base64url')}`;
  return `${signed}.${createHmac('sha256', KEY).update(signed).digest('base64url')}`;
}

/** Frames of a client that is not to be trusted, for any protocol. */
const FRAMES = [
  ...['', '\0', '4', 'b', 'b!', '40', '41', '4{', '4\x1e4', '7', '5', '2probe', '3probe', '6', '1'],
  ...['40{}', '40[]', '40/', '40/,', `40/${WIDE}`, '400', '40{"__proto__":1}', `40{"a":${DEEP}}`],
  ...['42', '42[]', '42[null]', '42[1]', '42[1e400]', '42["\\ud800"]', '42/x,["a"]', '42{}'],
  ...['4299999999999999999999["a"]', '42-1["a"]', `42["${WIDE}"]`, `42["a",${DEEP}]`, '42["a"'],
  ...INHERITED.flatMap((name) => [`42["${name}"]`, `40/${name}`, `42["a",{"${name}":1}]`]),
  ...['43', '43[]', '431[]', '44', '44{}', '45', '450-["a"]', '451-["a"]', '4599-["a"]', '46'],
  ...['451-["a",{"_placeholder":true,"num":"x"}]', '452-["a"]', Buffer.alloc(0), Buffer.alloc(3)],
];

const MESSAGES = [
  ...['', '[]', '{}', 'null', '1', DEEP, `{"type":${DEEP}}`],
  ...[null, 1, true, [], ['ping'], {}, NO_TEXT, '', WIDE, ...INHERITED].map((type) => ({ type })),
  ...[null, -1, 1.5, 'x', {}, NO_TEXT].flatMap((number) => [
    { type: 'sequenceAck', sequenceId: number },
    { type: 'joinGroup', group: 'g', ackId: number },
    { type: 'sendToGroup', group: 'g', ttlSeconds: number, data: '' },
    { type: 'sendToGroup', group: number, data: '' },
    { type: 'event', event: number, data: '' },
    { type: 'event', event: 'e', data: '', dataType: number },
    { type: 'event', event: 'e', data: number, dataType: 'text' },
  ]),
  ...INHERITED.map((dataType) => ({ type: 'event', event: 'e', data: '', dataType })),
  `{"type":"event","event":"e","data":${DEEP}}`,
  `{"type":"sendToGroup","group":"g","data":${DEEP}}`,
  { type: 'event', event: '\ud800', data: '' },
  { type: 'event', event: WIDE, data: '', dataType: WIDE },
  { type: 'joinGroup', group: WIDE.repeat(20) },
];

/** Bytes that are no WebSocket frame of a client. */
const NO_FRAMES = [
  ...['\xff\xff\xff', '\x81\x01x', '\x88\x81\0\0\0\0\0', '\x83\x80\0\0\0\0', '\x89\xfe'],
];

async function throwFrames(open, frames, greetings = [[]]) {
  const opened = async () => {
    const socket = open();
    await inTime(socket.opened, 'opening');
    return socket;
  };
  for (const frame of frames) {
    for (const before of greetings) {
      const socket = await opened();
      for (const part of [...before, frame, frame]) socket.send(part);
      await Promise.race([socket.closed, pause()]);
      socket.socket.terminate();
      await stand.check(String(JSON.stringify(frame)).slice(0, 100));
    }
  }
  for (const bytes of NO_FRAMES) {
    const socket = await opened();
    socket.socket._socket.write(bytes, 'latin1');
    await Promise.race([socket.closed, pause()]);
    socket.socket.terminate();
    await stand.check(JSON.stringify(bytes));
  }
}

test('malformed frames of Socket.IO', async () => {
  const url = clientUrl(stand.service, HUB, { transport: 'websocket' }, 'ws');
  await throwFrames(() => new RawSocket(url), FRAMES, [[], ['40']]);
  await stand.alive();
});

test('malformed payloads of long-polling', async () => {
  for (const body of FRAMES.filter((frame) => typeof frame === 'string')) {
    const url = clientUrl(stand.service, HUB, { transport: 'polling' });
    const { sid } = JSON.parse((await request(url)).text.slice(1));
    const session = `${url}&sid=${sid}`;
    const post = (text) => request(session, { method: 'POST', body: text }).catch(() => {});
    const polls = [request(session).catch(() => {}), request(session).catch(() => {})];
    await Promise.all([...polls, post(body), post(`40\x1e${body}\x1e${body}`), post('1\x1e1')]);
    await stand.check(JSON.stringify(body).slice(0, 100));
  }
  await stand.alive();
});

/** What reads them is the same for each protocol: all of them for one, and some for each of the others. */
const some = (i) => MESSAGES.filter((_, n) => process.env.MALFORMED === 'all' || n % 3 === i);

for (const [protocol, messages] of [[PLAIN, MESSAGES], [RELIABLE, some(0)], [undefined, some(1)]]) {
  test(`malformed messages of native clients, ${protocol ?? 'no subprotocol'}`, async () => {
    const role = ['webpubsub.joinLeaveGroup', 'webpubsub.sendToGroup'];
    const url = nativeUrl(stand.service, HUB, { role });
    await throwFrames(() => new RawSocket(url, protocol), messages);
    await stand.alive();
  });
}

test('a type that is no string is no request', () => {
  for (const value of [null, 1, ['ping'], NO_TEXT]) {
    const [event, data] = ['e', ''];
    for (const message of [{ type: value }, { type: 'event', event, data, dataType: value }]) {
      assert.throws(() => readRequest(JSON.stringify(message)), RequestError);
    }
  }
});

test('a client that cannot come back may send anything', async () => {
  const url = nativeUrl(stand.service, HUB, {}, { awps_connection_id: 'gone' });
  await throwFrames(() => new RawSocket(url), ['x']);
  await stand.alive();
});

test('malformed REST calls', async () => {
  const socket = new RawSocket(nativeUrl(stand.service, HUB, { sub: 'ann' }), PLAIN);
  const { connectionId } = await socket.json();
  const hub = `/api/hubs/${HUB}`;
  const connection = `${hub}/connections/${connectionId}`;
  const targets = [':send', ':addToGroups', ':removeFromGroups', ':generateToken', 'groups/g/:send']
    .map((name) => `${hub}/${name}`)
    .concat(`${hub}/users/ann/:send`, `${connection}/:send`);
  const types = ['text/plain', 'application/json', 'application/octet-stream', 'constructor', ';'];
  const groups = [null, 1, '', [], [null], [1], [{}], [WIDE], NO_TEXT];
  const bodies = ['', '{', 'null', '[]', '4', '41', '4{', 'b', '\x1e', DEEP];
  bodies.push(...groups.map((value) => JSON.stringify({ groups: value, filter: "'" })));
  bodies.push('{"groups":["g"],"filter":1}');
  for (const [target, type, body] of combined(targets, types, bodies)) {
    const { status } = await rest(stand.service, 'POST', target, { type, body });
    assert.ok(status < 500, `${target} ${type} ${body.slice(0, 100)}: ${status}`);
  }
  for (const name of INHERITED) {
    const { status } = await rest(stand.service, 'POST', targets[0], { type: name, body: '' });
    assert.equal(status, 415, name);
  }
  for (const filter of ["'", '(', '('.repeat(5000), 'constructor', 'length()', '\ufffd', WIDE]) {
    const target = `${hub}/:send?filter=${encodeURIComponent(filter)}`;
    assert.equal((await rest(stand.service, 'POST', target, { body: 'x' })).status, 400, filter);
  }
  const reason = encodeURIComponent(WIDE);
  assert.equal((await rest(stand.service, 'DELETE', `${connection}?reason=${reason}`)).status, 204);
  const { code, reason: told } = await inTime(socket.closed, 'close');
  assert.equal(code, 1000);
  assert.equal(told, WIDE.slice(0, 40));
  await stand.alive();
});

test('answers of the event handler of any shape', async (t) => {
  const { handler, service, check, alive } = stand;
  const { answer: usual } = handler;
  t.after(() => {
    handler.answer = usual;
  });
  const values = ['1', 'null', '[]', '{}', '{"toString":null}', DEEP, `"${WIDE}"`];
  const bodies = values.flatMap((value) => [value, `{"groups":[${value}]}`, `{"userId":${value}}`]);
  bodies.push(...FRAMES.filter((frame) => typeof frame === 'string'));
  const answers = [undefined, { status: 304 }, { status: 999 }];
  answers.push(...bodies.map((body) => ({ body })), { headers: { 'ce-connectionState': '\xff' }, body: '\xff' });
  for (const answer of answers) {
    handler.answer = () => answer;
    const native = new RawSocket(nativeUrl(service, HUB), PLAIN);
    const socket = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
    await Promise.all([native, socket].map(settled));
    for (const packet of ['40', '40/a', '42["e"]', '41']) {
      sendIfOpen(socket, packet);
      sendIfOpen(native, { type: 'event', event: 'e', data: 1 });
      await pause();
    }
    socket.socket.terminate();
    native.socket.terminate();
    await check(JSON.stringify(answer)?.slice(0, 100));
  }
  await alive();
});

test('a task that throws is told, and those behind it are done', async () => {
  const told = [];
  const queue = new Queue({ count: 3, bytes: 3, failed: ({ message }) => told.push(message) });
  const tasks = [() => assert.fail('at once'), () => Promise.reject(new Error('later'))];
  for (const task of tasks) queue.add(task, { bytes: 1 });
  queue.add(() => told.push('done'), { bytes: 1 });
  assert.ok(queue.isFull);
  await queue.idle();
  assert.deepEqual(told, ['at once', 'later', 'done']);
  assert.ok(!queue.isFull, 'there is room again');
});
