// The folder that `make release` leaves: whole, with the licence of every part, and enough for a
// deployment.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { needWhole } from '../../infra/deployment/release.mjs';
import { cloudTest, FIRST } from '../../tests/lib/azure/test.js';
import { test } from '../../tests/lib/test.js';
import { ROOT } from '../../tests/lib/handler.js';
import { makeFolder } from './empty-root.mjs';

const version = readFileSync(path.join(ROOT, 'VERSION'), 'utf8').trim();
const NAME = `codestream-${version}`;
const RELEASE = path.join(ROOT, 'build', NAME);
const read = (name) => readFileSync(path.join(RELEASE, name), 'utf8');
const list = (file) => execFileSync('tar', ['tzf', file], { encoding: 'utf8' }).split('\n');

/** The one file, unpacked elsewhere. */
function unpacked(t) {
  const folder = makeFolder();
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('tar', ['xzf', `${RELEASE}.tar.gz`, '-C', folder]);
  return path.join(folder, NAME);
}

test('the one file holds the folder, and each file in it is in the list of sums', async (t) => {
  const folder = unpacked(t);
  await needWhole(folder);
  execFileSync('diff', ['--recursive', RELEASE, folder]);
  const listed = read('SHA256SUMS').split('\n').filter(Boolean).map((line) => line.slice(66));
  const there = execFileSync('find', ['.', '-type', 'f'], { cwd: folder, encoding: 'utf8' })
    .split('\n').filter(Boolean).map((name) => name.slice(2));
  assert.deepEqual(there.filter((name) => !listed.includes(name)), ['SHA256SUMS']);
});

test('the licence of every part of the zip is there, of the page and of the programs', () => {
  const { packages } = JSON.parse(read('codestream.spdx.json'));
  for (const { name } of packages) assert.ok(read(`licences/${name}`).length > 500, name);
  assert.match(read('licences/page'), /monaco-editor/);
  for (const name of readdirSync(path.join(ROOT, 'infra/node_modules')).filter((one) => /^\w/.test(one)))
    assert.match(read('licences/programs'), new RegExp(`^${name}$`, 'm'));
});

test('both npm packages are there, with their programs, and the changes of this version alone', () => {
  const packed = readdirSync(RELEASE).filter((name) => name.endsWith('.tgz'));
  assert.equal(packed.length, 2, packed.join());
  const files = packed.flatMap((name) => list(path.join(RELEASE, name)));
  for (const program of ['package/webpubsub.js', 'package/dist/codestream-share.cjs'])
    assert.ok(files.includes(program), program);
  assert.match(read('CHANGES.md'), new RegExp(`^# Codestream ${version.replaceAll('.', '\\.')}\n`));
  assert.doesNotMatch(read('CHANGES.md'), /^## /m);
});

test('the programs in it run where it is, with Node and nothing else', (t) => {
  const folder = unpacked(t);
  const run = (...args) =>
    execFileSync(process.execPath, args, { cwd: folder, env: { PATH: '' }, encoding: 'utf8' });
  assert.equal(run('doctor.cjs', '--version'), `codestream ${version}\n`);
  const dry = run('infra/deploy.mjs', '--dry-run', '--location', 'westeurope');
  assert.ok(dry.includes(path.join(folder, 'codestream.zip')), dry);
  assert.match(dry, /\nnode check\.cjs 'https:/, 'the check is its own');
  for (const program of ['destroy', 'upload'])
    assert.match(run(`infra/${program}.mjs`, '--help'), /^usage: /);
});

cloudTest('it is deployed with --from', async (world) => {
  const { code, out, err } = await world.run('deploy', [...FIRST, '--from', RELEASE]);
  assert.equal(code, 0, out + err);
  assert.equal(world.checked.file, path.join(RELEASE, 'check.cjs'));
  assert.match(world.page, new RegExp(`content="${version.replaceAll('.', '\\.')}"`));
});
