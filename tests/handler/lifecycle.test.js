// The process: its options, its settings, its port, its log. Its end: drain.test.js.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { once } from 'node:events';
import { test } from '../lib/test.js';
import { within } from '../lib/deadline.js';
import {
  ACCESS_KEY, connectionString, isComplaint, ROOT, runHandler, startHandler,
} from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { freePort } from '../lib/stack.js';

const SERVICE = connectionString('https://example.webpubsub.azure.com');
const GOOD = { WebPubSubForSocketIOConnectionString: SERVICE };

test('--version says which one this is', async () => {
  const { code, stdout, stderr } = await runHandler(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^codestream \S+\n$/);
  assert.equal(stderr, '');
});

test('--help names every option', async () => {
  const { code, stdout, stderr } = await runHandler(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const word of ['--port', '--check', '--version', '--help']) {
    assert.ok(stdout.includes(word), word);
  }
});

test('--help and the docs name every setting that is read', async () => {
  const { stdout } = await runHandler(['--help']);
  const [source, table] = await Promise.all(['src/config.c', 'docs/settings.md'].map(
    (file) => readFile(path.join(ROOT, file), 'utf8')));
  const settings = new Set(source.match(/(?<=")([A-Z]+_[A-Z_]+|__[a-z]\w+|[a-z]+_proxy)(?=")/g));
  assert.ok(settings.size >= 21, [...settings].join());
  for (const name of settings) {
    if (/_PROXY$/.test(name)) continue; // "in capitals, too"
    assert.ok(stdout.includes(name), `--help: ${name}`);
    assert.ok(table.includes(name), `settings.md: ${name}`);
  }
});

test('an option that does not exist is an error that points to --help', async () => {
  for (const args of [['--nonsense'], ['-x'], ['serve'], ['--port'], ['--port', '0', 'x']]) {
    const { code, stdout, stderr } = await runHandler(args, GOOD);
    assert.notEqual(code, 0, args.join(' '));
    assert.equal(stdout, '');
    assert.match(stderr, /--help/);
  }
});

test('a port that is none is an error', async () => {
  for (const port of ['x', '-1', '65536', '80a', '0x50', ' 80', '99999999999999999999']) {
    const option = await runHandler(['--port', port], GOOD);
    assert.notEqual(option.code, 0, port);
    assert.match(option.stderr, /port/i);
    const variable = await runHandler([], { ...GOOD, FUNCTIONS_CUSTOMHANDLER_PORT: port });
    assert.notEqual(variable.code, 0, port);
    assert.match(variable.stderr, /FUNCTIONS_CUSTOMHANDLER_PORT/);
  }
});

test('--check says that good settings are good', async () => {
  const own = { CODESTREAM_HUB: 'eio_hub', CODESTREAM_TOKEN_MINUTES: '5' };
  const lax = 'endpoint=http://localhost/; PORT=8080;accesskey=k==;;nonsense';
  for (const env of [GOOD, { ...GOOD, ...own, CODESTREAM_SECRET: 's'.repeat(32) },
    { WebPubSubForSocketIOConnectionString: lax }]) {
    const { code, stdout, stderr } = await runHandler(['--check'], env);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /\S/);
    assert.equal(stderr, '');
    assert.ok(!stdout.includes(ACCESS_KEY));
  }
});

const WRONG = {
  WebPubSubForSocketIOConnectionString: [
    undefined, '', 'nonsense', 'AccessKey=private-value;', 'Endpoint=https://private-value;',
    'Endpoint=http://private-value;AccessKey=k;', 'Endpoint=ftp://private-value;AccessKey=k;',
    'Endpoint=https://private-value;AccessKey=k;Port=0;',
    'Endpoint=https://private-value;AccessKey=k;Port=65536;',
    'Endpoint=https://private-value;AccessKey=k;AccessKey=private-value;',
  ],
  CODESTREAM_HUB: [
    '1private-value', 'private value', 'private/value', 'ä-private-value', 'x'.repeat(129),
  ],
  CODESTREAM_SECRET: ['private-value', 's'.repeat(31)],
  CODESTREAM_REST_TIMEOUT_MS: ['0', 'private-value', '99', '60001'],
  CODESTREAM_LOOPS: ['0', 'private-value', '65', '1e1'],
  CODESTREAM_TOKEN_MINUTES: ['0', '1441', '-5', 'private-value', '1.5', '60m', '9'.repeat(20)],
  CODESTREAM_CA_FILE: ['/private-value', '/etc', '/etc/hostname', '/dev/null'],
  SSL_CERT_FILE: ['/private-value', '/etc', '/etc/passwd'],
  FUNCTIONS_CUSTOMHANDLER_PORT: ['private-value', '65536', '-1'],
  FUNCTIONS_HTTPWORKER_PORT: ['private-value', '8080 '],
};

/** Only one of these is looked at, the other not. */
const HIDDEN = ['SSL_CERT_FILE', 'FUNCTIONS_HTTPWORKER_PORT'];

for (const [name, values] of Object.entries(WRONG)) {
  test(`--check names a wrong ${name} and does not show its value`, async () => {
    for (const value of values) {
      const { code, stdout, stderr } = await runHandler(['--check'], { ...GOOD, [name]: value });
      assert.notEqual(code, 0, `${name}=${value}`);
      assert.ok(stderr.includes(name), stderr);
      for (const text of [stdout, stderr]) assert.ok(!/private.value|s{31}/.test(text), text);
    }
  });
}

test('--check tells all that is wrong at once', async () => {
  const wrong = Object.entries(WRONG).map(([name, values]) => [name, values.at(-1)]);
  const env = Object.fromEntries(wrong);
  const { code, stderr } = await runHandler(['--check'], env);
  assert.notEqual(code, 0);
  for (const name of Object.keys(WRONG).filter((each) => !HIDDEN.includes(each))) {
    assert.ok(stderr.includes(name), `${name}: ${stderr}`);
  }
});

test('a start with wrong settings says what is wrong, a line for each, and ends', async () => {
  const env = {
    CODESTREAM_HUB: '1-private-value',
    CODESTREAM_SECRET: 'private-value',
    CODESTREAM_CA_FILE: '/private-value',
    FUNCTIONS_CUSTOMHANDLER_PORT: 'private-value',
  };
  const { code, stdout, stderr } = await runHandler(['--port', '0'], env);
  assert.notEqual(code, 0);
  assert.equal(stdout, '');
  const lines = stderr.trimEnd().split('\n');
  const names = [...Object.keys(env), 'WebPubSubForSocketIOConnectionString'];
  assert.equal(lines.length, names.length, stderr);
  for (const name of names) {
    assert.ok(lines.some((line) => isComplaint(line) && line.includes(name)), name);
  }
  assert.ok(!stderr.includes('private-value'), stderr);
});

test('the port comes from the host\'s variable, else its older one, else the option', async () => {
  const [first, second, third] = [await freePort(), await freePort(), await freePort()].map(String);
  const newName = { FUNCTIONS_CUSTOMHANDLER_PORT: first };
  const oldName = { FUNCTIONS_HTTPWORKER_PORT: second };
  for (const [env, args, expected] of [[{ ...newName, ...oldName }, ['--port', third], first],
    [oldName, ['--port', third], second], [{}, ['--port', third], third],
    [newName, [], first], [oldName, [], second]]) {
    const handler = await startHandler({ service: SERVICE, env, args });
    assert.equal(String(handler.port), expected);
    assert.equal((await request(handler.port, { path: '/' })).status, 200);
    await handler.stop();
  }
});

test('--check looks at --port as the start does', async () => {
  const bad = await runHandler(['--check', '--port', 'private-value'], GOOD);
  assert.notEqual(bad.code, 0);
  assert.match(bad.stderr, /--port is not a number/);
  const unused = { ...GOOD, FUNCTIONS_CUSTOMHANDLER_PORT: '8080' };
  assert.equal((await runHandler(['--check', '--port', 'private-value'], unused)).code, 0);
});

test('its first line says where it listens, and what it serves', async () => {
  const handler = await startHandler({ service: SERVICE });
  assert.match(handler.stdout[0], /^level=info event=listening port=\d+ version=\S+ .*paths=/);
  assert.deepEqual(handler.stderr, []);
  await handler.stop();
});

test('it listens on 127.0.0.1 only', async () => {
  const handler = await startHandler({ service: SERVICE });
  const others = Object.values(os.networkInterfaces()).flat()
    .filter(({ address }) => address !== '127.0.0.1' && !address.startsWith('fe80'))
    .map(({ address }) => address);
  for (const host of ['127.0.0.2', ...others]) {
    const socket = net.connect({ host, port: handler.port });
    const [error] = await within(5000, once(socket, 'error'), `no connection to ${host}`);
    assert.ok(/REFUSED|UNREACH|ADDRNOTAVAIL/.test(error.code), `${host}: ${error.code}`);
    socket.destroy();
  }
  await handler.stop();
});

test('a port that is taken is one line on stderr and exit code 1', async () => {
  const first = await startHandler({ service: SERVICE });
  const { code, stdout, stderr } = await runHandler(['--port', String(first.port)], GOOD);
  assert.equal(code, 1);
  assert.equal(stdout, '');
  assert.match(stderr, new RegExp(`^[^\\n]*\\b${first.port}\\b[^\\n]*\\n$`));
  assert.equal((await request(first.port, { path: '/negotiate' })).status, 200);
  await first.stop();
});

test('a port is free again when the process has ended, though clients were connected', async () => {
  const first = await startHandler({ service: SERVICE });
  const client = await Connection.open(first.port);
  await client.request({ path: '/negotiate' });
  await first.stop();
  const second = await startHandler({ service: SERVICE, args: ['--port', String(first.port)] });
  assert.equal((await request(second.port, { path: '/negotiate' })).status, 200);
  client.close();
  await second.stop();
});

test('a reader of the log that goes away does not end the handler', async () => {
  const handler = await startHandler({ service: SERVICE });
  handler.closeLog();
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await request(handler.port, { path: '/negotiate' })).status, 200);
    assert.equal((await request(handler.port, { path: '/nothing' })).status, 404);
  }
  await handler.stop();
});
