// A file that is saved in one's own editor streams to everybody who watches.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, chmod, copyFile, open, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { after, before, test } from '../lib/test.js';
import { eventually, pause } from '../lib/deadline.js';
import { ViewerPage } from '../lib/page-core.js';
import { folder, PROGRAM, SOON_MS, startShare } from '../lib/share-program.js';
import { startScene } from '../browser/browser.js';

const run = promisify(execFile);

let scene;
before(async () => {
  scene = await startScene();
});
after(() => scene?.close());

/** A file that is shared, and somebody who watches. */
async function shared(t, { name = 'live.py', text = 'first\n', args = [] } = {}) {
  const home = await folder(t);
  const file = `${home}/${name}`;
  await writeFile(file, text);
  const share = startShare([...args, '--page', scene.stack.page, file], { home });
  const viewer = new ViewerPage({ backEnd: { api: scene.stack.api }, room: await share.room() });
  t.after(() => viewer.close());
  const shows = (wanted) =>
    eventually(SOON_MS, () => viewer.text === wanted, `the viewer has it`).catch((error) => {
      const seen = JSON.stringify(viewer.text.slice(0, 200));
      throw new Error(`${error.message}; it shows ${seen}\n${share.err}`);
    });
  if (text !== '') await shows(text);
  return { home, file, share, viewer, shows };
}

test('a browser and `watch` show what is saved, under the file’s name, and see the end', async (t) => {
  const { file, home, share, shows } = await shared(t);
  const link = await share.link();
  assert.ok(link.startsWith(`${scene.stack.page}#`), link);
  const browser = await scene.viewer(link);
  const watch = startShare(['watch', link, '--save', `${home}/copy.py`], { home });
  await share.says(/^Live, 3 viewers$/);
  await writeFile(file, 'first\nsecond\n');
  await shows('first\nsecond\n');
  await browser.shows('first\nsecond\n');
  assert.equal(await browser.page.locator('#file').textContent(), 'live.py');
  const saved = () => run('cat', [`${home}/copy.py`]).then(({ stdout }) => stdout, () => '');
  await eventually(SOON_MS, async () => (await saved()) === 'first\nsecond\n', 'the copy');

  assert.deepEqual(await share.end('SIGINT'), { code: 0, signal: null });
  await browser.says('Ended');
  assert.deepEqual(await watch.exited, { code: 0, signal: null });
  assert.equal(await saved(), 'first\nsecond\n');
});

test('however an editor saves, viewers have the text of the file in the end', async (t) => {
  const { file, home, shows } = await shared(t);
  const other = `${home}/other`;
  const large = Array.from({ length: 6_000 }, (_, i) => `line ${i} of 250 kB, or nearly that\n`).join('');

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
  await writeFile(file, large);
  await shows(large);
  await writeFile(file, '');
  await shows('');
});

test('of 1,000 saves the viewer has the last one, and nothing else in the end', async (t) => {
  const { file, share, viewer, shows } = await shared(t, { text: '' });
  for (let i = 1; i <= 1_000; i++) {
    if (i % 2) await writeFile(file, `save ${i}\n${'x'.repeat(i)}\n`);
    else {
      await writeFile(`${file}.new`, `save ${i}\n${'y'.repeat(i)}\n`);
      await rename(`${file}.new`, file);
    }
  }
  await shows(`save 1000\n${'y'.repeat(1_000)}\n`);
  await share.says(/^Live, 1 viewer$/);
  assert.equal(viewer.live, true);
});

test('what cannot be streamed is said, viewers keep the text, and the next save goes on', async (t) => {
  const { file, share, shows, viewer } = await shared(t, { name: 'notes.txt' });
  const wrongs = [
    [() => rm(file), /notes\.txt is not there: viewers see the text from before$/],
    [() => writeFile(file, 'x'.repeat(256 * 1024 + 1)), /notes\.txt is larger than 256 KiB/],
    [() => writeFile(file, Buffer.from([0, 1, 2, 3, 255])), /notes\.txt is no text/],
  ];
  let text = 'first\n';
  for (const [i, [go, words]] of wrongs.entries()) {
    await go();
    await share.says(words);
    assert.equal(viewer.text, text);
    text = `after ${i}\n`;
    await writeFile(file, text);
    await shows(text);
    await share.says(/^Live, 1 viewer$/);
  }
  await writeFile(file, Buffer.from('caf\u00e9\n', 'latin1'));
  await shows('caf\u00e9\n');
  await share.says(/notes\.txt is no UTF-8 and is read as Latin-1$/);
});

// Only the administrator can start it as somebody else.
const ALONE = process.getuid() === 0 ? {} : { skip: 'needs root' };
test('a file that its reader may not read is said, and read again when it may be', ALONE, async (t) => {
  const home = await folder(t);
  await chmod(home, 0o777);
  const file = `${home}/secret.txt`;
  await writeFile(file, 'open\n');
  const program = `${home}/program.cjs`;
  await copyFile(PROGRAM, program);
  const as = { home, uid: 65534, gid: 65534, cwd: '/', command: [process.execPath, program] };
  const share = startShare(['--page', scene.stack.page, file], as);
  await share.link();
  await chmod(file, 0o600);
  await appendFile(file, 'hidden\n');
  await share.says(/secret\.txt may not be read by you: viewers see the text from before$/);
  await chmod(file, 0o644);
  await share.says(/^Live, 0 viewers$/);
});

test('a file behind a symbolic link is followed, and so is a folder that is made anew', async (t) => {
  const home = await folder(t);
  await run('mkdir', [`${home}/there`]);
  await writeFile(`${home}/there/real.txt`, 'real\n');
  await symlink(`${home}/there/real.txt`, `${home}/link.txt`);
  const share = startShare(['--page', scene.stack.page, `${home}/link.txt`], { home });
  const viewer = new ViewerPage({ backEnd: { api: scene.stack.api }, room: await share.room() });
  t.after(() => viewer.close());
  await eventually(SOON_MS, () => viewer.text === 'real\n', 'its text');
  await writeFile(`${home}/there/real.txt`, 'changed\n');
  await eventually(SOON_MS, () => viewer.text === 'changed\n', 'the change');
  await rm(`${home}/there`, { recursive: true });
  await share.says(/link\.txt is not there/);
  await run('mkdir', [`${home}/there`]);
  await writeFile(`${home}/there/real.txt`, 'anew\n');
  await eventually(SOON_MS, () => viewer.text === 'anew\n', 'the new file');
});

test('a file that cannot be streamed from the start ends it, with the reason', async (t) => {
  const home = await folder(t);
  await run('mkfifo', [`${home}/pipe`]);
  await writeFile(`${home}/binary`, Buffer.from([0, 1, 2]));
  for (const [file, reason] of [
    ['nothing', 'is not there'],
    ['.', 'is a folder'],
    ['pipe', 'is no file; what a program writes can be piped to -'],
    ['binary', 'is no text'],
  ]) {
    const path = `${home}/${file}`;
    const share = startShare(['--page', scene.stack.page, path], { home });
    assert.deepEqual(await share.exited, { code: 1, signal: null });
    assert.equal(share.err, `codestream-share: ${path} ${reason}.\n`);
    assert.equal(share.out, '');
  }
});
