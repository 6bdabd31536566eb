// What people have complained about in pages like this one: storage that is full, pages that are
// loaded ahead, files that do not arrive, input methods at the limit, names, and the pen that moves.
import assert from 'node:assert/strict';
import { after, before, test } from '../../lib/test.js';
import { deferred } from '../../lib/deadline.js';
import { startScene } from '../browser.js';

const LONG = { timeout: 60_000 };

let scene;
let writer;
let viewer;
before(async () => {
  scene = await startScene();
  writer = await scene.writer();
  viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
});
after(() => scene?.close());

/** The writer begins anew with this text. */
async function begin(text) {
  await writer.focus();
  await writer.page.evaluate((value) => navigator.clipboard.writeText(value), text);
  await writer.keys('Control+A', 'Control+V');
  // What is on the screen as a whole need not be copied to be compared.
  await (text.length < 500 ? viewer.shows(text) : viewer.has(text));
}

/** The draft has been saved. */
const kept = ({ page }, text) =>
  page.waitForFunction(
    (wanted) =>
      Object.keys(localStorage).some(
        (name) => name.startsWith('codestream.session.') && localStorage[name].includes(wanted),
      ),
    JSON.stringify(text),
  );

test('a page that the way back brings again goes on with what another page has written', async () => {
  await writer.type('one');
  await kept(writer, 'one');
  const hide = (persisted) =>
    writer.page.evaluate((is) => {
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: is }));
    }, persisted);
  const comeBack = () =>
    writer.page.evaluate(() => {
      dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));
    });
  // Nobody has written meanwhile: the same page goes on.
  await hide(true);
  await comeBack();
  await writer.type('!');
  await kept(writer, 'one!');
  await hide(true);
  const second = await scene.writer({ context: writer.page.context() });
  assert.equal(second.link, writer.link);
  await writer.says('Taken over');
  await writer.page.setInputFiles('#open-file', { name: 'late.txt', mimeType: '', buffer: Buffer.from('late') });
  await writer.notices(/nothing can be written here any more/);
  await writer.shows('one!');
  await second.focus();
  await second.keys('Control+End');
  await second.page.keyboard.type(' two');
  await kept(second, 'one! two');
  await comeBack();
  await writer.page.evaluate(() => new Promise((resolve) => { setTimeout(resolve, 600); }));
  assert.equal(await writer.state(), 'Taken over', 'another page does write');
  await second.page.close();
  await comeBack();
  await writer.says('Live');
  await writer.shows('one! two');
});

test('a page that is loaded ahead starts nothing before it is opened', async () => {
  const context = writer.page.context();
  const was = await writer.page.evaluate(() => JSON.stringify({ ...localStorage }));
  const ahead = await context.newPage();
  await ahead.addInitScript(() => {
    window.prerendering = true;
    Object.defineProperty(Document.prototype, 'prerendering', { get: () => window.prerendering });
    // Playwright's clock would be the other page's too.
    const { setTimeout } = window;
    const due = [];
    window.setTimeout = (run, ms = 0, ...given) => {
      if (ms < 10_000) return setTimeout(run, ms, ...given);
      due.push(run);
      return 0;
    };
    window.tenSecondsLater = () => due.splice(0).forEach((run) => run());
  });
  const asked = [];
  ahead.on('request', (request) => asked.push(request.url()));
  const come = deferred();
  await ahead.route('**/write-*.js*', (route) => come.promise.then(() => route.continue()));
  await ahead.goto(scene.stack.page, { waitUntil: 'commit' });
  await ahead.locator('html[data-role=none]').waitFor();
  assert.deepEqual(asked.filter((url) => url.includes('negotiate')), []);
  assert.equal(await writer.page.evaluate(() => JSON.stringify({ ...localStorage })), was);
  assert.equal(await writer.state(), 'Live');
  // Opened beside the one that writes, it still takes nothing away.
  await ahead.evaluate(() => {
    window.prerendering = false;
    document.dispatchEvent(new Event('prerenderingchange'));
  });
  await ahead.getByRole('heading', { name: 'You are writing in another tab' }).waitFor();
  assert.deepEqual(asked.filter((url) => url.includes('negotiate')), []);
  await ahead.getByRole('button', { name: 'Start another stream' }).click();
  await ahead.evaluate(() => window.tenSecondsLater());
  await ahead.locator('#banner', { hasText: 'has not arrived yet' }).waitFor();
  come.resolve();
  await ahead.locator('#share-link').waitFor();
  assert.notEqual(await ahead.locator('#share-link').getAttribute('href'), writer.link);
  assert.equal(await writer.state(), 'Live');
  await ahead.close();
});

test('an input method at the limit takes nothing away, and what fits is taken', LONG, async () => {
  const text = `${'x'.repeat(63)}\n`.repeat(4096).slice(0, 262_143);
  await begin(text);
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

test('a language is coloured as soon as its file can be had, and until then the page says so', LONG, async () => {
  await begin('def f():\n  return "x" # y\n');
  const kinds = ({ page }) =>
    page.evaluate(() => {
      const parts = document.querySelectorAll('#editor :is(.view-line span, .cm-line) span');
      return new Set([...parts].map((part) => part.className)).size;
    });
  const both = [writer, viewer];
  for (const { page } of both) await page.route('**/assets/*.js*', (route) => route.abort());
  await writer.page.locator('#language').selectOption('python');
  for (const screen of both) await screen.notices(/colours of this language/);
  for (const { page } of both) await page.unroute('**/assets/*.js*');
  for (const screen of both) {
    await screen.page.evaluate(() => dispatchEvent(new Event('online')));
    await screen.until(async () => (await kinds(screen)) > 2, 10_000, 'colours', () => kinds(screen));
    await screen.notices(/^$/);
  }
});

test('what is typed behind column 10 000 is on the screen of both', async () => {
  const words = 'word '.repeat(2_400);
  await begin(words);
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
  const follows = async (what) => {
    const place = () => viewer.page.locator('.writer-caret').boundingBox();
    const isSeen = ({ x, y, height }) => x > 0 && x < 1280 && y > 50 && y + height <= 800;
    await viewer.until(async () => isSeen(await place()), 10_000, what, place);
  };
  await follows('the viewer is at the end of the line');
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('FIRST');
  await viewer.has(`FIRST${words}HERE`);
  await follows('the viewer is at its beginning');
  assert.equal(await viewer.page.locator('.cm-scroller').evaluate(({ scrollLeft }) => scrollLeft), 0);
  await viewer.page.locator('#menu-button').click();
  await viewer.page.locator('#wrap').check();
  await viewer.keys('Escape');
  await viewer.page.locator('.cm-lineWrapping').waitFor();
  // The writer's rows have 320 columns, a wrapped line of the viewer's has more of them than the screen.
  await writer.keys(...Array(18).fill('ArrowDown'));
  await writer.page.keyboard.type('MIDDLE');
  await follows('the viewer is at the middle of the line');
  await viewer.page.locator('#menu-button').click();
  await viewer.page.locator('#wrap').uncheck();
  await viewer.keys('Escape');
});

test('files of any encoding, texts and links are taken wherever they are dropped, and keep their names', LONG, async () => {
  await begin('first');
  assert.equal(await writer.drop('#editor .view-lines', { text: 'words ' }), true);
  await viewer.until(async () => /words /.test(await viewer.lines()), 10_000, 'the words are there');
  const code = 'function f() {\n  if (a) {\n    b();\n  }\n}\n';
  const utf16 = Buffer.from(`\ufeff${code}`, 'utf16le');
  assert.equal(await writer.drop('.bar', { name: 'two.js', bytes: utf16 }), true);
  await viewer.shows(code);
  // The indentation is the file's, until another is chosen.
  const indent = async () => {
    await writer.focus();
    await writer.keys('Control+Home', 'ArrowDown', 'End', 'Enter');
    await writer.page.keyboard.insertText('x');
    const line = (await writer.text()).split('\n')[2];
    await writer.focus();
    await writer.keys('Control+Home', 'ArrowDown', 'ArrowDown', 'Control+Shift+K');
    return line;
  };
  assert.equal(await indent(), '    x');
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#indent').selectOption('tab');
  await writer.keys('Escape');
  assert.match(await indent(), /^\t+x$/);
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 13]);
  await writer.drop('#editor', { name: 'picture.png', bytes: png });
  await writer.notices(/picture\.png.*not a text file/);
  // A folder looks like a file, until it is read.
  await writer.page.evaluate(() => {
    const { arrayBuffer } = File.prototype;
    File.prototype.arrayBuffer = function () {
      const isFolder = this.name === 'folder';
      return isFolder ? Promise.reject(new DOMException('', 'NotFoundError')) : arrayBuffer.call(this);
    };
  });
  await writer.drop('#editor', { name: 'folder', bytes: Buffer.alloc(0) });
  await writer.notices(/folder.*could not be read/);
  await writer.drop('#editor', { name: 'old.txt', bytes: Buffer.from('Größe', 'latin1') });
  await writer.notices(/read as Latin-1/);
  await viewer.shows('Größe');
  for (const [name, wanted] of [
    ['Makefile', 'Makefile'],
    [`${'b'.repeat(79)}😀.py`, `${'b'.repeat(77)}.py`],
  ]) {
    const buffer = Buffer.from(name);
    await writer.page.setInputFiles('#open-file', { name, mimeType: 'text/plain', buffer });
    await viewer.shows(name);
    // The name may come after the text.
    const shown = ({ page }) => page.locator('#file').textContent();
    const named = await shown(writer);
    await viewer.until(async () => (await shown(viewer)) === named, 10_000, named, () => shown(viewer));
    assert.equal(await writer.notice(), '', 'nothing is said of an earlier file');
    const [download] = await Promise.all([viewer.page.waitForEvent('download'), viewer.press('download')]);
    assert.equal(download.suggestedFilename(), wanted);
  }
  // A viewer's page takes nothing, and is not left for it.
  assert.equal(await viewer.drop('.bar', { name: 'x.txt', bytes: Buffer.from('x') }), true);
  assert.equal(await viewer.state(), 'Live');
});

test("Monaco's icons and context menu are whole, and Ctrl+S says that the text is kept", async () => {
  await begin('function f() {\n  g();\n}\n');
  await writer.keys('Control+S');
  await writer.notices(/^The text is kept in this browser\.$/);
  await writer.keys('Control+F');
  await writer.page.locator('.find-widget.visible .codicon').first().waitFor();
  const font = await writer.page.evaluate(async () => {
    const icon = document.querySelector('.find-widget .codicon');
    const { fontFamily, content } = getComputedStyle(icon, '::before');
    await document.fonts.load(`16px ${fontFamily}`);
    const loaded = [...document.fonts].some(({ family, status }) => family === fontFamily && status === 'loaded');
    return { fontFamily, loaded, content };
  });
  assert.equal(font.fontFamily, 'codicon');
  assert.ok(font.loaded);
  assert.notEqual(font.content, 'none');
  await writer.keys('Escape');
  const lines = writer.page.locator('#editor .view-lines');
  await lines.click({ button: 'right', position: { x: 80, y: 10 } });
  const background = () =>
    writer.page.evaluate(() => {
      const inside = (root) => [
        ...root.querySelectorAll('.monaco-menu .action-item'),
        ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) => (shadowRoot ? inside(shadowRoot) : [])),
      ];
      const editor = document.querySelector('#editor');
      let [part] = inside(editor);
      const clear = 'rgba(0, 0, 0, 0)';
      while (part && part !== editor && getComputedStyle(part).backgroundColor === clear)
        part = part.parentElement ?? part.getRootNode().host;
      return part && (part === editor ? 'none' : getComputedStyle(part).backgroundColor);
    });
  await writer.until(async () => Boolean(await background()), 10_000, 'the menu is open');
  assert.equal(await background(), 'rgb(255, 255, 255)');
});

test('a full storage brings no old draft back, and room is made where it can be', LONG, async () => {
  await begin('old');
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
