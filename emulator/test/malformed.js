// Sends a stand-in what no honest client sends. The stand-in runs as a process of its own, which
// must still be there afterwards.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { fileURLToPath } from 'node:url';

import { until } from './testing.js';

const ANSWER_MS = 300; // many of these are answered with nothing at all
const AT_ONCE = 16;
const END_MS = 8000;

/** Names that every object has. */
export const INHERITED = ['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__proto__'];

/**
 * What is put together from these lists: each entry once beside entries of the others in turn, and
 * with MALFORMED=all every combination.
 */
export function combined(...lists) {
  if (process.env.MALFORMED === 'all') {
    const pair = (some, list) => some.flatMap((begun) => list.map((entry) => [...begun, entry]));
    return lists.reduce(pair, [[]]);
  }
  const longest = Math.max(...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.map((list) => list[i % list.length]));
}

/**
 * Starts a stand-in.
 * @param {string} name of a command of the emulator
 * @param {RegExp} announcement of the port
 * @returns {Promise<{port: number, check: (last: string) => Promise<void>,
 *   close: () => Promise<void>}>} check fails if the process has ended, and names what was sent to
 *   it last
 */
export async function startStandIn(name, announcement, ...args) {
  const file = fileURLToPath(new URL(`../${name}`, import.meta.url));
  // The handler is the test's own, whatever others are tested with.
  const env = { ...process.env, CODESTREAM_BIN: undefined };
  const child = spawn(process.execPath, [file, ...args], { env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (output += data));
  const ended = new Promise((resolve) => child.on('close', resolve));
  const close = async () => {
    child.kill('SIGTERM'); // so that it ends what it has started itself
    const late = setTimeout(() => child.kill('SIGKILL'), END_MS);
    await ended;
    clearTimeout(late);
    assert.notEqual(child.signalCode, 'SIGKILL', `it did not end: ${output.slice(-2000)}`);
  };
  await until(() => announcement.test(output) || child.exitCode !== null, `start: ${output}`);
  const [, port] = announcement.exec(output) ?? assert.fail(output);
  const check = async (last) => {
    await new Promise((resolve) => setImmediate(resolve)); // it may have been told just now
    const ending = child.exitCode ?? child.signalCode;
    if (ending !== null) assert.fail(`ended (${ending}) after ${last}: ${output.slice(-2000)}`);
  };
  return { port: Number(port), check, close };
}

/** Sends bytes; resolves with the first that come back, or '' when none do. */
function throwAt(port, bytes) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const done = (data = '') => {
      clearTimeout(timer);
      socket.destroy();
      resolve(String(data));
    };
    const timer = setTimeout(done, ANSWER_MS);
    socket.on('data', done).on('error', () => {}).on('close', () => done());
  });
}

const lines = (...all) => [...all, '', ''].join('\r\n');

/** How a request can differ from an ordinary one, in every way that comes to mind. */
const KINDS = [...kinds()];

function* kinds() {
  const plain = (target, method = 'GET', ...headers) =>
    lines(`${method} ${target} HTTP/1.1`, 'Host: x', 'Connection: close', ...headers);
  const asked = (target, text) => `${target}${target.includes('?') ? '&' : '?'}${text}`;
  for (const method of ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'PUT', 'TRACE', 'CONNECT']) {
    yield (target) => plain(target, method);
  }
  for (const name of INHERITED) yield (target) => plain(asked(target, `${name}=x&${name}=y`));
  for (const rest of ['%', '%ff', '%00', '%2e%2e/', '//', '..', '\\', '{}', '\xff', '?', '#']) {
    yield (target) => plain(target + rest);
  }
  yield (target) => plain(`http://[/${target}`);
  for (const [method, ...headers] of [
    ['GET', 'Origin: \xff\t', 'Access-Control-Request-Headers: \xe9'],
    ['OPTIONS', 'Origin: \xff', 'Access-Control-Request-Method: \x80'],
    ['GET', 'Authorization: Bearer a.b.c', 'Cookie: =', 'Expect: x'],
  ]) yield (target) => plain(target, method, ...headers);
  for (const [body, ...headers] of [
    ['{', 'Content-Length: 5', 'Content-Type: \xff'],
    ['{', 'Content-Length: 1', 'Content-Type: application/json'],
    ['1\r\n{\r\n0\r\n\r\n', 'Transfer-Encoding: chunked'],
    ['x\r\n', 'Transfer-Encoding: chunked'],
  ]) yield (target) => plain(target, 'POST', ...headers).concat(body);
  for (const [from, to] of [
    ['Host: x', 'Host: ['], ['Host: x\r\n', ''], ['HTTP/1.1', 'HTTP/1.0'], ['HTTP/1.1', 'HTTP/9.9'],
  ]) yield (target) => plain(target).replace(from, to);
  for (const key of ['x3JJHMbDL1EzLkh9GBhXDw==', 'x']) {
    for (const more of [[], ['Sec-WebSocket-Protocol: ,'], ['Sec-WebSocket-Extensions: ;;']]) {
      const version = 'Sec-WebSocket-Version: 13';
      const head = ['Upgrade: websocket', version, `Sec-WebSocket-Key: ${key}`, ...more];
      yield (target) => plain(target, 'GET', ...head)
        .replace('close', 'Upgrade').concat('\xff\xff\xff'); // no frame of a client
    }
  }
}

/** Throws all of them at a stand-in, each on a connection of its own, some at a time. */
export async function throwAll(stand, all) {
  for (let i = 0; i < all.length; i += AT_ONCE) {
    const some = all.slice(i, i + AT_ONCE);
    await Promise.all(some.map((bytes) => throwAt(stand.port, bytes)));
    await stand.check(`one of ${JSON.stringify(some)}`);
  }
}

/** Throws requests of every malformed kind. */
export async function throwRequests(stand, targets) {
  await throwAll(stand, combined(targets, KINDS).map(([target, kind]) => kind(target)));
}
