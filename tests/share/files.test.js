// A file that is saved in one's own editor streams to everybody who watches: a page without its
// screen, a browser and a file that `watch` keeps. They watch one session, in which everything is saved.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { after, before, test } from '../lib/test.js';
import { eventually, pause } from '../lib/deadline.js';
import { ViewerPage } from '../lib/page-core.js';
import { PROGRAM, SOON_MS, startShare } from '../lib/share-program.js';
import { startScene } from '../browser/browser.js';

const run = promisify(execFile);
const ON_SCREEN = 2_000;
/** An administrator may read everything; so that there is something to refuse, it runs as nobody. */
const SOMEBODY = process.getuid() === 0 ? { uid: 65534, gid: 65534 } : {};

let scene;
let home;
let file;
let share;
let watch;
let viewer;
let browser;

before(async () => {
  scene = await startScene();
  home = await mkdtemp(`${tmpdir()}/share-`);
  await chmod(home, 0o777);
  file = `${home}/live.py`;
  await writeFile(file, 'first\n');
  const program = `${home}/program.cjs`; // nobody may be kept from the project
  await copyFile(PROGRAM, program);
  const command = [process.execPath, program];
  share = startShare(['--page', scene.stack.page, file], { home, cwd: '/', command, ...SOMEBODY });
  const link = await share.link();
  assert.ok(link.startsWith(`${scene.stack.page}#`), link);
  viewer = new ViewerPage({ backEnd: { api: scene.stack.api }, room: await share.room() });
  watch = startShare(['watch', link, '--save', `${home}/copy.py`], { home });
  browser = await scene.viewer(link);
});
after(async () => {
  viewer?.close();
  await Promise.all([share, watch].map((program) => program?.end('SIGKILL')));
  await scene?.close();
  if (home) await rm(home, { recursive: true });
});

const copy = () => readFile(`${home}/copy.py`, 'utf8').catch(() => '');

/** Waits until everybody has this text. */
async function shows(wanted) {
  await eventually(SOON_MS, () => viewer.text === wanted, 'the viewer has it').catch((error) => {
    const seen = JSON.stringify(viewer.text.slice(0, 200));
    throw new Error(`${error.message}; it shows ${seen}\n${share.err}`);
  });
  await eventually(SOON_MS, async () => (await copy()) === wanted, 'the file has it');
  if (wanted.length <= ON_SCREEN) return browser.shows(wanted);
  // Of a long text a page draws what is on the screen; what it copies is all of it.
  return browser.until(async () => (await browser.text()) === wanted, SOON_MS, 'the browser has it');
}

const save = async (text) => {
  await writeFile(file, text);
  await shows(text);
};

test('however an editor saves, everybody has the text of the file, and its name, in the end', async () => {
  await shows('first\n');
  await share.says(/^Live, 3 viewers$/);
  assert.equal(await browser.page.locator('#file').textContent(), 'live.py');
  const other = `${home}/other`;

  await run('sed', ['-i', 's/first/sed/', file]);
  await shows('sed\n');
  await writeFile(other, 'copied\n');
  await copyFile(other, file);
  await shows('copied\n');
  await writeFile(other, 'moved\n');
  await rename(other, file);
  await shows('moved\n');
  await run('vim', ['-u', 'NONE', '-es', '-c', '%s/moved/vim/', '-c', 'wq', file]).catch((error) => {
    if (error.code !== 'ENOENT') throw error;
    return writeFile(file, 'vim\n'); // it is not there
  });
  await shows('vim\n');

  const half = await open(file, 'w');
  const bytes = Buffer.from('half a lett\u00e9r');
  await half.write(bytes.subarray(0, 11));
  await shows('half a lett');
  await half.write(bytes.subarray(11, 12)); // in the middle of the letter
  await pause(300);
  await half.write(bytes.subarray(12));
  await half.close();
  await shows('half a lett\u00e9r');

  await writeFile(file, 'carriage\r\nreturns\r\n');
  await shows('carriage\nreturns\n');
  await writeFile(file, '\ufeffmarked\n');
  await shows('marked\n');
  await writeFile(file, Buffer.from('\ufeffwide\n', 'utf16le'));
  await shows('wide\n');
  await save(Array.from({ length: 6_000 }, (_, i) => `line ${i} of 250 kB, or nearly that\n`).join(''));
  await save('');
});

test('of 1,000 saves everybody has the last one, and nothing else in the end', async () => {
  for (let i = 1; i <= 1_000; i++) {
    if (i % 2) await writeFile(file, `save ${i}\n${'x'.repeat(i)}\n`);
    else {
      await writeFile(`${file}.new`, `save ${i}\n${'y'.repeat(i)}\n`);
      await rename(`${file}.new`, file);
    }
  }
  await shows(`save 1000\n${'y'.repeat(1_000)}\n`);
  await share.says(/^Live, 3 viewers$/);
  assert.equal(viewer.live, true);
});

test('what cannot be streamed is said, viewers keep the text, and the next save goes on', async () => {
  const wrongs = [
    [() => rm(file), /live\.py is not there: viewers see the text from before$/],
    [() => writeFile(file, 'x'.repeat(256 * 1024 + 1)), /live\.py is larger than 256 KiB/],
    [() => writeFile(file, Buffer.from([0, 1, 2, 3, 255])), /live\.py is no text/],
    [() => chmod(file, 0o200), /live\.py may not be read by you: viewers see the text from before$/],
  ];
  await save('before\n');
  for (const [i, [go, words]] of wrongs.entries()) {
    const text = viewer.text;
    await go();
    await share.says(words);
    assert.equal(viewer.text, text);
    await rm(file, { force: true });
    await save(`after ${i}\n`);
    await share.says(/^Live, 3 viewers$/);
  }
  await writeFile(file, Buffer.from('caf\u00e9\n', 'latin1'));
  await shows('caf\u00e9\n');
  await share.says(/live\.py is no UTF-8 and is read as Latin-1$/);
});

test('the end is told to everybody', async () => {
  await save('last\n');
  assert.deepEqual(await share.end('SIGINT'), { code: 0, signal: null });
  await browser.says('Ended');
  assert.equal(viewer.status.word, 'Ended');
  assert.deepEqual(await watch.exited, { code: 0, signal: null });
  assert.equal(await copy(), 'last\n');
});
