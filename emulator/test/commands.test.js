// The stand-ins as commands: what they print, what they refuse, and that they end with all they
// started.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { KNOBS } from '../webpubsub/options.js';
import { API_PLACEHOLDER, CONNECT_PLACEHOLDER } from '../../web/site.mjs';
import { inTime, isAlive, request, until } from './testing.js';
import { test } from './test.js';

const EMULATOR = fileURLToPath(new URL('../', import.meta.url));

/** Starts a command; its lines are in `lines`. */
function run(t, name, ...args) {
  const env = { ...process.env };
  delete env.CODESTREAM_BIN; // these tests bring their own handler
  const child = spawn(process.execPath, [path.join(EMULATOR, name), ...args], { env });
  const command = { child, lines: [] };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => command.lines.push(line));
  }
  command.ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  command.text = () => command.lines.join('\n');
  command.says = async (pattern) => {
    await until(
      () => pattern.test(command.text()) || child.exitCode !== null,
      `${pattern} in: ${command.text()}`,
    );
    assert.match(command.text(), pattern);
    return pattern.exec(command.text());
  };
  t.after(async () => {
    child.kill('SIGKILL');
    await command.ended;
  });
  return command;
}

const ends = (command) => inTime(command.ended, 'end of the command');

// --- webpubsub.js -----------------------------------------------------------------------------

test('webpubsub.js prints the connection string and serves', async (t) => {
  const command = run(t, 'webpubsub.js', '--port', '0', '--access-key', 'k'.repeat(32), '--log');
  const [, port] = await command.says(
    /^Endpoint=http:\/\/localhost;Port=(\d+);AccessKey=k{32};Version=1\.0;$/m,
  );
  const health = `http://127.0.0.1:${port}/api/health?api-version=2024-01-01`;
  assert.equal((await request(health, { method: 'HEAD' })).status, 200);
  await command.says(/^\d\d:\d\d:\d\d\.\d{3} rest +HEAD \/api\/health\S+ -> 200 \d+ ms$/m);
  command.child.kill('SIGINT');
  assert.equal(await ends(command), 0);
});

test('webpubsub.js --help names every knob', async (t) => {
  const command = run(t, 'webpubsub.js', '--help');
  assert.equal(await ends(command), 0);
  for (const name of Object.keys(KNOBS)) {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    assert.ok(command.text().includes(flag), flag);
  }
});

test('command lines that cannot be meant are refused', async (t) => {
  for (const [args, message] of [
    [['--nonsense'], /--help/],
    [['--port', 'x'], /--port needs a number/],
    [['--ordering', 'x'], /--ordering is connection or socket/],
    [['--access-key', 'short'], /at least 32 bytes/],
    [['--upstream', 'ftp://x'], /URL template/],
    [['--hubs', '/no/such/file'], /ENOENT/],
  ]) {
    const command = run(t, 'webpubsub.js', ...args);
    assert.notEqual(await ends(command), 0);
    assert.match(command.text(), message);
  }
});

// --- local.js ---------------------------------------------------------------------------------

const HANDLER = `#!/usr/bin/env node
const http = require('node:http');
console.log('pid=' + process.pid);
process.on('SIGTERM', () => process.exit(0));
http.createServer((req, res) => {
  if (req.url.startsWith('/register')) process.exit(7);
  const { WebPubSubForSocketIOConnectionString: string, FROM_FILE: file } = process.env;
  res.end(JSON.stringify([string, file]));
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

/** A whole application, but for a handler that tells its settings. */
async function makeRoot(t, { handler = true } = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'local-test-'));
  t.after(() => rm(root, { recursive: true }));
  const put = async (name, content) => {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(
      path.join(root, name),
      typeof content === 'string' ? content : JSON.stringify(content),
    );
  };
  const trigger = (more) => ({
    bindings: [
      { type: 'httpTrigger', direction: 'in', name: 'req', authLevel: 'anonymous', ...more },
      { type: 'http', direction: 'out', name: 'res' },
    ],
  });
  await put('host.json', {
    version: '2.0',
    customHandler: {
      description: { defaultExecutablePath: 'codestream' },
      enableForwardingHttpRequest: true,
    },
    extensions: { http: { routePrefix: '' } },
  });
  await put(
    'negotiate/function.json',
    trigger({ route: '{action:regex(^(negotiate|register)$)}' }),
  );
  await put('eventhandler/function.json', trigger({ methods: ['post', 'options'] }));
  await put('local.settings.json', { IsEncrypted: false, Values: { FROM_FILE: 'yes' } });
  await put('web/dist/index.html', `<p>${API_PLACEHOLDER} ${CONNECT_PLACEHOLDER}`);
  if (handler) {
    await put('codestream', HANDLER);
    await chmod(path.join(root, 'codestream'), 0o755);
  }
  return root;
}

/** Free ports, so that runs do not meet; --no-func: the stand-in is what is tested. */
const local = (t, root, ...more) =>
  run(
    t,
    'local.js',
    '--root',
    root,
    '--no-func',
    '--page-port',
    '0',
    '--service-port',
    '0',
    '--functions-port',
    '0',
    ...more,
  );

test('local.js starts everything, says where the page is, and ends everything', async (t) => {
  const command = local(t, await makeRoot(t));
  const [, page] = await command.says(/Open the page: +(http:\S+)/);
  const [, negotiate] = await command.says(/negotiate +(http:\S+)/);
  const [, service] = await command.says(/Web PubSub +(http:\S+)/);
  const [, pid] = await command.says(/pid=(\d+)/);
  const shown = await (await fetch(page)).text(); // it comes compressed
  assert.match(shown, new RegExp(`^<p>${new URL(negotiate).origin} `));
  const [connectionString, fromFile] = JSON.parse((await request(negotiate)).text);
  assert.ok(
    connectionString.startsWith(`Endpoint=http://localhost;Port=${new URL(service).port};`),
  );
  assert.equal(fromFile, 'yes');
  assert.ok(isAlive(Number(pid)));
  command.child.kill('SIGTERM');
  assert.equal(await ends(command), 0);
  assert.ok(!isAlive(Number(pid)));
});

test('local.js takes another port when one is in use, and says so', async (t) => {
  const taken = http.createServer();
  await new Promise((resolve) => taken.listen(0, '127.0.0.1', resolve));
  t.after(() => taken.close());
  const { port } = taken.address();
  for (const [flag, name] of [
    ['--page-port', 'The website'],
    ['--service-port', 'Web PubSub'],
    ['--functions-port', 'The Functions host'],
  ]) {
    const command = local(t, await makeRoot(t), flag, String(port));
    await command.says(new RegExp(`${name} is on port \\d+: ${port} is in use`));
    await command.says(/Open the page/);
    command.child.kill('SIGINT');
    assert.equal(await ends(command), 0);
  }
});

test('local.js says which part has died, ends the rest and fails', async (t) => {
  const command = local(t, await makeRoot(t));
  const [, page] = await command.says(/Open the page: +(http:\S+)/);
  const [, negotiate] = await command.says(/negotiate +(http:\S+)/);
  for (let life = 1; life <= 3; life++) {
    await until(() => command.text().split('pid=').length > life, `life ${life}`);
    await until(
      () => command.text().split('started and initialized').length > life,
      `life ${life}`,
    );
    await request(negotiate.replace('negotiate', 'register'));
  }
  assert.notEqual(await ends(command), 0);
  assert.match(
    command.text(),
    /The Functions host has stopped: the handler ended 3 times, last with 7/,
  );
  await assert.rejects(request(page), /ECONNREFUSED/);
});

test('local.js without the handler says what to do', async (t) => {
  const command = local(t, await makeRoot(t, { handler: false }));
  assert.notEqual(await ends(command), 0);
  assert.match(command.text(), /build it first \(make\)/);
});
