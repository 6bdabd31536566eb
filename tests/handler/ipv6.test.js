// A service on this machine that is named by its IPv6 address: in the connection string, in tokens,
// in the Host header and in what it calls itself.
import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from '../lib/test.js';
import { joinRoom, sendToRoom, systemEvent } from '../lib/events.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const hasIpv6 = Object.values(os.networkInterfaces()).flat().some(({ address }) => address === '::1');
const skip = hasIpv6 ? false : 'this machine has no IPv6 loopback';

test('an endpoint may be http://[::1]: tokens, REST calls and events name it so', { skip }, async () => {
  const app = await startRecorded({ host: '[::1]' });
  try {
    const { endpoint, port } = app.recorder;
    const answer = (await app.send({ path: '/negotiate' })).json();
    assert.equal(answer.endpoint, endpoint);
    const [, claims] = answer.token.split('.');
    const { aud } = JSON.parse(Buffer.from(claims, 'base64url').toString());
    assert.equal(aud, `${endpoint}/clients/socketio/hubs/codestream`);

    const { writer } = newParty();
    assert.deepEqual(await app.ack(joinRoom(writer, writer.room, { ack: 1 })), { success: true });
    assert.deepEqual(await app.ack(sendToRoom(writer, '1', { ack: 2 })), { success: true });
    assert.deepEqual(app.recorder.faults, []);
    for (const { headers } of app.recorder.requests) {
      assert.equal(headers.host, `[::1]:${port}`);
    }
    assert.ok(app.recorder.requests.length > 0);

    for (const [origin, status] of [['[::1]', 200], [`[::1]:${port}`, 200], ['[::2]', 400],
      ['[', 400], ['::1', 400]]) {
      const { path } = systemEvent(writer, 'connected');
      const asked = await app.send({
        method: 'OPTIONS', path, headers: { 'WebHook-Request-Origin': origin },
      });
      assert.equal(asked.status, status, origin);
    }
  } finally {
    await app.close();
  }
});
