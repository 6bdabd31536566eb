// What a writer can do with a session besides typing.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { SOON_MS, startScene } from '../browser.js';

let scene;
before(async () => {
  scene = await startScene();
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

/** A writer's page, and somebody who watches. */
async function writing(text) {
  const writer = await scene.writer();
  await writer.paste(text);
  const reader = await scene.reader(writer.link);
  await reader.shows(text);
  return { writer, reader };
}

const file = (name, text) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) });

async function open(writer, ...files) {
  await writer.page.locator('#open-file').setInputFiles(files);
}

test('nothing of a pause is ever sent, also by a writer who reloads', async () => {
  const { writer, reader } = await writing('public');
  const sent = [];
  const session = await writer.page.context().newCDPSession(writer.page);
  await writer.press('pause');
  await writer.says('Paused');
  await reader.says('Paused');
  await session.send('Network.enable');
  session.on('Network.webSocketFrameSent', ({ response }) => sent.push(response.payloadData));
  await writer.focus();
  await writer.keys('Control+End');
  const secret = ' p@ssw@rd'; // no name that is made by chance has an @
  await writer.page.keyboard.type(secret);
  await writer.page.reload();
  await writer.says('Paused');
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type('@');
  const late = await scene.reader(writer.link, 'Paused');
  for (const somebody of [reader, late]) {
    await somebody.says('Paused');
    await somebody.shows('public');
  }
  assert.equal(await writer.text(), `public${secret}@`);
  await writer.focus();
  await writer.keys('Control+End');
  for (let i = 0; i < secret.length + 1; i++) await writer.keys('Backspace');
  await writer.page.keyboard.type(' again');
  await writer.press('pause');
  for (const somebody of [reader, late]) {
    await somebody.shows('public again');
    await somebody.says('Live');
  }
  assert.ok(sent.length > 0);
  assert.doesNotMatch(sent.join(), /@/);
});

test('the end of a session is told to everybody and outlives a reload, and a new one has another link', async () => {
  const { writer, reader } = await writing('the end');
  writer.page.on('dialog', (dialog) => dialog.accept());
  await writer.press('end');
  await writer.says('Ended');
  await reader.says('Ended');
  await reader.shows('the end');
  await scene.reader(writer.link, 'Ended');
  await writer.focus();
  await writer.page.keyboard.type('no more');
  assert.equal((await writer.lines()).join(), 'the end');
  await writer.page.locator('#banner-action').click();
  await writer.says('Live');
  const link = () => writer.page.locator('#share-link').getAttribute('href');
  const second = await link();
  assert.notEqual(second, writer.link);
  await writer.shows('');
  await writer.page.waitForTimeout(500);
  assert.equal(reader.state(), 'Ended');

  await writer.press('end');
  await writer.says('Ended');
  await writer.page.reload();
  await writer.says('Live');
  assert.ok(![writer.link, second].includes(await link()));
});

test('a file is opened or dropped with name and language, one undo brings the old text back, and what is no text is refused', async () => {
  const writer = await scene.writer();
  await writer.paste('old');
  const viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  await viewer.shows('old');
  await open(writer, file('tool.py', 'def f():\r\n    return 1\r\n'));
  await viewer.shows('def f():\n    return 1\n');
  await viewer.page.locator('#file', { hasText: 'tool.py' }).waitFor();
  await viewer.page.locator('#language-shown', { hasText: 'Python' }).waitFor();
  assert.match(await viewer.page.title(), /^tool\.py/);
  const download = viewer.page.waitForEvent('download');
  await viewer.press('download');
  assert.equal((await download).suggestedFilename(), 'tool.py');
  await writer.focus();
  await writer.keys('Control+Z');
  await viewer.shows('old');

  const notes = { name: 'notes.md', bytes: Buffer.from('dropped\n'), type: 'text/markdown' };
  assert.equal(await writer.drop('#editor .view-lines', notes), true);
  await viewer.shows('dropped\n');
  await viewer.page.locator('#language-shown', { hasText: 'Markdown' }).waitFor();

  await open(writer, file('large.txt', 'x'.repeat(256 * 1024 + 1)));
  await writer.notices(/large\.txt.*larger than 256 KiB/);
  await open(writer, {
    name: 'picture.png',
    mimeType: 'image/png',
    buffer: Buffer.from([0x89, 0x50, 0xff, 0xfe, 0x00]),
  });
  await writer.notices(/picture\.png.*not a text file/);
  assert.equal(await writer.text(), 'dropped\n');
});

test("the system's theme is followed until one is chosen, and what is chosen is kept", async () => {
  const context = await scene.person({ colorScheme: 'dark' });
  const writer = await scene.writer({ context });
  await writer.page.locator('.monaco-editor').first().waitFor(); // the page is live before
  const theme = () =>
    writer.page.evaluate(() => [
      document.documentElement.dataset.theme,
      document
        .querySelector('.monaco-editor')
        .className.match(/\b(vs-dark|vs|hc-black|hc-light)\b/)[0],
    ]);
  assert.deepEqual(await theme(), ['dark', 'vs-dark']);
  await writer.page.emulateMedia({ colorScheme: 'light' });
  await writer.until(async () => (await theme())[1] === 'vs', 5_000, 'light', theme);
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#theme').selectOption('contrast');
  await writer.page.locator('#wrap').check();
  await writer.page.locator('#larger').click();
  assert.deepEqual(await theme(), ['contrast-dark', 'hc-black']);
  await writer.page.reload();
  await writer.says('Live');
  assert.deepEqual(await theme(), ['contrast-dark', 'hc-black']);
  assert.equal(await writer.page.locator('#wrap').isChecked(), true);
  assert.equal(await writer.page.locator('#font-size').textContent(), '16');
});

/** Somebody whose browser refuses to keep anything. */
async function forgetful() {
  const context = await scene.person();
  await context.addInitScript(() => {
    for (const kind of ['localStorage', 'sessionStorage']) {
      Object.defineProperty(window, kind, {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    }
  });
  return context;
}

/** What the browser asks when the person reloads the page, and is answered with yes. */
async function questionsOnReload({ page }) {
  const asked = [];
  const answer = (dialog) => {
    asked.push(dialog.type());
    return dialog.accept();
  };
  page.on('dialog', answer);
  await page.reload();
  page.off('dialog', answer);
  return asked;
}

test('a browser that keeps nothing can still write, and asks before a text is lost; one that keeps it does not', async () => {
  const keeping = await scene.writer();
  await keeping.press('pause');
  await keeping.says('Paused');
  await keeping.type('kept');
  assert.deepEqual(await questionsOnReload(keeping), []);
  const writer = await scene.writer({ context: await forgetful() });
  await writer.type('still here');
  const viewer = await scene.reader(writer.link);
  await viewer.shows('still here');
  await writer.press('pause');
  await writer.says('Paused');
  await writer.type('nowhere else');
  assert.deepEqual(await questionsOnReload(writer), ['beforeunload']);
});

test('the link is copied, and a new session with another link leaves the old one behind, also after a reload', async () => {
  const writer = await scene.writer();
  await writer.page.locator('#copy-link').click();
  await writer.page.locator('#copy-link', { hasText: 'Copied' }).waitFor();
  assert.equal(await writer.page.evaluate(() => navigator.clipboard.readText()), writer.link);
  assert.match(new URL(writer.link).hash, /^#[A-Za-z0-9_-]{22}$/);
  await writer.page.locator('#copy-link', { hasText: 'Copy link' }).waitFor();
  await writer.type('left behind');
  writer.page.on('dialog', (dialog) => dialog.accept());
  const shared = () => writer.page.locator('#share-link').getAttribute('href');
  for (const leave of [() => writer.press('new-session'), () => writer.page.reload()]) {
    const loaded = writer.page.waitForEvent('load');
    await leave();
    await loaded;
    await writer.says('Live');
    await writer.page.locator('#share-link').waitFor({ state: 'attached' });
    assert.notEqual(await shared(), writer.link);
    await writer.shows('');
  }
});

test('a session that is forgotten leaves nothing in the browser, and its viewers what they have', async () => {
  const writer = await scene.writer();
  await writer.paste('nobody else reads this');
  const viewer = await scene.reader(writer.link);
  await viewer.shows('nobody else reads this');
  const asked = [];
  writer.page.on('dialog', (dialog) => {
    asked.push(dialog.message());
    dialog.accept();
  });
  const kept = () => writer.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  const [room] = new URL(writer.link).hash.slice(1).split('/');
  await writer.until(async () => (await kept()).includes('nobody else'), SOON_MS, 'it is kept', kept);
  const loaded = writer.page.waitForEvent('load');
  await writer.press('forget-session');
  await loaded;
  await writer.says('Live');
  await writer.shows('');
  assert.match(asked.join(), /^Forget this session\?/);
  assert.notEqual(await writer.page.locator('#share-link').getAttribute('href'), writer.link);
  for (const trace of ['nobody else', room]) assert.ok(!(await kept()).includes(trace), trace);
  await viewer.shows('nobody else reads this');
});

test('a session whose key is refused goes on as a new one, with its text', async () => {
  const writer = await scene.writer();
  await writer.type('carried over');
  await writer.page.route('**/negotiate', (route) =>
    route.request().postDataJSON()?.writer_key
      ? route.fulfill({
          status: 403,
          headers: { 'Access-Control-Allow-Origin': '*' },
          json: { error: { code: 'Forbidden', message: 'the writer key is not the one' } },
        })
      : route.continue(),
  );
  await writer.page.reload();
  await writer.says('Not connected');
  assert.match(await writer.notice(), /a new session begins with it/);
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type(', all of it');
  await writer.page.locator('#banner-action').click();
  await writer.says('Live');
  await writer.shows('carried over, all of it');
  const link = await writer.page.locator('#share-link').getAttribute('href');
  assert.notEqual(link, writer.link);
  await writer.page.unroute('**/negotiate');
  await writer.page.reload();
  await writer.says('Live');
  const viewer = await scene.reader(link);
  await viewer.shows('carried over, all of it');
});
