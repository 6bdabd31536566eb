// Which ports are chosen for whoever will listen.
import assert from 'node:assert/strict';
import http from 'node:http';

import { choosePort, listen } from '../listen.js';
import { test } from './test.js';

test('a port in use is not chosen, one that is free is', async () => {
  const server = http.createServer();
  const { port, close } = await listen(server, { port: await choosePort(0) });
  assert.notEqual(await choosePort(port), port);
  await close();
  assert.equal(await choosePort(port), port);
});

test('no port is chosen twice in a row, nor one that Linux gives to who asks for any', async () => {
  const ports = [];
  for (let i = 0; i < 100; i++) ports.push(await choosePort(0));
  assert.equal(new Set(ports).size, ports.length);
  assert.deepEqual(ports.filter((port) => port < 1024 || port >= 32_768), []);
});
