// infra/deploy.mjs --from: a release in a folder is deployed as it is, or not at all.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

import { cloudTest, FIRST } from '../lib/azure/test.js';
import { ROOT } from '../lib/handler.js';

const SUMS = 'SHA256SUMS';
const sumOf = (content) => createHash('sha256').update(content).digest('hex');

/** A release beside what was built: other bytes, so that it is seen which of the two went up. */
function releaseIn(world, { isCompiled = true, more = {} } = {}) {
  const folder = join(world.root, 'a release');
  const files = {
    VERSION: readFileSync(join(ROOT, 'VERSION'), 'utf8'),
    'codestream.zip': 'the released package',
    'check.cjs': '',
    'infra/main.bicep': 'param name string',
    'infra/hub.bicep': 'param hub string',
    ...(isCompiled ? { 'infra/main.json': '{}', 'infra/hub.json': '{}' } : {}),
    ...more,
  };
  cpSync(world.places.page, join(folder, 'page'), { recursive: true });
  for (const name of ['index.html', 'assets/page-AB.js', 'assets/page-AB.css']) {
    files[`page/${name}`] = readFileSync(join(folder, 'page', name));
  }
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  const sums = Object.entries(files).map(([name, content]) => `${sumOf(content)}  ${name}\n`);
  writeFileSync(join(folder, SUMS), sums.join(''));
  // What was built is not there, as on a machine without a compiler.
  for (const place of ['zip', 'page', 'main', 'hub', 'check'])
    rmSync(world.places[place], { recursive: true });
  return folder;
}

/** Takes out of the list of sums whatever has a name that begins like this. */
function leaveOut(at, beginning) {
  const lines = readFileSync(at(SUMS), 'utf8').split('\n');
  writeFileSync(at(SUMS), lines.filter((line) => !line.includes(`  ${beginning}`)).join('\n'));
}

const templatesOf = (calls) => calls.flatMap((line) => /--template-file (.*?) --no-wait/.exec(line)?.[1] ?? []);

cloudTest('a release is deployed without anything that was built: package, page, check, compiled templates', async (world) => {
  const folder = releaseIn(world);
  const { code, err, out, calls } = await world.run('deploy', [...FIRST, '--from', folder]);
  assert.equal(code, 0, out + err);
  assert.equal(Object.values(world.state.packages)[0].content, 'the released package');
  assert.match(world.page, /https:\/\/codestream-abcdefghijklm\.example/);
  assert.equal(world.checked.file, join(folder, 'check.cjs'));
  assert.deepEqual(templatesOf(calls), [join(folder, 'infra/main.json'), join(folder, 'infra/hub.json')]);
  const [last] = out.trim().split('\n').slice(-1);
  assert.match(last, /node '[^']*a release\/doctor\.cjs' https:/, 'the doctor is the one of the release');
});

cloudTest('a release is found by a relative path, and from within', async (world) => {
  const folder = releaseIn(world);
  const { code, out, err, calls } = await world.run('deploy', [...FIRST, '--from', `${relative('', folder)}/`]);
  assert.equal(code, 0, out + err);
  assert.deepEqual(templatesOf(calls), [join(folder, 'infra/main.json'), join(folder, 'infra/hub.json')]);
  const before = process.cwd();
  try {
    process.chdir(folder);
    const again = await world.run('deploy', ['--from', '.']);
    assert.equal(again.code, 0, again.out + again.err);
    assert.match(again.out, /node doctor\.cjs https:\S+ --page \S+\n$/);
  } finally {
    process.chdir(before);
  }
});

cloudTest('a release of another version is left to its own program, and a packed one is to be unpacked', async (world) => {
  const folder = releaseIn(world, { more: { VERSION: '0.9.0\n' } });
  const other = await world.run('deploy', [...FIRST, '--from', folder]);
  assert.equal(other.code, 1);
  assert.match(other.err, /a release is version 0\.9\.0, and this program is of \d+\.\d+\.\d+\nUse its own: \S.*a release\/infra\/deploy\.mjs\n/);
  const packed = await world.run('deploy', [...FIRST, '--from', join(folder, 'codestream.zip')]);
  assert.match(packed.err, /codestream\.zip is a file\nUnpack it/);
  assert.deepEqual([...other.calls, ...packed.calls], []);
});

cloudTest('where the templates are not compiled, az is given those that it compiles', async (world) => {
  const folder = releaseIn(world, { isCompiled: false });
  const { code, out, err, calls } = await world.run('deploy', [...FIRST, '--from', folder]);
  assert.equal(code, 0, out + err);
  assert.deepEqual(templatesOf(calls), [join(folder, 'infra/main.bicep'), join(folder, 'infra/hub.bicep')]);
});

for (const [what, spoil, says] of [
  ['in which a file has other bytes', (at) => writeFileSync(at('codestream.zip'), 'the releasfd package'), /codestream\.zip is not the file that the release had\nFetch/],
  ['in which a file is missing', (at) => rmSync(at('page/assets/page-AB.js')), /page-AB\.js is missing\nFetch/],
  ['whose list of sums was cut', (at) => writeFileSync(at(SUMS), readFileSync(at(SUMS)).subarray(0, -20)), /SHA256SUMS is damaged|is missing/],
  ['without a list of sums', (at) => rmSync(at(SUMS)), /is no release: it has no SHA256SUMS/],
  ['with a template that the release does not have', (at) => writeFileSync(at('infra/events.json'), '{}'), /events\.json is none of the release's files\nFetch/],
  ['with a page that the release does not have', (at) => symlinkSync('/etc', at('page/more')), /page\/more is none of the release's files/],
  ['whose list leaves out the package', (at) => leaveOut(at, 'codestream.zip'), /SHA256SUMS does not list codestream\.zip/],
  ['whose list leaves out the templates', (at) => leaveOut(at, 'infra/hub.'), /SHA256SUMS does not list infra\/hub\.json/],
  ['whose list leads out of it', (at) => appendFileSync(at(SUMS), `${sumOf('')}  page/../../other\n`), /SHA256SUMS is damaged/],
  ['in which a link stands for a file', (at) => {
    rmSync(at('check.cjs'));
    symlinkSync('/dev/null', at('check.cjs'));
  }, /check\.cjs is no file/],
  ['whose list of sums is empty', (at) => writeFileSync(at(SUMS), ''), /is no release: its SHA256SUMS is empty/],
]) {
  cloudTest(`a folder ${what} is refused before az is asked anything`, async (world) => {
    const folder = releaseIn(world);
    spoil((name) => join(folder, name));
    const { code, err, calls } = await world.run('deploy', [...FIRST, '--from', folder]);
    assert.equal(code, 1);
    assert.match(err, says);
    assert.deepEqual(calls, []);
  });
}

cloudTest('--from a folder that is not there says so, and a dry run too', async (world) => {
  for (const more of [[], ['--dry-run']]) {
    const { code, err, calls } = await world.run('deploy', [...FIRST, '--from', '/nowhere', ...more]);
    assert.equal(code, 1);
    assert.match(err, /\/nowhere is no release/);
    assert.deepEqual(calls, []);
  }
});
