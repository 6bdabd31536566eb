// Kept texts: they outlive the writer, serve viewers who get no connection, and go when they are told.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../lib/test.js';
import { deferred, within } from '../lib/deadline.js';
import { SOON_MS, startScene } from './browser.js';

const LATER_MS = 3 * SOON_MS;

let scene;
before(async () => {
  // One writer and one viewer: whoever comes then finds no place.
  scene = await startScene({ keepDays: 7, service: { maxConnections: 2 } });
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

const roomOf = (link) => new URL(link).hash.slice(1);
const keptOf = (screen) => screen.page.locator('#kept').textContent();
const kept = (screen, pattern) =>
  screen.until(async () => pattern.test(await keptOf(screen)), LATER_MS, `the page says ${pattern}`,
    () => keptOf(screen));

/** What is kept of a writer's room, sooner or later. */
const holds = (screen, text) =>
  screen.until(async () => contentOf(screen) === text, LATER_MS, `${JSON.stringify(text)} is kept`,
    async () => contentOf(screen));
/** Storage refuses whatever concerns texts. */
const refusing = ({ url }) =>
  url.pathname.startsWith('/rooms/')
    ? { status: 403, headers: { 'x-ms-error-code': 'AuthorizationFailure' } }
    : undefined;
const contentOf = ({ link }) => scene.stack.container.text(roomOf(link))?.content;

test('the text outlives the writer, who was told so, and a viewer is never told that it is live', async () => {
  const writer = await scene.writer();
  await writer.notices(/kept for 7 days: whoever has the link can read it/);
  await writer.paste('int x;'); // one change, which is kept at once
  await kept(writer, /^Kept, \d+ s ago$/);
  await holds(writer, 'int x;');
  // What is typed during a pause is nobody's, whatever becomes of the page.
  await writer.press('pause');
  await writer.says('Paused');
  await writer.type(' secret');
  await writer.page.context().close();
  const viewer = await scene.viewer(writer.link);
  const words = [];
  await viewer.page.exposeFunction('said', (word) => words.push(word));
  await viewer.page.evaluate(() => {
    const state = document.getElementById('state');
    new MutationObserver(() => window.said(state.textContent)).observe(state,
      { childList: true, characterData: true, subtree: true });
  });
  await viewer.shows('int x;');
  await viewer.until(async () => /^Text of \d+ s ago$/.test(await viewer.state()), SOON_MS,
    'the page says how old the text is', () => viewer.state());
  assert.ok(!words.includes('Live'), words.join());
  await viewer.page.context().close();
});

test('who finds no place at the service reads along, and is live when there is one', async () => {
  const writer = await scene.writer();
  const live = await scene.viewer(writer.link);
  await writer.type('a');
  await live.says('Live');
  const late = await scene.viewer(writer.link);
  await late.shows('a', LATER_MS);
  await late.says('Delayed', LATER_MS);
  await late.notices(/no live connection yet.*kept \d+ s ago/);
  await writer.type('b');
  await late.shows('ab', LATER_MS);
  assert.equal(await late.state(), 'Delayed');
  await live.page.context().close();
  await late.says('Live', LATER_MS);
  await writer.type('c');
  await late.shows('abc');
  await writer.page.context().close();
  await late.page.context().close();
});

test('a text that is not to be kept is deleted, and no other follows, after a reload either', async () => {
  const writer = await scene.writer();
  await writer.type('a');
  await kept(writer, /^Kept, /);
  scene.stack.container.script = refusing;
  await writer.press('drop');
  await kept(writer, /^The kept text could not be deleted: .*403/);
  await writer.page.reload();
  await kept(writer, /^The kept text could not be deleted: .*403/);
  scene.stack.container.script = undefined;
  await kept(writer, /^This text is not kept\.$/);
  await writer.type('b');
  await holds(writer, '');
  await writer.page.reload();
  await writer.says('Live');
  await kept(writer, /^This text is not kept\.$/);
  await writer.page.context().close();
  await holds(writer, '');
});

test('while a write hangs the stream goes on, and a page that is closed still hands in its newest text', async () => {
  const [asked, mayGoOn] = [deferred(), deferred()];
  scene.stack.container.script = async ({ method, url }) => {
    if (method !== 'PUT' || !url.pathname.startsWith('/rooms/')) return;
    asked.resolve();
    await mayGoOn.promise;
  };
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.paste('a');
  await within(LATER_MS, asked.promise, 'the first write');
  await writer.type('b');
  await viewer.shows('ab');
  await writer.page.goto('about:blank');
  mayGoOn.resolve();
  scene.stack.container.script = undefined;
  await holds(writer, 'ab');
  await writer.page.context().close();
  await viewer.page.context().close();
});

test('while storage is down the stream goes on, and the writer is told that nothing is kept', async () => {
  scene.stack.container.script = refusing;
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await writer.type('a');
  await viewer.shows('a');
  await viewer.says('Live');
  await kept(writer, /^Not kept: .*403 AuthorizationFailure/);
  const leaving = deferred();
  writer.page.on('dialog', (dialog) => {
    if (dialog.type() !== 'beforeunload') return dialog.accept();
    leaving.resolve();
    return dialog.dismiss();
  });
  await writer.press('end-delete');
  await writer.says('Ended');
  await viewer.says('Ended');
  await kept(writer, /^The kept text could not be deleted: .*403/);
  // No later page takes an ended session up: who leaves now leaves the text there.
  await writer.page.close({ runBeforeUnload: true });
  await within(LATER_MS, leaving.promise, 'a question before the page goes');
  scene.stack.container.script = undefined;
  await holds(writer, '');
});
