// Bytes that are no HTTP, or too much of it. Only the host talks to the handler, yet nothing that
// comes in over a socket may hurt it.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { eventually } from '../lib/deadline.js';
import { test, before, after } from '../lib/test.js';
import { Connection, request } from '../lib/http.js';
import { connectionString, startHandler } from '../lib/handler.js';

const ANSWER_MS = 1000;

let handler;
before(async () => {
  handler = await startHandler({ service: connectionString('http://localhost:1') });
});
after(() => handler?.stop());

/** Writes the bytes, gives time for an answer, and asks for something sensible. */
async function survives(bytes) {
  const connection = await Connection.open(handler.port);
  const answer = connection.answer(ANSWER_MS).catch(() => null);
  connection.write(bytes);
  const first = await Promise.race([answer, connection.closed.then(() => null)]);
  if (first) assert.match(String(first.status), /^(4\d\d|501|505|200)$/);
  connection.close();
  assert.equal((await request(handler.port, { path: '/negotiate' })).status, 200);
  assert.ok(handler.alive);
}

const CASES = {
  'bytes that are no HTTP': '\x00\x01\x02\xff\r\n\r\n',
  'a TLS handshake': Buffer.from('16030100a5010000a103030d0a0d0a', 'hex'),
  'a request line without a version': 'GET /negotiate\r\n\r\n',
  'a version that nobody has': 'GET /negotiate HTTP/9.9\r\nHost: x\r\n\r\n',
  'a header without a colon': 'GET /negotiate HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n',
  'a negative Content-Length':
    'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
  'a Content-Length that is no number':
    'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: ten\r\n\r\n',
  'a Content-Length beyond all numbers':
    'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n',
  'a chunk whose size is no number':
    'POST /eventhandler HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  'a header of 64 KiB':
    `GET /negotiate HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(65_536)}\r\n\r\n`,
  'an address of 64 KiB': `GET /negotiate?${'x'.repeat(65_536)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'ten thousand headers': `GET /negotiate HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(10_000)}\r\n`,
};

for (const [what, bytes] of Object.entries(CASES)) {
  test(`${what}: whatever becomes of it, everybody else is served`, async () => {
    await survives(bytes);
  });
}

test('a client that asks before it sends its body gets its answer', async () => {
  for (const [length, status] of [[2, 400], [2 * 1024 * 1024, 413]]) {
    const connection = await Connection.open(handler.port);
    connection.write('POST /eventhandler HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n'
      + `Content-Length: ${length}\r\n\r\n`);
    connection.write(Buffer.alloc(length, '4'));
    assert.equal((await connection.answer()).status, status);
    connection.close();
  }
});

test('a client that leaves in the middle of a request harms nobody', async () => {
  for (const part of ['POST', 'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Le',
    'POST /eventhandler HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n42[']) {
    for (const leave of ['close', 'reset']) {
      const connection = await Connection.open(handler.port);
      connection.write(part);
      connection[leave]();
    }
  }
  assert.equal((await request(handler.port, { path: '/negotiate' })).status, 200);
});

/** No thread of it runs or wants to. */
const isAsleep = (pid) => readdirSync(`/proc/${pid}/task`).every((id) =>
  /\) S /.test(readFileSync(`/proc/${pid}/task/${id}/stat`, 'utf8')));

/** What it has used since it began, in user and system mode. */
function processorSeconds(pid) {
  const TICKS = 100;
  const [user, system] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ').slice(11, 13);
  return (Number(user) + Number(system)) / TICKS;
}

test('the head of a chunk that never ends does not keep the processor busy', async () => {
  const service = connectionString('http://localhost:1');
  const alone = await startHandler({ service, env: { CODESTREAM_LOOPS: '1' } });
  try {
    const connection = await Connection.open(alone.port);
    connection.write('POST /eventhandler HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n'
      + `5;${'a'.repeat(60_000)}`);
    // By the second of these the one loop has read what came before.
    for (let n = 0; n < 2; n += 1) {
      assert.equal((await request(alone.port, { path: '/' })).status, 200);
    }
    let asleep = 0;
    const slept = eventually(15_000, () => isAsleep(alone.pid) && (asleep += 1) >= 5,
      'a handler that has nothing to do');
    // Newer libmicrohttpd closes such a connection at once, older only when its time is over: who
    // was busy until then has used seconds.
    await Promise.race([slept, connection.closed]);
    const used = processorSeconds(alone.pid);
    assert.ok(used < 1, `${used} s of the processor`);
    await slept;
    connection.close();
  } finally {
    alone.kill('SIGKILL'); // SIGTERM would let it wait for the rest of the request
    await alone.exited;
  }
});
