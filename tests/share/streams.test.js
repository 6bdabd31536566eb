// What a program writes is streamed, and a stream is shown in a terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { after, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { ViewerPage, WriterPage } from '../lib/page-core.js';
import { folder, PROGRAM, SOON_MS, startShare } from '../lib/share-program.js';
import { startStack } from '../lib/stack.js';

const run = promisify(execFile);

let stack;
before(async () => {
  stack = await startStack();
});
after(() => stack?.close());

const PAGE = 'http://localhost:9/';
const where = () => ['--api', stack.api];

/** Somebody who writes in a browser, without the browser. */
async function writing(t, text) {
  const writer = new WriterPage({ backEnd: { api: stack.api }, text });
  t.after(() => writer.close());
  await eventually(SOON_MS, () => writer.live && writer.core.settled, 'the writer is live');
  return { writer, link: `${PAGE}#${writer.room}` };
}

/** What is piped to it, and somebody who watches. */
async function piped(t, ...args) {
  const home = await folder(t);
  const share = startShare(['--page', PAGE, ...where(), ...args, '-'], { home, input: true });
  const viewer = new ViewerPage({ backEnd: { api: stack.api }, room: await share.room() });
  t.after(() => viewer.close());
  const shows = (text) => eventually(SOON_MS, () => viewer.text === text, 'the text');
  return { share, viewer, shows };
}

test('what is piped to it streams, whole lines and letters whatever the pieces are', async (t) => {
  const { share, viewer, shows } = await piped(t);
  const bytes = Buffer.from('gr\u00fcn\r\nnext\rlast');
  for (const byte of bytes.subarray(0, 6)) {
    share.child.stdin.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve));
  }
  share.child.stdin.write(bytes.subarray(6));
  await shows('gr\u00fcn\nnext\nlast');
  share.child.stdin.end();
  await share.says(/^Live, 1 viewer, the input has ended; Ctrl-C ends the session$/);
  assert.equal(viewer.status.word, 'Live');
});

test('with --end the session ends when the input does, and everybody has all of it', async (t) => {
  const { share, viewer, shows } = await piped(t, '--end');
  await share.says(/^Live, 1 viewer$/); // whoever comes after the end finds nobody who has the text
  share.child.stdin.end('all of it');
  assert.deepEqual(await share.exited, { code: 0, signal: null });
  await shows('all of it');
  await eventually(SOON_MS, () => viewer.status.word === 'Ended', 'the end');
});

test('of an input without end viewers have the newest lines, and it says so', async (t) => {
  const { share, viewer } = await piped(t);
  for (let i = 0; i < 60; i++) share.child.stdin.write(`${i} ${'x'.repeat(9_999)}\n`);
  share.child.stdin.write('the last line\n');
  await eventually(2 * SOON_MS, () => viewer.text.endsWith('the last line\n'), 'the last line');
  assert.match(viewer.text, /^\[… what came before is left out\]\n\d+ x{9999}\n/);
  await share.says(/more than a session holds: viewers see the end of it$/);
});

const HOSTILE = 'a\x1b]0;title\x07b\x9b31mc\x7f\u202ed\ttab\n';

test('watch --once prints the text, without what would steer a terminal; --save keeps it exactly', async (t) => {
  const home = await folder(t);
  const { link } = await writing(t, HOSTILE);
  const once = startShare(['watch', '--once', ...where(), link], { home });
  assert.deepEqual(await once.exited, { code: 0, signal: null });
  assert.equal(once.out, 'a␛]0;title␇b<U+009B>31mc␡<U+202E>d\ttab\n');
  assert.equal(once.err, '');

  const file = `${home}/saved.txt`;
  await writeFile(file, 'before', { mode: 0o640 });
  const save = startShare(['watch', '--once', '--save', file, ...where(), link], { home });
  assert.deepEqual(await save.exited, { code: 0, signal: null });
  assert.equal(await readFile(file, 'utf8'), HOSTILE);
  assert.equal(save.out, '');
});

test('watch follows: each text that has rested, until the writer ends', async (t) => {
  const home = await folder(t);
  const { writer, link } = await writing(t, 'one');
  const watch = startShare(['watch', ...where(), link], { home });
  await eventually(SOON_MS, () => watch.out === 'one\n', 'the text');
  writer.type(' two');
  await eventually(SOON_MS, () => watch.out === 'one\none two\n', 'the next text');
  await watch.says(/^Live, 1 viewer$/);
  writer.type(' three');
  writer.core.set({ ended: true });
  writer.connection.step();
  assert.deepEqual(await watch.exited, { code: 0, signal: null });
  assert.equal(watch.out, 'one\none two\none two three\n');
});

test('on a terminal the part around the writer is on the screen, and the terminal is as before after', async (t) => {
  const home = await folder(t);
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i + 1}\x1b[2J`);
  const { writer, link } = await writing(t, lines.join('\n'));
  const line = `stty rows 10 cols 40; exec ${process.execPath} ${PROGRAM} watch ${where().join(' ')} '${link}'`;
  const watch = startShare([], {
    home, command: ['script', '-qefc', line, '/dev/null'], env: { TERM: 'xterm' },
  });
  await eventually(SOON_MS, () => watch.out.includes(' line 1␛[2J'), 'the first lines');
  const offset = writer.text.indexOf('line 77');
  writer.core.setView({ selections: [[offset, offset]], top: 70, bottom: 80 });
  writer.type('.');
  await eventually(SOON_MS, () => watch.out.includes('line 77␛[2J'), 'where the writer is');
  assert.ok(!watch.out.includes('line 1\x1b[2J'));
  const shown = watch.out.lastIndexOf('\x1b[H');
  assert.doesNotMatch(watch.out.slice(shown), /line (1|60|100)␛/);
  watch.child.kill('SIGTERM');
});

test('what cannot be watched is said: a link without a room, nobody there, a file that cannot be written', async (t) => {
  const home = await folder(t);
  for (const [args, code, reason] of [
    [['watch', PAGE], 2, /the part after # is not a room/],
    [['watch'], 2, /There is no LINK/],
    [['watch', 'a', 'b'], 2, /more than one LINK/],
    [['--bogus', 'x'], 2, /Unknown option '--bogus'/],
    [['--page', PAGE, '--language', 'klingon', 'x'], 2, /klingon is not known/],
    [['--page', PAGE, '--end', 'x'], 2, /--end goes with - alone/],
  ]) {
    const watch = startShare(args, { home });
    assert.deepEqual(await watch.exited, { code, signal: null });
    assert.match(watch.err, reason);
  }
  const nobody = startShare(
    ['watch', '--once', ...where(), `${PAGE}#${'A'.repeat(22)}`], { home },
  );
  const { link } = await writing(t, 'text');
  const save = startShare(
    ['watch', '--once', ...where(), '--save', `${home}/none/file`, link], { home },
  );
  assert.deepEqual(await save.exited, { code: 1, signal: null });
  assert.match(save.err, /none\/file cannot be written/);
  await run('mkfifo', [`${home}/pipe`]);
  for (const other of [`${home}/pipe`, home]) {
    const device = startShare(['watch', '--once', ...where(), '--save', other, link], { home });
    assert.deepEqual(await device.exited, { code: 1, signal: null });
    assert.match(device.err, /cannot be written: it is no file/);
  }
  assert.ok((await stat(`${home}/pipe`)).isFIFO());
  assert.deepEqual(await nobody.exited, { code: 1, signal: null });
  assert.match(nobody.err, /no text within 20 s \(Waiting for the writer\)/);
  assert.equal(nobody.out, '');
});
