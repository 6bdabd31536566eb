// The share panel: what it shows, copies and sends, and what it does where the browser refuses.
import assert from 'node:assert/strict';
import jsQR from '../../../web/node_modules/jsqr/dist/jsQR.js';
import { after, before, test } from '../../lib/test.js';
import { startScene } from '../browser.js';

let scene;
/** It has a system's sheet. */
let writer;
before(async () => {
  scene = await startScene();
  const context = await scene.person();
  await context.addInitScript(systemSheet);
  writer = await scene.writer({ context });
});
after(() => scene?.close());

/** What a system with a share sheet has; it keeps what it was given, or does what it is told. */
function systemSheet() {
  window.sent = [];
  navigator.share = async (what) => {
    if (window.refusal) throw new DOMException('', window.refusal);
    window.sent.push(what);
  };
}

/** A browser that lets nobody write into its clipboard. */
function refuseClipboard() {
  navigator.clipboard.writeText = () => Promise.reject(new DOMException('', 'NotAllowedError'));
}

const said = (screen) => screen.page.locator('#share-panel [role=status]').textContent();
const clipboard = (screen) => screen.page.evaluate(() => navigator.clipboard.readText());
const selected = (screen) =>
  screen.page.evaluate(() => {
    const { value, selectionStart, selectionEnd } = document.activeElement;
    return value.slice(selectionStart, selectionEnd);
  });

test('the panel gives the link away by keyboard alone: copied, sent, as a code, to embed', async () => {
  const { page } = writer;
  await page.locator('#share').focus();
  // Whoever does not wait for the panel and presses again has one.
  await page.evaluate(() => {
    for (let i = 0; i < 3; i++) document.activeElement.click();
  });
  await page.locator('#share-panel').waitFor();
  assert.equal(await page.locator('#share-panel').count(), 1);
  assert.equal(await writer.notice(), '');
  // The button that copies has the focus.
  await writer.keys('Enter');
  await writer.until(async () => (await said(writer)) === 'The link is copied.', 5_000, 'copied');
  assert.equal(await clipboard(writer), writer.link);
  assert.equal(await page.locator('#link-field').inputValue(), writer.link);
  await page.locator('#share-system').focus();
  await writer.keys('Enter');
  await writer.until(() => page.evaluate(() => window.sent.length === 1), 5_000, 'sent');
  assert.equal(await page.evaluate(() => window.sent[0].url), writer.link);
  // Whoever closes the system's sheet is told nothing, whoever is refused is.
  for (const [refusal, words] of [['AbortError', 'The link is copied.'], ['NotAllowedError', /Copy it/]]) {
    await page.evaluate((name) => {
      window.refusal = name;
    }, refusal);
    await writer.keys('Enter');
    if (refusal !== 'AbortError')
      await writer.until(async () => words.test(await said(writer)), 5_000, refusal, () => said(writer));
    else assert.equal(await said(writer), words);
  }
  await page.locator('#share-panel summary', { hasText: 'Embed' }).focus();
  await writer.keys('Enter', 'Tab', 'd', 'Tab', 'Tab', 'Tab', '7', 'Tab', 'Tab', 'Enter');
  await writer.until(async () => /code/.test(await said(writer)), 5_000, 'the code is copied');
  assert.match(await clipboard(writer), /\?embed&amp;theme=dark&amp;line=7#/);
  await writer.keys('Escape');
  assert.equal(await page.locator('#share-panel').isVisible(), false);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'share');
});

test('a viewer shares the same link; where copying is refused it is selected', async () => {
  const context = await scene.person();
  await context.addInitScript(refuseClipboard);
  const viewer = await scene.viewer(writer.link, { context });
  await viewer.says('Live');
  await viewer.page.locator('#share').click();
  // Without a system's sheet, nothing offers it.
  assert.equal(await viewer.page.locator('#share-system').isVisible(), false);
  await viewer.page.locator('#share-copy').click();
  await viewer.until(async () => /by hand/.test(await said(viewer)), 5_000, 'it says so');
  assert.equal(await selected(viewer), writer.link);
  assert.equal(await viewer.page.locator('#copy-pen').count(), 0);
});

/** The path of a code as a camera sees it, `scale` dots for each square. */
function photo(path, size, scale = 4) {
  const width = size * scale;
  const dots = new Uint8ClampedArray(4 * width * width).fill(255);
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g))
    for (let row = y * scale; row < (Number(y) + 1) * scale; row++)
      for (let dot = x * scale; dot < (Number(x) + Number(length)) * scale; dot++)
        dots.fill(0, 4 * (row * width + dot), 4 * (row * width + dot) + 3);
  return [dots, width, width];
}

test('the code is read as the link, square, dark on white, and large enough for a phone, in each theme', async () => {
  await writer.page.locator('#share').click();
  const [path, size] = await writer.page
    .locator('.qr')
    .evaluate((svg) => [svg.firstChild.getAttribute('d'), svg.viewBox.baseVal.width]);
  assert.equal(jsQR(...photo(path, size))?.data, writer.link);
  for (const media of [{ colorScheme: 'dark' }, { colorScheme: 'light' }, { forcedColors: 'active' }]) {
    await writer.page.emulateMedia(media);
    const code = await writer.page.locator('.qr').evaluate((svg) => {
      const { width, height } = svg.getBoundingClientRect();
      return { width, height, paper: getComputedStyle(svg).backgroundColor, ink: getComputedStyle(svg.firstChild).fill };
    });
    assert.ok(code.width >= 180 && Math.abs(code.width - code.height) < 1, JSON.stringify(code));
    assert.deepEqual([code.paper, code.ink], ['rgb(255, 255, 255)', 'rgb(0, 0, 0)']);
  }
  await writer.keys('Escape');
});

test('the writer’s link is copied unseen, after a warning, and passes the pen to another browser', async () => {
  await writer.paste('passed on');
  await writer.page.locator('#share').click();
  await writer.page.locator('summary', { hasText: 'Pass the pen' }).click();
  assert.match(await writer.page.locator('#share-panel .warning').textContent(), /cannot be taken back/);
  assert.equal(await writer.page.locator('#pen-field').isVisible(), false);
  await writer.page.locator('#copy-pen').click();
  await writer.until(async () => /writer’s link is copied/.test(await said(writer)), 5_000, 'copied');
  const link = await clipboard(writer);
  assert.ok(link.startsWith(`${writer.link}/`) && !writer.link.includes('/write/'));
  const second = await scene.viewer(link);
  await second.says('Live');
  // The key has left the address.
  assert.equal(await second.page.evaluate(() => location.hash), new URL(writer.link).hash);
  await second.page.locator('#banner-action').click();
  await writer.says('Taken over');
  await second.says('Live');
  await second.shows('passed on');
});
