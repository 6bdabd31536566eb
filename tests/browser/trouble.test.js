// Connections break, writers reload, services restart: nothing is lost, and the page says how
// things are.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../lib/test.js';
import { eventually } from '../lib/deadline.js';
import { writerLink } from '../../web/src/writer-link.js';
import { startScene } from './browser.js';

/** The state on the screen must be true this soon after any failure. */
const TRUE_MS = 15_000;
const LONG = { timeout: 60_000 };

let scene;
before(async () => {
  scene = await startScene({ service: { retryDelaysMs: [] } });
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

function connectionsOf(role, link) {
  const room = new URL(link).hash.slice(1);
  return [...scene.stack.service.hub('codestream').connections.values()].filter(
    ({ userId }) => userId === `${role}.${room}`,
  );
}

test('a closed connection is made again with a fresh token, and nothing is lost', async () => {
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.type('one');
  await viewer.shows('one');
  const seen = scene.requests.length;
  for (const connection of [...connectionsOf('w', writer.link), ...connectionsOf('v', writer.link)])
    connection.close('test');
  await writer.page.keyboard.type(' two');
  await writer.says('Live', TRUE_MS);
  await viewer.says('Live', TRUE_MS);
  await viewer.shows('one two');
  // A busy machine may need more than one attempt, each of which has a token of its own; what has a
  // session id goes on with one that has begun.
  const tokenOf = ({ url }) => {
    const query = new URL(url).searchParams;
    return query.has('sid') ? null : query.get('access_token');
  };
  const tokens = scene.requests.map(tokenOf).filter((token) => token !== null);
  assert.equal(new Set(tokens).size, tokens.length);
  for (const { page } of [writer, viewer]) {
    const since = scene.requests.slice(seen).filter((request) => request.page === page);
    assert.ok(since.some(({ url }) => url.includes('/negotiate')));
    assert.ok(since.some(tokenOf));
  }
  await writer.page.locator('#viewer-count', { hasText: /^1$/ }).waitFor();
});

test('a connection that breaks as soon as it is made is not tried without a pause', async () => {
  const writer = await scene.author();
  const made = new Set();
  const since = performance.now();
  const breaking = setInterval(() => {
    for (const connection of connectionsOf('w', writer.link)) {
      made.add(connection);
      connection.close('test');
    }
  }, 50);
  // The first one was there, and four have been tried since.
  await eventually(2 * TRUE_MS, () => made.size > 4, 'it is tried').finally(() => clearInterval(breaking));
  const tries = made.size - 1;
  const seconds = (performance.now() - since) / 1000;
  // The first pause is a quarter of a second at least, the second half of one, all others a second.
  assert.ok(tries <= seconds + 2, `${tries} in ${seconds} s`);
  await writer.says('Live', TRUE_MS);
});

test("the writer's reload keeps room, text and language, and viewers see it through", async () => {
  const writer = await scene.writer();
  const viewer = await scene.reader(writer.link);
  await writer.type('kept');
  await writer.page.locator('#language').selectOption('go');
  await viewer.shows('kept');
  await writer.page.reload();
  await writer.says('Live');
  assert.equal(await writer.page.locator('#share-link').getAttribute('href'), writer.link);
  assert.equal(await writer.page.locator('#language').inputValue(), 'go');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type(' on');
  await viewer.shows('kept on');
  await viewer.says('Live');
  await writer.page.locator('#viewer-count', { hasText: /^1$/ }).waitFor();
});

test(
  'a viewer who joins while the writer is away is told so, and gets the text later',
  LONG,
  async () => {
    const writer = await scene.author('here again');
    const { link, session } = writer;
    const first = await scene.viewer(link);
    await first.shows('here again');
    writer.leaves();
    await first.says('Writer away', TRUE_MS);
    assert.match(await first.notice(), /by itself/);
    assert.equal((await first.lines()).join(), 'here again');
    const late = await scene.viewer(link);
    await late.says('Waiting for the writer', TRUE_MS);
    assert.match(await late.page.locator('#empty').innerText(), /appears here by itself/);
    const again = await scene.author('here again', session);
    assert.equal(again.link, link);
    for (const viewer of [first, late]) {
      await viewer.shows('here again', TRUE_MS);
      await viewer.says('Live');
    }
  },
);

test('a second tab takes over when it is told to, the first says so, and can take the pen back', async () => {
  const context = await scene.person();
  const first = await scene.writer({ context });
  const viewer = await scene.reader(first.link);
  await first.type('first');
  await viewer.shows('first');
  await first.page.waitForFunction(() =>
    Object.values(localStorage).some((value) => value.includes('"first"')),
  );
  const second = await scene.open(scene.stack.page, 'writer', context);
  await second.says('Not started');
  assert.equal(await first.state(), 'Live');
  await second.page.getByRole('button', { name: 'Write here instead' }).click();
  await second.says('Live');
  assert.equal(await second.page.locator('#share-link').getAttribute('href'), first.link);
  await first.says('Taken over');
  await first.focus();
  await first.page.keyboard.type('lost');
  assert.equal((await first.lines()).join(), 'first');
  await second.focus();
  await second.keys('Control+End');
  await second.page.keyboard.type(' second');
  await viewer.shows('first second');
  // The draft follows the keys by less than a second; the person who changes tabs needs longer.
  await first.page.waitForFunction(() =>
    Object.values(localStorage).some((value) => value.includes('first second')),
  );
  await first.page.locator('#banner-action').click();
  await first.says('Live');
  await first.shows('first second');
  await second.says('Taken over');
});

test("a writer's link passes the pen with the text, and its key leaves the address", async () => {
  const first = await scene.writer();
  await first.type('here');
  const viewer = await scene.viewer(first.link);
  await viewer.shows('here');
  await first.page.waitForFunction(() =>
    Object.values(localStorage).some((value) => value.includes('"here"')),
  );
  const { key, epoch } = await first.page.evaluate(() =>
    JSON.parse(localStorage.getItem(`codestream.session.${localStorage.getItem('codestream.last')}`)),
  );
  const second = await scene.viewer(writerLink(first.link, { key, epoch }));
  assert.equal(second.page.url(), first.link);
  await second.shows('here');
  await second.notices(/may write here/);
  assert.equal(await first.state(), 'Live', 'until it is wanted the pen stays where it is');
  await second.page.reload();
  await second.notices(/may write here/);
  await second.page.locator('#banner-action').click();
  await first.says('Taken over');
  await second.says('Live');
  assert.ok(!second.page.url().includes('#'));
  assert.equal(await second.page.locator('#share-link').getAttribute('href'), first.link);
  await second.shows('here');
  await second.focus();
  await second.keys('Control+End');
  await second.page.keyboard.type(' and there');
  await viewer.shows('here and there');
  assert.equal(await viewer.notice(), '', 'with the link for viewers nothing is offered');
});

test('a writer who was away gives way to the one who has taken over since', LONG, async () => {
  const [one, other] = [await scene.person(), await scene.person()];
  const first = await scene.writer({ context: one });
  const viewer = await scene.reader(first.link);
  await first.type('old');
  await viewer.shows('old');
  await first.page.waitForFunction(() =>
    Object.values(localStorage).some((value) => value.includes('"old"')),
  );
  const kept = await first.page.evaluate(() => Object.entries(localStorage));
  await one.setOffline(true);
  let asleep = true;
  await one.route('**/negotiate*', (route) => (asleep ? route.abort() : route.continue()));
  for (const connection of connectionsOf('w', first.link)) connection.close('asleep');
  await first.says('Offline');
  // The other machine's clock is a minute ahead.
  await other.addInitScript((entries) => {
    for (const [key, value] of entries) localStorage.setItem(key, value);
    const { now } = Date;
    Date.now = () => now() + 60_000;
  }, kept);
  const second = await scene.writer({ context: other });
  assert.equal(second.link, first.link);
  await second.focus();
  await second.keys('Control+End');
  await second.page.keyboard.type(' and new');
  await viewer.shows('old and new');

  asleep = false;
  await one.setOffline(false);
  await first.says('Taken over', TRUE_MS);
  await second.page.keyboard.type('er');
  await viewer.shows('old and newer');
  await second.says('Live');

  await first.page.locator('#banner-action').click();
  await first.says('Live');
  await second.says('Taken over');
  await viewer.shows('old');
});

test('without a function app the editor is usable, with it the stream starts', async () => {
  const context = await scene.person();
  let refusing = true;
  await context.route('**/negotiate*', (route) =>
    refusing
      ? route.fulfill({
          status: 503,
          headers: { 'Retry-After': '1', 'Access-Control-Allow-Origin': '*' },
          json: { error: { code: 'Busy', message: 'too much in flight' } },
        })
      : route.continue(),
  );
  const writer = await scene.open(scene.stack.page, 'writer', context);
  await writer.type('typed without a server');
  await writer.notices(/kept in this browser/, TRUE_MS);
  await writer.page.reload();
  await writer.shows('typed without a server');
  refusing = false;
  await writer.page.locator('#banner-action').click();
  await writer.says('Live');
  const viewer = await scene.reader(await writer.page.locator('#share-link').getAttribute('href'));
  await viewer.shows('typed without a server');
});

test('where WebSocket gets no answer the stream goes by polling', LONG, async () => {
  const writer = await scene.author('seen');
  const context = await scene.person();
  // What is sent is swallowed, and nothing comes back.
  await context.routeWebSocket('**/*', () => {});
  const viewer = await scene.viewer(writer.link, { context });
  await viewer.shows('seen', TRUE_MS);
  await viewer.says('Live');
  writer.type(' and seen');
  await viewer.shows('seen and seen');
});

test('a page whose worker cannot be loaded keeps its times all the same', LONG, async () => {
  const context = await scene.person();
  await context.route('**/ticker-*.js', (route) => route.abort());
  const writer = await scene.writer({ context });
  const viewer = await scene.reader(writer.link);
  // The second letter waits for the time of the next flush, and for nothing else.
  await writer.type('ab');
  await viewer.shows('ab');
});
