// How the program that is delivered was built: what the compiler and the linker were asked to add
// against whoever finds a fault in it is in it.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { RELEASE, skip } from '../lib/release.js';
import { assertHardened, readElf } from '../lib/elf.js';
import { test } from '../lib/test.js';

const OBJECTS = path.join(path.dirname(RELEASE), 'src');

test('its addresses are drawn by lot, its tables sealed, and no memory is written and run',
  { skip }, () => assertHardened(RELEASE));

test('a stack that was overrun is noticed, and so is a copy that is too long', { skip }, () => {
  const symbols = readElf(RELEASE, '--dyn-syms');
  assert.match(symbols, /\b__stack_chk_fail@/);
  assert.match(symbols, /\b__\w+_chk@/);
});

const isX86 = process.arch === 'x64';

test('calls and jumps of every object can be checked by processors that do',
  { skip: skip || (!isX86 && 'another machine') }, () => {
    const objects = readdirSync(OBJECTS, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.o'));
    assert.ok(objects.includes('main.o'));
    for (const name of objects)
      assert.match(readElf(path.join(OBJECTS, name), '--notes'), /IBT, SHSTK/, name);
  });
