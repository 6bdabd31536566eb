// The Web PubSub stand-in under a crowd: as a process of its own, with LOAD_VIEWERS (100) viewers in a
// room, who are sent something for LOAD_SECONDS (2).

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { groupOf } from '../webpubsub/groups.js';
import { RawSocket, clientUrl, inTime, rest } from './testing.js';
import { test } from './test.js';

const COMMAND = fileURLToPath(new URL('../webpubsub.js', import.meta.url));
const KEY = 'a-key-for-the-crowd-of-32-bytes-or-more';
const HUB = 'crowd';
const VIEWERS = Number(process.env.LOAD_VIEWERS ?? 100);
const SENDS_A_SECOND = 50;
const SECONDS = Number(process.env.LOAD_SECONDS ?? 2);
const MAX_MEMORY = 250_000; // kB

/** Starts the stand-in; what comes back is enough for the helpers of testing.js. */
async function start(t) {
  const args = ['--port', '0', '--access-key', KEY, '--hub', HUB, '--max-pending-bytes', '2000000'];
  const child = spawn(process.execPath, [COMMAND, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout });
  const endpoint = await inTime(
    new Promise((resolve) => {
      lines.on('line', (line) => {
        const match = /at (http:\S+)$/.exec(line);
        if (match) resolve(match[1]);
      });
    }),
    'the address of the service',
  );
  const { port } = new URL(endpoint);
  return { pid: child.pid, endpoint, port, options: { accessKeys: [KEY] } };
}

async function join(service) {
  const socket = new RawSocket(clientUrl(service, HUB, { transport: 'websocket' }, 'ws'));
  await socket.next();
  socket.send('40');
  await socket.packet();
  return socket;
}

const peakMemory = (pid) => {
  const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(kilobytes);
};

test(`${VIEWERS} viewers get 50 sends a second, all of them, in order`, { timeout: 60_000 }, async (t) => {
  const service = await start(t);
  const viewers = await Promise.all(Array.from({ length: VIEWERS }, () => join(service)));
  const slow = await join(service);
  slow.socket.pause();
  const total = SENDS_A_SECOND * SECONDS;
  const readers = viewers.map(async (viewer) => {
    for (let wanted = 0; wanted < total;) {
      const packet = await viewer.next();
      if (packet === '2') viewer.send('3');
      else assert.equal(JSON.parse(packet.slice(2))[1], wanted++);
    }
  });
  const path = `/api/hubs/${HUB}/groups/${groupOf('/')}/:send`;
  const begun = Date.now();
  for (let i = 0; i < total; i++) {
    const early = begun + (i * 1000) / SENDS_A_SECOND - Date.now();
    if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
    const body = `42["message",${i},"${'x'.repeat(500)}"]`;
    assert.equal((await rest(service, 'POST', path, { body })).status, 202);
  }
  await Promise.all(readers);
  assert.ok(peakMemory(service.pid) < MAX_MEMORY, `${peakMemory(service.pid)} kB`);
  viewers.forEach(({ socket }) => socket.terminate());
  slow.socket.terminate();
});
