// What can befall a whole stack for some seconds: each mishap with its beginning and its end.

const HOLE = { up: { end: 'hole' } };
const HOLD = { up: { end: 'hold' }, down: { end: 'hold' } };
const MB = 1024 * 1024;

/**
 * @param {object} stack of tests/lib/fault-stack.js
 * @param {() => number} random below 1
 * @returns {{ name: string, begin: () => unknown, end: () => unknown }[]}
 */
export function mishapsOf(stack, random) {
  const answers = (name, where, answer, share = 0.5) => ({
    name,
    begin: () => where.answerWith(({ method }) =>
      (method === 'POST' && random() < share ? answer() : null)),
    end: () => where.answerWith(null),
  });
  const bytes = (name, proxy, lane, fault) => ({
    name,
    begin: async () => {
      await proxy.fault(fault, lane);
      if (fault.accept) proxy.cut(lane);
    },
    end: () => proxy.fault({}, lane),
  });
  const { rest, events, front, app } = stack;
  return [
    answers('service: 500', rest, () => ({ status: 500 })),
    answers('service: 500 for what it did', rest, () => ({ status: 500, taken: true })),
    answers('service: 429', rest, () => ({ status: 429, headers: { 'Retry-After': '1' } })),
    answers('service: slow', rest, () => ({ status: 202, taken: true, delay: 1200 })),
    answers('service: silent', rest, () => ({ never: true })),
    answers('service: reset', rest, () => ({ reset: true, taken: random() < 0.5 })),
    answers('service: garbage', rest, () => ({ raw: 'SSH-2.0-no\r\n', taken: random() < 0.5 })),
    answers('service: long', rest, () => ({ status: 500, body: Buffer.alloc(10 * MB) }), 0.02),
    bytes('service: swallowed', front, 'rest', HOLE),
    bytes('service: held back', front, 'rest', HOLD),
    bytes('service: unreachable', front, 'rest', { accept: 'reset' }),
    answers('app: 500 for what it did', events, () => ({ status: 500, taken: true })),
    answers('app: reset', events, () => ({ reset: true })),
    bytes('app: swallowed', app, 'event', HOLE),
    bytes('app: held back', app, 'event', HOLD),
    bytes('app: no negotiate', app, 'negotiate', { accept: 'reset' }),
    bytes('pages: swallowed', front, 'client', HOLE),
    bytes('pages: held back', front, 'client', HOLD),
    bytes('pages: turned away', front, 'client', { accept: 'reset' }),
    { name: 'pages: dropped', begin: () => stack.dropClients(), end: () => {} },
    {
      name: 'service: restarted',
      begin: () => stack.stopService(),
      end: () => stack.startService(),
    },
  ];
}
