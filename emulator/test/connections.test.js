// What the Web PubSub stand-in makes of a connection before there is one: its id, whether its token is
// for this endpoint, and the line that tells of an upgrade that is refused.

import assert from 'node:assert/strict';
import net from 'node:net';

import { startWebPubSub } from '../webpubsub/service.js';
import { signToken } from '../webpubsub/token.js';
import { RawSocket, clientUrl, inTime, nativeUrl, request, rest } from './testing.js';
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
test('connections have ids as live ones: 31 characters without a dot', async (t) => {
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
  for (const id of ids) assert.match(id, /^[A-Za-z0-9_-]{21}[AQgw][A-Za-z0-9_-]{9}$/);
  assert.equal(new Set(ids.map((id) => id.slice(22))).size, 1, 'the part of the process');
});

test('connections have ids that begin as one is told to try', async (t) => {
  for (const idsBeginWith of ['-', '_', '-_']) {
    const { service } = await start(t, { idsBeginWith });
    const { text } = await request(clientUrl(service, HUB, { transport: 'polling' }));
    const { sid } = JSON.parse(text.slice(1));
    assert.ok(sid.startsWith(idsBeginWith));
    assert.match(sid, /^[A-Za-z0-9_-]{31}$/);
  }
  await assert.rejects(startWebPubSub({ idsBeginWith: '.' }), /no connection id begins with '\.'/);
});

test('a WebSocket that the service ends is closed with 1000, native or not', async (t) => {
  const { service } = await start(t, { connectTimeoutMs: 1 });
  const websocket = { transport: 'websocket' };
  const silent = new RawSocket(clientUrl(service, HUB, websocket, 'ws'));
  assert.deepEqual(await inTime(silent.closed, 'close'), { code: 1000, reason: '' });
  const other = await start(t);
  const junk = new RawSocket(clientUrl(other.service, HUB, websocket, 'ws'));
  await junk.next();
  junk.send('hello');
  assert.deepEqual(await inTime(junk.closed, 'close'), { code: 1000, reason: '' });
  const unheard = new RawSocket(nativeUrl(other.service, HUB));
  await unheard.opened;
  unheard.send('an event that no handler wants');
  assert.deepEqual(await inTime(unheard.closed, 'close'), { code: 1000, reason: '' });
});

test('an endpoint is a URL: any spelling of it is the audience of a token', async (t) => {
  const spellings = [
    ['http://localhost:80', ['http://localhost', 'http://LOCALHOST', 'http://localhost:80']],
    ['https://Live.Example:443/', ['https://live.example', 'HTTPS://LIVE.example:443']],
    ['https://live.example:8443', ['https://live.example:8443', 'https://LIVE.EXAMPLE:8443']],
  ];
  const others = ['http://localhost:81', 'https://live.example:444', 'http://live.example:443',
    'https://live.example.evil', 'https://x@live.example', 'ftp://localhost', 'localhost', ''];
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

// As the portal and SDKs write it: of a native client's it was seen, of the rest of a URL that
// everything counts.
test('of the audience of a client the scheme does not count, and all the rest does', async (t) => {
  const paths = { 'client/hubs': 'ws', 'clients/socketio/hubs': 'http' };
  for (const [endpoint, host, strange] of [
    ['http://localhost:8123', 'localhost:8123', 'localhost'],
    ['https://live.example', 'live.example', 'live.example:8443'],
  ]) {
    const { service } = await start(t, { endpoint });
    const exp = Math.floor(Date.now() / 1000) + 60;
    const token = (aud) => signToken({ aud, exp }, service.options.accessKeys[0]);
    const status = {
      async ws(aud) {
        const socket = new RawSocket(nativeUrl(service, HUB, {}, { access_token: token(aud) }));
        t.after(() => socket.socket.terminate());
        return Promise.race([socket.refused, socket.opened.then(() => 200)]);
      },
      async http(aud) {
        const query = { transport: 'polling', access_token: token(aud) };
        return (await request(clientUrl(service, HUB, query))).status;
      },
    };
    for (const [path, way] of Object.entries(paths)) {
      for (const scheme of ['http', 'https', 'ws', 'wss', 'WSS']) {
        assert.equal(await status[way](`${scheme}://${host}/${path}/${HUB}`), 200, scheme);
      }
      for (const wrong of [
        `wss://${strange}/${path}/${HUB}`,
        `wss://${host}/${path}/other`,
        `wss://${host}/${path}${HUB}`,
        `wss://${host}/${path}`,
        `wss://${host}`,
        `wss:/${host}/${path}/${HUB}`,
        `mqtt://${host}/${path}/${HUB}`,
        `/${path}/${HUB}`,
      ]) {
        assert.equal(await status[way](wrong), 401, wrong);
      }
    }
  }
});

test('an endpoint that is no address is refused at the start', async () => {
  for (const endpoint of ['localhost', 'ftp://h', 'http://', 'http://h/path', 'http://u:p@h']) {
    await assert.rejects(startWebPubSub({ endpoint }), /is not an endpoint: http/, endpoint);
  }
});

// Letters of the documented pattern that URL parsers rewrite, each in its own way.
test('a hub of any documented name is served on every path', async (t) => {
  for (const hub of ['a`b', 'a[1]', 'A.b,c', 'x_`,.[]9']) {
    const { service } = await start(t, { hubs: { [hub]: { anonymousConnectPolicy: 'allow' } } });
    const asUrl = new URL(hub, 'http://h/').pathname.slice(1);
    const spellings = [hub, encodeURI(hub), encodeURIComponent(hub), asUrl];
    for (const spelt of spellings) {
      const sent = await rest(service, 'POST', `/api/hubs/${spelt}/:send`, { body: '42["x"]' });
      assert.equal(sent.status, 202, spelt);
      for (const named of spellings) {
        const [url, native] = [clientUrl, nativeUrl].map((make) =>
          make(service, named, make === clientUrl ? { transport: 'polling' } : {}),
        );
        assert.equal((await request(at(url, named, spelt))).status, 200, `${named} at ${spelt}`);
        const socket = new RawSocket(at(native, named, spelt), PLAIN);
        t.after(() => socket.socket.terminate());
        assert.ok((await socket.json()).connectionId, `${named} at ${spelt}`);
      }
    }
    const older = `ws://127.0.0.1:${service.port}/client/?hub=${encodeURIComponent(hub)}`;
    const socket = new RawSocket(older, PLAIN);
    t.after(() => socket.socket.terminate());
    assert.ok((await socket.json()).connectionId);
  }
});

// SDKs sign the URL as they have put it together, and send what a URL parser makes of it.
test('which characters an audience has percent-encoded makes no difference', async (t) => {
  const { service } = await start(t, { hubs: { 'a`b[1]': {} } });
  const sent = '/api/hubs/a%60b%5B1%5D/groups/the%20group/:send?filter=userId%20eq%20%27a%27';
  const version = 'api-version=2024-12-01';
  const status = async (aud) => {
    const more = { body: '42["x"]', aud: `${service.endpoint}${aud}&${version}` };
    return (await rest(service, 'POST', sent, more)).status;
  };
  const same = [
    sent,
    "/api/hubs/a`b[1]/groups/the%20group/:send?filter=userId%20eq%20'a'",
    "/api/hubs/a%60b[1]/groups/the group/%3Asend?filter=userId eq 'a'",
    '/api/hubs/a%60b%5b1%5d/groups/the%20group/:send?filter=userId%20eq%20%27a%27',
  ];
  for (const aud of same) assert.equal(await status(aud), 202, aud);
  const others = [
    sent.replace('the%20group', 'the%2520group'),
    sent.replace('the%20group', 'the+group'),
    sent.replace('the%20group', 'the%20group/.'),
    sent.replace('/groups', '/x/../groups'),
    sent.replace('%27a%27', '%27b%27'),
    sent.replace('a%60b', 'A%60b'),
    sent.replace('?', '%3F'),
    sent.replace('a%60b', 'a%ffb'),
  ];
  for (const aud of others) assert.equal(await status(aud), 401, aud);
});

/** The same URL with the hub's name in the path as it is spelt otherwise. */
function at(url, named, spelt) {
  return url.replace(`hubs/${named}`, () => `hubs/${spelt}`);
}

test("a name that is no hub's is 400 at the endpoints of clients, with the service's words", async (t) => {
  const { service, lines } = await start(t);
  for (const path of ['/client', '/client/', '/client/hubs/1hub', '/client/hubs/a-b',
    '/clients/socketio/hubs/1hub/?EIO=4&transport=polling', '/client/hubs/%ff']) {
    lines.length = 0;
    const { status, text } = await request(`http://127.0.0.1:${service.port}${path}`);
    assert.equal(status, 400, path);
    assert.match(text, /^Invalid value of 'hub'\./, path);
    assert.equal(lines.length, 1, path);
    assert.match(lines[0], /^warn .*refused \(400\)/, path);
  }
});

test('a path where nothing is has its line in the log, and a hint for beginners', async (t) => {
  const { service, lines } = await start(t);
  const hints = [
    ['/socket.io/?EIO=4&transport=polling&access_token=secret', /option `path:/],
    ['/clients/mqtt/hubs/chat', /no MQTT/],
    ['/clients/socketio', /clients connect to/],
    ['/elsewhere', /nothing at \/elsewhere(?:$|; the client reads 404 )/],
  ];
  for (const [path, hint] of hints) {
    lines.length = 0;
    const { status, text } = await request(`http://127.0.0.1:${service.port}${path}`);
    assert.equal(status, 404, path);
    assert.match(text.trim(), hint);
    assert.equal(lines.length, 1, path);
    assert.match(lines[0], /^warn .*refused \(404\)/);
    assert.match(lines[0], hint);
    assert.doesNotMatch(lines[0], /secret/);
  }
});

test('what a user or a reason is called makes no second line of the log', async (t) => {
  const { service, lines } = await start(t);
  const socket = new RawSocket(nativeUrl(service, HUB, { sub: 'eve\nwarn all is lost' }), PLAIN);
  const { connectionId } = await socket.json();
  await rest(service, 'DELETE', `/api/hubs/${HUB}/connections/${connectionId}?reason=a%0Awarn`);
  await inTime(socket.closed, 'close');
  assert.ok(lines.some((line) => line.includes('opened by eve\\x0awarn all is lost')));
  assert.ok(lines.some((line) => line.includes('ended: a\\x0awarn')));
  assert.deepEqual(lines.filter((line) => line.includes('\n')), []);
});

test('a request that offers HTTP/2 is served as it is, its body included', async (t) => {
  const { service, lines } = await start(t);
  const body = '42["x"]';
  const path = `/api/hubs/${HUB}/:send?api-version=2024-12-01`;
  const claims = { aud: `${service.endpoint}${path}`, exp: 2e9 };
  const answer = await raw(service.port, [
    `POST ${path} HTTP/1.1`, 'Host: localhost', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c',
    'HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA',
    `Authorization: Bearer ${signToken(claims, service.options.accessKeys[0])}`,
    'Content-Type: text/plain', `Content-Length: ${body.length}`, '', body,
  ]);
  assert.match(answer, /^HTTP\/1\.1 202 /);
  assert.ok(lines.some((line) => line.includes("-> 202 to 0 event 'x'")), lines.join('\n'));
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
    [400, head('/clients/socketio/hubs/1hub/?EIO=4&transport=websocket')],
    [400, head('/client/hubs/1hub')],
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
