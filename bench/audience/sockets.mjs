// One room, many sockets, for real: stand-in and handler are processes of their own, here is the
// writer's core and a light client for each viewer. Every delta has to come to every viewer, in its
// order; the time that it takes is told. Called by `make bench-audience`.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { eventually, pause, within } from '../../tests/lib/deadline.js';
import { negotiate } from '../../tests/lib/sockets.js';
import { now, openWriter } from '../end-to-end/peer.mjs';
import { percentiles } from '../report/statistics.mjs';

const { WebSocket } = createRequire(new URL('../../tests/package.json', import.meta.url))('ws');

const VIEWERS = Number(process.env.VIEWERS || 8_000);
const DELTAS = Number(process.env.DELTAS || 20);
const DELTA_EVERY_MS = 1_000;
const START_MS = 20_000;
const JOIN_MS = 300_000;
const ARRIVE_MS = 60_000;
/** A page that is not in the room, or has no text, asks again, and so does a viewer here. */
const ASK_AGAIN_MS = 3_000;
/** That connect at the same time. */
const AT_ONCE = 400;

/** A delta in either form: its version. */
const VERSION = /"data":\[1,\d+,(\d+),|"type":"delta","epoch":\d+,"version":(\d+)/;
const FIRST_WORD = { data: 'sync', epoch: 0, version: -1, form: 1 };

/** A viewer that speaks just enough of Engine.IO and Socket.IO. */
class Light {
  isIn = false;
  hasText = false;
  versions = [];

  constructor({ endpoint, path, token, room_id: room }, onDelta) {
    this.room = room;
    this.onDelta = onDelta;
    const address = `${endpoint.replace(/^http/, 'ws')}${path}/?EIO=4&transport=websocket`;
    this.socket = new WebSocket(`${address}&access_token=${token}`, { perMessageDeflate: false });
    this.socket.on('message', (data) => this.#read(String(data)));
    this.socket.on('error', (error) => { this.error = error; });
  }

  #ask() {
    if (this.hasText || this.socket.readyState !== WebSocket.OPEN) return;
    if (this.isIn) this.#emit(1, 'sendToRoom', { room_id: `${this.room}-control`, data: FIRST_WORD });
    else this.#emit(0, 'joinRoom', { room_id: this.room });
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), ASK_AGAIN_MS).unref();
  }

  #emit(id, ...event) {
    this.socket.send(`42${id}${JSON.stringify(event)}`);
  }

  #read(packet) {
    if (packet === '2') this.socket.send('3');
    else if (packet.startsWith('0')) this.socket.send('40');
    else if (packet.startsWith('40')) this.#ask();
    else if (packet.startsWith('430')) {
      this.isIn ||= packet.includes('"success":true');
      if (this.isIn) this.#ask();
    } else if (packet.includes('"type":"full"')) this.hasText = true;
    else {
      const version = VERSION.exec(packet);
      if (version) this.onDelta(this, Number(version[1] ?? version[2]));
    }
  }
}

async function startStack() {
  const child = fork(fileURLToPath(new URL('../end-to-end/stack.mjs', import.meta.url)), ['alone'], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [{ api }] = await within(START_MS, once(child, 'message'), 'the stand-in');
  return {
    api,
    close: async () => {
      child.disconnect();
      await within(START_MS, once(child, 'exit'), 'the end of the stand-in');
    },
  };
}

async function joinAll(api, room, onDelta) {
  const ticket = await negotiate(api, { room });
  const viewers = [];
  while (viewers.length < VIEWERS) {
    const some = Array.from({ length: Math.min(AT_ONCE, VIEWERS - viewers.length) },
      () => new Light(ticket, onDelta));
    await eventually(JOIN_MS, () => some.every(({ hasText }) => hasText), 'the text at new viewers');
    viewers.push(...some);
  }
  return viewers;
}

const stack = await startStack();
try {
  const sentAt = new Map();
  const writer = await openWriter(stack.api, {
    onSend: (data) => {
      const version = Array.isArray(data) ? data[0] === 1 && data[2] : data.type === 'delta' && data.version;
      if (version) sentAt.set(version, now());
    },
  });
  const began = now();
  const waits = [];
  const viewers = await joinAll(stack.api, writer.link.room, (viewer, version) => {
    viewer.versions.push(version);
    waits.push(now() - sentAt.get(version));
  });
  const joined = (now() - began) / 1_000;
  for (let i = 0; i < DELTAS; i++) {
    writer.core.edit([[writer.core.text.length, 0, 'x']]);
    writer.step();
    await pause(DELTA_EVERY_MS);
  }
  const all = () => waits.length >= VIEWERS * sentAt.size;
  await eventually(ARRIVE_MS, all, 'each delta at each viewer');
  const inOrder = viewers.every(({ versions }) =>
    versions.length === sentAt.size && versions.every((version, i) => i === 0 || version === versions[i - 1] + 1));
  if (!inOrder) throw new Error('a viewer has missed a delta, or has it twice or out of order');
  const { p50, p99, max } = percentiles(waits);
  console.log(JSON.stringify({
    viewers: VIEWERS, deltas: sentAt.size, delivered: waits.length, joinedInSeconds: Math.round(joined),
    counted: writer.core.viewers, p50: Math.round(p50), p99: Math.round(p99), max: Math.round(max),
  }));
  for (const { socket } of viewers) socket.terminate();
  writer.stop();
} finally {
  await stack.close();
}
