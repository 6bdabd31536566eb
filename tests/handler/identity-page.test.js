// A page with no access key anywhere: the app's managed identity opens the service, and the host's
// function key is all that says who may deliver events. What the identity endpoint and the clocks
// do meanwhile is none of the page's business.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { test, before, after } from '../lib/test.js';
import { eventually, pause } from '../lib/deadline.js';
import { CONNECTION, deploy, FUNCTION_KEY } from '../lib/deployment.js';
import { connectBody, joinRoom, newPeer, newRoom, systemEvent } from '../lib/events.js';
import { request } from '../lib/http.js';
import {
  ENTRA_TOKEN, IDENTITY_HEADER, startIdentityEndpoint,
} from '../lib/identity-endpoint.js';
import { startProxy } from '../lib/reverse-proxy.js';
import { Crowd, negotiate, TRANSPORTS } from '../lib/sockets.js';
import { freePort } from '../lib/stack.js';

const SERVICE_KEY = randomBytes(32).toString('base64'); // that of the service alone
const SECRET = 'a secret of the tests, long enough to be one';

const PAUSE_MS = 15_000; // the handler asks for no token sooner after the last time
const SHORT_LIFE = 2 * PAUSE_MS / 1000 + 2; // seconds; half of it is more than the pause
const LONGER_LIFE = SHORT_LIFE + 12; // leaves time for what comes before
const HOUR = 3600;
const SLOW_MS = 2000;
const TYPING_MS = 200;

/** Deployments, with the identity endpoint of each. */
const apps = {};
const closers = [];

before(async () => {
  await Promise.all([
    start('plain'),
    start('renewing', { life: SHORT_LIFE }),
    start('clock ahead', { life: -600 }),
    start('clock behind', { life: HOUR }),
    start('refused renewal', { life: LONGER_LIFE }),
    start('without a role', { roles: [] }),
  ]);
});
after(async () => {
  const ended = await Promise.allSettled(closers.map((close) => close()));
  for (const { reason } of ended) assert.ifError(reason);
});

/**
 * An app with an identity.
 * @param {string} name
 * @param {{ life?: number, delayMs?: number, roles?: string[], env?: object }} setup life: each
 *   question gets a new token that ends in so many seconds, else always the same; delayMs: how
 *   slow the endpoint is; roles: the tokens that the service takes from the beginning
 */
async function start(name, { life, delayMs, roles = [ENTRA_TOKEN], env = {} } = {}) {
  const startedMs = Date.now(); // before it can have asked for anything
  const identity = await startIdentityEndpoint();
  closers.push(() => identity.close());
  const tokens = [...roles];
  if (life !== undefined) identity.answerWith(() => newToken(tokens, life));
  const proxy = delayMs ? await startProxy({ delayMs }) : null;
  if (proxy) closers.push(() => proxy.close());
  const app = await deploy({
    service: { accessKeys: [SERVICE_KEY], identityTokens: tokens },
    handler: ({ endpoint }) => ({
      ...(proxy ? identityBehind(proxy, identity) : identity.env),
      [CONNECTION]: undefined,
      [`${CONNECTION}__endpoint`]: endpoint,
      [`${CONNECTION}__credential`]: 'managedidentity',
      CODESTREAM_SECRET: SECRET,
      CODESTREAM_LOOPS: '1',
      ...env,
    }),
  });
  closers.push(() => app.close());
  apps[name] = Object.assign(app, { identity, tokens, startedMs });
  return apps[name];
}

/** The app of that name while its first token serves; on a busy machine that is another one. */
function beforeRenewal(name, life) {
  const renewalMs = apps[name].startedMs + life * 1000 / 2;
  return Date.now() < renewalMs - SLOW_MS ? apps[name] : start(name, { life });
}

/** A token that the service takes from now on, in the answer of the identity endpoint. */
function newToken(tokens, life) {
  const token = `entra.${randomBytes(12).toString('base64url')}.signature`;
  tokens.push(token);
  const expires = String(Math.trunc(Date.now() / 1000) + life);
  return { status: 200, body: JSON.stringify({ access_token: token, expires_on: expires }) };
}

function identityBehind(proxy, { env }) {
  const { port, pathname } = new URL(env.IDENTITY_ENDPOINT);
  proxy.to(Number(port));
  return { ...env, IDENTITY_ENDPOINT: `http://127.0.0.1:${proxy.port}${pathname}` };
}

/** People of an app, for one test. */
async function withPeople(app, check, transports = TRANSPORTS.websocket) {
  const crowd = new Crowd(app.host.url, transports);
  try {
    await check(crowd);
  } finally {
    crowd.close();
  }
}

/** The writer types until `done` says so; every word must arrive. */
async function typeUntil({ writer, viewers: [viewer], room }, done, ms) {
  let count = 0;
  await eventually(ms, async () => {
    count += 1;
    const answer = await writer.ask('sendToRoom', { room_id: room, data: { n: count } });
    assert.deepEqual(answer, { success: true }, `word ${count}`);
    await viewer.message('editorMessage', ({ data }) => data.n === count);
    await pause(TYPING_MS);
    return done();
  }, 'what the writer types for');
}

// ---- the page's way ----

test('no access key is in the environment of the handler', async () => {
  const { host } = apps.plain;
  const environment = await readFile(`/proc/${host.handlerPid}/environ`, 'utf8');
  assert.ok(environment.includes('IDENTITY_ENDPOINT='));
  assert.ok(!environment.includes(SERVICE_KEY));
  assert.doesNotMatch(environment, /AccessKey|ConnectionString=/i);
});

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  test(`a page streams without any access key, by ${name}`, async () => {
    await withPeople(apps.plain, async (crowd) => {
      const { writer, viewers: [first, second], room } = await crowd.room(2);
      await writer.ask('sendToRoom', { room_id: room, data: { text: 'one' } });
      for (const viewer of [first, second]) {
        assert.deepEqual((await viewer.message('editorMessage')).data, { text: 'one' });
      }
      await first.ask('sendToRoom', { room_id: room, data: { data: 'sync' } });
      const wish = await writer.message('editorMessage');
      assert.deepEqual(wish.data, { data: 'sync' });
      assert.equal(wish.from, first.id);
      await writer.ask('sendToRoom', { room_id: room, to: wish.from, data: { text: 'all' } });
      assert.deepEqual((await first.message('editorMessage')).data, { text: 'all' });
      await writer.ask('sendToRoom', { room_id: room, data: { text: 'two' } });
      await second.message('editorMessage', ({ data }) => data.text === 'two');
      assert.ok(!second.heard().some(({ data }) => data.text === 'all'), 'only who asked is told');
    }, transports);
  });
}

test('the writer comes back into the room with its key', async () => {
  await withPeople(apps.plain, async (crowd) => {
    const { writer, viewers: [viewer], room } = await crowd.room(1);
    writer.close();
    const again = await crowd.join({ room, key: writer.session.writer_key });
    assert.equal(again.session.role, 'writer');
    await again.ask('sendToRoom', { room_id: room, data: 'I am back' });
    assert.equal((await viewer.message('editorMessage')).data, 'I am back');
  });
});

test('all of it took one token of the identity', () => {
  assert.equal(apps.plain.identity.asked.all.length, 1);
});

test('the host lets no event through without the function key', async () => {
  const { host } = apps.plain;
  const peer = newPeer('w', newRoom());
  const events = [
    systemEvent(peer, 'connect', connectBody(peer)),
    joinRoom(peer, peer.room, { ack: 1 }),
  ];
  for (const event of events) {
    for (const query of ['', '?code=', '?code=x', `?code=${FUNCTION_KEY}x`]) {
      const answer = await request(host.port, { ...event, path: `${event.path}${query}` });
      assert.equal(answer.status, 401, `${query}: ${answer.text}`);
    }
  }
});

// ---- slowness and refusal ----

test('who comes while the identity endpoint is slow waits, and is let in', async () => {
  const { host, identity } = await start('slow', { delayMs: SLOW_MS });
  const sessions = await Promise.all(Array.from({ length: 20 }, () => negotiate(host.url)));
  assert.equal(new Set(sessions.map((session) => session.room_id)).size, 20);
  assert.equal(identity.asked.all.length, 1);
  await withPeople(apps.slow, async (crowd) => {
    await typeUntil(await crowd.room(1), () => true, 2000);
  });
});

test('an identity endpoint that is not there is told apart in answer and log', async () => {
  const env = { IDENTITY_ENDPOINT: `http://127.0.0.1:${await freePort()}/msi/token` };
  const { host, handlerLines } = await start('without an endpoint', { env });
  await assert.rejects(negotiate(host.url), /answered 503: .*cannot connect/);
  assert.ok(handlerLines.some((line) => /level=error event=identity .*cannot connect/.test(line)));
});

test('an identity without its role at the service is refused until it has it', async () => {
  const app = apps['without a role'];
  await assert.rejects(negotiate(app.host.url), /answered 503/);
  app.tokens.push(ENTRA_TOKEN);
  await withPeople(app, async (crowd) => {
    const people = await crowd.room(1);
    const { writer, room } = people;
    app.tokens.splice(0);
    const refused = await writer.ask('sendToRoom', { room_id: room, data: 'lost' });
    assert.equal(refused.error?.code, 'Upstream');
    app.tokens.push(ENTRA_TOKEN);
    await typeUntil(people, () => true, 2000);
  });
});

// ---- renewal and clocks ----

test('a clock ahead of Azure\'s makes no token look spent', async () => {
  const app = apps['clock ahead'];
  await withPeople(app, async (crowd) => {
    const people = await crowd.room(1);
    let words = 0;
    await typeUntil(people, () => (words += 1) === 10, 10_000);
  });
  const ages = Math.trunc((Date.now() - app.startedMs) / PAUSE_MS);
  assert.ok(app.identity.asked.all.length <= 1 + ages, 'it asks for a token again and again');
});

test('a token is renewed while the old one serves, and nobody notices',
  { timeout: 40_000 }, async () => {
    const { identity, tokens } = apps.renewing;
    await withPeople(apps.renewing, async (crowd) => {
      const people = await crowd.room(1);
      const before = identity.asked.all.length;
      await typeUntil(people, () => identity.asked.all.length > before, PAUSE_MS + 8000);
      tokens.splice(0, tokens.length - 1);
      await typeUntil(people, () => true, 2000);
      assert.equal(identity.asked.all.length, before + 1);
    });
  });

test('a renewal that is refused costs nobody a word while the old token serves',
  { timeout: 60_000 }, async () => {
    const app = await beforeRenewal('refused renewal', LONGER_LIFE);
    const { identity } = app;
    identity.answerWith(() => ({ status: 500, body: '{}' }));
    await withPeople(app, async (crowd) => {
      const people = await crowd.room(1);
      await typeUntil(people, () => identity.asked.all.length > 1, LONGER_LIFE * 1000 / 2);
      let words = 0;
      await typeUntil(people, () => (words += 1) === 5, 4000);
      assert.equal(identity.asked.all.length, 2);
    });
  });

test('a clock behind Azure\'s: a token that the service takes no more is asked for anew',
  { timeout: 40_000 }, async () => {
    const { host, identity, tokens } = apps['clock behind'];
    await negotiate(host.url);
    tokens.splice(0);
    const asked = identity.asked.all.length;
    await eventually(PAUSE_MS + 3000, async () => {
      await pause(TYPING_MS);
      return negotiate(host.url).catch(() => null);
    }, 'a new token');
    assert.equal(identity.asked.all.length, asked + 1);
  });

test('nothing secret is in any line of handler, host or service', () => {
  const keys = [SERVICE_KEY, SECRET, FUNCTION_KEY, IDENTITY_HEADER, ENTRA_TOKEN];
  for (const [name, app] of Object.entries(apps)) {
    const lines = [...app.handlerLines, ...app.hostLines, ...app.serviceLines];
    assert.ok(app.handlerLines.length > 0, name);
    for (const secret of [...keys, ...app.tokens]) {
      assert.ok(!lines.some((line) => line.includes(secret)), `${name}: ${secret}`);
    }
    assert.ok(!lines.some((line) => /eyJ(hbGciOi|0eXAiOi)/.test(line)), `${name}: a client token`);
  }
});
