// Every limit of descriptors from 20 to 80, with both builds: the served part is never smaller than
// with 64.
import assert from 'node:assert/strict';
import path from 'node:path';
import { ROOT } from '../lib/handler.js';
import { EVENTS, serveRush } from '../lib/served.js';
import { test } from '../lib/test.js';

const BUILDS = ['codestream', 'build/package/codestream'];

for (const build of BUILDS) {
  for (let descriptors = 20; descriptors <= 80; descriptors += 1) {
    for (const keep of [false, true]) {
      const how = keep ? 'kept connections' : 'a new connection each';
      test(`${build}, ${descriptors} descriptors, ${how}: all are answered`, async () => {
        const binary = path.join(ROOT, build);
        assert.deepEqual(await serveRush({ descriptors, keep, binary }), { ok: EVENTS });
      });
    }
  }
}
