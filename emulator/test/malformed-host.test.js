// What no honest client sends, and what no honest handler answers, thrown at the stand-ins for the
// Functions host and the website.

import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { joined } from '../functions-host/payload.js';
import { request } from './testing.js';
import { startStandIn, throwAll, throwRequests } from './malformed.js';
import { API_PLACEHOLDER, CONNECT_PLACEHOLDER } from '../../web/site.mjs';
import { test } from './test.js';

/** A handler that answers with what its query says, byte for byte. */
const HANDLER = `#!/usr/bin/env node
require('node:net').createServer((socket) => {
  socket.on('error', () => {}).once('data', (data) => {
    const [, answer = ''] = /answer=([^ &]*)/.exec(data.toString('latin1')) ?? [];
    const plain = 'HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n';
    socket.end(unescape(answer) || plain, 'latin1');
  });
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

const ANSWERS = [
  ...['x', 'HTTP/1.1 200 OK', '\r\n\r\n', 'HTTP/1.1 099 x\r\n\r\n', 'HTTP/1.1 999 \x01\r\n\r\n'],
  'HTTP/1.1 101 x\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx',
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nx',
  'HTTP/1.1 200 \r\nX: \x80\xff\r\nX: \r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n',
];

const JSONS = ['', '[]', 'null', '{"Logs":1}', '{"Logs":[{"toString":1}]}'].concat(
  ['null', '1', '[]', '{"statusCode":"x"}', '{"status":99}', '{"headers":null}'].map(
    (res) => `{"Outputs":{"res":${res}}}`,
  ),
  ['{"headers":{"\\n":1}}', '{"headers":{"x":null}}', '{"headers":{"x":"\\u8a9e"}}'].map(
    (res) => `{"Outputs":{"res":${res}}}`,
  ),
);

async function startHost(t, mode) {
  const root = await mkdtemp(path.join(tmpdir(), 'malformed-'));
  t.after(() => rm(root, { recursive: true }));
  const customHandler = {
    description: { defaultExecutablePath: 'handler.cjs' },
    enableForwardingHttpRequest: mode !== 'payload',
  };
  const bindings = [
    { type: 'httpTrigger', direction: 'in', name: 'req', route: '{*rest}', authLevel: 'anonymous' },
    { type: 'http', direction: 'out', name: 'res' },
  ];
  await mkdir(path.join(root, 'all'));
  await writeFile(path.join(root, 'handler.cjs'), HANDLER, { mode: 0o755 });
  await writeFile(path.join(root, 'host.json'), JSON.stringify({ version: '2.0', customHandler }));
  await writeFile(path.join(root, 'all', 'function.json'), JSON.stringify({ bindings }));
  const stand = await startStandIn(
    'functions-host.js',
    /host at http:\S+:(\d+)/,
    ...['--app-root', root, '--port', '0', '--mode', mode, '--cors', 'http://a,http://b'],
  );
  t.after(() => stand.close());
  return stand;
}

for (const mode of ['forward', 'proxy', 'payload']) {
  test(`Functions host, ${mode}: malformed requests and answers`, async (t) => {
    const stand = await startHost(t, mode);
    await throwRequests(stand, ['/', '*', '/api/x', '/api/%zz?a=%zz', '/admin/host/ping']);
    const asJson = (json) => 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n'
      + `Content-Length: ${json.length}\r\n\r\n${json}`;
    await throwAll(stand, [...ANSWERS, ...JSONS.map(asJson)].map(
      (answer) => `GET /api/x?answer=${escape(answer)} HTTP/1.1\r\nHost: x\r\n\r\n`));
    const ping = `http://127.0.0.1:${stand.port}/admin/host/ping`;
    assert.equal((await request(ping)).status, 200);
  });
}

test('Functions host, payload: parameters called as what every object has', () => {
  const query = joined(new URLSearchParams('constructor=x&__proto__=y&__proto__=z'));
  assert.deepEqual(Object.entries(query), [['constructor', 'x'], ['__proto__', 'y,z']]);
});

// --- website ---

test('the website: malformed requests', async (t) => {
  const root = await mkdtemp(path.join(tmpdir(), 'malformed-'));
  t.after(() => rm(root, { recursive: true }));
  await writeFile(path.join(root, 'index.html'), API_PLACEHOLDER + CONNECT_PLACEHOLDER);
  const args = ['--root', root, '--port', '0'];
  const stand = await startStandIn('website.js', /Website at \S+:(\d+)/, ...args);
  t.after(() => stand.close());
  const long = `/assets/${'x'.repeat(5000)}.js`;
  await throwRequests(stand, ['/', '*', '/assets', '/assets/x.constructor', '/../x', '/%00', long]);
  assert.equal((await request(`http://127.0.0.1:${stand.port}/`)).status, 200);
});
