// Every verb of the application interface through the service stand-in to real Socket.IO clients:
// exactly the right sockets receive, once, in order. The application (tests/apps/verbs.c) does
// what its clients tell it to, and is only in builds for tests.
import assert from 'node:assert/strict';
import { eventually } from '../lib/deadline.js';
import { lacks } from '../lib/handler.js';
import { Client, negotiate } from '../lib/sockets.js';
import { startStack } from '../lib/stack.js';
import { after, before, test } from '../lib/test.js';

const NAMESPACES = ['/', '/a', '/b'];
const PLACES = { none: [], r1: ['r1'], r2: ['r2'], both: ['r1', 'r2'], r3: ['r3'], all: ['r1', 'r2', 'r3', 'r4'] };
const skip = lacks('verbs');

let stack;
before(async () => {
  if (!skip) stack = await startStack({ app: 'verbs', service: { connectionState: true } });
});
after(() => stack?.close());

/** One client in one namespace; it has its own connection unless `session` is shared. */
async function connect(namespace) {
  const client = new Client(await negotiate(stack.api), { namespace });
  await client.connected;
  return client;
}

/** The clients of three namespaces, by `/a r1`: namespace and the rooms they are in. */
class Theatre {
  clients = new Map();
  #marks = 0;

  async open() {
    for (const namespace of NAMESPACES) {
      for (const [place, targets] of Object.entries(PLACES)) {
        const client = await connect(namespace);
        this.clients.set(`${namespace} ${place}`, client);
        if (targets.length > 0) assert.deepEqual(await client.ask('join', { targets }), { success: true });
      }
    }
    return this;
  }

  at(name) {
    return this.clients.get(name);
  }

  /** Which clients received `event` since the last time, as sorted lines `name args`. */
  async heard(event) {
    this.#marks += 1;
    const mark = `mark ${this.#marks}`;
    const living = [...this.clients].filter(([, { socket }]) => socket.connected);
    for (const namespace of NAMESPACES) {
      const [, teller] = living.find(([name]) => name.startsWith(`${namespace} `));
      await teller.ask('emit', { event: mark });
    }
    await Promise.all(living.map(([, client]) => client.next(mark)));
    const lines = [];
    for (const [name, client] of this.clients) {
      const seen = client.events.all.filter((item) => item.name === event).length;
      const before_ = client.counted?.[event] ?? 0;
      client.counted = { ...client.counted, [event]: seen };
      for (let i = before_; i < seen; i += 1) lines.push(name);
    }
    return lines.sort();
  }

  close() {
    for (const client of this.clients.values()) client.close();
  }
}

async function inTheatre(body) {
  const theatre = await new Theatre().open();
  try {
    await body(theatre);
  } finally {
    theatre.close();
  }
}

const names = (namespace, ...places) => places.map((place) => `${namespace} ${place}`).sort();
const verbs = (sentence, body) => test(sentence, { skip, timeout: 40_000 }, body);
const EVERYBODY = Object.keys(PLACES);

verbs('an emit reaches exactly those it names, once each, in every namespace', () =>
  inTheatre(async (theatre) => {
    const cases = [
      [{}, EVERYBODY],
      [{ rooms: ['r1'] }, ['r1', 'both', 'all']],
      [{ rooms: ['r1', 'r2'] }, ['r1', 'r2', 'both', 'all']],
      [{ rooms: ['r1', 'r2', 'r3', 'r4'] }, ['r1', 'r2', 'both', 'r3', 'all']],
      [{ except: ['r1'] }, ['none', 'r2', 'r3']],
      [{ except: ['r1', 'r3'] }, ['none', 'r2']],
      // What the SDKs get wrong: the exception holds for both rooms.
      [{ rooms: ['r1', 'r2'], except: ['r3'] }, ['r1', 'r2', 'both']],
      [{ rooms: ['r1', 'r2'], except: ['r1'] }, ['r2']],
      [{ rooms: ['r1', 'r2'], except: ['r2', 'r4'] }, ['r1']],
      [{ rooms: ['r1'], within: 'r2' }, ['both', 'all']],
      [{ rooms: ['r1', 'r3'], within: 'r2', except: ['r4'] }, ['both']],
      [{ rooms: ['nobody'] }, []],
    ];
    for (const namespace of NAMESPACES) {
      for (const [target, places] of cases) {
        const answer = await theatre.at(`${namespace} none`).ask('emit', { ...target, event: 'news' });
        assert.deepEqual(answer, { success: true });
        assert.deepEqual(await theatre.heard('news'), names(namespace, ...places),
          JSON.stringify(target));
      }
    }
  }));

verbs('the sender alone, and all but the sender', () => inTheatre(async (theatre) => {
  await theatre.at('/a both').ask('self');
  assert.deepEqual(await theatre.heard('news'), ['/a both']);
  await theatre.at('/a both').ask('others');
  assert.deepEqual(await theatre.heard('news'), names('/a', 'none', 'r1', 'r2', 'r3', 'all'));
}));

verbs('arguments arrive as they were given, and in order', () => inTheatre(async (theatre) => {
  const [teller, hearer] = [theatre.at('/b none'), theatre.at('/b r1')];
  const sent = [];
  for (let i = 0; i < 20; i += 1) {
    const arg = { i, text: 'ä "\u0000"', list: [1.5, null, true] };
    sent.push([arg, '"second"']);
    teller.emit('emit', { rooms: ['r1', 'r2'], event: 'news', arg });
  }
  await hearer.next('news', (arg) => arg.i === 19);
  const got = hearer.events.all.filter(({ name }) => name === 'news').map(({ args }) => args);
  assert.deepEqual(got, sent);
}));

verbs('bytes arrive as bytes', () => inTheatre(async (theatre) => {
  await theatre.at('/ none').ask('bytes', { rooms: ['r1', 'r2'] });
  assert.deepEqual(await theatre.heard('bytes'), names('/', 'r1', 'r2', 'both', 'all'));
  const { args } = theatre.at('/ both').events.all.find(({ name }) => name === 'bytes');
  assert.deepEqual([...args[0]], [0, 1, 254, 255]);
  assert.equal(Buffer.from(args[1].more).toString(), 'more');
}));

verbs('a socket joins and leaves, and so do all in rooms', () => inTheatre(async (theatre) => {
  const teller = theatre.at('/a none');
  const members = async (room) => {
    await teller.ask('emit', { rooms: [room], event: 'news' });
    return theatre.heard('news');
  };
  await teller.ask('join', { targets: ['x', 'y'] });
  assert.deepEqual(await members('x'), names('/a', 'none'));
  await teller.ask('leave', { targets: ['x'] });
  assert.deepEqual(await members('x'), []);
  assert.deepEqual(await members('y'), names('/a', 'none'));
  await teller.ask('sockets join', { rooms: ['r1', 'r2'], except: ['r3'], targets: ['x', 'z'] });
  assert.deepEqual(await members('x'), names('/a', 'r1', 'r2', 'both'));
  assert.deepEqual(await members('z'), names('/a', 'r1', 'r2', 'both'));
  await teller.ask('sockets leave', { rooms: ['r1'], targets: ['x'] });
  assert.deepEqual(await members('x'), names('/a', 'r2'));
  await teller.ask('sockets join', { targets: ['w'] });
  assert.deepEqual(await members('w'), names('/a', ...EVERYBODY));
}));

verbs('sockets are disconnected, with or without their connection', () =>
  inTheatre(async (theatre) => {
    const gone = (name) => new Promise((resolve) => {
      theatre.at(name).socket.once('disconnect', resolve);
    });
    const first = gone('/a none');
    theatre.at('/a none').emit('end', {});
    assert.equal(await first, 'io server disconnect');
    const two = Promise.all([gone('/b r1'), gone('/b both'), gone('/b all')]);
    theatre.at('/b none').emit('sockets end', { rooms: ['r1'] });
    await two;
    const closed = Promise.all([gone('/b r2'), gone('/b r3')]);
    theatre.at('/b none').emit('sockets end', { rooms: ['r2', 'r3'], close: true });
    await closed;
    const left = [...theatre.clients].filter(([, { socket }]) => socket.connected);
    assert.deepEqual(left.map(([name]) => name).sort(),
      [...names('/', ...EVERYBODY), ...names('/a', 'r1', 'r2', 'both', 'r3', 'all'), '/b none'].sort());
  }));

verbs('as many rooms as a filter takes reach each socket once', () =>
  inTheatre(async (theatre) => {
    const teller = theatre.at('/ none');
    const many = (count) => Array.from({ length: count }, (_, i) => `other ${i}`);
    const rooms = [...many(50), 'r1', ...many(30), 'r2'];
    assert.deepEqual(await teller.ask('emit', { rooms, event: 'news' }), { success: true });
    assert.deepEqual(await theatre.heard('news'), names('/', 'r1', 'r2', 'both', 'all'));
    await teller.ask('emit', { rooms: ['r1', 'r2'], except: [...many(60), 'r3'], event: 'news' });
    assert.deepEqual(await theatre.heard('news'), names('/', 'r1', 'r2', 'both'));
    await teller.ask('emit', { except: [...many(70), 'r1'], within: 'r2', event: 'news' });
    assert.deepEqual(await theatre.heard('news'), names('/', 'r2'));
    await teller.ask('sockets join', { rooms, targets: ['x'] });
    await teller.ask('emit', { rooms: ['x'], event: 'news' });
    assert.deepEqual(await theatre.heard('news'), names('/', 'r1', 'r2', 'both', 'all'));
    const gone = new Promise((resolve) => { theatre.at('/ all').socket.once('disconnect', resolve); });
    await teller.ask('sockets end', { rooms: [...many(80), 'r4'] });
    assert.equal(await gone, 'io server disconnect');
  }));

verbs('an acknowledgement has any arguments', () => inTheatre(async (theatre) => {
  const args = await new Promise((resolve) => {
    theatre.at('/b r3').socket.emit('ack', (...got) => resolve(got));
  });
  assert.deepEqual(args, [1, 'two', { three: true }]);
}));

verbs('the service is asked how many are in a room', () => inTheatre(async (theatre) => {
  assert.equal(await theatre.at('/a none').ask('count', { targets: ['r1'] }), 4);
  assert.equal(await theatre.at('/b r3').ask('count', { targets: ['r4'] }), 2);
  assert.equal(await theatre.at('/ r3').ask('count', { targets: ['alone'] }), 1);
}));

verbs('what a socket remembers lasts until something else is remembered, or nothing', async () => {
  const client = await connect('/a');
  const remember = (event) => client.ask('remember', { event });
  try {
    for (const [before_, event] of [['', 'x'], ['x', 'y "ä"'], ['y "ä"', ''], ['', ''], ['', 'z']])
      assert.equal(await remember(event), before_);
  } finally {
    client.close();
  }
});

verbs('connect refuses, and unknown namespaces are refused', async () => {
  for (const namespace of ['/closed', '/nowhere']) {
    const client = new Client(await negotiate(stack.api), { namespace });
    assert.ok(await client.refused instanceof Error);
    client.close();
  }
});

verbs('what an application does wrongly is told in words, and nothing is carried out', () =>
  inTheatre(async (theatre) => {
    const teller = theatre.at('/ none');
    const cases = [
      ['emit', { rooms: ['x'.repeat(2000)], event: 'news' }, /room is too long/],
      ['join', { targets: ['x'.repeat(2000)] }, /room is too long/],
      ['join', { targets: [''] }, /room needs a name/],
      ['emit', { rooms: Array.from({ length: 91 }, (_, i) => `r${i}`), event: 'news' }, /90 rooms/],
      ['emit', { event: 'connect' }, /Socket.IO's own/],
      ['emit', {}, /event needs a name/],
      ['ack twice', {}, /only once/],
      ['bad json', {}, /not JSON/],
    ];
    for (const [verb, wish, words] of cases) {
      const answer = await teller.ask(verb, wish);
      assert.equal(answer.success, false, verb);
      assert.equal(answer.error.code, 'Internal');
      assert.match(answer.error.message, words);
    }
    assert.deepEqual(await theatre.heard('news'), []);
    const told = () => stack.handler.stderr.filter((line) => /level=error .*code=Internal/.test(line));
    await eventually(3000, () => told().length >= cases.length, 'the lines about them');
    assert.equal(told().length, cases.length);
  }));
