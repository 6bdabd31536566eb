// current.sh with an apt of our own making: which parts it calls older, and what it then does; and
// what the list of parts says of them.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';
import { test } from '../../tests/lib/test.js';
import { makeFolder } from './empty-root.mjs';

const inPackaging = (name) => path.join(ROOT, 'packaging', name);

/** What is in the package: libraries that were compiled for it, and those of this machine. */
const COMPILED = ['curl 7.88.1-10+deb12u15 libcurl4-openssl-dev',
  'libmicrohttpd 0.9.75-6 libmicrohttpd-dev'];
const INSTALLED = ['c-ares 1.18.1-3 libc-ares-dev', 'glibc 2.36-9+deb12u14 libc6-dev',
  'openssl 3.0.19-1~deb12u2 libssl-dev'];
const TODAY = {
  'libcurl4-openssl-dev': '7.88.1-10+deb12u15',
  'libmicrohttpd-dev': '0.9.75-6',
  'libc-ares-dev': '1.18.1-3',
  'libc6-dev': '2.36-9+deb12u14',
  'libssl-dev': '3.0.19-1~deb12u2',
};

/** @param {object} today library to version, of what apt would install; `isOffline`: it cannot be asked */
function compare(today, { isOffline = false, env = {} } = {}) {
  const folder = makeFolder();
  const at = (name) => path.join(folder, name);
  try {
    mkdirSync(at('bin'));
    const versions = Object.entries({ ...TODAY, ...today })
      .map(([library, version]) => `${library}) echo 'Version: ${version}' ;;`);
    for (const [name, script] of Object.entries({
      'apt-cache': `for word; do :; done; case $word in ${versions.join(' ')} esac`,
      'apt-get': isOffline
        ? 'case $* in *Error-Mode=any*) echo "Could not resolve" >&2; exit 100 ;; esac' : '',
    })) {
      writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${script}\n`);
      chmodSync(at(`bin/${name}`), 0o755);
    }
    writeFileSync(at('versions'), `${COMPILED.join('\n')}\n`);
    writeFileSync(at('all'), `codestream 1\n${[...COMPILED, ...INSTALLED].join('\n')}\n`);
    writeFileSync(at('codestream.zip'), '');
    const { status, stdout, stderr } = spawnSync('sh', [inPackaging('current.sh'), folder, at('all')],
      { encoding: 'utf8', env: { PATH: `${at('bin')}:${process.env.PATH}`, ...env } });
    writeFileSync(at('older'), stdout);
    const list = JSON.parse(execFileSync('sh',
      [inPackaging('parts.sh'), at('all'), at('older'), at('codestream.zip')],
      { cwd: ROOT, encoding: 'utf8' }));
    const comments = list.packages.filter(({ comment }) => comment)
      .map(({ name, comment }) => `${name}: ${comment}`);
    return { status, older: stdout, said: stderr, comments };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('parts of today are packaged without a word', () => {
  assert.deepEqual(compare({}), { status: 0, older: '', said: '', comments: [] });
});

test('parts that are newer than what apt would install are, too', () => {
  assert.equal(compare({ 'libssl-dev': '3.0.18-1~deb12u1' }).status, 0);
});

for (const [part, library, candidate, mend] of [
  ['curl', 'libcurl4-openssl-dev', '7.88.1-10+deb12u16', /^ {2}rm \S+\/fetched$/m],
  ['libmicrohttpd', 'libmicrohttpd-dev', '0.9.75-6+deb12u1', /^ {2}rm \S+\/fetched$/m],
  ['c-ares', 'libc-ares-dev', '1.18.1-3+deb12u1', /--only-upgrade libc-ares-dev$/m],
  ['glibc', 'libc6-dev', '2.36-9+deb12u15', /--only-upgrade libc6-dev$/m],
  ['openssl', 'libssl-dev', '3.0.22-1~deb12u2', /--only-upgrade libssl-dev$/m],
]) {
  test(`an older ${part} is refused, with the command that mends it`, () => {
    const { status, older, said } = compare({ [library]: candidate });
    assert.equal(status, 1);
    assert.equal(older, `${part} ${candidate}\n`);
    assert.match(said, new RegExp(`^${part} \\S+ is older than `, 'm'));
    assert.match(said, mend);
    assert.match(said, /STALE=1/);
  });
}

for (const answer of ['(none)', 'N: Unable to locate', 'x1', '1 2', '-1']) {
  test(`an answer of apt's that is no version, ${answer}, lets nothing pass`, () => {
    const { status, older } = compare({ 'libssl-dev': answer });
    assert.equal(status, 1);
    assert.match(older, /^openssl /);
  });
}

test('STALE=1 packages it all the same, says so, and so does the list of parts', () => {
  const { status, said, comments } = compare({ 'libssl-dev': '3.0.22-1~deb12u2' },
    { env: { STALE: '1' } });
  assert.equal(status, 0);
  assert.match(said, /^openssl 3\.0\.19-1~deb12u2 is older than 3\.0\.22-1~deb12u2,/);
  assert.deepEqual(comments,
    ['openssl: Older than what apt would have installed then, 3.0.22-1~deb12u2.']);
});

test('where apt cannot be asked nothing is packaged, but with STALE=1, and the list says so', () => {
  const { status, said } = compare({}, { isOffline: true });
  assert.equal(status, 1);
  assert.match(said, /Could not resolve\n/);
  assert.match(said, /^glibc \S+: apt does not say what it would install today$/m);
  const stale = compare({}, { isOffline: true, env: { STALE: '1' } });
  assert.equal(stale.status, 0);
  assert.equal(stale.comments.length, COMPILED.length + INSTALLED.length);
  assert.match(stale.comments[0], /: Not compared with what apt would have installed then\.$/);
});
