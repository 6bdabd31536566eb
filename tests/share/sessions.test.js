// How a session of codestream-share begins, goes on and ends.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { after, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { ViewerPage, WriterPage } from '../lib/page-core.js';
import { startFaultProxy } from '../lib/fault-proxy.js';
import { folder, PROGRAM, SOON_MS, startShare } from '../lib/share-program.js';
import { startStack } from '../lib/stack.js';

const WORD = 'a word of twenty letters';

let stack;
let worded;
before(async () => {
  [stack, worded] = await Promise.all([
    startStack({ host: true, website: true, keepDays: 7 }),
    startStack({ env: { CODESTREAM_WRITERS: WORD } }),
  ]);
});
after(() => Promise.all([stack?.close(), worded?.close()]));

const backEnd = () => ({ api: stack.api });

function watching(t, room) {
  const viewer = new ViewerPage({ backEnd: backEnd(), room });
  t.after(() => viewer.close());
  const shows = (text) => eventually(SOON_MS, () => viewer.text === text, `${text} at the viewer`);
  return { viewer, shows };
}

/** A file in a home of its own. */
async function desk(t, text = 'text\n') {
  const home = await folder(t);
  const file = `${home}/file.js`;
  await writeFile(file, text);
  const start = (...args) => startShare(['--page', stack.page, ...args, file], { home });
  const kept = () => readdir(`${home}/state/codestream-share`).catch(() => []);
  return { home, file, start, kept };
}

test('a session that was left goes on with --resume, and one that was ended does not', async (t) => {
  const { home, file, start, kept } = await desk(t);
  const none = start('--resume');
  assert.deepEqual(await none.exited, { code: 1, signal: null });
  assert.match(none.err, /there is no earlier session of .*file\.js to go on with/);

  const first = start();
  const room = await first.room();
  const { viewer, shows } = watching(t, room);
  await shows('text\n');
  const [name] = await eventually(SOON_MS, async () => ((await kept()).length ? kept() : undefined), 'it is kept');
  const { mode } = await stat(`${home}/state/codestream-share/${name}`);
  assert.equal(mode & 0o777, 0o600);
  const { key } = JSON.parse(await readFile(`${home}/state/codestream-share/${name}`, 'utf8'));
  assert.ok(!first.out.includes(key) && !first.err.includes(key), 'the key is shown');
  assert.deepEqual(await first.end('SIGTERM'), { code: 143, signal: null });
  await eventually(2 * SOON_MS, () => viewer.status.word === 'Writer away', 'it is away');

  await writeFile(file, 'later\n');
  const second = start('--resume');
  assert.equal(await second.room(), room);
  await shows('later\n');
  assert.equal(viewer.status.word, 'Live');
  assert.deepEqual(await second.end('SIGINT'), { code: 0, signal: null });
  await eventually(SOON_MS, () => viewer.status.word === 'Ended', 'the end');
  assert.deepEqual(await kept(), []);
});

test('the text is kept where the page keeps texts, and said before; --no-keep keeps none', async (t) => {
  const { home, start } = await desk(t, 'kept\n');
  const share = start();
  const room = await share.room();
  const read = async (room) => {
    const response = await fetch(`${stack.api}/text?room_id=${room}`);
    return response.ok ? (await response.json()).content : response.status;
  };
  await eventually(SOON_MS, async () => (await read(room)) === 'kept\n', 'it is kept');
  assert.match(share.err, /^The newest text is kept for 7 days .*--no-keep it is not kept\.$/m);
  const other = start('--no-keep');
  const { shows } = watching(t, await other.room());
  await shows('kept\n');
  await other.end('SIGINT');
  assert.equal(await read(await other.room()), 404);
  assert.deepEqual(await share.end('SIGTERM'), { code: 143, signal: null });
  const once = startShare(['watch', '--once', await share.link()], { home });
  assert.deepEqual(await once.exited, { code: 0, signal: null });
  assert.equal(once.out, 'kept\n', 'whoever comes later has the kept text');
  assert.doesNotMatch(other.err, /is kept for/);
});

test('hands that are raised are counted, with their lines', async (t) => {
  const { start } = await desk(t, 'a\nb\nc\n');
  const share = start();
  const { viewer, shows } = watching(t, await share.room());
  await shows('a\nb\nc\n');
  viewer.core.hand.set({ up: true, line: 2, question: '' }, performance.now());
  viewer.connection.step();
  await share.says(/^Live, 1 viewer, 1 hand raised at line 2$/);
});

test('somebody who takes the pen elsewhere ends it, and says so', async (t) => {
  const { home, start, kept } = await desk(t);
  const share = start();
  const room = await share.room();
  await share.says(/^Live/);
  const [name] = await eventually(SOON_MS, async () => ((await kept()).length ? kept() : undefined), 'it is kept');
  const { key, epoch } = JSON.parse(await readFile(`${home}/state/codestream-share/${name}`, 'utf8'));
  const rival = new WriterPage({ backEnd: { ...backEnd(), room, key }, text: 'mine' });
  rival.core.greatest = epoch;
  t.after(() => rival.close());
  assert.deepEqual(await share.exited, { code: 1, signal: null });
  assert.match(share.err, /this stream goes on elsewhere; --resume takes it back/);
  const stored = JSON.parse(await readFile(`${home}/state/codestream-share/${name}`, 'utf8'));
  assert.ok(stored.epoch >= rival.core.epoch, 'what takes it back has to exceed the other one');
});

test('the owner’s word comes from the environment; without one, or with a wrong one, it ends', async (t) => {
  const { home, file } = await desk(t);
  const args = ['--page', 'http://localhost:9/', '--api', worded.api, file];
  const start = (env) => startShare(args, { home, env });
  for (const [env, reason] of [
    [{}, /needs a word; CODESTREAM_WRITERS_WORD may hold it/],
    [{ CODESTREAM_WRITERS_WORD: `${WORD}s` }, /the word in CODESTREAM_WRITERS_WORD is not the right one/],
  ]) {
    const share = start(env);
    assert.deepEqual(await share.exited, { code: 1, signal: null });
    assert.match(share.err, reason);
    assert.equal(share.out, '');
  }
  const share = start({ CODESTREAM_WRITERS_WORD: WORD });
  await share.says(/^Live/);
  assert.match(await share.link(), /^http:\/\/localhost:9\/#[\w-]{22}$/);
  assert.ok(!share.err.includes(WORD));
});

test('a page that is none, or cannot be reached, is said at once', async (t) => {
  const { home, file } = await desk(t);
  const port = new URL(stack.api).port;
  for (const [page, reason] of [
    [`${stack.api}/health`, /answered 404|is no page of Codestream/],
    [`http://127.0.0.1:${port}/negotiate?x`, /does not say where its function app is|answered/],
    ['http://127.0.0.1:9/', /cannot be reached/],
  ]) {
    const share = startShare(['--page', page, file], { home });
    assert.deepEqual(await share.exited, { code: 1, signal: null });
    assert.match(share.err, reason);
  }
  await writeFile(`${home}/.codestream-share.json`, JSON.stringify({ page: stack.page }));
  assert.match(await startShare([file], { home }).link(), new RegExp(`^${stack.page}#`));
});

test('on a terminal there are a QR code and one line that is written over', async (t) => {
  const { home, file } = await desk(t);
  const line = `${process.execPath} ${PROGRAM} --page ${stack.page} ${file}`;
  const typescript = ['script', '-qefc', line, '/dev/null'];
  const share = startShare([], { home, command: typescript, env: { TERM: 'xterm' } });
  await eventually(SOON_MS, () => share.out.includes('Live, 0 viewers'), 'the state');
  assert.match(share.out, /\x1b\[30;107m *[▀▄█ ]+\x1b\[0m/);
  assert.match(share.out, /\r\x1b\[2KLive, 0 viewers/);
});

test('the word is asked for on a terminal, where it is neither shown nor streamed', async (t) => {
  const { home } = await desk(t);
  const line = `${process.execPath} ${PROGRAM} --page http://localhost:9/ --api ${worded.api} -`;
  const start = () =>
    startShare([], {
      home, input: true, command: ['script', '-qefc', line, '/dev/null'], env: { TERM: 'xterm' },
    });
  const asks = (share, question) => eventually(SOON_MS, () => share.out.includes(question), question);
  const [share, silent] = [start(), start()];
  await asks(silent, 'needs a word: ');
  silent.child.stdin.write('\x04'); // Ctrl-D
  await asks(share, 'needs a word: ');
  share.child.stdin.write(`${WORD}s\r`);
  await asks(share, 'That was not the word. The word: ');
  share.child.stdin.write(`${WORD}\r`);
  await asks(share, 'Live, 0 viewers');
  assert.ok(!share.out.includes(WORD), 'the word is shown');
  share.child.stdin.write('hello\r');
  const [, room] = /\/#([\w-]{22})/.exec(share.out);
  const viewer = new ViewerPage({ backEnd: { api: worded.api }, room });
  t.after(() => viewer.close());
  await eventually(SOON_MS, () => viewer.text === 'hello\n', 'what was typed after the word');
  assert.deepEqual(await silent.exited, { code: 1, signal: null });
});

test('a session whose end nobody could be told is not forgotten', async (t) => {
  const { home, file, kept } = await desk(t);
  const proxy = await startFaultProxy();
  t.after(() => proxy.close());
  proxy.to(Number(new URL(stack.api).port));
  const api = `http://127.0.0.1:${proxy.port}`;
  const start = (...args) => startShare([...args, '--page', stack.page, '--api', api, file], { home });
  const first = start();
  await first.says(/^Live/);
  assert.deepEqual(await first.end('SIGTERM'), { code: 143, signal: null });
  await proxy.fault({ accept: 'reset' });
  const second = start('--resume');
  await second.says(/^Connecting/);
  assert.deepEqual(await second.end('SIGINT'), { code: 1, signal: null });
  assert.match(second.err, /could not be told that the session has ended; --resume goes on with it/);
  await proxy.fault({});
  const third = start('--resume');
  assert.equal(await third.room(), await first.room());
  assert.deepEqual(await third.end('SIGINT'), { code: 0, signal: null });
  assert.deepEqual(await kept(), []);
});
