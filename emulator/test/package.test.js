// The package: what its types name, and that it runs from what `npm pack` packs, where there is
// nothing else of the repository.

import assert from 'node:assert/strict';
import { execFile, spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { choosePort } from '../listen.js';
import { readOptions } from '../webpubsub/options.js';
import { PATIENCE } from './patience.js';
import { after, before, test } from './test.js';
import { JAVA, inTime } from './testing.js';

const HERE = fileURLToPath(new URL('../', import.meta.url));
const run = promisify(execFile);

test('the types name every option, and no other', () => {
  const types = readFileSync(path.join(HERE, 'index.d.ts'), 'utf8');
  const bodies = [...types.matchAll(/interface (?:WebPubSubOptions|Faults)\b.*? {\n(.*?)\n}/gs)];
  const options = bodies.map(([, body]) => body).join('\n');
  const named = [...options.matchAll(/^ {2}(\w+)\?:/gm)].map(([, name]) => name);
  assert.deepEqual(named.sort(), Object.keys(readOptions()).sort());
});

let folder;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'emulator-package-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: HERE });
  const [{ filename }] = JSON.parse(stdout);
  const place = path.join(folder, 'node_modules', 'webpubsub-socketio-emulator');
  // As npm would install it, and a client, without a network.
  await run('cp', ['-R', path.join(HERE, 'node_modules'), folder]);
  await mkdir(place, { recursive: true });
  await run('tar', ['-xzf', path.join(folder, filename), '--strip-components=1', '-C', place]);
  const { dependencies } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(path.join(HERE, 'package-lock.json'), 'utf8')).packages;
  await mkdir(path.join(folder, 'node_modules', '.bin'), { recursive: true });
  await symlink(path.join(place, 'webpubsub.js'),
    path.join(folder, 'node_modules', '.bin', 'webpubsub-socketio-emulator'));
  assert.ok(Object.keys(dependencies).every((name) => lock[`node_modules/${name}`]));
});
after(() => rm(folder, { recursive: true }));

const emulator = (args, env = {}) =>
  run(process.execPath, ['node_modules/webpubsub-socketio-emulator/webpubsub.js', ...args], {
    cwd: folder, env: { PATH: process.env.PATH, ...env },
  });

test('what is packed has no tests and nothing of the other stand-ins', async () => {
  const place = path.join(folder, 'node_modules', 'webpubsub-socketio-emulator');
  const names = (await readdir(place)).sort();
  for (const name of ['LICENSE', 'README.md', 'CHANGELOG.md', 'index.d.ts']) assert.ok(names.includes(name));
  for (const name of ['test', 'functions-host', 'website', 'local.js']) assert.ok(!names.includes(name));
});

test('packed: a command runs beside it and gets its addresses; the exit code is passed on', async () => {
  await writeFile(path.join(folder, 'emulator.json'), '{"hub": "chat"}');
  const script = `
    const { WebPubSubConnectionString: text, WEBPUBSUB_CLIENT_URL: url } = process.env;
    if (text !== process.env.WebPubSubForSocketIOConnectionString) process.exit(1);
    if (!text.includes('Port=' + new URL(url).port + ';')) process.exit(2);
    const to = url.replace('?', '?EIO=4&transport=polling&');
    fetch(to).then((r) => r.text()).then((said) => { console.log(said); process.exit(7); });`;
  const running = emulator(['exec', '--config', 'emulator.json', '--', process.execPath, '-e', script]);
  const { code, stdout } = await running.then(() => assert.fail('exit code 0'), (error) => error);
  assert.equal(code, 7);
  assert.match(stdout, /^0\{"sid":/);
});

test('packed: a program imports it as a library', async () => {
  const script = `
    import { startWebPubSub } from 'webpubsub-socketio-emulator';
    const service = await startWebPubSub();
    const { status } = await fetch(service.endpoint.replace('localhost', '127.0.0.1') + '/api/health');
    await service.close();
    console.log(status);`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  assert.equal(stdout, '200\n');
});

test('packed: the client in JavaScript ends when it is refused, and says why', async () => {
  const script = `
    import { startWebPubSub } from 'webpubsub-socketio-emulator';
    const eventHandlers = [{ urlTemplate: 'http://127.0.0.1:1/', systemEvents: ['connect'] }]; // nobody is there
    const hubs = { chat: { eventHandlers } };
    const service = await startWebPubSub({ hubs, log: () => {} });
    console.log(service.endpoint);
    await new Promise((resolve) => process.stdin.on('end', resolve).resume());
    await service.close();`;
  const service = spawn(process.execPath, ['--input-type=module', '-e', script], { cwd: folder });
  try {
    const endpoint = await inTime(new Promise((resolve) => service.stdout.once('data', resolve)), 'endpoint');
    const { stdout } = await emulator(['token', '--hub', 'chat', '--json'],
      { WEBPUBSUB_EMULATOR_ENDPOINT: String(endpoint).trim() });
    await writeFile(path.join(folder, 'client.json'), stdout);
    const client = run(process.execPath, [`${EXAMPLES}/client.mjs`], { cwd: folder, timeout: PATIENCE * STEP_MS });
    const { code, stderr } = await client.then(() => assert.fail('exit code 0'), (error) => error);
    assert.equal(code, 1);
    assert.match(stderr, /^connect_error: connect was refused \(.+ECONNREFUSED\)$/m);
  } finally {
    service.stdin.end();
  }
});

// --- the first event, as README.md has it -----------------------------------------------------

const EXAMPLES = 'node_modules/webpubsub-socketio-emulator/examples';
const STEP_MS = 12_000; // for each command: a Java program is compiled first

/** A line of the shell in the folder; one that ends with & stays. */
function shell(t, line, env) {
  const child = spawn('sh', ['-c', line.replace(/ &$/, '')],
    { cwd: folder, env: { ...process.env, ...env }, detached: true });
  let said = '';
  const readers = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      said += data;
      for (const read of readers) read();
    });
  }
  const closed = new Promise((resolve) => child.on('close', resolve));
  t.after(() => {
    try {
      process.kill(-child.pid, 'SIGKILL');
    } catch {
      // it has ended
    }
    return closed;
  });
  const fail = (what) => assert.fail(`${line}: ${what}: ${said}`);
  const within = (promise, what) =>
    inTime(promise, what, PATIENCE * STEP_MS).catch(({ message }) => fail(message));
  /** What it has said once that matches; it fails, too, when it ends before. */
  const says = (pattern) => within(new Promise((resolve, reject) => {
    const read = () => pattern.test(said) && resolve(said);
    readers.add(read);
    closed.then(() => (read() ? 0 : reject(new Error(`it has ended without ${pattern}`))));
    read();
  }), `${pattern}`);
  /** What it has said when it has ended well. */
  const ends = async () => ((await within(closed, 'end')) === 0 ? said : fail('it has failed'));
  const endsEarly = () => closed.then(() => fail('it has ended'));
  return { says, ends, endsEarly };
}

/** Which lines start the handler, and what has to be there for that. */
const HANDLERS = {
  Python: ['python3 --version', `python3 ${EXAMPLES}/handler.py`],
  Java: ['java -version', `java ${EXAMPLES}/Handler.java`],
};

for (const [language, [question, handler]] of Object.entries(HANDLERS)) {
  const isThere = spawnSync('sh', ['-c', question]).status === 0;
  const skip = isThere ? false : `there is no ${language} on this machine`;

  test(`packed: five commands lead to the first event, in ${language}`, { skip }, async (t) => {
    const readme = readFileSync(path.join(HERE, 'README.md'), 'utf8');
    const [install, inPython, serve, makeToken, ...rest] =
      /^## The first event\n.*?```sh\n(.*?)\n```/ms.exec(readme)[1].split('\n');
    assert.equal(rest.length, 1);
    assert.match(install, /^npm install \.\/webpubsub-socketio-emulator-[\d.]+\.tgz socket\.io-client$/);
    assert.equal(inPython, `${HANDLERS.Python[1]} &`);
    assert.ok(readme.includes(handler), handler);
    const handlerPort = await choosePort(0);
    const program = shell(t, `${handler} &`, { ...JAVA, PORT: handlerPort });
    const service = shell(t, serve.replace('7071', handlerPort), { WEBPUBSUB_EMULATOR_PORT: 0 });
    const [, endpoint] = /at (http:\S+)/.exec(await service.says(/^Endpoint=/m));
    await shell(t, makeToken, { WEBPUBSUB_EMULATOR_ENDPOINT: endpoint }).ends();
    await Promise.race([service.says(/is validated/), program.endsEarly()]);
    const client = shell(t, rest[0]);
    assert.equal(await client.ends(), 'hello is acknowledged: ok\n');
    await program.says(/user\.message 42\d+\["hello","world"\]/);
  });
}
