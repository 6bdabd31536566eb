// The chat in several pages, through everything local, as its users see it.
import assert from 'node:assert/strict';
import { after, before, test } from '../lib/test.js';
import { startScene } from './browser.js';

let scene;
before(async () => {
  scene = await startScene({
    website: 'web/chat/dist',
    env: { CODESTREAM_APP: 'chat' },
    service: { connectionState: true },
  });
});
after(() => scene?.close());

async function visitor(name) {
  const { page } = await scene.open(scene.stack.page, name, await scene.person());
  await page.locator('[name=username]').fill(name);
  await page.locator('[name=username]').press('Enter');
  return page;
}

const line = (page, text) => page.locator('#log li', { hasText: text }).waitFor();

test('two pages log in, talk, see each other type, and one leaves', async () => {
  const ann = await visitor('Ann');
  await line(ann, "there's 1 participant");
  const bob = await visitor('<b>Bob</b>');
  await line(bob, 'there are 2 participants');
  await line(ann, '<b>Bob</b> joined');

  await bob.locator('[name=message]').pressSequentially('hello');
  await ann.locator('#typing', { hasText: '<b>Bob</b> is typing' }).waitFor();
  await bob.locator('[name=message]').press('Enter');
  await line(ann, '<b>Bob</b>hello');
  await line(bob, '<b>Bob</b>hello');
  await ann.locator('#typing', { hasNotText: 'typing' }).waitFor({ state: 'attached' });

  await bob.close();
  await line(ann, '<b>Bob</b> left');
  assert.equal(await ann.locator('#log li', { hasText: "there's 1 participant" }).count(), 2);
  await ann.close();
});

test('nobody enters without a name', async () => {
  const page = await visitor('   ');
  assert.ok(await page.locator('#login').isVisible());
  assert.ok(!(await page.locator('main').isVisible()));
});
