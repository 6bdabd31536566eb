// The file that a watched stream is kept in.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { eventually } from '../../tests/lib/deadline.js';
import { Saver } from '../src/saver.js';

const SOON_MS = 15_000;

async function folder(t) {
  const path = await mkdtemp(`${tmpdir()}/saver-`);
  t.after(() => rm(path, { recursive: true }));
  return path;
}

/** A saver, and what it has said. */
function saving(path) {
  const said = [];
  return { said, saver: new Saver(path, (problem) => said.push(problem)) };
}

test('the newest text is in the file in the end, exactly, and the file keeps its mode', async (t) => {
  const home = await folder(t);
  const path = `${home}/file`;
  await writeFile(path, 'before', { mode: 0o640 });
  const { saver, said } = saving(path);
  for (let i = 0; i <= 100; i++) saver.save(`text ${i}\x1b[2J\r\n\u202e`);
  assert.equal(await saver.done(), true);
  assert.equal(await readFile(path, 'utf8'), 'text 100\x1b[2J\r\n\u202e');
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(home), ['file']);
  assert.deepEqual(new Set(said), new Set(['']));
});

test('what could not be written is written as soon as it can be, without another change', async (t) => {
  const path = `${await folder(t)}/away/file`;
  const { saver, said } = saving(path);
  saver.save('text');
  await eventually(SOON_MS, () => said.length > 0, 'it says why');
  assert.match(said[0], /^cannot be written: ENOENT/);
  await mkdir(path.replace('/file', ''));
  await eventually(SOON_MS, () => said.at(-1) === '', 'it says that it works');
  assert.equal(await readFile(path, 'utf8'), 'text');
  assert.equal(await saver.done(), true);
});

test('what is no file is not replaced by one', async (t) => {
  const home = await folder(t);
  execFileSync('mkfifo', [`${home}/pipe`]);
  for (const path of [home, `${home}/pipe`]) {
    const { saver, said } = saving(path);
    saver.save('text');
    assert.equal(await saver.done(), false);
    assert.equal(said.at(-1), 'cannot be written: it is no file');
  }
  assert.ok((await stat(`${home}/pipe`)).isFIFO());
  assert.deepEqual(await readdir(home), ['pipe']);
});
