// callgrind: where it puts its counts, and what they depend on besides the code.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const RUN_MS = 60_000;

const run = (command, args) =>
  execFileSync(command, args, { encoding: 'utf8', timeout: RUN_MS, stdio: ['ignore', 'pipe', 2] });

/** Calls `use` with the name of a file that is gone afterwards. */
export async function withCounts(use) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'codestream-counts-'));
  try {
    return await use(path.join(folder, 'counts'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What was counted in one process from its start to its end. */
export function totalOf(counts) {
  const [, total] = /^totals: (\d+)$/m.exec(readFileSync(counts, 'utf8')) ?? [];
  if (!total) throw new Error(`${counts} has no totals`);
  return Number(total);
}

/** Runs a program under callgrind. @param {string} counts a file to use */
export function count(program, args, counts) {
  run('valgrind', ['-q', '--tool=callgrind', `--callgrind-out-file=${counts}`, program, ...args]);
  return totalOf(counts);
}

/** In one line, all that has to be equal for two counts to be compared. */
export function conditions(compiler = process.env.CC || 'cc') {
  const version = (command, args) => /\d+(\.\d+)+/.exec(run(command, args))[0];
  const library = (name) => version('pkg-config', ['--modversion', name]);
  const vectors = /\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? 'avx2' : 'no avx2';
  return [
    run(compiler, ['--version']).split('\n')[0],
    `${os.arch()} with ${vectors}`,
    run('getconf', ['GNU_LIBC_VERSION']).trim(),
    `libmicrohttpd ${library('libmicrohttpd')}`,
    `libcurl ${library('libcurl')}`,
    // Corrections of one release series leave its HMAC alone.
    `OpenSSL ${library('openssl').replace(/\.\d+$/, '')}`,
    `valgrind ${version('valgrind', ['--version'])}`,
  ].join(', ');
}
