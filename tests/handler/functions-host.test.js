// Behind the Functions host (stand-in), in both ways in which it passes a request on: it rewrites
// paths, queries and headers, delivers some requests many times, and the same set of requests must
// come through. Where it wraps all of it into JSON, it and its caller are told how to make it stop.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { describe } from 'node:test';
import { test, before, after } from '../lib/test.js';
import { copyApp } from '../lib/app-files.js';
import { eventually, within } from '../lib/deadline.js';
import {
  connectBody, joinRoom, newPeer, newRoom, readAck, sendToRoom, sign, systemEvent,
} from '../lib/events.js';
import { ACCESS_KEY, BINARY, ROOT, connectionString, startHandler } from '../lib/handler.js';
import { formatRequest, request } from '../lib/http.js';
import { verifyToken } from '../lib/rest-recorder.js';
import { Crowd, negotiate, TRANSPORTS } from '../lib/sockets.js';
import { FUNCTION_CODE, startStack } from '../lib/stack.js';

const PAGE = 'http://localhost:1';
const withCode = (event) => ({ ...event, path: `${event.path}?code=${FUNCTION_CODE}&x=a+b&x=2` });

for (const mode of ['forward', 'proxy']) {
  describe(`in mode ${mode}`, () => passes(mode));
}

function passes(mode) {
  let stack;
  let port;
  before(async () => {
    stack = await startStack({ host: true, cors: [PAGE], mode });
    port = stack.host.port;
  });
  after(() => stack?.close());

  test('the handler starts under the host and the host answers for it', async () => {
    assert.equal((await request(port, { path: '/' })).status, 200);
    const saysSo = () => stack.handler.lines.some((line) => /event=listening/.test(line));
    await eventually(3000, saysSo, 'its first line');
  });

  test('writers and viewers negotiate through the host, in every form', async () => {
    const writer = await negotiate(stack.api);
    const room = writer.room_id;
    assert.equal(writer.role, 'writer');
    for (const path of ['/negotiate', '/register', '/api/negotiate', '/API/Register']) {
      assert.equal((await negotiate(stack.api, { room, path })).role, 'viewer');
    }
    const again = await negotiate(stack.api, { room, key: writer.writer_key });
    assert.equal(again.role, 'writer');
    const wrong = await request(port, {
      method: 'POST', path: '/negotiate', body: JSON.stringify({ room_id: room, writer_key: 'x' }),
    });
    assert.equal(wrong.status, 403);
  });

  test('refusals come through with their status and their JSON', async () => {
    const bad = await request(port, { path: '/register?room_id=bad' });
    assert.equal(bad.status, 400);
    assert.equal(bad.header('cache-control'), 'no-store');
    assert.equal(typeof bad.json().error.code, 'string');
    for (const path of ['/other', '/negotiatex', '/api/api/negotiate', '/api/other']) {
      const none = await request(port, { path });
      assert.deepEqual([none.status, none.text], [404, ''], `${path} is the host's to refuse`);
    }
  });

  test('a NUL in a header, or in front of a line, goes no further than the host', async () => {
    const event = withCode(sendToRoom(newPeer('w', newRoom()), '1'));
    const count = (pattern) => stack.handler.lines.filter((line) => pattern.test(line)).length;
    const [handed, last] = [/ method=POST path=\/eventhandler /, / path=\/register /];
    const before = [handed, last].map(count);
    const user = 'ce-userId: w.';
    for (const [from, to] of [[user, `${user}\0`], ['\r\nce-hub:', '\0\nce-hub:'], ['ce-hub:', 'ce-h\0ub:'], ['ce-hub:', '\0ce-hub:'],
      ['POST', '\0POST'], [' HTTP/1.1', '\0 HTTP/1.1']]) {
      const bytes = formatRequest(event).toString('latin1').replace(from, to);
      assert.ok(bytes.includes('\0'));
      const socket = net.connect({ port, host: '127.0.0.1' });
      socket.write(Buffer.from(bytes, 'latin1'));
      const [answer] = await within(5000, once(socket, 'data'), 'an answer');
      assert.match(String(answer), /^HTTP\/1\.1 400 /);
      socket.destroy();
    }
    assert.equal((await request(port, { path: '/register?room_id=bad' })).status, 400);
    await eventually(5000, () => count(last) > before[1], 'the line of the last request');
    assert.equal(count(handed), before[0]);
  });

  test('it is the host that lets the page read answers, not the handler', async () => {
    const headers = { Origin: PAGE };
    const answer = await request(port, { path: '/negotiate', headers });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.headers.get('access-control-allow-origin'), [PAGE]);
    const direct = await request(stack.handler.port, { path: '/negotiate', headers });
    assert.equal(direct.header('access-control-allow-origin'), undefined);
  });

  test('the validation of the webhook passes the host, which does not take it for CORS', async () => {
    const answer = await request(port, {
      method: 'OPTIONS',
      path: `/eventhandler?code=${FUNCTION_CODE}`,
      headers: { 'WebHook-Request-Origin': 'localhost', 'ce-awpsversion': '1.0' },
    });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.header('webhook-allowed-origin'), 'localhost');
  });

  test('events are taken below /api/ too, in any case', async () => {
    const peer = newPeer('v', newRoom());
    for (const path of ['/api/eventhandler', '/API/EventHandler', '/eventhandler']) {
      const event = { ...systemEvent(peer, 'connect', connectBody(peer)), path };
      assert.equal((await request(port, withCode(event))).status, 200, path);
    }
  });

  test('events pass the host with their signature, their acks come back', async () => {
    const peer = newPeer('v', newRoom());
    const connect = systemEvent(peer, 'connect', connectBody(peer));
    assert.equal((await request(port, withCode(connect))).status, 200);
    const join = await request(port, withCode(joinRoom(peer, peer.room, { ack: 7 })));
    assert.equal(join.status, 200, join.text);
    assert.deepEqual(readAck(join), { id: '7', value: { success: true } });
    assert.equal((await request(port, withCode(joinRoom(peer)))).status, 204);
  });

  test('an event with a wrong signature or a malformed one stays refused', async () => {
    const peer = newPeer('v', newRoom());
    const forged = joinRoom(peer, peer.room, { changes: { 'ce-signature': sign('other') } });
    assert.equal((await request(port, withCode(forged))).status, 401);
    const nameless = joinRoom(peer, peer.room, { changes: { 'ce-socketId': null } });
    assert.equal((await request(port, withCode(nameless))).status, 400);
  });

  test('an event is as large as it is, however much the host makes of it', async () => {
    const peer = newPeer('w', newRoom());
    const send = (text) =>
      request(port, withCode(sendToRoom(peer, JSON.stringify(text), { ack: 1 })));
    for (const text of ['"'.repeat(450_000), 'x'.repeat(1_000_000)]) {
      const answer = await send(text);
      assert.deepEqual(readAck(answer).value, { success: true });
    }
    for (const text of ['x'.repeat(1024 * 1024), '"'.repeat(600_000), 'x'.repeat(3_000_000)]) {
      const answer = await send(text);
      assert.equal(answer.status, 413);
      assert.equal(answer.json().error.code, 'TooLarge');
    }
  });

  test('the handler logs the invocation by the host\'s id, whatever id the caller brings', async () => {
    const answer = await request(port, {
      path: '/register?room_id=brought', headers: { 'X-Azure-Functions-InvocationId': 'brought-along' },
    });
    assert.equal(answer.status, 400);
    const own = () => stack.handler.lines.filter((line) => / path=\/register /.test(line)).at(-1);
    await eventually(5000, () => / invocation=[0-9a-f-]{36}( |$)/.test(own() ?? ''), 'the host\'s id');
    assert.ok(!stack.handler.lines.some((line) => line.includes('brought-along')));
  });

  test('a GET does no work that could not be done 40 times', async () => {
    const calls = () => stack.serviceLines.filter((line) => line.startsWith('rest ')).length;
    const before = calls();
    const { room_id: room } = await negotiate(stack.api);
    for (let i = 0; i < 20; i++) {
      assert.equal((await request(port, { path: '/negotiate' })).status, 200);
      assert.equal((await request(port, { path: `/register?room_id=${room}` })).status, 200);
    }
    assert.equal(calls(), before, 'the service was asked for something');
  });

  for (const [name, transports] of Object.entries(TRANSPORTS)) {
    test(`over ${name}: a writer and a viewer work through the host`, async () => {
      const crowd = new Crowd(stack.api, transports);
      try {
        const { writer, viewers: [viewer], room } = await crowd.room(1);
        await viewer.ask('sendToRoom', { room_id: room, data: { data: 'sync' } });
        const { from } = await writer.message('editorMessage');
        const full = { type: 'full', content: 'ä😀', version: 1 };
        await writer.ask('sendToRoom', { room_id: room, data: full, to: from });
        assert.deepEqual((await viewer.message('editorMessage')).data, full);
      } finally {
        crowd.close();
      }
    });
  }

  test('the function key is in no log line of the handler', async () => {
    const hasEvents = () => stack.handler.lines.some((line) => /eventhandler/.test(line));
    await eventually(3000, hasEvents, 'log lines of events');
    const secrets = [FUNCTION_CODE, 'access_token', 'Bearer', 'AccessKey='];
    for (const [lines, unwanted] of [
      [stack.handler.lines, [...secrets, '?']], [stack.hostLines, secrets],
    ]) {
      for (const text of unwanted) {
        assert.ok(!lines.join('\n').includes(text), `the log has ${text}`);
      }
    }
  });
}

test('local.settings.sample.json works as it is', async () => {
  const { startFunctionsHost } = await import('../../emulator/functions-host/host.js');
  const app = await copyApp();
  await copyFile(path.join(ROOT, 'local.settings.sample.json'), path.join(app.root, 'local.settings.json'));
  const host = await startFunctionsHost({
    appRoot: app.root, port: 0, executable: BINARY,
  });
  try {
    const headers = { Origin: 'http://localhost:3000' };
    const answer = await request(host.port, { path: '/negotiate', headers });
    assert.equal(answer.json().endpoint, 'http://localhost:8080', answer.text);
    assert.equal(answer.json().path, '/clients/socketio/hubs/codestream');
    assert.equal(answer.header('access-control-allow-origin'), headers.Origin);
    // The stand-in's own key is the tests' as well.
    assert.ok(verifyToken(answer.json().token, ACCESS_KEY));
  } finally {
    await host.close();
    await app.remove();
  }
});

const MISSING = /enableForwardingHttpRequest and enableProxyingHttpRequest .*host\.json/;

test('a caller behind a host that does not forward is told which flag of host.json is missing', async () => {
  const stack = await startStack({ host: true, mode: 'payload' });
  try {
    const event = withCode(joinRoom(newPeer('w', newRoom()), undefined, { ack: 1 }));
    const validation = { ...event, method: 'OPTIONS', headers: [['WebHook-Request-Origin', 'localhost']], body: '' };
    const large = withCode(sendToRoom(newPeer('w', newRoom()), `"${'x'.repeat(1_200_000)}"`));
    for (const form of [{ path: '/negotiate' }, { path: '/register?room_id=bad' },
      { method: 'POST', path: '/negotiate', body: '{}' }, event, validation, large]) {
      const answer = await request(stack.host.port, form);
      assert.equal(answer.status, 500, form.path);
      assert.equal(answer.json().error.code, 'NotForwarded', form.path);
      assert.match(answer.json().error.message, MISSING);
    }
    const lines = stack.handler.lines.filter((line) => / code=NotForwarded /.test(line));
    assert.match(lines[0], / level=warn|^level=warn/);
    assert.match(lines[0], MISSING);
    assert.ok(stack.hostLines.some((line) => MISSING.test(line)), 'the host logs it as well');
  } finally {
    await stack.close();
  }
});

test('JSON with less in it than a host wraps is an ordinary body', async () => {
  const handler = await startHandler({ service: connectionString('https://example.webpubsub.azure.com') });
  try {
    const post = (body) => request(handler.port, {
      method: 'POST', path: '/negotiate', headers: { 'Content-Type': 'application/json' }, body,
    });
    assert.equal((await post('{"Data":{},"Metadata":{}}')).json().Outputs.res.statusCode, 500);
    for (const body of ['{"Data":{}}', '{"Metadata":{}}', '[{"Data":{},"Metadata":{}}]']) {
      assert.equal((await post(body)).json().error.code, 'BadRequest', body);
    }
  } finally {
    await handler.stop();
  }
});
