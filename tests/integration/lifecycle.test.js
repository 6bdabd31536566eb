// The process: its options, its settings, its port, its end.
import assert from 'node:assert/strict';
import net from 'node:net';
import os from 'node:os';
import { once } from 'node:events';
import { test } from '../lib/test.js';
import { deferred, eventually, within } from '../lib/deadline.js';
import { sendToRoom } from '../lib/events.js';
import {
  ACCESS_KEY, connectionString, isComplaint, runHandler, startHandler,
} from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';
import { freePort } from '../lib/stack.js';

const STOP_MS = 5000;
const SERVICE = connectionString('https://example.webpubsub.azure.com');
const GOOD = { WebPubSubForSocketIOConnectionString: SERVICE };

test('--version says which one this is', async () => {
  const { code, stdout, stderr } = await runHandler(['--version']);
  assert.equal(code, 0);
  assert.match(stdout, /^codestream \S+\n$/);
  assert.equal(stderr, '');
});

test('--help names every option and every setting', async () => {
  const { code, stdout, stderr } = await runHandler(['--help']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  for (const word of ['--port', '--check', '--version', '--help', 'CODESTREAM_HUB',
    'CODESTREAM_SECRET', 'CODESTREAM_TOKEN_MINUTES', 'WebPubSubForSocketIOConnectionString',
    'FUNCTIONS_CUSTOMHANDLER_PORT']) {
    assert.ok(stdout.includes(word), word);
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
  CODESTREAM_APP: ['private-value', 'Codestream', 'codestream '],
  CODESTREAM_SECRET: ['private-value', 's'.repeat(31)],
  CODESTREAM_REST_TIMEOUT_MS: ['0', 'private-value', '99', '60001'],
  CODESTREAM_LOOPS: ['0', 'private-value', '65', '1e1'],
  CODESTREAM_TOKEN_MINUTES: ['0', '1441', '-5', 'private-value', '1.5', '60m', '9'.repeat(20)],
};

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
  for (const name of Object.keys(WRONG)) assert.ok(stderr.includes(name), `${name}: ${stderr}`);
});

test('a start with wrong settings says what is wrong, a line for each, and ends', async () => {
  const env = { CODESTREAM_HUB: '1-private-value', CODESTREAM_SECRET: 'private-value' };
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

for (const signal of ['SIGTERM', 'SIGINT']) {
  test(`${signal} with 50 events in flight: all answered, exit code 0, within 5 s`, async () => {
    const app = await startRecorded();
    const { writer } = newParty();
    const release = deferred();
    app.recorder.answerWith(() => ({ status: 202, until: release.promise }));
    const connections = await Promise.all(
      Array.from({ length: 50 }, () => Connection.open(app.handler.port)));
    const answers = connections.map((connection, i) =>
      connection.request(sendToRoom(writer, String(i), { ack: i })));
    await eventually(10_000, () => app.recorder.requests.length === 50, '50 REST requests');

    const asked = Date.now();
    app.handler.kill(signal);
    await refusesConnections(app.handler.port);
    release.resolve();
    for (const [i, answer] of answers.entries()) {
      assert.equal((await answer).text, `43${i}[{"success":true}]`);
    }
    const end = await within(STOP_MS, app.handler.exited, 'the end of the handler');
    assert.deepEqual(end, { code: 0, signal: null }, app.handler.stderr.join('\n'));
    assert.ok(Date.now() - asked < STOP_MS);
    await app.recorder.close();
  });
}

test('SIGTERM while the service does not answer: events get an error, exit code 0', async () => {
  const app = await startRecorded();
  const { writer } = newParty();
  app.recorder.answerWith(() => ({ never: true }));
  const answer = app.send(sendToRoom(writer, '1', { ack: 1 }), 2 * STOP_MS);
  await app.recorder.next();
  app.handler.kill('SIGTERM');
  const end = await within(STOP_MS + 2000, app.handler.exited, 'the end of the handler');
  assert.deepEqual(end, { code: 0, signal: null }, app.handler.stderr.join('\n'));
  assert.match((await answer).text, /^431\[\{"success":false,.*"Upstream"/);
  await app.recorder.close();
});

test('SIGTERM with connections that are idle ends at once', async () => {
  const handler = await startHandler({ service: SERVICE });
  const idle = await Connection.open(handler.port);
  await idle.request({ path: '/negotiate' });
  const fresh = await Connection.open(handler.port);
  handler.kill('SIGTERM');
  const end = await within(2000, handler.exited, 'the end of the handler');
  assert.deepEqual(end, { code: 0, signal: null }, handler.stderr.join('\n'));
  for (const connection of [idle, fresh]) connection.close();
});

test('SIGTERM with a request that never comes whole ends in time', async () => {
  const handler = await startHandler({ service: SERVICE });
  const half = await Connection.open(handler.port);
  half.write('POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n42');
  await request(handler.port, { path: '/negotiate' });
  handler.kill('SIGTERM');
  const end = await within(STOP_MS + 2000, handler.exited, 'the end of the handler');
  assert.deepEqual(end, { code: 0, signal: null }, handler.stderr.join('\n'));
  half.close();
});

test('a second signal does not make the end worse', async () => {
  const handler = await startHandler({ service: SERVICE });
  handler.kill('SIGTERM');
  handler.kill('SIGINT');
  handler.kill('SIGTERM');
  const end = await within(STOP_MS, handler.exited, 'the end of the handler');
  assert.ok(end.code === 0 || end.signal !== null, JSON.stringify(end));
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

async function refusesConnections(port) {
  await eventually(3000, async () => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    try {
      await once(socket, 'connect');
      return false;
    } catch {
      return true;
    } finally {
      socket.destroy();
    }
  }, 'an end of new connections');
}
