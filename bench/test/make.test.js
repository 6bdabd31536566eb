// bench.mk: what `make bench` makes before it measures.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const BENCH_MK = fileURLToPath(new URL('../bench.mk', import.meta.url));

/** What `bench` depends on, in a folder with these files. */
function needs(files, ...args) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-make-'));
  try {
    for (const file of files) {
      mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
      writeFileSync(path.join(folder, file), '');
    }
    cpSync(BENCH_MK, path.join(folder, 'Makefile'));
    const options = { cwd: folder, env: { PATH: process.env.PATH }, encoding: 'utf8' };
    const { stdout } = spawnSync('make', ['-pq', ...args, 'bench'], options);
    return /^bench: (.*)$/m.exec(stdout)[1].split(' ');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('a package that is there is measured, so it is brought up to date; none is not made', () => {
  assert.ok(!needs([]).includes('package'));
  assert.ok(needs(['build/package/codestream']).includes('package'));
  assert.ok(needs([], 'BENCH_FULL=1').includes('package'));
});
