// Whoever started the handler is killed and cannot tell: the handler finds out, and leaves nothing
// behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { API_PLACEHOLDER, CONNECT_PLACEHOLDER } from '../../web/site.mjs';
import { eventually } from '../lib/deadline.js';
import { copyApp } from '../lib/app-files.js';
import { BINARY, cleanEnvironment, connectionString, ROOT, startHandler } from '../lib/handler.js';
import { Connection, request } from '../lib/http.js';
import { childOf, isGone } from '../lib/processes.js';
import { freePort } from '../lib/stack.js';
import { test } from '../lib/test.js';

const SETTING = 'WebPubSubForSocketIOConnectionString';
const SERVICE = connectionString('https://example.webpubsub.azure.com');
const END_MS = 20_000;
const TOGETHER = { timeout: 60_000, concurrency: true };

const ends = (pid, what) => eventually(END_MS, () => isGone(pid), `the end of ${what}`);

/** Starts a program with the settings of a handler; `says` waits for what it writes. */
function start(file, args) {
  const child = spawn(file, args, {
    cwd: ROOT,
    env: { ...cleanEnvironment(), [SETTING]: SERVICE },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes) => { text += bytes; });
  }
  const killed = () => child.kill('SIGKILL');
  process.on('exit', killed);
  child.on('exit', () => process.off('exit', killed));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  const says = async (pattern) => {
    await eventually(END_MS, () => pattern.test(text) || hasEnded(), `${pattern}`);
    return pattern.exec(text) ?? assert.fail(`it has ended without ${pattern}: ${text}`);
  };
  return { child, says };
}

/** The handler as the child of a shell. */
async function underShell() {
  const through = ['sh', '-c', '"$0" "$@" & wait'];
  const handler = await startHandler({ service: SERVICE, through });
  return { handler, pid: await childOf(handler.pid) };
}

async function parentIsKilled() {
  const { handler, pid } = await underShell();
  handler.kill('SIGKILL');
  await ends(pid, 'the handler');
}

async function answersUntilConnectionsAreClosed() {
  const { handler, pid } = await underShell();
  const connection = await Connection.open(handler.port);
  handler.kill('SIGKILL');
  await handler.log.next((line) => /event=stopping reason="the parent/.test(line), END_MS);
  assert.equal((await connection.request({ path: '/negotiate' })).status, 200);
  connection.close();
  await ends(pid, 'the handler');
}

/** The parent is gone before the handler's program runs: what was its child waits for that. */
async function parentIsGoneFromTheStart() {
  const port = await freePort();
  const wait = `read line; exec "${BINARY}" --port ${port}`;
  const program = `
    const { spawn } = require('node:child_process');
    console.log('pid=' + spawn('sh', ['-c', ${JSON.stringify(wait)}]).pid);`;
  const parent = start(process.execPath, ['-e', program]);
  const [, pid] = await parent.says(/pid=(\d+)/);
  parent.child.kill('SIGKILL');
  await ends(pid, 'the handler');
  await assert.rejects(request(port, { path: '/' }), /ECONNREFUSED/);
}

/** What starts the handler in Azure's place: a program, its options, what it says when it is up. */
const HOST = ['functions-host.js', ['--port', '0', '--app-root'], /Functions host at/];
const LOCAL = ['local.js', ['--no-func', '--page-port', '0', '--service-port', '0',
  '--functions-port', '0', '--root'], /Open the page/];

/** Runs `body(command)` with the command line of such a program and an application for it. */
async function withStandIn([name, options, ready], body) {
  const app = await copyApp();
  await mkdir(path.join(app.root, 'web/dist'), { recursive: true });
  await writeFile(path.join(app.root, 'web/dist/index.html'),
    `${API_PLACEHOLDER} ${CONNECT_PLACEHOLDER}`);
  const file = path.join(ROOT, 'emulator', name);
  try {
    await body([file, ...options, app.root, '--executable', BINARY], ready);
  } finally {
    await app.remove();
  }
}

const standInIsKilled = (standIn) => withStandIn(standIn, async (command, ready) => {
  const { child, says } = start(process.execPath, command);
  await says(ready);
  const pid = await childOf(child.pid);
  child.kill('SIGKILL');
  await ends(pid, 'the handler');
});

/** As make starts them: what is killed is the shell above. */
const aboveStandInsIsKilled = () => withStandIn(LOCAL, async (command, ready) => {
  const { child, says } = start('sh', ['-c', '"$0" "$@" & wait', process.execPath, ...command]);
  await says(ready);
  const standIns = await childOf(child.pid);
  const pid = await childOf(standIns);
  child.kill('SIGKILL');
  await Promise.all([ends(pid, 'the handler'), ends(standIns, 'the stand-ins')]);
});

test('whoever started the handler is killed', TOGETHER, (t) => Promise.all([
  t.test('the handler ends soon after', parentIsKilled),
  t.test('it answers on open connections until they are closed',
    answersUntilConnectionsAreClosed),
  t.test('before the handler could see it: it ends all the same', parentIsGoneFromTheStart),
  t.test('the Functions host: no handler is left', () => standInIsKilled(HOST)),
  t.test('all stand-ins: no handler is left', () => standInIsKilled(LOCAL)),
  t.test('what has started the stand-ins: nothing is left', aboveStandInsIsKilled),
]));
