// infra/doctor.mjs: how a test runs it, and what it says, taken apart.
import assert from 'node:assert/strict';
import path from 'node:path';
import { CONNECTION, FUNCTION_KEY, withChanges } from './deployment.js';
import { ACCESS_KEY, ROOT, runProgram } from './handler.js';

const PROGRAM = path.join(ROOT, 'infra/doctor.mjs');
const DOCTOR_MS = 15_000;

/** The checks, by what their names are about. */
export const CHECK = {
  ready: /function app answers/,
  negotiate: /^negotiate/,
  rooms: /who may open a room/,
  cors: /page's origin/,
  page: /page calls/,
  validation: /validate/,
  functionKey: /without the function key/,
  signed: /^a signed event/,
  forged: /wrongly signed/,
  anonymous: /without a token/,
  clock: /clocks/,
  rest: /REST/,
  client: /client connects/,
};

/** Everything that any doctor of this process has said. */
const said = [];

/**
 * Runs the doctor on a deployment, as one should but for what is told.
 * @param {object} app see deployment.js
 * @param {{ url?: string, args?: string[], settings?: object }} [how] settings: changes to the
 *   doctor's
 */
export function diagnose(app, { url, args, settings } = {}) {
  const right = {
    [CONNECTION]: app.service.connectionString,
    CODESTREAM_FUNCTION_KEY: FUNCTION_KEY,
  };
  const page = url ? app.pageOf(url) : app.page;
  return runDoctor([url ?? app.host.url, ...(args ?? ['--page', page])], withChanges(right, settings));
}

/** Runs the doctor to its end. */
export async function runDoctor(args, settings) {
  const ended = await runProgram(process.execPath, [PROGRAM, ...args], settings, DOCTOR_MS);
  said.push(ended.stdout, ended.stderr);
  assert.equal(ended.signal, null, `the doctor ended by ${ended.signal}:\n${ended.stderr}`);
  return new Report(ended);
}

/** No doctor of this process has said an access key, a function key or a token. */
export function assertNothingSecretSaid(...others) {
  assert.ok(said.length > 10, 'it was not asked');
  const all = said.join('\n');
  for (const secret of [ACCESS_KEY, FUNCTION_KEY, ...others]) {
    assert.ok(!all.includes(secret), `it said ${secret}`);
  }
  const [found] = /\beyJ(hbGciOi|0eXAiOi)|Bearer|access_token=|code=(?!KEY\b|[?\s])\S/.exec(all) ?? [];
  assert.equal(found, undefined);
}

/**
 * Lines `ok    CHECK[: NOTE]`, `-     CHECK: WHY NOT`, or one for each cause of what is wrong,
 * `FAIL  CHECK: FAILURE; fix: WHAT TO DO; seen: AS WHAT`.
 */
class Report {
  constructor({ code, stdout, stderr }) {
    this.code = code;
    this.text = stdout;
    this.stderr = stderr;
    this.checks = stdout.split('\n').filter(Boolean).map((line) => {
      const [, mark, name, words = ''] = /^(ok|FAIL|-) +(.+?)(?:: (.*))?$/.exec(line) ?? [];
      assert.ok(mark, `this line is of no check: ${line}`);
      return { mark, name, words };
    });
  }

  /** Names of the checks with a mark. */
  marked(mark) {
    return this.checks.filter((check) => check.mark === mark).map(({ name }) => name);
  }

  /** It has nothing to say but that all is well. */
  assertHealthy() {
    assert.equal(this.code, 0, this.text);
    assert.equal(this.stderr, '');
    assert.ok(this.checks.length > 0, 'it checked nothing');
    for (const line of this.text.split('\n').slice(0, -1)) assert.match(line, /^ok {4}\S/);
  }

  /**
   * A check has failed, and what it says of the failure and of the fix has all these words.
   * @param {RegExp} check @param {RegExp[]} words
   */
  assertFails(check, ...words) {
    assert.equal(this.code, 1, this.text);
    assert.equal(this.stderr, '');
    const failed = this.checks.filter(({ mark, name }) => mark === 'FAIL' && check.test(name));
    assert.ok(failed.length > 0, `no failed check is ${check}:\n${this.text}`);
    for (const { words: told } of failed) assert.match(told, /\S; fix: \S/, this.text);
    const named = failed.some(({ words: told }) => words.every((word) => word.test(told)));
    assert.ok(named, `it does not say ${words.join(' and ')} of ${check}:\n${this.text}`);
  }

  /** There is a line for each of these causes, and no other that something is wrong. @param {RegExp[]} causes */
  assertNames(...causes) {
    assert.equal(this.code, causes.length > 0 ? 1 : 0, this.text);
    const lines = this.text.split('\n').filter((line) => line.startsWith('FAIL'));
    for (const cause of causes) {
      assert.equal(lines.filter((line) => cause.test(line)).length, 1, `${cause}:\n${this.text}`);
    }
    assert.equal(lines.length, causes.length, this.text);
    for (const line of lines) assert.match(line, /: \S.*; fix: \S.*; seen: \S/);
  }

  /** No other check than these has failed: what is in order must not be suspected. */
  assertSuspects(...checks) {
    const innocent = this.marked('FAIL').filter((name) => !checks.some((one) => one.test(name)));
    assert.deepEqual(innocent, [], this.text);
  }

  /** These checks were made and found well. */
  assertOk(...checks) {
    for (const check of checks) assert.ok(this.#isOk(check), `${check}:\n${this.text}`);
  }

  /** None of these is said to be well: it could not be tried, or it has failed. */
  assertNotOk(...checks) {
    for (const check of checks) assert.ok(!this.#isOk(check), `${check}:\n${this.text}`);
  }

  #isOk(check) {
    return this.marked('ok').some((name) => check.test(name));
  }
}
