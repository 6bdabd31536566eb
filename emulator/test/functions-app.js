// Function apps for tests of the stand-in for the Functions host, and a handler that tells what it
// got and does what it is asked to.

import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startFunctionsHost } from '../functions-host/host.js';
import { inTime } from './testing.js';
import { after } from './test.js';

/**
 * Answers with what it got, but does what the first part of the path says: /die, /deaf (to SIGTERM),
 * /close and /garbage (in place of an answer), /hang, /moved, /bytes (a header that is not ASCII),
 * /chunks, /typed (with a Server of its own). /tally has how often each path was delivered.
 */
export const HANDLER = `#!/usr/bin/env node
const http = require('node:http');
process.on('SIGTERM', () => { console.log('terminating'); process.exit(0); });
console.log('level=info event=listening');
console.error('this is a warning');
console.error('this is wrong');
const tally = {};
const does = {
  die: () => process.kill(process.pid, 'SIGSEGV'),
  deaf: (req, res) => {
    process.removeAllListeners('SIGTERM');
    process.on('SIGTERM', () => {});
    res.end();
  },
  close: (req) => req.socket.destroy(),
  garbage: (req) => req.socket.end('what?\\r\\n\\r\\n'),
  hang: () => console.log('hanging'),
  moved: (req, res) => res.writeHead(302, { Location: '/elsewhere' }).end(),
  bytes: (req, res) => res.writeHead(200, { 'X-Name': '\\xe9' }).end(),
  chunks: (req, res) => { res.write('first '); setTimeout(() => res.end('last'), 300); },
  typed: (req, res) => res.writeHead(200, { Server: 'own' }).end(),
  tally: (req, res) => res.end(JSON.stringify(tally)),
};
http.createServer({ maxHeaderSize: 1e6 }, (req, res) => {
  const [, name] = /^\\/(?:api\\/)?(\\w*)/.exec(req.url) ?? [];
  tally[req.url] = (tally[req.url] ?? 0) + 1;
  const chunks = [];
  req.on('error', () => {}).on('data', (chunk) => chunks.push(chunk)).on('end', () => {
    if (does[name]) return does[name](req, res);
    const { method, url, rawHeaders } = req;
    const body = Buffer.concat(chunks).toString();
    res.setHeader('X-Pid', process.pid);
    res.setHeader('Access-Control-Allow-Origin', 'http://handler.example');
    const { env, argv } = process;
    res.end(JSON.stringify({ method, url, rawHeaders, body, env, args: argv.slice(2) }));
  });
}).listen(process.env.FUNCTIONS_CUSTOMHANDLER_PORT, '127.0.0.1');
`;

const trash = [];
after(() => Promise.all(trash.map((folder) => rm(folder, { recursive: true }))));

export const trigger = (more) => ({
  bindings: [
    { type: 'httpTrigger', direction: 'in', name: 'req', ...more },
    { type: 'http', direction: 'out', name: 'res' },
  ],
});

/** A function that takes whatever no other one takes, in any method. */
export const ANYTHING = { zzz: trigger({ route: '{*rest}', authLevel: 'anonymous' }) };

/** Writes an app to a new folder. */
export async function makeApp({ host = {}, functions = {}, settings, program = HANDLER } = {}) {
  const root = await mkdtemp(path.join(tmpdir(), 'host-test-'));
  trash.push(root);
  const put = async (name, value) => {
    const file = path.join(root, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, typeof value === 'string' ? value : JSON.stringify(value));
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

/** Starts the host over an app; lines are its log, own the handler's lines with their stream. */
export async function startHost({ options = {}, ...app } = {}) {
  const appRoot = await makeApp(app);
  const lines = [];
  const own = [];
  // The environment of the test run may name another handler; these tests bring their own.
  const executable = path.join(appRoot, 'handler.cjs');
  const onLine = (stream, line) => own.push([stream, line]);
  const log = (line) => lines.push(line);
  const host = await startFunctionsHost({ appRoot, port: 0, executable, log, onLine, ...options });
  return { host, lines, own };
}

/** The same for one test. */
export async function start(t, app) {
  const started = await startHost(app);
  t.after(() => started.host.close());
  return started;
}

/** Starts, in each of the two ways of passing requests on, a host over the same app. */
export async function startBoth(app = {}) {
  const modes = ['forward', 'proxy'];
  const started = await Promise.all(
    modes.map((mode) => startHost({ ...app, options: { ...app.options, mode } })),
  );
  return Object.fromEntries(modes.map((mode, i) => [mode, started[i]]));
}

/** The values of all headers of this name that the handler got. */
export const headersOf = ({ rawHeaders }, name) =>
  rawHeaders.filter((_, i, all) => i % 2 === 1 && all[i - 1].toLowerCase() === name);

/** Sends bytes as they are, and reads the response until its connection ends. */
export async function exchangeBytes(port, bytes) {
  const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
  const chunks = [];
  socket.on('data', (chunk) => chunks.push(chunk)).on('error', () => {});
  await inTime(new Promise((resolve) => socket.on('close', resolve)), 'end of the response');
  const [head, ...body] = Buffer.concat(chunks).toString('latin1').split('\r\n\r\n');
  const [first, ...headers] = head.split('\r\n');
  return { status: Number(first.split(' ')[1]), headers, text: body.join('\r\n\r\n') };
}

/** A request in its bytes, after which the connection is to end. */
export const inBytes = (first, ...headers) =>
  [`${first} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers, '', ''].join('\r\n');
