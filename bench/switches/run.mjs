// How often a reader changes files on a request's way: counts how often a function is entered that
// stands in another file than the one entered before, from the request's first byte to the end of
// its response and of all that follows from it. What every file leans on (base, loop, json,
// base64url) is left out by the build, and what a loop asks its parts on every turn by the list
// below. Called by `make bench-switches`; --show prints the way itself.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { eventually } from '../../tests/lib/deadline.js';
import { joinRoom, newPeer, newRoom, sendToRoom } from '../../tests/lib/events.js';
import { BINARY, ROOT, startHandler } from '../../tests/lib/handler.js';
import { Connection } from '../../tests/lib/http.js';
import { startRestRecorder } from '../../tests/lib/rest-recorder.js';
import { withCounts } from '../instructions/callgrind.mjs';

const { values: { show } } = parseArgs({ options: { show: { type: 'boolean' } } });

const WARM = 8;
const RUNS = 9; // what arrives in one piece here comes in two there: the least counts
const writer = newPeer('w', newRoom());
const WAYS = [
  { name: 'negotiate', goal: 15, calls: 0, request: { path: '/negotiate' } },
  { name: 'sendToRoom', goal: 45, calls: 1, request: sendToRoom(writer, '{"a":1}', { ack: 1 }) },
  { name: "a writer's join", goal: 120, calls: 4, request: joinRoom(writer, writer.room, { ack: 1 }) },
];

/** Where a request begins and ends, as libmicrohttpd tells. */
const [BEGIN, END] = ['on_target', 'on_completed'];
const EVERY_TURN = /(_wait_ms|_next_ms|_run|^until_\w+|^sweep_\w+|^close_silent|^end_overdue|^resume_backed_off|^give_memory_back|^is_last_call|^is_done|^held|^connections_\w+|^has_work|^is_time_to_\w+|^may_start|^may_be_named|^worker_\w+|^on_ready|^run_sample|^http_server_\w+)$/;

function readTrace(file) {
  const fd = openSync(file, 'r');
  try {
    const read = (bytes, at) => {
      const buffer = Buffer.alloc(bytes);
      readSync(fd, buffer, 0, bytes, at);
      return buffer;
    };
    const count = Number(read(8, 0).readBigUInt64LE());
    const entries = read(8 * count, 8);
    return Array.from({ length: count }, (_, i) => entries.readBigUInt64LE(8 * i));
  } finally {
    closeSync(fd);
  }
}

/** { name, file } of each address. */
function resolve(addresses) {
  const unique = [...new Set(addresses)];
  const lines = execFileSync('addr2line', ['-f', '-e', BINARY, ...unique.map((a) => a.toString(16))],
    { encoding: 'utf8', maxBuffer: 1 << 26 }).split('\n');
  return new Map(unique.map((address, i) => [address, {
    name: lines[2 * i], file: path.relative(ROOT, lines[2 * i + 1].split(':')[0]),
  }]));
}

/** The files of one way after the other, with the functions that were entered in each. */
function stretches(entries) {
  const way = [];
  for (const { name, file } of entries) {
    if (way.at(-1)?.file !== file) way.push({ file, names: [] });
    way.at(-1).names.push(name);
  }
  return way;
}

async function trace(file, { request, calls }) {
  const rest = await startRestRecorder();
  const handler = await startHandler({
    service: rest.connectionString, env: { TRACE: file, CODESTREAM_LOOPS: '1' },
  });
  const connection = await Connection.open(handler.port);
  const ways = [];
  try {
    for (let i = 1; i <= WARM + RUNS; i++) {
      const before = readTrace(file).length;
      assert.equal((await connection.request(request)).status, 200);
      await eventually(5000, () => rest.requests.length === i * calls, 'its calls');
      await eventually(5000, () => handlerIsQuiet(file), 'a handler that is quiet');
      if (i > WARM) ways.push(readTrace(file).slice(before));
    }
  } finally {
    connection.close();
    await handler.stop();
    await rest.close();
  }
  return ways;
}

let last = -1;
function handlerIsQuiet(file) {
  const { length } = readTrace(file);
  const isQuiet = length === last;
  last = length;
  return isQuiet;
}

let failed = false;
for (const way of WAYS) {
  await withCounts(async (file) => {
    const runs = await trace(file, way);
    const known = resolve(runs.flat());
    const counted = runs.map((entries) => {
      const named = entries.map((address) => known.get(address));
      const from = named.findIndex(({ name }) => name === BEGIN);
      return stretches(named.slice(from).filter(({ name }) => !EVERY_TURN.test(name)));
    });
    const least = counted.sort((a, b) => a.length - b.length)[0];
    const switches = least.length - 1;
    const files = new Set(least.map(({ file: one }) => one)).size;
    console.log(`${way.name}: ${switches} changes between ${files} files (goal: ${way.goal})`);
    if (show) for (const { file: one, names } of least) console.log(`    ${one}: ${names.join(' ')}`);
    failed ||= switches > way.goal;
  });
}
process.exitCode = failed ? 1 : 0;
