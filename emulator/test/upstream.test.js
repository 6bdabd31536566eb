// What the Web PubSub stand-in sends to event handlers: validation, the CloudEvents requests,
// their order, retries, and what an answer does.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';

import { startWebPubSub } from '../webpubsub/service.js';
import {
  RawSocket,
  clientToken,
  clientUrl,
  inTime,
  startHandler,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
// Of Microsoft's own test of the signature.
const KEY = '7aab239577fd4f24bc919802fb629f5f';
const SECOND_KEY = 'a23b4c5d6e7f8091a2b3c4d5e6f70819';

/** prepare: what the handler is before the service knows it. */
async function start(t, { settings = {}, handlers, prepare = {}, ...options } = {}) {
  const handler = Object.assign(await startHandler(), prepare);
  const lines = [];
  const service = await startWebPubSub({
    accessKeys: [KEY, SECOND_KEY],
    hubs: { [HUB]: { eventHandlers: handlers ?? [{ ...handler.settings, ...settings }] } },
    retryDelaysMs: [5, 10, 15],
    log: (line) => lines.push(line),
    ...options,
  });
  const sockets = [];
  t.after(async () => {
    sockets.forEach(({ socket }) => socket.terminate());
    await service.close();
    await handler.close();
  });
  const open = async (claims = {}, query = {}) => {
    const access_token = clientToken(service, HUB, claims);
    const url = clientUrl(service, HUB, { transport: 'websocket', access_token, ...query }, 'ws');
    const socket = new RawSocket(url);
    sockets.push(socket);
    const { sid } = JSON.parse((await socket.next()).slice(1));
    return Object.assign(socket, { id: sid, token: access_token });
  };
  const join = async (claims, namespace = '') => {
    const socket = await open(claims);
    socket.send(namespace === '' ? '40' : `40${namespace},`);
    const packet = await socket.packet();
    assert.ok(packet.startsWith('40'), packet);
    socket.socketId = JSON.parse(packet.slice(packet.indexOf('{'))).sid;
    return socket;
  };
  return { handler, service, lines, open, join };
}

const names = (handler) => handler.events.map(({ name }) => name);

// --- the request ------------------------------------------------------------------------------

test('connect has every header of the documents, spelt as there', async (t) => {
  const { handler, join } = await start(t);
  const { id, socketId } = await join({ sub: 'w.room' });
  const event = await handler.event('connect');
  const headers = {};
  for (let i = 0; i < event.rawHeaders.length; i += 2)
    headers[event.rawHeaders[i]] = event.rawHeaders[i + 1];
  const sign = (key) => `sha256=${createHmac('sha256', key).update(id).digest('hex')}`;
  const { 'ce-time': time, Host, Connection, 'Content-Length': length, ...rest } = headers;
  assert.deepEqual(rest, {
    'WebHook-Request-Origin': 'localhost',
    'Content-Type': 'application/json; charset=utf-8',
    'ce-specversion': '1.0',
    'ce-awpsversion': '1.0',
    'ce-type': 'azure.webpubsub.sys.connect',
    'ce-source': `/hubs/${HUB}/client/${id}`,
    'ce-id': '0',
    'ce-connectionId': id,
    'ce-hub': HUB,
    'ce-eventName': 'connect',
    'ce-signature': `${sign(KEY)},${sign(SECOND_KEY)}`,
    'ce-namespace': '/',
    'ce-socketId': socketId,
    'ce-userId': 'w.room',
  });
  assert.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Host && Connection);
  assert.equal(Number(length), Buffer.byteLength(event.body));
});

test('connect tells claims, query and headers, each value in a list', async (t) => {
  const { handler, open } = await start(t);
  const socket = await open({ sub: 'ann', role: ['a', 'b'], level: 5 }, { x: '1' });
  socket.send('40{"auth":"is not passed on"}');
  const { claims, query, headers, clientCertificates, ...rest } = JSON.parse(
    (await handler.event('connect')).body,
  );
  assert.deepEqual(rest, {});
  assert.deepEqual(clientCertificates, []);
  assert.deepEqual(claims.sub, ['ann']);
  assert.deepEqual(claims['http://schemas.xmlsoap.org/ws/2005/05/identity/claims/nameidentifier'], [
    'ann',
  ]);
  assert.deepEqual(claims['http://schemas.microsoft.com/ws/2008/06/identity/claims/role'], [
    'a',
    'b',
  ]);
  assert.deepEqual(claims.role, ['a', 'b']);
  assert.deepEqual(claims.level, ['5']);
  assert.match(claims.exp[0], /^\d+$/);
  assert.deepEqual(query.x, ['1']);
  assert.deepEqual(query.EIO, ['4']);
  assert.deepEqual(query.access_token, [socket.token]);
  assert.deepEqual(headers.upgrade, ['websocket']);
});

test('user events carry the packet unchanged, as text/plain', async (t) => {
  const { handler, join } = await start(t);
  const socket = await join({ sub: 'ann' }, '/ns');
  const packet = '42/ns,7[ "hello world" ,\t1.50, {"b":1,"a":"\\u00e4"} ]';
  socket.send(packet);
  const { headers, body } = await handler.event('hello world');
  assert.equal(body, packet);
  assert.equal(headers['content-type'], 'text/plain');
  assert.equal(headers['ce-type'], 'azure.webpubsub.user.message');
  assert.equal(headers['ce-namespace'], '/ns');
  assert.equal(headers['ce-userid'], 'ann');
  assert.equal(headers['ce-socketid'], socket.socketId);
});

test('an event named connected or disconnected is a user event', async (t) => {
  const { handler, join } = await start(t);
  const socket = await join();
  socket.send('42["disconnected"]');
  const event = await handler.event((e) => e.name === 'disconnected');
  assert.equal(event.headers['ce-type'], 'azure.webpubsub.user.message');
});

test('event ids: 0 for connect, then counted for the connection', async (t) => {
  const { handler, join } = await start(t);
  const socket = await join();
  await handler.event('connected');
  socket.send('42["a"]');
  socket.send('42["b"]');
  await handler.event('b');
  const ids = handler.events.map(({ name, headers }) => [name, headers['ce-id']]);
  assert.deepEqual(ids, [
    ['connect', '0'],
    ['connected', '1'],
    ['a', '2'],
    ['b', '3'],
  ]);
});

test('names that do not fit into a header are percent-encoded', async (t) => {
  const cases = [
    ['minimal', { a: 'new message', b: '%C3%A4 "100%"', c: '%20a b%20%20' }],
    ['cloudevents', {
      a: 'new%20message', b: '%C3%A4%20%22100%25%22', c: '%20a%20b%20%20',
    }],
  ];
  for (const [headerEncoding, expected] of cases) {
    const { handler, join } = await start(t, { headerEncoding });
    const socket = await join();
    socket.send('42["new message"]');
    socket.send('42["ä \\"100%\\""]');
    socket.send('42[" a b  "]');
    await handler.event(expected.a);
    await handler.event(expected.b);
    await handler.event(expected.c);
  }
});

test('half a character in a name arrives as the one that stands for such', async (t) => {
  const { handler, join } = await start(t);
  const socket = await join();
  socket.send(String.raw`42["half \ud800"]`);
  const event = await handler.event('half %EF%BF%BD');
  assert.equal(event.body, String.raw`42["half \ud800"]`);
});

test('signatures can be left out', async (t) => {
  const { handler, join } = await start(t, { signEvents: false });
  await join();
  assert.equal((await handler.event('connect')).headers['ce-signature'], undefined);
});

test('header names, event type and origin can be sent as seen elsewhere', async (t) => {
  const { handler, join } = await start(t, {
    headerCase: 'lower',
    eventType: 'name',
    originOnEvents: false,
  });
  const socket = await join();
  socket.send('42["new message"]');
  const { headers, rawHeaders } = await handler.event('new message');
  assert.ok(rawHeaders.includes('ce-eventname'));
  assert.equal(headers['ce-type'], 'azure.webpubsub.user.new message');
  assert.equal(headers['webhook-request-origin'], undefined);
});

const LATE_MS = 300;

test('events can be sent twice, and connected late', async (t) => {
  const { handler, join } = await start(t, { duplicateEvents: true, connectedDelayMs: LATE_MS });
  const begun = performance.now();
  let count = 0;
  handler.answer = ({ name }) => (name === 'x' ? { body: `42["n",${++count}]` } : {});
  const socket = await join();
  socket.send('42["x"]');
  assert.equal(await socket.packet(), '42["n",2]');
  await handler.event('connected');
  assert.ok(performance.now() - begun >= LATE_MS, 'no sooner than that');
  await until(() => names(handler).length === 6, 'the last event');
  assert.deepEqual(names(handler).slice(0, 2), ['connect', 'connect']);
  assert.deepEqual(names(handler).sort(), ['connect', 'connect', 'connected', 'connected', 'x', 'x']);
});

// --- which handler ----------------------------------------------------------------------------

test('the first handler that wants an event gets it, at its template', async (t) => {
  const { handler, service, join } = await start(t);
  const { urlTemplate } = handler.settings;
  service.setEventHandlers(HUB, [
    {
      urlTemplate: `${urlTemplate}/one/{hub}/{event}?code=k`,
      userEventPattern: 'a, b c',
      systemEvents: ['connect'],
    },
    {
      urlTemplate: `${urlTemplate}/two`,
      userEventPattern: '*',
      systemEvents: ['connect', 'connected'],
    },
  ]);
  const socket = await join();
  for (const name of ['a', 'b c', 'd']) socket.send(`42["${name}"]`);
  await handler.event('d');
  const urls = new Map(handler.events.map(({ name, url }) => [name, url]));
  assert.equal(urls.get('connect'), `/eventhandler/one/${HUB}/connect?code=k`);
  assert.equal(urls.get('connected'), '/eventhandler/two');
  assert.equal(urls.get('a'), `/eventhandler/one/${HUB}/a?code=k`);
  assert.equal(urls.get('b c'), `/eventhandler/one/${HUB}/b%20c?code=k`);
  assert.equal(urls.get('d'), '/eventhandler/two');
  assert.deepEqual(
    handler.validations.map(({ url }) => url).filter((url) => url !== '/eventhandler').sort(),
    [`/eventhandler/one/${HUB}/validate?code=k`, '/eventhandler/two'],
  );
});

test('a user event that no handler wants fails', async (t) => {
  const { join } = await start(t, { settings: { userEventPattern: 'known' } });
  const socket = await join();
  socket.send('42["unknown"]');
  await inTime(socket.closed, 'close');
});

// --- validation -------------------------------------------------------------------------------

test('a handler is validated once, from the start on, before its first event', async (t) => {
  const { handler, join } = await start(t);
  await Promise.all([join(), join(), join()]);
  assert.equal(handler.validations.length, 1);
  const { method, headers } = handler.validations[0];
  assert.equal(method, 'OPTIONS');
  assert.equal(headers['webhook-request-origin'], 'localhost');
  assert.equal(headers['ce-awpsversion'], '1.0');
  assert.equal(headers.origin, undefined);
});

for (const [allow, accepted] of [
  ['*', true],
  ['LocalHost', true],
  ['a.example, localhost', true],
  ['b.example', false],
  ['', false],
]) {
  test(`WebHook-Allowed-Origin '${allow}' is ${accepted ? 'consent' : 'a refusal'}`, async (t) => {
    const { handler, open, lines } = await start(t, { prepare: { allow } });
    const socket = await open();
    socket.send('40');
    assert.match(await socket.packet(), accepted ? /^40/ : /^44{"message"/);
    assert.equal(names(handler).length > 0, accepted);
    assert.equal(
      lines.some((line) => /missing allowed origins: .* not localhost or \*/.test(line)),
      !accepted,
    );
  });
}

test('a refused validation means no events; a 404 is asked again with GET', async (t) => {
  const refusing = await start(t, { prepare: { validationStatus: () => 401 } });
  const socket = await refusing.open();
  socket.send('40');
  assert.match(await socket.packet(), /^44{"message".*the event handler did not validate/);
  assert.deepEqual(names(refusing.handler), []);
  const validationStatus = (method) => (method === 'GET' ? 200 : 404);
  const other = await start(t, { prepare: { validationStatus } });
  await other.join();
  assert.deepEqual(
    other.handler.validations.map(({ method }) => method),
    ['OPTIONS', 'GET'],
  );
});

test('a handler that comes up later is validated then', async (t) => {
  const late = await startHandler();
  await late.close();
  const { service, open, handler } = await start(t, { handlers: [late.settings] });
  const socket = await open();
  socket.send('40');
  assert.match(await socket.packet(), /^44/);
  service.setEventHandlers(HUB, [handler.settings]);
  socket.send('40');
  assert.match(await socket.packet(), /^40/);
});

test('a handler that comes up after the service is asked at once when a client is there', async (t) => {
  const late = await startHandler();
  const port = Number(new URL(late.url).port);
  await late.close();
  const { lines, open } = await start(t, { handlers: [late.settings] });
  await until(() => lines.some((line) => /not validated: ECONNREFUSED/.test(line)), 'the warning');
  const up = await startHandler({ port });
  t.after(() => up.close());
  const socket = await open();
  socket.send('40');
  assert.match(await socket.packet(), /^40/);
});

test('validation is repeated in the background', async (t) => {
  const { handler, join } = await start(t, { revalidateMs: 30 });
  const socket = await join();
  await until(() => {
    socket.send('42["a"]'); // an event that comes after its time asks for it
    return handler.validations.length > 1;
  }, 'another validation');
  await handler.event('a');
});

// --- order ------------------------------------------------------------------------------------

test("one connection's events wait for each other, another's do not", async (t) => {
  const { handler, join } = await start(t);
  const [slow, other] = [await join(), await join()];
  let release;
  handler.answer = ({ name }) =>
    name === 'first'
      ? new Promise((resolve) => {
          release = () => resolve({});
        })
      : {};
  slow.send('42["first"]');
  slow.send('42["second"]');
  await handler.event('first');
  other.send('42["other"]');
  await handler.event('other');
  assert.ok(!names(handler).includes('second'));
  release();
  await handler.event('second');
});

for (const ordering of ['connection', 'socket']) {
  test(`two sockets of a connection with ordering by ${ordering}`, async (t) => {
    const { handler, join } = await start(t, { ordering });
    const socket = await join();
    socket.send('40/b,');
    await socket.packet();
    let release;
    handler.answer = ({ name }) =>
      name === 'first'
        ? new Promise((resolve) => {
            release = () => resolve({});
          })
        : {};
    socket.send('42["first"]');
    await handler.event('first');
    socket.send('42/b,["second"]');
    if (ordering === 'socket') await handler.event('second');
    else await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(names(handler).includes('second'), ordering === 'socket');
    release();
    await handler.event('second');
  });
}

test('100 events in flight on one socket arrive in order', async (t) => {
  const { handler, join } = await start(t);
  const socket = await join();
  for (let i = 0; i < 100; i++) socket.send(`42["n",${i}]`);
  await handler.event((e) => e.body === '42["n",99]');
  const order = handler.events.filter(({ name }) => name === 'n').map(({ body }) => body);
  assert.deepEqual(
    order,
    Array.from({ length: 100 }, (_, i) => `42["n",${i}]`),
  );
});

// --- answers ----------------------------------------------------------------------------------

test('an answer is written unchanged, several packets one by one', async (t) => {
  const { handler, join } = await start(t);
  handler.answer = ({ name }) => (name === 'x' ? { body: '431[ 1.0 ]\x1e42["more"]' } : {});
  const socket = await join();
  socket.send('421["x"]');
  assert.equal(await socket.packet(), '431[ 1.0 ]');
  assert.equal(await socket.packet(), '42["more"]');
});

for (const [what, answer] of [
  ['204', { status: 204 }],
  ['an empty 200', {}],
  [
    'another type than text/plain',
    { body: '43["x"]', headers: { 'Content-Type': 'application/json' } },
  ],
  ['what is no payload', { body: 'thank you' }],
]) {
  test(`nothing is written for ${what}`, async (t) => {
    const { handler, join } = await start(t);
    handler.answer = ({ name }) => {
      if (name === 'x') return answer;
      return name === 'y' ? { body: '42["end"]' } : {};
    };
    const socket = await join();
    socket.send('42["x"]');
    socket.send('42["y"]');
    assert.equal(await socket.packet(), '42["end"]');
  });
}

// --- failures ---------------------------------------------------------------------------------

/** Answers the first attempts of an event with these statuses, and then with 200. */
function failing(...statuses) {
  return ({ name }) => {
    if (name !== 'x' || statuses.length === 0) return {};
    return { status: statuses.shift() };
  };
}

test('408, 5xx and network failures are sent again, the same event', async (t) => {
  const { handler, join, lines } = await start(t);
  handler.answer = failing(408, 500, 503);
  const socket = await join();
  await handler.event('connected');
  socket.send('42["x"]');
  socket.send('42["after"]');
  await handler.event('after');
  const attempts = handler.events.filter(({ name }) => name === 'x');
  assert.deepEqual(
    attempts.map(({ headers }) => headers['ce-id']),
    ['2', '2', '2', '2'],
  );
  const told = lines.filter((line) => /^warn .*event 'x': .* gets it again in \d+ ms/.test(line));
  assert.deepEqual(
    told.map((line) => /responded with (\d+)/.exec(line)[1]),
    ['408', '500', '503'],
  );
});

test('a kept connection that was just closed costs no attempt', async (t) => {
  const { handler, join } = await start(t, { retryDelaysMs: [] });
  const used = new Set();
  handler.answer = ({ name, socket: wire }) => {
    const again = used.has(wire);
    used.add(wire);
    return name === 'x' && again ? undefined : {};
  };
  const socket = await join();
  await handler.event('connected');
  socket.send('42["x"]');
  socket.send('42["after"]');
  await handler.event('after');
  assert.equal(names(handler).filter((name) => name === 'x').length, 2);
});

test('a fresh connection that is cut is a failure', async (t) => {
  const { handler, join } = await start(t, { retryDelaysMs: [] });
  handler.answer = ({ name }) => (name === 'x' ? undefined : {});
  const socket = await join();
  socket.send('42["x"]');
  await inTime(socket.closed, 'close');
});

test('an answer over 16 MiB is a failure', async (t) => {
  const { handler, join, lines } = await start(t, { retryDelaysMs: [] });
  const body = `42["x","${'y'.repeat(17 * 1024 * 1024)}"]`;
  handler.answer = ({ name }) => (name === 'x' ? { body } : {});
  const socket = await join();
  socket.send('42["x"]');
  await inTime(socket.closed, 'close');
  assert.ok(lines.some((line) => line.includes('the response is larger')));
});

test('after the last attempt the event has failed', async (t) => {
  const { handler, join } = await start(t);
  handler.answer = failing(500, 500, 500, 500, 500);
  const socket = await join();
  socket.send('42["x"]');
  await inTime(socket.closed, 'close');
  assert.equal(names(handler).filter((name) => name === 'x').length, 4);
});

for (const status of [400, 401, 404, 429, 302]) {
  test(`${status} is not sent again`, async (t) => {
    const { handler, join } = await start(t);
    handler.answer = failing(status);
    const socket = await join();
    socket.send('42["x"]');
    await inTime(socket.closed, 'close');
    assert.equal(names(handler).filter((name) => name === 'x').length, 1);
    assert.equal(JSON.parse((await handler.event('disconnected')).body).reason, 'UpstreamFailed');
  });
}

test('a failed event may cost the socket only, or nothing', async (t) => {
  const one = await start(t, { userEventFailure: 'disconnect' });
  one.handler.answer = failing(400);
  const socket = await one.join();
  socket.send('42["x"]');
  assert.equal(await socket.packet(), '41');
  socket.send('40');
  assert.match(await socket.packet(), /^40/);
  const two = await start(t, { userEventFailure: 'ignore' });
  two.handler.answer = failing(400);
  const other = await two.join();
  other.send('42["x"]');
  other.send('42["after"]');
  await two.handler.event('after');
});

test('an event name with line breaks stays on one line of the log', async (t) => {
  const { handler, join, lines } = await start(t);
  const socket = await join();
  socket.send('42["a\\nb"]');
  await handler.event('a%0Ab');
  await until(() => lines.some((line) => line.includes('a\\x0ab')), 'the line');
  assert.ok(lines.every((line) => !line.includes('\n')));
});

test('a handler that does not answer in time has failed', async (t) => {
  const { handler, join, lines } = await start(t, { upstreamTimeoutMs: 1000 });
  handler.answer = ({ name }) => (name === 'x' ? new Promise(() => {}) : {});
  const socket = await join();
  socket.send('42["x"]');
  await inTime(socket.closed, 'close');
  assert.ok(
    lines.some((line) => line.includes('no response in time')),
    lines.join('\n'),
  );
  const slow = lines.findIndex((line) => /^warn .*'x': no response for 500 ms, still/.test(line));
  const late = lines.findIndex((line) => line.includes('no response in time'));
  assert.ok(slow >= 0 && slow < late, lines.join('\n'));
});

test('a connect that cannot be delivered is refused', async (t) => {
  const { handler, open } = await start(t);
  handler.answer = ({ name }) => ({ status: name === 'connect' ? 500 : 200 });
  const socket = await open();
  socket.send('40');
  assert.match(await socket.packet(), /^44{"message":".*500.*"}$/);
  assert.deepEqual(names(handler), ['connect', 'connect', 'connect', 'connect']);
});

test('connected and disconnected wait for nobody and their failures cost nothing', async (t) => {
  const { handler, join } = await start(t);
  handler.answer = ({ name }) => {
    if (name === 'connected') return new Promise(() => {});
    return { status: name === 'disconnected' ? 400 : 200 };
  };
  const socket = await join();
  socket.send('42["x"]');
  await handler.event('x');
  socket.close();
  await handler.event('disconnected');
  await join();
});

// --- what plain Web PubSub does and Socket.IO is not known to do ---------------------------------

test('connection state is kept only if it is set so', async (t) => {
  for (const connectionState of [false, true]) {
    const { handler, join } = await start(t, { connectionState });
    handler.answer = ({ name }) =>
      name === 'connect' || name === 'x'
        ? { headers: { 'ce-connectionState': `after ${name}` } }
        : {};
    const socket = await join();
    socket.send('42["x"]');
    socket.send('42["y"]');
    const state = async (name) => (await handler.event(name)).headers['ce-connectionstate'];
    assert.equal(await state('x'), connectionState ? 'after connect' : undefined);
    assert.equal(await state('y'), connectionState ? 'after x' : undefined);
  }
});

test('the answer to connect names user and groups only if it is set so', async (t) => {
  for (const connectResponse of [false, true]) {
    const { handler, join, service } = await start(t, { connectResponse });
    handler.answer = ({ name }) =>
      name === 'connect'
        ? {
            headers: { 'Content-Type': 'application/json' },
            body: '{"userId":"new","groups":["g"]}',
          }
        : {};
    const { id } = await join({ sub: 'ann' });
    const connection = service.hub(HUB).connections.get(id);
    assert.equal(connection.userId, connectResponse ? 'new' : 'ann');
    assert.equal(connection.groups.has('g'), connectResponse);
    assert.equal(service.hub(HUB).ofUser('new').length, connectResponse ? 1 : 0);
    assert.equal(
      (await handler.event('connected')).headers['ce-userid'],
      connectResponse ? 'new' : 'ann',
    );
  }
});

test('the group claim of the token joins groups only if it is set so', async (t) => {
  for (const groupClaim of [false, true]) {
    const { join, service } = await start(t, { groupClaim });
    const { id } = await join({ 'webpubsub.group': ['g'] });
    assert.equal(service.hub(HUB).connections.get(id).groups.has('g'), groupClaim);
  }
});

test('binary events can be refused', async (t) => {
  const { join } = await start(t, { binaryEvents: 'refuse' });
  const socket = await join();
  socket.send('451-["x",{"_placeholder":true,"num":0}]');
  socket.send(Buffer.from([1]));
  await inTime(socket.closed, 'close');
});

// --- the log ----------------------------------------------------------------------------------

test('the log shows packets, deliveries and calls, and no token or key', async (t) => {
  const { handler, join, lines, service } = await start(t);
  const { urlTemplate } = handler.settings;
  service.setEventHandlers(HUB, [
    { ...handler.settings, urlTemplate: `${urlTemplate}?code=K1234567890` },
  ]);
  const socket = await join({ sub: 'ann' });
  socket.send(`42["x","https://a.example/?access_token=${socket.token}"]`);
  socket.send(`42["y","${socket.token}"]`);
  await handler.event('y');
  socket.close();
  await handler.event('disconnected');
  const text = lines.join('\n');
  assert.match(text, /^client +\S+ opened by ann \(websocket\)$/m);
  assert.match(text, /^client +\S+ <- 0$/m);
  assert.match(text, /^client +\S+ \S+ -> 0{"sid"/m);
  assert.match(text, /^upstream connect \S+ \S+ \/ -> 200 \d+ ms$/m);
  assert.ok(!text.includes('K1234567')); // an id that is made by chance may have less of it
  for (const part of socket.token.split('.')) assert.ok(!text.includes(part.slice(0, 30)), part);
});
