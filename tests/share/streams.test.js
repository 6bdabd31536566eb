// What a program writes is streamed, and a stream is shown in a terminal.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { promisify } from 'node:util';
import { after, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { ViewerPage, WriterPage } from '../lib/page-core.js';
import {
  folder, PROGRAM, quoted, SOON_MS, startOnTerminal, startShare,
} from '../lib/share-program.js';
import { startStack } from '../lib/stack.js';

const run = promisify(execFile);
const { SIGTSTP } = constants.signals;

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

/** A command whose files may not grow, as on a disk that is full. @param {string[]} args */
const onFullDisk = (args) => ['sh', '-c', `ulimit -S -f 0; exec ${quoted([process.execPath, PROGRAM, ...args])}`];

test('what is piped to it streams, whole lines and letters whatever the pieces are; of too much, the end', async (t) => {
  const { share, viewer, shows } = await piped(t);
  const { stdin } = share.child;
  const bytes = Buffer.from('gr\u00fcn\r\nnext\rlast');
  for (const byte of bytes.subarray(0, 6)) {
    stdin.write(Buffer.from([byte]));
    await new Promise((resolve) => setTimeout(resolve));
  }
  stdin.write(bytes.subarray(6));
  await shows('gr\u00fcn\nnext\nlast');

  for (let i = 0; i < 60; i++) stdin.write(`${i} ${'x'.repeat(9_999)}\n`);
  stdin.write('the last line\n');
  await eventually(2 * SOON_MS, () => viewer.text.endsWith('the last line\n'), 'the last line');
  assert.match(viewer.text, /^\[… what came before is left out\]\n\d+ x{9999}\n/);
  await share.says(/more than a session holds: viewers see the end of it$/);
  stdin.end();
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

test('watch --once prints the text, without what would steer a terminal, or says that there is none', async (t) => {
  const home = await folder(t);
  const { link } = await writing(t, 'a\x1b]0;title\x07b\x9b31mc\x7f\u202ed\ttab\n');
  const start = (...args) => startShare(['watch', '--once', ...where(), ...args], { home });
  const once = start(link);
  const nobody = start('--timeout', '1', `${PAGE}#${'A'.repeat(22)}`);
  const nowhere = start(PAGE);
  assert.deepEqual(await once.exited, { code: 0, signal: null });
  assert.equal(once.out, 'a␛]0;title␇b<U+009B>31mc␡<U+202E>d\ttab\n');
  assert.equal(once.err, '');
  assert.deepEqual(await nobody.exited, { code: 1, signal: null });
  assert.match(nobody.err, /^codestream-share: no text within 1 s \((Connecting|Waiting for the writer)\)\.\n$/);
  assert.equal(nobody.out, '');
  assert.deepEqual(await nowhere.exited, { code: 2, signal: null });
  assert.match(nowhere.err, /the part after # is not a room.*\nTry --help\.\n$/);
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

test('a terminal shows the part around the writer, whatever its size, and is given back meanwhile and after', async (t) => {
  const home = await folder(t);
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i + 1}\x1b[2J`);
  const { writer, link } = await writing(t, lines.join('\n'));
  const watch = startOnTerminal(
    `set -m; stty rows 10 cols 40; tty >${home}/tty; ` +
      `${quoted([process.execPath, PROGRAM, 'watch', ...where(), link])}; ` +
      'echo "stopped with $?"; read go; fg; echo "ended with $?"',
    { home },
  );
  await watch.shows('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J');
  await watch.shows(' line 1␛[2J');
  const offset = writer.text.indexOf('line 77');
  writer.core.setView({ selections: [[offset, offset]], top: 70, bottom: 80 });
  writer.type('.');
  await watch.shows('line 77␛[2J');
  assert.ok(!watch.out.includes('line 1\x1b[2J'));
  assert.doesNotMatch(watch.out.slice(watch.out.lastIndexOf('\x1b[H')), /line (1|60|100)␛/);

  watch.type('typed\r\x1a'); // Ctrl-Z
  await watch.shows('\x1b[?7h\x1b[?25h\x1b[?1049l');
  await watch.shows(`stopped with ${128 + SIGTSTP}`);
  assert.ok(!watch.out.includes('typed'), 'what is typed is on the screen');
  writer.edit([[offset, 7, 'LINE 77']]);
  watch.type('\r');
  await watch.shows('\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J');
  await watch.shows('LINE 77␛[2J');

  await run('stty', ['-F', (await readFile(`${home}/tty`, 'utf8')).trim(), 'rows', '4', 'cols', '60']);
  const frame = () => watch.out.slice(watch.out.lastIndexOf('\x1b[H'));
  await eventually(SOON_MS, () => frame().split('\r\n').length === 4, 'it is drawn in the new size');
  await watch.shows('LINE 77␛[2J');
  watch.type('\x03');
  await watch.shows('\x1b[?7h\x1b[?25h\x1b[?1049l');
  await watch.shows('ended with 0');
});

test('on a full disk a stream goes on, and what could not be written is written when it can be', async (t) => {
  const home = await folder(t);
  const [file, copy] = [`${home}/file.js`, `${home}/copy.js`];
  await writeFile(file, 'text\n');
  const start = (...args) => startShare([], { home, command: onFullDisk([...args, ...where()]) });
  const share = start('--page', PAGE, file);
  const link = await share.link();
  await share.says(/^Live, 0 viewers$/);
  assert.match(share.err, /^This session cannot be resumed later: EFBIG/m);
  const watch = start('watch', '--save', copy, link);
  await watch.says(/^Live, file\.js, 1 viewer, .*copy\.js cannot be written: EFBIG/);
  await run('prlimit', ['--fsize=unlimited', '--pid', String(watch.child.pid)]);
  await watch.says(/^Live, file\.js, 1 viewer$/);
  assert.equal(await readFile(copy, 'utf8'), 'text\n');
  assert.deepEqual(await share.end('SIGINT'), { code: 0, signal: null });
  assert.deepEqual(await watch.exited, { code: 0, signal: null });
});
