// The stand-in for the Functions host: files, routes, forwarding, CORS, the handler's life.

import assert from 'node:assert/strict';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { readApp, readCommand, splitCommandLine } from '../functions-host/config.js';
import { forwardedTarget } from '../functions-host/forwarding.js';
import { startFunctionsHost } from '../functions-host/host.js';
import { Proxying } from '../functions-host/proxying.js';
import { makeMatcher } from '../functions-host/routes.js';
import { choosePort, listen } from '../listen.js';
import { request, until } from './testing.js';
import { after, test } from './test.js';

/** A handler that tells what it got, and obeys: /die, /exit0, /deaf. */
const HANDLER = `#!/usr/bin/env node
const http = require('node:http');
process.on('SIGTERM', () => { console.log('terminating'); process.exit(0); });
console.log('level=info event=listening');
console.error('this is a warning');
console.error('this is wrong');
http.createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  if (req.url.startsWith('/die')) process.kill(process.pid, 'SIGSEGV');
  if (req.url.startsWith('/deaf')) {
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => {});
  }
  const { method, url, rawHeaders } = req;
  const body = Buffer.concat(chunks).toString();
  res.setHeader('X-Pid', process.pid);
  res.setHeader('Access-Control-Allow-Origin', 'http://handler.example');
  if (req.url.startsWith('/moved')) res.writeHead(302, { Location: '/elsewhere' });
  const { env, argv } = process;
  res.end(JSON.stringify({ method, url, rawHeaders, body, env, args: argv.slice(2) }));
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

const trash = [];
after(() => Promise.all(trash.map((folder) => rm(folder, { recursive: true }))));

/** Writes an app to a new folder. */
async function makeApp({ host = {}, functions = {}, settings, program = HANDLER } = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'host-test-'));
  trash.push(root);
  const put = async (name, value) => {
    await mkdir(path.dirname(path.join(root, name)), { recursive: true });
    await writeFile(
      path.join(root, name),
      typeof value === 'string' ? value : JSON.stringify(value),
    );
  };
  await put('host.json', {
    version: '2.0',
    customHandler: {
      description: {
        defaultExecutablePath: 'handler.cjs',
        arguments: ['--port', '%FUNCTIONS_CUSTOMHANDLER_PORT%', '%NONE%'],
      },
      enableForwardingHttpRequest: true,
      enableProxyingHttpRequest: true,
    },
    extensions: { http: { routePrefix: '' } },
    ...host,
  });
  const all = {
    negotiate: trigger({
      route: '{action:regex(^(negotiate|register)$)}',
      methods: ['get', 'post'],
      authLevel: 'anonymous',
    }),
    eventhandler: trigger({ methods: ['post', 'options'], authLevel: 'function' }),
    ...functions,
  };
  for (const [name, value] of Object.entries(all)) await put(`${name}/function.json`, value);
  if (settings) await put('local.settings.json', settings);
  await put('handler.cjs', program);
  await chmod(path.join(root, 'handler.cjs'), 0o755);
  return root;
}

const trigger = (more) => ({
  bindings: [
    { type: 'httpTrigger', direction: 'in', name: 'req', ...more },
    { type: 'http', direction: 'out', name: 'res' },
  ],
});

/** Starts the host over an app for one test. */
async function start(t, { options = {}, ...app } = {}) {
  const appRoot = await makeApp(app);
  const lines = [];
  const own = [];
  // The environment of the test run may name another handler; these tests bring their own.
  const executable = path.join(appRoot, 'handler.cjs');
  const onLine = (stream, line) => own.push([stream, line]);
  const host = await startFunctionsHost({
    appRoot,
    port: 0,
    executable,
    log: (line) => lines.push(line),
    onLine,
    ...options,
  });
  t.after(() => host.close());
  return { host, lines, own };
}

const headersOf = ({ rawHeaders }, name) =>
  rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1].toLowerCase() === name);

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("a request is forwarded with the host's headers and its own", async (t) => {
  const { host } = await start(t);
  const answer = await request(`${host.url}/eventhandler?code=K&x=1&X=2&flag&sp=a%20b+c/`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'Content-Encoding': 'identity',
      'ce-type': 'azure.webpubsub.sys.connect',
      'User-Agent': 'service',
      'X-Azure-Functions-InvocationId': 'mine',
    },
    body: '{}',
  });
  assert.equal(answer.status, 200);
  const got = JSON.parse(answer.text);
  assert.equal(got.method, 'POST');
  assert.equal(got.url, '/eventhandler?code=K&x=1,2&flag=&sp=a%20b%20c%2F');
  assert.equal(got.body, '{}');
  assert.deepEqual(headersOf(got, 'ce-type'), ['azure.webpubsub.sys.connect']);
  assert.deepEqual(headersOf(got, 'content-type'), ['application/json']);
  assert.deepEqual(headersOf(got, 'content-length'), ['2']);
  assert.deepEqual(headersOf(got, 'content-encoding'), []);
  assert.deepEqual(headersOf(got, 'host'), [`127.0.0.1:${host.port}`]);
  assert.match(headersOf(got, 'user-agent')[0], /^service Azure-Functions-Host\/4\./);
  assert.equal(headersOf(got, 'x-azure-functions-invocationid').length, 2);
  assert.equal(headersOf(got, 'x-azure-functions-hostversion').length, 1);
  assert.match(headersOf(got, 'traceparent')[0], /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
});

test('without a body there is no Content-Type', async (t) => {
  const { host } = await start(t);
  const headers = { 'Content-Type': 'text/plain' };
  const answer = await request(`${host.url}/negotiate`, { headers });
  assert.deepEqual(headersOf(JSON.parse(answer.text), 'content-type'), []);
});

test('a chunked upload is answered 500 and the handler stays', async (t) => {
  const { host } = await start(t);
  const answer = await fetch(`${host.url}/eventhandler`, {
    method: 'POST',
    body: new Blob(['{}']).stream(),
    duplex: 'half',
  });
  assert.equal(answer.status, 500);
  assert.equal((await request(`${host.url}/negotiate`)).status, 200);
});

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

test("a redirect and the handler's headers pass through", async (t) => {
  const { host } = await start(t, { functions: { moved: trigger({}) } });
  const answer = await request(`${host.url}/moved`);
  assert.equal(answer.status, 302);
  assert.equal(answer.headers.location, '/elsewhere');
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

test('a function key is asked for only where the level says so', async (t) => {
  const { host } = await start(t, { options: { key: 'secret' } });
  const post = async (target, headers) =>
    (await request(host.url + target, { method: 'POST', headers })).status;
  assert.equal(await post('/eventhandler', {}), 401);
  assert.equal(await post('/eventhandler?code=wrong', {}), 401);
  assert.equal(await post('/eventhandler?code=secret', {}), 200);
  assert.equal(await post('/eventhandler', { 'x-functions-key': 'secret' }), 200);
  assert.equal(await post('/negotiate?code=wrong', {}), 200);
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

test('a handler that dies is started again, and the third death stops the host', async (t) => {
  const { host, lines } = await start(t, { functions: { die: trigger({}) } });
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

test('a handler that cannot be started is reported', async (t) => {
  await assert.rejects(
    start(t, { options: { executable: '/no/such/program' } }),
    /cannot start.*ENOENT/,
  );
});

test('close ends the handler with SIGTERM', async (t) => {
  const { host, own } = await start(t);
  const pid = host.handlerPid;
  await host.close();
  assert.ok(!alive(pid));
  assert.deepEqual(own.at(-1), ['stdout', 'terminating']);
});

test('close kills a handler that does not listen to SIGTERM', async (t) => {
  const { host } = await start(t, { functions: { deaf: trigger({}) }, options: { stopMs: 300 } });
  await request(`${host.url}/deaf`);
  const pid = host.handlerPid;
  await host.close();
  assert.ok(!alive(pid));
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

test('forwarding rewrites paths and queries as the host does', () => {
  assert.equal(forwardedTarget('/a%2Fb/c%20d'), '/a%2Fb/c%20d');
  assert.equal(forwardedTarget('/plain'), '/plain');
  assert.equal(forwardedTarget('/a?x=1&y=%C3%A4&x=2'), '/a?x=1,2&y=%C3%A4');
  assert.equal(forwardedTarget('/a%3Fb=1'), '/a?b=1');
});

// --- proxying -----------------------------------------------------------------------------------

test('proxying: the request passes as it is, with another Host and X-Forwarded', async (t) => {
  const { host } = await start(t, { options: { mode: 'proxy' } });
  const answer = await request(`${host.url}/eventhandler?code=K&x=1&x=2&sp=a%20b+c`, {
    method: 'POST',
    headers: {
      Host: 'app.example',
      'User-Agent': 'service',
      'Content-Encoding': 'identity',
      'X-Forwarded-For': '10.0.0.1',
      'x-ms-invocation-id': 'mine',
      Forwarded: 'for=10.0.0.1',
      TE: 'trailers',
    },
    body: '{}',
  });
  const got = JSON.parse(answer.text);
  assert.equal(got.url, '/eventhandler?code=K&x=1&x=2&sp=a%20b+c');
  assert.equal(got.body, '{}');
  assert.deepEqual(headersOf(got, 'host'), [`127.0.0.1:${host.handlerPort}`]);
  assert.deepEqual(headersOf(got, 'x-forwarded-host'), ['app.example']);
  assert.deepEqual(headersOf(got, 'x-forwarded-for'), ['127.0.0.1']);
  assert.deepEqual(headersOf(got, 'x-forwarded-proto'), ['http']);
  assert.deepEqual(headersOf(got, 'user-agent'), ['service']);
  assert.deepEqual(headersOf(got, 'content-encoding'), ['identity']);
  assert.deepEqual(headersOf(got, 'forwarded'), []);
  assert.deepEqual(headersOf(got, 'te'), []);
  const [id] = headersOf(got, 'x-azure-functions-invocationid');
  assert.deepEqual(headersOf(got, 'x-ms-invocation-id'), [id]);
});

test('proxying: a chunked upload passes', async (t) => {
  const { host } = await start(t, { options: { mode: 'proxy' } });
  const answer = await fetch(`${host.url}/eventhandler`, {
    method: 'POST',
    body: new Blob(['{"a":1}']).stream(),
    duplex: 'half',
  });
  assert.equal((await answer.json()).body, '{"a":1}');
});

test('proxying: the answer is streamed', async (t) => {
  const program = HANDLER.replace(
    "if (req.url.startsWith('/moved'))",
    `if (req.url.startsWith('/moved')) {
      res.write('first ');
      return setTimeout(() => res.end('last'), 1000);
    }
    if (false)`,
  );
  const { host } = await start(t, {
    program,
    functions: { moved: trigger({}) },
    options: { mode: 'proxy' },
  });
  const { body } = await fetch(`${host.url}/moved`);
  const chunks = [];
  for await (const chunk of body) chunks.push(Buffer.from(chunk).toString());
  assert.deepEqual(chunks, ['first ', 'last']);
});

test('proxying: a refused connection is tried again, a body included', async (t) => {
  const port = await choosePort(0);
  const proxying = new Proxying();
  const front = http.createServer((req, res) => {
    proxying.invoke({ req, res, port, id: 'x' }).catch(() => res.writeHead(500).end());
  });
  const back = http.createServer((req, res) => req.pipe(res));
  const { port: frontPort, close } = await listen(front);
  t.after(async () => {
    proxying.close();
    await close();
    back.close();
  });
  const ask = () => request(`http://127.0.0.1:${frontPort}/`, { method: 'POST', body: 'the body' });
  const answer = ask();
  await new Promise((resolve) => setTimeout(resolve, 200));
  back.listen(port, '127.0.0.1');
  assert.equal((await answer).text, 'the body');
  back.closeAllConnections();
  await new Promise((resolve) => back.close(resolve));
  assert.equal((await ask()).status, 500);
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
    // The handler answers with what it got, which is no output in payload mode: 200, empty.
    const got = text === '' ? { url: '' } : JSON.parse(text);
    const expected = { forward: '/negotiate?a=', proxy: '/negotiate?a', payload: '' };
    assert.equal(got.url, expected[mode], `${forwarding} ${proxying} ${generation}`);
  }
});

// --- payload ------------------------------------------------------------------------------------

/** A handler of the payload contract that echoes what it got, or answers as asked. */
const PAYLOAD_HANDLER = `#!/usr/bin/env node
const http = require('node:http');
http.createServer(async (req, res) => {
  const chunks = [];
  for await (const chunk of req) chunks.push(chunk);
  if (req.method === 'GET') return res.end();
  const got = JSON.parse(Buffer.concat(chunks));
  const { asked } = got.Data.req.Query;
  if (asked) return res.writeHead(asked.includes('fail') ? 500 : 200).end(asked);
  const echo = { url: req.url, method: req.method, got };
  const output = { statusCode: 201, headers: { 'X-A': 'b' }, body: JSON.stringify(echo) };
  res.end(JSON.stringify({ Outputs: { res: output }, Logs: ['a line'], ReturnValue: null }));
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

test('payload: the invocation is described, and the output is the answer', async (t) => {
  const { host, lines } = await start(t, {
    program: PAYLOAD_HANDLER,
    options: { mode: 'payload' },
  });
  const answer = await request(`${host.url}/register?a=1&a=2`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-Two': ['1', '2'] },
    body: '{"a":1}',
  });
  assert.equal(answer.status, 201);
  assert.equal(answer.headers['x-a'], 'b');
  const { url, method, got } = JSON.parse(answer.text);
  assert.equal(`${method} ${url}`, 'POST /negotiate');
  assert.deepEqual(Object.keys(got), ['Data', 'Metadata']);
  const { req } = got.Data;
  assert.equal(req.Url, `${host.url}/register?a=1&a=2`);
  assert.equal(req.Method, 'POST');
  assert.deepEqual(req.Query, { a: '1,2' });
  assert.deepEqual(req.Params, { action: 'register' });
  assert.deepEqual(req.Headers['X-Two'], ['1', '2']);
  assert.equal(req.Body, '{"a":1}');
  assert.equal(got.Metadata.sys.MethodName, 'negotiate');
  assert.ok(lines.includes('handler info: a line'));
});

test('payload: bytes are base64, and without a body there is none', async (t) => {
  const { host } = await start(t, { program: PAYLOAD_HANDLER, options: { mode: 'payload' } });
  const described = async (more) => {
    const { text } = await request(`${host.url}/negotiate`, more);
    return JSON.parse(text).got.Data.req.Body;
  };
  const headers = { 'Content-Type': 'application/octet-stream' };
  assert.equal(await described({ method: 'POST', headers, body: Buffer.from([1, 2, 3]) }), 'AQID');
  assert.equal(await described(), undefined);
});

test('payload: what the handler gets wrong is 500, what it may do is done', async (t) => {
  const { host } = await start(t, { program: PAYLOAD_HANDLER, options: { mode: 'payload' } });
  const ask = (asked) => request(`${host.url}/negotiate?asked=${encodeURIComponent(asked)}`);
  for (const wrong of ['{"fail":1}', 'nonsense', '[', '1', '{"Outputs":{"res":"text"}}']) {
    assert.equal((await ask(wrong)).status, 500, wrong);
  }
  assert.equal((await ask('{}')).status, 200);
  const { status, headers, text } = await ask('{"Outputs":{"res":{"status":202,"body":{"a":1}}}}');
  assert.deepEqual([status, text], [202, '{"a":1}']);
  assert.match(headers['content-type'], /^application\/json/);
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

test('exit 0: an old host lets the app be dead, a new one starts the handler again', async (t) => {
  const program = HANDLER.replace("process.kill(process.pid, 'SIGSEGV')", 'process.exit(0)');
  const functions = { die: trigger({}) };
  const old = await start(t, { program, functions, options: { generation: 'old' } });
  await request(`${old.host.url}/die`);
  await until(() => old.lines.some((line) => line.includes('the handler ended (0)')), 'the end');
  assert.equal((await request(`${old.host.url}/negotiate`)).status, 500);
  const { host } = await start(t, { program, functions, options: { generation: 'new' } });
  for (let life = 1; life <= 4; life++) {
    const pid = host.handlerPid;
    await request(`${host.url}/die`);
    await until(() => host.handlerPid !== pid, 'the restart');
    assert.equal((await request(`${host.url}/negotiate`)).status, 200);
  }
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

test('a body over the limit is 413', async (t) => {
  const { host } = await start(t, {
    options: { env: { FUNCTIONS_REQUEST_BODY_SIZE_LIMIT: '10' } },
  });
  const status = async (body) =>
    (await request(`${host.url}/negotiate`, { method: 'POST', body })).status;
  assert.equal(await status('x'.repeat(10)), 200);
  assert.equal(await status('x'.repeat(11)), 413);
});

test('a handler that never listens is ended, and the third time stops the host', async () => {
  const appRoot = await makeApp({
    program: '#!/usr/bin/env node\nsetInterval(() => {}, 1000);\n',
    host: {
      customHandler: {
        description: { defaultExecutablePath: 'handler.cjs' },
        initializationTimeout: '00:00:01',
        enableForwardingHttpRequest: true,
      },
    },
  });
  const executable = path.join(appRoot, 'handler.cjs');
  const starting = startFunctionsHost({ appRoot, port: 0, executable });
  await assert.rejects(starting, /ended 3 times, last with SIGKILL/);
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
