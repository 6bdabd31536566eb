// The handler's process under the stand-in for the Functions host: its start and its deaths, what
// becomes of requests meanwhile, and its end, as the real host was seen to do it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { startFunctionsHost } from '../functions-host/host.js';
import { HANDLER, makeApp, start, startBoth, trigger } from './functions-app.js';
import { inTime, isAlive, request, until } from './testing.js';
import { test } from './test.js';

const customHandler = (more = {}) => ({
  customHandler: {
    description: { defaultExecutablePath: 'handler.cjs' },
    enableForwardingHttpRequest: true,
    ...more,
  },
});

// ---- start ----

test('a handler that dies before it is ready is started again and awaited', async (t) => {
  const program = HANDLER.replace(
    'process.on(',
    `const tried = require('node:path').join(process.env.FUNCTIONS_APP_ROOT_PATH, 'tried');
if (!require('node:fs').existsSync(tried)) {
  require('node:fs').writeFileSync(tried, '');
  process.exit(1);
}
process.on(`,
  );
  const { host, lines } = await start(t, { program });
  assert.equal((await request(`${host.url}/negotiate`)).status, 200);
  assert.ok(lines.some((line) => line.includes('the handler ended (1)')));
});

test('a handler that never gets ready is reported with its last words', async (t) => {
  const program = '#!/usr/bin/env node\nconsole.error("no port for me"); process.exit(1);\n';
  await assert.rejects(start(t, { program }), /ended 3 times, last with 1: no port for me/);
});

test('a handler that never listens is ended, and the third time stops the host', async (t) => {
  const program = '#!/usr/bin/env node\nsetInterval(() => {}, 1000);\n';
  const host = customHandler({ initializationTimeout: '00:00:00.3' });
  await assert.rejects(start(t, { program, host }), /ended 3 times, last with SIGKILL/);
});

test('a handler that listens on no port yet: a loud line says on which it has to', async (t) => {
  const program = HANDLER.replace('.listen(', '.later(').replace('process.on(', `
http.Server.prototype.later = function (...where) {
  const idle = setInterval(() => {}, 1000);
  process.on('SIGUSR2', () => { clearInterval(idle); this.listen(...where); });
  console.log('waits for SIGUSR2 as ' + process.pid);
};
process.on(`);
  const lines = [];
  const starting = start(t, { program, options: { log: (line) => lines.push(line) } });
  const loud = /^error: NOTHING LISTENS ON PORT (\d+) YET: .*FUNCTIONS_CUSTOMHANDLER_PORT/;
  await until(() => lines.some((line) => loud.test(line)), 'the loud line');
  process.kill(Number(/ as (\d+)/.exec(lines.join())[1]), 'SIGUSR2');
  const { host } = await starting;
  assert.equal((await request(`${host.url}/negotiate`)).status, 200);
  assert.equal(lines.filter((line) => loud.test(line)).length, 1);
});

const MISSING = { executable: '/no/such/program' };

test('a program that cannot start: a loud line says what would be seen in Azure', async () => {
  const lines = [];
  const appRoot = await makeApp();
  const log = (line) => lines.push(line);
  const starting = startFunctionsHost({ appRoot, port: 0, log, ...MISSING });
  await assert.rejects(starting, /cannot start '\/no\/such\/program': ENOENT/);
  const [failed, loud] = lines.slice(-2);
  assert.match(failed, /^error: Failed to start Worker Channel\. Process fileName: \/no\/such\/pro/);
  assert.match(loud, /^error: IN AZURE THE HOST WOULD BE UP NOW.* hang for 138 s and end with 500/);
});

test('a program that cannot start: the patient host is up, requests hang, get 500, and it stops',
  async (t) => {
    const { host, lines } = await start(t, {
      host: customHandler({ initializationTimeout: '00:00:00.1' }),
      options: { patient: true, ...MISSING },
    });
    assert.equal((await request(`${host.url}/`)).status, 200);
    assert.equal((await request(`${host.url}/admin/host/ping`)).status, 200);
    let stopped = false;
    host.stopped.then(() => (stopped = true));
    const hanging = request(`${host.url}/negotiate`);
    await until(() => lines.some((line) => /^error: Failed to start Worker Channel/.test(line)), 'it');
    assert.equal(stopped, false);
    assert.equal((await hanging).status, 500);
    assert.match(await inTime(host.stopped, 'the end'), /did not become ready/);
    assert.ok(lines.some((line) => line.endsWith('Initialization timed out and host is shutting down')));
  });

// ---- deaths ----

test('a handler that dies is started again, and the third death stops the host', async (t) => {
  const { host, lines } = await start(t, { functions: { die: trigger({ authLevel: 'anonymous' }) } });
  for (const life of [1, 2]) {
    const pid = host.handlerPid;
    assert.equal((await request(`${host.url}/die`)).status, 500, `life ${life}`);
    await until(() => host.handlerPid !== pid, 'the restart');
    const answer = await request(`${host.url}/negotiate`);
    assert.equal(answer.status, 200);
    assert.notEqual(answer.headers['x-pid'], String(pid));
  }
  await request(`${host.url}/die`);
  assert.match(await host.stopped, /ended 3 times, last with SIGSEGV/);
  assert.ok(
    lines.includes('error: Exceeded http worker restart retry count. Shutting down Functions Host'),
  );
});

test('exit 0: an old host lets the app be dead, a new one starts the handler again', async (t) => {
  const program = HANDLER.replace("process.kill(process.pid, 'SIGSEGV')", 'process.exit(0)');
  const functions = { die: trigger({}) };
  const old = await start(t, { program, functions, options: { generation: 'old' } });
  await request(`${old.host.url}/die`);
  await until(() => old.lines.some((line) => line.includes('the handler ended (0)')), 'the end');
  assert.equal((await request(`${old.host.url}/negotiate`)).status, 500);
  const options = { generation: 'new', mode: 'forward' };
  const { host } = await start(t, { program, functions, options });
  for (let life = 1; life <= 4; life++) {
    const pid = host.handlerPid;
    await request(`${host.url}/die`);
    await until(() => host.handlerPid !== pid, 'the restart');
    assert.equal((await request(`${host.url}/negotiate`)).status, 200);
  }
});

test('functionTimeout: 500, the handler is killed with all that it has, and the next one is served',
  async (t) => {
    const functions = { hang: trigger({ route: 'hang/{n}' }) };
    const both = await startBoth({ functions, host: { functionTimeout: '00:00:01' } });
    t.after(() => Promise.all(Object.values(both).map(({ host }) => host.close())));
    await Promise.all(Object.values(both).map(async ({ host, lines, own }) => {
      const pid = host.handlerPid;
      const post = (n) => request(`${host.url}/hang/${n}`, { method: 'POST', body: 'x' });
      const first = post(1);
      await until(() => own.some(([, line]) => line === 'hanging'), 'the first');
      const second = post(2);
      assert.deepEqual([(await first).status, (await second).status], [500, 500]);
      assert.ok(!own.some(([, line]) => line === 'terminating'));
      const next = await request(`${host.url}/negotiate`);
      assert.equal(next.status, 200);
      assert.notEqual(next.headers['x-pid'], String(pid));
      assert.ok(!isAlive(pid));
      for (const said of [/Timeout value of 1 s exceeded by function 'Functions\.hang'/,
        /A function timeout has occurred\. Restarting worker process/]) {
        assert.ok(lines.some((line) => said.test(line)), `${said}: ${lines.join('\n')}`);
      }
      assert.ok(!lines.some((line) => line.includes('the handler ended')));
    }));
  });

// ---- the end ----

test('at the end the host answers what is in flight and kills the handler, without SIGTERM',
  async (t) => {
    const { host, own } = await start(t, { functions: { chunks: trigger({}) } });
    const pid = host.handlerPid;
    const last = request(`${host.url}/chunks`);
    await until(() => host.unanswered > 0, 'the request');
    await host.close();
    assert.equal((await last).text, 'first last');
    assert.ok(!isAlive(pid));
    assert.ok(!own.some(([, line]) => line === 'terminating'), own.join('\n'));
  });

test('as the platform ends an instance: SIGTERM first, then SIGKILL for who does not listen',
  async (t) => {
    const functions = { deaf: trigger({}) };
    const polite = await start(t, { options: { stopMs: 20_000 } });
    const deaf = await start(t, { functions, options: { stopMs: 200 } });
    await request(`${deaf.host.url}/deaf`);
    for (const { host } of [polite, deaf]) {
      const pid = host.handlerPid;
      await host.close();
      assert.ok(!isAlive(pid));
    }
    assert.deepEqual(polite.own.at(-1), ['stdout', 'terminating']);
  });

test('the patient host does not listen to SIGTERM, as the real one; Ctrl-C ends it', async (t) => {
  const appRoot = await makeApp();
  const file = fileURLToPath(new URL('../functions-host.js', import.meta.url));
  const executable = path.join(appRoot, 'handler.cjs');
  const options = ['--patient', '--app-root', appRoot, '--port', '0', '--executable', executable];
  const child = spawn(process.execPath, [file, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('close', (code) => resolve(code)));
  let output = '';
  child.stdout.on('data', (data) => (output += data));
  await until(() => /host at \S+[^]*Worker process started/.test(output), 'the start');
  const [url] = /http:\S+/.exec(output);
  child.kill('SIGTERM');
  await until(() => output.includes('SIGTERM'), 'what it says of it');
  assert.equal((await request(`${url}/negotiate`)).status, 200);
  child.kill('SIGINT');
  assert.equal(await inTime(ended, 'the end'), 0);
});
