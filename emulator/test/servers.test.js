// Default mode, with a server that is only a line: what may open one, what goes over it and when, and
// that whatever goes wrong costs its own line, call or client, and is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';

import { startWebPubSub } from '../webpubsub/service.js';
import { FrameError, TYPES, decodeFrame, encodeFrame, readCall } from '../webpubsub/tunnel/wire.js';
import { FakeServer, SESSION } from './fake-server.js';
import { mutated } from './frames.js';
import { RawSocket, clientUrl, request, rest, until } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const VERSION = 'api-version=2023-07-01';
const KEY = 'k'.repeat(32);
const SECOND = 's'.repeat(32);
const connectionsOf = (service) => [...service.hub(HUB).connections.values()];

/** A service in default mode; `tells` waits for a warning. */
async function start(t, options = {}) {
  const entries = [];
  const service = await startWebPubSub({
    serviceMode: 'default',
    accessKeys: [KEY, SECOND],
    hubs: { [HUB]: { anonymousConnectPolicy: 'allow' } },
    logEntry: (entry) => entry.kind === 'warn' && entries.push(entry),
    ...options,
  });
  const ends = [];
  t.after(async () => {
    for (const end of ends) end();
    await service.close();
  });
  return {
    service, entries,
    server(more) {
      const server = new FakeServer(service, HUB, more);
      ends.push(() => server.socket.terminate());
      return server;
    },
    /** A client with its session, and the id of its connection. */
    async client() {
      const client = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
      ends.push(() => client.socket.terminate());
      const open = JSON.parse((await client.next()).slice(1));
      return { client, id: open.sid, open };
    },
    async tells(pattern) {
      const has = () => entries.some(({ text }) => pattern.test(text));
      await until(has, `${pattern} in ${JSON.stringify(entries.map(({ text }) => text))}`);
    },
  };
}

// --- frames -----------------------------------------------------------------------------------

const VECTORS = JSON.parse(readFileSync(new URL('./frames.json', import.meta.url), 'utf8'));

test('frames are written as the service writes them, byte for byte, and read', () => {
  assert.equal(VECTORS.length, 9);
  for (const { type, fields, body, base64 } of VECTORS) {
    const bytes = Buffer.from(base64, 'base64');
    assert.deepEqual(encodeFrame(type, fields, body), bytes);
    const read = decodeFrame(bytes);
    assert.deepEqual(read.fields, { Type: type, ...fields, TracingId: null });
    assert.equal(read.body?.toString(), body);
  }
});

test('every length of a text and of a body is written with the shortest head, and read', () => {
  for (const length of [0, 1, 255, 256, 65535, 65536, 3_000_000]) {
    const body = Buffer.alloc(length, 7);
    const bytes = encodeFrame(TYPES.status, { Message: 'x'.repeat(length) }, body);
    const { fields, body: read } = decodeFrame(bytes);
    assert.equal(fields.Message.length, length);
    assert.ok(read.equals(body));
    const head = length <= 255 ? 2 : length <= 65535 ? 3 : 5;
    assert.equal(bytes[bytes.length - length - head], { 2: 0xc4, 3: 0xc5, 5: 0xc6 }[head]);
  }
});

test('what is no frame is refused in words, and nothing else happens', () => {
  let refused = 0;
  for (const bytes of mutated(3000, 27)) {
    try {
      readCall(bytes);
    } catch (error) {
      assert.ok(error instanceof FrameError, error.stack);
      refused += 1;
    }
  }
  assert.ok(refused > 1000 && refused < 3000);
});

// --- opening a line ---------------------------------------------------------------------------

/** Each leaves a line that says what to change. */
const REFUSED = {
  'no token': [{ token: '' }, 401, /no access_token: useAzureSocketIO makes one of the connection string/],
  'a wrong key': [{ key: 'w'.repeat(32) }, 401, /take the AccessKey of this service's connection string/],
  'another endpoint': [{ claims: { aud: 'ws://localhost:1/server/tunnel?hub=chat' } }, 401, /names another endpoint/],
  'an audience without the target': [
    { query: '&target=T', claims: { aud: 'ws://localhost/server/tunnel?hub=chat' } }, 401, /audience/],
  'a token that is over': [{ claims: { exp: 1e9 } }, 401, /has expired/],
};
for (const [what, [options, status, words]] of Object.entries(REFUSED)) {
  test(`a line is refused loudly: ${what}`, async (t) => {
    const { server, entries, tells } = await start(t);
    assert.equal(await server(options).refused, status);
    await tells(words);
    assert.match(entries[0].text, /server of hub 'chat' refused \(401\).*the client reads nothing, and tries again/);
    assert.ok(!entries[0].text.includes('access_token=ey'));
  });
}

test('a line is refused loudly: the service is in the other mode, or the hub is none', async (t) => {
  const { server, tells, service } = await start(t, { serviceMode: 'serverless' });
  assert.equal(await server().refused, 400);
  await tells(/in serverless mode, where event handlers get the events: --service-mode default is for/);
  const other = new FakeServer(service, 'a-b');
  assert.equal(await other.refused, 400);
  await tells(/'a-b' is not a hub name/);
});

test('a line opens with either key, a target, and an identity token', async (t) => {
  const { server } = await start(t, { identityTokens: ['entra'] });
  for (const options of [{}, { key: SECOND }, { query: '&target=T%201' }, { token: 'entra' }]) {
    const { frames } = await server(options).opened();
    assert.equal(frames[0].type, TYPES.connected);
    assert.match(frames[0].fields.ConnectionId, /./);
  }
});

for (const [ms, wanted] of [[20, TYPES.status], [0, undefined]]) {
  test(`a line on which nothing happens hears ${ms ? 'that it is alive' : 'nothing where that is off'}`, async (t) => {
    const { server } = await start(t, { tunnelKeepAliveMs: ms });
    const app = await server().opened();
    if (wanted) await until(() => app.frames.length >= 3, 'frames');
    else await app.call('POST', `/api/hubs/chat/:send?${VERSION}`, '42["x"]'); // an exchange later
    const unasked = app.frames.slice(1).filter(({ type }) => type !== TYPES.response);
    assert.deepEqual([...new Set(unasked.map(({ type }) => type))], wanted ? [wanted] : []);
  });
}

// --- what is no frame -------------------------------------------------------------------------

const GARBAGE = {
  'a text': (socket) => socket.send('hello'),
  'three bytes': (socket) => socket.send(Buffer.from([1, 2, 3])),
  'a type that no server sends': (socket) => socket.send(encodeFrame(TYPES.connected, { ConnectionId: 'x' })),
  'a call without a method': (socket) => socket.send(encodeFrame(TYPES.request, { AckId: 1, Url: '/' })),
  'a header that is no text': (socket) => socket.send(encodeFrame(TYPES.request, {
    AckId: 1, HttpMethod: 'POST', Url: '/', Headers: { 'Content-Type': { toString: 1 } },
  })),
  'a channel that is no text': (socket) => socket.send(encodeFrame(TYPES.request, {
    AckId: 1, HttpMethod: 'POST', Url: '/', ChannelName: [[]],
  })),
  'a status that is none': (socket) => socket.send(encodeFrame(TYPES.response, { AckId: 1, StatusCode: 'x' })),
};
test('a frame that is none costs the line that it came on, and no other', async (t) => {
  const { server, service, tells } = await start(t);
  const other = await server({ claims: { sub: 'other' } }).opened();
  for (const [what, send] of Object.entries(GARBAGE)) {
    const app = await server().opened();
    send(app.socket);
    assert.equal(await app.closed, 1002, what);
  }
  await tells(/broke the protocol: a frame is wrong: it is text, and frames are bytes/);
  const huge = await server().opened();
  huge.socket.send(Buffer.alloc(17 * 1024 * 1024));
  assert.equal(await huge.closed, 1009);
  assert.equal(await other.sendTo(HUB, 'nobody', '42["x"]'), 202);
  assert.equal((await request(`${service.endpoint.replace('localhost', '127.0.0.1')}/api/health`)).status, 200);
});

test('a server that does not read is cut, and said so', async (t) => {
  const { server, client, tells } = await start(t, { maxPendingBytes: 100_000, tunnelKeepAliveMs: 100 });
  const app = await server().opened();
  const crowd = [];
  for (let i = 0; i < 12; i++) crowd.push(await client());
  app.socket.pause();
  const text = `42["${'x'.repeat(900_000)}"]`; // of all together more than the system's buffers hold
  for (const { client: sender } of crowd) sender.send(text);
  await tells(/unread what it is sent, and is cut: it does not read/);
});

test('a server that makes calls and reads no answer is cut', async (t) => {
  const { server, tells } = await start(t, { maxPendingBytes: 100_000 });
  const app = await server().opened();
  app.socket.pause();
  const target = `/api/hubs/chat/:send?${VERSION}&filter=${'x'.repeat(20_000)}`; // the answer repeats it
  const timer = setInterval(() => {
    for (let i = 0; i < 20; i++) app.call('POST', target, '42["x"]');
  }, 1);
  t.after(() => clearInterval(timer));
  await tells(/unread what it is sent, and is cut: it does not read/);
});

test('many clients that send much at once are no reason to cut a server that reads', async (t) => {
  const { server, client, entries } = await start(t, { maxPendingBytes: 1_000_000 });
  const app = await server().opened();
  const crowd = [];
  for (let i = 0; i < 8; i++) crowd.push(await client());
  const text = `42["${'x'.repeat(900_000)}"]`;
  for (const { client: sender } of crowd) sender.send(text);
  await app.heard('user.message', 8);
  assert.deepEqual(entries, []);
});

// --- calls ------------------------------------------------------------------------------------

test('every call is answered, with the status of the REST interface, and the call is repeated in it', async (t) => {
  const { server } = await start(t, { restBodyLimit: 1000 });
  const app = await server().opened();
  const call = async (...given) => (await app.call(...given))[0].fields;
  const [{ fields, body }] = await app.call('POST', `/api/hubs/chat/:send?${VERSION}`, '42["x"]');
  assert.deepEqual(fields, {
    Type: 2, AckId: 1, StatusCode: 202, Headers: {}, LocalRouting: true, ChannelName: 'c', NotCompleted: false,
    TracingId: null,
  });
  assert.equal(body, undefined);
  const cases = [
    [403, ['POST', `/api/hubs/other/:send?${VERSION}`, '42["x"]']],
    [400, ['POST', '/api/hubs/chat/:send', '42["x"]']],
    [404, ['POST', `/api/hubs/chat/:nothing?${VERSION}`, '']],
    [405, ['PATCH', `/api/hubs/chat/:send?${VERSION}`]],
    [413, ['POST', `/api/hubs/chat/:send?${VERSION}`, 'x'.repeat(1001)]],
    [400, ['POST', '', '', { url: 'nowhere' }]],
    [403, ['GET', '/api/health']],
    [400, ['POST', `/api/hubs/chat/:send?${VERSION}&filter=nonsense`, '42["x"]']],
    [400, ['POST', `/api/hubs/chat/:addToGroups?${VERSION}`, '{', { type: 'application/json' }]],
    [400, ['POST', `/api/hubs/chat/:invoke?${VERSION}`, '43[]']],
    [204, ['DELETE', `/api/hubs/chat/groups/0~Lw~cg/connections/none?${VERSION}`]],
  ];
  for (const [status, given] of cases) assert.equal((await call(...given)).StatusCode, status, given[1]);
});

test('calls take effect in the order of their arrival', async (t) => {
  const { server, client } = await start(t);
  const app = await server().opened();
  const { client: socket, id } = await client();
  await app.sendTo(HUB, id, '40{"sid":"s"}');
  const join = JSON.stringify({ groups: ['0~Lw~cg'], filter: `connectionId eq '${id}'` });
  app.call('POST', `/api/hubs/chat/:addToGroups?${VERSION}`, join, { type: 'application/json' });
  for (let i = 0; i < 50; i++) app.call('POST', `/api/hubs/chat/groups/0~Lw~cg/:send?${VERSION}`, `42[${i}]`);
  app.call('DELETE', `/api/hubs/chat/groups/0~Lw~cg/connections/${id}?${VERSION}`);
  app.call('POST', `/api/hubs/chat/groups/0~Lw~cg/:send?${VERSION}`, '42["left"]');
  app.sendTo(HUB, id, '42["end"]');
  assert.equal(await socket.packet(), '40{"sid":"s"}');
  for (let i = 0; i < 50; i++) assert.equal(await socket.packet(), `42[${i}]`);
  assert.equal(await socket.packet(), '42["end"]');
});

// --- events -----------------------------------------------------------------------------------

test('a session is asked for before the client has one, and its events follow, one after the other', async (t) => {
  const { server, client, service } = await start(t);
  const app = await server().opened();
  app.answer = ({ name }) => (name === 'sys.connect'
    ? { body: JSON.stringify({ socketio: { sid: 'x', ...SESSION, pingInterval: 1234, maxPayload: 777 } }) } : {});
  const { client: socket, id, open } = await client();
  assert.deepEqual([open.pingInterval, open.maxPayload, open.upgrades], [1234, 777, []]);
  const asked = await app.heard('sys.connect');
  assert.equal(asked.connection, id);
  assert.match(asked.url, /^tunnel:\/\/\/eventhandler\//);
  const { claims, query, headers } = JSON.parse(asked.body);
  assert.deepEqual([query.EIO, query.transport, headers.host.length], [['4'], ['websocket'], 1]);
  assert.deepEqual(claims.aud, [`${service.endpoint}/clients/socketio/hubs/chat`]);
  assert.deepEqual(asked.headers['WebHook-Request-Origin'], ['localhost']);
  assert.deepEqual([asked.headers['ce-hub'], asked.headers['ce-awpsversion']], [[HUB], ['1.0']]);
  let release;
  app.answer = () => new Promise((resolve) => (release = () => resolve({})));
  socket.send('40/n,{"a":1}');
  socket.send('451-/n,["x",{"_placeholder":true,"num":0}]');
  socket.send(Buffer.from([1]));
  const first = await app.heard('user.message');
  assert.deepEqual([first.body, first.headers['Content-Type']], ['40/n,{"a":1}', ['text/plain']]);
  await app.call('POST', `/api/hubs/chat/:send?${VERSION}`, '42["x"]');
  assert.equal(app.requests.length, 2); // the second event waits for the first one's answer
  socket.send('42/n,["y"]');
  await app.call('POST', `/api/hubs/chat/:send?${VERSION}`, '42["x"]');
  app.answer = () => ({});
  release();
  const second = await app.heard('user.message', 2); // what has waited comes together
  assert.equal(second.body, '451-/n,["x",{"_placeholder":true,"num":0}]\x1ebAQ==\x1e42/n,["y"]');
  socket.close();
  assert.deepEqual(JSON.parse((await app.heard('sys.disconnected')).body), { reason: '' });
});

test("the server's ping is answered, and its payloads do what they say", async (t) => {
  const { server, client, service } = await start(t);
  const app = await server().opened();
  const { client: socket, id } = await client();
  await app.sendTo(HUB, id, '2');
  assert.equal((await app.heard('user.message')).body, '3');
  await app.sendTo(HUB, id, '2\x1e'.repeat(400_000) + '2');
  assert.equal((await app.heard('user.message', 2)).body, '3'); // one answer to all of them
  app.requests.splice(app.requests.findIndex(({ body }) => body === '3'), 1);
  await app.sendTo(HUB, id, '40/n,{"sid":"s"}\x1e42/n,["a"]\x1e451-/n,[{"_placeholder":true,"num":0}]\x1ebBw==');
  assert.deepEqual([await socket.packet(), await socket.packet(), await socket.packet(), await socket.packet()],
    ['40/n,{"sid":"s"}', '42/n,["a"]', '451-/n,[{"_placeholder":true,"num":0}]', Buffer.from([7])]);
  assert.ok(service.hub(HUB).groups.has('0~L24~'));
  await app.sendTo(HUB, id, '42/elsewhere,["b"]'); // where the client is not
  await app.sendTo(HUB, id, '41/n,');
  assert.equal(await socket.packet(), '41/n,');
  assert.ok(!service.hub(HUB).groups.has('0~L24~'));
  await app.sendTo(HUB, id, '41/n,'); // the library says it twice
  await app.sendTo(HUB, id, '40{"sid":"t"}');
  assert.equal(await socket.packet(), '40{"sid":"t"}');
  assert.equal(app.requests.filter(({ body }) => body?.startsWith('41')).length, 0); // no echo
  await app.sendTo(HUB, id, '41{"close":false}');
  assert.equal(await socket.packet(), '41');
  assert.equal((await app.heard('user.message', 2)).body, '41'); // the library waits for it
  await app.sendTo(HUB, id, '1');
  await socket.closed;
  await app.heard('sys.disconnected');
});

test('41{"close":true}: the client is told, the server hears 41 and then of the end', async (t) => {
  const { server, client } = await start(t);
  const app = await server().opened();
  const { client: socket, id } = await client();
  await app.sendTo(HUB, id, '40{"sid":"s"}');
  await app.sendTo(HUB, id, '41{"close":true}');
  assert.deepEqual([await socket.packet(), await socket.packet()], ['40{"sid":"s"}', '41']);
  await socket.closed;
  await app.heard('sys.disconnected');
  assert.deepEqual(app.requests.map(({ name, body }) => [name, name.startsWith('user') ? body : ''].join(' ')),
    ['sys.connect ', 'user.message 41', 'sys.disconnected ']);
});

test('payloads that are none harm nobody', async (t) => {
  const { server, client, tells } = await start(t);
  const app = await server().opened();
  const { client: socket, id } = await client();
  for (const text of ['', 'x', '4', '4x', 'bAQ==', '41nonsense{', '41{"close"', '9', '\x1e', '40{"sid"', '6']) {
    assert.equal(await app.sendTo(HUB, id, text), 202, text);
  }
  await tells(/cannot be sent a payload: it has an attachment without its packet/);
  await app.sendTo(HUB, id, '40{"sid":"s"}');
  const seen = [];
  while (seen.at(-1) !== '40{"sid":"s"}') seen.push(await socket.packet());
  assert.ok(seen.every((text) => text.startsWith('40')), String(seen));
});

// --- clients that do not get in, or not for long ----------------------------------------------

const poll = (service, query = {}, more) => request(clientUrl(service, HUB, { transport: 'polling', ...query }), more);

test('a hub without a server: 503, and which one has', async (t) => {
  const { service, tells, server } = await start(t, { hubs: { chat: { anonymousConnectPolicy: 'allow' }, cat: {} } });
  await server().opened();
  const { status } = await request(clientUrl(service, 'cat', { transport: 'polling' }));
  assert.equal(status, 503);
  await tells(/hub 'cat' has no server: .*useAzureSocketIO\(io, \{ hub: 'cat', .*; hub 'chat' has one/);
  service.setEventHandlers('cat', [{ urlTemplate: 'http://127.0.0.1:1/x' }]);
  await request(clientUrl(service, 'cat', { transport: 'polling' }));
  await tells(/; its event handlers get events of Socket\.IO without --service-mode default/);
});

test('sessions that begin on one connection of HTTP leave nothing on it', async (t) => {
  const { service, server } = await start(t);
  await server().opened();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ask = () => new Promise((resolve, reject) => {
    http.get(clientUrl(service, HUB, { transport: 'polling' }), { agent }, (response) => {
      response.resume().on('end', () => resolve(response.socket));
    }).on('error', reject);
  });
  const warned = [];
  process.on('warning', (warning) => warned.push(warning));
  for (let i = 0; i < 15; i++) await ask();
  assert.equal(connectionsOf(service).length, 15);
  assert.deepEqual(warned, []);
});

test('a server refuses, says nothing that is a session, or does not answer', async (t) => {
  const { service, server, tells } = await start(t);
  const app = await server().opened();
  app.answer = () => ({ status: 401, body: 'not you' });
  const refused = await poll(service);
  assert.deepEqual([refused.status, refused.text], [401, 'not you\n']);
  await tells(/refused \(401\): not you; the client reads 401/);
  app.answer = () => ({ status: 404, body: '' });
  assert.equal((await poll(service)).status, 504);
  await tells(/the server responded with 404; the client reads 504/); // and no word of --upstream
  app.answer = ({ name }) => (name === 'sys.connect' ? { body: '{}' } : {});
  assert.equal((await poll(service)).status, 502);
  await app.heard('sys.disconnected');
  assert.equal(connectionsOf(service).length, 0);
  const hasty = await start(t, { upstreamTimeoutMs: 100 });
  const hung = await hasty.server().opened();
  hung.answer = ({ name }) => (name === 'sys.connect' ? undefined : {});
  assert.equal((await poll(hasty.service)).status, 504);
  const asked = await hung.heard('sys.connect');
  assert.equal((await hung.heard('sys.disconnected')).connection, asked.connection); // it may have a session
});

test('a request that is none is not asked about', async (t) => {
  const { service, server } = await start(t);
  const app = await server().opened();
  assert.equal((await poll(service, { EIO: '3' })).status, 400);
  assert.equal((await poll(service, { transport: 'pigeon' })).status, 400);
  assert.equal((await poll(service, {}, { method: 'POST', body: '40' })).status, 400);
  assert.equal((await poll(service, { transport: 'websocket' })).status, 400);
  assert.equal((await poll(service, { sid: 'none' })).status, 400);
  assert.equal(app.requests.length, 0);
});

test('a client that goes while its server is asked: the server hears of the end', async (t) => {
  const { service, server } = await start(t);
  const app = await server().opened();
  const leave = {
    polling() {
      const abort = new AbortController();
      fetch(clientUrl(service, HUB, { transport: 'polling' }), abort).catch(() => {});
      return () => abort.abort();
    },
    websocket() {
      const { socket } = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
      return () => socket.terminate();
    },
    'an upgrade that is none'() {
      const { socket } = new RawSocket(clientUrl(service, HUB, { transport: 'polling' }, 'ws'));
      return () => socket.on('close', () => {});
    },
  };
  for (const [what, begin] of Object.entries(leave)) {
    let release;
    app.requests.length = 0;
    app.answer = ({ name }) => (name === 'sys.connect' ? new Promise((resolve) => (release = () => resolve({}))) : {});
    const end = begin();
    await app.heard('sys.connect');
    end();
    await request(`http://127.0.0.1:${service.port}/api/health`); // which comes after that
    release();
    await app.heard('sys.disconnected');
    await until(() => connectionsOf(service).length === 0, `no connection of ${what}`);
  }
});

test('an event that its server does not take ends the client, and is not sent again', async (t) => {
  const { server, client, tells } = await start(t);
  const app = await server().opened();
  const { client: socket } = await client();
  app.answer = ({ name }) => (name === 'user.message' ? { status: 500, body: 'no' } : {});
  socket.send('40');
  await socket.closed;
  await tells(/the server responded with 500.*the client reads 'transport close'/);
  await app.heard('sys.disconnected');
  assert.equal(app.requests.filter(({ name }) => name === 'user.message').length, 1);
});

test('a client that breaks the protocol, and one that sends more than its server takes', async (t) => {
  const { server, client, tells, service } = await start(t, { maxQueuedPackets: 3 });
  const app = await server().opened();
  const bad = await client();
  bad.client.send('4nonsense');
  await bad.client.closed;
  await tells(/broke the protocol/);
  const { client: busy } = await client();
  app.requests.length = 0;
  let release;
  app.answer = () => new Promise((resolve) => (release = () => resolve({})));
  busy.send('40');
  await app.heard('user.message');
  for (let i = 0; i < 20; i++) busy.send(`42[${i}]`);
  app.answer = () => ({});
  release();
  const sentBy = () => app.requests.flatMap(({ body }) => body.split('\x1e')).filter((text) => text.startsWith('42'));
  await until(() => sentBy().length === 20, 'all of them');
  const sent = sentBy();
  assert.deepEqual(sent, Array.from({ length: 20 }, (_, i) => `42[${i}]`));
  assert.equal(connectionsOf(service).length, 1);
});

test('a client that does not read is dropped, and its server hears of it', async (t) => {
  const { server, client, tells, service } = await start(t, { maxPendingBytes: 100_000 });
  const app = await server().opened();
  const { client: slow, id } = await client();
  await app.sendTo(HUB, id, '40{"sid":"s"}');
  slow.socket.pause();
  const text = `42["${'x'.repeat(900_000)}"]`;
  while (connectionsOf(service).length > 0) assert.equal(await app.sendTo(HUB, id, text), 202);
  await tells(/has left more than 100000 bytes unread, and is dropped/);
  await app.heard('sys.disconnected');
});

// --- several servers, and the end of one ------------------------------------------------------

test('a client stays with its process; another one of the hub takes the next client', async (t) => {
  const { server, client } = await start(t);
  const [one, two] = [await server({ claims: { sub: '1' } }).opened(), await server({ claims: { sub: '2' } }).opened()];
  const peers = [await client(), await client(), await client(), await client()];
  assert.deepEqual([one, two].map(({ requests }) => requests.length), [2, 2]);
  for (const { client: socket } of peers) socket.send('40');
  for (const app of [one, two]) {
    await app.heard('user.message', 2);
    const [connected, sent] = ['sys.connect', 'user.message']
      .map((name) => app.requests.filter((event) => event.name === name).map(({ connection }) => connection).sort());
    assert.deepEqual(sent, connected);
  }
});

test('a server that does not answer gets no new client while another one does', async (t) => {
  const { server, client, service } = await start(t);
  const able = await server({ claims: { sub: '1' } }).opened();
  await client();
  const hung = await server({ claims: { sub: '2' } }).opened();
  hung.answer = () => undefined;
  const usual = service.options.upstreamTimeoutMs;
  service.options.upstreamTimeoutMs = 100; // for the one that has no chance to answer
  assert.equal((await poll(service)).status, 504);
  service.options.upstreamTimeoutMs = usual;
  await client();
  await client();
  assert.equal(able.requests.filter(({ name }) => name === 'sys.connect').length, 3);
});

test('a server that has ended hears nothing of its clients, and that is no fault', async (t) => {
  const { server, client, service, entries } = await start(t, { serverGraceMs: 300 });
  const app = await server().opened();
  const { client: socket } = await client();
  const instance = service.servers.choose(service.hub(HUB));
  app.socket.close();
  await app.closed;
  socket.close();
  await until(() => connectionsOf(service).length === 0 && instance.isGone, 'the end of both');
  await request(`http://127.0.0.1:${service.port}/api/health`); // after whatever that has led to
  assert.deepEqual(entries, []);
});

test('a line that comes back has its clients still; one that does not has them no longer', async (t) => {
  const { server, client, service } = await start(t, { serverGraceMs: 30_000 });
  const app = await server().opened();
  const { client: socket } = await client();
  app.socket.close();
  await app.closed;
  socket.send('40'); // while there is no line
  const again = await server().opened();
  assert.equal((await again.heard('user.message')).body, '40');
  assert.equal(connectionsOf(service).length, 1);
  const other = await start(t, { serverGraceMs: 50 });
  const lost = await other.server().opened();
  const { client: ended } = await other.client();
  lost.socket.terminate();
  await ended.closed;
  assert.equal(connectionsOf(other.service).length, 0);
});

test('a hub takes a bounded number of lines', async (t) => {
  const { server, tells } = await start(t);
  const lines = Array.from({ length: 100 }, (_, i) => server({ claims: { sub: String(i % 2) } }));
  await Promise.all(lines.map((line) => line.opened()));
  assert.equal(await server().refused, 429);
  await tells(/it has 100 lines of servers already/);
});

test('the service ends: servers hear of their clients and of the end of the line', async (t) => {
  const { server, client, service } = await start(t);
  const app = await server().opened();
  await client();
  await service.close();
  await app.heard('sys.disconnected');
  assert.equal(await app.closed, 1001);
});

// --- acknowledgements of many -----------------------------------------------------------------

test(':invoke asks everybody whom the filter names, and passes on each acknowledgement as a line', async (t) => {
  const { server, client, service } = await start(t, { invokeTimeoutMs: 2000 });
  const app = await server().opened();
  const peers = [await client(), await client(), await client()];
  for (const { id } of peers) await app.sendTo(HUB, id, '40/n,{"sid":"s"}');
  for (const { client: socket } of peers) await socket.packet();
  const target = `/api/hubs/chat/:invoke?${VERSION}&filter=${encodeURIComponent("'0~L24~' in groups")}`;
  const asking = app.call('POST', target, '451-/n,["ask",{"_placeholder":true,"num":0}]\x1ebAQ==');
  const ids = [];
  for (const { client: socket } of peers) {
    const [, id] = /^451-\/n,(\d+)\["ask",/.exec(await socket.packet());
    assert.deepEqual(await socket.packet(), Buffer.from([1]));
    ids.push(Number(id));
  }
  assert.ok(ids.every((id) => id >= 2 ** 30 && id < 2 ** 31));
  peers[0].client.send(`461-/n,${ids[0]}[{"_placeholder":true,"num":0}]`);
  peers[0].client.send(Buffer.from([9]));
  peers[1].client.close(); // the third one is silent
  const frames = await asking;
  assert.deepEqual(frames.map(({ fields }) => [fields.StatusCode, fields.NotCompleted]),
    [[200, true], [200, true], [200, false]]);
  assert.deepEqual(JSON.parse(frames[1].body), { Payload: `461-/n,${ids[0]}[{"_placeholder":true,"num":0}]\x1ebCQ==` });
  peers[2].client.send(`43/n,${ids[2]}[]`); // too late, and none of the server's
  peers[2].client.send('43/n,5[]');
  assert.equal((await app.heard('user.message')).body, '43/n,5[]');
  const nobody = await app.call('POST', `${target.split('&')[0]}&filter=false`, '42["x"]');
  assert.equal(nobody.at(-1).fields.NotCompleted, false);
  const http = rest(service, 'POST', `/api/hubs/${HUB}/:invoke?filter=${encodeURIComponent("'0~L24~' in groups")}`,
    { body: '42/n,["x"]' });
  const [, asked] = /^42\/n,(\d+)\["x"\]/.exec(await peers[2].client.packet());
  peers[2].client.send(`43/n,${asked}["ok"]`);
  await peers[0].client.packet();
  peers[0].client.close();
  assert.deepEqual(JSON.parse((await http).text), { Payload: `43/n,${asked}["ok"]` });
});

// --- handlers behind a line -------------------------------------------------------------------

test('an event handler at tunnel:/// gets its events by a line, in serverless mode', async (t) => {
  const eventHandlers = [{ urlTemplate: 'tunnel:///events/{event}', userEventPattern: '*', systemEvents: ['connect'] }];
  const { server, client, tells } = await start(t, {
    serviceMode: 'serverless', retryDelaysMs: [],
    hubs: { [HUB]: { anonymousConnectPolicy: 'allow', eventHandlers } },
  });
  const early = await client();
  early.client.send('40');
  await tells(/hub 'chat' has no line: awps-tunnel run --hub chat opens one/);
  const app = await server().opened();
  app.answer = ({ name }) => (name === 'user.message' ? { body: '437["ok"]' } : { body: '' });
  const { client: socket } = await client();
  socket.send('40');
  assert.match(await socket.packet(), /^40\{"sid"/);
  socket.send('427["x"]');
  assert.equal((await app.heard('user.message')).url, 'tunnel:///events/x');
  await tells(/not text\/plain/);
});
