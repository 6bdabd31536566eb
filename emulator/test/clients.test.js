// Client connections of the Web PubSub stand-in, with the official socket.io-client where it can
// do it and a bare WebSocket where it cannot: who is admitted, namespaces, and every end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';

import { startWebPubSub } from '../webpubsub/service.js';
import { groupOf } from '../webpubsub/groups.js';
import { signToken } from '../webpubsub/token.js';
import {
  RawSocket,
  clientToken,
  clientUrl,
  inTime,
  nativeUrl,
  next,
  request,
  rest,
  startHandler,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const KEYS = ['primary-key-of-at-least-32-bytes-0', 'secondary-key-of-at-least-32-bytes'];

async function start(t, { hub = {}, handlers, ...options } = {}) {
  const handler = await startHandler();
  const lines = [];
  const service = await startWebPubSub({
    accessKeys: KEYS,
    hubs: { [HUB]: { eventHandlers: handlers ?? [handler.settings], ...hub } },
    retryDelaysMs: [],
    log: (line) => lines.push(line),
    ...options,
  });
  const open = [];
  t.after(async () => {
    open.forEach((close) => close());
    await service.close();
    await handler.close();
  });
  return {
    handler,
    service,
    lines,
    /** The official client; not yet connected. */
    client(namespace = '/', { token = clientToken(service, HUB, { sub: 'ann' }), ...more } = {}) {
      const socket = io(service.endpoint + namespace, {
        path: `/clients/socketio/hubs/${HUB}`,
        query: token === null ? {} : { access_token: token },
        forceNew: true,
        reconnection: false,
        transports: ['websocket'],
        ...more,
      });
      open.push(() => socket.disconnect());
      return socket;
    },
    /** A bare WebSocket after the handshake of Engine.IO. */
    async raw(query) {
      const socket = new RawSocket(
        clientUrl(service, HUB, { transport: 'websocket', ...query }, 'ws'),
      );
      open.push(() => socket.socket.terminate());
      assert.match(await socket.next(), /^0/);
      return socket;
    },
    post: (path, body, more) => rest(service, 'POST', `/api/hubs/${HUB}${path}`, { body, ...more }),
  };
}

const handshake = async (service, query) =>
  (await request(clientUrl(service, HUB, { transport: 'polling', ...query }))).status;

const opened = async (socket) => {
  await inTime(
    new Promise((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    }),
    'connect',
  );
  return socket;
};

// --- who is admitted --------------------------------------------------------------------------

test('a token is checked before the handshake', async (t) => {
  const { service } = await start(t);
  const now = Math.floor(Date.now() / 1000);
  const aud = `${service.endpoint}/clients/socketio/hubs/${HUB}`;
  const good = { aud, exp: now + 60 };
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const none = `${encode({ alg: 'none' })}.${encode(good)}.`;
  const cases = [
    ['primary key', signToken(good, KEYS[0]), 200],
    ['secondary key', signToken(good, KEYS[1]), 200],
    ['a list of audiences', signToken({ ...good, aud: ['x', aud] }, KEYS[0]), 200],
    ['expired within the tolerance', signToken({ ...good, exp: now - 200 }, KEYS[0]), 200],
    ['expired', signToken({ ...good, exp: now - 400 }, KEYS[0]), 401],
    ['no expiry', signToken({ aud }, KEYS[0]), 401],
    ['not valid yet', signToken({ ...good, nbf: now + 400 }, KEYS[0]), 401],
    ['another key', signToken(good, 'x'.repeat(40)), 401],
    ['another hub', signToken({ ...good, aud: aud.replace(HUB, 'other') }, KEYS[0]), 401],
    ['a slash at the end of aud', signToken({ ...good, aud: `${aud}/` }, KEYS[0]), 401],
    [
      'another host in aud',
      signToken({ ...good, aud: aud.replace('localhost', '127.0.0.1') }, KEYS[0]),
      401,
    ],
    ['another algorithm', signToken(good, KEYS[0], { alg: 'HS512' }), 401],
    ['no signature', none, 401],
    ['a sub that is no string', signToken({ ...good, sub: ['a', 'b'] }, KEYS[0]), 401],
    ['no JWT', 'nonsense', 401],
    ['no token', undefined, 401],
  ];
  for (const [what, token, status] of cases) {
    assert.equal(await handshake(service, { access_token: token }), status, what);
  }
});

test('a WebSocket without a good token gets 401', async (t) => {
  const { service } = await start(t);
  const url = clientUrl(service, HUB, { transport: 'websocket', access_token: 'x' }, 'ws');
  assert.equal(await inTime(new RawSocket(url).refused, 'answer'), 401);
});

test('a token in the Authorization header is as good', async (t) => {
  const { service } = await start(t);
  const url = clientUrl(service, HUB, { transport: 'polling', access_token: undefined });
  const headers = { Authorization: `Bearer ${clientToken(service, HUB)}` };
  assert.equal((await request(url, { headers })).status, 200);
});

test('a hub that allows anonymous clients takes no bad tokens', async (t) => {
  const { service, client, handler } = await start(t, { hub: { anonymousConnectPolicy: 'allow' } });
  await opened(client('/', { token: null }));
  const { headers, body } = await handler.event('connect');
  assert.equal(headers['ce-userid'], undefined);
  assert.deepEqual(JSON.parse(body).claims, {});
  assert.equal(await handshake(service, { access_token: 'x' }), 401);
});

test('a session of one hub is not known in another', async (t) => {
  const { service } = await start(t);
  const { text } = await request(clientUrl(service, HUB, { transport: 'polling' }));
  const { sid } = JSON.parse(text.slice(1));
  assert.equal(
    (await request(clientUrl(service, 'other', { transport: 'polling', sid }))).status,
    400,
  );
});

test('requests of an open session are checked for the token only on demand', async (t) => {
  for (const checkTokenOnEveryRequest of [false, true]) {
    const { service } = await start(t, { checkTokenOnEveryRequest });
    const { text } = await request(clientUrl(service, HUB, { transport: 'polling' }));
    const { sid } = JSON.parse(text.slice(1));
    const url = clientUrl(service, HUB, { transport: 'polling', sid, access_token: undefined });
    const { status } = await request(url, { method: 'POST', body: '40' });
    assert.equal(status, checkTokenOnEveryRequest ? 401 : 200);
  }
});

for (const closeOnTokenExpiry of [false, true]) {
  const verb = closeOnTokenExpiry ? 'ends with' : 'outlives';
  test(`a connection ${verb} its token if it is set so`, async (t) => {
    const { client, service } = await start(t, { closeOnTokenExpiry });
    const seconds = closeOnTokenExpiry ? 4 : 1; // enough to connect in, on a busy machine
    const exp = Math.floor(Date.now() / 1000) + seconds;
    const socket = await opened(client('/', { token: clientToken(service, HUB, { exp }) }));
    if (closeOnTokenExpiry) await next(socket, 'disconnect');
    else await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(socket.connected, !closeOnTokenExpiry);
  });
}

test('other paths are not found', async (t) => {
  const { service } = await start(t);
  const base = `http://127.0.0.1:${service.port}`;
  assert.equal((await request(`${base}/socket.io/?EIO=4&transport=polling`)).status, 404);
  assert.equal((await request(`${base}/clients/socketio/chat/?EIO=4`)).status, 404);
  const socket = new RawSocket(
    `ws://127.0.0.1:${service.port}/socket.io/?EIO=4&transport=websocket`,
  );
  assert.equal(await inTime(socket.refused, 'answer'), 404);
});

test('a page of another origin may connect, credentials included', async (t) => {
  const { service } = await start(t);
  const headers = { Origin: 'http://page.example' };
  const url = clientUrl(service, HUB, { transport: 'polling' });
  for (const target of [
    url,
    clientUrl(service, HUB, { transport: 'polling', access_token: 'x' }),
  ]) {
    const answer = await request(target, { headers });
    assert.equal(answer.headers['access-control-allow-origin'], 'http://page.example');
    assert.equal(answer.headers['access-control-allow-credentials'], 'true');
  }
  const preflight = {
    ...headers,
    'Access-Control-Request-Method': 'POST',
    'Access-Control-Request-Headers': 'x-a',
  };
  const answer = await request(url, { method: 'OPTIONS', headers: preflight });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-headers'], 'x-a');
});

// --- transports -------------------------------------------------------------------------------

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  test(`socket.io-client over ${transports.join(' then ')}: events, acks, binary`, async (t) => {
    const { client, handler, post } = await start(t);
    handler.answer = ({ name, body }) => {
      if (name === 'ask') return { body: `43${/^42(\d+)/.exec(body)[1]}["answer",{"n":1}]` };
      if (name === 'bytes') return { body: body.replace('"bytes"', '"bytes back"') };
      return {};
    };
    const socket = await opened(client('/', { transports }));
    const { engine } = socket.io;
    if (engine.transport.name !== transports.at(-1)) await next(engine, 'upgrade');
    const answers = new Promise((resolve) => {
      socket.timeout(3000).emit('ask', 'question', (...values) => resolve(values));
    });
    assert.deepEqual(await answers, [null, 'answer', { n: 1 }]);
    const back = next(socket, 'bytes back');
    socket.emit('bytes', Buffer.from([1, 2, 3]));
    assert.deepEqual(Buffer.from(await back), Buffer.from([1, 2, 3]));
    const message = next(socket, 'message');
    const group = groupOf('/', socket.id);
    assert.equal((await post(`/groups/${group}/:send`, '42["message",{"x":"ä"}]')).status, 202);
    assert.deepEqual(await message, { x: 'ä' });
  });
}

// --- namespaces -------------------------------------------------------------------------------

test('several namespaces share one connection, each with its own socket', async (t) => {
  const { raw, handler, post } = await start(t);
  const socket = await raw();
  socket.send('40');
  socket.send('40/a,');
  const ids = [];
  for (const prefix of ['40', '40/a,']) {
    const packet = await socket.packet();
    assert.ok(packet.startsWith(prefix), packet);
    ids.push(JSON.parse(packet.slice(prefix.length)).sid);
  }
  assert.notEqual(ids[0], ids[1]);
  const connects = handler.events.filter(({ name }) => name === 'connect');
  assert.deepEqual(
    connects.map(({ headers }) => headers['ce-namespace']),
    ['/', '/a'],
  );
  assert.deepEqual(
    connects.map(({ headers }) => headers['ce-socketid']),
    ids,
  );
  assert.equal(connects[0].headers['ce-connectionid'], connects[1].headers['ce-connectionid']);
  await post(`/groups/${groupOf('/a')}/:send`, '42/a,["hello"]');
  assert.equal(await socket.packet(), '42/a,["hello"]');
});

test('a second CONNECT to the same namespace closes the connection', async (t) => {
  const { raw } = await start(t);
  const socket = await raw();
  socket.send('40');
  await socket.packet();
  socket.send('40');
  await inTime(socket.closed, 'close');
});

for (const packet of ['42["early"]', '42/other,["x"]', '41', '431[]']) {
  test(`${packet} before CONNECT closes the connection`, async (t) => {
    const { raw } = await start(t);
    const socket = await raw();
    socket.send(packet);
    await inTime(socket.closed, 'close');
  });
}

test('an event or an acknowledgement with nothing in it is ignored', async (t) => {
  const { raw, handler } = await start(t);
  const socket = await raw();
  socket.send('40');
  await socket.packet();
  for (const packet of ['42', '43', '421', '431', '42["x"]']) socket.send(packet);
  const { body } = await handler.event(({ headers }) => headers['ce-type'].includes('.user.'));
  assert.equal(body, '42["x"]');
  assert.equal(socket.socket.readyState, socket.socket.OPEN);
});

for (const packet of ['42["connect"]', '4411', '43{"a":1}']) {
  test(`${packet} closes the connection at any time`, async (t) => {
    const { raw } = await start(t);
    const socket = await raw();
    socket.send('40');
    await socket.packet();
    socket.send(packet);
    await inTime(socket.closed, 'close');
  });
}

test('a refused connect is a CONNECT_ERROR; the connection stays for another try', async (t) => {
  const { raw, handler } = await start(t);
  handler.answer = ({ headers }) => ({ status: headers['ce-namespace'] === '/a' ? 403 : 200 });
  const socket = await raw();
  socket.send('40/a,');
  assert.match(await socket.packet(), /^44\/a,{"message":".*403.*"}$/);
  socket.send('40');
  assert.match(await socket.packet(), /^40{"sid"/);
  await handler.event('connected');
  assert.equal(handler.events.filter(({ name }) => name === 'connected').length, 1);
});

test('socket.io-client sees a refused connect as connect_error', async (t) => {
  const { client, handler } = await start(t, { connectErrorText: 'body' });
  handler.answer = () => ({ status: 401, body: 'not you' });
  const error = await next(client(), 'connect_error');
  assert.equal(error.message, 'not you');
});

test('without a handler for connect every socket is accepted', async (t) => {
  const { client } = await start(t, { handlers: [] });
  assert.ok((await opened(client())).id);
});

// --- the end ----------------------------------------------------------------------------------

const reasonOf = async (handler) => JSON.parse((await handler.event('disconnected')).body).reason;

test('a client that leaves its namespace: disconnected, no reason, groups left', async (t) => {
  const { client, handler, service } = await start(t);
  const socket = await opened(client());
  const group = groupOf('/', socket.id);
  assert.ok(service.hub(HUB).groups.has(group));
  socket.disconnect();
  assert.equal(await reasonOf(handler), '');
  assert.ok(!service.hub(HUB).groups.has(group));
});

test('a connection that ends: disconnected for each socket', async (t) => {
  const { raw, handler } = await start(t);
  const socket = await raw();
  socket.send('40');
  socket.send('40/a,');
  await socket.packet();
  await socket.packet();
  socket.close();
  await handler.event((e) => e.name === 'disconnected' && e.headers['ce-namespace'] === '/');
  await handler.event((e) => e.name === 'disconnected' && e.headers['ce-namespace'] === '/a');
});

test('a client that does not answer pings ends with PingTimeout', async (t) => {
  const { raw, handler } = await start(t, { pingIntervalMs: 50, pingTimeoutMs: 1_000 });
  const socket = await raw();
  // A client that goes before it is connected goes without a reason.
  const answer = (data) => data.toString() === '2' && socket.send('3');
  socket.socket.on('message', answer);
  socket.send('40');
  assert.match(await socket.packet(), /^40/);
  socket.socket.off('message', answer);
  assert.equal(await reasonOf(handler), 'PingTimeout');
});

test('a client that breaks the protocol ends with ProtocolError', async (t) => {
  const { raw, handler } = await start(t);
  const socket = await raw();
  socket.send('40');
  await socket.packet();
  socket.send('42{}');
  assert.equal(await reasonOf(handler), 'ProtocolError');
});

test('a client that leaves during connect: disconnected, but never connected', async (t) => {
  const { raw, handler, service } = await start(t);
  let accept;
  handler.answer = ({ name }) =>
    name === 'connect'
      ? new Promise((resolve) => {
          accept = () => resolve({});
        })
      : {};
  const socket = await raw();
  socket.send('40');
  await handler.event('connect');
  socket.close();
  await inTime(socket.closed, 'close');
  await until(() => service.hub(HUB).connections.size === 0, 'the end');
  accept();
  await handler.event('disconnected');
  assert.deepEqual(
    handler.events.map(({ name }) => name),
    ['connect', 'disconnected'],
  );
});

test('a client that leaves during a connect that is refused: no further event', async (t) => {
  const { raw, handler, service } = await start(t);
  let refuse;
  handler.answer = ({ name }) =>
    name === 'connect'
      ? new Promise((resolve) => {
          refuse = () => resolve({ status: 403 });
        })
      : {};
  const socket = await raw();
  socket.send('40');
  await handler.event('connect');
  socket.close();
  await inTime(socket.closed, 'close');
  refuse();
  await service.close(); // waits for deliveries
  assert.deepEqual(
    handler.events.map(({ name }) => name),
    ['connect'],
  );
});

test('events that came before the end are delivered before disconnected', async (t) => {
  const { raw, handler } = await start(t);
  handler.answer = ({ name }) =>
    new Promise((resolve) => {
      setTimeout(resolve, name === 'slow' ? 50 : 0, {});
    });
  const socket = await raw();
  socket.send('40');
  await socket.packet();
  for (let i = 0; i < 3; i++) socket.send(`42["slow",${i}]`);
  socket.close();
  await handler.event('disconnected');
  const names = handler.events.map(({ name }) => name).filter((name) => name !== 'connected');
  assert.deepEqual(names, ['connect', 'slow', 'slow', 'slow', 'disconnected']);
});

for (const [body, engineStays] of [
  ['41', true],
  ['41{"close":false}', true],
  ['41{"close":true}', false],
]) {
  test(`the handler disconnects a socket with ${body}; the client sees 41`, async (t) => {
    const { raw, handler, post } = await start(t);
    const socket = await raw();
    socket.send('40');
    const { sid } = JSON.parse((await socket.packet()).slice(2));
    assert.equal((await post(`/groups/${groupOf('/', sid)}/:send`, body)).status, 202);
    assert.equal(await socket.packet(), '41');
    assert.equal(await reasonOf(handler), 'ClosedByAppServer');
    if (engineStays) {
      socket.send('42["in flight"]'); // it may cross the 41 on the wire
      socket.send('40');
      assert.match(await socket.packet(), /^40{"sid"/);
      assert.ok(!handler.events.some(({ name }) => name === 'in flight'));
    } else {
      await inTime(socket.closed, 'close');
    }
  });
}

test('the handler disconnects a namespace: 41/a, for its sockets only', async (t) => {
  const { client, post } = await start(t);
  const [inA, inMain] = [await opened(client('/a')), await opened(client())];
  let gone = false;
  inMain.on('disconnect', () => {
    gone = true;
  });
  const left = next(inA, 'disconnect');
  const filter = encodeURIComponent(`'${groupOf('/a')}' in groups`);
  await post(`/:send?filter=${filter}`, '41/a,');
  assert.equal(await left, 'io server disconnect');
  assert.equal(gone, false);
});

test('the answer to an event may disconnect the socket', async (t) => {
  const { client, handler } = await start(t);
  handler.answer = ({ name }) => (name === 'bye' ? { body: '41' } : {});
  const socket = await opened(client());
  const left = next(socket, 'disconnect');
  socket.emit('bye');
  assert.equal(await left, 'io server disconnect');
});

test('closing the service ends its clients with ServiceReload', async (t) => {
  const { client, handler, service } = await start(t);
  const socket = await opened(client());
  const left = next(socket, 'disconnect');
  await service.close();
  await left;
  assert.equal(await reasonOf(handler), 'ServiceReload');
});

test('clients come back by themselves when the service does', async (t) => {
  const { client, service, handler } = await start(t);
  const options = { reconnection: true, reconnectionDelay: 20, reconnectionDelayMax: 50 };
  const clients = ['websocket', 'polling'].map((transport) =>
    client('/', { ...options, transports: [transport] }),
  );
  await Promise.all(clients.map(opened));
  const ids = clients.map(({ id }) => id);
  await service.close();
  const { port, options: given } = service;
  const back = clients.map((socket) => next(socket, 'connect'));
  const again = await startWebPubSub({ port, accessKeys: KEYS, hubs: given.hubs });
  t.after(() => again.close());
  await Promise.all(back);
  assert.ok(clients.every(({ id }) => !ids.includes(id)));
  await until(() => handler.events.filter(({ name }) => name === 'connected').length === 4, 'all');
});

// --- bounds -----------------------------------------------------------------------------------

test('a message over maxPayload ends the connection', async (t) => {
  const { raw } = await start(t, { maxPayload: 1000 });
  const socket = await raw();
  socket.send('40');
  await socket.packet();
  socket.send(`42["x","${'y'.repeat(2000)}"]`);
  await inTime(socket.closed, 'close');
});

test('a client that does not read is dropped; the others get everything', async (t) => {
  const { raw, client, handler, post } = await start(t, { maxPendingBytes: 1_000_000 });
  const slow = await raw();
  slow.send('40');
  await slow.packet();
  const fast = await opened(client());
  let count = 0;
  fast.on('message', () => {
    count += 1;
  });
  slow.socket.pause();
  const packet = `42["message","${'x'.repeat(200_000)}"]`;
  for (let i = 0; i < 100; i++) {
    assert.equal((await post(`/groups/${groupOf('/')}/:send`, packet)).status, 202);
  }
  assert.equal(await reasonOf(handler), 'SlowClient');
  await until(() => count === 100, 'the last message');
  assert.ok(fast.connected);
});

test('a client that is more than --max-connections is answered 429, and gets in when one has left', async (t) => {
  const { client, service } = await start(t, { maxConnections: 1 });
  const first = client();
  await next(first, 'connect');
  const second = client('/', { transports: ['polling'] });
  const refused = await next(second, 'connect_error');
  assert.equal(refused.description, 429);
  const native = await once(new WebSocket(nativeUrl(service, HUB, {})), 'unexpected-response');
  assert.equal(native[1].statusCode, 429);
  first.disconnect();
  await until(() => !service.isFull, 'the end of a connection');
  second.connect();
  await next(second, 'connect');
});
