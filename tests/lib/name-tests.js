// What is promised of names, as tests of a handler that runs in some place: one that has name
// servers and /etc/hosts as a test wants them.
import assert from 'node:assert/strict';
import http from 'node:http';
import net from 'node:net';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { makeCertificates, SERVICE_NAME as NAME } from './certificates.js';
import { eventually, pause } from './deadline.js';
import { readAck, sendToRoom } from './events.js';
import { startHandler } from './handler.js';
import { Connection, request } from './http.js';
import { NameServer, TROUBLES } from './name-server.js';
import { newParty } from './recorded.js';
import { SecureService } from './secure-service.js';
import { after, before, test } from './test.js';

/** Where name servers are, and one address at which nobody listens. */
const SERVERS = ['127.0.53.1', '127.0.53.2'];
const NOBODY = '127.0.53.99';
const NOBODY_BY_IPV6 = '::ffff:7f00:3563';

/** What an event may take with one name server of two in trouble. */
const PROMISED_MS = 1_500;
/** For what only has to come: a busy machine is no failure. */
const PATIENCE_MS = 10_000;

const BOTH = [`A ${NAME}`, `AAAA ${NAME}`];

export class NameTests {
  #place;
  #certificates;
  #servers = [];
  service;

  /** @param {() => Promise<object>} makePlace see other-names.js */
  constructor(makePlace) {
    before(async () => {
      this.#place = await makePlace();
      this.#certificates = await makeCertificates();
      this.service = await SecureService.start(NAME, this.#certificates.valid,
        ['127.0.0.1', '::1']);
      // Each event needs a connection of its own, and so the addresses.
      this.service.recorder.answerWith(() => ({ status: 202, headers: { Connection: 'close' } }));
      for (const address of SERVERS) {
        const server = await NameServer.start(address, this.#place.port);
        this.#place.port = server.port;
        this.#servers.push(server);
      }
    });
    after(async () => {
      for (const server of this.#servers) server.close();
      await this.service?.close();
      await this.#certificates?.remove();
      await this.#place?.remove();
    });
  }

  /**
   * A test with a handler of one loop, as many well-meaning name servers as it wants, who know
   * the service, and nothing in /etc/hosts.
   * @param {string} sentence
   * @param {{ servers?: number, hosts?: string, env?: () => object | Promise<object>, restMs?: number }} options
   * @param {(app: App) => Promise<void>} body
   */
  test(sentence, { servers = 1, hosts = '', env = () => ({}), restMs = 5_000 }, body) {
    test(sentence, { timeout: 40_000 }, async () => {
      const names = await this.#freshServers(servers);
      const settings = await this.#place.settings({
        resolvConf: resolvConf(names),
        hosts,
        authority: readFileSync(this.#certificates.authorityFile, 'utf8'),
      });
      const handler = await startHandler({
        service: this.service.connectionString,
        env: {
          ...settings, CODESTREAM_LOOPS: '1', CODESTREAM_REST_TIMEOUT_MS: String(restMs), ...await env(),
        },
      });
      const app = new App(handler, names, this.service, this.#place);
      try {
        await body(app);
        assert.deepEqual(this.service.recorder.faults, []);
      } finally {
        await handler.stop();
      }
    });
  }

  async #freshServers(count) {
    this.service.recorder.forget();
    this.service.connections.length = 0;
    for (const server of this.#servers) {
      server.close();
      await server.open(this.#place.port);
      server.names = { [NAME]: { A: ['127.0.0.1'] } };
      server.asked = [];
      server.manner = 'well';
      server.mannerFor = null;
      server.isLengthy = false;
    }
    return this.#servers.slice(0, count);
  }
}

const resolvConf = (servers) => servers.map(({ address }) => `nameserver ${address}\n`).join('');

class App {
  constructor(handler, names, service, place) {
    Object.assign(this, { handler, names, service, place });
  }

  /** What the client is told of an event. */
  async send(ms) {
    const { writer } = newParty();
    return readAck(await request(this.handler.port, sendToRoom(writer, '1', { ack: 1 }), ms)).value;
  }

  async succeeds() {
    assert.deepEqual(await this.send(), { success: true }, this.handler.stderr.at(-1));
  }

  async fails(reason) {
    const value = await this.send(PATIENCE_MS);
    assert.equal(value.error?.code, 'Upstream', JSON.stringify(value));
    await eventually(PATIENCE_MS, () => this.handler.stderr.some((line) => reason.test(line)),
      `a line with ${reason}`);
  }

  /** Sooner or later an event succeeds, and those before it were told that they did not. */
  async recovers() {
    await eventually(PATIENCE_MS, async () => (await this.send()).success, 'an event that succeeds');
  }

  writeResolvConf(servers) {
    return this.place.writeResolvConf(resolvConf(servers));
  }
}

function getInTrouble(server, trouble) {
  if (trouble === 'closed') server.close();
  else server.manner = trouble;
}

/** It leads every host name to this machine. */
async function startProxy() {
  const proxy = http.createServer();
  proxy.on('connect', ({ url }, socket) => {
    const inner = net.connect(Number(url.split(':').pop()), '127.0.0.1');
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    for (const one of [socket, inner]) one.on('error', () => {});
    socket.pipe(inner).pipe(socket);
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  return proxy;
}

/**
 * Of two name servers the first is in trouble.
 * @param {number} withinMs after which the handler gives up an event
 */
export function testTroubles(names, troubles, withinMs) {
  for (const trouble of troubles) {
    names.test(`the first of two name servers is ${trouble}: the second is asked in time`, {
      servers: 2, restMs: withinMs,
    }, async (app) => {
      const [first, second] = app.names;
      getInTrouble(first, trouble);
      await app.succeeds();
      assert.deepEqual([...new Set(second.asked)].sort(), BOTH);
      const asked = first.asked.length + second.asked.length;
      await app.succeeds();
      assert.equal(first.asked.length + second.asked.length, asked, 'what is known is not asked');
    });
  }
}

/** All that takes little time. */
export function testExamples(names) {
  testTroubles(names, ['silent', 'answering in a broken form'], 5_000);

  names.test('a name is asked for once, by the handler and by nobody else', {}, async (app) => {
    const [server] = app.names;
    server.manner = 'silent';
    const threads = () => readdirSync(`/proc/${app.handler.pid}/task`).length;
    const before_ = threads();
    const many = Array.from({ length: 20 }, () => app.send());
    await eventually(PATIENCE_MS, () => server.asked.length >= 2, 'questions');
    assert.equal(threads(), before_, 'somebody waits in a thread of his own');
    server.manner = 'well';
    for (const value of await Promise.all(many)) assert.deepEqual(value, { success: true });
    assert.deepEqual([...new Set(server.asked)].sort(), BOTH);
    const questions = (type) => server.asked.filter((one) => one.startsWith(`${type} `)).length;
    assert.ok(questions('A') < many.length / 2, `${server.asked}`);
    assert.ok(app.service.connections.length >= 20);
  });

  names.test('a name server that never answers costs events their time, and nobody else', {
    restMs: 2_000,
  }, async (app) => {
    const [server] = app.names;
    server.manner = 'silent';
    const other = await Connection.open(app.handler.port);
    let isOver = false;
    const late = app.fails(/timed out while the host name was looked up/).then(() => {
      isOver = true;
    });
    let served = 0;
    while (!isOver) {
      assert.equal((await other.request({ path: '/negotiate' })).status, 200);
      if (!isOver) served += 1;
    }
    await late;
    other.close();
    // One could have waited for the end of it.
    assert.ok(served > 2, `${served} others were served`);
    server.manner = 'well';
    await app.recovers();
  });

  names.test('what has outlived its time serves while nobody can say anything newer', {
    restMs: 3_000,
  }, async (app) => {
    const [server] = app.names;
    server.names[NAME].ttl = 0;
    await app.succeeds();
    server.manner = 'silent';
    server.asked = [];
    await eventually(PATIENCE_MS, async () => {
      await app.succeeds();
      return server.asked.length > 0;
    }, 'the next look-up');
    for (let i = 0; i < 10; i += 1) await app.succeeds();
  });

  names.test('a name in /etc/hosts needs no name server', {
    hosts: `${NOBODY} ${NAME}\n127.0.0.1 other ${NAME}\n`,
  }, async (app) => {
    await app.succeeds();
    assert.deepEqual(app.names[0].asked, []);
  });

  names.test('the first address refuses, the next is tried, of whichever family', {}, async (app) => {
    app.names[0].names[NAME] = { A: [NOBODY], AAAA: [NOBODY_BY_IPV6, '::1'] };
    await app.succeeds();
  });

  names.test('when all name servers have failed, /etc/resolv.conf is read again', {
    servers: 2,
  }, async (app) => {
    const [first, second] = app.names;
    await app.writeResolvConf([]);
    first.close();
    second.manner = 'refusing (REFUSED)';
    await app.fails(/no name server answers/);
    await first.open(app.place.port);
    await app.writeResolvConf([first]);
    await app.recovers();
  });
}

/** The rest of what is promised. */
export function testAll(names) {
  testTroubles(names, TROUBLES, PROMISED_MS);
  testExamples(names);

  names.test('a name server that does not answer for IPv6 is not waited for', {
    restMs: PROMISED_MS,
  }, async (app) => {
    app.names[0].manner = 'silent about IPv6';
    await app.succeeds();
    await app.succeeds();
  });

  for (const trouble of ['failing (SERVFAIL)', 'refusing (REFUSED)', 'sending questions back']) {
    names.test(`the only name server is ${trouble}, but only once: no event fails`, {}, async (app) => {
      const [server] = app.names;
      const answered = new Set();
      server.mannerFor = ({ type }) => {
        const isFirst = !answered.has(type);
        answered.add(type);
        return isFirst ? trouble : 'well';
      };
      await app.succeeds();
    });
  }

  for (const trouble of TROUBLES.filter((one) => one !== 'late')) {
    names.test(`the only name server is ${trouble}: what is known serves on`, {}, async (app) => {
      const [server] = app.names;
      server.names[NAME].ttl = 0;
      await app.succeeds();
      getInTrouble(server, trouble);
      const since = Date.now();
      while (Date.now() - since < 2_500) {
        await app.succeeds();
        await pause(100);
      }
    });
  }

  names.test('an answer without time to live serves for a second', {}, async (app) => {
    const [server] = app.names;
    server.names[NAME].ttl = 0;
    const since = performance.now();
    for (let i = 0; i < 50; i += 1) await app.succeeds();
    const seconds = (performance.now() - since) / 1000;
    const rounds = server.asked.filter((one) => one.startsWith('A ')).length;
    // One for each connection would be many more, unless the machine is too slow to tell.
    assert.ok(rounds <= 2 * seconds + 2, `${rounds} look-ups in ${seconds} s`);
  });

  names.test('an alias of an alias leads to the service', {}, async (app) => {
    app.names[0].names = {
      [NAME]: { CNAME: 'one.test' },
      'one.test': { CNAME: 'two.test' },
      'two.test': { A: ['127.0.0.1'] },
    };
    await app.succeeds();
  });

  names.test('a service that has only an IPv6 address is reached', {}, async (app) => {
    app.names[0].names[NAME] = { AAAA: ['::1'] };
    await app.succeeds();
  });

  names.test('an answer that is too long for a datagram comes over TCP', {}, async (app) => {
    app.names[0].isLengthy = true;
    await app.succeeds();
  });

  names.test('a name that nobody knows is told as such, and is known when it is', {}, async (app) => {
    const known = app.names[0].names;
    app.names[0].names = {};
    await app.fails(/the host name does not resolve/);
    app.names[0].names = known;
    await app.recovers();
  });

  names.test('a service that has moved is found before its old address has outlived its time', {
  }, async (app) => {
    app.names[0].names[NAME] = { A: [NOBODY], ttl: 300 };
    await app.fails(/cannot connect/);
    app.names[0].names[NAME] = { A: ['127.0.0.1'], ttl: 300 };
    await app.recovers();
  });

  for (const [host, expected] of [['proxy.test', ['A proxy.test', 'AAAA proxy.test']],
    ['127.0.0.1', []]]) {
    let proxy;
    names.test(`through a proxy at ${host}, its name is looked up and the service's is not`, {
      env: async () => {
        proxy = await startProxy();
        return { https_proxy: `http://${host}:${proxy.address().port}` };
      },
    }, async (app) => {
      app.names[0].names = { 'proxy.test': { A: ['127.0.0.1'] } };
      await app.succeeds();
      proxy.close();
      assert.deepEqual([...new Set(app.names[0].asked)].sort(), expected);
    });
  }

  names.test('a host that needs no proxy is reached without', {
    env: () => ({ https_proxy: 'http://proxy.test:1', no_proxy: 'example.com, webpubsub.test' }),
  }, async (app) => {
    await app.succeeds();
    assert.deepEqual([...new Set(app.names[0].asked)].sort(), BOTH);
  });
}
