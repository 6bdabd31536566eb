// This measures what the emulator of Web PubSub costs: memory with many idle clients, and how fast a message reaches
// all of them. BASE=COMMIT: that version beside it, in the same run. CLIENTS (10000).
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';

import { signToken } from '../emulator/webpubsub/token.js';
import { eventually, within } from '../tests/lib/deadline.js';
import { cpuSecondsOf, rssBytesOf } from './usage.mjs';
import { WebSocket } from '../emulator/node_modules/ws/wrapper.mjs';

const CLIENTS = Number(process.env.CLIENTS || 10_000);
const AT_ONCE = 100; // that connect at a time
const SENDS = 20;
const STEP_MS = 120_000;
const HUB = 'bench';
const KEY = 'k'.repeat(40);

/** A version's folder: the working tree's, or that of a commit, with the packages that are there. */
function folderOf(commit) {
  if (!commit) return path.resolve('emulator');
  const place = path.resolve('build/bench', `emulator-${commit}`);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  const tar = execFileSync('git', ['archive', commit, 'emulator'], { maxBuffer: 2 ** 28 });
  execFileSync('tar', ['x', '-C', place], { input: tar });
  const folder = path.join(place, 'emulator');
  symlinkSync(path.resolve('emulator/node_modules'), `${folder}/node_modules`);
  return folder;
}

/** @returns {Promise<{child, port: number}>} the program, when it listens */
async function start(folder) {
  const args = ['webpubsub.js', '--port', '0', '--hub', HUB, '--anonymous', '--access-key', KEY];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  await eventually(STEP_MS, () => /;Port=\d+;/.test(said), 'the connection string');
  return { child, port: Number(/;Port=(\d+);/.exec(said)[1]) };
}

/** A client in namespace /, which answers pings and counts messages. */
function connect(port, count) {
  const url = `ws://127.0.0.1:${port}/clients/socketio/hubs/${HUB}/?EIO=4&transport=websocket`;
  const socket = new WebSocket(url, { perMessageDeflate: false });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      const text = data.toString();
      if (text.startsWith('0')) socket.send('40');
      else if (text === '2') socket.send('3');
      else if (text.startsWith('40')) resolve(socket);
      else count();
    });
  });
}

async function send(port, n) {
  const target = `/api/hubs/${HUB}/:send?api-version=2024-01-01`;
  const claims = { aud: `http://localhost:${port}${target}`, exp: Math.floor(Date.now() / 1000) + 60 };
  const { status } = await fetch(`http://127.0.0.1:${port}${target}`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${signToken(claims, KEY)}`, 'Content-Type': 'text/plain' },
    body: `42["tick",${n},"${'x'.repeat(100)}"]`,
  });
  if (status !== 202) throw new Error(`a send was answered ${status}`);
}

async function measure(commit) {
  const { child, port } = await start(folderOf(commit));
  const sockets = [];
  try {
    const before = rssBytesOf(child.pid);
    let received = 0;
    const count = () => received++;
    while (sockets.length < CLIENTS) {
      const some = Array.from({ length: Math.min(AT_ONCE, CLIENTS - sockets.length) }, () => connect(port, count));
      sockets.push(...await within(STEP_MS, Promise.all(some), 'clients'));
    }
    const idle = rssBytesOf(child.pid) - before;
    const [started, cpu] = [performance.now(), cpuSecondsOf(child.pid)];
    for (let n = 0; n < SENDS; n++) await send(port, n);
    await eventually(STEP_MS, () => received === SENDS * CLIENTS, 'all messages');
    const seconds = (performance.now() - started) / 1000;
    return {
      what: commit ?? 'this one', idleKb: idle / 1024 / CLIENTS, rssMb: (before + idle) / 2 ** 20,
      perSecond: received / seconds, cpuMicros: ((cpuSecondsOf(child.pid) - cpu) * 1e6) / received,
    };
  } finally {
    for (const socket of sockets) socket.terminate();
    child.kill('SIGKILL');
  }
}

const results = [];
for (const commit of [process.env.BASE || undefined, undefined].slice(process.env.BASE ? 0 : 1)) {
  results.push(await measure(commit));
}
console.log(`| emulator | MB with ${CLIENTS} idle clients | KB each | messages/s to them | CPU µs each |`);
console.log('| --- | ---: | ---: | ---: | ---: |');
for (const { what, rssMb, idleKb, perSecond, cpuMicros } of results) {
  const figures = [rssMb.toFixed(0), idleKb.toFixed(1), perSecond.toFixed(0), cpuMicros.toFixed(1)];
  console.log(`| ${[what, ...figures].join(' | ')} |`);
}
process.exit(0);
