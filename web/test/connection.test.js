import test from 'node:test';
import assert from 'node:assert/strict';
import { Connection } from '../src/connection.js';
import { now } from '../src/ticker.js';

/** A machine whose network the test switches. */
function fakeDevice() {
  const device = { network: true, ticker: () => () => {}, hasNetwork: () => device.network };
  device.onNetwork = (changed) => {
    device.set = (network) => {
      device.network = network;
      changed();
    };
  };
  return device;
}

/** A connection to a function app that nobody can reach. */
function unreachable(t) {
  const device = fakeDevice();
  const fetch = t.mock.method(globalThis, 'fetch', async () => {
    throw new TypeError('fetch failed');
  });
  const core = { poll: () => [], flights: { dead: () => false }, wakeAt: Infinity };
  const connection = new Connection({ api: 'http://app', core, show: () => {} }, device);
  return { connection, device, tries: () => fetch.mock.callCount() };
}

test('a network that comes back is tried at once', (t) => {
  const { connection, device, tries } = unreachable(t);
  connection.start();
  device.set(false);
  device.set(true);
  assert.equal(tries(), 2);
  connection.stop();
});

test('a connection that has been stopped stays so, whatever the network or a person does', (t) => {
  const { connection, device, tries } = unreachable(t);
  connection.start();
  connection.stop();
  device.set(false);
  device.set(true);
  connection.retry();
  connection.core.flights.dead = () => true;
  connection.step();
  assert.equal(tries(), 1);
});

/** A core that notes what it is told, with the connection's `events` to tell it by. */
async function connected(t, options) {
  const told = [];
  const note = (name) => (...args) => {
    told.push([name, ...args.filter((arg) => typeof arg !== 'number')]);
    return name === 'heard' ? ['an edit'] : undefined;
  };
  const names = ['joined', 'left', 'heard', 'presence', 'answered'];
  const core = Object.fromEntries(names.map((name) => [name, note(name)]));
  Object.assign(core, { flights: { dead: () => false }, wakeAt: Infinity, due: [] });
  core.poll = () => core.due.splice(0);
  const ticket = { room_id: 'R'.repeat(22), role: 'viewer' };
  t.mock.method(globalThis, 'fetch', async () => Response.json(ticket));
  const scene = { core, told, sent: [], wakes: [] };
  const events = await new Promise((resolve) => {
    const open = (_ticket, _party, reports) => {
      resolve(reports);
      return { send: (...message) => scene.sent.push(message), close() {} };
    };
    const transport = { query: '', fields: [], open };
    const device = fakeDevice();
    device.ticker = () => (at) => scene.wakes.push(at);
    const where = { api: 'http://app', room: ticket.room_id, transport };
    scene.connection = new Connection({ ...where, core, show: () => {}, ...options(told) }, device);
    t.after(() => scene.connection.stop());
    scene.connection.start();
  });
  return Object.assign(scene, { events });
}

test('what the transport reports reaches the core by the same names, and the page after it', async (t) => {
  const { events, told } = await connected(t, (list) => ({
    edited: (ops) => list.push(['edited', ops]),
    presence: (event, time) => list.push(['page', event, typeof time]),
  }));
  events.joined('mine', true);
  events.heard('data', 'theirs');
  events.presence('somebody');
  events.failed({ code: 'Disconnected', message: '' });
  assert.deepEqual(told, [
    ['joined', 'mine', true],
    ['heard', 'data', 'theirs'],
    ['edited', ['an edit']],
    ['presence', 'somebody'],
    ['page', 'somebody', 'number'],
    ['left'],
  ]);
});

test('an acknowledgement is asked for and passed on where the core has given an id', async (t) => {
  const { connection, core, events, sent, told } = await connected(t, () => ({}));
  events.joined('mine');
  told.length = 0;
  core.due = [{ data: 'a view' }, { data: 'a delta', to: 'theirs', id: 5 }];
  connection.step();
  assert.deepEqual(sent.map(([data, to]) => [data, to]), [['a view', undefined], ['a delta', 'theirs']]);
  assert.equal(sent[0][2], undefined);
  sent[1][2]({ success: true });
  assert.deepEqual(told, [['answered', { success: true }]]);
});

test('the page is woken when it has something else to show, and otherwise once a second', async (t) => {
  let showAt = undefined;
  const { connection, core, wakes } = await connected(t, () => ({ show: () => showAt }));
  const woken = () => {
    connection.step();
    return wakes.at(-1);
  };
  const start = now();
  const usual = woken();
  assert.ok(usual >= start + 1_000 && usual <= now() + 1_000);
  showAt = start + 100;
  assert.equal(woken(), start + 100);
  core.wakeAt = start + 50;
  assert.equal(woken(), start + 50);
});

test('what was never connected is not reconnected, also after a refusal', async (t) => {
  const answers = [
    Response.json({ error: { code: 'WritersWord', message: '' } }, { status: 403 }),
    new Promise((resolve) => t.after(() => resolve(Response.json({})))),
  ];
  t.mock.method(globalThis, 'fetch', async () => answers.shift());
  const core = { poll: () => [], flights: { dead: () => false }, wakeAt: Infinity, epoch: 1 };
  const phases = [];
  await new Promise((resolve) => {
    const show = () => {
      phases.push(connection.state.phase);
      if (phases.at(-1) === 'failed') resolve();
    };
    const connection = new Connection({ api: 'http://app', core, show }, fakeDevice());
    t.after(() => connection.stop());
    connection.start();
    core.retry = () => connection.retry();
  });
  core.retry();
  assert.deepEqual(phases, ['connecting', 'failed', 'connecting']);
});
