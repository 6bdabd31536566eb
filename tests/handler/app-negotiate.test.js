// An application decides at negotiate who a caller is: `names` of tests/apps, whose hook is five
// lines, serves pages of the kind that Microsoft's serverless samples have. They ask negotiate for
// endpoint, path and token, by GET and perhaps with ?userId=, connect with the token in the query,
// emit `chat` and hear `new message` with a name and a text.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { FUNCTION_KEY, withDeployment } from '../lib/deployment.js';
import { within } from '../lib/deadline.js';
import { connectionString, startHandler } from '../lib/handler.js';
import { request } from '../lib/http.js';
import { test } from '../lib/test.js';

const SERVICE = connectionString('https://example.webpubsub.azure.com');
const HEARD_MS = 10_000;
const PRINCIPAL = 'X-MS-CLIENT-PRINCIPAL-NAME';

async function withNames(env, check) {
  const handler = await startHandler({
    service: SERVICE, env, app: 'names',
  });
  try {
    await check((path = '', options = {}) => request(handler.port, {
      path: `/api/negotiate${path}`, ...options,
    }));
  } finally {
    await handler.stop();
  }
}

function subjectOf(answer) {
  assert.equal(answer.status, 200, answer.text);
  const { token, user_id: user } = answer.json();
  const { sub } = JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));
  assert.equal(sub, user, 'the answer says who the token is for');
  return sub;
}

test('the user is who ?userId= says, whatever the characters', async () => {
  await withNames({}, async (ask) => {
    for (const name of ['ann', 'Ann O\'Neill', 'Zoë', '"\\', '李雷', 'a&b=c', '\u{1f600}', 'w.room']) {
      assert.equal(subjectOf(await ask(`?userId=${encodeURIComponent(name)}`)), name);
    }
    assert.equal(subjectOf(await ask('?userId=ann', { method: 'POST' })), 'ann');
    assert.equal(subjectOf(await ask('?userId=ann&userId=bob')), 'ann', 'the first counts');
  });
});

test('who names nobody is somebody new each time', async () => {
  await withNames({}, async (ask) => {
    const [one, other] = [subjectOf(await ask()), subjectOf(await ask())];
    assert.match(one, /^[A-Za-z0-9_-]{22}$/);
    assert.notEqual(one, other);
  });
});

test('what is no name is refused in words', async () => {
  await withNames({}, async (ask) => {
    for (const [name, status, code] of [
      ['', 401, 'Unauthorized'], ['%0A', 400, 'BadRequest'], ['a%00b', 400, 'BadRequest'],
      ['%20ann', 400, 'BadRequest'], ['ann%09', 400, 'BadRequest'], ['%FF', 400, 'BadRequest'],
      ['x'.repeat(257), 400, 'BadRequest'],
    ]) {
      const answer = await ask(`?userId=${name}`);
      assert.equal(answer.status, status, `${name}: ${answer.text}`);
      assert.equal(answer.json().error.code, code);
    }
    assert.equal(subjectOf(await ask(`?userId=${'x'.repeat(256)}`)).length, 256);
  });
});

// ---- the platform's user ----

for (const value of ['true', 'True', 'TRUE', 'tRUE']) {
  test(`with WEBSITE_AUTH_ENABLED=${value} the platform's user is the user`, async () => {
    await withNames({ WEBSITE_AUTH_ENABLED: value }, async (ask) => {
      for (const header of [PRINCIPAL, PRINCIPAL.toLowerCase()]) {
        const headers = { [header]: 'ann@example.org' };
        assert.equal(subjectOf(await ask('', { headers })), 'ann@example.org');
        assert.equal(subjectOf(await ask('?userId=bob', { headers })), 'ann@example.org');
      }
      assert.equal(subjectOf(await ask('?userId=bob')), 'bob', 'whom it let through unnamed');
      const twice = [[PRINCIPAL, 'ann@example.org'], [PRINCIPAL.toLowerCase(), 'eve@example.org']];
      for (const headers of [twice, [...twice].reverse()]) {
        assert.equal(subjectOf(await ask('?userId=bob', { headers })), 'bob', 'one is not the platform\'s');
      }
    });
  });
}

for (const value of [undefined, '', 'false', '1', 'yes', 'true ', 'truest']) {
  test(`with WEBSITE_AUTH_ENABLED=${value} the platform's header is anybody's, and ignored`,
    async () => {
      const env = value === undefined ? {} : { WEBSITE_AUTH_ENABLED: value };
      await withNames(env, async (ask) => {
        const headers = { [PRINCIPAL]: 'ann@example.org' };
        assert.match(subjectOf(await ask('', { headers })), /^[A-Za-z0-9_-]{22}$/);
        assert.equal(subjectOf(await ask('?userId=bob', { headers })), 'bob');
      });
    });
}

test('a body cannot say whom the platform has signed in', async () => {
  const headers = { 'Content-Type': 'application/json', [PRINCIPAL]: 'bob@example.org' };
  for (const name of [PRINCIPAL, PRINCIPAL.toLowerCase()]) {
    const req = { Url: 'https://app/api/negotiate', Method: 'GET', Headers: { [name]: ['ann'] } };
    const body = JSON.stringify({ Data: { req }, Metadata: {} });
    await withNames({ WEBSITE_AUTH_ENABLED: 'true' }, async (ask) => {
      const answer = await ask('', { method: 'POST', headers, body });
      assert.doesNotMatch(answer.text, /token|ann/, answer.text);
    });
  }
});

test('Codestream asks nobody who they are', async () => {
  const env = { WEBSITE_AUTH_ENABLED: 'true' };
  const handler = await startHandler({ service: SERVICE, env });
  try {
    const headers = { [PRINCIPAL]: 'ann@example.org' };
    const { token, role } = (await request(handler.port, { path: '/negotiate', headers })).json();
    assert.equal(role, 'writer');
    assert.doesNotMatch(Buffer.from(token.split('.')[1], 'base64url').toString(), /ann@/);
  } finally {
    await handler.stop();
  }
});

// ---- pages ----

/** What a page of the samples does; `said` is what it shows. */
async function openPage(origin, query = '') {
  const answer = await fetch(new URL(`/api/negotiate${query}`, origin));
  assert.ok(answer.ok, `negotiate: ${answer.status}`);
  const { endpoint, path, token } = await answer.json();
  const socket = io(endpoint, { path, query: { access_token: token }, forceNew: true });
  const said = [];
  const waiting = [];
  socket.on('new message', (who, text) => {
    said.push([who, text]);
    waiting.splice(0).forEach((check) => check());
  });
  await within(HEARD_MS, new Promise((resolve, reject) => {
    socket.on('connect', resolve);
    socket.on('connect_error', reject);
  }), 'the page is connected');
  return {
    said,
    say: (text) => socket.emit('chat', text),
    /** @returns {Promise<any[]>} once so many messages have come */
    hears: (count) => within(HEARD_MS, (async () => {
      while (said.length < count) await new Promise((resolve) => { waiting.push(resolve); });
      return said;
    })(), `${count} messages`),
    close: () => socket.disconnect(),
  };
}

/** The samples have the usual prefix of Functions. */
const deployment = {
  app: 'names',
  edit: { 'host.json': (json) => { json.extensions = { http: { routePrefix: 'api' } }; } },
  event: ({ url }) => ({ urlTemplate: `${url}/api/eventhandler?code=${FUNCTION_KEY}` }),
};

test('pages of the kind that asks with a name chat by their names', async () => {
  await withDeployment(deployment, async ({ host }) => {
    const [ann, bob] = [await openPage(host.url, '?userId=ann'),
      await openPage(host.url, '?userId=Bob B')];
    ann.say('hello');
    assert.deepEqual(await bob.hears(1), [['ann', 'hello']]);
    bob.say('"hi", ä');
    const both = [['ann', 'hello'], ['Bob B', '"hi", ä']];
    assert.deepEqual(await ann.hears(2), both, 'who speaks hears it too');
    assert.deepEqual(await bob.hears(2), both);
    ann.close();
    bob.close();
  });
});

test('pages of the kind that asks without a name chat as somebody', async () => {
  await withDeployment(deployment, async ({ host }) => {
    const [one, other] = [await openPage(host.url), await openPage(host.url)];
    one.say('hello');
    const [[name, text]] = await other.hears(1);
    assert.equal(text, 'hello');
    assert.equal(name.substring(0, 5).length, 5, 'the page shows the beginning');
    other.say('who is there?');
    const [, [another]] = await one.hears(2);
    assert.notEqual(another, name);
    one.close();
    other.close();
  });
});
