// package.mk with scripts that only say that they ran: what is made again when, and what is shown.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../tests/lib/handler.js';
import { test } from '../../tests/lib/test.js';
import { makeFolder } from './empty-root.mjs';

/** What package.mk has of the Makefile. */
const MAKEFILE = `Q := $(if $(V),,@)
CC = cc
quoted = '$(subst ','\\'',$(1))'
FLAGS.release = $(FLAGS) -DX
include packaging/package.mk
build/package/codestream build/package/chat/codestream build/package/packaging/self-contained.o:
\t$(Q)mkdir -p $(@D) && touch $@
`;

const SCRIPTS = {
  sources: 'touch "$1/warnings"; echo fetching',
  libraries: 'echo "compiling with $CC $CPPFLAGS $CFLAGS"',
  versions: 'echo codestream 1',
  current: 'true',
  zip: 'mkdir -p "$3" && cd "$3" && touch codestream local.settings.json host.json && cd - >/dev/null\n'
    + 'touch "$2" "$2.sha256"; echo "$1 is packed"',
  parts: 'echo {}',
};

const BUNDLER = '#!/bin/sh\nfor last; do :; done\ntouch "$(echo "$last" | sed s/--outfile=//)"\n';

/** A folder with all that, and `make` in it. */
function inFolder(body) {
  const folder = makeFolder();
  const write = (name, text) => writeFileSync(path.join(folder, name), text);
  try {
    for (const name of ['build/packages', 'packaging']) {
      mkdirSync(path.join(folder, name), { recursive: true });
    }
    for (const name of ['have-build', 'have-package']) write(`build/${name}`, '');
    for (const [name, text] of Object.entries(SCRIPTS)) write(`packaging/${name}.sh`, text);
    // What makes the check of a deployment: its source, and a bundler that is there already.
    for (const name of ['infra', 'web']) {
      mkdirSync(path.join(folder, name, 'node_modules/.bin'), { recursive: true });
      write(`${name}/node_modules/.package-lock.json`, '');
    }
    write('infra/check.mjs', '');
    writeFileSync(path.join(folder, 'web/node_modules/.bin/esbuild'), BUNDLER, { mode: 0o755 });
    write('Makefile', MAKEFILE);
    write('host.json', '{}');
    write('LICENSE', '');
    write('VERSION', '1.0.0');
    write('packaging/apt.sh', '');
    const rules = 'packaging/package.mk';
    copyFileSync(path.join(ROOT, rules), path.join(folder, rules));
    const env = { PATH: process.env.PATH }; // not the flags of the make that runs this
    const options = { cwd: folder, env, encoding: 'utf8', stdio: 'pipe' };
    body((...args) => execFileSync('make', args, options));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('the libraries are compiled once, and again when the flags or the compiler change', () => {
  inFolder((make) => {
    const libraries = (...args) => make('-s', 'build/packages/ready', ...args);
    assert.equal(libraries('FLAGS=-O1'), 'fetching\ncompiling with cc -DX -O1\n');
    assert.equal(libraries('FLAGS=-O1'), '');
    assert.equal(libraries('FLAGS=-O2'), 'compiling with cc -DX -O2\n');
    assert.equal(libraries('FLAGS=-O2', 'CC=gcc'), 'compiling with gcc -DX -O2\n');
    assert.equal(libraries('FLAGS=-O2', 'CC=gcc'), '');
    assert.equal(libraries('FLAGS=-O2', 'CC=gcc', `CFLAGS=-Og -DIT='it"s'`),
      `compiling with gcc -DX -O2 -Og -DIT='it"s'\n`);
  });
});

test('the package has the application that APP names, and the next one without it Codestream again', () => {
  inFolder((make) => {
    assert.match(make('package', 'APP=examples/chat'), /^build\/package\/chat\/codestream is packed$/m);
    assert.doesNotMatch(make('package', 'APP=examples/chat'), /is packed/, 'nothing has changed');
    assert.match(make('package'), /^build\/package\/codestream is packed$/m);
  });
});

test('make package is quiet, and shows every command with V=1', () => {
  inFolder((make) => assert.doesNotMatch(make('package'), /zip\.sh|make/));
  inFolder((make) => assert.match(make('package', 'V=1'), /\nsh packaging\/zip\.sh build/));
});
