// The service's REST side in every kind of trouble, with writer and viewers on it: whatever it
// does, the texts are equal soon after, and nobody believes for long to be live who is not.
//
// All rooms are in trouble at the same time, because most of this is waiting: answers are faked
// for one room of a stack that is shared, and where bytes are lost a room has a stack of its own.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { after, before } from '../lib/test.js';
import { startFaultStack } from '../lib/fault-stack.js';
import {
  ALL, AT_ONCE, LASTING_MS, OPTIONS, REST_MS, report, SHORT_MS, startRoom, startRoomOf, test,
} from '../lib/fault-test.js';
import { outlive } from '../lib/watched-room.js';

const MB = 1024 * 1024;

/** What the service answers to the n-th request of a room. */
const ANSWERS = {
  'refuses the token (401)': () => ({ status: 401, body: '{"code":"Unauthorized"}' }),
  'has too much to do (429)': () => ({ status: 429, headers: { 'Retry-After': '1' } }),
  'fails every second time, having done what it was asked for (500)':
    (n) => (n % 2 ? { status: 500, taken: true } : null),
  'resets the connection when it has done what it was asked for':
    () => ({ reset: true, taken: true }),
  'never answers': () => ({ never: true }),
  'answers later than the deadline': () => ({ status: 202, taken: true, delay: REST_MS + 500 }),
  'answers half of what it announces': (n) => ({
    raw: 'HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\nhalf', taken: n % 2 === 0,
  }),
  'answers garbage': (n) => ({ raw: Buffer.alloc(3000, '\x00\xff\r\n7'), taken: n % 2 === 0 }),
  'answers 10 MB with a success':
    () => ({ status: 202, taken: true, body: Buffer.alloc(10 * MB, 'x') }),
  ...(ALL && {
    'forbids it (403)': () => ({ status: 403 }),
    'knows no such thing (404)': () => ({ status: 404, body: '{"code":"NotFound"}' }),
    'is tired of waiting (408)': () => ({ status: 408 }),
    'finds it too large (413)': () => ({ status: 413 }),
    'fails (500)': () => ({ status: 500 }),
    'is not there (503)': () => ({ status: 503, headers: { 'Retry-After': '2' } }),
    'resets the connection when it has the request, and does nothing': () => ({ reset: true }),
    'answers 10 MB with a failure': () => ({ status: 500, body: Buffer.alloc(10 * MB, 'x') }),
  }),
};

/** What befalls the bytes between handler and service. */
const BYTES = {
  'refuses connections': { accept: 'refuse' },
  'swallows what it is sent': { up: { end: 'hole' } },
  'takes requests, and its answers get lost': { down: { end: 'hole' } },
  'breaks off in the middle of its answers': { down: { after: 20, end: 'reset' } },
  'is read by 1 kB in a second': { up: { bytesPerSecond: 1000 } },
  ...(ALL && {
    'is behind a network that holds everything back': { up: { end: 'hold' }, down: { end: 'hold' } },
    'resets connections before a request is sent': { accept: 'reset' },
    'breaks off in the middle of requests': { up: { after: 700, end: 'reset' } },
    'closes its half of each connection in mid-answer': { down: { after: 10, end: 'close' } },
  }),
};

describe('the service', AT_ONCE, () => {
  let stack;
  const faults = new Map(); // of rooms, by their marks
  before(async () => {
    stack = await startFaultStack(OPTIONS);
    stack.rest.answerWith((request) => {
      const where = request.url + request.text;
      for (const [mark, next] of faults) if (where.includes(mark)) return next();
      return null;
    });
  });
  after(() => stack?.close());

  for (const [what, answer] of Object.entries(ANSWERS)) {
    test(`${what}: texts are equal afterwards, nobody was falsely live`, async (t) => {
      const room = await startRoomOf(stack, t);
      let hits = 0;
      report(t, await outlive(room, {
        begin: () => faults.set(room.mark, () => answer((hits += 1))),
        end: () => faults.delete(room.mark),
        ms: LASTING_MS,
      }));
      assert.ok(hits > 0, `the fault was met ${hits} times`);
    });
  }

  for (const [what, fault] of Object.entries(BYTES)) {
    test(`${what}: texts are equal afterwards, nobody was falsely live`, async (t) => {
      const { stack: own, room } = await startRoom(t);
      report(t, await outlive(room, {
        begin: async () => {
          await own.front.fault(fault, 'rest');
          // Connections that are kept would not meet what befalls new ones.
          if (fault.accept) own.front.cut('rest');
        },
        end: () => own.front.fault({}, 'rest'),
        ms: LASTING_MS,
      }));
      const met = own.front.hits('rest') + own.handlers[0].complaints.length;
      assert.ok(met > 0, `the fault was met ${met} times`);
    });
  }

  test('never answers, and the handler waits longer than the page: the same', async (t) => {
    const { stack: own, room } = await startRoom(t, { ...OPTIONS, env: {} });
    report(t, await outlive(room, {
      begin: () => own.rest.answerWith(() => ({ never: true })),
      end: () => own.rest.answerWith(null),
      ms: LASTING_MS,
    }));
    assert.ok(own.rest.hits > 0, `the fault was met ${own.rest.hits} times`);
  });

  test('takes 300 ms each way: the stream stays live', async (t) => {
    const { stack: own, room } = await startRoom(t);
    const slow = { up: { delayMs: 300 }, down: { delayMs: 300 } };
    report(t, await outlive(room, {
      begin: () => own.front.fault(slow, 'rest'),
      end: () => own.front.fault({}, 'rest'),
      ms: SHORT_MS,
    }));
    assert.ok(own.front.hits('rest') > 0, `met ${own.front.hits('rest')} times`);
    assert.deepEqual(room.reconnected, []);
  });
});
