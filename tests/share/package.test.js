// The packed tarball alone, in an empty folder.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { ROOT } from '../lib/handler.js';
import { ViewerPage } from '../lib/page-core.js';
import { folder, SOON_MS, startShare } from '../lib/share-program.js';
import { startStack } from '../lib/stack.js';

const run = promisify(execFile);

let stack;
before(async () => {
  stack = await startStack({ host: true, website: true });
});
after(() => stack?.close());

test('the packed program shares and watches with nothing else of the project', async (t) => {
  const home = await folder(t);
  // Other tests run the program that is there; packing must not build it again.
  const pack = ['pack', '--ignore-scripts', '--pack-destination', home, path.join(ROOT, 'share')];
  await run('npm', pack, { cwd: home });
  const tarball = (await readdir(home)).find((name) => name.endsWith('.tgz'));
  await run('tar', ['xzf', tarball], { cwd: home });
  const { bin, version, dependencies } = JSON.parse(
    await readFile(`${home}/package/package.json`, 'utf8'),
  );
  assert.equal(dependencies, undefined);
  await mkdir(`${home}/empty`);
  const program = { home, cwd: `${home}/empty`, command: [`${home}/package/${bin['codestream-share']}`] };

  const told = startShare(['--version'], program);
  await told.exited;
  assert.equal(told.out, `${version}\n`);
  await writeFile(`${home}/empty/file.c`, 'int main;\n');
  const share = startShare(['--page', stack.page, 'file.c'], program);
  const link = await share.link();
  const viewer = new ViewerPage({ backEnd: { api: stack.api }, room: await share.room() });
  t.after(() => viewer.close());
  await eventually(SOON_MS, () => viewer.text === 'int main;\n', 'the text');
  assert.equal(viewer.core.session.language, 'c');
  const once = startShare(['watch', '--once', link], program);
  assert.deepEqual(await once.exited, { code: 0, signal: null });
  assert.equal(once.out, 'int main;\n');
});
