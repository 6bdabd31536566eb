// A test with an Azure of its own, which goes when the test does.
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
