// What the tests of faults share: a stack and a room for each, how long a fault lasts, and what
// everybody is held to.
import { test as boundedTest } from './test.js';
import { startFaultStack } from './fault-stack.js';
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

/** All rooms are in trouble at the same time, because most of this is waiting. */
export const AT_ONCE = { concurrency: 60 };

export const test = (sentence, body) => boundedTest(sentence, { timeout: 60_000 }, body);

/** A stack and a room for one test, which are gone with it. */
export async function startRoom(t, options = OPTIONS, transport = 'socketio') {
  const stack = await startFaultStack(options);
  t.after(() => stack.close());
  const room = await openRoom(stack.api, { transport });
  t.after(() => room.close());
  return { stack, room };
}

/** How long it took, for whoever runs this to compare. */
export function report(t, { healed, lies }) {
  const longest = Math.max(...lies.map(([, lie]) => lie));
  t.diagnostic(`equal after ${healed} ms, falsely live for ${longest} ms at most`);
}
