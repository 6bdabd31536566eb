// How often a reader changes files on a request's way: how often a function is entered that stands
// in another file than the one entered before, on one thread, returns not counted, static and inline
// functions counted like any other.
//
// The way begins with the request's whole head, at the first `on_request`, and ends with its
// response, `http_response_send`, or with the last call that it has led to, where some go on behind
// the response.  What a loop does meanwhile by itself is part of it.  Not counted is what every file
// leans on: the build leaves out base/, io/loop, wire/json, wire/base64url and io/connections, and
// ACCESSORS has the look-ups in a request's headers and query.  Each way is traced several times on a
// connection that has been used before; what arrives in one piece here comes in two there, so that
// the median counts.
//
// Called by `make bench-switches`; --show prints the way itself.
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

const WARM = 4;
const RUNS = 9;
const writer = newPeer('w', newRoom());
const WAYS = [
  { name: 'negotiate', goal: 15, calls: 0, request: { path: '/negotiate' } },
  { name: 'sendToRoom', goal: 45, calls: 1, request: sendToRoom(writer, '{"a":1}', { ack: 1 }) },
  { name: "a writer's join", goal: 120, calls: 4, request: joinRoom(writer, writer.room, { ack: 1 }) },
];

const BEGIN = 'on_request';
const ENDS = ['http_response_send', 'http_request_release'];
const ACCESSORS = ['http_request_header', 'http_request_query', 'app_query'];

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

/** Of all that a handler entered for a request, { name, file } each: the files of its way, one after
 * the other, with the functions that were entered in each. */
function stretches(entries) {
  const first = entries.findIndex(({ name }) => name === BEGIN);
  const last = entries.findLastIndex(({ name }) => ENDS.includes(name));
  const way = [];
  for (const { name, file } of entries.slice(first, last + 1)) {
    if (ACCESSORS.includes(name)) continue;
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
    const counted = runs.map((entries) => stretches(entries.map((address) => known.get(address))));
    const median = counted.sort((a, b) => a.length - b.length)[(RUNS - 1) / 2];
    const switches = median.length - 1;
    const files = new Set(median.map(({ file: one }) => one)).size;
    console.log(`${way.name}: ${switches} changes between ${files} files (goal: ${way.goal})`);
    if (show) for (const { file: one, names } of median) console.log(`    ${one}: ${names.join(' ')}`);
    failed ||= switches > way.goal;
  });
}
process.exitCode = failed ? 1 : 0;
