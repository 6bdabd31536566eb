// What everybody does wrong once: each mistake leaves a warning that names its cause and its cure,
// without being asked, and no other warning that leads astray.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

import { listen } from '../listen.js';
import { groupOf } from '../webpubsub/groups.js';
import { RULES } from '../webpubsub/rules.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { signToken } from '../webpubsub/token.js';
import { RawSocket, clientToken, request, rest, until } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const ALLOWED = { 'WebHook-Allowed-Origin': '*' };
const PACKET = { 'Content-Type': 'text/plain' };

/**
 * A service with what a handler of somebody's first day does.
 * @param {(req, res) => void} handler the rest of the requests; OPTIONS is answered well
 */
async function start(t, { handler, options, hubs, ...more } = {}) {
  const entries = [];
  const server = http.createServer((req, res) => {
    if (req.method !== 'OPTIONS') handler(req, res);
    else if (options) options(req, res);
    else res.writeHead(200, ALLOWED).end();
  });
  const listening = handler || options ? await listen(server) : undefined;
  const urlTemplate = more.upstream ?? `http://127.0.0.1:${listening?.port}/x`;
  const wanted = { urlTemplate, userEventPattern: '*', systemEvents: more.systemEvents ?? [] };
  const eventHandlers = listening || more.upstream ? [wanted] : [];
  const service = await startWebPubSub({
    hubs: hubs ?? { [HUB]: { anonymousConnectPolicy: 'allow', eventHandlers } },
    logEntry: (entry) => entry.kind === 'warn' && entries.push(entry),
    retryDelaysMs: [],
    ...more.settings,
  });
  const sockets = [];
  t.after(async () => {
    for (const { socket } of sockets) socket.terminate();
    await service.close();
    await listening?.close();
  });
  return {
    service,
    texts: () => entries.map(({ text }) => text),
    entries,
    /** A client on its first day, which sends an event that wants an acknowledgement. */
    async client({ hub = HUB, event } = {}) {
      const url = `ws://127.0.0.1:${service.port}/clients/socketio/hubs/${hub}/?EIO=4&transport=websocket`;
      const client = new RawSocket(url);
      sockets.push(client);
      const { sid: id } = JSON.parse((await client.next()).slice(1));
      client.send('40');
      const [, socketId] = /"sid":"([^"]+)"/.exec(await client.packet()) ?? [];
      if (event) client.send(event);
      return { client, id, socketId };
    },
    /** All warnings are about one thing. */
    async tells(...patterns) {
      await until(() => patterns.every((one) => entries.some(({ text }) => one.test(text))),
        `${patterns} in ${JSON.stringify(entries.map(({ text }) => text))}`);
      for (const { text } of entries) {
        assert.ok(patterns.some((one) => one.test(text)), `beside it: ${text}`);
        assert.doesNotMatch(text, / at .*\.js:\d+/);
      }
    },
  };
}

// --- handlers ---------------------------------------------------------------------------------

const NOT_VALID = {
  'no answer to OPTIONS': [(req, res) => res.writeHead(501).end(), /: 501; answer OPTIONS with 200 and/],
  'OPTIONS without the header': [(req, res) => res.end(), /Allowed-Origin is none.*; answer OPTIONS with/],
  'an allowed origin with a port': [
    (req, res) => res.writeHead(200, { 'WebHook-Allowed-Origin': 'localhost:8080' }).end(),
    /is localhost:8080, not localhost or \*, without a port; answer OPTIONS with 200/,
  ],
};
for (const [what, [options, words]] of Object.entries(NOT_VALID)) {
  test(`handler: ${what}`, async (t) => {
    const { entries, tells } = await start(t, { options });
    await tells(words);
    assert.match(entries[0].reads, /^connect_error 'connect was refused \(the event handler did not validate/);
    assert.equal(entries[0].rule, RULES.validation[0]);
  });
}

test('handler: it does not run', async (t) => {
  const { tells } = await start(t, { upstream: 'http://127.0.0.1:1/x' });
  await tells(/127\.0\.0\.1:1\/x is not validated: ECONNREFUSED; is the event handler running/);
});

test('handler: none is given', async (t) => {
  const { client, tells } = await start(t);
  const { client: ended } = await client({ event: '427["hello"]' });
  await tells(/hub 'chat' has no event handler.*--hub chat --upstream URL/,
    /no event handler of hub 'chat' wants 'hello': --upstream URL.*reads 'transport close'/);
  await ended.closed;
});

const text = (body, headers = PACKET, status = 200) => (req, res) => res.writeHead(status, headers).end(body);

/** To `427["hello"]`; the client is told what it can use, so the cause comes first. */
const ANSWERS = {
  'an answer in JSON': [text('["ok"]', { 'Content-Type': 'application/json' }),
    /not text\/plain: Content-Type is application\/json, .* packets, such as 437\[…\]/],
  "an answer without Engine.IO's 4": [text('37["ok"]'), /'37\["ok"\]' is no packet: an event is 42/],
  'an answer in plain text': [text('ok'), /'ok' is no packet: an event is 42/],
  'an acknowledgement without the id': [text('43["ok"]'),
    /acknowledges nothing without the event's id: 43<id>/],
  'a malformed packet': [text('437["ok"'), /no client can read '437\["ok"'.*an acknowledgement is 43<id/],
  'an attachment that is missing': [text('461-7[{"_placeholder":true,"num":0}]'),
    /0 of 1 attachments, and was not sent: each is b<base64>/],
  'an empty 200 for an event that wants an acknowledgement': [text('', {}),
    /waits for an acknowledgement that the response has not: '437\[…\]' as text\/plain/],
  'an answer without Content-Type': [text('437["ok"]', {}), /Content-Type is none, .*437\[…\]/],
  'a redirection': [text('', { Location: '/y' }, 302), /with 302: redirections are not followed/],
  'a path that it does not serve': [text('', {}, 404), /with 404: is the path of --upstream right/],
  'a key that is missing': [text('', {}, 401), /with 401: does it want a key/],
};
for (const [what, [handler, words]] of Object.entries(ANSWERS)) {
  test(`handler: ${what}`, async (t) => {
    const { client, tells } = await start(t, { handler });
    await client({ event: '427["hello"]' });
    await tells(words);
  });
}

test('handler: an exception, told at the first attempt', async (t) => {
  const { client, entries, tells } = await start(t, { handler: text('', {}, 500), settings: { retryDelaysMs: [1] } });
  await client({ event: '42["hello"]' });
  await tells(/event 'hello': .* responded with 500: its own output says what.* gets it again in 1 ms/,
    /event 'hello': .* responded with 500: its own output says what.*reads 'transport close'/);
  assert.equal(entries.at(-1).status, 500);
  assert.equal(entries.at(-1).event, 'hello');
});

test('handler: an exception that closes the connection', async (t) => {
  const { client, tells } = await start(t, { handler: (req) => req.socket.destroy() });
  await client({ event: '42["hello"]' });
  await tells(/failed: ECONNRESET: it has closed the connection without a response: did it throw/);
});

test('handler: it hangs, as one of a single thread with connections that stay', async (t) => {
  const { client, tells } = await start(t, { handler: () => {}, settings: { upstreamTimeoutMs: 100 } });
  await client({ event: '42["hello"]' });
  await tells(/no response for 50 ms, still waiting: it hangs, or has one thread.*ThreadingHTTPServer/,
    /no response in time: it hangs, or has one thread/);
});

test('handler: a response of HTTP/1.1 without Content-Length', async (t) => {
  const handler = (req) => req.socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n437["ok"]');
  const { client, tells } = await start(t, { handler, settings: { upstreamTimeoutMs: 100 } });
  await client({ event: '427["hello"]' });
  await tells(/no response for 50 ms, still waiting: .* does not end: HTTP\/1\.1 needs a Content-Length/,
    /no response in time: its response has begun and does not end/);
});

test('handler: it refuses a client', async (t) => {
  const { client, entries, tells } = await start(t, { handler: text('', {}, 403), systemEvents: ['connect'] });
  await client();
  await tells(/ \/ was refused: .* responded with 403.*the client reads connect_error 'connect was ref.*\(403\)'/);
  assert.equal(entries[0].rule, RULES.connect[0]);
});

// --- REST -------------------------------------------------------------------------------------

const BASE = `/api/hubs/${HUB}`;
const send = ({ service }, path, more = {}) => rest(service, 'POST', `${BASE}${path}/:send`, more);
const JSON_BODY = { type: 'application/json', body: '{"a":1}' };

/** By whoever has the service and a client. */
const CALLS = {
  'JSON, as SDKs send by default': [(at) => send(at, '', JSON_BODY),
    /was not sent json, only text goes: Content-Type: text\/plain .*Python/],
  'a text that is no packet': [(at) => send(at, '', { body: 'hello' }), /'hello' is no packet: an event is 42/],
  'a packet for another namespace': [(at) => send(at, '', { body: '42/a,["x"]' }),
    /it is for namespace \/a, where the client is not/],
  'a group named by the plain room': [(at) => send(at, '/groups/lobby', { body: '42["x"]' }),
    new RegExp(`nobody is in group 'lobby'; .* is group ${groupOf('/', 'lobby')}`)],
  "a socket's id for a connection's": [
    (at) => rest(at.service, 'PUT', `${BASE}/groups/a/connections/${at.socketId}`),
    /is a socket; its connection is '/],
  'a socket for a connection, in a send': [(at) => send(at, `/connections/${at.socketId}`, { body: '42["x"]' }),
    /is a socket; its connection is '.*its own group in \/ would be 0~/],
  'a wrong key': [
    ({ service }) => rest(service, 'POST', `${BASE}/:send`,
      { body: '42["x"]', token: signToken({ aud: 'x', exp: 2e9 }, 'k'.repeat(32)) }),
    /-> 401 .* not signed with an access key .*: take the AccessKey of this service's connection string/],
  'the key decoded from base64': [
    ({ service }) => {
      const [key] = service.options.accessKeys;
      return rest(service, 'POST', `${BASE}/:send`,
        { body: '42["x"]', token: signToken({ exp: 2e9 }, Buffer.from(key, 'base64')) });
    },
    /-> 401 .*: the key is its characters, and not what they are in base64/],
  '127.0.0.1 for localhost in the endpoint': [
    (at) => send(at, '', { body: '42["x"]',
      aud: `http://127.0.0.1:${at.service.port}${BASE}/:send?api-version=2024-12-01` }),
    /127\.0\.0\.1 and localhost are two names: .* connection string, or set with --endpoint/],
  'an audience without the query': [
    (at) => send(at, '', { body: '42["x"]', aud: `${at.service.endpoint}${BASE}/:send` }),
    /the query belongs to it, api-version included/],
  'no token': [({ service }) => request(`http://127.0.0.1:${service.port}${BASE}/:send?api-version=2024-12-01`,
    { method: 'POST' }), /there is no bearer token: Authorization: Bearer and a JWT, HS256/],
  'no api-version': [({ service }) => request(`http://127.0.0.1:${service.port}${BASE}/:send`, { method: 'POST' }),
    /api-version is missing: \?api-version=2024-12-01/],
  'an operation without its colon': [
    ({ service }) => rest(service, 'POST', `${BASE}/send`, { body: '42["x"]' }), /do you mean \/:send\?/],
  'a token that is over': [({ service }) => rest(service, 'POST', `${BASE}/:send`,
    { body: '', token: signToken({ exp: 1e9 }, service.options.accessKeys[0]) }),
    /the token has expired \d+ s ago: a new one is needed/],
};
for (const [what, [call, words]] of Object.entries(CALLS)) {
  test(`REST: ${what}`, async (t) => {
    const at = await start(t, { handler: text('', {}, 204) });
    await call({ ...at, ...(await at.client()) });
    await at.tells(words);
  });
}

// --- clients ----------------------------------------------------------------------------------

const WS = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==' };
const CLIENTS = '/clients/socketio/hubs';
const POLL = 'EIO=4&transport=polling';
const native = (service) => clientToken(service, HUB, {}, '/client/hubs/');

/** Targets of requests, and what is said of each. */
const TARGETS = {
  'no path': [() => `/socket.io/?${POLL}`,
    /option `path: .*; what follows the host in its URL is a namespace; .* 404.*'xhr poll error'/],
  'no path, over a WebSocket': [() => '/socket.io/?EIO=4&transport=websocket', /option `path:/, WS],
  'a path behind the hub': [() => `${CLIENTS}/chat/socket.io/?${POLL}`, /and nothing after the hub/],
  'a token of the native kind': [(at) => `${CLIENTS}/chat/?${POLL}&access_token=${native(at)}`,
    /that is a token for native clients, and this is for Socket\.IO.*client_protocol='SocketIO'/],
  'no token': [() => `${CLIENTS}/chat/?${POLL}`,
    /no access_token.*`token --hub chat` prints one; or --hub chat --anonymous; the client reads 401/],
  'a token under another name': [() => `${CLIENTS}/chat/?${POLL}&token=x`, /no access_token \('token' is there\)/],
  'a hub in other letters': [(at) => `${CLIENTS}/Chat/?${POLL}&access_token=${clientToken(at, HUB)}`,
    /capitals and small letters differ: spell the hub alike/],
  'a token of another endpoint': [
    (at) => `${CLIENTS}/chat/?${POLL}&access_token=${clientToken(at, HUB, { aud: `http://a.example${CLIENTS}/chat` })}`,
    /it names another endpoint: take this service's connection string/],
  'a token without exp': [(at) => `${CLIENTS}/chat/?${POLL}&access_token=${clientToken(at, HUB, { exp: undefined })}`,
    /no expiry: exp, in seconds/],
  'MQTT': [() => '/clients/mqtt/hubs/chat', /the stand-in has no MQTT/, { ...WS, 'Sec-WebSocket-Protocol': 'mqtt' }],
  'a native address without a WebSocket': [() => '/client/hubs/chat',
    /Only WebSockets .*Socket\.IO clients connect to \/clients\/socketio/],
  'an old client': [(at) => `${CLIENTS}/chat/?EIO=3&transport=polling&access_token=${clientToken(at, HUB)}`,
    /Unsupported protocol version: EIO=4, clients of Socket\.IO 3 or newer/],
  'a session that has ended': [(at) => `${CLIENTS}/chat/?${POLL}&sid=x&access_token=${clientToken(at, HUB)}`,
    /its session has ended, or the emulator was started anew/],
  'a hub with a hyphen': [() => `${CLIENTS}/my-hub/?${POLL}`, /'my-hub' is not a letter and then letters, digits/],
  'a request for the handler': [() => '/eventhandler', /that is for the event handler, another program/],
};
for (const [what, [target, words, headers = {}]] of Object.entries(TARGETS)) {
  test(`client: ${what}`, async (t) => {
    const { service, entries, tells } = await start(t, { hubs: { [HUB]: {} } });
    const url = `http://127.0.0.1:${service.port}${target(service)}`;
    assert.ok((await request(url, { headers })).status >= 400);
    await tells(words);
    assert.equal(entries.length, 1);
    assert.ok(entries[0].status >= 400 && entries[0].rule && entries[0].source);
  });
}

test('client: TLS', async (t) => {
  const { service, tells } = await start(t);
  const socket = net.connect(service.port, '127.0.0.1');
  t.after(() => socket.destroy());
  socket.on('error', () => {});
  socket.write(Buffer.from('16030100050100000100', 'hex'));
  await tells(/refused \(400\): that is TLS: it is http:\/\/ and ws:\/\/ here/);
});

test('client: a hub that is not configured', async (t) => {
  const hubs = { chat: {}, chats: { anonymousConnectPolicy: 'allow' } };
  const { client, tells } = await start(t, { hubs });
  await client({ hub: 'chats' });
  await tells(/hub 'chats' has no event handler, .*; did the client mean hub 'chat'\?/);
});

test('client: one too many', async (t) => {
  const { client, service, tells } = await start(t, { handler: text(''), settings: { maxConnections: 1 } });
  await client();
  const url = `http://127.0.0.1:${service.port}${CLIENTS}/chat/?${POLL}`;
  assert.equal((await request(url)).status, 429);
  await tells(/refused \(429\): the connections that the tier allows are all in use/);
});

// --- the start --------------------------------------------------------------------------------

const PROGRAM = fileURLToPath(new URL('../webpubsub.js', import.meta.url));

test('start: settings that cannot be meant', async (t) => {
  const taken = net.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const cases = [
    [['--upstream', 'localhost:7071/x'],
      /'localhost:7071\/x' is not a URL template .*: do you mean http:\/\/localhost:7071\/x\?/],
    [['--upstrem', 'x'], /no option --upstrem: did you mean --upstream\?/],
    [['--port', String(taken.address().port)], /port \d+ is in use: --port names another, --or-free takes any/],
    [['--hub', 'my-hub'], /'my-hub' is not a hub name: a letter, and then letters, digits or _/],
    [['--system-events', 'connection'], /'connection' is not a system event: connect, connected, disconnected are/,
      ['--upstream', 'http://localhost:1/x']],
  ];
  await Promise.all(cases.map(([args, words, more = []]) => new Promise((resolve) => {
    execFile(process.execPath, [PROGRAM, ...args, ...more], (error, stdout, stderr) => {
      assert.notEqual(error?.code ?? 0, 0);
      assert.match(stderr, words);
      resolve();
    });
  })));
});

// --- rules ------------------------------------------------------------------------------------

test('every rule that a refusal names is a row of the tables, with its source', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const [row, source] of Object.values(RULES)) assert.ok(readme.includes(`\n| ${row} | ${source} |`), row);
});
