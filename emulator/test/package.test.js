// The package: what its types name, and that it runs from what `npm pack` packs, where there is
// nothing else of the repository.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { readOptions } from '../webpubsub/options.js';
import { after, before, test } from './test.js';

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
  await mkdir(place, { recursive: true });
  await run('tar', ['-xzf', path.join(folder, filename), '--strip-components=1', '-C', place]);
  const { dependencies } = JSON.parse(readFileSync(path.join(place, 'package.json'), 'utf8'));
  const lock = JSON.parse(readFileSync(path.join(HERE, 'package-lock.json'), 'utf8')).packages;
  for (const [where, { dev }] of Object.entries(lock)) {
    if (where !== '' && !dev) await cp(path.join(HERE, where), path.join(folder, where), { recursive: true });
  }
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
