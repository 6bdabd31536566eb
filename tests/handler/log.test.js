// Who reads the log, and how slowly, is no matter of those who ask; what is lost is told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import fs from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { readAck, sendToRoom } from '../lib/events.js';
import { sampledEvents } from '../lib/handler.js';
import { Connection } from '../lib/http.js';
import {
  account, ask, assertAccounted, startPiped, startWithLog, stop,
} from '../lib/log-pipe.js';
import { newParty, startRecorded } from '../lib/recorded.js';

/** More lines than pipe and buffers hold: a pipe has 64 KB, the handler 512 KB for each stream. */
const TOO_MANY = 2400;

test('a slow reader, 4 KB each 50 ms, holds up nobody; lines lost and lines read are all', async (t) => {
  const handler = await startPiped(t);
  handler.pipe.pace(50);
  await ask(handler.port, TOO_MANY);
  handler.pipe.pace(0);
  await assertAccounted(handler.pipe, TOO_MANY);
  await stop(handler);
});

test('a stdout that nobody reads holds up neither requests nor warnings; what was lost is told',
  async (t) => {
    const handler = await startPiped(t);
    await ask(handler.port, TOO_MANY);
    await ask(handler.port, 4, '/nothing', 404);
    await handler.errors.readUntil(
      () => account(handler.errors.lines, '/nothing').kept === 4, 'the warnings');
    assert.equal(handler.pipe.text, '');
    await assertAccounted(handler.pipe, TOO_MANY);
    assert.ok(account(handler.pipe.lines).lost > 0);
    await stop(handler);
  });

test('a stderr that nobody reads holds up neither requests nor the end', async (t) => {
  const handler = await startPiped(t);
  await ask(handler.port, TOO_MANY, '/nothing', 404);
  await stop(handler);
  assert.equal(handler.errors.text, '');
});

test('a reader that goes away in mid-stream ends nothing', async (t) => {
  const handler = await startPiped(t);
  await ask(handler.port, 100);
  handler.pipe.takePage();
  handler.pipe.close();
  await ask(handler.port, 400);
  await stop(handler);
});

test('what was logged before the end is there after it', async (t) => {
  const handler = await startPiped(t);
  await ask(handler.port, 100);
  await stop(handler);
  await assertAccounted(handler.pipe, 100);
  assert.equal(account(handler.pipe.lines).lost, 0);
  assert.equal(handler.pipe.lines.filter((line) => / event=listening /.test(line)).length, 1);
  // A request's line is handed over after its answer, and may come behind it.
  const isEnd = (line) => / event=stopping /.test(line);
  await handler.pipe.readUntil(() => handler.pipe.lines.some(isEnd), 'the line of the end');
});

test('a device that is always full holds up neither requests nor the end', async (t) => {
  const full = fs.openSync('/dev/full', 'w');
  t.after(() => fs.closeSync(full));
  const handler = await startWithLog(t, full, full);
  await ask(handler.port, 200);
  await ask(handler.port, 200, '/nothing', 404);
  await stop(handler);
});

/** A file system of 64 KB, or null: only root can make one, and not everywhere. */
async function smallDisk(t) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    await rm(folder, { recursive: true });
    return null;
  }
  t.after(async () => {
    execFileSync('umount', ['--lazy', folder]);
    await rm(folder, { recursive: true });
  });
  return folder;
}

test('a disk that is full for a while: requests are answered, lost lines are told', async (t) => {
  const disk = await smallDisk(t);
  if (!disk) {
    t.skip('only root can make a small disk; tests/unit/test_log_writer.c has one');
    return;
  }
  const file = path.join(disk, 'log');
  const log = fs.openSync(file, 'a');
  t.after(() => fs.closeSync(log));
  const handler = await startWithLog(t, log, log);
  await ask(handler.port, 1000);
  // Somebody makes room, between two of the handler's writes.
  process.kill(handler.pid, 'SIGSTOP');
  const before = fs.readFileSync(file, 'latin1');
  fs.truncateSync(file);
  process.kill(handler.pid, 'SIGCONT');
  const lines = () => `${before}${fs.readFileSync(file, 'latin1')}`.split('\n').slice(0, -1);
  await ask(handler.port, 4);
  await eventually(10_000, () => {
    const { kept, lost } = account(lines());
    return kept + lost >= 1004;
  }, 'a word about the lost lines');
  const { kept, lost, strange } = account(lines());
  assert.equal(kept + lost, 1004);
  assert.ok(lost > 0);
  assert.deepEqual(strange, []);
  await stop(handler);
});

// ---- how much is logged ----

test('accepted sendToRoom: a line a second for each worker says how many it stands for', async (t) => {
  const app = await startRecorded({ env: { CODESTREAM_LOOPS: '2' } });
  t.after(() => app.recorder.close());
  const { writer } = newParty();
  const start = Date.now();
  const connections = await Promise.all([1, 2, 3, 4].map(() => Connection.open(app.handler.port)));
  await Promise.all(connections.map(async (connection, c) => {
    for (let i = 0; i < 100; i += 1) {
      const answer = await connection.request(sendToRoom(writer, `${i}`, { ack: 100 * c + i }));
      assert.deepEqual(readAck(answer).value, { success: true });
    }
  }));
  await eventually(10_000, () => sampledEvents(app.handler.stdout) >= 400, 'the lines of all');
  const lines = app.handler.stdout.filter((line) => / name=sendToRoom /.test(line));
  assert.equal(sampledEvents(lines), 400);
  assert.ok(lines.length <= 2 * ((Date.now() - start) / 1000 + 1), lines.join('\n'));
  for (const line of lines) assert.match(line, /^level=info .*\bstatus=200 .* events=[1-9]\d*$/);
  connections.forEach((connection) => connection.close());
  await app.handler.stop();
});

test('the last events before the end are told, although their second is not over', async (t) => {
  const app = await startRecorded({ env: { CODESTREAM_LOOPS: '2' } });
  t.after(() => app.recorder.close());
  const { writer } = newParty();
  for (let i = 0; i < 37; i += 1) await app.ack(sendToRoom(writer, `${i}`, { ack: i }));
  await app.handler.stop();
  assert.equal(sampledEvents(app.handler.stdout), 37);
});

test('a sendToRoom that is refused or fails has a line of its own', async (t) => {
  const app = await startRecorded();
  t.after(() => app.recorder.close());
  const { writer } = newParty();
  const logged = async (event, pattern) => {
    const id = randomUUID();
    const headers = [...event.headers, ['X-Azure-Functions-InvocationId', id]];
    await app.send({ ...event, headers });
    const line = await app.handler.log.next((text) => text.includes(id));
    assert.match(line, pattern);
    assert.doesNotMatch(line, / events=/);
  };
  await app.ack(sendToRoom(writer, '1', { ack: 1 })); // whose line waits
  await logged(sendToRoom(writer, '1', { ack: 2, roomId: 'x' }), /^level=warn .* code=/);
  app.recorder.answerWith(() => ({ status: 400 }));
  await logged(sendToRoom(writer, '1', { ack: 3 }), /^level=error .* code=Upstream/);
  await app.handler.stop();
  assert.equal(sampledEvents(app.handler.stdout), 1);
});
