// Where the owner has set a word: a writer is asked for it once, a viewer never.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, afterEach, before, test } from '../lib/test.js';
import { startScene } from './browser.js';

const WORD = 'open sesame, "please"';
const WRONG = 'open barley, "please"';

let scene;
let axe;
before(async () => {
  const file = new URL('../../web/node_modules/axe-core/axe.min.js', import.meta.url);
  [axe, scene] = await Promise.all([
    readFile(file, 'utf8'), startScene({ env: { CODESTREAM_WRITERS: WORD } })]);
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

const negotiations = ({ page }) => scene.requests
  .filter((request) => request.page === page && request.url.includes('/negotiate')).length;

/** A page that has been asked for a room, and asks for the word. */
async function asked(context) {
  const console = [];
  const screen = await scene.open(scene.stack.page, 'writer', context);
  screen.page.on('console', (message) => console.push(message.text()));
  const { page } = screen;
  const dialog = page.getByRole('dialog', { name: 'Starting a stream needs a word' });
  const form = {
    input: page.getByLabel('Word', { exact: true }),
    problem: dialog.getByRole('alert'),
  };
  await dialog.waitFor();
  return { screen, console, dialog, ...form };
}

/** A page that learns late that a form is closed, as on a slow machine; runs in the page. */
function closeLate() {
  Object.defineProperty(HTMLDialogElement.prototype, 'onclose', {
    set(listener) {
      this.addEventListener('close', (event) => {
        setTimeout(() => listener.call(this, event), 500);
      });
    },
  });
}

test('a writer enters the word once, is not asked again, and can forget it', async () => {
  const context = await scene.person();
  await context.addInitScript(closeLate);
  const { screen, console, input, problem, dialog } = await asked(context);
  const { page } = screen;
  assert.equal(await input.evaluate((field) => field === document.activeElement), true);
  assert.equal(await input.getAttribute('type'), 'password');
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run('#word-dialog'));
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), []);

  // Nothing is nothing; a wrong one is told in words, and asked for again.
  await page.keyboard.press('Enter');
  assert.equal(await dialog.isVisible(), true);
  await page.keyboard.type(WRONG);
  await page.keyboard.press('Enter');
  await problem.filter({ hasText: 'That is not the word' }).waitFor();
  assert.equal(await input.inputValue(), '');
  assert.equal(await input.getAttribute('aria-invalid'), 'true');
  assert.equal(await input.evaluate((field) => field === document.activeElement), true);

  await page.keyboard.type(WORD);
  await page.keyboard.press('Enter');
  await screen.says('Live');
  await dialog.waitFor({ state: 'hidden' });
  await screen.type('hello');
  const link = await page.locator('#share-link').getAttribute('href');

  // Who watches needs none.
  const viewer = await scene.viewer(link);
  await viewer.says('Live');
  await viewer.shows('hello');
  assert.equal(await viewer.page.locator('#word-dialog').isVisible(), false);
  assert.equal(await viewer.page.locator('#forget-word').isVisible(), false);

  // The same room by its key, and a new one by what the browser remembers.
  await page.reload();
  await screen.says('Live');
  assert.equal(await page.locator('#share-link').getAttribute('href'), link);
  page.on('dialog', (box) => box.accept());
  await screen.press('new-session');
  await screen.until(async () => {
    const shown = await page.locator('#share-link').getAttribute('href');
    return shown !== null && shown !== link;
  }, 10_000, 'another room');
  await screen.says('Live');
  assert.equal(await dialog.isVisible(), false);

  // Forgotten: what is open goes on, the next is asked for again.
  await screen.press('forget-word');
  await screen.notices(/forgotten/);
  await screen.says('Live');
  await screen.press('new-session');
  await dialog.waitFor();
  assert.equal(await problem.isVisible(), false);
  const kept = await page.evaluate(() => JSON.stringify({ ...localStorage }));
  assert.doesNotMatch(kept, /sesame|barley/);

  const { stack } = scene;
  const said = [...scene.requests.map(({ url }) => decodeURIComponent(url)), ...console,
    ...stack.handlerLines, ...stack.hostLines, ...stack.serviceLines];
  assert.doesNotMatch(said.join('\n'), /sesame|barley/);
});

test('who cancels is not asked again until they wish it, and keeps what they type', async () => {
  const { screen, dialog, input } = await asked(await scene.person());
  const { page } = screen;
  await page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await screen.says('Not connected');
  await screen.notices(/needs a word/);
  await screen.type('a draft');
  const before = negotiations(screen);
  await page.locator('#banner-action').click();
  await dialog.waitFor();
  await page.locator('#word-cancel').click();
  await dialog.waitFor({ state: 'hidden' });
  assert.equal(negotiations(screen), before, 'nothing was asked of the function app');
  await page.locator('#banner-action').click();
  await input.fill(WORD);
  await page.locator('#word-enter').click();
  await screen.says('Live');
  await screen.shows('a draft');
});

test('a word that has been changed is asked for anew, and says so', async () => {
  const context = await scene.person();
  await context.addInitScript(([api, word]) => {
    localStorage.setItem(`codestream.word.${api}`, word);
  }, [scene.stack.api, WRONG]);
  const { problem } = await asked(context);
  await problem.filter({ hasText: 'has been changed' }).waitFor();
});
