// Builds the chat's page into dist, which is served as web/dist is, with what web/ has installed.
// `node build.mjs`.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const web = join(here, '../../../web');
const { build } = createRequire(join(web, 'package.json'))('esbuild');
const dist = join(here, 'dist');

const { outputFiles: files } = await build({
  absWorkingDir: here,
  nodePaths: [join(web, 'node_modules')],
  entryPoints: ['main.js', 'style.css'],
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  outdir: join(dist, 'assets'),
  entryNames: '[name]-[hash]',
  legalComments: 'eof',
  write: false,
  logLevel: 'warning',
});

await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, 'assets'), { recursive: true });
for (const { path, contents } of files) await writeFile(path, gzipSync(contents, { level: 9 }));
const links = files.map(({ path }) => basename(path)).map((name) => (name.endsWith('.css')
  ? `<link rel="stylesheet" href="./assets/${name}">`
  : `<script type="module" src="./assets/${name}"></script>`)).join('\n    ');
const html = await readFile(join(here, 'index.html'), 'utf8');
await writeFile(join(dist, 'index.html'), html.replace('<!-- build: links -->', links));
