// This measures what the service costs a server of Socket.IO: MESSAGES (1000) of a writer to VIEWERS (20),
// all in order, and the round trip of an acknowledgement, on Socket.IO's own server and through the emulator
// in default mode. Server, emulator and clients are processes of their own.
import { fork, spawn } from 'node:child_process';
import path from 'node:path';
import process from 'node:process';
import { createRequire } from 'node:module';

import { eventually, within } from '../tests/lib/deadline.js';

const MESSAGES = Number(process.env.MESSAGES || (process.env.BENCH_SMOKE ? 100 : 1000));
const VIEWERS = Number(process.env.VIEWERS || 20);
const ACKS = 200;
const STEP_MS = 60_000;
const HUB = 'bench';
const KEY = 'k'.repeat(40);
const require = createRequire(path.resolve('tests/package.json'));
const { io } = require('socket.io-client');

const children = [];
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function startEmulator() {
  const args = ['emulator/webpubsub.js', '--port', '0', '--service-mode', 'default', '--hub', HUB, '--anonymous',
    '--access-key', KEY];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let said = '';
  child.stdout.on('data', (data) => (said += data));
  await eventually(STEP_MS, () => /^Endpoint=.*$/m.test(said), 'the connection string');
  return /^Endpoint=.*$/m.exec(said)[0];
}

/** @returns {Promise<string>} where clients connect */
async function startServer(...args) {
  const child = fork('bench/servers/server.cjs', args, {
    env: { ...process.env, NODE_PATH: path.resolve('tests/node_modules') },
  });
  children.push(child);
  return within(STEP_MS, new Promise((resolve) => child.once('message', ({ port }) => resolve(port))), 'a server');
}

async function measure(endpoint, options) {
  const connect = async () => {
    const socket = io(endpoint, { ...options, transports: ['websocket'], forceNew: true });
    await within(STEP_MS, new Promise((resolve) => socket.on('connect', resolve)), 'a client');
    await socket.emitWithAck('join');
    return socket;
  };
  const writer = await connect();
  const heard = [];
  const sockets = [writer];
  for (let i = 0; i < VIEWERS; i++) {
    const viewer = await connect();
    heard.push([]);
    viewer.on('tick', (n) => heard[i].push(n));
    sockets.push(viewer);
  }
  const started = performance.now();
  for (let n = 0; n < MESSAGES; n++) writer.emit('say', n);
  await eventually(STEP_MS, () => heard.every(({ length }) => length === MESSAGES), 'all messages');
  const seconds = (performance.now() - started) / 1000;
  if (heard.some((all) => all.some((n, i) => n !== i))) throw new Error('messages are out of order');
  const acks = [];
  for (let n = 0; n < ACKS; n++) {
    const asked = performance.now();
    await writer.emitWithAck('ask');
    acks.push(performance.now() - asked);
  }
  for (const socket of sockets) socket.disconnect();
  return { seconds, ackMs: median(acks) };
}

try {
  const native = await measure(`http://127.0.0.1:${await startServer()}`, {});
  const connectionString = await startEmulator();
  await startServer(connectionString, HUB);
  const [, endpoint, port] = /Endpoint=([^;]+);Port=(\d+)/.exec(connectionString);
  const service = await measure(`${endpoint}:${port}`, { path: `/clients/socketio/hubs/${HUB}` });
  console.log(`| ${MESSAGES} messages to ${VIEWERS} viewers | seconds | of native | acknowledgement, ms |`);
  console.log('| --- | ---: | ---: | ---: |');
  for (const [what, { seconds, ackMs }] of [["Socket.IO's own server", native], ['through the emulator', service]]) {
    console.log(`| ${what} | ${seconds.toFixed(2)} | ${(seconds / native.seconds).toFixed(1)} | ${ackMs.toFixed(2)} |`);
  }
} finally {
  for (const child of children) child.kill('SIGKILL');
}
process.exit(0);
