import test from 'node:test';
import assert from 'node:assert/strict';
import { Link } from '../src/link.js';

const ROOM = 'R'.repeat(22);

/** A transport that does what the test says; `opened` holds the arguments of each attempt. */
function fakeTransport() {
  const transport = { query: '', fields: [], opened: [] };
  transport.open = (...attempt) => {
    transport.opened.push(attempt);
    return { send() {}, close() {} };
  };
  return transport;
}

/**
 * Starts a link against a function app that gives these answers in turn.
 * @returns {Promise<{ urls: string[], bodies: any[], told: string, trouble: any, transport: any }>} as it is when
 *   the link has got its ticket, or has given it up
 */
async function negotiate(t, answer, options = {}) {
  const urls = [];
  const bodies = [];
  t.mock.method(globalThis, 'fetch', async (url, { method = 'GET', body } = {}) => {
    urls.push(url);
    bodies.push(body && `${method} ${body}`);
    return answer instanceof Response ? answer.clone() : Response.json(answer);
  });
  const transport = fakeTransport();
  return new Promise((resolve) => {
    const link = new Link({
      api: 'http://app',
      transport,
      ...options,
      listener: {
        ticket: () => end('ticket'),
        left: (trouble) => end('left', trouble),
      },
    });
    const end = (told, trouble) => {
      link.stop();
      resolve({ urls, bodies, told, trouble, transport });
    };
    link.start();
  });
}

const viewer = { room_id: ROOM, role: 'viewer' };
const writer = { room_id: ROOM, role: 'writer', writer_key: 'K' };

test('room and protocol are asked for, also by browsers whose parameters have no size', async (t) => {
  const { size } = Object.getOwnPropertyDescriptors(URLSearchParams.prototype);
  delete URLSearchParams.prototype.size;
  t.after(() => size && Object.defineProperty(URLSearchParams.prototype, 'size', size));
  const transport = { ...fakeTransport(), query: 'protocol=p' };
  assert.deepEqual((await negotiate(t, viewer, { room: ROOM })).urls, [
    `http://app/negotiate?room_id=${ROOM}`,
  ]);
  assert.deepEqual((await negotiate(t, writer, { transport })).urls, [
    'http://app/negotiate?protocol=p',
  ]);
  assert.deepEqual((await negotiate(t, writer)).urls, ['http://app/negotiate']);
});

test('the request that the page has made before is taken, once, and only for the same address', async (t) => {
  t.after(() => delete globalThis.codestreamEarly);
  const early = (url) => {
    const controller = new AbortController();
    globalThis.codestreamEarly = { url, controller, response: Promise.resolve(Response.json(viewer)) };
  };
  early(`http://app/negotiate?room_id=${ROOM}`);
  assert.deepEqual((await negotiate(t, {}, { room: ROOM })).urls, []);
  assert.equal((await negotiate(t, viewer, { room: ROOM })).urls.length, 1);
  early('http://app/negotiate?room_id=another');
  assert.equal((await negotiate(t, viewer, { room: ROOM })).urls.length, 1);
});

test('a socket that the page has begun is gone on with, or closed if there is no way in', async (t) => {
  t.after(() => delete globalThis.codestreamEarly);
  const url = `http://app/negotiate?room_id=${ROOM}`;
  for (const [answer, isUsed] of [[viewer, true], [writer, false]]) {
    const begun = { socket: { close: t.mock.fn() }, heard: [] };
    const response = Promise.resolve(Response.json(answer));
    globalThis.codestreamEarly = { url, controller: new AbortController(), response, begun };
    const taken = await new Promise((resolve) => {
      const open = (...attempt) => resolve(attempt[4]) ?? { send() {}, close() {} };
      const listener = { ticket() {}, left: resolve };
      new Link({ api: 'http://app', room: ROOM, transport: { ...fakeTransport(), open }, listener }).start();
    });
    assert.equal(taken === begun, isUsed);
    assert.equal(begun.socket.close.mock.callCount(), isUsed ? 0 : 1);
  }
});

test('a request that nobody answers is given up, whoever has made it', async (t) => {
  t.after(() => delete globalThis.codestreamEarly);
  /** @type {(() => void)[]} */
  const timers = [];
  t.mock.method(globalThis, 'setTimeout', (late) => timers.push(late));
  for (const made of [false, true]) {
    const hanging = ({ signal }) =>
      new Promise((resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    const fetched = t.mock.method(globalThis, 'fetch', (url, options) => hanging(options));
    if (made) {
      const controller = new AbortController();
      const url = `http://app/negotiate?room_id=${ROOM}`;
      globalThis.codestreamEarly = { url, controller, response: hanging(controller) };
    }
    let link;
    const trouble = await new Promise((left) => {
      link = new Link({ api: 'http://app', room: ROOM, listener: { left } });
      link.start();
      timers.at(-1)(); // the time for an answer is over
    });
    link.stop();
    assert.match(trouble.message, /did not answer in time/);
    // Nobody may say of it that it has answered.
    assert.deepEqual([trouble.code, trouble.final], ['Timeout', false]);
    assert.equal(fetched.mock.callCount(), made ? 0 : 1);
    fetched.mock.restore();
  }
});

test('what answers in place of the function app is told in words, not in those of a parser', async (t) => {
  const page = () => Promise.resolve(new Response('<html>Log in</html>'));
  t.mock.method(globalThis, 'fetch', page);
  let link;
  const trouble = await new Promise((left) => {
    link = new Link({ api: 'http://app', room: ROOM, listener: { left } });
    link.start();
  });
  link.stop();
  assert.deepEqual([trouble.code, trouble.final], ['Unexpected', false]);
  assert.match(trouble.message, /^This is no response of the function app; a network that wants a login/);
});

test('an answer for another room or another role is refused in words, for good', async (t) => {
  for (const [answer, options, words] of [
    [writer, { room: ROOM }, /asked for a viewer and answered for a writer/],
    [viewer, {}, /asked for a writer and answered for a viewer/],
    [viewer, { room: ROOM, key: 'K' }, /asked for a writer/],
    [{ ...viewer, room_id: 'S'.repeat(22) }, { room: ROOM }, /another room/],
    [{ ...writer, room_id: 'S'.repeat(22) }, { room: ROOM, key: 'K' }, /another room/],
  ]) {
    const { told, trouble, transport } = await negotiate(t, answer, options);
    assert.equal(told, 'left');
    assert.match(trouble.message, words);
    assert.equal(trouble.final, true);
    assert.equal(transport.opened.length, 0);
  }
});

test('an answer for the room and the role that were asked for is taken', async (t) => {
  for (const [answer, options] of [
    [viewer, { room: ROOM }],
    [writer, {}],
    [writer, { room: ROOM, key: 'K' }],
  ])
    assert.equal((await negotiate(t, answer, options)).told, 'ticket');
});

test('a transport is told why its last attempt came to nothing, until one joins', async (t) => {
  // No time between the attempts.
  t.mock.method(globalThis, 'setTimeout', (again) => setImmediate(again));
  t.mock.method(globalThis, 'fetch', async () => Response.json(viewer));
  const transport = fakeTransport();
  const nothing = () => {};
  const listener = { ticket: nothing, joined: nothing, left: nothing };
  const link = new Link({ api: 'http://app', room: ROOM, transport, listener });
  const attempt = async (number) => {
    while (transport.opened.length < number) await new Promise(setImmediate);
    const [, , events, last] = transport.opened[number - 1];
    return { events, last };
  };
  link.start();
  const first = await attempt(1);
  assert.equal(first.last, undefined);
  first.events.failed({ code: 'Unanswered', message: '' });
  const second = await attempt(2);
  assert.equal(second.last, 'Unanswered');
  second.events.joined('sid');
  second.events.failed({ code: 'Disconnected', message: '' });
  const third = await attempt(3);
  assert.equal(third.last, 'Disconnected');
  link.stop();
});

test('the word is sent in a body, and only to open a room', async (t) => {
  const word = () => 'open "sesame" & more';
  for (const [answer, options, url, body] of [
    [writer, { word }, 'http://app/negotiate', `POST {"writers_word":${JSON.stringify(word())}}`],
    [writer, { word: () => '' }, 'http://app/negotiate', undefined],
    [viewer, { word, room: ROOM }, `http://app/negotiate?room_id=${ROOM}`, undefined],
    [writer, { word, room: ROOM, key: 'K' }, 'http://app/negotiate',
      `POST {"room_id":"${ROOM}","writer_key":"K"}`],
  ]) {
    const { urls, bodies } = await negotiate(t, answer, options);
    assert.deepEqual([urls, bodies], [[url], [body]]);
  }
});

test('a writer without an epoch asks for one that exceeds what it knows, and nobody else does', async (t) => {
  const known = { epoch: () => 0, greatest: () => 41 };
  const answer = { ...writer, epoch: 42 };
  for (const [options, url, body] of [
    [known, 'http://app/negotiate?epoch=41', undefined],
    [{ ...known, word: () => 'w' }, 'http://app/negotiate', 'POST {"writers_word":"w","epoch":41}'],
    [{ ...known, room: ROOM, key: 'K' }, 'http://app/negotiate',
      `POST {"room_id":"${ROOM}","writer_key":"K","epoch":41}`],
    [{ epoch: () => 42, greatest: () => 41, room: ROOM, key: 'K' }, 'http://app/negotiate',
      `POST {"room_id":"${ROOM}","writer_key":"K"}`],
  ]) {
    const { urls, bodies, told } = await negotiate(t, answer, options);
    assert.deepEqual([urls, bodies, told], [[url], [body], 'ticket']);
  }
  const { urls } = await negotiate(t, viewer, { epoch: () => 0, greatest: () => 41, room: ROOM });
  assert.deepEqual(urls, [`http://app/negotiate?room_id=${ROOM}`]);
  for (const epoch of [undefined, 0, -1, 1.5, '42', 2 ** 53]) {
    const { told, trouble } = await negotiate(t, { ...writer, epoch }, known);
    assert.deepEqual([told, trouble.final], ['left', false]);
    assert.match(trouble.message, /no epoch/);
  }
});

test('a writer that has given up an epoch is let in with a greater one only, and otherwise asks again later', async (t) => {
  const renewed = { epoch: () => 0, greatest: () => 41, least: () => 41, room: ROOM, key: 'K' };
  for (const epoch of [1, 40, 41]) {
    const { told, trouble } = await negotiate(t, { ...writer, epoch }, renewed);
    assert.deepEqual([told, trouble.final], ['left', false]);
    assert.match(trouble.message, /no epoch above 41/);
  }
  const { told } = await negotiate(t, { ...writer, epoch: 42 }, renewed);
  assert.equal(told, 'ticket');
});

test('a refusal for want of the word is known by its code, and is final', async (t) => {
  const body = { error: { code: 'WritersWord', message: 'in words' } };
  const { told, trouble } = await negotiate(t, Response.json(body, { status: 403 }));
  assert.equal(told, 'left');
  assert.deepEqual([trouble.code, trouble.message, trouble.final], ['WritersWord', 'in words', true]);
});

test('an unknown transport is the default one, even if every object has a property of that name', () => {
  const usual = new Link({ api: 'http://app', listener: {} }).transport;
  const native = new Link({ api: 'http://app', transport: 'native', listener: {} }).transport;
  assert.notEqual(native, usual);
  assert.ok(usual.fields.length > 0);
  for (const name of [...Object.getOwnPropertyNames(Object.prototype), '', 'Native', 'x'])
    assert.equal(new Link({ api: 'http://app', transport: name, listener: {} }).transport, usual, name);
});
