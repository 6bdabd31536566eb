// Bundles the program, with the page's cores and the libraries, into one file that needs nothing but
// Node. `npm pack` runs it. esbuild and the libraries are those of the page (web/package-lock.json).

import { chmod, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const { build } = createRequire(join(here, '../web/package.json'))('esbuild');
const { version } = JSON.parse(await readFile(join(here, 'package.json'), 'utf8'));
const program = join(here, 'dist/codestream-share.cjs');

await rm(join(here, 'dist'), { recursive: true, force: true });
await mkdir(join(here, 'dist'));
const { metafile } = await build({
  absWorkingDir: here,
  entryPoints: ['src/main.js'],
  outfile: program,
  bundle: true,
  platform: 'node',
  target: 'node18',
  format: 'cjs',
  charset: 'utf8',
  legalComments: 'none',
  define: { VERSION: JSON.stringify(version), TICKER_WORKER: '""', 'import.meta.url': '""' },
  // ws does without them.
  external: ['bufferutil', 'utf-8-validate'],
  banner: { js: '#!/usr/bin/env node' },
  metafile: true,
  logLevel: 'warning',
});
await chmod(program, 0o755);
await writeFile(join(here, 'dist/LICENSES.txt'), await licences(Object.keys(metafile.inputs)));

/** Those of the libraries that are in the bundle. @param {string[]} inputs */
async function licences(inputs) {
  const folders = inputs.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []);
  const texts = [...new Set(folders)].sort().map(async (folder) => {
    const path = join(here, folder);
    const { name, version: its } = JSON.parse(await readFile(join(path, 'package.json'), 'utf8'));
    const file = (await readdir(path)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Error(`${name} has no licence`);
    return `${name} ${its}\n\n${await readFile(join(path, file), 'utf8')}`;
  });
  return (await Promise.all(texts)).join(`\n${'-'.repeat(72)}\n\n`);
}
