// Clients in other languages, side by side at the stand-in and at Socket.IO's own server: what works
// there has to work here. A case that fails at both is the client's own, and listed in LIMITS.
import assert from 'node:assert/strict';
import { after, test as nodeTest } from 'node:test';
import { BYTES, PATH, VALUES } from './behaviour.js';
import { startControl } from './control.js';
import { build, Client, LANGUAGES, missing } from './languages.js';
import { startService } from './service.js';

const TEST_MS = 240_000;
const TRANSPORTS = {
  polling: ['polling'], websocket: ['websocket'], upgrade: ['polling', 'websocket'],
};
const NEXT_BYTES = Buffer.from([9, 8, 255]);
const bytes = (buffer) => ({ $bytes: buffer.toString('base64') });

/** What a client cannot do at any server: the sentence of the case, and why. */
const LIMITS = {
  Python: {},
  Java: {},
  Go: { 'sends and gets bytes by polling': 'no bytes by polling' },
  Rust: {
    'has bytes acknowledged': 'no acknowledgement of an event with bytes',
    'gets bytes in an acknowledgement': 'no acknowledgement with bytes',
  },
};

/** One client at one server. */
class Visit {
  constructor(language, server) {
    this.server = server;
    this.client = new Client(language);
  }

  async connect(more = {}) {
    const { port, token } = this.server;
    const order = { do: 'connect', endpoint: `http://127.0.0.1:${port}`, path: PATH, token,
      tokenIn: 'query', transports: TRANSPORTS.websocket, namespaces: ['/'], ...more };
    this.client.order(order);
    if (more.expect === 'refused') return;
    for (const namespace of order.namespaces) {
      await this.client.next('connect', namespace);
      assert.deepEqual(await this.client.next('welcome', namespace), [namespace]);
    }
  }

  async ask(name, args = [], namespace = '/') {
    this.client.order({ do: 'ask', name, args, namespace });
    return this.client.next('ack', namespace);
  }

  emit(name, args = [], namespace = '/') {
    this.client.order({ do: 'emit', name, args, namespace });
  }

  async works() {
    assert.deepEqual(await this.ask('values', ['again']), ['again']);
  }
}

/** Sentence -> what a client does. */
const CASES = {
  ...Object.fromEntries(Object.entries(TRANSPORTS).map(([name, transports]) => [
    `connects by ${name}`, async (visit) => {
      await visit.connect({ transports });
      await visit.works();
    }])),
  'has its token in the URL': async (visit) => {
    await visit.connect({ tokenIn: 'url' });
    await visit.works();
  },
  'is refused by a namespace': async (visit) => {
    await visit.connect({ namespaces: ['/refused'], expect: 'refused' });
    await visit.client.next('refused');
  },
  'is refused with a wrong token, by polling': async (visit) => {
    await visit.connect({ token: 'a.b.c', transports: TRANSPORTS.polling, expect: 'refused' });
    await visit.client.next('refused');
  },
  'is refused with a wrong token, by WebSocket': async (visit) => {
    await visit.connect({ token: 'a.b.c', expect: 'refused' });
    await visit.client.next('refused');
  },
  'sends and gets values as they are': async (visit) => {
    await visit.connect();
    for (const value of VALUES) assert.deepEqual(await visit.ask('values', [value]), [value]);
    assert.deepEqual(await visit.client.next('values'), VALUES);
  },
  'has bytes acknowledged': async (visit) => {
    await visit.connect();
    assert.deepEqual(await visit.ask('bytes', [bytes(NEXT_BYTES)]), [3, 255]);
  },
  ...Object.fromEntries(['websocket', 'polling'].map((name) => [
    `sends and gets bytes by ${name}`, async (visit) => {
      await visit.connect({ transports: TRANSPORTS[name] });
      visit.emit('bytes', [bytes(NEXT_BYTES)]);
      assert.deepEqual(await visit.client.next('bytes'), [bytes(BYTES)]);
    }])),
  'gets bytes in an acknowledgement': async (visit) => {
    await visit.connect();
    assert.deepEqual(await visit.ask('echo', [bytes(NEXT_BYTES)]), [bytes(NEXT_BYTES)]);
  },
  'gets an acknowledgement of several arguments': async (visit) => {
    await visit.connect();
    assert.deepEqual(await visit.ask('many'), ['one', 2, { three: 3 }]);
  },
  'sends a hundred events in order': async (visit) => {
    await visit.connect();
    const numbers = Array.from({ length: 100 }, (_, n) => n);
    for (const n of numbers) visit.emit('tick', [n]);
    const heard = [];
    while (heard.length < numbers.length) heard.push(...(await visit.client.next('tick')));
    assert.deepEqual(heard, numbers);
  },
  'is in two namespaces': async (visit) => {
    await visit.connect({ namespaces: ['/', '/a'] });
    assert.deepEqual(await visit.ask('many', [], '/a'), ['one', 2, { three: 3 }]);
    await visit.works();
  },
  'hears that it is disconnected': async (visit) => {
    await visit.connect();
    visit.emit('leave');
    await visit.client.next('disconnect');
  },
  'comes back after a cut': async (visit) => {
    await visit.connect();
    visit.server.cut();
    await visit.client.next('connect');
    await visit.works();
  },
  'comes back after a restart of the server': async (visit) => {
    await visit.connect();
    await visit.server.restart();
    await visit.client.next('connect');
    await visit.works();
  },
};

const START = { service: startService, control: startControl };

/** What a case comes to at a server of its own; undefined: all is well. */
async function attempt(language, start, act) {
  let running = await start();
  const { port, token } = running;
  const server = {
    port,
    token,
    cut: () => running.cut(),
    async restart() {
      await running.close();
      running = await start(port);
    },
  };
  const visit = new Visit(language, server);
  try {
    await act(visit);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    visit.client.close();
    await running.close();
  }
}

const figures = [];
after(() => console.log(figures.map((line) => `# ${line}`).join('\n')));

for (const [name, language] of Object.entries(LANGUAGES)) {
  const lack = missing(language);
  nodeTest(name, { skip: lack, timeout: TEST_MS * 20 }, async (t) => {
    build(language);
    const tally = { works: 0, own: [] };
    for (const [sentence, act] of Object.entries(CASES)) {
      await t.test(`${name}: ${sentence}`, { timeout: TEST_MS }, async () => {
        const here = await attempt(language, START.service, act);
        const limit = LIMITS[name][sentence];
        if (!here) tally.works += 1;
        else if (!(await attempt(language, START.control, act))) throw here;
        else if (limit) tally.own.push(`${sentence} (${limit})`);
        else throw new Error(`fails at Socket.IO's own server, too: ${here.message}`);
      });
    }
    const total = Object.keys(CASES).length;
    const own = tally.own.length > 0 ? `; fail at both: ${tally.own.join('; ')}` : '';
    figures.push(`${name}, ${language.version()}: ${tally.works} of ${total} work${own}`);
  });
  if (lack) figures.push(`${name}: not tried, ${lack}`);
}
