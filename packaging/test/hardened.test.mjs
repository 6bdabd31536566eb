// The handler in the zip has in it what the one that `make` leaves has.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { assertHardened } from '../../tests/lib/elf.js';
import { test } from '../../tests/lib/test.js';
import { makeFolder, ZIP } from './empty-root.mjs';
import { readZip } from './read-zip.mjs';

test('its addresses are drawn by lot, its tables sealed, and no memory is written and run', () => {
  const folder = makeFolder();
  const file = path.join(folder, 'codestream');
  try {
    writeFileSync(file, readZip(readFileSync(ZIP)).find(({ name }) => name === 'codestream').data);
    assertHardened(file);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
