// Builds the page into dist: bundles, hashed names, gzip. Run `node build.mjs` from any folder; it
// takes a few seconds.

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/** Packages whose code is in the bundle: their licences are shipped with it. */
const SHIPPED = [
  'monaco-editor',
  'dompurify',
  'marked',
  'socket.io-client',
  'socket.io-parser',
  'engine.io-client',
  'engine.io-parser',
  '@socket.io/component-emitter',
];

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: ['chrome111', 'firefox115', 'safari16.4'],
  legalComments: 'none',
  charset: 'utf8',
  outdir: join(dist, 'assets'),
  entryNames: '[name]-[hash]',
  chunkNames: '[name]-[hash]',
  assetNames: '[name]-[hash]',
  metafile: true,
  write: false,
  logLevel: 'warning',
};

/** The worker is built first, because the page names it. */
async function buildWorker() {
  const { outputFiles: files, metafile } = await build({
    ...common,
    entryPoints: { ticker: './src/ticker.worker.js' },
  });
  return { files, name: basename(outputOf(metafile, 'ticker.worker.js')) };
}

async function buildPage(worker) {
  const result = await build({
    ...common,
    entryPoints: { page: './src/main.js' },
    splitting: true,
    loader: { '.ttf': 'file' },
    define: { TICKER_WORKER: JSON.stringify(`./${worker.name}`) },
  });
  const script = outputOf(result.metafile, 'src/main.js');
  const { cssBundle, imports } = result.metafile.outputs[script];
  const chunks = imports.filter(({ kind }) => kind === 'import-statement').map(({ path }) => path);
  // With splitting, every lazy chunk that reaches the editor's styles gets a copy of them; one is
  // enough.
  const files = result.outputFiles.filter(
    ({ path }) => !path.endsWith('.css') || basename(path) === basename(cssBundle),
  );
  return {
    files,
    script: basename(script),
    style: basename(cssBundle),
    chunks: chunks.map((chunk) => basename(chunk)),
  };
}

function outputOf({ outputs }, entry) {
  const found = Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith(entry));
  if (!found) throw new Error(`esbuild made nothing of ${entry}`);
  return found;
}

/** The licences of the packages that are shipped, and of what these contain in turn. */
async function licences() {
  const texts = await Promise.all(SHIPPED.map(licenceOf));
  const contents = Buffer.from(texts.join(`\n${'-'.repeat(80)}\n\n`));
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 8);
  return { path: join(dist, 'assets', `licences-${digest}.txt`), contents };
}

async function licenceOf(name) {
  const read = (file) => readFile(join(here, 'node_modules', name, file), 'utf8');
  const { version, license } = JSON.parse(await read('package.json'));
  const names = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'ThirdPartyNotices.txt'];
  const found = await Promise.all(names.map((file) => read(file).catch(() => undefined)));
  const texts = found.filter(Boolean).map((text) => text.trim());
  if (texts.length === 0) throw new Error(`${name} comes without the text of its licence`);
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

async function writePage({ script, style, chunks, licences: notice }) {
  const links = [
    `<link rel="stylesheet" href="./assets/${style}">`,
    ...chunks.map((chunk) => `<link rel="modulepreload" href="./assets/${chunk}">`),
    `<script type="module" src="./assets/${script}"></script>`,
  ].join('\n    ');
  const source = await readFile(join(here, 'index.html'), 'utf8');
  const html = source
    .replace('<!-- build: links -->', links)
    .replace('%LICENCES%', `./assets/${notice}`);
  if (html === source) throw new Error('index.html has no place for the links');
  await writeFile(join(dist, 'index.html'), html);
  return Buffer.from(html);
}

const started = Date.now();
const worker = await buildWorker();
const page = await buildPage(worker);
const notice = await licences();
// Not before this point: a build that fails must leave the old page as it was.
await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, 'assets'), { recursive: true });
const sizes = new Map();
for (const { path, contents } of [...worker.files, ...page.files, notice]) {
  const zipped = gzipSync(contents, { level: 9 });
  sizes.set(basename(path), zipped.length);
  await writeFile(path, zipped);
}
const html = await writePage({ ...page, licences: basename(notice.path) });

const first = [
  page.script,
  page.style,
  ...page.chunks,
  worker.name,
  ...[...sizes.keys()].filter((name) => name.endsWith('.ttf')),
];
const firstLoad = first.reduce((sum, name) => sum + sizes.get(name), html.length);
console.log(
  `web/dist: ${sizes.size + 1} files, first load ${Math.round(firstLoad / 1000)} kB ` +
    `in ${first.length + 1} requests, ` +
    `${Date.now() - started} ms`,
);
