// A process for what is not measured: the stand-ins for Web PubSub and the Functions host, with
// the handler as the host's child; or, called with `alone`, without the host. Tells its parent where
// they are.

import { startStack } from '../../tests/lib/stack.js';

// Ends when its parent does, whatever ends that, so that nothing it has started outlives it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
const starting = startStack({ host: process.argv[2] !== 'alone' });
process.on('disconnect', async () => {
  await (await starting).close();
  process.exit(0);
});
const stack = await starting;
if (process.connected) process.send({ api: stack.api, handler: stack.handler.pid });
