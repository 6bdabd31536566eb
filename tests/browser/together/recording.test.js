// A recording is one file that plays itself: opened from a disk, without any server.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { after, afterEach, before, test } from '../../lib/test.js';
import { Screen, startScene } from '../browser.js';

let scene;
let folder;
before(async () => {
  scene = await startScene();
  folder = mkdtempSync(path.join(tmpdir(), 'recording-'));
});
afterEach(() => scene?.everybodyLeaves());
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await scene?.close();
});

const HOSTILE = '</script><script>document.title = "run"</script><!-- \u2028 \ud83d\ude00';

/** Downloads what is on the page so far; the page asks first. */
async function saved(screen, name) {
  const asked = [];
  screen.page.once('dialog', (dialog) => {
    asked.push(dialog.message());
    dialog.accept();
  });
  const download = screen.page.waitForEvent('download');
  await screen.press('download-recording');
  const file = path.join(folder, name);
  const got = await download;
  await got.saveAs(file);
  assert.match(got.suggestedFilename(), /\.recording\.html$/);
  assert.match(asked[0], /what was deleted/);
  return file;
}

/** Opens a file as a double click does. */
async function played(file, options) {
  const context = await scene.person(options);
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  await page.locator('#play:not([disabled])').waitFor();
  return { screen: new Screen(page), page, faults, requests };
}

/** The last moment has the whole text. */
async function atItsEnd(screen, text) {
  const { page } = screen;
  assert.match(await page.title(), /Recording/);
  await page.locator('#rewind').focus();
  await screen.keys('End');
  await screen.until(async () => (await screen.lines()).join('').endsWith('!'), 10_000, 'its end');
  await page.locator('#copy-text').click();
  await page.locator('#copy-text', { hasText: 'Copied' }).waitFor();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), text);
  assert.match(await page.locator('#moment').textContent(), /^(\d+:\d\d) \/ \1$/);
}

/** It plays by itself, to its end. */
async function fromItsBeginning(screen) {
  const { page } = screen;
  await page.locator('#rewind').focus();
  await screen.keys('Home');
  await screen.until(async () => !(await screen.lines()).join('').endsWith('!'), 5_000, 'its beginning');
  await page.locator('#speed').click();
  await page.locator('#play').click();
  await screen.until(async () => (await screen.lines()).join('').endsWith('!'), 20_000, 'played to its end');
  await page.locator('#play[data-playing=false]').waitFor();
}

/** Its policy lets nothing out, and runs nothing else. */
async function letsNothingOut(page) {
  const refused = await page.evaluate(async () => {
    const out = await fetch('https://example.invalid/').catch((error) => error.name);
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    document.body.append(script);
    return { out, ran: window.ran };
  }).catch((error) => ({ out: 'TypeError', error: String(error) }));
  assert.equal(refused.out, 'TypeError');
  assert.equal(refused.ran, undefined);
}

test('what a writer and a viewer download plays from a disk, is equal, and holds nothing secret', async () => {
  const writer = await scene.writer();
  const viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  await writer.paste(HOSTILE);
  await viewer.until(async () => (await viewer.lines()).join('').includes('run'), 10_000, 'it arrives');
  await writer.page.keyboard.type(' gone');
  for (let i = 0; i < 5; i++) await writer.keys('Backspace');
  await writer.page.keyboard.insertText('!');
  await viewer.until(async () => (await viewer.lines()).join('').endsWith('!'), 10_000, 'the end');
  const text = `${HOSTILE}!`;
  const key = await writer.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  const { key: writerKey } = JSON.parse(Object.values(JSON.parse(key)).find((value) => value.includes('"key"')));
  assert.ok(writerKey.length > 20);
  const players = [];
  for (const [screen, name] of [[writer, 'writer.html'], [viewer, 'viewer.html']]) {
    const file = await saved(screen, name);
    const content = readFileSync(file, 'utf8');
    for (const secret of [new URL(writer.link).hash.slice(1), writerKey, new URL(writer.link).host])
      assert.equal(content.includes(secret), false, 'nothing that leads back');
    const player = await played(file);
    await atItsEnd(player.screen, text);
    players.push(player);
  }
  const last = players.at(-1);
  await fromItsBeginning(last.screen);
  for (const { page, faults, requests } of players) {
    assert.deepEqual(faults, []);
    assert.deepEqual(requests, [page.url()]);
  }
  await letsNothingOut(last.page);
  // Its policy would not let axe-core in.
  const { page } = await played(path.join(folder, 'viewer.html'), { bypassCSP: true, viewport: { width: 320, height: 480 } });
  await page.evaluate(readFileSync(new URL('../../../web/node_modules/axe-core/axe.min.js', import.meta.url), 'utf8'));
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
    const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes[0].html}`), []);
  }
  const { width, right } = await page.evaluate(() => {
    const { right } = document.getElementById('moment').getBoundingClientRect();
    return { width: document.documentElement.scrollWidth, right };
  });
  assert.ok(width <= 320 && right <= 320, `${width} ${right}`);
});
