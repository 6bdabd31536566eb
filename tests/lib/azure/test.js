// A test with an Azure of its own, which goes when the test does.
import assert from 'node:assert/strict';

import { test } from '../test.js';
import { World } from './world.js';

export const FIRST = ['--location', 'westeurope'];

/** @param {(world: World) => Promise<void>} body */
export function cloudTest(sentence, body) {
  test(sentence, async (t) => {
    const world = new World();
    t.after(() => world.close());
    await body(world);
  });
}

/** A run that stops: what it says, and what comes after that. */
export async function stops(world, argv, says, options) {
  const run = await world.run('deploy', argv, options);
  assert.equal(run.code, 1, run.out + run.err);
  assert.match(run.err, says);
  assert.deepEqual(run.left, []);
  return run;
}

const READS =
  /^(version|account|group (show|exists)|resource list|deployment group show|rest --method (get|post .*\/list(Keys)?\?)|functionapp list|storage blob (list|download|service-properties show))/;

/**
 * How a run may be killed at a command: before it is done, and after. At one that only reads, all is as it
 * was after the last that did something, and will be before the next.
 */
export const endsOf = (line) => (READS.test(line) ? [] : [false, true]);
