// Microsoft's @azure/web-pubsub-express as the event handler behind the service stand-in: what it
// reads from our events, and what a Socket.IO or native client gets of its answers.
//
// It does not look at signatures and knows nothing of namespaces and sockets: those are tested
// elsewhere. What it wants is in the headers that it refuses to go without.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { WebPubSubEventHandler } from '@azure/web-pubsub-express';
import express from 'express';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { Inbox } from '../lib/deadline.js';
import { sign } from '../lib/events.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { Client, TRANSPORTS } from '../lib/sockets.js';
import { test } from '../lib/test.js';
import { NativePeers } from './native-client.js';
import { serviceClient, socketSession } from './service-client.js';

const HUB = 'express';
const PATH = '/events/';
const EVERYTHING = {
  userEventPattern: '*',
  systemEvents: ['connect', 'connected', 'disconnected'],
};

/** An express app; `events` has what the middleware understood, `requests` all it was sent. */
async function startApp(t, options) {
  const events = new Inbox('an event that the middleware understood');
  const note = (kind) => (event) => events.push({ kind, ...event });
  const upstream = new WebPubSubEventHandler(HUB, {
    path: PATH,
    handleConnect: (request, response) => {
      note('connect')(request);
      response.success();
    },
    handleUserEvent: (request, response) => {
      note('user')(request);
      response.success();
    },
    onConnected: note('connected'),
    onDisconnected: note('disconnected'),
    ...options?.(events),
  });
  const requests = [];
  const app = express();
  app.use((request, _, next) => {
    requests.push(request);
    next();
  });
  app.use(upstream.getMiddleware());
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const urlTemplate = `http://127.0.0.1:${server.address().port}${PATH}`;
  return { events, requests, urlTemplate };
}

async function start(t, options, knobs = {}) {
  const app = await startApp(t, options);
  const service = await startWebPubSub({
    accessKeys: [ACCESS_KEY],
    hubs: { [HUB]: { eventHandlers: [{ urlTemplate: app.urlTemplate, ...EVERYTHING }] } },
    retryDelaysMs: [],
    ...knobs,
  });
  const sdk = serviceClient(service, HUB);
  const clients = [];
  const natives = new NativePeers();
  t.after(async () => {
    for (const client of clients) client.close();
    natives.close();
    await service.close();
  });
  return {
    ...app,
    service,
    natives,
    sdk,
    async client(userId, transports) {
      const session = await socketSession(service, sdk, { userId });
      const client = new Client(session, { transports });
      clients.push(client);
      return client;
    },
  };
}

const kind = (wanted) => (event) => event.kind === wanted;

test('its handler is validated before the first event, and says who is welcome', async (t) => {
  const { client, requests } = await start(t);
  await (await client('ann')).connected;
  const { method, headers } = requests[0];
  assert.equal(method, 'OPTIONS');
  assert.equal(headers['webhook-request-origin'], 'localhost');
  assert.ok(headers['ce-awpsversion']);
  assert.equal(requests.filter((request) => request.method === 'OPTIONS').length, 1);
});

test('allowedEndpoints: ours lets the events come, another service\'s does not', async (t) => {
  const allow = (endpoint) => () => ({ allowedEndpoints: [endpoint] });
  const ours = await start(t, allow('http://localhost'));
  await (await ours.client('ann')).connected;
  const strangers = await start(t, allow('https://other.webpubsub.azure.com'));
  const error = await (await strangers.client('ann')).refused;
  assert.match(error.message, /\w/);
  assert.deepEqual(strangers.requests.filter(({ method }) => method === 'POST'), []);
});

for (const [name, transports] of Object.entries(TRANSPORTS)) {
  test(`over ${name}: connect, connected, an event and disconnected are understood`, async (t) => {
    const { client, events, service } = await start(t);
    const ann = await client('ann', transports);
    const connect = await events.next(kind('connect'));
    await ann.connected;
    assert.equal(connect.context.userId, 'ann');
    assert.equal(connect.context.hub, HUB);
    assert.equal(connect.context.eventName, 'connect');
    assert.equal(connect.context.origin, 'localhost');
    assert.deepEqual(connect.claims.sub, ['ann']);
    assert.deepEqual(connect.claims.aud, [`${service.endpoint}/clients/socketio/hubs/${HUB}`]);
    assert.deepEqual(connect.queries.EIO, ['4']);
    const { connectionId } = connect.context;
    assert.equal(connect.context.signature, sign(connectionId));

    const connected = await events.next(kind('connected'));
    assert.equal(connected.context.connectionId, connectionId);

    ann.emit('greet', 'ä', { n: [1.50, null] });
    const user = await events.next(kind('user'));
    assert.equal(user.context.eventName, 'greet');
    assert.equal(user.context.userId, 'ann');
    assert.equal(user.context.connectionId, connectionId);
    assert.equal(user.dataType, 'text');
    assert.equal(user.data, '42["greet","ä",{"n":[1.5,null]}]');

    ann.close();
    const disconnected = await events.next(kind('disconnected'));
    assert.equal(disconnected.context.connectionId, connectionId);
    assert.equal(events.all.length, 4);
  });
}

test('its text answer is the client\'s acknowledgement', async (t) => {
  const { client } = await start(t, (events) => ({
    handleUserEvent: (request, response) => {
      events.push({ kind: 'user', ...request });
      const [, id, args] = /^42(\d+)(.*)$/s.exec(request.data);
      response.success(`43${id}[${args}]`, 'text');
    },
  }));
  const ann = await client('ann');
  await ann.connected;
  assert.deepEqual(await ann.ask('echo', 'ä😀', { a: 1 }), ['echo', 'ä😀', { a: 1 }]);
  assert.deepEqual(await ann.ask('echo', 2), ['echo', 2]);
});

test('a connect that it refuses is a connect_error, and never connected', async (t) => {
  const { client, events } = await start(t, () => ({
    handleConnect: (request, response) => response.fail(401, 'not today'),
  }), { connectErrorText: 'body' });
  const ann = await client('ann');
  const error = await ann.refused;
  assert.match(error.message, /not today/);
  ann.close();
  const bob = await client('bob');
  await bob.refused;
  assert.deepEqual(events.all, []);
});

test('a user event that it fails ends the connection, as the stand-in is told', async (t) => {
  const { client } = await start(t, () => ({
    handleUserEvent: (request, response) => response.fail(500, 'broken'),
  }), { userEventFailure: 'close' });
  const ann = await client('ann');
  await ann.connected;
  const ended = once(ann.socket, 'disconnect');
  ann.emit('anything');
  const [reason] = await ended;
  assert.match(reason, /transport|server/);
});

test('native clients: its groups, its user, and its answer to an event', async (t) => {
  const { natives, sdk, events } = await start(t, () => ({
    handleConnect: (request, response) => {
      response.setState('seen', 1);
      response.success({ userId: 'renamed', groups: ['lobby'], roles: ['webpubsub.sendToGroup'] });
    },
    handleUserEvent: (request, response) => {
      const { states: { seen }, userId } = request.context;
      response.setState('seen', seen + 1);
      response.success(JSON.stringify({ seen, userId, data: request.data }), 'json');
    },
  }));
  const { url } = await sdk.getClientAccessToken({ userId: 'ann' });
  const ann = await natives.open(url);
  assert.equal(ann.userId, 'renamed');
  await ann.client.sendToGroup('lobby', { hello: 1 }, 'json');
  assert.deepEqual(await ann.heard('lobby'), { hello: 1 });
  for (const seen of [1, 2]) {
    await ann.client.sendEvent('greet', { n: seen }, 'json');
    const { data } = await ann.server.next();
    assert.deepEqual(data, { seen, userId: 'renamed', data: { n: seen } });
  }
  ann.close();
  const { context } = await events.next(kind('disconnected'));
  assert.equal(context.userId, 'renamed');
});
