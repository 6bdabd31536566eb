// One license, and every list of what the project is made of names it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../lib/handler.js';
import { test } from '../lib/test.js';

const read = (file) => readFileSync(path.join(ROOT, file), 'utf8');
const PACKAGES = ['bench', 'emulator', 'tests', 'tests/eslint', 'tests/upload', 'web'];

test('the license is MIT, and README names it', () => {
  assert.match(read('LICENSE'), /^MIT License\n\nCopyright \(c\) 2026 the Codestream authors\n/);
  assert.match(read('README.md'), /\[MIT\]\(LICENSE\)/);
});

test('every npm package of the project, and what its lock file says of it, is under it', () => {
  for (const folder of PACKAGES) {
    assert.equal(JSON.parse(read(`${folder}/package.json`)).license, 'MIT', folder);
    const { packages } = JSON.parse(read(`${folder}/package-lock.json`));
    assert.equal(packages[''].license, 'MIT', folder);
  }
});

test('the list of the package\'s parts says so, and whose the copyright is', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'codestream-license-'));
  const at = (name) => path.join(folder, name);
  try {
    writeFileSync(at('versions'), 'codestream 1\ncurl 7.88.1-10\n');
    writeFileSync(at('codestream.zip'), 'nothing');
    const list = JSON.parse(execFileSync('sh',
      ['packaging/parts.sh', at('versions'), '/dev/null', at('codestream.zip')],
      { cwd: ROOT, encoding: 'utf8' }));
    const [own] = list.packages;
    assert.equal(own.licenseDeclared, 'MIT');
    assert.equal(own.copyrightText, 'Copyright (c) 2026 the Codestream authors');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
