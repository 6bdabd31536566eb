// The REST interface of the Web PubSub stand-in: every operation, who may call it, and the errors.

import assert from 'node:assert/strict';

import { startWebPubSub } from '../webpubsub/service.js';
import { groupOf } from '../webpubsub/groups.js';
import { signToken, verifyToken } from '../webpubsub/token.js';
import {
  RawSocket,
  clientToken,
  clientUrl,
  inTime,
  request,
  rest,
  until,
} from './testing.js';
import { test } from './test.js';

const HUB = 'chat';
const BASE = `/api/hubs/${HUB}`;
const [A, B, C] = ['A', 'B', 'C'].map((room) => groupOf('/', room));

async function start(t, options = {}) {
  const service = await startWebPubSub({ hubs: { [HUB]: {} }, ...options });
  const sockets = [];
  t.after(async () => {
    sockets.forEach(({ socket }) => socket.terminate());
    await service.close();
  });
  const call = (method, path, more) => rest(service, method, path, more);
  return {
    service,
    call,
    /** A client in namespace / and in the given groups. */
    async client(sub, ...groups) {
      const token = clientToken(service, HUB, { sub });
      const socket = new RawSocket(
        clientUrl(service, HUB, { transport: 'websocket', access_token: token }, 'ws'),
      );
      sockets.push(socket);
      const { sid: id } = JSON.parse((await socket.next()).slice(1));
      socket.send('40');
      const { sid: socketId } = JSON.parse((await socket.next()).slice(2));
      for (const group of groups) {
        assert.equal((await call('PUT', `${BASE}/groups/${group}/connections/${id}`)).status, 200);
      }
      return { id, socketId, socket, own: groupOf('/', socketId) };
    },
    groupsOf: ({ id }) => [...service.hub(HUB).connections.get(id).groups].sort(),
  };
}

/** The packets that each client gets before the marker that everybody is sent. */
async function received(call, ...clients) {
  assert.equal((await call('POST', `${BASE}/:send`, { body: '42["end"]' })).status, 202);
  return Promise.all(
    clients.map(async ({ socket }) => {
      const packets = [];
      for (;;) {
        const packet = await socket.packet();
        if (packet === '42["end"]') return packets;
        packets.push(packet);
      }
    }),
  );
}

const query = (parameters) => new URLSearchParams(parameters).toString();

// --- who may call -----------------------------------------------------------------------------

test('aud has to be the exact URL of the request, query included', async (t) => {
  const { service, call } = await start(t);
  const path = `${BASE}/:send?filter=true`;
  const url = `${service.endpoint}${path}&api-version=2024-12-01`;
  const status = async (aud, options = {}) =>
    (await call('POST', path, { body: '42["x"]', aud, ...options })).status;
  assert.equal(await status(url), 202);
  assert.equal(await status(url.split('?')[0]), 401);
  assert.equal(await status(url.replace('localhost', '127.0.0.1')), 401);
  assert.equal(await status(url.toUpperCase()), 401);
  assert.equal(await status(`${url}&x=1`), 401);
  assert.equal(await status([url, 'other']), 202);
});

test('aud may leave out the query and ignore case only when it is set so', async (t) => {
  const { service, call } = await start(t, { audience: 'lenient' });
  const aud = `${service.endpoint}${BASE}/:SEND`;
  assert.equal(
    (await call('POST', `${BASE}/:send?filter=true`, { body: '42["x"]', aud })).status,
    202,
  );
});

test('a bearer token is needed, from either key, and not expired', async (t) => {
  const keys = ['a'.repeat(32), 'b'.repeat(32)];
  const { service, call } = await start(t, { accessKeys: keys, identityTokens: ['from-entra'] });
  const path = `${BASE}/users/ann`;
  const aud = `${service.endpoint}${path}?api-version=2024-12-01`;
  const exp = Math.floor(Date.now() / 1000) + 60;
  const status = async (token) => (await call('HEAD', path, { token })).status;
  assert.equal(await status(signToken({ aud, exp }, keys[0])), 404);
  assert.equal(await status(signToken({ aud, exp }, keys[1])), 404);
  assert.equal(await status('from-entra'), 404);
  assert.equal(await status(signToken({ aud, exp }, 'c'.repeat(32))), 401);
  assert.equal(await status(signToken({ aud, exp: exp - 1000 }, keys[0])), 401);
  assert.equal(await status(signToken({ aud }, keys[0])), 401);
  const bare = await request(`http://127.0.0.1:${service.port}${path}?api-version=2024-12-01`);
  assert.equal(bare.status, 405);
  const none = await request(`http://127.0.0.1:${service.port}${path}?api-version=2024-12-01`, {
    method: 'HEAD',
  });
  assert.equal(none.status, 401);
});

test('errors have a code in the header and a JSON body', async (t) => {
  const { call } = await start(t);
  const { status, headers, text } = await call('POST', `${BASE}/:send?filter=nonsense`, {
    body: 'x',
  });
  assert.equal(status, 400);
  assert.equal(headers['x-ms-error-code'], 'Error.BadRequest');
  assert.match(headers['content-type'], /^application\/problem\+json/);
  const error = JSON.parse(text);
  assert.equal(error.code, 'Error.BadRequest');
  assert.equal(error.target, 'filter');
  assert.deepEqual(error.errors, { filter: [error.message] });
});

test('what is wrong is refused with its own status', async (t) => {
  const { call, service } = await start(t, { restBodyLimit: 1000 });
  const json = 'application/json';
  const cases = [
    ['POST', '/api/nothing', {}, 404],
    ['POST', `${BASE}/:explode`, {}, 404],
    ['GET', `${BASE}/:send`, {}, 405],
    ['POST', `${BASE}/:invoke`, { body: 'x' }, 501],
    ['POST', `/api/hubs/1bad/:send`, { body: 'x' }, 400],
    ['POST', `${BASE}/:send`, { body: 'x', version: '1999-01-01' }, 400],
    ['GET', `${BASE}/groups/${A}/connections`, { version: '2024-01-01' }, 400],
    ['POST', `${BASE}/:send`, { body: 'x', type: 'image/png' }, 415],
    ['POST', `${BASE}/:send`, { body: '{', type: json }, 400],
    ['POST', `${BASE}/:send`, { body: 'x'.repeat(1001) }, 413],
    ['POST', `${BASE}/:send?messageTtlSeconds=301`, { body: 'x' }, 400],
    ['POST', `${BASE}/:send?messageTtlSeconds=-1`, { body: 'x' }, 400],
    ['POST', `${BASE}/groups/0~Lw==~/:send`, { body: 'x' }, 400],
    ['POST', `${BASE}/groups/0~Lw~a'b/:send`, { body: 'x' }, 400],
    ['POST', `${BASE}/groups/${'x'.repeat(1025)}/:send`, { body: 'x' }, 400],
    ['POST', `${BASE}/groups/%20/:send`, { body: 'x' }, 400],
    ['POST', `${BASE}/groups/%ff/:send`, { body: 'x' }, 400],
    ['PUT', `${BASE}/groups/${A}/connections/none`, {}, 404],
    ['PUT', `${BASE}/users/none/groups/${A}`, {}, 404],
    ['POST', `${BASE}/:addToGroups`, { body: '{"groups":["a"]}' }, 415],
    ['POST', `${BASE}/:addToGroups`, { body: 'nonsense', type: json }, 400],
    ['POST', `${BASE}/:addToGroups`, { body: 'null', type: json }, 400],
    ['POST', `${BASE}/:addToGroups`, { body: '{"groups":[]}', type: json }, 400],
    ['POST', `${BASE}/:addToGroups`, { body: '{"groups":"a"}', type: json }, 400],
    [
      'POST',
      `${BASE}/:addToGroups`,
      { body: '{"groups":["\'0~Lw~cm0\'"],"filter":"("}', type: json },
      400,
    ],
    ['POST', `${BASE}/:addToGroups`, { body: '{"groups":["0~Lw~cm0="]}', type: json }, 400],
    ['POST', `${BASE}/:addToGroups`, { body: '{"groups":["a"],"filter":1}', type: json }, 400],
    ['PUT', `${BASE}/permissions/fly/connections/none`, {}, 400],
    ['PUT', `${BASE}/permissions/sendToGroup/connections/none?targetName=g`, {}, 404],
    ['POST', `${BASE}/:generateToken?minutesToExpire=0`, {}, 400],
    ['POST', `${BASE}/:generateToken?clientType=mqtt`, {}, 501],
    ['POST', `${BASE}/:generateToken?clientType=x`, {}, 400],
    ['GET', `${BASE}/groups/${A}/connections?maxpagesize=201`, {}, 400],
  ];
  for (const [method, path, more, status] of cases) {
    assert.equal(
      (await call(method, path, more)).status,
      status,
      `${method} ${path} ${more.body ?? ''}`,
    );
  }
  const noVersion = await request(`http://127.0.0.1:${service.port}${BASE}/:send`, {
    method: 'POST',
  });
  assert.equal(noVersion.status, 400);
  assert.match(noVersion.text, /api-version is missing/);
});

test('health asks for no token', async (t) => {
  const { service } = await start(t);
  const url = `http://127.0.0.1:${service.port}/api/health?api-version=2024-01-01`;
  assert.equal((await request(url, { method: 'HEAD' })).status, 200);
});

// --- sends ------------------------------------------------------------------------------------

test('a send reaches a group, the hub, a user or a connection, and nobody else', async (t) => {
  const { client, call } = await start(t);
  const [ann, bob, ann2] = [await client('ann', A), await client('bob', B), await client('ann')];
  const send = async (place, body) =>
    assert.equal((await call('POST', `${BASE}${place}/:send`, { body })).status, 202);
  await send(`/groups/${A}`, '42["group"]');
  await send('', '42["all"]');
  await send('/users/ann', '42["user"]');
  await send(`/connections/${bob.id}`, '42["connection"]');
  await send('/groups/empty', '42["nobody"]');
  await send('/users/none', '42["nobody"]');
  await send('/connections/none', '42["nobody"]');
  assert.deepEqual(await received(call, ann, bob, ann2), [
    ['42["group"]', '42["all"]', '42["user"]'],
    ['42["all"]', '42["connection"]'],
    ['42["all"]', '42["user"]'],
  ]);
});

test('a send to a missing connection can be set to be 404', async (t) => {
  const { call } = await start(t, { missingTarget: 'refuse' });
  assert.equal(
    (await call('POST', `${BASE}/connections/none/:send`, { body: '42["x"]' })).status,
    404,
  );
});

test('rooms A and B but C: the documented precedence tells the two spellings apart', async (t) => {
  const { client, call } = await start(t);
  const clients = [
    await client('1', A),
    await client('2', A, C),
    await client('3', B),
    await client('4', B, C),
  ];
  const send = (filter, body) => call('POST', `${BASE}/:send?${query({ filter })}`, { body });
  await send(`('${A}' in groups or '${B}' in groups) and not ('${C}' in groups)`, '42["ours"]');
  await send(`'${A}' in groups or '${B}' in groups and not ('${C}' in groups)`, '42["sdk"]');
  assert.deepEqual(await received(call, ...clients), [
    ['42["ours"]', '42["sdk"]'],
    ['42["sdk"]'],
    ['42["ours"]', '42["sdk"]'],
    [],
  ]);
});

test('filter and excluded leave the sender out; an empty filter is none', async (t) => {
  const { client, call } = await start(t);
  const [ann, bob] = [await client('ann', A), await client('bob', A)];
  const send = (parameters, body) =>
    call('POST', `${BASE}/groups/${A}/:send?${parameters}`, { body });
  await send(query({ filter: `not ('${ann.own}' in groups)` }), '42["filter"]');
  await send(query({ excluded: ann.id }), '42["excluded"]');
  await send(`excluded=${ann.id}&excluded=${bob.id}`, '42["nobody"]');
  await send('filter=', '42["all"]');
  assert.deepEqual(await received(call, ann, bob), [
    ['42["all"]'],
    ['42["filter"]', '42["excluded"]', '42["all"]'],
  ]);
});

test('all three encodings of a query are understood', async (t) => {
  const { client, call } = await start(t);
  const [ann, bob] = [await client('ann', A), await client('bob', A)];
  const filter = `not ('${ann.own}' in groups)`;
  const everything = encodeURIComponent(filter).replace(
    /[()']/g,
    (c) => `%${c.charCodeAt(0).toString(16)}`,
  );
  for (const encoded of [everything, encodeURIComponent(filter), query({ f: filter }).slice(2)]) {
    await call('POST', `${BASE}/groups/${A}/:send?filter=${encoded}`, { body: '42["x"]' });
  }
  assert.deepEqual(await received(call, ann, bob), [[], Array(3).fill('42["x"]')]);
});

test('a payload of several packets and attachments is written packet by packet', async (t) => {
  const { client, call } = await start(t);
  const { socket, own } = await client('ann');
  const body = '42["a"]\x1e451-["b",{"_placeholder":true,"num":0}]\x1ebAQIDBA==\x1e42["c"]';
  assert.equal((await call('POST', `${BASE}/groups/${own}/:send`, { body })).status, 202);
  assert.equal(await socket.next(), '42["a"]');
  assert.equal(await socket.next(), '451-["b",{"_placeholder":true,"num":0}]');
  assert.deepEqual(await socket.next(), Buffer.from([1, 2, 3, 4]));
  assert.equal(await socket.next(), '42["c"]');
});

test('what is no payload is accepted and not written', async (t) => {
  const { client, call } = await start(t);
  const ann = await client('ann');
  for (const body of ['nonsense', '', '2', '1', 'bAQIDBA==', '4', '4x', '41{"close":1}']) {
    const { status } = await call('POST', `${BASE}/groups/${ann.own}/:send`, { body });
    assert.equal(status, 202, body);
  }
  await call('POST', `${BASE}/:send`, { body: '{}', type: 'application/json' });
  assert.deepEqual(await received(call, ann), [[]]);
});

// --- membership -------------------------------------------------------------------------------

test('a bulk join and leave select connections by filter', async (t) => {
  const { client, call, groupsOf } = await start(t);
  const [ann, bob] = [await client('ann'), await client('bob')];
  const base = [groupOf('/'), ann.own].sort();
  const bulk = (what, groups, filter) =>
    call('POST', `${BASE}/:${what}`, {
      body: JSON.stringify({ groups, filter }),
      type: 'application/json',
    });
  assert.equal((await bulk('addToGroups', [A, B], `'${ann.own}' in groups`)).status, 200);
  assert.equal((await bulk('addToGroups', [A], `'${ann.own}' in groups`)).status, 200);
  assert.deepEqual(groupsOf(ann), [...base, A, B].sort());
  assert.deepEqual(groupsOf(bob), [groupOf('/'), bob.own].sort());
  assert.equal((await bulk('removeFromGroups', [A], `userId eq 'ann'`)).status, 200);
  assert.deepEqual(groupsOf(ann), [...base, B].sort());
  assert.equal((await bulk('addToGroups', [C])).status, 200);
  assert.ok(groupsOf(bob).includes(C));
});

test('a connection or a user joins and leaves one group, or all', async (t) => {
  const { client, call, groupsOf } = await start(t);
  const ann = await client('ann', A);
  assert.ok(groupsOf(ann).includes(A));
  const status = async (method, path) => (await call(method, BASE + path)).status;
  assert.equal(await status('DELETE', `/groups/${A}/connections/${ann.id}`), 204);
  assert.ok(!groupsOf(ann).includes(A));
  assert.equal(await status('PUT', `/users/ann/groups/${B}`), 200);
  assert.ok(groupsOf(ann).includes(B));
  assert.equal(await status('DELETE', `/users/ann/groups/${B}`), 204);
  assert.ok(!groupsOf(ann).includes(B));
  await status('PUT', `/users/ann/groups/${B}`);
  assert.equal(await status('DELETE', '/users/ann/groups'), 204);
  assert.deepEqual(groupsOf(ann), []);
  await status('PUT', `/users/ann/groups/${B}`);
  assert.equal(await status('DELETE', `/connections/${ann.id}/groups`), 204);
  assert.deepEqual(groupsOf(ann), []);
  assert.equal(await status('DELETE', '/connections/none/groups'), 204);
});

test('joins can be set to take effect later', async (t) => {
  const late = await start(t, { joinDelayMs: 600_000 });
  const ann = await late.client('ann', A);
  assert.ok(!late.groupsOf(ann).includes(A));
  const soon = await start(t, { joinDelayMs: 50 });
  const ben = await soon.client('ben', A);
  await until(() => soon.groupsOf(ben).includes(A), 'the join');
});

test('the members of a group come in pages that follow each other', async (t) => {
  const { client, call, service } = await start(t);
  const ids = [];
  for (let i = 0; i < 5; i++) ids.push((await client(`user${i}`, A)).id);
  const list = async (parameters) => {
    const found = [];
    let path = `${BASE}/groups/${A}/connections${parameters}`;
    for (let pages = 0; path && pages < 10; pages++) {
      const { status, text } = await call('GET', path);
      assert.equal(status, 200);
      const { value, nextLink } = JSON.parse(text);
      found.push(...value);
      path = nextLink?.slice(service.endpoint.length).replace(/&api-version=[^&]*/, '');
    }
    return found;
  };
  const all = await list('');
  assert.deepEqual(
    all.map(({ connectionId }) => connectionId),
    ids.sort(),
  );
  assert.ok(all.every(({ userId }) => /^user\d$/.test(userId)));
  assert.deepEqual(await list('?maxpagesize=2'), all);
  assert.deepEqual(await list('?maxpagesize=2&top=3'), all.slice(0, 3));
});

// --- closing and asking -----------------------------------------------------------------------

test('a connection, a group, a user and the hub can be closed', async (t) => {
  const { client, call } = await start(t);
  const clients = [
    await client('ann'),
    await client('bob', A),
    await client('cid', A),
    await client('dan'),
    await client('eve'),
  ];
  const [ann, bob, cid, dan, eve] = clients;
  const close = async (method, path) =>
    assert.equal((await call(method, BASE + path)).status, 204, path);
  await close('DELETE', `/connections/${ann.id}?reason=enough`);
  await inTime(ann.socket.closed, 'close of ann');
  await close('POST', `/groups/${A}/:closeConnections?excluded=${cid.id}`);
  await inTime(bob.socket.closed, 'close of bob');
  assert.equal((await call('HEAD', `${BASE}/connections/${cid.id}`)).status, 200);
  await close('POST', '/users/dan/:closeConnections');
  await inTime(dan.socket.closed, 'close of dan');
  await close('POST', `/:closeConnections?excluded=${eve.id}`);
  await inTime(cid.socket.closed, 'close of cid');
  await close('DELETE', '/connections/none');
  assert.deepEqual(await received(call, eve), [[]]);
});

test('connections, groups and users are there or not', async (t) => {
  const { client, call } = await start(t);
  const ann = await client('ann', A);
  const status = async (path) => (await call('HEAD', BASE + path)).status;
  assert.equal(await status(`/connections/${ann.id}`), 200);
  assert.equal(await status('/connections/none'), 404);
  assert.equal(await status(`/groups/${A}`), 200);
  assert.equal(await status(`/groups/${B}`), 404);
  assert.equal(await status('/users/ann'), 200);
  assert.equal(await status('/users/bob'), 404);
  ann.socket.close();
  await until(async () => (await status(`/connections/${ann.id}`)) === 404, 'the end');
  assert.equal(await status('/users/ann'), 404);
  assert.equal(await status(`/groups/${A}`), 404);
});

test('hub names are the same without regard to case, group names are not', async (t) => {
  const { client, call } = await start(t);
  const ann = await client('ann', A);
  assert.equal((await call('HEAD', `/api/hubs/CHAT/connections/${ann.id}`)).status, 200);
  assert.equal((await call('HEAD', `${BASE}/groups/${A.toLowerCase()}`)).status, 404);
});

test('permissions are granted, checked and taken', async (t) => {
  const { client, call } = await start(t);
  const { id } = await client('ann');
  const status = async (method, target) => {
    const path = `${BASE}/permissions/sendToGroup/connections/${id}`;
    const query = target === undefined ? '' : `?targetName=${target}`;
    return (await call(method, path + query)).status;
  };
  assert.equal(await status('HEAD', 'g'), 404);
  assert.equal(await status('PUT', 'g'), 200);
  assert.equal(await status('HEAD', 'g'), 200);
  assert.equal(await status('HEAD', 'h'), 404);
  assert.equal(await status('DELETE', 'g'), 204);
  assert.equal(await status('HEAD', 'g'), 404);
});

test('a permission is for one group, whose name is asked for before the connection', async (t) => {
  const { client, call } = await start(t);
  const { id } = await client('ann');
  for (const method of ['PUT', 'HEAD', 'DELETE']) {
    for (const connection of [id, 'none']) {
      const path = `${BASE}/permissions/sendToGroup/connections/${connection}`;
      for (const query of ['', '?targetName=', '?targetName=%20', `?targetName=${'x'.repeat(1025)}`]) {
        const { status, headers } = await call(method, path + query);
        assert.equal(status, 400, `${method} ${connection} ${query.slice(0, 20)}`);
        assert.equal(headers['x-ms-error-code'], 'Error.BadRequest');
      }
    }
  }
});

test('a dot segment in a path is refused, and never taken out of it', async (t) => {
  const { client, call } = await start(t);
  const ann = await client('ann', A);
  const paths = [
    ['POST', '/groups/../:send'],
    ['POST', '/groups/%2e%2e/:send'],
    ['POST', '/groups/.%2E/:send'],
    ['POST', '/groups/./:send'],
    ['POST', '/users/../:send'],
    ['POST', '/users/../:closeConnections'],
    ['POST', '/groups/%2e%2e/:closeConnections'],
    ['DELETE', `/groups/../connections/${ann.id}`],
    ['PUT', `/groups/%2e/connections/${ann.id}`],
    ['DELETE', '/users/../groups'],
    ['DELETE', '/connections/..'],
    ['HEAD', '/groups/..'],
  ];
  for (const [method, path] of paths) {
    const more = method === 'POST' ? { body: '42["dots"]' } : {};
    assert.equal((await call(method, BASE + path, more)).status, 400, `${method} ${path}`);
  }
  assert.deepEqual(await received(call, ann), [[]]);
  assert.equal((await call('HEAD', `${BASE}/groups/${A}`)).status, 200);
  const dots = { body: '{"groups":[".."]}', type: 'application/json' };
  assert.equal((await call('POST', `${BASE}/:addToGroups`, dots)).status, 200);
  assert.equal((await call('POST', `${BASE}/groups/.../:send`, { body: '42["x"]' })).status, 202);
});

test('a filter is refused where the service was heard to, or with a word of ours', async (t) => {
  const { call } = await start(t);
  const cases = [
    ['invalid filter', /Syntax error at position 14 in 'invalid filter'/],
    ["userId eq 'a' b", /Syntax error at position 15 in/],
    ['true true', /Syntax error at position 9 in/],
    ['nothing eq 1', /unknown name or misplaced 'nothing'/],
    ["userId eq", /the filter ends too early/],
  ];
  for (const [filter, words] of cases) {
    const { status, text } = await call('POST', `${BASE}/:send?${query({ filter })}`, { body: 'x' });
    assert.equal(status, 400, filter);
    const { message } = JSON.parse(text);
    assert.ok(message.startsWith(`Invalid syntax for '${filter}': `), message);
    assert.ok(message.endsWith(". (Parameter 'filter')"), message);
    assert.match(message, words);
  }
});

test('the kind of the resource decides what a token is for', async (t) => {
  const audience = async (defaultClientType, asked) => {
    const { call } = await start(t, { defaultClientType });
    const query = asked ? `?clientType=${asked}` : '';
    const { status, text } = await call('POST', `${BASE}/:generateToken${query}`);
    if (status !== 200) return status;
    const { aud } = JSON.parse(Buffer.from(JSON.parse(text).token.split('.')[1], 'base64url'));
    return new URL(aud).pathname;
  };
  const [native, socketio] = [`/client/hubs/${HUB}`, `/clients/socketio/hubs/${HUB}`];
  assert.equal(await audience('native'), native);
  assert.equal(await audience('native', 'Default'), native);
  assert.equal(await audience('native', 'socketio'), 400);
  assert.equal(await audience('socketio', 'default'), socketio);
  assert.equal(await audience('socketio', 'SocketIO'), socketio);
});

// --- tokens -----------------------------------------------------------------------------------

test('a token that the service makes opens a connection', async (t) => {
  const { call, service } = await start(t);
  const { status, text } = await call(
    'POST',
    `${BASE}/:generateToken?userId=ann&role=r1&role=r2&group=g&minutesToExpire=5`,
  );
  assert.equal(status, 200);
  const { token } = JSON.parse(text);
  const aud = `${service.endpoint}/clients/socketio/hubs/${HUB}`;
  const claims = verifyToken(token, {
    keys: service.options.accessKeys,
    audience: (given) => given === aud,
  });
  assert.equal(claims.sub, 'ann');
  assert.deepEqual(claims.role, ['r1', 'r2']);
  assert.deepEqual(claims['webpubsub.group'], ['g']);
  assert.equal(claims.exp - claims.iat, 300);
  assert.equal(claims.iss, 'https://webpubsub.azure.com');
  const url = clientUrl(service, HUB, { transport: 'polling', access_token: token });
  assert.equal((await request(url)).status, 200);
});
