// Settings: from the command line, the environment and a file, in this order; what makes no sense
// is refused with its place and, where a name is unknown, with the one that was probably meant.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readOptions } from '../webpubsub/options.js';
import { verifyToken } from '../webpubsub/token.js';
import { inTime, isAlive, request, startHandler, until } from './testing.js';
import { after, before, test } from './test.js';

const PROGRAM = fileURLToPath(new URL('../webpubsub.js', import.meta.url));
const KEY = 'k'.repeat(32);
const PREFIX = 'WEBPUBSUB_EMULATOR_';

let folder;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), 'emulator-settings-'))));
after(() => rm(folder, { recursive: true }));

async function write(name, value) {
  const file = path.join(folder, name);
  await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
  return file;
}

/** Runs the program to its end. */
function run(args, env = {}) {
  return new Promise((resolve) => {
    const options = { env: { PATH: process.env.PATH, ...env }, cwd: folder };
    execFile(process.execPath, [PROGRAM, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error ? error.code : 0, stdout, stderr });
    });
  });
}

const claimsOf = (stdout, key = KEY) =>
  verifyToken(/^token +(\S+)$/m.exec(stdout)[1], { keys: [key], audience: () => true });

test('the command line comes before the environment, and that before the file', async () => {
  const file = await write('order.json', { hub: 'file', user: 'file', minutes: 1, accessKey: KEY });
  const env = { [`${PREFIX}CONFIG`]: file, [`${PREFIX}HUB`]: 'env', [`${PREFIX}USER`]: 'env' };
  const { stdout } = await run(['token', '--hub', 'line'], env);
  const { aud, sub, iat, exp } = claimsOf(stdout);
  assert.equal(aud, 'http://localhost:8080/clients/socketio/hubs/line');
  assert.equal(sub, 'env');
  assert.equal(exp - iat, 60);
});

test('a list in the environment has commas, and one in the file is an array', async () => {
  const env = { [`${PREFIX}ACCESS_KEY`]: KEY, [`${PREFIX}ROLE`]: 'a,b', [`${PREFIX}NATIVE`]: 'true' };
  assert.deepEqual(claimsOf((await run(['token'], env)).stdout).role, ['a', 'b']);
  const file = await write('list.json', { accessKey: [KEY], role: ['c', 'd'], native: true });
  const { stdout } = await run(['token', '--config', file]);
  assert.deepEqual(claimsOf(stdout).role, ['c', 'd']);
  assert.match(stdout, /^url +ws:\/\/localhost:8080\/client\/hubs\/codestream\?access_token=/m);
});

test('what makes no sense is refused with its place', async () => {
  const bad = (name, value) => write(name, value).then((file) => ['--config', file]);
  const cases = [
    [['--prot', '1'], {}, /there is no option --prot: did you mean --port\?/],
    [['--xyzzyx'], {}, /there is no option --xyzzyx\n/],
    [['frob'], {}, /Unexpected argument 'frob'/],
    [[], { [`${PREFIX}PROT`]: '1' }, /there is no variable \w+_PROT: did you mean \w+_PORT\?/],
    [[], { [`${PREFIX}PORT`]: 'x' }, /WEBPUBSUB_EMULATOR_PORT needs a number, not 'x'/],
    [[], { [`${PREFIX}LOG`]: 'maybe' }, /WEBPUBSUB_EMULATOR_LOG is true or false, not 'maybe'/],
    [await bad('a.json', { prot: 1 }), {}, /a\.json prot: did you mean port\?/],
    [await bad('b.json', { port: 'x' }), {}, /port in \S+b\.json needs a number/],
    [await bad('c.json', '{'), {}, /cannot read \S+c\.json/],
    [await bad('d.json', '[]'), {}, /d\.json is no JSON object/],
    [['--config', 'none.json'], {}, /cannot read none\.json: ENOENT/],
    [['--hubs', 'none.json'], {}, /cannot read none\.json: ENOENT/],
    [['--host', '0.0.0.0'], {}, /everybody knows the default access key.*`insecure`/],
    [['--host', '::', '--identity-token', 't', '--access-key', KEY], {}, /an identity token is acc/],
    [['token', '--endpoint', 'https://a.example'], {}, /for an emulator on this machine only/],
    [['token', '--hub', 'a-b'], {}, /'a-b' is not a hub name/],
    [await bad('e.json', { hub: null }), {}, /hub in \S+e\.json is a text, .* not null/],
    [await bad('f.json', { upstream: { a: 1 } }), {}, /upstream in \S+f\.json is a text, .* not \{"a":1\}/],
    [await bad('g.json', { hub: true }), {}, /hub in \S+g\.json is a text, .* not true/],
    [['--host', '', '--access-key', KEY], {}, /host is an address or a name, and not empty/],
    [['--port', '0', '--host', '[::1]'], {}, /ENOTFOUND \[::1\]: --host is .* without http:\/\/, brackets/],
    [['token', '--access-key', 'short'], {}, /an access key needs at least 32 bytes/],
    [['token'], { [`${PREFIX}ACCESS_KEY`]: '' }, /there have to be one or two access keys/],
    [['token', '--endpoint', 'ftp://localhost:8080'], {}, /for an emulator on this machine only/],
    [['exec', '--hub', 'a'], {}, /which command\? It stands after --/],
  ];
  await Promise.all(cases.map(async ([args, env, message]) => {
    const { code, stderr } = await run(args, env);
    assert.ok([1, 2].includes(code), `${args}: ${code}`);
    assert.match(stderr, message);
  }));
});

test('commands share an environment and a file: what is for another one is passed over', async () => {
  const file = await write('shared.json', { upstream: 'http://localhost:1/x', anonymous: true, user: 'ann' });
  const env = { [`${PREFIX}CONFIG`]: file, [`${PREFIX}LOG`]: 'true', [`${PREFIX}MINUTES`]: '5' };
  const asked = await run(['token', '--access-key', KEY], env);
  assert.equal(claimsOf(asked.stdout).sub, 'ann');
  const { code, stdout } = await run(['exec', '--', 'echo', 'ran'], env);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: 'ran\n' });
});

test('a time that no timer can wait for is refused, and not over at once', () => {
  assert.equal(readOptions({ cutAfterMs: 2147483647 }).cutAfterMs, 2147483647);
  assert.throws(() => readOptions({ cutAfterMs: 2147483648 }), /cutAfterMs should be ms, at most 2147483647/);
  assert.throws(() => readOptions({ retryDelaysMs: [1, 1e10] }), /retryDelaysMs should be list, at/);
  assert.throws(() => readOptions({ restFailEvery: 1e20 }), /restFailEvery should be count/);
});

test('hubs of the wrong form are refused in words, each fault at its place', () => {
  const cases = [
    [null, /hub 'chat' is an object with/],
    [5, /hub 'chat' is an object with/],
    [{ eventHandler: [] }, /hub 'chat' has no setting 'eventHandler': did you mean eventHandlers\?/],
    [{ eventHandlers: {} }, /eventHandlers of hub 'chat' is a list/],
    [{ eventHandlers: [null] }, /an event handler is an object with urlTemplate/],
    [{ eventHandlers: [{ url: 'http://x/' }] }, /an event handler has no setting 'url'/],
    [{ eventHandlers: [{ urlTemplate: 'http://x/', systemEvents: 'x' }] }, /systemEvents is a list/],
    [{ eventHandlers: [{ urlTemplate: 'http://x/', userEventPattern: ['a'] }] }, /userEventPattern is a text/],
  ];
  for (const [chat, message] of cases) {
    assert.throws(() => readOptions({ hubs: { chat } }), { name: 'Error', message });
  }
});

/** Starts the program; `ready` is its line of JSON. */
async function start(t, args, env = {}) {
  const child = spawn(process.execPath, [PROGRAM, '--port', '0', '--json', ...args],
    { env: { PATH: process.env.PATH, ...env } });
  const said = { out: '', err: '' };
  child.stdout.on('data', (data) => (said.out += data));
  child.stderr.on('data', (data) => (said.err += data));
  const ended = new Promise((resolve) => child.on('close', resolve));
  t.after(() => {
    child.kill('SIGKILL');
    return ended;
  });
  await until(() => said.out.endsWith('\n'), 'the line');
  return { said, ready: JSON.parse(said.out) };
}

test('--json: one line when it listens; health says when the handlers are validated', async (t) => {
  const handler = await startHandler({ allow: '' });
  t.after(() => handler.close());
  const { ready, said } = await start(t, ['--upstream', handler.url]);
  assert.equal(ready.ready, true);
  assert.equal(ready.socketio, `${ready.endpoint}/clients/socketio/hubs/{hub}`);
  assert.match(ready.connectionString, /^Endpoint=http:\/\/localhost;Port=\d+;AccessKey=/);
  const health = ready.endpoint.replace('localhost', '127.0.0.1') + '/api/health';
  assert.equal((await request(health)).status, 200);
  const { status, text } = await request(`${health}?ready`);
  assert.equal(status, 503);
  assert.deepEqual(JSON.parse(text), { invalid: [handler.url] });
  handler.allow = '*';
  await until(async () => (await request(`${health}?ready`)).status === 200, 'readiness');
  assert.match(said.err, /^warn .* is not validated: missing allowed origins.*answer OPTIONS with 200/m);
  assert.match(said.err, /^note .* is validated$/m);
});

test('another address than the loopback: an anonymous hub there is told loudly', async (t) => {
  const env = { [`${PREFIX}ACCESS_KEY`]: KEY };
  const { said } = await start(t, ['--host', '0.0.0.0', '--anonymous'], env);
  await until(() => /^warn +ANYBODY WHO REACHES 0\.0\.0\.0 CAN CONNECT/m.test(said.err), 'it');
});

test('what --hubs makes meaningless is told', async (t) => {
  const file = await write('hubs.json', { chat: {} });
  const { said } = await start(t, ['--hubs', file, '--upstream', 'http://localhost:1/x', '--anonymous']);
  await until(() => /^warn +beside --hubs nobody heeds --upstream and --anonymous: /m.test(said.err), 'it');
});

// ---- exec ----

test('exec: signals reach the command, and what it has left behind ends with it', async (t) => {
  const script = 'trap "exit 3" TERM; sleep 1000 & echo $!; wait';
  const child = spawn(process.execPath, [PROGRAM, 'exec', '--', 'sh', '-c', script],
    { stdio: ['ignore', 'pipe', 'inherit'] });
  const code = new Promise((resolve) => child.on('close', resolve));
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  await until(() => said.endsWith('\n'), 'the pid');
  child.kill('SIGTERM');
  assert.equal(await inTime(code, 'end'), 3);
  await until(() => !isAlive(Number(said)), 'the end of the sleeper');
});

test('exec: a command that is not there is 127; one that a signal ends, 128 and its number', async () => {
  assert.equal((await run(['exec', '--', 'no-such-command'])).code, 127);
  assert.equal((await run(['exec', '--', 'sh', '-c', 'kill -9 $$'])).code, 137);
});

test('exec --wait-for-handlers: the command runs when they are validated', async (t) => {
  const handler = await startHandler();
  t.after(() => handler.close());
  const args = ['exec', '--wait-for-handlers', '--upstream', handler.url, '--', 'echo', 'ran'];
  const { stdout, stderr } = await run(args);
  assert.equal(stdout, 'ran\n');
  assert.match(stderr, /is validated/);
});
