// What the Web PubSub stand-in makes of a connection before there is one: its id, whether its token is
// for this endpoint, and the line that tells of an upgrade that is refused.

import assert from 'node:assert/strict';
import net from 'node:net';

import { startWebPubSub } from '../webpubsub/service.js';
import { signToken } from '../webpubsub/token.js';
import { RawSocket, clientUrl, inTime, nativeUrl, request } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const PLAIN = 'json.webpubsub.azure.v1';

async function start(t, options = {}) {
  const lines = [];
  const log = (line) => lines.push(line);
  const service = await startWebPubSub({ hubs: { [HUB]: {} }, log, ...options });
  t.after(() => service.close());
  return { service, lines };
}

/** Sends a head as it is spelt; returns all of the answer, once the connection has ended. */
async function raw(port, lines) {
  const socket = net.connect({ port, host: '127.0.0.1' });
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.end(`${lines.join('\r\n')}\r\n\r\n`);
  await inTime(new Promise((resolve) => socket.on('close', resolve)), 'end of the connection');
  return Buffer.concat(chunks).toString();
}

// A handler refuses an id with a dot, since the access key signs tokens, too.
test('no connection has an id that is empty or has a dot in it', async (t) => {
  const { service } = await start(t);
  const ids = [];
  for (let i = 0; i < 50; i += 1) {
    const answer = await request(clientUrl(service, HUB, { transport: 'polling' }));
    ids.push(JSON.parse(answer.text.slice(1)).sid);
  }
  for (let i = 0; i < 20; i += 1) {
    const socket = new RawSocket(nativeUrl(service, HUB, { sub: 'a.b' }), PLAIN);
    ids.push((await socket.json()).connectionId);
    socket.close();
  }
  assert.equal(new Set(ids).size, ids.length);
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{22}$/);
});

test('an endpoint is a URL: any spelling of it is the audience of a token', async (t) => {
  const spellings = [
    ['http://localhost:80', ['http://localhost', 'http://LOCALHOST', 'http://localhost:80']],
    ['https://Live.Example:443/', ['https://live.example', 'HTTPS://LIVE.example:443']],
    ['https://live.example:8443', ['https://live.example:8443', 'https://LIVE.EXAMPLE:8443']],
  ];
  const others = ['http://localhost:81', 'https://localhost', 'https://live.example:444',
    'http://live.example', 'https://live.example.evil', 'https://x@live.example'];
  for (const [endpoint, same] of spellings) {
    const { service } = await start(t, { endpoint });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const key = service.options.accessKeys[0];
    const [, printed] = /Endpoint=([^;]+)(?:;Port=\d+)?;/.exec(service.connectionString);
    assert.ok(endpoint.toLowerCase().startsWith(printed));
    const client = async (place) => {
      const aud = `${place}/clients/socketio/hubs/${HUB}`;
      const access_token = signToken({ aud, exp }, key);
      return request(clientUrl(service, HUB, { transport: 'polling', access_token }));
    };
    const call = (place) => {
      const target = `/api/hubs/${HUB}/:send?api-version=2024-01-01`;
      const Authorization = `Bearer ${signToken({ aud: `${place}${target}`, exp }, key)}`;
      const headers = { Authorization, 'Content-Type': 'text/plain' };
      const url = `http://127.0.0.1:${service.port}${target}`;
      return request(url, { method: 'POST', headers, body: 'x' });
    };
    for (const place of same) {
      assert.equal((await client(place)).status, 200, `${endpoint} ${place}`);
      assert.equal((await call(place)).status, 202, `${endpoint} ${place}`);
    }
    for (const place of others) {
      assert.equal((await client(place)).status, 401, `${endpoint} ${place}`);
      assert.equal((await call(place)).status, 401, `${endpoint} ${place}`);
    }
  }
});

test('an upgrade that is refused is one line of the log', async (t) => {
  const { service, lines } = await start(t);
  const target = (url) => url.slice(new URL(url).origin.length);
  const client = (query) => target(clientUrl(service, HUB, { transport: 'websocket', ...query }));
  const native = target(nativeUrl(service, HUB, {}));
  const head = (path, changes = {}, method = 'GET') => {
    const headers = {
      Host: 'localhost',
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Key': 'AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Version': '13',
      ...changes,
    };
    const present = Object.entries(headers).filter(([, value]) => value !== null);
    return [`${method} ${path} HTTP/1.1`, ...present.map(([name, value]) => `${name}: ${value}`)];
  };
  const cases = [
    [404, head('/')],
    [404, head('/elsewhere?access_token=secret')],
    [404, head('http://[/')],
    [404, head('/clients/socketio/hubs/1hub/?EIO=4&transport=websocket')],
    [404, head('/client/hubs/1hub')],
    [401, head(client({ access_token: undefined }))],
    [401, head(client({ access_token: 'a.b.c' }))],
    [400, head(client({ sid: 'unknown' }))],
    [400, head(client({ transport: 'carrier-pigeon' }))],
    [400, head(client(), { 'Sec-WebSocket-Key': null })],
    [400, head(client(), { 'Sec-WebSocket-Version': '12' })],
    [400, head(client(), { Upgrade: 'h2c' })],
    [401, head('/client/hubs/chat')],
    [401, head('/client/hubs/chat?access_token=a.b.c')],
    [400, head(native, { 'Sec-WebSocket-Protocol': 'mqtt' })],
    [400, head(native, { 'Sec-WebSocket-Key': 'short' })],
    [400, head(native, { 'Sec-WebSocket-Version': '12' })],
    [405, head(native, {}, 'POST')],
  ];
  for (const [status, request_] of cases) {
    lines.length = 0;
    const answer = await raw(service.port, request_);
    const what = `${request_[0].split('?')[0]}: ${answer.slice(0, 200)}\n${lines.join('\n')}`;
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), what);
    assert.equal(lines.length, 1, what);
    assert.match(lines[0], /^warn +client /, what);
    assert.match(lines[0], /refused/, what);
    assert.doesNotMatch(lines[0], /secret|a\.b\.c/);
  }
});
