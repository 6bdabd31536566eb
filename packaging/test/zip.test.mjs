// The files that `make package` leaves: what the zip holds, what the handler in it asks of the
// system that runs it, and that making it again gives the same bytes.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync,
  symlinkSync, writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { assertHardened } from '../../tests/lib/elf.js';
import { after, before, test } from '../../tests/lib/test.js';
import { ROOT } from '../../tests/lib/handler.js';
import { makeFolder, ZIP } from './empty-root.mjs';
import { readZip } from './read-zip.mjs';

const UNIX = 3;
const FIRST_OF_1980 = [(1 << 5) | 1, 0];
const MAX_BYTES = 6 * 1024 * 1024;
const MAKE_MS = 100_000;

/** Debian 13's OpenSSL needs these, Debian 12's does not. */
const FOR_OPENSSL = ['libzstd', 'zlib'];

const inRepository = (file) => readFileSync(path.join(ROOT, file));
const bytes = readFileSync(ZIP);
const entries = readZip(bytes);
const { defaultExecutablePath } =
  JSON.parse(inRepository('host.json')).customHandler.description;
const handler = entries.find(({ name }) => name === defaultExecutablePath);

let folder;
let binary;
before(() => {
  folder = makeFolder();
  binary = path.join(folder, 'codestream');
  execFileSync('unzip', ['-q', ZIP, '-d', folder]);
});
after(() => rmSync(folder, { recursive: true, force: true }));

const readelf = (...options) =>
  execFileSync('readelf', ['--wide', ...options, binary], { encoding: 'utf8' });

test('the zip holds the handler, host.json and the functions, sorted, and nothing else', () => {
  assert.deepEqual(entries.map(({ name }) => name),
    ['codestream', 'eventhandler/function.json', 'host.json', 'negotiate/function.json',
      'text/function.json']);
  for (const { name, data } of entries) {
    if (name !== 'codestream') assert.deepEqual(data, inRepository(name), name);
  }
});

// ---- the folder for func ----

const APP = path.join(ROOT, 'build/app');
const SETTINGS = 'local.settings.json'; // which func sends to nobody

/** The folder's files as func would put them into a zip: in its order, without that one. */
function readFolder(folder) {
  return readdirSync(folder, { recursive: true }).map(String).sort()
    .filter((name) => name !== SETTINGS && statSync(path.join(folder, name)).isFile())
    .map((name) => ({ name, data: readFileSync(path.join(folder, name)) }));
}

test('build/app without its local.settings.json is the zip, byte for byte', () => {
  assert.deepEqual(readFolder(APP), entries.map(({ name, data }) => ({ name, data })));
  assert.ok(statSync(path.join(APP, defaultExecutablePath)).mode & 0o111, 'func start could not run it');
});

test('build/app says the runtime to func, and says nothing else', () => {
  assert.deepEqual(JSON.parse(readFileSync(path.join(APP, SETTINGS), 'utf8')),
    { IsEncrypted: false, Values: { FUNCTIONS_WORKER_RUNTIME: 'custom' } });
});

test('a changed local.settings.json stays, goes into no zip, and what else was there goes away', () => {
  const [app, zip] = ['app', 'again.zip'].map((name) => path.join(folder, name));
  const make = () => execFileSync('sh', ['packaging/zip.sh', 'build/package/codestream', zip, app],
    { cwd: ROOT });
  const settings = path.join(app, SETTINGS);
  make();
  const changed = '{"IsEncrypted":false,"Values":{"FUNCTIONS_WORKER_RUNTIME":"custom","A":"b"}}\n';
  writeFileSync(settings, changed);
  writeFileSync(path.join(app, 'codestream.old'), 'x');
  make();
  assert.equal(readFileSync(settings, 'utf8'), changed);
  assert.deepEqual(readFolder(app), readFolder(APP));
  assert.deepEqual(readFileSync(zip), bytes);
});

test('a link to settings elsewhere stays a link, and the folder has the modes of the zip', () => {
  const [app, zip, own] = ['linked', 'linked.zip', 'own.json'].map((name) => path.join(folder, name));
  writeFileSync(own, '{}\n');
  mkdirSync(app);
  symlinkSync(own, path.join(app, SETTINGS));
  const command = 'umask 077; exec sh packaging/zip.sh "$@"';
  execFileSync('sh', ['-c', command, 'sh', 'build/package/codestream', zip, app], { cwd: ROOT });
  assert.equal(readlinkSync(path.join(app, SETTINGS)), own);
  for (const { name, mode } of entries) {
    assert.equal(statSync(path.join(app, name)).mode, mode, name);
  }
});

test('a file that is gone from build/app is there again when the package is made again', () => {
  rmSync(path.join(APP, defaultExecutablePath));
  execFileSync('make', ['STALE=1', 'package'], { cwd: ROOT, stdio: 'pipe' });
  assert.ok(existsSync(path.join(APP, defaultExecutablePath)));
});

test('the entry that host.json names can be run, the others only be read', () => {
  assert.ok(handler, `no entry ${defaultExecutablePath}`);
  for (const { name, creator, mode } of entries) {
    assert.equal(creator, UNIX, name);
    assert.equal(mode.toString(8), name === defaultExecutablePath ? '100755' : '100644', name);
  }
  assert.ok(statSync(binary).mode & 0o100, 'unzip gives it no run bit');
});

test('no entry tells when or by whom it was made', () => {
  for (const { name, time, extraLength } of entries) {
    assert.deepEqual(time, FIRST_OF_1980, name);
    assert.equal(extraLength, 0, name);
  }
});

test('the zip is small, and its SHA-256 stands beside it', () => {
  assert.ok(bytes.length <= MAX_BYTES, `${bytes.length} bytes`);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.equal(readFileSync(`${ZIP}.sha256`, 'utf8'), `${sha256}  codestream.zip\n`);
});

test('the handler needs no interpreter and no library', () => {
  assert.match(readelf('--file-header'), /Type:\s+DYN/);
  assert.doesNotMatch(readelf('--program-headers'), /INTERP/);
  assert.match(readelf('--dynamic'), /\(FLAGS_1\).*\bPIE\b/);
  assert.doesNotMatch(readelf('--dynamic'), /NEEDED/);
});

test('the handler is as hard to take over as the one that `make` leaves', () => {
  assertHardened(binary);
});

test('the handler knows no file of the machine that made it', () => {
  assert.ok(!handler.data.includes(ROOT), ROOT);
  assert.ok(!inRepository('build/codestream.debug').includes(ROOT), `${ROOT} in codestream.debug`);
});

test('the debug information is beside the zip, and belongs to this handler', () => {
  const buildId = (file) => /Build ID: (\w+)/.exec(
    execFileSync('readelf', ['--notes', file], { encoding: 'utf8' }))[1];
  assert.equal(buildId(binary), buildId(path.join(ROOT, 'build/codestream.debug')));
  assert.doesNotMatch(readelf('--section-headers'), /\.debug_info|\.symtab/);
});

test('the handler says the version that the list of parts says', () => {
  const [own] = readParts().packages.filter(({ name }) => name === 'codestream');
  const said = execFileSync(binary, ['--version'], { encoding: 'utf8' });
  assert.equal(said, `codestream ${own.versionInfo}\n`);
});

const readParts = () => JSON.parse(inRepository('build/codestream.spdx.json'));

test('the list names every part with version and licence, in SPDX 2.3', () => {
  const list = readParts();
  assert.equal(list.spdxVersion, 'SPDX-2.3');
  assert.equal(list.dataLicense, 'CC0-1.0');
  assert.equal(list.SPDXID, 'SPDXRef-DOCUMENT');
  assert.match(list.documentNamespace, /^https:\/\/[^#\s]+$/);
  assert.match(list.creationInfo.created, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  const names = list.packages.map(({ name }) => name.replace(/^gcc-\d+$/, 'gcc')).sort();
  assert.deepEqual(names.filter((name) => !FOR_OPENSSL.includes(name)),
    ['c-ares', 'codestream', 'curl', 'gcc', 'glibc', 'libmicrohttpd', 'openssl']);
  for (const part of list.packages) {
    assert.match(part.SPDXID, /^SPDXRef-[A-Za-z0-9.-]+$/);
    assert.match(part.versionInfo, /\d/, part.name);
    assert.ok(part.licenseDeclared && part.downloadLocation, part.name);
    assert.notEqual(part.licenseDeclared, 'NOASSERTION', part.name);
  }
});

test('the list says that the zip holds all the others, and which zip', () => {
  const list = readParts();
  const [own, ...others] = list.packages;
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  assert.deepEqual(own.checksums, [{ algorithm: 'SHA256', checksumValue: sha256 }]);
  const facts = list.relationships.map((fact) =>
    [fact.spdxElementId, fact.relationshipType, fact.relatedSpdxElement].join(' '));
  assert.deepEqual(facts.sort(), [
    'SPDXRef-DOCUMENT DESCRIBES SPDXRef-codestream',
    ...others.map(({ SPDXID }) => `SPDXRef-codestream STATIC_LINK ${SPDXID}`),
  ].sort());
});

test('the versions in the list are those of the libraries that were linked', () => {
  const header = inRepository('build/packages/prefix/include/curl/curlver.h');
  const linked = {
    curl: /LIBCURL_VERSION "(.*)"/.exec(header)[1],
    openssl: /OpenSSL (\d+\.\d+\.\d+)/.exec(handler.data.toString('latin1'))[1],
  };
  for (const [name, version] of Object.entries(linked)) {
    const { versionInfo } = readParts().packages.find((part) => part.name === name);
    assert.match(versionInfo, new RegExp(`^${version}\\b`), name);
  }
});

/** What `make package` reads, without what it has written but for the compiled libraries. */
function copySources(to) {
  const parts = ['Makefile', 'VERSION', 'LICENSE', 'host.json', 'negotiate', 'eventhandler', 'text', 'src', 'packaging',
    'bench/bench.mk', 'tests/fuzz/fuzz.mk',
    // The check of a deployment, as it is: npm's packages, which make it, do not come along.
    'build/check.cjs', 'infra/check.mjs', 'infra/doctor',
    ...['infra', 'web'].flatMap((name) => [`${name}/package-lock.json`, `${name}/node_modules/.package-lock.json`]),
    ...['prefix', 'versions', 'warnings', 'fetched', 'made-with', 'ready']
      .map((part) => `build/packages/${part}`),
    ...readdirSync(path.join(ROOT, 'build')).filter((name) => name.startsWith('have-'))
      .map((name) => `build/${name}`)];
  for (const part of parts) {
    mkdirSync(path.dirname(path.join(to, part)), { recursive: true });
    cpSync(path.join(ROOT, part), path.join(to, part),
      { recursive: true, preserveTimestamps: true });
  }
}

test('made again, elsewhere and under other circumstances, it is the same to the byte',
  { timeout: MAKE_MS }, () => {
    const elsewhere = path.join(folder, 'elsewhere');
    copySources(elsewhere);
    const { creationInfo } = readParts();
    const said = execFileSync('sh', ['-c', 'umask 077; exec make package'], {
      cwd: elsewhere,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH,
        STALE: process.env.STALE ?? '',
        LC_ALL: 'C.UTF-8',
        TZ: 'Asia/Tokyo',
        SOURCE_DATE_EPOCH: String(Date.parse(creationInfo.created) / 1000),
      },
    });
    assert.doesNotMatch(said, /fetched|compiling/, 'the libraries are not made again');
    assert.match(said, /\blink\b/);
    for (const file of readdirSync(path.join(ROOT, 'build')).filter((name) =>
      name.startsWith('codestream.'))) {
      const again = readFileSync(path.join(elsewhere, 'build', file));
      assert.ok(inRepository(`build/${file}`).equals(again), `${file} differs`);
    }
  });
