// The chat's page, as it is, with each back end that it can move to and from: Socket.IO's own server, the
// same code at the service, and the handler without servers, which chat.test.js has.
import assert from 'node:assert/strict';
import { startWebPubSub } from '../../emulator/webpubsub/service.js';
import { ACCESS_KEY } from '../lib/handler.js';
import { startProgram } from '../lib/node-programs.js';
import { after, before, test } from '../lib/test.js';
import { openScene } from './browser.js';

const FOLDER = 'examples/migrate';

let scene;
let service;
before(async () => {
  service = await startWebPubSub({ serviceMode: 'default', accessKeys: [ACCESS_KEY] });
  const stack = { page: 'http://localhost', api: 'http://localhost', service, close: () => service.close() };
  scene = await openScene(stack);
});
after(() => scene?.close());

for (const [backEnd, args] of [['native', () => []], ['service', () => [service.connectionString]]]) {
  test(`${backEnd}.cjs: two pages log in, talk, and one leaves`, async (t) => {
    const { port } = await startProgram(t, `${FOLDER}/${backEnd}.cjs`, ...args());
    scene.stack.page = `http://localhost:${port}`;
    const come = async (name) => {
      const { page } = await scene.open(scene.stack.page, name, await scene.person());
      await page.locator('[name=username]').fill(name);
      await page.locator('[name=username]').press('Enter');
      return page;
    };
    const line = (page, text) => page.locator('#log li', { hasText: text }).waitFor();
    const ann = await come('Ann');
    await line(ann, "there's 1 participant");
    const bob = await come('<b>Bob</b>');
    await line(bob, 'there are 2 participants');
    await line(ann, '<b>Bob</b> joined');
    await bob.locator('[name=message]').fill('hëllo');
    await bob.locator('[name=message]').press('Enter');
    await line(ann, '<b>Bob</b>hëllo');
    await bob.close();
    await line(ann, '<b>Bob</b> left');
    const host = backEnd === 'service' ? service.endpoint : scene.stack.page;
    const sockets = scene.requests.filter(({ page, url }) => page === ann && /transport=/.test(url));
    assert.ok(sockets.length > 0 && sockets.every(({ url }) => new URL(url).host === new URL(host).host));
    await scene.everybodyLeaves();
  });
}
