// The handler and the way to it in every kind of trouble: it is killed, frozen, restarted, twice
// there, out of reach, and its answers to the service go astray.
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { deferred, eventually } from '../lib/deadline.js';
import {
  ALL, AT_ONCE, LASTING_MS, OPTIONS, report, SHORT_MS, startRoom, test,
} from '../lib/fault-test.js';
import { sampledEvents } from '../lib/handler.js';
import { outlive } from '../lib/watched-room.js';

/** It serves for up to five seconds after SIGTERM, since its host keeps its connections. */
const END_MS = 15_000;

const isConnect = ({ headers }) => headers['ce-eventname'] === 'connect';

/** What a `connect` meets; `over` is a promise of the fault's end. */
const CONNECTS = {
  'is never answered before the trouble is over':
    (over) => ({ taken: true, status: 204, until: over }),
  'is refused (403)': () => ({ status: 403 }),
  ...(ALL && {
    'fails (500)': () => ({ status: 500 }),
    'is reset': () => ({ reset: true }),
  }),
};

/** What befalls the bytes between the service and the function app. */
const BYTES = {
  'swallows events': { up: { end: 'hole' } },
  'loses the answers to events': { down: { end: 'hole' } },
  'breaks off in the middle of answers': { down: { after: 30, end: 'reset' } },
  ...(ALL && {
    'holds everything back': { up: { end: 'hold' }, down: { end: 'hold' } },
    'resets connections': { accept: 'reset' },
  }),
};

describe('the function app', AT_ONCE, () => {
  test('the handler does every event twice, because its first answer was a 500', async (t) => {
    const { stack, room } = await startRoom(t);
    const seen = new Set();
    report(t, await outlive(room, {
      begin: () => stack.events.answerWith(({ method, headers }) => {
        const event = `${headers['ce-connectionid']} ${headers['ce-id']}`;
        if (method !== 'POST' || seen.has(event)) return null;
        seen.add(event);
        return { taken: true, status: 500 };
      }),
      end: () => stack.events.answerWith(null),
      ms: SHORT_MS,
    }));
    assert.ok(stack.events.hits > 0, `${stack.events.hits} events`);
    assert.deepEqual(room.reconnected, []);
  });

  for (const signal of ALL ? ['SIGSEGV', 'SIGKILL'] : ['SIGSEGV']) {
    test(`${signal} ends the handler in mid-request, the host starts it again`, async (t) => {
      const { stack, room } = await startRoom(t, { ...OPTIONS, host: true });
      let killed = false;
      report(t, await outlive(room, {
        begin: () => stack.rest.answerWith(() => {
          if (killed) return null;
          killed = true;
          stack.expectDeath();
          process.kill(stack.host.handlerPid, signal);
          return { taken: true, never: true };
        }),
        end: () => stack.rest.answerWith(null),
        ms: SHORT_MS,
      }));
      const deaths = stack.hostLines.filter((line) => line.includes('the handler ended'));
      assert.equal(deaths.length, 1, deaths.join());
    });
  }

  test('the handler dies twice within two seconds, and the stream goes on', async (t) => {
    const { stack, room } = await startRoom(t, { ...OPTIONS, host: true });
    const kill = () => {
      stack.expectDeath();
      process.kill(stack.host.handlerPid, 'SIGKILL');
    };
    report(t, await outlive(room, { begin: kill, end: kill, ms: 2000 }));
    assert.equal(stack.hostLines.filter((line) => line.includes('the handler ended')).length, 2);
  });

  test('the handler is ended and started by the host in the middle of the stream', async (t) => {
    const { stack, room } = await startRoom(t, { ...OPTIONS, host: true });
    const pid = stack.host.handlerPid;
    report(t, await outlive(room, {
      begin: () => {
        stack.expectDeath();
        process.kill(pid, 'SIGTERM');
      },
      end: () => eventually(END_MS, () => stack.host.handlerPid !== pid, 'another handler'),
      ms: SHORT_MS,
    }));
    assert.notEqual(stack.host.handlerPid, pid);
    assert.ok(stack.hostLines.some((line) => /the handler ended \(143\)/.test(line)));
  });

  test('the handler stands still for longer than anybody waits', async (t) => {
    const { stack, room } = await startRoom(t);
    const [{ pid }] = stack.handlers;
    const goOn = () => process.kill(pid, 'SIGCONT');
    try {
      report(t, await outlive(room, {
        begin: () => process.kill(pid, 'SIGSTOP'), end: goOn, ms: LASTING_MS,
      }));
    } finally {
      goOn();
    }
  });

  test('two handlers take events in turn, then one of them is killed', async (t) => {
    const { stack, room } = await startRoom(t, { ...OPTIONS, handlers: 2 });
    const [stays, goes] = stack.handlers;
    report(t, await outlive(room, {
      begin: () => {},
      end: () => stack.dropHandler('SIGKILL'),
      ms: SHORT_MS,
    }));
    for (const { lines } of [stays, goes]) {
      assert.ok(sampledEvents(lines) > 0, lines.join('\n'));
    }
  });

  for (const [what, answer] of Object.entries(CONNECTS)) {
    test(`connect ${what}: everybody is back soon after`, async (t) => {
      const { stack, room } = await startRoom(t);
      const over = deferred();
      report(t, await outlive(room, {
        begin: () => {
          stack.events.answerWith((event) => (isConnect(event) ? answer(over.promise) : null));
          stack.dropClients();
        },
        end: () => {
          over.resolve();
          stack.events.answerWith(null);
        },
        ms: LASTING_MS,
      }));
      assert.ok(stack.events.hits > 0, `the fault was met ${stack.events.hits} times`);
    });
  }

  test('connect takes three seconds: everybody gets in all the same', async (t) => {
    const { stack, room } = await startRoom(t);
    const slow = { taken: true, status: 204, delay: 3000 };
    report(t, await outlive(room, {
      begin: () => {
        stack.events.answerWith((event) => (isConnect(event) ? slow : null));
        stack.dropClients();
      },
      end: async () => {
        await room.allLive(10_000);
        stack.events.answerWith(null);
      },
      ms: SHORT_MS,
    }));
  });

  for (const [what, fault] of Object.entries(BYTES)) {
    test(`its network ${what}: texts are equal, nobody was falsely live`, async (t) => {
      const { stack, room } = await startRoom(t);
      report(t, await outlive(room, {
        begin: async () => {
          await stack.app.fault(fault, 'event');
          if (fault.accept) stack.app.cut('event');
        },
        end: () => stack.app.fault({}, 'event'),
        ms: LASTING_MS,
      }));
      assert.ok(stack.app.hits('event') > 0, `met ${stack.app.hits('event')} times`);
    });
  }

  test('it is gone for service and pages: all are back soon after', async (t) => {
    const { stack, room } = await startRoom(t);
    report(t, await outlive(room, {
      begin: async () => {
        await stack.app.fault({ accept: 'refuse' }, 'event');
        stack.app.cut('event');
        stack.app.cut('negotiate');
        stack.dropClients();
      },
      end: () => stack.app.fault({}, 'event'),
      ms: LASTING_MS,
    }));
    const met = stack.serviceLines.filter((line) => line.includes('ECONNREFUSED')).length;
    assert.ok(met > 0, `the fault was met ${met} times`);
  });

  test('its network swallows what pages ask of negotiate: all are back soon after', async (t) => {
    const { stack, room } = await startRoom(t);
    report(t, await outlive(room, {
      begin: async () => {
        await stack.app.fault({ up: { end: 'hole' } }, 'negotiate');
        stack.dropClients();
      },
      // What was swallowed will not come: nobody may go on waiting on those connections.
      end: async () => {
        await stack.app.fault({}, 'negotiate');
        stack.app.cut('negotiate');
      },
      ms: LASTING_MS,
    }));
    assert.ok(stack.app.hits('negotiate') > 0, `met ${stack.app.hits('negotiate')} times`);
  });
});
