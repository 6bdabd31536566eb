// What the stand-in for the Functions host lets in, what it hands to the handler, and how often:
// as the real host was seen to do it, in forwarding and in proxying.

import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';

import { forwardedTarget } from '../functions-host/forwarding.js';
import { Proxying } from '../functions-host/proxying.js';
import { choosePort, listen } from '../listen.js';
import {
  ANYTHING, exchangeBytes, headersOf, inBytes, startBoth, startHost,
} from './functions-app.js';
import { request } from './testing.js';
import { after, before, test } from './test.js';

const MODES = ['forward', 'proxy'];

let hosts;
before(async () => {
  hosts = await startBoth({ functions: ANYTHING });
});
after(() => Promise.all(Object.values(hosts ?? {}).map(({ host }) => host.close())));

/** A request, and what the handler says that it got. */
async function ask(mode, target, more) {
  const { status, text } = await request(hosts[mode].host.url + target, more);
  assert.equal(status, 200, `${mode} ${target}`);
  return JSON.parse(text);
}

const statusOf = async (mode, bytes) =>
  (await exchangeBytes(hosts[mode].host.port, bytes)).status;

/** How often each path has been delivered to the handler. */
const tally = (mode) => ask(mode, '/tally');

// ---- what the handler gets ----

test('forwarding: the query is encoded again, some headers are lost, some added', async () => {
  const got = await ask('forward', '/eventhandler?code=K&x=1&X=2&x=3&flag&sp=a%20b+c/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Content-Encoding': 'identity',
      'ce-type': 'azure.webpubsub.sys.connect',
      'User-Agent': ['service', 'again'],
    },
    body: '{}',
  });
  assert.equal(got.method, 'POST');
  assert.equal(got.url, '/eventhandler?code=K&X=1,2,3&flag=&sp=a%20b%20c%2F');
  assert.equal(got.body, '{}');
  assert.deepEqual(headersOf(got, 'ce-type'), ['azure.webpubsub.sys.connect']);
  assert.deepEqual(headersOf(got, 'content-type'), ['application/json']);
  assert.deepEqual(headersOf(got, 'content-length'), ['2']);
  assert.deepEqual(headersOf(got, 'content-encoding'), []);
  assert.deepEqual(headersOf(got, 'host'), [`127.0.0.1:${hosts.forward.host.port}`]);
  assert.match(headersOf(got, 'user-agent')[0], /^service again Azure-Functions-Host\/4\./);
  assert.match(headersOf(got, 'x-azure-functions-hostversion')[0], /^4\.\d+\.\d+\.\d+$/);
});

test('forwarding rewrites paths and queries as the host does', () => {
  assert.equal(forwardedTarget('/a%2Fb/c%20d'), '/a%2Fb/c%20d');
  assert.equal(forwardedTarget('/plain'), '/plain');
  assert.equal(forwardedTarget('/a?x=1&y=%C3%A4&X=2'), '/a?X=1,2&y=%C3%A4');
  assert.equal(forwardedTarget('/a%3Fb=1'), '/a?b=1');
});

test('proxying: the request passes as it is, with another Host and X-Forwarded', async () => {
  const { host } = hosts.proxy;
  const got = await ask('proxy', '/eventhandler?code=K&x=1&X=2&sp=a%20b+c', {
    method: 'POST',
    headers: {
      Host: 'app.example',
      'User-Agent': 'service',
      'Content-Encoding': 'identity',
      'X-Forwarded-For': '10.0.0.1',
      'x-ms-invocation-id': 'mine',
      'X-Azure-Functions-InvocationId': 'mine',
      Forwarded: 'for=10.0.0.1',
      TE: 'trailers',
    },
    body: '{}',
  });
  assert.equal(got.url, '/eventhandler?code=K&x=1&X=2&sp=a%20b+c');
  assert.equal(got.body, '{}');
  assert.deepEqual(headersOf(got, 'host'), [`127.0.0.1:${host.handlerPort}`]);
  assert.deepEqual(headersOf(got, 'x-forwarded-host'), ['app.example']);
  assert.deepEqual(headersOf(got, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(headersOf(got, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(headersOf(got, 'user-agent'), ['service']);
  assert.deepEqual(headersOf(got, 'content-encoding'), ['identity']);
  assert.deepEqual(headersOf(got, 'content-length'), ['2']);
  assert.deepEqual(headersOf(got, 'forwarded'), []);
  assert.deepEqual(headersOf(got, 'te'), []);
  const [id] = headersOf(got, 'x-azure-functions-invocationid');
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(headersOf(got, 'x-ms-invocation-id'), [id]);
});

for (const mode of MODES) {
  test(`${mode}: the host joins headers of one name, cookies with a semicolon`, async () => {
    const got = await ask(mode, '/x', {
      headers: { 'X-Dup': ['1', '2'], Cookie: ['a=1', 'b=2'], 'ce-userId': ['w.a', 'v.b'] },
    });
    assert.deepEqual(headersOf(got, 'x-dup'), ['1, 2']);
    assert.deepEqual(headersOf(got, 'cookie'), ['a=1; b=2']);
    assert.deepEqual(headersOf(got, 'ce-userid'), ['w.a, v.b']);
  });

  test(`${mode}: a POST without a body gets Content-Length: 0`, async () => {
    const headers = { 'Content-Type': 'text/plain' };
    for (const more of [{ headers }, { headers: { ...headers, 'Content-Length': '0' } }]) {
      const got = await ask(mode, '/x', { method: 'POST', ...more });
      assert.deepEqual(headersOf(got, 'content-length'), ['0']);
      assert.deepEqual(headersOf(got, 'transfer-encoding'), []);
      const type = mode === 'forward' ? [] : ['text/plain']; // forwarding drops it
      assert.deepEqual(headersOf(got, 'content-type'), type);
    }
    const get = await ask(mode, '/x');
    assert.deepEqual(headersOf(get, 'content-length'), []);
  });

  test(`${mode}: there is no traceparent but the caller's`, async () => {
    assert.deepEqual(headersOf(await ask(mode, '/x'), 'traceparent'), []);
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const got = await ask(mode, '/x', { headers: { traceparent } });
    assert.deepEqual(headersOf(got, 'traceparent'), [traceparent]);
  });
}

test("forwarding: the caller's invocation id and the host's are one header", async () => {
  const headers = { 'X-Azure-Functions-InvocationId': 'mine', 'X-Azure-Functions-HostVersion': '9' };
  const got = await ask('forward', '/x', { headers });
  assert.match(headersOf(got, 'x-azure-functions-invocationid').join('|'), /^mine, [0-9a-f-]{36}$/);
  assert.match(headersOf(got, 'x-azure-functions-hostversion').join('|'), /^9, 4\./);
});

// ---- how often the handler gets it ----

/** Side by side, since the host takes its time to try again. */
test('what the handler does not answer', { concurrency: true }, (t) => Promise.all([
  ['forward', 'close', 4, 'a GET whose handler closes is delivered 4 times, then 500'],
  ['proxy', 'close', 40, 'a GET whose handler closes is delivered 40 times, then 500'],
  ['forward', 'garbage', 1, 'a GET whose handler answers garbage is delivered once, then 500'],
  ['proxy', 'garbage', 10, 'a GET whose handler answers garbage is delivered 10 times, then 500'],
  ['forward', 'close', 1, 'a POST with a body whose handler closes is delivered once, then 500'],
  ['proxy', 'close', 1, 'a POST with a body whose handler closes is delivered once, then 500'],
].map(([mode, act, times, title], i) => t.test(`${mode}: ${title}`, async () => {
  const more = title.includes('POST') ? { method: 'POST', body: 'x' } : {};
  const { status } = await request(`${hosts[mode].host.url}/${act}/${i}`, more);
  assert.deepEqual({ status, times: (await tally(mode))[`/${act}/${i}`] }, { status: 500, times });
}))));

test('proxying: a refused connection is tried again, a body included', async (t) => {
  const port = await choosePort(0);
  const proxying = new Proxying();
  const body = Buffer.from('the body');
  const { signal } = new AbortController();
  const front = http.createServer((req, res) => {
    const invocation = { req, res, body, port, id: 'x', signal, cancel: () => {} };
    proxying.invoke(invocation).catch(() => res.writeHead(500).end());
  });
  const back = http.createServer((req, res) => req.pipe(res));
  const { port: frontPort, close } = await listen(front);
  t.after(async () => {
    proxying.close();
    await close();
    back.close();
  });
  const ask = () => request(`http://127.0.0.1:${frontPort}/`, { method: 'POST' });
  const answer = ask();
  await new Promise((resolve) => setTimeout(resolve, 200));
  back.listen(port, '127.0.0.1');
  assert.equal((await answer).text, 'the body');
  back.closeAllConnections();
  await new Promise((resolve) => back.close(resolve));
  assert.equal((await ask()).status, 500);
});

// ---- what the host refuses by itself ----

test('headers that are not ASCII', { concurrency: true }, (t) => Promise.all(MODES.map((mode) =>
  t.test(`${mode}: a header in UTF-8 is 500, in Latin-1 400, and the handler hears nothing`,
    async () => {
      const statuses = await Promise.all([
        statusOf(mode, inBytes('GET /name', 'ce-userId: J\xc3\xb6rg')),
        statusOf(mode, inBytes('GET /name', 'ce-userId: J\xf6rg')),
        statusOf(mode, inBytes('GET /name?J\xc3\xb6rg')),
      ]);
      assert.deepEqual(statuses, [500, 400, 400]);
      const paths = Object.keys(await tally(mode));
      assert.deepEqual(paths.filter((path) => path.startsWith('/name')), []);
    }))));

for (const mode of MODES) {
  test(`${mode}: 32 KB of headers and 100 of them pass, more are 431; a line over 8 KB is 414`,
    async () => {
      const many = (count) => Array.from({ length: count }, (_, i) => `X-${i}: 1`);
      const status = (...headers) => statusOf(mode, inBytes('GET /x', ...headers));
      assert.equal(await status(`X-Long: ${'x'.repeat(20_000)}`), 200);
      assert.equal(await status(`X-Long: ${'x'.repeat(33_000)}`), 431);
      assert.equal(await status(`X-Long: ${'x'.repeat(100_000)}`), 431);
      assert.equal(await status(...many(98)), 200); // with Host and Connection 100
      assert.equal(await status(...many(99)), 431);
      const line = (length) => inBytes(`GET /x?${'x'.repeat(length - 'GET /x? HTTP/1.1\r\n'.length)}`);
      assert.equal(await statusOf(mode, line(8192)), 200);
      assert.equal(await statusOf(mode, line(8193)), 414);
    });

  test(`${mode}: two Host are 400, and the handler hears nothing`, async () => {
    for (const host of ['Host: other.example', 'host: localhost', 'HOST:']) {
      assert.equal(await statusOf(mode, inBytes('GET /hosts', host)), 400, host);
    }
    assert.equal((await tally(mode))['/hosts'], undefined);
  });

  test(`${mode}: two slashes in a path are 404`, async () => {
    for (const path of ['/any//a', '//negotiate', '/a//b/']) {
      assert.equal((await request(hosts[mode].host.url + path)).status, 404, path);
    }
  });

  test(`${mode}: an upload that is cut off never reaches the handler`, async () => {
    const socket = net.connect(hosts[mode].host.port, '127.0.0.1');
    socket.write(`${inBytes('POST /cut', 'Content-Length: 100000')}${'x'.repeat(1000)}`);
    const errors = () => hosts[mode].lines.filter((line) => line.includes('POST /cut')).length;
    socket.end();
    await new Promise((resolve) => socket.on('close', resolve).resume());
    assert.equal((await tally(mode))['/cut'], undefined);
    assert.equal(errors(), 1);
  });

  test(`${mode}: a body over the limit is 500, and the handler hears nothing`, async (t) => {
    const env = { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '10' };
    const small = await startHost({ functions: ANYTHING, options: { mode, env } });
    t.after(() => small.host.close());
    const { port, url } = small.host;
    const post = async (body) => (await request(`${url}/x`, { method: 'POST', body })).status;
    assert.equal(await post('x'.repeat(10)), 200);
    assert.equal(await post('x'.repeat(11)), 500);
    const chunked = `${inBytes('POST /x', 'Transfer-Encoding: chunked')}b\r\n12345678901\r\n0\r\n\r\n`;
    assert.equal((await exchangeBytes(port, chunked)).status, 500);
    const { text } = await request(`${url}/tally`);
    assert.equal(JSON.parse(text)['/x'], 1);
  });
}

test('forwarding: a chunked upload is 500, and the handler stays', async () => {
  const chunked = `${inBytes('POST /x', 'Transfer-Encoding: chunked')}2\r\n{}\r\n0\r\n\r\n`;
  assert.equal(await statusOf('forward', chunked), 500);
  await ask('forward', '/x');
});

test('proxying: a chunked upload passes', async () => {
  const chunked = `${inBytes('POST /x', 'Transfer-Encoding: chunked')}7\r\n{"a":1}\r\n0\r\n\r\n`;
  const { status, text } = await exchangeBytes(hosts.proxy.host.port, chunked);
  assert.equal(status, 200);
  assert.ok(text.includes('"body":"{\\"a\\":1}"'), text);
});

// ---- what the caller gets ----

for (const mode of MODES) {
  test(`${mode}: a redirect and the handler's headers pass through`, async () => {
    const { status, headers } = await request(`${hosts[mode].host.url}/moved`);
    assert.equal(status, 302);
    assert.equal(headers.location, '/elsewhere');
    assert.equal(headers.server, 'Kestrel');
    assert.equal((await request(`${hosts[mode].host.url}/typed`)).headers.server, 'own');
  });

  test(`${mode}: a response with a header that is not ASCII is 500, empty`, async () => {
    const { status, headers, text } = await request(`${hosts[mode].host.url}/bytes`);
    assert.deepEqual([status, text, headers['content-length']], [500, '', '0']);
    assert.equal(headers['x-name'], undefined);
  });
}

test('forwarding: a response in chunks is read whole and gets a length', async () => {
  const { headers, text } = await request(`${hosts.forward.host.url}/chunks`);
  assert.equal(text, 'first last');
  assert.equal(headers['content-length'], '10');
  assert.equal(headers['transfer-encoding'], undefined);
});

test('proxying: the answer is streamed', async () => {
  const { body } = await fetch(`${hosts.proxy.host.url}/chunks`);
  const chunks = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString());
  assert.deepEqual(chunks, ['first ', 'last']);
});
