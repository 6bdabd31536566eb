import test from 'node:test';
import assert from 'node:assert/strict';
import { Connection } from '../src/connection.js';

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

test('what has been stopped stays so, whatever the network or a person does', (t) => {
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
