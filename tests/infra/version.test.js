// VERSION is the one place that says which version this is: whatever shows one shows that.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { CHECKS } from '../../infra/doctor/checks.mjs';
import { version as ofDoctor } from '../../infra/doctor/version.mjs';
import { test } from '../lib/test.js';
import { ROOT, runHandler, runProgram } from '../lib/handler.js';

const read = (file) => readFile(path.join(ROOT, file), 'utf8');
const version = (await read('VERSION')).trim();
const DOCTOR = path.join(ROOT, 'infra/doctor.mjs');
const DOCTOR_MS = 15_000;

test('the handler, the doctor, codestream-share and the changelog say the same version', async () => {
  assert.match(version, /^\d+\.\d+\.\d+(-[\w.]+)?$/);
  assert.equal((await runHandler(['--version'])).stdout, `codestream ${version}\n`);
  const doctor = await runProgram(process.execPath, [DOCTOR, '--version'], {}, DOCTOR_MS);
  assert.equal(doctor.stdout, `codestream ${version}\n`);
  assert.equal(JSON.parse(await read('share/package.json')).version, version);
  const [, newest] = /^## (\S+)/m.exec(await read('CHANGELOG.md'));
  assert.equal(newest, version);
});

test("the built page says it in its menu, and where the doctor reads it", async () => {
  const html = await read('web/dist/index.html');
  const [, menu] = /<section class="menu"[^]*?<p>Codestream (\S+)\. <a/.exec(html);
  assert.equal(menu, version);
  assert.ok(html.includes(`<meta name="codestream-version" content="${version}">`));
  assert.ok(!html.includes('%VERSION%'));
});

test('the doctor says of which version a page is, and when that is another one than its own', () => {
  const { note } = CHECKS.find(({ name }) => name === 'the page calls this function app');
  const pageOf = (its) => ({ body: `<meta name="codestream-api" content="https://app.example">${its}` });
  const meta = (its) => `<meta name="codestream-version" content="${its}">`;
  assert.equal(note(pageOf(meta(ofDoctor))), `version ${version}`);
  assert.equal(note(pageOf(meta('0.9.0'))), `version 0.9.0, and this doctor is of ${version}`);
  assert.ok(!note(pageOf('')), 'one of before says none');
  assert.ok(!note(pageOf(meta('%VERSION%'))), 'nor does one that is not built');
});
