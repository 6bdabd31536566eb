// The stand-in for the Functions host: files and settings, routes, CORS, keys, and what it says.

import assert from 'node:assert/strict';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { readApp, readCommand, splitCommandLine } from '../functions-host/config.js';
import { makeMatcher } from '../functions-host/routes.js';
import { ANYTHING, makeApp, start, trigger } from './functions-app.js';
import { request } from './testing.js';
import { test } from './test.js';

test('routes are matched by template, method and without case', async (t) => {
  const { host } = await start(t);
  const status = async (method, target) => (await request(host.url + target, { method })).status;
  assert.equal(await status('GET', '/negotiate'), 200);
  assert.equal(await status('GET', '/Register?room_id=x'), 200);
  assert.equal(await status('OPTIONS', '/eventhandler'), 200);
  assert.equal(await status('PUT', '/negotiate'), 404);
  assert.equal(await status('GET', '/eventhandler'), 404);
  assert.equal(await status('GET', '/negotiate/more'), 404);
  assert.equal(await status('GET', '/xnegotiate'), 404);
  assert.equal(await status('GET', '/admin/host/ping'), 200);
  assert.equal(await status('GET', '/'), 200);
});

test('route templates know optional, catch-all and constrained parameters', () => {
  const cases = [
    ['api/items/{id:int}', '/api/items/12', { id: '12' }],
    ['api/items/{id:int}', '/api/items/x', undefined],
    ['items/{id?}', '/items', {}],
    ['items/{id?}', '/items/1/2', undefined],
    ['files/{*rest}', '/files/a/b/c', { rest: 'a/b/c' }],
    ['files/{*rest}', '/files', { rest: '' }],
    ['files/{*rest:int}', '/files/12', { rest: '12' }],
    ['files/{*rest:int}', '/files/12/3', undefined],
    ['files/{*rest:alpha}', '/files', undefined],
    ['files/{*rest:alpha}', '/files/', undefined],
    ['files/{**rest:regex(^a/b$)}', '/files/A/b', { rest: 'A/b' }],
    ['files/{**rest:regex(^a/b$)}', '/files/a%2Fb', undefined],
    ['files/{id}', '/files/a%2fb%20c', { id: 'a%2fb c' }],
    ['x/{a:regex(^[a-z]{{2}}$)}', '/x/ab', { a: 'ab' }],
    ['x/{a:regex(^[a-z]{{2}}$)}', '/x/abc', undefined],
    ['a/{b}/c', '/a/x%20y/C/', { b: 'x y' }],
  ];
  for (const [template, pathname, expected] of cases) {
    assert.deepEqual(makeMatcher(template)(pathname), expected, `${template} ${pathname}`);
  }
  assert.throws(() => makeMatcher('{a:colour}'), /not known/);
});

test('both functions answer below /api/ as well, and nothing else does', async () => {
  const cases = [
    ['negotiate', ['/negotiate', '/api/negotiate', '/API/Negotiate', '/n%65gotiate', '/register',
      '/api/register', '/Api/REGISTER']],
    ['eventhandler', ['/eventhandler', '/api/eventhandler', '/EventHandler', '/API/EVENTHANDLER']],
  ];
  const none = ['/', '/x', '/api', '/api/', '/negotiatex', '/xnegotiate', '/api/x', '/apinegotiate',
    '/api/api/NAME', '/x/NAME', '/NAME/x', '//NAME', '/api//NAME', '/NAME/', '/api%2FNAME',
    '/apiXNAME', '/NAME%0Ax', '/api/NAME/more', '/NAMEx', '/admin/NAME'];
  for (const [name, paths] of cases) {
    const file = new URL(`../../${name}/function.json`, import.meta.url);
    const [{ route }] = JSON.parse(await readFile(file, 'utf8')).bindings;
    const match = makeMatcher(route);
    for (const path of paths) {
      const [rest] = Object.values(match(path) ?? {});
      assert.equal(`/${rest}`, decodeURIComponent(path), `${route} ${path}`);
    }
    for (const path of none.map((text) => text.replace('NAME', name))) {
      assert.equal(match(path), undefined, `${route} ${path}`);
    }
  }
});

test('CORS: a true preflight is answered by the host, allowed origins only', async (t) => {
  const origin = 'http://page.example';
  const { host } = await start(t, { options: { cors: [origin] } });
  const preflight = (from) =>
    request(`${host.url}/negotiate`, {
      method: 'OPTIONS',
      headers: {
        Origin: from,
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'x-a',
      },
    });
  const granted = await preflight(origin);
  assert.equal(granted.status, 204);
  assert.equal(granted.headers['access-control-allow-origin'], origin);
  assert.equal(granted.headers['access-control-allow-methods'], 'POST');
  assert.equal(granted.headers['access-control-allow-headers'], 'x-a');
  const refused = await preflight('http://evil.example');
  assert.equal(refused.status, 204);
  assert.equal(refused.headers['access-control-allow-origin'], undefined);
  const real = await request(`${host.url}/negotiate`, { headers: { Origin: origin } });
  assert.equal(real.headers['access-control-allow-origin'], origin);
  assert.equal(real.status, 200);
});

test('CORS: an OPTIONS that is no preflight reaches the handler', async (t) => {
  const { host } = await start(t, { options: { cors: ['*'] } });
  const answer = await request(`${host.url}/eventhandler`, {
    method: 'OPTIONS',
    headers: { 'WebHook-Request-Origin': 'localhost' },
  });
  assert.equal(JSON.parse(answer.text).method, 'OPTIONS');
});

test('CORS: a page can read that the handler has failed', async (t) => {
  const origin = 'http://page.example';
  const { host } = await start(t, { functions: ANYTHING, options: { cors: [origin] } });
  const failed = await request(`${host.url}/garbage`, { headers: { Origin: origin } });
  assert.equal(failed.status, 500);
  assert.equal(failed.headers['access-control-allow-origin'], origin);
});

test("keys: the host's, the function's own and the master key open a function, admin the last alone",
  async (t) => {
    const functions = {
      other: trigger({ authLevel: 'function' }),
      inner: trigger({ authLevel: 'admin' }),
      plain: trigger({}),
    };
    const options = {
      key: 'HOST', masterKey: 'MASTER', functionKeys: { eventhandler: 'OWN', other: 'OTHER' },
    };
    const { host } = await start(t, { functions, options });
    const header = { 'x-functions-key': 'OWN' };
    for (const [target, status, headers] of [
      ['/eventhandler', 401], ['/eventhandler?code=wrong', 401],
      ['/eventhandler?code=HOST', 200], ['/eventhandler?code=OWN', 200],
      ['/eventhandler?code=MASTER', 200], ['/eventhandler?code=OTHER', 401],
      ['/eventhandler', 200, header], ['/eventhandler?code=wrong', 200, header],
      ['/eventhandler?code=OWN', 401, { 'x-functions-key': 'wrong' }],
      ['/eventhandler?CODE=OWN', 200], ['/eventhandler?code=OWN&code=wrong', 200],
      ['/eventhandler?code=own', 401], ['/plain', 401], ['/plain?code=HOST', 200],
      ['/inner?code=HOST', 401], ['/inner?code=MASTER', 200], ['/negotiate?code=wrong', 200],
      ['/admin/host/ping', 200], ['/admin/host/status', 401], ['/admin/functions', 401],
      ['/admin/host/status?code=MASTER', 200], ['/runtime/webhooks/x', 403],
    ]) {
      const answer = await request(host.url + target, { method: 'POST', headers });
      assert.equal(answer.status, status, `${target} ${JSON.stringify(headers)}`);
      if (status === 401) assert.deepEqual([answer.text, answer.headers['content-length']], ['', '0']);
    }
    assert.equal((await request(`${host.url}/eventhandler`, { method: 'OPTIONS' })).status, 401);
  });

test('without any key everybody may do everything, as under func start', async (t) => {
  const { host } = await start(t, { functions: { inner: trigger({ authLevel: 'admin' }) } });
  for (const target of ['/inner', '/admin/host/status']) {
    assert.equal((await request(host.url + target)).status, 200, target);
  }
});

test('"disabled" in function.json changes nothing, and a warning says so', async (t) => {
  const functions = { off: { ...trigger({ authLevel: 'anonymous' }), disabled: true } };
  const { host, lines } = await start(t, { functions });
  assert.equal((await request(`${host.url}/off`)).status, 200);
  assert.ok(lines.some((line) => /^warning: off\/function\.json .*AzureWebJobs\.off\.Disabled/.test(line)));
});

test('settings: the option wins over the environment, that over local.settings.json', async (t) => {
  process.env.HOST_TEST_B = 'environment';
  t.after(() => delete process.env.HOST_TEST_B);
  const { host } = await start(t, {
    settings: {
      IsEncrypted: false,
      Values: { HOST_TEST_A: 'file', HOST_TEST_B: 'file', HOST_TEST_C: 'file' },
    },
    options: { env: { HOST_TEST_C: 'option' } },
  });
  const { env, args } = JSON.parse((await request(`${host.url}/negotiate`)).text);
  assert.deepEqual(
    [env.HOST_TEST_A, env.HOST_TEST_B, env.HOST_TEST_C],
    ['file', 'environment', 'option'],
  );
  assert.equal(env.FUNCTIONS_CUSTOMHANDLER_PORT, String(host.handlerPort));
  assert.equal(env.FUNCTIONS_HTTPWORKER_PORT, String(host.handlerPort));
  assert.equal(env.WEBSITE_HOSTNAME, `localhost:${host.port}`);
  assert.deepEqual(args, ['--port', String(host.handlerPort)]);
});

test("the handler's lines get the level that the host gives them", async (t) => {
  const { lines, own } = await start(t);
  assert.ok(lines.includes('handler info: level=info event=listening'), lines.join('\n'));
  assert.ok(lines.includes('handler warning: this is a warning'));
  assert.ok(lines.includes('handler error: this is wrong'));
  assert.deepEqual(own[0], ['stdout', 'level=info event=listening']);
});

test('files that the host refuses are refused', async () => {
  const refusals = [
    [{ host: { version: '1.0' } }, /version/],
    [{ host: { customHandler: {} } }, /Missing worker Description/],
    [{ host: { customHandler: { description: {} } } }, /DefaultExecutablePath cannot be empty/],
    [{ functions: { other: trigger({ route: 'runtime/x' }) } }, /built in routes/],
    [{ functions: { other: trigger({ route: 'eventhandler' }) } }, /defined by function/],
    [{ functions: { other: { bindings: [{ type: 'queueTrigger' }] } } }, /httpTrigger/],
  ];
  for (const [app, message] of refusals) {
    const root = await makeApp(app);
    assert.throws(() => readApp(root), message);
  }
});

test('the command line is made as the host makes it', () => {
  const description = {
    defaultExecutablePath: 'no-such-file',
    arguments: ['-p %PORT%', '"a b"', '%UNSET%x'],
    workingDirectory: 'w',
  };
  const command = readCommand(description, '/app', { PORT: '5' });
  assert.deepEqual(command, { file: 'no-such-file', args: ['-p', '5', 'a b', 'x'], cwd: '/app/w' });
  assert.deepEqual(splitCommandLine('a  "b c"d'), ['a', 'b cd']);
});

test('the mode follows from host.json and the generation of the host', async (t) => {
  const flags = (forwarding, proxying) => ({
    customHandler: {
      description: { defaultExecutablePath: 'handler.cjs' },
      enableForwardingHttpRequest: forwarding,
      enableProxyingHttpRequest: proxying,
    },
  });
  for (const [forwarding, proxying, generation, mode] of [
    [true, true, undefined, 'forward'],
    [true, true, 'new', 'proxy'],
    [true, true, 'old', 'forward'],
    [false, true, undefined, 'proxy'],
    [false, true, 'old', 'payload'],
    [false, false, 'new', 'payload'],
  ]) {
    const { host } = await start(t, { host: flags(forwarding, proxying), options: { generation } });
    const { text } = await request(`${host.url}/negotiate?a`);
    // The handler answers with what it got, which is no JSON of that type, and so 500, in payload mode.
    const got = text === '' ? { url: '' } : JSON.parse(text);
    const expected = { forward: '/negotiate?a=', proxy: '/negotiate?a', payload: '' };
    assert.equal(got.url, expected[mode], `${forwarding} ${proxying} ${generation}`);
  }
});

// --- neither flag -------------------------------------------------------------------------------

/** A handler that knows that the host wraps what it should forward. */
const WRAPPED = `#!/usr/bin/env node
const http = require('node:http');
http.createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  if (req.method === 'GET') return res.end();
  const got = JSON.parse(Buffer.concat(chunks));
  const { asked } = got.Data.req.Query;
  const body = JSON.stringify({ url: req.url, length: req.headers['content-length'], got });
  const answer = { Outputs: { res: { statusCode: 501, headers: { 'X-A': 'b' }, body } } };
  const type = asked === 'plain' ? 'text/plain' : 'application/json; charset=utf-8';
  res.writeHead(asked === 'fail' ? 501 : 200, { 'Content-Type': type });
  res.end(asked === 'nothing' ? '{}' : JSON.stringify(answer));
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

test('with neither flag in host.json the handler gets a description of the request, and can say so',
  async (t) => {
    const customHandler = { description: { defaultExecutablePath: 'handler.cjs' } };
    const { host } = await start(t, { program: WRAPPED, host: { customHandler } });
    const post = (asked) => request(`${host.url}/register?a=1&a=2&asked=${asked}`, {
      method: 'POST', headers: { 'X-Two': ['1', '2'] }, body: '{"a":1}',
    });
    const answer = await post('');
    assert.equal(answer.status, 501);
    assert.equal(answer.headers['x-a'], 'b');
    const { url, length, got } = JSON.parse(answer.text);
    assert.deepEqual([url, length], ['/negotiate', undefined]);
    const { Url, Method, Query, Headers, Params, Body } = got.Data.req;
    assert.deepEqual([Url, Method], [`${host.url}/register?a=1&a=2&asked=`, 'POST']);
    assert.deepEqual([Query.a, Headers['X-Two'], Params.action], ['1,2', ['1, 2'], 'register']);
    assert.equal(Body, '{"a":1}');
    assert.equal(got.Metadata.sys.MethodName, 'negotiate');
    for (const asked of ['fail', 'plain']) assert.equal((await post(asked)).status, 500, asked);
    assert.equal((await post('nothing')).status, 200);
  });

// --- more of the host ---------------------------------------------------------------------------

test('CORS of the platform: every true preflight is answered by the host', async (t) => {
  const { host } = await start(t, { options: { platformCors: true } });
  const headers = { Origin: 'http://page.example', 'Access-Control-Request-Method': 'POST' };
  const answer = await request(`${host.url}/eventhandler`, { method: 'OPTIONS', headers });
  assert.equal(answer.status, 204);
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
  const validation = { 'WebHook-Request-Origin': 'x' };
  const other = await request(`${host.url}/eventhandler`, {
    method: 'OPTIONS',
    headers: validation,
  });
  assert.equal(JSON.parse(other.text).method, 'OPTIONS');
});

test('host.json alone can name routes; the environment overrides host.json', async () => {
  const appRoot = await makeApp({
    host: {
      customHandler: {
        description: { defaultExecutablePath: 'handler.cjs' },
        http: {
          routes: [{ route: 'a/{x}', authorizationLevel: 'Anonymous' }, { route: '{*rest}' }],
        },
      },
    },
  });
  const env = { FUNCTIONS_WORKER_RUNTIME: 'custom' };
  assert.throws(() => readApp(appRoot, env), /exclude each other/);
  await Promise.all(
    ['negotiate', 'eventhandler'].map((name) => rm(path.join(appRoot, name), { recursive: true })),
  );
  assert.throws(() => readApp(appRoot), /only allowed for worker runtime: custom/);
  const app = readApp(appRoot, {
    ...env,
    AzureFunctionsJobHost__customHandler__enableProxyingHttpRequest: 'true',
    AzureFunctionsJobHost__CUSTOMHANDLER__description__arguments: '["a","b"]',
  });
  const levels = app.functions.map(({ name, authLevel }) => [name, authLevel]);
  assert.deepEqual(levels, [
    ['http-handler1', 'anonymous'],
    ['http-handler2', 'function'],
  ]);
  assert.equal(app.customHandler.proxying, true);
  assert.deepEqual(app.customHandler.description.arguments, ['a', 'b']);
});

test('functions can be disabled by an app setting', async () => {
  const appRoot = await makeApp();
  const { functions } = readApp(appRoot, { 'AzureWebJobs.negotiate.Disabled': 'true' });
  assert.deepEqual(
    functions.map(({ name }) => name),
    ['eventhandler'],
  );
});

test('the key in a request is in no line of the host', async (t) => {
  const { host, lines } = await start(t, {
    functions: { die: trigger({}) },
    options: { key: 'SECRET' },
  });
  await request(`${host.url}/eventhandler?code=SECRET`, { method: 'POST' });
  await request(`${host.url}/die?code=SECRET`);
  await request(`${host.url}/nothing?code=SECRET`);
  assert.ok(!lines.join('\n').includes('SECRET'));
});
