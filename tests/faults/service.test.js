// The service itself in trouble, and the way from the pages to it: it is restarted, away, behind a
// silent or a breaking network, its clock is wrong, its tokens are over.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { eventually } from '../lib/deadline.js';
import {
  ALL, AT_ONCE, LASTING_MS, OPTIONS, report, SHORT_MS, startRoom, test,
} from '../lib/fault-test.js';
import { LIE_MS, outlive } from '../lib/watched-room.js';

const MINUTE_MS = 60_000;

const TRANSPORTS = { 'Socket.IO': 'socketio', 'plain WebSocket': 'native' };
/** What plain WebSocket meets too: to reconnect is the page's work in both. */
const OF_BOTH = ['is restarted', 'goes silent'];
const meets = (transport, what) => ALL || transport === 'socketio' || OF_BOTH.includes(what);

/** What befalls the bytes between the pages and the service. */
const BYTES = {
  'goes silent': { up: { end: 'hole' }, down: { end: 'hole' } },
  'holds everything back': { up: { end: 'hold' }, down: { end: 'hold' } },
  'turns everybody away': { accept: 'reset' },
  'breaks every connection after 2 kB': { down: { after: 2000, end: 'reset' } },
  ...(ALL && {
    'goes silent towards the service': { up: { end: 'hole' } },
    'goes silent towards the pages': { down: { end: 'hole' } },
    'closes half of each connection after 2 kB': { down: { after: 2000, end: 'close' } },
  }),
};

describe('Web PubSub', AT_ONCE, () => {
  for (const [name, transport] of Object.entries(TRANSPORTS)) {
    for (const [what, ms] of [['is restarted', 0], ['is away', LASTING_MS]]) {
      if (!meets(transport, what)) continue;
      test(`${name}: the service ${what}, everybody is back soon after`, async (t) => {
        const { stack, room } = await startRoom(t, OPTIONS, transport);
        report(t, await outlive(room, {
          begin: () => stack.stopService(),
          end: () => stack.startService(),
          ms,
        }));
      });
    }

    for (const [what, fault] of Object.entries(BYTES)) {
      if (!meets(transport, what)) continue;
      test(`${name}: its network ${what}, nobody was falsely live`, async (t) => {
        const { stack, room } = await startRoom(t, OPTIONS, transport);
        report(t, await outlive(room, {
          begin: async () => {
            await stack.front.fault(fault, 'client');
            if (fault.accept) stack.front.cut('client');
          },
          end: async () => {
            // More than a connection lets through, however short it lives on a busy machine.
            room.edit([[0, 0, 'long '.repeat(500)]]);
            await eventually(LASTING_MS, () => stack.front.hits('client') > 0, 'it is met');
            await stack.front.fault({}, 'client');
          },
          ms: LASTING_MS,
        }));
      });
    }
  }

  for (const minutes of [10, -10]) {
    const which = minutes > 0 ? 'ahead of' : 'behind';
    test(`the service is ten minutes ${which} the handler: nothing of it is seen`, async (t) => {
      const clock = () => Date.now() + minutes * MINUTE_MS;
      const service = { ...OPTIONS.service, clock };
      const { stack, room } = await startRoom(t, { ...OPTIONS, service });
      report(t, await outlive(room, {
        begin: () => {},
        end: () => stack.dropClients(),
        ms: SHORT_MS,
      }));
      // A busy machine may be late; a clock that is off would be told as a token that is refused.
      const { complaints } = stack.handlers[0];
      const late = /failure="(timed out|the connection broke)/;
      assert.deepEqual(complaints.filter((line) => !late.test(line)), []);
    });
  }

  test('connections end with their tokens, and each gets a fresh one', async (t) => {
    // To the service, a token of this handler has five seconds left when it is made, until all
    // have been ended twice.
    const minutes = 1;
    let leftMs = 5000;
    const service = {
      ...OPTIONS.service,
      clock: () => Date.now() + minutes * MINUTE_MS - leftMs,
      clockSkewSeconds: 0,
      closeOnTokenExpiry: true,
    };
    const env = { ...OPTIONS.env, CODESTREAM_TOKEN_MINUTES: String(minutes) };
    const { stack, room } = await startRoom(t, { env, service });
    const ends = () => stack.serviceLines.filter((line) => line.includes('TokenExpired')).length;
    report(t, await outlive(room, {
      begin: () => {},
      end: async () => {
        await eventually(LASTING_MS, () => ends() >= 2 * room.pages.length, 'the ends of all');
        leftMs = minutes * MINUTE_MS;
      },
      ms: 3 * leftMs,
    }));
    assert.deepEqual(room.reconnected, room.pages.map(({ name }) => name));
  });

  test('to the service every token is over: once it takes them, all are back', async (t) => {
    let off = 0;
    const service = { ...OPTIONS.service, clock: () => Date.now() + off };
    const { stack, room } = await startRoom(t, { ...OPTIONS, service });
    report(t, await outlive(room, {
      begin: () => {
        off = 24 * 60 * MINUTE_MS;
        stack.dropClients();
      },
      end: () => {
        off = 0;
      },
      ms: LASTING_MS,
    }));
    const refused = stack.serviceLines.filter((line) => line.includes('the token has expired'));
    assert.ok(refused.length > 0, `the fault was met ${refused.length} times`);
  });

  test('a viewer that got nothing and called itself live would be found out', async (t) => {
    const { room } = await startRoom(t);
    const [liar] = room.viewers;
    Object.defineProperty(liar, 'live', { value: true });
    liar.connection.stop();
    room.startTyping();
    await eventually(2 * LIE_MS, () => room.evidence, 'evidence');
    assert.match(room.evidence, /^viewer 1 was falsely live/);
    const honest = room.lies.filter(([name]) => name !== liar.name);
    assert.deepEqual(honest.filter(([, lie]) => lie > LIE_MS), []);
  });

  test('its network takes 300 ms each way: the stream stays live', async (t) => {
    const { stack, room } = await startRoom(t);
    const slow = { up: { delayMs: 300 }, down: { delayMs: 300 } };
    report(t, await outlive(room, {
      begin: () => stack.front.fault(slow, 'client'),
      end: () => stack.front.fault({}, 'client'),
      ms: SHORT_MS,
    }));
    assert.ok(stack.front.hits('client') > 0, `met ${stack.front.hits('client')} times`);
    assert.deepEqual(room.reconnected, []);
  });
});
