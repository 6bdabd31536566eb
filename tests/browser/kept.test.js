// Kept texts: they outlive the writer, serve viewers who get no connection, and go when they are told,
// also while storage is busy, slow, or refuses.
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
/** What storage answers to whatever concerns texts: that it refuses, or has no time for long. */
const refusing = ({ url }) =>
  url.pathname.startsWith('/rooms/')
    ? { status: 403, headers: { 'x-ms-error-code': 'AuthorizationFailure' } }
    : undefined;
const busy = ({ url }) =>
  url.pathname.startsWith('/rooms/')
    ? { status: 503, headers: { 'x-ms-error-code': 'ServerBusy', 'Retry-After': '60' } }
    : undefined;

/** The next request of this method hangs; the others are answered. */
function hang(method) {
  const [asked, mayGoOn] = [deferred(), deferred()];
  scene.stack.container.script = async (request) => {
    if (request.method !== method || !request.url.pathname.startsWith('/rooms/')) return;
    asked.resolve();
    await mayGoOn.promise;
  };
  return {
    begun: () => within(LATER_MS, asked.promise, `a ${method} of a text`),
    end: () => {
      scene.stack.container.script = undefined;
      mayGoOn.resolve();
    },
  };
}
const contentOf = ({ link }) => scene.stack.container.text(roomOf(link))?.content;

/** Every word that the page says of itself from now on. */
async function wordsOf(screen) {
  const words = [];
  await screen.page.exposeFunction('said', (word) => words.push(word));
  await screen.page.evaluate(() => {
    const state = document.getElementById('state');
    new MutationObserver(() => window.said(state.textContent)).observe(state,
      { childList: true, characterData: true, subtree: true });
  });
  return words;
}

test('the text serves who finds no place at the service, and outlives the writer, who was told so', async () => {
  const writer = await scene.writer();
  await writer.notices(/kept for 7 days: whoever has the link can read it/);
  await writer.paste('int x;'); // one change, which is kept at once
  await kept(writer, /^Kept, \d+ s ago$/);
  await holds(writer, 'int x;');
  scene.stack.container.script = busy;
  const live = await scene.viewer(writer.link);
  await live.shows('int x;');
  await live.says('Live');
  const slow = hang('GET');
  const late = await scene.viewer(writer.link);
  await slow.begun();
  slow.end();
  await late.shows('int x;', LATER_MS);
  await late.says('Delayed', LATER_MS);
  await late.notices(/no live connection yet.*kept \d+ s ago/);
  await writer.type('y');
  await late.shows('int x;y', LATER_MS);
  assert.equal(await late.state(), 'Delayed');
  await live.page.context().close();
  await late.says('Live', LATER_MS);
  // What is typed during a pause is nobody's, whatever becomes of the page.
  await writer.press('pause');
  await writer.says('Paused');
  await writer.type(' secret');
  await writer.page.context().close();
  const viewer = await scene.viewer(writer.link);
  const words = await wordsOf(viewer);
  await viewer.shows('int x;y');
  await viewer.until(async () => /^Text of \d+ s ago$/.test(await viewer.state()), SOON_MS,
    'the page says how old the text is', () => viewer.state());
  assert.ok(!words.includes('Live'), words.join());
});

test('while storage is busy or hangs the stream goes on, and the page says the truth to its end', async () => {
  const writer = await scene.writer();
  scene.stack.container.script = busy;
  await writer.paste('a');
  await kept(writer, /^Not kept: .*503 ServerBusy/);
  const write = hang('PUT');
  const viewer = await scene.viewer(writer.link);
  await viewer.shows('a');
  await viewer.says('Live');
  await write.begun(); // it tries again
  await writer.type('b');
  await viewer.shows('ab');
  await writer.page.goto('about:blank'); // its newest text is on its way
  write.end();
  await holds(writer, 'ab');
  await writer.page.goto(scene.stack.page);
  await writer.says('Live');
  scene.stack.container.script = busy;
  const leaving = deferred();
  writer.page.on('dialog', (dialog) => {
    if (dialog.type() !== 'beforeunload') return dialog.accept();
    leaving.resolve();
    return dialog.dismiss();
  });
  await writer.press('end-delete');
  await writer.says('Ended');
  await viewer.says('Ended');
  await kept(writer, /^The kept text could not be deleted: .*503/);
  // No later page takes an ended session up: who leaves now leaves the text there.
  await writer.page.close({ runBeforeUnload: true });
  await within(LATER_MS, leaving.promise, 'a question before the page goes');
  scene.stack.container.script = undefined;
});

test('a text that is not to be kept is deleted, and no other follows, after a reload either', async () => {
  const writer = await scene.writer();
  await writer.type('a');
  await kept(writer, /^Kept, /);
  scene.stack.container.script = refusing;
  await writer.press('drop');
  await kept(writer, /^The kept text could not be deleted: .*403/);
  scene.stack.container.script = undefined;
  await writer.page.reload(); // which has not forgotten it
  await kept(writer, /^This text is not kept\.$/);
  await writer.type('b');
  await writer.page.reload();
  await writer.says('Live');
  await kept(writer, /^This text is not kept\.$/);
  await writer.page.context().close();
  await holds(writer, '');
});
