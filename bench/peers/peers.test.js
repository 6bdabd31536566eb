// The peers do what the handler does: the same answer to negotiate, and of an event the same
// request to the service.  Without that the comparison would be worth nothing.  The package is held
// to it as well: what is deployed is what is measured.
import assert from 'node:assert/strict';
import { group, newPeer, newRoom, readAck, sendToRoom } from '../../tests/lib/events.js';
import { request } from '../../tests/lib/http.js';
import { startRestRecorder, verifyToken } from '../../tests/lib/rest-recorder.js';
import { Inbox } from '../../tests/lib/deadline.js';
import { test } from '../../tests/lib/test.js';
import { startListening } from '../processes.mjs';
import { SERVERS, whyMissing } from './servers.mjs';

const SETTING = 'WebPubSubForSocketIOConnectionString';
const PEERS = SERVERS.filter(({ id }) => /^(express|node|go|fasthttp|hyper|package)/.test(id));
const DATA = '{"type":"delta","version":7,"changes":[{"text":"ä \\"quoted\\""}]}';

/** Peers that are fast enough for it to matter whether they log, and the handler. */
const LOGGING = /^(go|fasthttp|hyper|package)/;

async function withPeer({ command, args, name }, use) {
  const recorder = await startRestRecorder();
  const ports = { PORT: '0', FUNCTIONS_CUSTOMHANDLER_PORT: '0' };
  const env = { [SETTING]: recorder.connectionString, ...ports };
  const lines = new Inbox('a line of the log');
  const onLine = (line) => lines.push(line);
  const peer = await startListening({ name, command, args, env, onLine });
  peer.lines = lines;
  try {
    await use(peer, recorder);
  } finally {
    await peer.stop();
    await recorder.close();
  }
}

for (const about of PEERS) {
  const skip = whyMissing(about) ?? false;

  test(`${about.name}: negotiate answers as the handler does`, { skip }, async () => {
    await withPeer(about, async (peer, { endpoint }) => {
      const answer = await request(peer.port, { path: '/negotiate' });
      const { token, url, room_id: room, writer_key: key, ...rest } = answer.json();
      assert.equal(answer.header('cache-control'), 'no-store');
      assert.deepEqual(rest, {
        endpoint, path: '/clients/socketio/hubs/codestream', role: 'writer', expires_in: 3600,
      });
      assert.equal(url, `${endpoint}/?access_token=${token}`);
      assert.match(room, /^[A-Za-z0-9_-]{22}$/);
      assert.match(key, /^[A-Za-z0-9_-]{43}$/);
      const { aud, sub, exp, iat } = verifyToken(token);
      assert.deepEqual([aud, sub, exp - iat], [endpoint + rest.path, `w.${room}`, 3600]);
    });
  });

  test(`${about.name}: an event reaches the service before it is answered`, { skip }, async () => {
    await withPeer(about, async (peer, recorder) => {
      const writer = newPeer('w', newRoom());
      const answer = await request(peer.port, sendToRoom(writer, DATA, { ack: '13' }));
      assert.equal(answer.status, 200, answer.text);
      assert.deepEqual(readAck(answer), { id: '13', value: { success: true } });
      assert.deepEqual(recorder.faults, []);
      const [sent] = recorder.requests;
      assert.equal(sent.path, `/api/hubs/codestream/groups/${group(writer.room)}/:send`);
      const own = `not ('${group(writer.socketId)}' in groups)`;
      const isExcluded = sent.query.get('excluded') === writer.connectionId;
      assert.ok(sent.filter === own || isExcluded, sent.url);
      const message = { type: 'editorMessage', data: JSON.parse(DATA) };
      assert.deepEqual(JSON.parse(sent.text.replace(/^42/, '')), ['message', message]);
    });
  });

  test(`${about.name}: an event that is not signed is refused`, { skip }, async () => {
    await withPeer(about, async (peer, recorder) => {
      const changes = { 'ce-signature': `sha256=${'0'.repeat(64)}` };
      const event = sendToRoom(newPeer('w', newRoom()), DATA, { changes });
      assert.equal((await request(peer.port, event)).status, 401);
      assert.equal(recorder.requests.length, 0);
    });
  });

  test(`${about.name}: what is no JSON is not passed on`, { skip }, async () => {
    await withPeer(about, async (peer, recorder) => {
      for (const data of ['{"a":01}', '[1,]', '{"a":"\\x"}']) {
        const answer = await request(peer.port, sendToRoom(newPeer('w', newRoom()), data, { ack: '13' }));
        assert.ok(answer.status >= 400, `${data}: ${answer.status}`);
      }
      assert.equal(recorder.requests.length, 0);
    });
  });

  const silent = LOGGING.test(about.id) ? skip : 'it logs nothing';
  test(`${about.name}: every request has a line in the log`, { skip: silent }, async () => {
    await withPeer(about, async (peer) => {
      await request(peer.port, { path: '/negotiate' });
      await peer.lines.next((line) => /\/negotiate .*\bstatus=200/.test(line));
      await request(peer.port, sendToRoom(newPeer('w', newRoom()), DATA, { ack: '13' }));
      await peer.lines.next((line) => /\/eventhandler .*\bstatus=200/.test(line));
    });
  });
}
