// How a session of codestream-share begins, goes on and ends: the program of the packed tarball, with
// nothing else of the project beside it.
import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { after, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { ViewerPage, WriterPage } from '../lib/page-core.js';
import { startFaultProxy } from '../lib/fault-proxy.js';
import {
  folder, quoted, SOON_MS, startOnTerminal, startShare, unpack,
} from '../lib/share-program.js';
import { startStack } from '../lib/stack.js';

const WORD = 'a word of twenty letters';
const KNOWN = { CODESTREAM_WRITERS_WORD: WORD };

let stack;
let packed;
before(async () => {
  [packed, stack] = await Promise.all([
    unpack(),
    startStack({ host: true, website: true, keepDays: 7, env: { CODESTREAM_WRITERS: WORD } }),
  ]);
});
after(() => Promise.all([stack?.close(), packed?.remove()]));

const backEnd = () => ({ api: stack.api });

/** Somebody who watches. */
function watching(t, room) {
  const viewer = new ViewerPage({ backEnd: backEnd(), room });
  t.after(() => viewer.close());
  const shows = (text) => eventually(SOON_MS, () => viewer.text === text, `${text} at the viewer`);
  const says = (word) => eventually(2 * SOON_MS, () => viewer.status.word === word, word);
  return { viewer, shows, says };
}

/** A file in a home of its own, and the program there; it knows the owner's word. */
async function desk(t, text) {
  const home = await folder(t);
  const file = `${home}/file.js`;
  await writeFile(file, text);
  const start = (args, env = KNOWN) =>
    startShare(args, { home, env, cwd: home, command: [packed.program] });
  const states = `${home}/state/codestream-share`;
  const kept = () => readdir(states).catch(() => []);
  /** What is stored for --resume, as soon as it is. */
  const stored = async () => {
    const [name] = await eventually(SOON_MS, async () => ((await kept()).length ? kept() : undefined), 'it is kept');
    const { mode } = await stat(`${states}/${name}`);
    return { mode, ...JSON.parse(await readFile(`${states}/${name}`, 'utf8')) };
  };
  return { home, file, start, kept, stored };
}

test('a session that was left goes on with --resume, also if nobody could be told of its end', async (t) => {
  const { file, start, kept, stored } = await desk(t, 'a\nb\nc\n');
  const proxy = await startFaultProxy();
  t.after(() => proxy.close());
  proxy.to(Number(new URL(stack.api).port));
  const where = ['--page', stack.page, '--api', `http://127.0.0.1:${proxy.port}`];
  const first = start([...where, file]);
  const room = await first.room();
  const { viewer, shows, says } = watching(t, room);
  await shows('a\nb\nc\n');
  assert.equal(viewer.core.session.language, 'javascript');
  viewer.core.hand.set({ up: true, line: 2, question: '' }, performance.now());
  viewer.connection.step();
  await first.says(/^Live, 1 viewer, 1 hand raised at line 2$/);
  const { mode, key } = await stored();
  assert.equal(mode & 0o777, 0o600);
  assert.ok(!first.out.includes(key) && !first.err.includes(key), 'the key is shown');
  assert.deepEqual(await first.end('SIGTERM'), { code: 143, signal: null });
  await says('Writer away');

  await proxy.fault({ accept: 'reset' });
  await writeFile(file, 'later\n');
  const second = start([...where, '--resume', file]);
  await second.says(/^Connecting/);
  assert.deepEqual(await second.end('SIGINT'), { code: 1, signal: null });
  assert.match(second.err, /could not be told that the session has ended; --resume goes on with it/);

  await proxy.fault({});
  const third = start([...where, '--resume', file]);
  assert.equal(await third.room(), room);
  await shows('later\n');
  await eventually(SOON_MS, () => /^Live, counting viewers$/m.test(third.err), 'it does not know who is there');
  assert.equal(viewer.status.word, 'Live');
  assert.deepEqual(await third.end('SIGINT'), { code: 0, signal: null });
  await says('Ended');
  assert.deepEqual(await kept(), []);
});

test('the text is kept where the page keeps texts; whoever takes the pen elsewhere ends it', async (t) => {
  const { home, start, stored } = await desk(t, 'kept\n');
  await writeFile(`${home}/.codestream-share.json`, JSON.stringify({ page: stack.page }));
  const share = start(['file.js']);
  const link = await share.link();
  assert.ok(link.startsWith(`${stack.page}#`), link);
  const room = await share.room();
  await eventually(SOON_MS, async () => (await textOf(room)) === 'kept\n', 'it is kept', undefined, 100);
  assert.match(share.err, /^The newest text is kept for 7 days .*--no-keep it is not kept\.$/m);
  const { key, epoch } = await stored();
  const rival = new WriterPage({ backEnd: { ...backEnd(), room, key }, text: 'mine', greatest: epoch });
  t.after(() => rival.close());
  assert.deepEqual(await share.exited, { code: 1, signal: null });
  assert.match(share.err, /this stream goes on elsewhere; --resume takes it back/);
  assert.ok((await stored()).epoch >= rival.core.epoch, 'what takes it back has to exceed the other one');
  rival.close();
  const once = start(['watch', '--once', link]);
  assert.deepEqual(await once.exited, { code: 0, signal: null });
  assert.equal(once.out, 'kept\n', 'whoever comes later has the kept text');
});

/** The text that is kept of a room, or with which status there is none. */
async function textOf(room) {
  const response = await fetch(`${stack.api}/text?room_id=${room}`);
  return response.ok ? (await response.json()).content : response.status;
}

test('the package is one program that needs nothing else', async (t) => {
  const { start } = await desk(t, '');
  const { version, dependencies } = packed.described;
  assert.equal(dependencies, undefined);
  const told = start(['--version']);
  assert.deepEqual(await told.exited, { code: 0, signal: null });
  assert.equal(told.out, `${version}\n`);
});

test('what cannot begin says why: no word, a wrong one, no page, no earlier session', async (t) => {
  const { file, start } = await desk(t, 'text\n');
  for (const [args, env, reason] of [
    [['--page', stack.page], {}, /needs a word; CODESTREAM_WRITERS_WORD may hold it/],
    [['--page', stack.page], { CODESTREAM_WRITERS_WORD: `${WORD}s` },
      /the word in CODESTREAM_WRITERS_WORD is not the right one/],
    [['--page', 'http://127.0.0.1:9/'], KNOWN, /http:\/\/127\.0\.0\.1:9\/ cannot be reached/],
    [['--page', stack.page, '--resume'], KNOWN, /there is no earlier session of .*file\.js to go on with/],
  ]) {
    const share = start([...args, file], env);
    assert.deepEqual(await share.exited, { code: 1, signal: null });
    assert.match(share.err, reason);
    assert.equal(share.out, '');
  }
});

test('on a terminal it asks for the word, which is neither shown nor streamed, and shows a QR code', async (t) => {
  const { home } = await desk(t, '');
  const program = quoted([packed.program, '--page', stack.page, '--no-keep', '-']);
  const share = startOnTerminal(program, { home });
  const other = startOnTerminal(`${program}; echo "ended with $?"; stty -a`, { home });
  await share.shows('needs a word: ');
  share.type(`${WORD}s\r`);
  await share.shows('That was not the word. The word: ');
  share.type(`${WORD}\r`);
  await share.shows('\x1b[30;107m');
  const [link] = share.out.match(/http:.*\/#[\w-]{22}/);
  const [before] = share.out.split(link);
  assert.ok(before.endsWith('\r\x1b[2K'), `the state from before stays: ${JSON.stringify(before)}`);
  assert.doesNotMatch(before, /Reconnecting/);
  await share.shows('\r\x1b[2KLive, 0 viewers');
  assert.ok(!share.out.includes(WORD), 'the word is shown');
  assert.doesNotMatch(share.out, /is kept for/);
  share.type('hello\r');
  const room = link.slice(-22);
  const { shows } = watching(t, room);
  await shows('hello\n');

  await other.shows('needs a word: ');
  other.type('\x03');
  await other.shows('ended with 130');
  await other.shows(' echo ');
  await other.exited;
  await share.end('SIGTERM');
  assert.equal(await textOf(room), 404);
});

test('whoever does not wait for the function app ends it with Ctrl-C', async (t) => {
  const { home, file, start } = await desk(t, 'text\n');
  const proxy = await startFaultProxy();
  t.after(() => proxy.close());
  proxy.to(Number(new URL(stack.api).port));
  await proxy.fault({ up: { end: 'hold' } });
  const where = ['--api', `http://127.0.0.1:${proxy.port}`];
  const share = start([...where, '--page', stack.page, file]);
  await share.says(/^Connecting$/);
  assert.deepEqual(await share.end('SIGINT'), { code: 130, signal: null });
  assert.equal(share.err, 'Connecting\n');
  const link = `${stack.page}#${'A'.repeat(22)}`;
  const line = `trap : INT; ${quoted([packed.program, 'watch', ...where, link])}; echo "ended with $?"`;
  const watch = startOnTerminal(line, { home });
  await watch.shows('Connecting');
  watch.type('\x03');
  await watch.shows('\x1b[?1049l');
  await watch.shows('ended with 130');
});
