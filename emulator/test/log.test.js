// The log: a line, and an object, for each exchange, bounded and without secrets; how commands print it.

import assert from 'node:assert/strict';

import { logTo } from '../commands/printing.js';
import { groupOf } from '../webpubsub/groups.js';
import { makeLog } from '../webpubsub/log.js';
import { startWebPubSub } from '../webpubsub/service.js';
import { RawSocket, clientToken, clientUrl, rest, startHandler, until } from './testing.js';
import { test } from './test.js';

const HUB = 'chat';

test('client, handler and REST each leave an object with socket, room, event, status and time', async (t) => {
  const handler = await startHandler();
  const entries = [];
  const service = await startWebPubSub({
    hubs: { [HUB]: { eventHandlers: [handler.settings] } },
    logEntry: (entry) => entries.push(entry),
  });
  const url = clientUrl(service, HUB, { transport: 'websocket', access_token: clientToken(service, HUB) }, 'ws');
  const client = new RawSocket(url);
  t.after(async () => {
    client.socket.terminate();
    await service.close();
    await handler.close();
  });
  const { sid: connection } = JSON.parse((await client.next()).slice(1));
  client.send('40/a,');
  const [, socket] = /"sid":"([^"]+)"/.exec(await client.packet());
  client.send('42/a,["say","x"]');
  await handler.event('say');
  await rest(service, 'PUT', `/api/hubs/${HUB}/groups/${groupOf('/a', 'lobby')}/connections/${connection}`);
  await rest(service, 'POST', `/api/hubs/${HUB}/groups/${groupOf('/a', 'lobby')}/:send`, { body: '42/a,["said"]' });
  assert.equal(await client.packet(), '42/a,["said"]');
  const find = (wanted) => entries.find((entry) =>
    Object.entries(wanted).every(([name, value]) => entry[name] === value));
  const at = { connection, socket, namespace: '/a' };
  await until(() => find({ kind: 'upstream', event: 'say' }), 'the response');
  assert.ok(find({ kind: 'client', direction: 'in', event: 'say', ...at }));
  assert.ok(find({ kind: 'client', direction: 'out', event: 'said', ...at }));
  const { ms, time } = find({ kind: 'upstream', event: 'say', status: 200, ...at });
  assert.ok(Number.isInteger(ms) && new Date(time).toISOString() === time);
  const sent = find({ kind: 'rest', event: 'said', room: 'lobby', namespace: '/a', status: 202, method: 'POST' });
  assert.match(sent.text, /-> 202 to 1 room 'lobby' of \/a event 'said' \d+ ms$/);
});

test('lines are bounded, and tokens, keys and signatures shortened', () => {
  const lines = [];
  const logEntry = (entry) => lines.push(JSON.stringify(entry));
  const log = makeLog({ log: (line) => lines.push(line), logEntry, clock: Date.now });
  const secret = 'S'.repeat(40);
  log.warn(`Bearer ${secret}`, `AccessKey=${secret};`, `sha256=${'a'.repeat(64)}`, `?sig=${secret}`,
    `eyJhbGciOi.${secret}.${secret}`);
  log.warn('x'.repeat(70_000), { event: 'y'.repeat(70_000) });
  log.refused(['z'.repeat(5000), 'z'.repeat(5000)], 'w'.repeat(5000), { rule: 'path' });
  log.client('id', '<-', 'p'.repeat(70_000));
  log.rest('a\nb\u2028c');
  for (const line of lines) {
    assert.doesNotMatch(line, /S{20}|a{20}|[\n\u2028]/);
    assert.ok(line.length < 6000, `${line.length}`);
  }
  assert.equal(lines.length, 10);
});

test('at the level of warnings nothing else is made', () => {
  const kinds = [];
  const logEntry = ({ kind }) => kinds.push(kind);
  const log = makeLog({ logEntry, logLevel: 'warnings', clock: Date.now });
  log.client('id', '<-', '2["x"]');
  log.life('id', 'ended');
  log.upstream({ event: 'x', status: 200, ms: 1 });
  log.rest('GET');
  log.warn('a');
  log.note('b');
  log.refused(['c'], 'd', { rule: 'path' });
  assert.deepEqual(kinds, ['warn', 'note', 'warn']);
});

/** What is printed of two entries. */
function printed(wanted, stream = {}, env = {}) {
  const lines = [];
  const { logEntry, logLevel } = logTo(wanted, { write: (line) => lines.push(line), ...stream }, env);
  if (logLevel === 'all') logEntry({ time: '2026-01-02T03:04:05.678Z', kind: 'rest', text: 'a', status: 200 });
  logEntry({ time: '2026-01-02T03:04:05.678Z', kind: 'warn', text: 'b' });
  return lines;
}

test('commands print warnings, with --log all with the time of day, with --log-json objects', () => {
  assert.deepEqual(printed({}), ['warn     b\n']);
  assert.deepEqual(printed({ log: true }), ['03:04:05.678 rest     a\n', '03:04:05.678 warn     b\n']);
  const [first, second] = printed({ logJson: true });
  assert.deepEqual(JSON.parse(first),
    { time: '2026-01-02T03:04:05.678Z', kind: 'rest', text: 'a', status: 200 });
  assert.equal(JSON.parse(second).kind, 'warn');
});

test('colours are for terminals, unless NO_COLOR', () => {
  assert.deepEqual(printed({}, { isTTY: true }), ['\x1b[33mwarn    \x1b[0m b\n']);
  assert.deepEqual(printed({}, { isTTY: true }, { NO_COLOR: '1' }), ['warn     b\n']);
});
