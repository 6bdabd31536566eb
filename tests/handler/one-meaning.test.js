// No request has two meanings: what another parser in front of the handler might read differently
// is refused with 400, the connection ends, and nothing that stands behind it is served. All else
// is read in the one way that is written here.
import assert from 'node:assert/strict';
import net from 'node:net';
import { once } from 'node:events';
import { test, before, after } from '../lib/test.js';
import { within } from '../lib/deadline.js';
import { connectionString, startHandler } from '../lib/handler.js';

const END_MS = 15_000;

let handler;
before(async () => {
  handler = await startHandler({ service: connectionString('http://localhost:1') });
});
after(() => handler?.stop());

/** Writes all bytes, ends our side if asked, and reads what comes until the other side ends. */
async function exchange(bytes, { end = false, parts = [] } = {}) {
  const socket = net.connect({ port: handler.port, host: '127.0.0.1' });
  socket.on('data', (part) => parts.push(part));
  const over = Promise.race([
    once(socket, 'end'),
    once(socket, 'error').then(([error]) => { throw error; }),
  ]);
  over.catch(() => {});
  try {
    await within(END_MS, once(socket, 'connect'), 'connection');
    socket.write(bytes);
    if (end) socket.end();
    await within(END_MS, over, 'the end of the connection');
  } finally {
    socket.destroy();
  }
  return Buffer.concat(parts).toString('latin1');
}

/** libmicrohttpd 0.9.75 writes the head of its own answer to a malformed Content-Length twice. */
const DOUBLE_HEAD = /^(HTTP\/1\.1 400 [^]*?\r\n\r\n)\1(?=<html>)/;
const statuses = (text) => [...text.replace(DOUBLE_HEAD, '$1').matchAll(/HTTP\/1\.1 (\d{3}) /g)]
  .map(([, code]) => Number(code));

/** A request of these lines; what is undefined is left out. */
const head = (...lines) => `${lines.filter((line) => line !== undefined).join('\r\n')}\r\n\r\n`;
const get = (target, ...lines) => head(`GET ${target} HTTP/1.1`, 'Host: x', ...lines);
const post = (...lines) => head('POST /eventhandler HTTP/1.1', 'Host: x', ...lines);

/** Stands behind each request: whoever serves it has taken the end of the first to be here. */
const BEHIND = head('GET /behind HTTP/1.1', 'Host: x', 'Connection: close');

const REFUSED = {
  // Characters.
  'a control character in a value': get('/negotiate', 'X-A: a\x01b'),
  'a backspace in a value': get('/negotiate', 'X-A: a\bb'),
  'a vertical tab in a value': get('/negotiate', 'X-A: a\x0bb'),
  'a form feed that ends a value': get('/negotiate', 'X-A: a\f'),
  'an escape in a value of more than eight bytes': get('/negotiate', 'X-A: 0123456789\x1b[31m'),
  'a DEL in a value': get('/negotiate', 'X-A: a\x7f'),
  'a bare CR in a value': get('/negotiate', 'X-A: a\rX-B: b'),
  'a bare CR in front of a header': get('/negotiate', '\rX-A: a'),
  'a NUL in a value': get('/negotiate', 'X-A: a\0b'),
  'a NUL that ends a value': get('/negotiate', 'X-A: a\0'),
  'a NUL in the user of an event': post('ce-userId: w.R\0x', 'Content-Length: 0'),
  'a NUL in a name': get('/negotiate', 'X-\0A: a'),
  'a line that begins with a NUL': get('/negotiate', 'X-A: a', '\0Content-Length: 5'),
  'a bare LF that ends a header': get('/negotiate', 'X-A: a\nX-B: b'),
  'a bare LF that ends the request line': 'GET /negotiate HTTP/1.1\nHost: x\r\n\r\n',
  'a bare LF that ends the head': 'GET /negotiate HTTP/1.1\r\nHost: x\r\n\n',
  'bare LFs only': 'GET /negotiate HTTP/1.1\nHost: x\n\n',
  // Headers.
  'a folded value': get('/negotiate', 'X-A: a\r\n b'),
  'a folded value with a tab': get('/negotiate', 'X-A: a\r\n\tb'),
  'a fold that makes a name whole': post('ce-hu: codestream\r\n b', 'Content-Length: 0'),
  'a fold in front of the first header': head('GET /negotiate HTTP/1.1', ' X-A: a', 'Host: x'),
  'a space in front of the colon': get('/negotiate', 'Content-Length : 5'),
  'a tab in front of the colon': get('/negotiate', 'Transfer-Encoding\t: chunked'),
  'a space in a name': get('/negotiate', 'X A: a'),
  'no name': get('/negotiate', ': a'),
  'no colon': get('/negotiate', 'nonsense'),
  'a slash in a name': get('/negotiate', 'X/A: a'),
  'a letter in a name that is not ASCII': get('/negotiate', 'X-\xe4: a'),
  // Where the body ends.
  'two Content-Length': post('Content-Length: 5', 'Content-Length: 6').concat('hello'),
  'two Content-Length that are equal': post('Content-Length: 5', 'content-length: 5').concat('hello'),
  'a list of Content-Length': post('Content-Length: 5, 5').concat('hello'),
  'a Content-Length with a sign': post('Content-Length: +5').concat('hello'),
  'a negative Content-Length': post('Content-Length: -5').concat('hello'),
  'a hexadecimal Content-Length': post('Content-Length: 0x5').concat('hello'),
  'a Content-Length with a fraction': post('Content-Length: 5.0').concat('hello'),
  'a Content-Length without a value': post('Content-Length:').concat('hello'),
  'Content-Length and Transfer-Encoding':
    post('Content-Length: 5', 'Transfer-Encoding: chunked').concat('0\r\n\r\n'),
  'Transfer-Encoding and Content-Length':
    post('Transfer-Encoding: chunked', 'Content-Length: 5').concat('0\r\n\r\n'),
  'Transfer-Encoding: identity': post('Transfer-Encoding: identity'),
  'Transfer-Encoding: xchunked': post('Transfer-Encoding: xchunked').concat('0\r\n\r\n'),
  'Transfer-Encoding: gzip, chunked': post('Transfer-Encoding: gzip, chunked').concat('0\r\n\r\n'),
  'Transfer-Encoding: chunked, chunked': post('Transfer-Encoding: chunked, chunked').concat('0\r\n\r\n'),
  'Transfer-Encoding: "chunked"': post('Transfer-Encoding: "chunked"').concat('0\r\n\r\n'),
  'Transfer-Encoding and a blank behind it': post('Transfer-Encoding: chunked ').concat('0\r\n\r\n'),
  'Transfer-Encoding without a value': post('Transfer-Encoding:'),
  'two Transfer-Encoding':
    post('Transfer-Encoding: chunked', 'Transfer-Encoding: identity').concat('0\r\n\r\n'),
  'Transfer-Encoding in HTTP/1.0':
    head('POST /eventhandler HTTP/1.0', 'Transfer-Encoding: chunked').concat('0\r\n\r\n'),
  'a chunk whose size is no number': post('Transfer-Encoding: chunked').concat('5x\r\nhello\r\n0\r\n\r\n'),
  'a chunk whose size has a sign': post('Transfer-Encoding: chunked').concat('+5\r\nhello\r\n0\r\n\r\n'),
  'a chunk whose size has a prefix': post('Transfer-Encoding: chunked').concat('0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk without a size': post('Transfer-Encoding: chunked').concat('\r\nhello\r\n0\r\n\r\n'),
  'a chunk that is longer than its size':
    post('Transfer-Encoding: chunked').concat('5\r\nhello!\r\n0\r\n\r\n'),
  // The host.
  'two Host': get('/negotiate', 'Host: y'),
  'two Host that are equal': get('/negotiate', 'host: x'),
  'two Host in HTTP/1.0': head('GET /negotiate HTTP/1.0', 'Host: x', 'Host: y'),
  'no Host': head('GET /negotiate HTTP/1.1', 'X-A: a'),
  'a list of hosts': head('GET /negotiate HTTP/1.1', 'Host: x, y'),
  'a user in the host': head('GET /negotiate HTTP/1.1', 'Host: x@y'),
  'a path in the host': head('GET /negotiate HTTP/1.1', 'Host: x/y'),
  'a port alone as host': head('GET /negotiate HTTP/1.1', 'Host: :80'),
  'a port that is no number': head('GET /negotiate HTTP/1.1', 'Host: x:y'),
  'two ports': head('GET /negotiate HTTP/1.1', 'Host: x:1:2'),
  'brackets that hold nothing': head('GET /negotiate HTTP/1.1', 'Host: []'),
  'brackets that do not end': head('GET /negotiate HTTP/1.1', 'Host: [::1'),
  'brackets the wrong way round': head('GET /negotiate HTTP/1.1', 'Host: ]::1['),
  'something behind the brackets': head('GET /negotiate HTTP/1.1', 'Host: [::1]x'),
  'an address without brackets': head('GET /negotiate HTTP/1.1', 'Host: ::1'),
  'a space in the host': head('GET /negotiate HTTP/1.1', 'Host: x y'),
  // The target.
  'an encoded NUL in the path': get('/negotiate%00'),
  'an encoded NUL in front of another path': get('/negotiate%00/../eventhandler'),
  'an encoded NUL in a value of the query': get('/negotiate?room_id=a%00b'),
  'an encoded NUL in a name of the query': get('/negotiate?room_id%00=a'),
  'an encoded slash': get('/api%2Fnegotiate'),
  'an encoded slash at the end': get('/negotiate%2f'),
  'a per cent sign that encodes nothing': get('/negotiate%'),
  'a per cent sign before other letters': get('/negoti%zzate'),
  'a fragment': get('/negotiate#x'),
  'a space in the path': get('/negotiate x'),
  'two spaces in front of the target': get(' /negotiate'),
  'a tab in the path': get('/negotiate\tx'),
  'a control character in the query': get('/negotiate?a=\x01'),
  'a byte above ASCII in the path': get('/negoti\xe4te'),
  'a relative path': get('negotiate'),
  'another scheme': get('ftp://x/negotiate'),
  'a URL without a host': get('http:///negotiate'),
  'a URL with a port and no host': get('http://:80/negotiate'),
  'a URL with a colon for a host': get('http://:/negotiate'),
  'a URL with a user': get('http://x@y/negotiate'),
  'a URL with an encoded NUL': get('http://x/negotiate%00'),
  'a URL with an encoded host': get('http://%78/negotiate'),
  'an authority': head('CONNECT x:80 HTTP/1.1', 'Host: x:80'),
  // The request line.
  'HTTP/0.9': 'GET /negotiate\r\n\r\n',
  'a method with a slash in it': head('G/T /negotiate HTTP/1.1', 'Host: x'),
  'a version in small letters': head('GET /negotiate http/1.1', 'Host: x'),
  'a version of three digits': head('GET /negotiate HTTP/1.11', 'Host: x'),
};

for (const [what, request] of Object.entries(REFUSED)) {
  test(`${what} is refused, and what stands behind it is not served`, async () => {
    const text = await exchange(Buffer.from(request + BEHIND, 'latin1'));
    assert.deepEqual(statuses(text), [400], JSON.stringify(text));
    assert.match(text, /^connection: close\r$/im);
  });
}

/**
 * What the releases of libmicrohttpd, 0.9.75 and 1.0.1, read differently, and neither in another way
 * than somebody in front could: the statuses of each of the answers there may be.
 */
const REFUSED_OR_READ = {
  // From 1.0 on libmicrohttpd ends the connection by itself, without an answer.
  'a NUL in the target': [get('/negotiate\0x'), [400], []],
  'a NUL in the method': [head('GET\0 /negotiate HTTP/1.1', 'Host: x'), [400], []],
  // A blank at the end is no part of a value (RFC 9112 section 5.1): 1.0 does not hand it out.
  'a Content-Length and a blank behind it': [post('Content-Length: 5 ').concat('hello'), [400], [400, 404]],
  // A request without a body need not be told to continue (RFC 9110 section 10.1.1).
  'an expectation of a GET': [get('/negotiate', 'Expect: 100-continue'), [100, 200, 404], [200, 404]],
  'an expectation of an empty body': [head('POST /negotiate HTTP/1.1', 'Host: x',
    'Expect: 100-continue', 'Content-Length: 0'), [100, 200, 404], [200, 404]],
  // What 0.9 hands out of it is what it hands out of a CR and a LF: see SECURITY.md.
  'a NUL in the place of a CR': [get('/negotiate', 'X-A: a\0\nX-B: b'), [200, 404], [400]],
};

for (const [what, [request, ...expected]] of Object.entries(REFUSED_OR_READ)) {
  test(`${what} has one meaning, or is refused`, async () => {
    const text = await exchange(Buffer.from(request + BEHIND, 'latin1'));
    const told = JSON.stringify(statuses(text));
    assert.ok(expected.map((one) => JSON.stringify(one)).includes(told), JSON.stringify(text));
  });
}

/** Accepted; the status of the answer, and that of what stands behind it if it is served. */
const ACCEPTED = {
  'a tab in a value': [get('/negotiate', 'X-A: a\tb'), 200, 404],
  'tabs and a long value': [get('/negotiate', `X-A: \t${'a\tb'.repeat(20)}`), 200, 404],
  'bytes above ASCII in a value': [get('/negotiate', 'X-A: \xff\x80\xe4 0123456789'), 200, 404],
  'an empty value': [get('/negotiate', 'X-A:'), 200, 404],
  'all characters of a name': [get('/negotiate', "!#$%&'*+-.^_`|~09AZaz: a"), 200, 404],
  'one Content-Length': [post('Content-Length: 5').concat('hello'), 400, 404],
  'a Content-Length with zeros in front': [post('Content-Length: 005').concat('hello'), 400, 404],
  'a body that a GET has': [get('/negotiate', 'Content-Length: 2').concat('{}'), 200, 404],
  'a large body that a GET has':
    [get('/negotiate', 'Content-Length: 100000').concat('x'.repeat(100_000)), 200, 404],
  'a chunked body that a GET has':
    [get('/negotiate', 'Transfer-Encoding: chunked').concat('2\r\n{}\r\n0\r\n\r\n'), 200],
  // Behind a chunked body nothing is served: libmicrohttpd takes bare line feeds in there.
  'chunked alone': [post('Transfer-Encoding: chunked').concat('5\r\nhello\r\n0\r\n\r\n'), 400],
  'chunked in other letters': [post('Transfer-Encoding: Chunked').concat('0\r\n\r\n'), 400],
  'chunks with an extension':
    [post('Transfer-Encoding: chunked').concat('5;a=b\r\nhello\r\n0\r\n\r\n'), 400],
  'a trailer': [post('Transfer-Encoding: chunked').concat('0\r\nContent-Length: 5\r\n\r\n'), 400],
  'a bare LF between chunks':
    [post('Transfer-Encoding: chunked').concat('5\nhello\r\n0\r\n\r\n'), 400],
  'a line that begins with a NUL in the trailer':
    [post('Transfer-Encoding: chunked').concat('0\r\n\0X: 5\r\n\r\n'), 400],
  'no Host in HTTP/1.0': [head('GET /negotiate HTTP/1.0'), 200],
  'an empty Host': [head('GET /negotiate HTTP/1.1', 'Host:'), 200, 404],
  'a Host with a port': [head('GET /negotiate HTTP/1.1', 'Host: localhost:7071'), 200, 404],
  'an address as Host': [head('GET /negotiate HTTP/1.1', 'Host: [::1]:7071'), 200, 404],
  'a URL': [get('http://x/negotiate'), 200, 404],
  'a URL below /api': [get('HTTPS://x:443/api/negotiate?room_id=short'), 400, 404],
  'a URL of another host, which wins': [get('http://y/negotiate'), 200, 404],
  'a URL without a path': [get('http://x'), 200, 404],
  'a URL without a path, with a query': [get('http://x?a=b'), 200, 404],
  'an encoded letter': [get('/%6Eegotiate'), 200, 404],
  'encoded dots, which are a name like others': [get('/x/%2e%2e/negotiate'), 404, 404],
  'dots, which are a name like others': [get('/x/../negotiate'), 404, 404],
  'two slashes': [get('//negotiate'), 404, 404],
  'a backslash': [get('/\\negotiate'), 404, 404],
  'a parameter of the path': [get('/negotiate;x'), 404, 404],
  'a NUL that is encoded twice': [get('/negotiate%2500'), 404, 404],
  'an encoded slash in the query': [get('/negotiate?a=%2F'), 200, 404],
  'a per cent sign in the query': [get('/negotiate?a=50%'), 200, 404],
  'an asterisk': [head('OPTIONS * HTTP/1.1', 'Host: x'), 404, 404],
  'an unknown version of HTTP/1': [head('GET /negotiate HTTP/1.2', 'Host: x'), 200, 404],
  'an empty line in front': [`\r\n${get('/negotiate')}`, 200, 404],
  'a method in small letters': [head('get /negotiate HTTP/1.1', 'Host: x'), 405, 404],
  'an expectation that nobody has': [get('/negotiate', 'Expect: nothing'), 200, 404],
};

for (const [what, [request, ...expected]] of Object.entries(ACCEPTED)) {
  test(`${what}: the request has one meaning`, async () => {
    const text = await exchange(Buffer.from(request + BEHIND, 'latin1'));
    assert.deepEqual(statuses(text), expected, JSON.stringify(text));
  });
}

// libmicrohttpd ends such a connection by itself, without an answer.
for (const [what, line] of [['a space in front of the method', ' GET /negotiate HTTP/1.1'],
  ['a request line without a space', 'GET\t/negotiate\tHTTP/1.1'], ['a method alone', 'GET']]) {
  test(`${what}: nothing is served`, async () => {
    assert.equal(await exchange(head(line, 'Host: x') + BEHIND), '');
  });
}

test('the version of HTTP that comes next is not ours', async () => {
  for (const version of ['HTTP/2.0', 'HTTP/9.9', 'HTTP/0.9']) {
    const text = await exchange(head(`GET /negotiate ${version}`, 'Host: x') + BEHIND);
    assert.deepEqual(statuses(text), [505]);
  }
});

test('who is refused while a large body is under way still gets the answer', async () => {
  const body = Buffer.alloc(8 * 1024 * 1024, 'x');
  for (const lines of [
    [`Content-Length: ${body.length}`, `Content-Length: ${body.length}`],
    [`Content-Length: ${body.length}`, 'X-A: \x01'],
  ]) {
    const text = await exchange(Buffer.concat([Buffer.from(post(...lines), 'latin1'), body]), {
      end: true,
    });
    assert.deepEqual(statuses(text), [400]);
  }
});

test('whom libmicrohttpd refuses itself may lose the answer to a large body, and is not served', async () => {
  const body = Buffer.concat([Buffer.alloc(8 * 1024 * 1024, 'x'), Buffer.from(BEHIND)]);
  for (const lines of [
    ['Content-Length: 5, 5'],
    [`Content-Length: ${body.length}`, 'Transfer-Encoding: chunked'],
  ]) {
    const parts = [];
    const bytes = Buffer.concat([Buffer.from(post(...lines), 'latin1'), body]);
    await exchange(bytes, { end: true, parts }).catch(({ code }) => {
      assert.match(code, /^(EPIPE|ECONNRESET)$/);
    });
    const text = Buffer.concat(parts).toString('latin1');
    assert.ok(statuses(text).every((status) => status === 400), text);
  }
});

test('the answer to a HEAD that is refused has no body', async () => {
  const text = await exchange(head('HEAD /negotiate HTTP/1.1', 'Host: x', 'Host: y'));
  assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\n$/);
});

test('what was refused is in the log, and why', async () => {
  await exchange(post('Content-Length: 5', 'Content-Length: 6', 'X-Azure-Functions-InvocationId: told'));
  const line = await handler.log.next((one) => /invocation=told\b/.test(one));
  assert.match(line, /path=\/eventhandler .*status=400 .*reason="there are two Content-Length headers"/);
});
