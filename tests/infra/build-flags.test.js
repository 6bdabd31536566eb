// What make would do, without doing it: a packager's flags, compiler and folders are taken, and the
// program's own stay where they belong.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

/** The commands that make would run; not with the flags of the make that runs this. */
function plan(args, env = {}) {
  return execFileSync('make', ['--dry-run', ...args],
    { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, ...env }, maxBuffer: 1 << 26 })
    .replaceAll('\\\n', ' ').split('\n');
}

const compiling = (lines) => lines.filter((line) => / -c -o \S+\.o /.test(line));
const linking = (lines) => lines.filter((line) => /^echo "link /.test(line));
const count = (line, flag) => line.split(/\s+/).filter((word) => word === flag).length;

/** Hardened as ever: the release, with or without flags of others. */
function assertRelease(lines) {
  assert.ok(compiling(lines).length > 20 && linking(lines).length === 1);
  for (const line of compiling(lines)) {
    for (const flag of ['-std=c17', '-D_GNU_SOURCE', '-D_FORTIFY_SOURCE=3', '-fPIE', '-pthread',
      '-fstack-protector-strong', '-Wall'])
      assert.equal(count(line, flag), 1, `${flag} in ${line}`);
    assert.doesNotMatch(line, /-fsanitize/);
  }
  assert.match(linking(lines)[0], / -pie .*-z,now/);
  assert.match(linking(lines)[0], / -lmicrohttpd .*-lcurl .*-lcrypto\b/);
}

/** Sanitizers, and nothing that stands in their way. */
function assertSanitized(lines) {
  assert.ok(compiling(lines).length > 50);
  for (const line of compiling(lines)) {
    assert.equal(count(line, '-fsanitize=address,undefined'), 1, line);
    assert.doesNotMatch(line, /-ftrivial-auto-var-init|-fstack-clash/);
    const fortified = line.lastIndexOf(' -D_FORTIFY_SOURCE');
    assert.ok(line.lastIndexOf(' -U_FORTIFY_SOURCE') > fortified, line);
  }
}

/** The packager's -O comes after ours, once. */
function assertOptimised(lines, flag) {
  for (const line of compiling(lines)) {
    assert.equal(count(line, flag), 1, line);
    assert.equal(line.split(/\s+/).filter((word) => /^-O/.test(word)).at(-1), flag, line);
  }
}

test('CFLAGS may come from the command line or the environment, and their -O counts', () => {
  for (const lines of [plan(['codestream', 'CFLAGS=-Os']),
    plan(['codestream'], { CFLAGS: '-Os' })]) {
    assertRelease(lines);
    assertOptimised(lines, '-Os');
  }
});

test('make test hands them on, but nothing of the release to the sanitizers\' build', () => {
  const env = { CFLAGS: '-Og -g3', CPPFLAGS: '-D_FORTIFY_SOURCE=2', LDFLAGS: '-Wl,--as-needed' };
  const lines = plan(['test'], env);
  const tested = lines.filter((line) => line.includes('build/test/'));
  assertSanitized(tested);
  assertOptimised(tested, '-Og');
  const released = compiling(lines).filter((line) => line.includes('build/release/'));
  assert.ok(released.length > 20);
  for (const line of released) {
    assert.doesNotMatch(line, /-fsanitize/);
    assert.doesNotMatch(line, /-D_FORTIFY_SOURCE=3/, 'the packager has chosen another');
  }
});

test('without optimisation nothing asks for what needs it', () => {
  for (const line of compiling(plan(['codestream', 'CFLAGS=-O2 -O0'])))
    assert.doesNotMatch(line, /_FORTIFY_SOURCE/);
});

test('CPPFLAGS, LDFLAGS and LDLIBS are added, each in its place', () => {
  const lines = plan(['codestream', 'CPPFLAGS=-DOF_OTHERS', 'LDFLAGS=-Wl,--as-needed',
    'LDLIBS=-lof-others']);
  assertRelease(lines);
  for (const line of compiling(lines)) assert.equal(count(line, '-DOF_OTHERS'), 1, line);
  assert.match(linking(lines)[0], / -Wl,--as-needed -o .* -lcrypto .*-lof-others/);
});

test('unit tests and the fuzzers\' seeds keep what they need beside CPPFLAGS and LDFLAGS', () => {
  const lines = plan(['MODE=test', 'unit', 'replay', 'CPPFLAGS=-DOF_OTHERS',
    'LDFLAGS=-Wl,--as-needed']);
  const units = compiling(lines).filter((line) => line.includes('tests/unit/'));
  assert.ok(units.length > 10);
  for (const line of units) assert.match(line, / -Itests\/unit .*-DOF_OTHERS /);
  assert.ok(lines.some((line) => / -Wl,--as-needed .*--wrap=malloc .*-lcmocka/.test(line)));
});

test('another compiler compiles and links everything, without what only gcc knows', () => {
  const lines = plan(['codestream', 'CC=clang']);
  for (const line of [...compiling(lines), ...linking(lines)]) assert.match(line, /"; clang /);
  assert.doesNotMatch(compiling(lines).join('\n'), /-Wlogical-op|-ftrivial-auto-var-init/);
});

test('PREFIX and DESTDIR say where it is installed', () => {
  const lines = plan(['install', 'DESTDIR=/stage', 'PREFIX=/usr']);
  assert.match(lines.join('\n'), /install -D -m 755 \S+ \/stage\/usr\/bin\/codestream\n/);
});

/** A folder with the makefiles in which nothing is known to be there, and a machine without packages. */
function onBareMachine(body) {
  const folder = mkdtempSync(path.join(tmpdir(), 'codestream-bare-'));
  const at = (name) => path.join(folder, name);
  try {
    for (const file of ['Makefile', 'src', 'packaging/package.mk', 'bench/bench.mk',
      'tests/fuzz/fuzz.mk'])
      cpSync(path.join(ROOT, file), at(file), { recursive: true });
    mkdirSync(at('bin'));
    for (const name of ['web', 'emulator', 'tests']) {
      mkdirSync(at(name), { recursive: true });
      writeFileSync(at(`${name}/package-lock.json`), '{}');
    }
    for (const tool of ['sh', 'mkdir', 'cat', 'touch', 'uname', 'id', 'grep', 'sed', 'env',
      'flock', 'tail', 'make'])
      symlinkSync(execFileSync('sh', ['-c', `command -v ${tool}`], { encoding: 'utf8' }).trim(),
        at(`bin/${tool}`));
    for (const [name, script] of Object.entries({
      dpkg: 'exit 1', 'apt-get': `echo "$*" >>${at('installed')}`,
    })) {
      writeFileSync(at(`bin/${name}`), `#!/bin/sh\n${script}\n`);
      chmodSync(at(`bin/${name}`), 0o755);
    }
    return body((...args) => spawnSync('make', ['SUDO=', ...args],
      { cwd: folder, encoding: 'utf8', env: { PATH: at('bin') } }),
    () => spawnSync('cat', [at('installed')], { encoding: 'utf8' }).stdout);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('plain make and make install install no packages, and say in one line which are missing', () => {
  for (const goals of [[], ['install', 'DESTDIR=/nowhere']]) {
    onBareMachine((make, installed) => {
      const { status, stderr } = make(...goals);
      assert.equal(status, 2);
      assert.match(stderr,
        /^missing: gcc libc6-dev pkg-config .*libssl-dev.* \(make deps installs them\)\n/);
      assert.equal(installed(), '');
    });
  }
});

test('make deps installs them, and so does every target that shows that it works', () => {
  onBareMachine((make, installed) => {
    assert.equal(make('deps').status, 0);
    assert.match(installed(), /^update .*\ninstall .* gcc libc6-dev .*libssl-dev/);
  });
  for (const goal of ['run', 'test']) {
    onBareMachine((make, installed) => {
      make(goal);
      assert.match(installed(), /^install .* /m, goal);
    });
  }
});
