// What people have complained about in pages like this one: storage that is full, pages that are
// loaded ahead, files that do not arrive, input methods at the limit, names, and the pen that moves.
import assert from 'node:assert/strict';
import { after, before, test } from '../lib/test.js';
import { deferred } from '../lib/deadline.js';
import { startScene } from './browser.js';

const LONG = { timeout: 60_000 };

let scene;
before(async () => {
  scene = await startScene();
});
after(() => scene?.close());

async function pair(text, options) {
  const writer = await scene.writer(options);
  if (text) await writer.paste(text);
  const viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  if (text) await viewer.has(text);
  return { writer, viewer };
}

/** The draft has been saved. */
const kept = ({ page }, text) =>
  page.waitForFunction(
    (wanted) => Object.values(localStorage).some((value) => value.includes(JSON.stringify(wanted))),
    text,
  );

test('a page that is loaded ahead starts nothing before it is opened', async () => {
  const context = await scene.person();
  const first = await scene.writer({ context });
  await first.type('live');
  await kept(first, 'live');
  const was = await first.page.evaluate(() => JSON.stringify({ ...localStorage }));
  const ahead = await context.newPage();
  await ahead.addInitScript(() => {
    window.prerendering = true;
    Object.defineProperty(Document.prototype, 'prerendering', { get: () => window.prerendering });
  });
  const asked = [];
  ahead.on('request', (request) => asked.push(request.url()));
  await ahead.goto(scene.stack.page, { waitUntil: 'networkidle' });
  await ahead.locator('html[data-role=none]').waitFor();
  assert.deepEqual(asked.filter((url) => url.includes('negotiate')), []);
  assert.equal(await first.page.evaluate(() => JSON.stringify({ ...localStorage })), was);
  assert.equal(await first.state(), 'Live');
  // Opened beside the one that writes, it still takes nothing away.
  await ahead.evaluate(() => {
    window.prerendering = false;
    document.dispatchEvent(new Event('prerenderingchange'));
  });
  await ahead.getByRole('heading', { name: 'You are writing in another tab' }).waitFor();
  assert.deepEqual(asked.filter((url) => url.includes('negotiate')), []);
  await ahead.getByRole('button', { name: 'Start another stream' }).click();
  await ahead.locator('#share-link').waitFor();
  assert.notEqual(await ahead.locator('#share-link').getAttribute('href'), first.link);
  assert.equal(await first.state(), 'Live');
});

test('a page that the way back brings again goes on with what another page has written', async () => {
  const context = await scene.person();
  const first = await scene.writer({ context });
  await first.type('one');
  await kept(first, 'one');
  const hide = (persisted) =>
    first.page.evaluate((is) => {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: is }));
    }, persisted);
  const comeBack = () =>
    first.page.evaluate(() => {
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
  // Nobody has written meanwhile: the same page goes on.
  await hide(true);
  await comeBack();
  await first.type('!');
  await kept(first, 'one!');
  await hide(true);
  const second = await scene.writer({ context });
  assert.equal(second.link, first.link);
  await first.says('Taken over');
  await second.focus();
  await second.keys('Control+End');
  await second.page.keyboard.type(' two');
  await kept(second, 'one! two');
  await comeBack();
  await first.page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 600); }));
  assert.equal(await first.state(), 'Taken over', 'another page does write');
  await second.page.close();
  await comeBack();
  await first.says('Live');
  await first.shows('one! two');
});

test('an input method at the limit takes nothing away, and what fits is taken', LONG, async () => {
  const text = `${'x'.repeat(63)}\n`.repeat(4096).slice(0, 262_143);
  const { writer, viewer } = await pair(text);
  await writer.keys('Control+Home');
  const session = await writer.page.context().newCDPSession(writer.page);
  const compose = async (steps, chosen) => {
    for (const step of steps)
      await session.send('Input.imeSetComposition', {
        text: step,
        selectionStart: step.length,
        selectionEnd: step.length,
      });
    await session.send('Input.insertText', { text: chosen });
  };
  await compose(['に', 'にほ', 'にほん', '日本'], '日本');
  await writer.notices(/holds at most 256 KiB/);
  await writer.has(text);
  await viewer.has(text);
  await writer.focus();
  await writer.keys('Control+Home');
  await compose(['に', 'にほ', 'にほん'], '日');
  await viewer.has(`日${text}`);
  assert.equal(await writer.text(), `日${text}`);
});

test('a full storage brings no old draft back, and room is made where it can be', LONG, async () => {
  const { writer, viewer } = await pair('old');
  await kept(writer, 'old');
  await writer.page.evaluate(() => {
    const old = { room: 'R', key: 'K', epoch: 1, language: 'go', name: '', ended: false, at: 1 };
    localStorage['codestream.session.R'] = JSON.stringify({ ...old, text: 'r'.repeat(2_000) });
    for (let n = 262_144; n >= 1; n >>= 1)
      for (let i = 0; i < 40; i++) {
        try {
          localStorage.setItem(`other${n}.${i}`, 'x'.repeat(n));
        } catch {
          break;
        }
      }
  });
  await writer.keys('Control+A');
  await writer.page.keyboard.insertText('fits in place of R');
  await kept(writer, 'fits in place of R');
  assert.equal(await writer.notice(), '');
  const words = 'new words '.repeat(300);
  await writer.paste(words);
  await writer.notices(/keeps no copy/);
  assert.equal(await writer.state(), 'Live');
  await writer.keys('Control+S');
  await writer.notices(/keeps no copy/);
  await viewer.has(`fits in place of R${words}`);
  const asked = [];
  writer.page.on('dialog', (dialog) => {
    asked.push(dialog.type());
    dialog.accept();
  });
  await writer.page.reload();
  await writer.says('Live');
  assert.deepEqual(asked, ['beforeunload']);
  assert.equal(await writer.text(), '');
  assert.equal(await viewer.text(), `fits in place of R${words}`);
});

test('a language is coloured as soon as its file can be had, and until then the page says so', LONG, async () => {
  const { writer, viewer } = await pair('def f():\n  return "x" # y\n');
  const kinds = ({ page }) =>
    page.evaluate(() => {
      const parts = document.querySelectorAll('#editor :is(.view-line span, .cm-line) span');
      return new Set([...parts].map((part) => part.className)).size;
    });
  const both = [writer, viewer];
  for (const { page } of both) await page.route('**/assets/*', (route) => route.abort());
  await writer.page.locator('#language').selectOption('python');
  for (const screen of both) await screen.notices(/colours of this language/);
  for (const { page } of both) await page.unroute('**/assets/*');
  for (const screen of both) {
    await screen.page.evaluate(() => dispatchEvent(new Event('online')));
    await screen.until(async () => (await kinds(screen)) > 2, 10_000, 'colours', () => kinds(screen));
    await screen.notices(/^$/);
  }
});

test('what is typed behind column 10 000 is on the screen of both', async () => {
  const words = 'word '.repeat(2_400);
  const { writer, viewer } = await pair(words);
  await writer.keys('End');
  await writer.page.keyboard.type('HERE');
  for (const screen of [writer, viewer])
    await screen.until(
      async () => (await screen.lines()).join('').includes('HERE'),
      10_000,
      'HERE is on the screen',
    );
  const caret = await writer.page.locator('#editor .cursor').first().boundingBox();
  assert.ok(caret.x > 0 && caret.x < 1280, `the caret is at ${caret.x}`);
});
