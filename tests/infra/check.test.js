// infra/check.mjs, the last step of a deployment: green only when a change has arrived. Against the
// stand-ins, each deployment set up wrongly in one way.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { changeArrives } from '../../infra/doctor/arrival.mjs';
import { closeServer } from '../lib/close-server.js';
import { within } from '../lib/deadline.js';
import { CONNECTION, FUNCTION_KEY, withDeployment } from '../lib/deployment.js';
import { ACCESS_KEY, ROOT, connectionString, runProgram } from '../lib/handler.js';
import { test } from '../lib/test.js';

const PROGRAM = path.join(ROOT, 'infra/check.mjs');
const RUN_MS = 40_000;
const WORD = 'a word that sixteen characters make';
const STEPS = [
  /^ok {4}negotiate opens a room \(the first answer took \d+\.\d s\)$/,
  /^ok {4}negotiate lets a viewer in$/,
  /^ok {4}two clients connect to \S+$/,
  /^ok {4}both join the room: events reach the function app$/,
  /^ok {4}a change of one is seen by the other$/,
];

const runCheck = (app, program = PROGRAM) =>
  runProgram(process.execPath, [program, app.host.url, '--within', '0'], {}, RUN_MS);

/** The same in this process, which is much cheaper. */
async function check(app, env = {}) {
  let stdout = '';
  const say = (line) => {
    stdout += `${line}\n`;
  };
  const where = { app: app.host.url, withinMs: 0 };
  const code = await within(RUN_MS, changeArrives(where, env, say), 'the check');
  return { code, stdout, stderr: '' };
}

/** Nothing else is said than that these first steps work and, if not all do, this line. */
function assertSays({ code, stdout, stderr }, count, line, wanted) {
  assert.equal(stderr, '');
  const lines = stdout.split('\n').slice(0, -1);
  STEPS.slice(0, count).forEach((step, at) => assert.match(lines[at] ?? '', step));
  if (line) assert.match(lines[count], line);
  assert.equal(lines.length, count + (line ? 1 : 0), stdout);
  assert.equal(code, wanted, stdout);
  for (const secret of [ACCESS_KEY, FUNCTION_KEY, WORD]) assert.ok(!stdout.includes(secret));
}

test('a line for each thing that works, and green when the change has arrived', () =>
  withDeployment({}, async (app) => assertSays(await runCheck(app), STEPS.length, undefined, 0)));

test('the word for writers opens the room, and no other word does', () =>
  withDeployment({ handler: { CODESTREAM_WRITERS: WORD } }, async (app) => {
    const right = await check(app, { CODESTREAM_WRITERS: WORD });
    assertSays(right, STEPS.length, undefined, 0);
    const wrong = { CODESTREAM_WRITERS: 'another word that is long enough' };
    for (const env of [wrong, {}]) assertSays(await check(app, env), 0, /^FAIL {2}the word for writers/, 1);
  }));

const OTHER_KEY = 'another-access-key-of-another-service-0123456789';
const FAULTS = {
  'the URL of the hub leads elsewhere': [
    { event: ({ url }) => ({ urlTemplate: `${url}/elsewhere` }) },
    2,
    /^FAIL {2}a client cannot connect: /,
  ],
  'the function key in the hub is one of before': [
    { event: ({ url }) => ({ urlTemplate: `${url}/eventhandler?code=the-one-of-before` }) },
    2,
    /^FAIL {2}a client cannot connect: /,
  ],
  'the access key of the service was made anew': [
    { handler: ({ endpoint }) => ({ [CONNECTION]: connectionString(endpoint, OTHER_KEY) }) },
    2,
    /^FAIL {2}a client cannot connect: 401/,
  ],
  'the app does not start': [
    { handler: { [CONNECTION]: undefined }, host: { patient: true } },
    0,
    /^FAIL {2}negotiate does not give a token: /,
  ],
  'the hub has no system events': [
    { event: { systemEvents: [] } },
    2,
    /^FAIL {2}a client connects, and the function app does not hear of it$/,
  ],
  'the changes are for nobody': [
    { event: { userEventPattern: 'joinRoom' } },
    4,
    /^FAIL {2}a change is not taken: no answer$/,
  ],
};
/** Side by side, since most of it is waiting. */
test('it is red when', { timeout: 60_000, concurrency: 3 }, (t) =>
  Promise.all(
    Object.entries(FAULTS).map(([what, [options, count, line]]) =>
      t.test(what, () =>
        withDeployment(options, async (app) => {
          if (what === 'the app does not start') app.deathsMeant = 3;
          assertSays(await check(app), count, line, 1);
        }),
      ),
    ),
  ));

const STRANGE = '{"endpoint":"no address","path":"/","token":"a.b.c","room_id":"r"}';
test('what is not yet so is said once, and a stranger who answers ends no check', async (t) => {
  const answers = ['{}', '{}', '{}', STRANGE, STRANGE, '{"endpoint":1,"path":"","token":"","room_id":""}'];
  const server = http.createServer((_, response) => response.end(answers.shift() ?? 'the end'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => closeServer(server));
  const said = [];
  const say = (line) => {
    if (line.includes('the end')) throw new Error('the end');
    said.push(line);
  };
  const where = { app: `http://127.0.0.1:${server.address().port}`, withinMs: RUN_MS, pauseMs: 1 };
  await assert.rejects(within(RUN_MS, changeArrives(where, {}, say), 'the check'), /^Error: the end$/);
  assert.equal(said.length, 3, said.join('\n'));
  for (const line of said) assert.match(line, /^ {5}not yet: negotiate does not give a token: 200 \{/);
});

test('clients that are sent to another address of the service arrive as well', () => {
  const handler = ({ endpoint }) => ({
    CODESTREAM_CLIENT_ENDPOINT: endpoint.replace('localhost', '127.0.0.1'),
  });
  return withDeployment({ handler }, async (app) => {
    const { stdout, ...ended } = await check(app);
    assert.match(stdout, /two clients connect to 127\.0\.0\.1:/);
    assertSays({ stdout, ...ended }, STEPS.length, undefined, 0);
  });
});

test('a service that is full is told, and is no failure', () =>
  withDeployment({ service: { maxConnections: 1 } }, async (app) => {
    assertSays(await runCheck(app), 2, /^- {5}the service lets no more clients in: 429/, 4);
  }));

test('the one file that make package makes of it needs nothing beside it', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'codestream-check-'));
  t.after(() => rm(folder, { recursive: true }));
  const program = path.join(folder, 'check.cjs');
  await promisify(execFile)('make', ['-s', '-C', ROOT, 'build/check.cjs']);
  await cp(path.join(ROOT, 'build/check.cjs'), program);
  await withDeployment({}, async (app) => {
    assertSays(await runCheck(app, program), STEPS.length, undefined, 0);
  });
});
