// The chat in several pages, through everything local, as its users see it.
import assert from 'node:assert/strict';
import { deferred } from '../lib/deadline.js';
import { after, afterEach, before, test } from '../lib/test.js';
import { startScene } from './browser.js';

let scene;
before(async () => {
  scene = await startScene({
    website: 'examples/chat/page/dist',
    app: 'chat',
    service: { connectionState: true },
  });
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

async function visitor(name, context) {
  context ??= await scene.person();
  const { page } = await scene.open(scene.stack.page, name, context);
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

  // It is shown for less than half a second, which a busy machine may not look at.
  await ann.evaluate(() => {
    window.typing = [];
    const shown = document.querySelector('#typing');
    new MutationObserver(() => window.typing.push(shown.textContent))
      .observe(shown, { childList: true });
  });
  await bob.locator('[name=message]').pressSequentially('hello');
  await ann.waitForFunction(() => window.typing.includes('<b>Bob</b> is typing'));
  await bob.locator('[name=message]').press('Enter');
  await line(ann, '<b>Bob</b>hello');
  await line(bob, '<b>Bob</b>hello');
  await ann.locator('#typing', { hasNotText: 'typing' }).waitFor({ state: 'attached' });

  await bob.close();
  await line(ann, '<b>Bob</b> left');
  assert.equal(await ann.locator('#log li', { hasText: "there's 1 participant" }).count(), 2);
});

test('nobody enters without a name', async () => {
  const page = await visitor('   ');
  assert.ok(await page.locator('#login').isVisible());
  assert.ok(!(await page.locator('main').isVisible()));
});

test('a name that is given before there is a connection is told when there is one', async () => {
  const context = await scene.person();
  const gate = deferred();
  await context.route('**/negotiate', async (route) => {
    await gate.promise;
    await route.continue();
  });
  const page = await visitor('Early', context);
  await page.locator('[name=message]').fill('too early');
  await page.locator('[name=message]').press('Enter');
  gate.resolve();
  await line(page, 'Welcome to the chat');
  await page.locator('[name=message]').press('Enter');
  await line(page, 'Earlytoo early');
});

test('a function app that gives no token is said to, and asked again', async () => {
  const context = await scene.person();
  let refusing = true;
  await context.route('**/negotiate', (route) =>
    refusing
      ? route.fulfill({ status: 503, headers: { 'Access-Control-Allow-Origin': '*' }, body: '' })
      : route.continue(),
  );
  const page = await visitor('Patient', context);
  await page.locator('#trouble', { hasText: 'answered 503' }).waitFor();
  refusing = false;
  await line(page, 'Welcome to the chat');
  assert.equal(await page.locator('#trouble').textContent(), '');
});

test('whose token has expired comes back with a fresh one', async () => {
  const context = await scene.person();
  const tokenOf = (request) => new URL(request.url()).searchParams.get('access_token');
  let first;
  let expired = false;
  await context.route('**/clients/socketio/**', (route) => {
    first ??= tokenOf(route.request());
    return expired && tokenOf(route.request()) === first
      ? route.fulfill({ status: 401, headers: { 'Access-Control-Allow-Origin': '*' }, body: '' })
      : route.continue();
  });
  const page = await visitor('Late', context);
  await line(page, 'Welcome to the chat');
  expired = true;
  scene.stack.service.endConnections();
  await line(page, 'you have been reconnected');
});
