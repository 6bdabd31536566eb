// bench.mk: what `make bench` makes before it measures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BENCH_MK = fileURLToPath(new URL('../bench.mk', import.meta.url));

/** What make does in a folder of its own, which has bench.mk and these files. */
function inFolder(files, use) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-make-'));
  const run = (command, ...args) => spawnSync(command, args, {
    cwd: folder, encoding: 'utf8', env: { PATH: process.env.PATH, HOME: folder },
  });
  try {
    cpSync(BENCH_MK, path.join(folder, 'bench.mk'));
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
    use(run, folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the package is brought up to date, since it is what is measured', () => {
  inFolder({}, (run) => {
    const { stdout } = run('make', '-f', 'bench.mk', '-pq', 'bench');
    assert.ok(/^bench: (.*)$/m.exec(stdout)[1].split(' ').includes('package'));
  });
});

test('a record is made of a clean tree only', () => {
  inFolder({ Makefile: 'include bench.mk\n' }, (run, folder) => {
    run('git', 'init', '-q');
    run('git', 'add', '.');
    run('git', '-c', 'user.name=a', '-c', 'user.email=a@b', 'commit', '-qm', 'all');
    writeFileSync(path.join(folder, 'new.c'), '');
    const dirty = run('make', 'bench-record');
    assert.match(dirty.stderr, /clean tree[^]*new\.c/);
    assert.notEqual(dirty.status, 0);
    rmSync(path.join(folder, 'new.c'));
    assert.match(run('make', '-n', 'bench-record').stdout, /bench .*BENCH_RECORD=1/);
    const other = run('make', 'bench-record', 'MODE=test');
    assert.match(other.stderr, /what is deployed, not of MODE=test/);
    assert.notEqual(other.status, 0);
  });
});
