// Settings: from the command line, the environment and a file, in this order; what makes no sense
// is refused with its place and, where a name is unknown, with the one that was probably meant.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readSettings } from '../cli.js';
import { SERVE } from '../commands/serve.js';
import { explainEverywhere, serviceOptions, warnings } from '../commands/service.js';
import { TOKEN, clientOf, tokenFault } from '../commands/token.js';
import { readOptions } from '../webpubsub/options.js';
import { startWebPubSub } from '../webpubsub/service.js';
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

/** What a command makes of its settings, without a process of its own. */
const COMMANDS = {
  serve: (args, env) => readOptions(serviceOptions(readSettings(SERVE, args, env), process.stdout)),
  token(args, env) {
    const values = readSettings(TOKEN, args, env);
    const fault = tokenFault(values);
    if (fault) throw new Error(fault);
    return clientOf(values, values.endpoint);
  },
};

const claimsOf = ({ token }) => verifyToken(token, { keys: [KEY], audience: () => true });

test('the command line comes before the environment, and that before the file', async () => {
  const file = await write('order.json', { hub: 'file', user: 'file', minutes: 1, accessKey: KEY });
  const env = { [`${PREFIX}CONFIG`]: file, [`${PREFIX}HUB`]: 'env', [`${PREFIX}USER`]: 'env' };
  const { stdout } = await run(['token', '--json', '--hub', 'line'], env);
  const { aud, sub, iat, exp } = claimsOf(JSON.parse(stdout));
  assert.equal(aud, 'http://localhost:8080/clients/socketio/hubs/line');
  assert.equal(sub, 'env');
  assert.equal(exp - iat, 60);
});

test('a list in the environment has commas, and one in the file is an array', async () => {
  const env = { [`${PREFIX}ACCESS_KEY`]: KEY, [`${PREFIX}ROLE`]: 'a,b', [`${PREFIX}NATIVE`]: 'true' };
  assert.deepEqual(claimsOf(COMMANDS.token([], env)).role, ['a', 'b']);
  const file = await write('list.json', { accessKey: [KEY], role: ['c', 'd'], native: true });
  const client = COMMANDS.token(['--config', file], {});
  assert.deepEqual(claimsOf(client).role, ['c', 'd']);
  assert.match(client.url, /^ws:\/\/localhost:8080\/client\/hubs\/codestream\?access_token=/);
});

test('what makes no sense is refused with its place', async () => {
  const bad = (name, value) => write(name, value).then((file) => ['--config', file]);
  const cases = [
    [['--prot', '1'], {}, /there is no option --prot: did you mean --port\?/],
    [['--xyzzyx'], {}, /there is no option --xyzzyx$/],
    [['--port', '0', 'frob'], {}, /Unexpected argument 'frob'/],
    [['--hub'], {}, /'--hub <value>' argument missing/],
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
    [await bad('e.json', { hub: null }), {}, /hub in \S+e\.json is a text, .* not null/],
    [await bad('f.json', { upstream: { a: 1 } }), {}, /upstream in \S+f\.json is a text, .* not \{"a":1\}/],
    [await bad('g.json', { hub: true }), {}, /hub in \S+g\.json is a text, .* not true/],
    [['--host', '', '--access-key', KEY], {}, /host is an address or a name, and not empty/],
    [['--hub', 'a', '--hub', 'b'], {}, /--hub a and --hub b do not go together: --hubs FILE has several/],
    [['--upstream', 'http://a/', '--upstream', 'http://b/'], {}, /together: --hubs FILE gives a hub several/],
    [['--user-events', 'a', '--user-events', 'b'], {}, /--user-events a and --user-events b .* with commas/],
  ];
  for (const [args, env, message] of cases) assert.throws(() => COMMANDS.serve(args, env), { message });
  const ofToken = [
    [['--endpoint', 'https://a.example'], {}, /for an emulator on this machine only/],
    [['--endpoint', 'ftp://localhost:8080'], {}, /for an emulator on this machine only/],
    [['--access-key', 'short'], {}, /an access key needs at least 32 bytes/],
    [[], { [`${PREFIX}ACCESS_KEY`]: '' }, /there have to be one or two access keys/],
    [['--hub', 'a', '--hub', 'b'], {}, /--hub a and --hub b do not go together: a token is for one hub/],
  ];
  for (const [args, env, message] of ofToken) assert.throws(() => COMMANDS.token(args, env), { message });
  const { port, hubs } = COMMANDS.serve(['--port', '1', '--port', '2', '--hub', 'a', '--hub', 'a'], {});
  assert.deepEqual([port, Object.keys(hubs)], [2, ['a']]); // which contradicts nothing
});

test('commands that cannot be meant end with what was probably meant', async () => {
  const cases = [
    [['tokn'], /there is no command 'tokn': did you mean token\?\nTry --help/],
    [['serve'], /there is no command 'serve': they are token and exec; without one it serves/],
    [['exec', 'npm', 'test'], /the command stands after --: exec -- npm test/],
    [['exec', '--hub', 'a'], /which command\? It stands after --/],
    [['token', '--hub', 'a-b'], /'a-b' is not a hub name/],
    [['--port', '0', '--host', '[::1]'], /ENOTFOUND \[::1\]: --host is .* without http:\/\/, brackets/],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await run(args);
    assert.ok([1, 2].includes(code), `${args}: ${code}`);
    assert.match(stderr, message);
  }
});

test('-h prints the help and --version the version, whatever else is there', async () => {
  const [help, version] = [await run(['-h', '--port', '1']), await run(['--version'])];
  assert.match(help.stdout, /^Usage: .*^ {2}-h, --help +print/ms);
  const { version: own } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'));
  assert.deepEqual([help.code, version], [0, { code: 0, stdout: `${own}\n`, stderr: '' }]);
});

test('the endpoint is an address that leads to the service; where it does not from elsewhere, that is told', async (t) => {
  const start = async (host) => {
    const service = await startWebPubSub({ host, accessKeys: [KEY] });
    t.after(() => service.close());
    return service;
  };
  for (const [host, name] of [['127.0.0.2', '127.0.0.2'], ['127.0.0.1', 'localhost'], ['0.0.0.0', 'localhost']]) {
    const { endpoint, port } = await start(host);
    assert.equal(endpoint, `http://${name}:${port}`);
    const address = endpoint.replace('localhost', '127.0.0.1');
    assert.equal((await request(`${address}/api/health`)).status, 200);
  }
  const interfaces = { lo: [{ internal: true, family: 'IPv4', address: '127.0.0.1' }],
    eth: [{ internal: false, family: 'IPv4', address: '192.0.2.7' }] };
  const service = { endpoint: 'http://localhost:8080', port: 8080 };
  const told = explainEverywhere({ host: '::' }, service, interfaces);
  assert.match(told, /^http:\/\/localhost:8080 leads here from this machine only.*--endpoint http:\/\/192\.0\.2\.7:8080,/);
  assert.equal(explainEverywhere({ host: '0.0.0.0', endpoint: 'http://a' }, service), undefined);
  assert.equal(explainEverywhere({}, service), undefined);
});

test('commands share an environment and a file: what is for another one is passed over', async () => {
  const file = await write('shared.json', { upstream: 'http://localhost:1/x', anonymous: true, user: 'ann' });
  const env = { [`${PREFIX}CONFIG`]: file, [`${PREFIX}LOG`]: 'true', [`${PREFIX}MINUTES`]: '5' };
  assert.equal(claimsOf(COMMANDS.token(['--access-key', KEY], env)).sub, 'ann');
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

test('an event handler beside servers is told what it gets, and servers beside a handler are no matter', () => {
  const told = (...args) => {
    const values = readSettings(SERVE, args, {});
    return warnings(serviceOptions(values, process.stdout), values);
  };
  const handler = ['--upstream', 'http://localhost:1/x'];
  assert.match(told('--service-mode', 'default', ...handler).join(), /^in default mode .* native clients only; without/);
  assert.deepEqual([told('--service-mode', 'default'), told(...handler)], [[], []]);
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
