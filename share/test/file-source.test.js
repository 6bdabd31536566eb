// A file that is followed, whatever is done to it: no save is missed, and what is no text is said.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { link, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { eventually } from '../../tests/lib/deadline.js';
import { FileSource } from '../src/file-source.js';

const SOON_MS = 15_000;
const MOST = 256 * 1024;

async function folder(t) {
  const path = await mkdtemp(`${tmpdir()}/source-`);
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** Follows a file. `told` is all that has been told of it; `tells` waits until the last of it is this. */
async function following(t, path) {
  const told = [];
  const source = new FileSource(path, (reading) => told.push(reading.text ?? reading.problem));
  t.after(() => source.close());
  const first = await source.start();
  told.push(first.text ?? first.problem);
  const tells = (wanted) =>
    eventually(SOON_MS, () => told.at(-1) === wanted, JSON.stringify(wanted.slice(0, 80))).catch((error) => {
      throw new Error(`${error.message}; told ${JSON.stringify(told.map((one) => one.slice(0, 80)))}`);
    });
  return { told, tells };
}

/** What a path may be besides a text, and what is said of it. @type {Record<string, [(path: string) => any, string]>} */
const OTHERS = {
  'that is gone': [() => {}, 'is not there'],
  'that is a folder': [(path) => mkdir(path), 'is a folder'],
  'that is a pipe': [
    (path) => execFileSync('mkfifo', [path]),
    'is no file; what a program writes can be piped to -',
  ],
  'that is a symbolic link to nothing': [(path) => symlink('nothing', path), 'is not there'],
  'that is no text': [(path) => writeFile(path, Buffer.from([0, 1, 2, 3, 255])), 'is no text'],
  'that is one letter too long': [
    (path) => writeFile(path, 'x'.repeat(MOST + 1)),
    'is larger than 256 KiB, the most a session holds',
  ],
};

for (const [what, [make, problem]] of Object.entries(OTHERS))
  test(`a file ${what} is said, at the start and later, and the next save is told`, async (t) => {
    const path = `${await folder(t)}/file.txt`;
    await make(path);
    assert.deepEqual((await following(t, path)).told, [problem]);
    await rm(path, { recursive: true, force: true });
    await writeFile(path, 'first\n');
    const { told, tells } = await following(t, path);
    await rm(path);
    await make(path);
    await tells(problem);
    await rm(path, { recursive: true, force: true });
    await writeFile(path, 'later\n');
    await tells('later\n');
    assert.equal(told[0], 'first\n');
  });

test('a text of exactly 256 KiB is one, whatever it has besides in the file', async (t) => {
  const path = `${await folder(t)}/file.txt`;
  await writeFile(path, 'x'.repeat(MOST));
  const { tells } = await following(t, path);
  await tells('x'.repeat(MOST));
  await writeFile(path, `\ufeff${'\u00e4\r\n'.repeat(MOST / 2)}`);
  await tells('\u00e4\n'.repeat(MOST / 2));
});

test('a change that no system reports is found', async (t) => {
  const home = await folder(t);
  await mkdir(`${home}/watched`);
  await mkdir(`${home}/other`);
  const path = `${home}/watched/file.txt`;
  await writeFile(path, 'first\n');
  // Another name of the same file: its folder is told of the change, and the one of this name is not.
  await link(path, `${home}/other/file.txt`);
  const { told, tells } = await following(t, path);
  for (const text of ['second\n', 'third\n']) {
    await writeFile(`${home}/other/file.txt`, text);
    await tells(text);
  }
  assert.deepEqual(told, ['first\n', 'second\n', 'third\n']);
});

test('behind a symbolic link the file is followed, and so is another that the link leads to later', async (t) => {
  const home = await folder(t);
  for (const name of ['one', 'two']) {
    await mkdir(`${home}/${name}`);
    await writeFile(`${home}/${name}/real.txt`, `${name}\n`);
  }
  const path = `${home}/link.txt`;
  await symlink('one/real.txt', path);
  const { tells } = await following(t, path);
  await writeFile(`${home}/one/real.txt`, 'changed\n');
  await tells('changed\n');
  await symlink('two/real.txt', `${path}.new`);
  await rename(`${path}.new`, path);
  await tells('two\n');
  await rm(`${home}/two`, { recursive: true });
  await tells('is not there');
  await mkdir(`${home}/two`);
  await writeFile(`${home}/two/real.txt`, 'anew\n');
  await tells('anew\n');
});
