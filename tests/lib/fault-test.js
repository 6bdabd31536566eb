// What the tests of faults share: a stack and a room for each, how long a fault lasts, and what
// everybody is held to.
import { availableParallelism } from 'node:os';
import { test as boundedTest } from './test.js';
import { startFaultStack } from './fault-stack.js';
import { beat, isCalm } from './lived.js';
import { LIE_MS, openRoom } from './watched-room.js';

export const REST_MS = 2000;
/** Deadlines that are short for a test; those of the page are as they are. */
export const OPTIONS = {
  env: { CODESTREAM_REST_TIMEOUT_MS: String(REST_MS) },
  service: { retryDelaysMs: [200] },
};

/** How long a fault lasts: one that were shorter than a lie may be would prove nothing of lies. */
export const LASTING_MS = LIE_MS + 500;
/** And one that heals while it is there. */
export const SHORT_MS = 4000;

/** `make test` has an example of each kind of fault; what differs from it in a status or so is here. */
export const ALL = process.env.FAULTS === 'all';

/** All tests may wait for their turn at the same time. */
export const AT_ONCE = { concurrency: 60 };
/** Of a file's time; where the machine is busy, most of it is waiting for a turn. */
const TEST_MS = 280_000;

export const test = (sentence, body) => boundedTest(sentence, { timeout: TEST_MS }, body);

/**
 * As many rooms at a time as the machine bears, because most of this is waiting. How many that is
 * follows its cores: a room that heals is more work than one in trouble. To open one is work as
 * well, so only so many are opened at once, and the next one has its turn when this process keeps
 * up with those that are there, or when none is.
 */
const CORES = availableParallelism();
const MOST_OPEN = 4 * CORES;
let opening = 0;
let open = 0;

function hasTurn() {
  if (opening + open === 0) return true;
  return opening < CORES && opening + open < MOST_OPEN && isCalm();
}

/** What `start` resolves with, when it is its turn. */
async function inTurn(t, start) {
  while (!hasTurn()) await beat();
  opening += 1;
  try {
    const started = await start();
    open += 1;
    t.after(() => {
      open -= 1;
    });
    return started;
  } finally {
    opening -= 1;
  }
}

/** A room of a stack that is there, which is gone with its test. */
export function startRoomOf(stack, t, transport = 'socketio') {
  return inTurn(t, async () => {
    const room = await openRoom(stack.api, { transport });
    t.after(() => room.close());
    return room;
  });
}

/** A stack and a room for one test, which are gone with it. */
export function startRoom(t, options = OPTIONS, transport = 'socketio') {
  return inTurn(t, async () => {
    const stack = await startFaultStack(options);
    t.after(() => stack.close());
    const room = await openRoom(stack.api, { transport });
    t.after(() => room.close());
    return { stack, room };
  });
}

/** How long it took, for whoever runs this to compare. */
export function report(t, { healed, lies }) {
  const longest = Math.max(...lies.map(([, lie]) => lie));
  t.diagnostic(`equal after ${healed} ms, falsely live for ${longest} ms at most`);
}
