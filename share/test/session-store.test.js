// What is kept of a session for --resume.
import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { SessionStore } from '../src/session-store.js';

/** @param {string} room */
const session = (room) => ({ room, key: 'key', epoch: 1 });

test('of two programs that share a file, the first to end does not forget the other’s session', async (t) => {
  const XDG_STATE_HOME = await mkdtemp(`${tmpdir()}/store-`);
  t.after(() => rm(XDG_STATE_HOME, { recursive: true }));
  const of = { file: 'file.js', api: 'http://localhost:9', env: { XDG_STATE_HOME } };
  const [one, other, third] = [new SessionStore(of), new SessionStore(of), new SessionStore(of)];
  assert.deepEqual(await Promise.all([one.write(session('a')), one.write(session('a'))]), [undefined, undefined]);
  await other.write(session('b'));
  await one.forget();
  await third.forget(); // it has not begun
  assert.deepEqual(await third.read(), session('b'));
  const folder = `${XDG_STATE_HOME}/codestream-share`;
  const [name] = await readdir(folder);
  assert.equal((await stat(`${folder}/${name}`)).mode & 0o777, 0o600);
  other.write(session('b')); // ends while it is being written
  await other.forget();
  assert.deepEqual(await readdir(folder), []);
});

test('a session that was taken over is gone on with under a greater epoch, if it is still the stored one', async (t) => {
  const XDG_STATE_HOME = await mkdtemp(`${tmpdir()}/store-`);
  t.after(() => rm(XDG_STATE_HOME, { recursive: true }));
  const of = { file: 'file.js', api: 'http://localhost:9', env: { XDG_STATE_HOME } };
  const [one, other] = [new SessionStore(of), new SessionStore(of)];
  await one.outrank(5); // it has not begun
  assert.equal(await one.read(), undefined);
  one.write(session('a')); // is taken over while it is being written
  await one.outrank(5);
  assert.deepEqual(await one.read(), { ...session('a'), epoch: 5 });
  await one.outrank(0); // by a writer that told no epoch
  assert.equal((await one.read()).epoch, 5);
  await other.write(session('b'));
  await one.outrank(7);
  assert.deepEqual(await one.read(), session('b'));
});

test('a folder for states that is relative is not taken', async (t) => {
  const home = await mkdtemp(`${tmpdir()}/store-`);
  const before = process.env.HOME;
  t.after(() => rm(home, { recursive: true }));
  t.after(() => (process.env.HOME = before));
  process.env.HOME = home;
  const env = { XDG_STATE_HOME: 'relative' };
  await new SessionStore({ file: 'file.js', api: 'http://localhost:9', env }).write(session('a'));
  assert.deepEqual(await readdir(home), ['.local']);
});

test('where no folder can be made, it is said', async () => {
  const env = { XDG_STATE_HOME: '/dev/null/none' };
  const store = new SessionStore({ file: 'file.js', api: 'http://localhost:9', env });
  assert.match(String(await store.write(session('a'))), /ENOTDIR/);
  await store.forget();
});

test('a session that cannot be stored leaves no older one of the file behind, but itself', async (t) => {
  const XDG_STATE_HOME = await mkdtemp(`${tmpdir()}/store-`);
  t.after(() => rm(XDG_STATE_HOME, { recursive: true }));
  const of = { file: 'file.js', api: 'http://localhost:9', env: { XDG_STATE_HOME } };
  const [older, later] = [new SessionStore(of), new SessionStore(of)];
  await older.write(session('a'));
  const folder = `${XDG_STATE_HOME}/codestream-share`;
  const [name] = await readdir(folder);
  await mkdir(`${folder}/${name}.${process.pid}`); // in the way
  assert.match(String(await later.write({ ...session('a'), epoch: 2 })), /EEXIST/);
  assert.deepEqual(await later.read(), session('a'));
  assert.match(String(await later.write(session('b'))), /EEXIST/);
  assert.equal(await later.read(), undefined);
});
