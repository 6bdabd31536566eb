// Ten thousand requests that mean harm, of every kind that SECURITY.md knows: none has an effect
// in a room, none ends the process, each is one log line, and no line holds a secret.
//
// HOSTILE_SEED=… repeats a run.
import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import net from 'node:net';
import { test, before, after } from '../lib/test.js';
import { eventually, within } from '../lib/deadline.js';
import {
  connectBody, controlRoom, group, joinRoom, newPeer, newRoom, rawUserEvent, readAck, sendToRoom,
  sign, systemEvent, userEvent,
} from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { Connection, formatRequest, request } from '../lib/http.js';
import { newParty, startRecorded } from '../lib/recorded.js';

const REQUESTS = 10_000;
const CONNECTIONS = 8;
const RUN_MS = 60_000;
const SEED = Number(process.env.HOSTILE_SEED ?? randomInt(2 ** 31));

/** A signature, or the beginning of any token: of {"alg": or {"typ":, which no chance spells. */
const SIGNED = /[0-9a-f]{64}|eyJ(hbGciOi|0eXAiOi)/;

/** In every payload, every key and every query: no log line may contain it. */
const PRIVATE = 'do-not-log-this';

// ---- random numbers ----

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const random = randomFrom(SEED);
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const letters = (n) => Array.from({ length: n }, () => pick(ALPHABET)).join('');
const bytes = (n) => Buffer.from(Array.from({ length: n }, () => below(256)));

/** The text with one character changed, missing or doubled. */
function damaged(text) {
  const at = below(text.length);
  const other = text[at] === 'x' ? 'y' : 'x';
  const middle = pick([other, '', text[at] + text[at]]);
  return text.slice(0, at) + middle + text.slice(at + 1);
}

// ---- what must come of it ----

const status = (...expected) => (answer) => {
  assert.ok(expected.includes(answer.status), `${answer.status} ${answer.text.slice(0, 300)}`);
};

const refused = (answer) => {
  assert.equal(answer.status, 200, answer.text);
  assert.equal(readAck(answer).value.success, false, answer.text);
};

/** The answer inside the answer to a request that a host has wrapped. */
const refusedInside = (answer) => {
  if (answer.status !== 200) status(400)(answer);
  else assert.equal(answer.json().Outputs.res.statusCode, 500, answer.text);
};

const ignored = status(200);

// ---- who does what ----

const party = newParty();
/** A room of somebody else, its writer's key, and a signature that was seen on its way. */
const victim = { room: newRoom(), key: null, peer: newPeer('w', newRoom()) };

const viewer = () => newPeer('v', party.room);
const json = (value) => ({
  headers: { 'Content-Type': 'application/json' },
  body: typeof value === 'string' ? value : JSON.stringify(value),
});
const negotiate = (value, path = '/negotiate') => ({ method: 'POST', path, ...json(value) });
const room = () => encodeURIComponent(oddRoom());

function oddRoom() {
  return pick(['', letters(21), letters(23), `${letters(21)}.`, `${letters(21)}é`, letters(5000),
    controlRoom(newRoom()), `w.${newRoom()}`, `../${letters(19)}`, `${letters(10)}\0${letters(11)}`,
    `${letters(10)}' or '${letters(6)}`, `<script>${letters(14)}`, `${newRoom()}\r\nx: y`]);
}

/** Knows the address, and no link. */
const stranger = [
  [() => negotiate({ room_id: victim.room, writer_key: letters(43) }), status(403)],
  [() => negotiate({ room_id: newRoom(), writer_key: victim.key }), status(403)],
  [() => negotiate({ room_id: victim.room, writer_key: damaged(victim.key) }), status(403)],
  [() => negotiate({ room_id: victim.room, writer_key: pick(['', PRIVATE, ACCESS_KEY]) }),
    status(403)],
  [() => negotiate({ room_id: oddRoom(), writer_key: victim.key }), status(400)],
  [() => negotiate(pick(['{', '[]', 'null', '"x"', `{"room_id":"${PRIVATE}"`, '{"room_id":1}',
    `{"room_id":"${victim.room}","room_id":"${party.room}","writer_key":"${PRIVATE}"}`,
    `{"room_id":{"room_id":"${PRIVATE}"},"writer_key":[]}`])), status(400)],
  [() => negotiate(bytes(1 + below(200))), status(400)],
  [() => negotiate(' '.repeat(17 * 1024)), status(413)],
  [() => ({ path: `/negotiate?room_id=${room()}` }), status(400)],
  [() => ({ path: `/register?room_id=${room()}` }), status(400)],
  [() => ({ path: '/register' }), status(400)],
  [() => ({ path: `/negotiate?protocol=${PRIVATE}&room_id=${victim.room}` }), status(400)],
];

const signed = (peer, value) => joinRoom(peer, peer.room, {
  ack: 1, changes: { 'ce-signature': value },
});

function forgedSignature(peer) {
  const right = sign(peer.connectionId).slice('sha256='.length);
  return pick([null, '', 'sha256=', right, `sha1=${right}`, `sha256=${right.slice(1)}`,
    `sha256=${damaged(right)}`, `sha256=${right}0`, `sha512=${right}`, `sha256=${'0'.repeat(64)}`,
    sign(peer.connectionId, letters(44)), sign(peer.socketId), sign(peer.user), sign(''),
    Array.from({ length: 20 }, () => sign(letters(32))).join(','), bytes(64).toString('latin1')
      .replace(/[\0-\x1f\x7f]/g, 'x')]);
}

/** Reaches the event handler, perhaps with its function key, but has no access key. */
const forger = [
  [() => {
    const peer = newPeer(pick(['w', 'v']), victim.room);
    return signed(peer, forgedSignature(peer));
  }, status(401)],
  [() => {
    const peer = newPeer('w', victim.room);
    const event = sendToRoom(peer, `"${PRIVATE}"`, {
      changes: { 'ce-signature': forgedSignature(peer) },
    });
    return { ...event, path: `/eventhandler?code=${PRIVATE}` };
  }, status(401)],
  [() => {
    const peer = newPeer('w', victim.room);
    const changes = { 'ce-signature': forgedSignature(peer) };
    return systemEvent(peer, pick(['connect', 'connected', 'disconnected']), connectBody(peer),
      changes);
  }, status(401)],
];

/** Has seen a signature, which is for one connection. */
const eavesdropper = [
  [() => signed(newPeer('w', victim.room), sign(victim.peer.connectionId)), status(401)],
  [() => {
    const peer = newPeer('w', victim.room);
    peer.connectionId = damaged(victim.peer.connectionId);
    return signed(peer, sign(victim.peer.connectionId));
  }, status(401)],
  [() => joinRoom({ ...victim.peer, hub: pick(['other', 'codestream2', 'codestrea', '*']) }),
    status(404)],
  [() => {
    const name = pick(['ce-connectionId', 'ce-userId', 'ce-hub', 'ce-type',
      'ce-eventName', 'ce-namespace', 'ce-socketId']);
    const event = joinRoom(victim.peer, victim.room, { ack: 1 });
    const [, value] = event.headers.find(([other]) => other === name);
    event.headers.push([name.toUpperCase(), pick([value, letters(20), `w.${victim.room}`])]);
    return event;
  }, status(400)],
  [() => {
    const name = pick(['ce-connectionId', 'ce-hub', 'ce-type', 'ce-namespace', 'ce-socketId']);
    return joinRoom(victim.peer, victim.room, { ack: 1, changes: { [name]: pick([null, '']) } });
  }, status(400)],
  [() => joinRoom(victim.peer, victim.room, { ack: 1, changes: { 'ce-eventName': null } }),
    status(400)],
  [() => joinRoom(victim.peer, victim.room, {
    ack: 1, changes: { 'ce-eventName': pick(['', 'sendToRoom', letters(9)]) },
  }), refused],
];

function oddUser() {
  const id = newRoom();
  return pick([null, id, `x.${id}`, `W.${id}`, `w${id}`, 'w.', `w.${id}x`, `v.${controlRoom(id)}`,
    `w.${id.slice(1)}`, letters(1000), `${letters(3)} ${letters(3)}`, `w.${id},v.${id}`]);
}

function oddArgument(id) {
  return pick(['null', '7', '[]', '"x"', '{}', '{"room_id":null}', '{"room_id":7}',
    `{"room_id":"${id}","room_id":"${party.room}"}`, `{"room_id":["${id}"]}`,
    `{"Room_id":"${party.room}"}`, `{"room_id":"${id}","data":"${PRIVATE}"}`]);
}

const tampered = (peer) => `421["joinRoom",{"room_id":"${peer.room}","x":"${PRIVATE}"}]`;

/** Holds a link and a token, and whatever it sends the service signs. */
const rogueViewer = [
  [() => joinRoom(viewer(), pick([newRoom(), victim.room, oddRoom()]), { ack: 1 }), refused],
  [() => sendToRoom(viewer(), `"${PRIVATE}"`, {
    roomId: pick([newRoom(), victim.room, controlRoom(victim.room), oddRoom()]), ack: 1,
  }), refused],
  [() => sendToRoom(viewer(), `"${PRIVATE}"`, {
    to: pick([victim.peer.socketId, party.writer.socketId, party.room, 7, null, {}, '']), ack: 1,
  }), refused],
  [() => userEvent(viewer(), pick(['joinRoom', 'sendToRoom']), oddArgument(newRoom()), { ack: 1 }),
    refused],
  [() => userEvent(viewer(), pick(['message', 'login', 'presence', 'connect', 'disconnect',
    '__proto__', 'constructor', 'JoinRoom', letters(500)]), { data: PRIVATE }, { ack: 1 }), refused],
  [() => {
    const changes = { 'ce-userId': oddUser() };
    return pick([joinRoom(viewer(), party.room, { ack: 1, changes }),
      sendToRoom(viewer(), '1', { ack: 1, changes })]);
  }, refused],
  [() => {
    const peer = newPeer('v', party.room, { user: oddUser() });
    return systemEvent(peer, 'connect', connectBody(viewer()));
  }, status(401, 403)],
  [() => systemEvent(newPeer('v', party.room, { namespace: `/${letters(1 + below(9))}` }),
    'connect'), status(403)],
  [() => systemEvent(viewer(), pick(['connected', 'disconnected']), {},
    { 'ce-userId': oddUser() }), ignored],
  [() => systemEvent(viewer(), pick(['joinRoom', 'sendToRoom', letters(9)]), {}), ignored],
  [() => rawUserEvent(viewer(), 'joinRoom', bytes(1 + below(300))), status(400)],
  [() => {
    const peer = viewer();
    const text = tampered(peer);
    return rawUserEvent(peer, 'joinRoom', text.slice(0, 1 + below(text.length - 1)));
  }, status(400)],
  [() => {
    const peer = viewer();
    return rawUserEvent(peer, pick(['sendToRoom', 'joinroom', 'joinRoom%20', '%6Aoin']),
      tampered(peer));
  }, refused],
  [() => {
    const body = Buffer.from(tampered(party.viewer));
    body[40 + below(body.length - 45)] = 0x80 + below(0x80);
    return rawUserEvent(party.viewer, 'joinRoom', body);
  }, status(400)],
  [() => sendToRoom(viewer(), pick(['[', '{"a":']).repeat(1000 + below(3000)), { ack: 1 }),
    refused],
  [() => rawUserEvent(viewer(), 'sendToRoom',
    `451-7["sendToRoom",{"room_id":"${party.room}","data":{"_placeholder":true,"num":0}}]`),
  refused],
  [() => joinRoom(viewer(), party.room, { changes: { 'Content-Type': 'application/json' } }),
    status(400)],
];

/** What a host sends that is not told to forward. */
const wrapped = (path, inner) => ({ path, inner });

function wrap({ path, inner }, number) {
  const headers = [...(inner.headers ?? []), number].map(([name, value]) => [name, [value]]);
  const req = {
    Url: `https://127.0.0.1${inner.path}`,
    Method: inner.method,
    Query: {},
    Headers: Object.fromEntries(headers),
    Body: inner.body,
  };
  return negotiate({ Data: { req }, Metadata: {} }, path);
}

/** Reaches the port, as another program on the machine might. */
const neighbour = [
  [() => ({ path: `/${letters(1 + below(40))}?code=${PRIVATE}` }), status(404)],
  [() => ({ path: pick(['/../etc/passwd', '//eventhandler', '/eventhandler/x', '/admin/host/status',
    '/api', '/api/api/negotiate', '/.env', '/negotiate;x', '/%2e%2e/']) }),
  status(404, 405)],
  [() => ({ path: pick(['/eventhandler%00x', '/api%2Fnegotiate', '/negotiate#x']) }), status(400)],
  [() => ({
    method: pick(['PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND', letters(8).replace(/\W/g, 'X')]),
    path: pick(['/negotiate', '/register', '/eventhandler', '/']),
  }), status(404, 405)],
  [() => ({ path: '/eventhandler' }), status(405)],
  [() => ({
    method: 'OPTIONS',
    path: '/eventhandler',
    headers: { 'WebHook-Request-Origin': pick(['', 'evil.example', 'localhost.evil.example',
      'evil.example, other.example', 'xlocalhost', '*', letters(3000)]) },
  }), status(400)],
  [() => wrapped('/negotiate', sendToRoom(newPeer('w', victim.room), `"${PRIVATE}"`)),
    refusedInside],
  [() => wrapped('/eventhandler', { method: 'GET', path: '/negotiate' }), refusedInside],
  [() => wrapped('/eventhandler', signed(newPeer('w', victim.room), sign(letters(32)))),
    refusedInside],
  [() => negotiate(`{"Data":${pick(['1', '{}', '{"req":[]}', '{"req":{"Url":7}}',
    `{"req":{"Url":"x","Method":"GET","Headers":{"a":[${'"b",'.repeat(300)}"b"]}}}`])},`
    + '"Metadata":{}}', pick(['/negotiate', '/eventhandler'])), refusedInside],
];

const huge = () => {
  const peer = newPeer('w', party.room);
  return sendToRoom(peer, `"${'x'.repeat(1024 * 1024)}"`, { ack: 1 });
};

/**
 * Bytes that libmicrohttpd refuses by itself, or cuts off: most never become a request and are no
 * line then; those that do are one.
 */
const MALFORMED = [
  (head) => `GET /negotiate\r\n${head}\r\n`,
  (head) => `GET /negotiate HTTP/9.9\r\n${head}\r\n`,
  (head) => `GET /negotiate HTTP/1.1\r\n${head}nonsense\r\n\r\n`,
  (head) => `POST /eventhandler HTTP/1.1\r\n${head}Content-Length: -1\r\n\r\n`,
  (head) => `POST /eventhandler HTTP/1.1\r\n${head}Content-Length: ${'9'.repeat(30)}\r\n\r\n`,
  (head) => `POST /eventhandler HTTP/1.1\r\n${head}Transfer-Encoding: chunked\r\n\r\nzz\r\n`,
  (head) => `GET /negotiate HTTP/1.1\r\n${head}X-Long: ${'x'.repeat(65_536)}\r\n\r\n`,
  (head) => `GET /negotiate HTTP/1.1\r\n${head}${'a: b\r\n'.repeat(9000)}\r\n`,
  (head) => `POST /negotiate HTTP/1.1\r\n${head}Connection: close\r\nContent-Length: 4\r\n`
    + `Content-Length: 40\r\n\r\nnullGET /eventhandler HTTP/1.1\r\n${head}\r\n`,
];

/** May be the beginning of anything: whoever sends it goes away again. */
const NOISE = [
  () => Buffer.concat([bytes(1 + below(300)), Buffer.from('\r\n\r\n')]),
  () => Buffer.from('16030100a5010000a103030d0a0d0a', 'hex'),
];

// ---- sending ----

let app;
before(async () => {
  process.stdout.write(`HOSTILE_SEED=${SEED}\n`);
  app = await startRecorded();
  const first = (await request(app.handler.port, { path: '/negotiate' })).json();
  victim.room = first.room_id;
  victim.key = first.writer_key;
  victim.peer = newPeer('w', victim.room);
});
after(() => app?.close());

let sent = 0;

/** Its log line tells which request it was. */
function numbered(asked) {
  sent += 1;
  const id = `hostile-${sent}`;
  const number = ['X-Azure-Functions-InvocationId', id];
  const bare = asked.inner ? wrap(asked, number) : asked;
  const pairs = Array.isArray(bare.headers) ? bare.headers : Object.entries(bare.headers ?? {});
  return { id, asked: { ...bare, headers: [...pairs, number] } };
}

/** Sends so many, the kinds by turns, over several connections at once. Returns their numbers. */
async function sendAll(kinds, count) {
  const ids = [];
  const sendSome = async () => {
    let connection = await Connection.open(app.handler.port);
    while (ids.length < count) {
      const [make, check] = kinds[ids.length % kinds.length];
      const { id, asked } = numbered(make());
      ids.push(id);
      const answer = await connection.request(asked);
      try {
        check(answer);
      } catch (error) {
        error.message += `\nHOSTILE_SEED=${SEED}\n${formatRequest(asked).toString('latin1')
          .slice(0, 2000)}`;
        throw error;
      }
      if (answer.header('connection')?.toLowerCase() === 'close') {
        connection.close();
        connection = await Connection.open(app.handler.port);
      }
    }
    connection.close();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, sendSome));
  return ids;
}

const requestLines = () => app.handler.lines.filter((line) => line.includes(' event=request '));

/** How many lines there are for each number; lines without one are under ''. */
function countLines() {
  const counts = new Map();
  for (const line of requestLines()) {
    const id = / invocation=(\S+)/.exec(line)?.[1] ?? '';
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/** Only who asked to join is told something, and that is that it may not. */
function assertNoEffect() {
  for (const { path, text, method, query } of app.recorder.requests) {
    assert.equal(method, 'POST');
    assert.match(path, /^\/api\/hubs\/codestream\/groups\/[^/]+\/:send$/);
    assert.equal(query.get('filter'), null);
    assert.match(text, /^42\["message",\{"type":"ackJoinRoom","success":false,/);
    for (const name of [party.room, victim.room, controlRoom(party.room), controlRoom(victim.room)])
      assert.ok(!path.includes(group(name)), path);
  }
  assert.deepEqual(app.recorder.faults, []);
}

function assertNoSecrets() {
  for (const line of app.handler.lines) {
    assert.ok(!SIGNED.test(line), line);
    for (const secret of [PRIVATE, ACCESS_KEY, victim.key, victim.key.slice(0, 20)])
      assert.ok(!line.includes(secret), line);
  }
}

/** A well-meant event is answered as ever, by the process that was there before. */
async function assertServes() {
  app.recorder.forget();
  await app.reconnect();
  await app.joined(joinRoom(viewer(), party.room, { ack: 1 }));
  assert.ok(app.handler.alive);
  app.recorder.forget();
}

async function holds(kinds, count) {
  app.recorder.forget();
  const ids = await sendAll(kinds, count);
  const missing = () => {
    const lines = countLines();
    return ids.some((id) => !lines.has(id));
  };
  await eventually(10_000, () => !missing(), 'a log line of each');
  assertNoEffect();
  await assertServes();
  const counts = countLines();
  assert.deepEqual(ids.filter((id) => counts.get(id) !== 1), []);
  assertNoSecrets();
}

const ACTORS = [
  ['a stranger gets no room, no role and no key by guessing', stranger, 2000],
  ['who forges signatures is heard by nobody', forger, 1500],
  ['a captured signature opens no other connection', eavesdropper, 1500],
  ['a viewer that sends whatever it likes speaks in no room that is not its own', rogueViewer,
    2700],
  ['who reaches the port gets nothing done', neighbour, 1800],
];

for (const [sentence, kinds, count] of ACTORS) {
  test(`${sentence}: ${count} requests, a line for each`, { timeout: RUN_MS }, async () => {
    await holds(kinds, count);
  });
}

test('events beyond all measure are refused one by one', { timeout: RUN_MS }, async () => {
  await holds([[huge, status(413)]], 20);
});

test('bytes that are no request harm nobody and are at most one line',
  { timeout: RUN_MS }, async () => {
    const rest = REQUESTS - sent;
    assert.ok(rest >= 400, `${rest} left of ${REQUESTS}`);
    const already = requestLines().length;
    app.recorder.forget();
    for (let i = 0; i < rest; i += CONNECTIONS)
      await Promise.all(Array.from({ length: Math.min(CONNECTIONS, rest - i) }, sendMalformed));
    assertNoEffect();
    await assertServes();
    assert.ok(requestLines().length <= already + rest + 1);
    for (const [id, lines] of countLines()) assert.ok(id === '' || lines === 1, id);
    assertNoSecrets();
    assert.equal(sent, REQUESTS);
  });

/** On a connection of its own, which the handler ends; or the sender, if it is mere noise. */
async function sendMalformed() {
  const { id } = numbered({});
  const socket = net.connect(app.handler.port, '127.0.0.1');
  const answer = [];
  socket.on('data', (piece) => answer.push(piece));
  socket.on('error', () => {}); // cut off while it still sends
  const closed = once(socket, 'close');
  if (random() < 0.2) {
    socket.write(pick(NOISE)(), () => socket.destroy());
  } else {
    socket.write(pick(MALFORMED)(`Host: x\r\nX-Azure-Functions-InvocationId: ${id}\r\n`));
  }
  await within(5000, closed, 'the end of a connection that makes no sense');
  if (answer.length > 0) assert.match(answer.join(''), /^HTTP\/1\.\d [45]\d\d /);
}
