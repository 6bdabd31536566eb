// Builds the page into dist: bundles, hashed names, gzip. Run `node build.mjs` from any folder; it
// takes a few seconds.

import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { requireVerdicts } from './grammars/versions.mjs';
import { REWRITTEN } from './rewriting.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, 'dist');

/** Monaco has copies of these in its own files. */
const WITHIN = ['dompurify', 'marked'];

const common = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  // What runs in Safari 15.4 and later.
  target: ['chrome111', 'firefox115', 'safari15.4'],
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

/** The page inside a recording's file: one file that loads nothing, with the viewers' view in it. */
async function buildPlayer() {
  const { outputFiles, metafile } = await build({
    ...common,
    format: 'iife',
    entryPoints: { player: './src/player.js', style: './style.css' },
    define: { TICKER_WORKER: '""', 'import.meta.url': '""' },
    plugins: [withoutWriting, ...REWRITTEN],
  });
  const [bundle, style] = ['.js', '.css'].map(
    (end) => outputFiles.find(({ path }) => path.endsWith(end)).text.trim(),
  );
  // esbuild writes this only within strings and expressions, where it may be spelled so.
  const script = bundle.replaceAll('<!--', '\\x3c!--');
  // What would end the element that it stands in, or begin a comment there.
  if (/<\/script|<!--/i.test(script) || /<\/style/i.test(style))
    throw new Error('the player cannot stand in a page');
  const html = await readFile(join(here, 'player.html'), 'utf8');
  const page = html
    .replace('%SCRIPT_HASH%', `sha256-${createHash('sha256').update(script).digest('base64')}`)
    .replace('%STYLE%', () => style)
    .replace('%SCRIPT%', () => script);
  return { page, inputs: Object.keys(metafile.inputs) };
}

/** A player has no writer's editor, and no parts that are loaded later. */
const withoutWriting = {
  name: 'without-writing',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^monaco-editor|\/(shared|parts|definitions)\.js$/ }, ({ path }) => ({ path, namespace: 'none' }));
    onLoad({ filter: /.*/, namespace: 'none' }, () => ({ contents: 'module.exports = {}' }));
  },
};

/** @param {string} page  as a module that the page loads when somebody saves a recording */
const playerModule = (page) => ({
  name: 'player-page',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^player-page$/ }, ({ path }) => ({ path, namespace: 'player' }));
    onLoad({ filter: /.*/, namespace: 'player' }, () => ({ contents: page, loader: 'text' }));
  },
});

async function buildPage(worker, player) {
  const result = await build({
    ...common,
    entryPoints: { page: './src/main.js', style: './style.css' },
    splitting: true,
    loader: { '.ttf': 'file' },
    define: { TICKER_WORKER: JSON.stringify(`./${worker.name}`) },
    plugins: [playerModule(player.page), ...REWRITTEN],
  });
  const { outputs } = result.metafile;
  const [page, write, watch, editor, reader, colours, searching] = [
    'main', 'write', 'watch', 'editor', 'reader', 'colours', 'searching',
  ].map((name) => partOf(outputs, outputOf(result.metafile, `src/${name}.js`)));
  const style = basename(outputOf(result.metafile, 'style.css'));
  // With splitting, every lazy chunk that reaches a style sheet gets a copy of it; one is enough.
  const files = result.outputFiles.filter(
    ({ path }) => !path.endsWith('.css') || [style, editor.style].includes(basename(path)),
  );
  const known = new Set(page.scripts);
  const more = ({ scripts }) => scripts.filter((script) => !known.has(script));
  // Each is a file that both roles load besides the one that they have in common.
  for (const script of more(write).filter((name) => watch.scripts.includes(name))) {
    const { inputs } = outputs[Object.keys(outputs).find((path) => basename(path) === script)];
    console.warn(`src/shared.js had better name ${Object.keys(inputs).join(', ')}`);
  }
  return {
    files,
    page: { ...page, style },
    writer: more(write),
    viewer: more(watch),
    editor: more(editor),
    editorStyle: editor.style,
    reader: [...new Set([reader, colours, searching].flatMap(more))],
    inputs: Object.keys(result.metafile.inputs),
  };
}

/** What has to be loaded before a script runs: itself, what it imports, and its style sheet. */
function partOf(outputs, script) {
  const found = new Set([script]);
  for (const path of found)
    for (const { kind, path: imported } of outputs[path].imports)
      if (kind === 'import-statement') found.add(imported);
  const { cssBundle } = outputs[script];
  return {
    scripts: [...found].map((path) => basename(path)),
    style: cssBundle && basename(cssBundle),
  };
}

/** The first script is for every browser, also for those that cannot read the others. */
async function buildStart() {
  const { outputFiles } = await build({
    ...common,
    format: 'iife',
    target: 'es5',
    entryPoints: { start: './src/start.js' },
  });
  return outputFiles[0].text.trim();
}

function outputOf({ outputs }, entry) {
  const found = Object.keys(outputs).find((path) => outputs[path].entryPoint?.endsWith(entry));
  if (!found) throw new Error(`esbuild made nothing of ${entry}`);
  return found;
}

/** The licences of the packages that are shipped, and of what these contain in turn. */
async function licences(inputs) {
  const shipped = new Set();
  for (const path of inputs) {
    const found = /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path);
    if (found) shipped.add(found[1]);
  }
  const texts = await Promise.all([...shipped, ...WITHIN].sort().map(licenceOf));
  const contents = Buffer.from(texts.join(`\n${'-'.repeat(80)}\n\n`));
  const digest = createHash('sha256').update(contents).digest('hex').slice(0, 8);
  return { path: join(dist, 'assets', `licences-${digest}.txt`), contents };
}

async function licenceOf(name) {
  const read = (file) => readFile(join(here, 'node_modules', name, file), 'utf8');
  const { version, license } = JSON.parse(await read('package.json'));
  const names = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'License.txt', 'ThirdPartyNotices.txt'];
  const found = await Promise.all(names.map((file) => read(file).catch(() => undefined)));
  const texts = found.filter(Boolean).map((text) => text.trim());
  if (texts.length === 0) throw new Error(`${name} comes without the text of its licence`);
  return `${name} ${version} (${license})\n\n${texts.join('\n\n')}\n`;
}

/**
 * A browser remembers that an address could not be imported: the same part is asked for again under
 * another one.
 */
function againElsewhere({ path, contents, text }) {
  if (!path.endsWith('.js')) return { path, contents };
  const tried = text.replace(
    /\bimport\("(\.\/[\w.-]+\.js)"\)/g,
    (found, part) => `${found}.catch(()=>import("${part}?"+Date.now()))`,
  );
  return { path, contents: Buffer.from(tried) };
}

async function writePage({ start, page, writer, viewer, editor, editorStyle, reader, notice, version }) {
  const asset = (name) => `./assets/${name}`;
  const [script, ...chunks] = page.scripts;
  const list = (names) => names.map(asset).join(' ');
  const parts = { writer, viewer, editor: [editorStyle, ...editor], reader };
  const data = Object.entries(parts).map(([name, files]) => `data-${name}="${list(files)}"`);
  const links = [
    // First: a script waits for the style sheets before it.
    `<script ${data.join(' ')}>${start}</script>`,
    `<link rel="stylesheet" href="${asset(page.style)}">`,
    ...chunks.map((chunk) => `<link rel="modulepreload" href="${asset(chunk)}">`),
    `<script type="module" src="${asset(script)}"></script>`,
  ].join('\n    ');
  const source = await readFile(join(here, 'index.html'), 'utf8');
  let html = source;
  for (const [place, text] of [
    ['<!-- build: links -->', links],
    ['%LICENCES%', asset(notice)],
    ['%VERSION%', version],
    ['%EDITOR_STYLE%', asset(editorStyle)],
    // The policy allows no other script that stands in the page.
    ['%START%', `'sha256-${createHash('sha256').update(start).digest('base64')}'`],
  ]) {
    if (!html.includes(place)) throw new Error(`index.html has no place for ${place}`);
    html = html.replaceAll(place, () => text);
  }
  await writeFile(join(dist, 'index.html'), html);
  return html;
}

const started = Date.now();
const version = (await readFile(join(here, '../VERSION'), 'utf8')).trim();
await requireVerdicts();
const worker = await buildWorker();
const start = await buildStart();
const player = await buildPlayer();
const built = await buildPage(worker, player);
const notice = await licences(built.inputs);
// Not before this point: a build that fails must leave the old page as it was.
await rm(dist, { recursive: true, force: true });
await mkdir(join(dist, 'assets'), { recursive: true });
const sizes = new Map();
const files = [...worker.files, ...built.files.map(againElsewhere), notice];
for (const { path, contents } of files) {
  const zipped = gzipSync(contents, { level: 9 });
  sizes.set(basename(path), zipped.length);
  await writeFile(path, zipped);
}
const html = await writePage({ ...built, start, notice: basename(notice.path), version });

const always = [built.page.style, ...built.page.scripts, worker.name];
const fonts = [...sizes.keys()].filter((name) => name.endsWith('.ttf'));
for (const [who, files] of [
  ['a writer', [...always, ...built.writer, ...built.editor, built.editorStyle, ...fonts]],
  ['a viewer', [...always, ...built.viewer, ...built.reader]],
]) {
  const bytes = files.reduce((sum, name) => sum + sizes.get(name), gzipSync(html).length);
  console.log(`${who} loads ${Math.round(bytes / 1000)} kB in ${files.length + 1} requests`);
}
console.log(`web/dist: ${sizes.size + 1} files, ${Date.now() - started} ms`);
