// Readers of the log at every pace that a host may have, for as long as it takes them to fall behind.
import { test } from '../lib/test.js';
import { ask, assertAccounted, startPiped, stop } from '../lib/log-pipe.js';

const MANY = 12_000;

for (const ms of [1, 10, 50, 110, 1000]) {
  for (const bursts of [1, 4]) {
    test(`4 KB each ${ms} ms, ${bursts} bursts of requests: all are answered, all lines accounted for`,
      { timeout: 110_000 }, async (t) => {
        const handler = await startPiped(t);
        for (let i = 1; i <= bursts; i += 1) {
          handler.pipe.pace(ms);
          await ask(handler.port, MANY / bursts);
          handler.pipe.pace(0);
          await assertAccounted(handler.pipe, (i * MANY) / bursts);
        }
        await stop(handler);
      });
  }
}
