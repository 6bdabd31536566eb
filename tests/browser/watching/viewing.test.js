// A viewer's screen belongs to the viewer: nothing moves it but the viewer, or the writer while
// it follows.
import assert from 'node:assert/strict';
import { after, before, test } from '../../lib/test.js';
import { SOON_MS, startScene } from '../browser.js';

/** Of a recording of four letters, each with the cursor behind it. */
const MAX_STEPS = 20;
const LINES = Array.from({ length: 200 }, (_, i) => `line ${i + 1}`).join('\n');

let scene;
before(async () => {
  scene = await startScene();
});
after(() => scene?.close());

/** Pages of their own. */
async function ownPair(text) {
  const writer = await scene.writer();
  await writer.paste(text);
  await writer.keys('Control+Home');
  const viewer = await scene.viewer(writer.link);
  await viewer.has(text);
  return { writer, viewer };
}

let shared;
/** The two pages that most tests have in common, with this text, and the viewer following. */
async function pair({ text = LINES, language = 'plaintext' } = {}) {
  shared ??= await ownPair(text);
  const { writer, viewer } = shared;
  await writer.page.locator('#language').selectOption(language);
  await writer.focus();
  await writer.keys('Control+A', 'Delete');
  await writer.paste(text);
  await writer.keys('Control+Home');
  await viewer.has(text);
  const follow = viewer.page.locator('#follow');
  if ((await follow.getAttribute('aria-pressed')) !== 'true') await follow.click();
  await viewer.page.locator('#editor .first-text').waitFor({ state: 'detached' });
  await viewer.until(async () => (await viewer.lines())[0] === text.split('\n')[0], SOON_MS, 'the beginning is seen');
  return shared;
}

/** The first line that is wholly on the screen. */
const topLine = async (screen) =>
  screen.page.evaluate(() => {
    const edge = document.querySelector('#editor').getBoundingClientRect().top;
    const lines = [...document.querySelectorAll('#editor :is(.view-line, .cm-line)')].filter(
      (line) => line.getBoundingClientRect().top >= edge - 2,
    );
    lines.sort((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top);
    return lines[0]?.textContent.replaceAll('\u00a0', ' ');
  });

/** Turns the wheel, and waits until what it has moved stands still. */
async function scroll(screen, by) {
  let top = await topLine(screen);
  const box = await screen.page.locator('#editor').boundingBox();
  await screen.page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await screen.page.mouse.wheel(0, by);
  let hasMoved = false;
  await screen.until(
    async () => {
      const before = top;
      top = await screen.page.evaluate(FRAMES).then(() => topLine(screen));
      const isStill = top === before && hasMoved;
      hasMoved ||= top !== before;
      return isStill;
    },
    10_000,
    'the wheel has moved the text',
    () => topLine(screen),
  );
}

/** Some frames of the page go by. */
const FRAMES = () =>
  new Promise((resolve) => {
    let left = 5;
    const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve());
    next();
  });

const selected = (screen) =>
  screen.page.evaluate(async () => {
    document.execCommand('copy');
    return navigator.clipboard.readText();
  });

test('a viewer cannot type, paste, drop, cut, undo or change a line', async () => {
  const text = 'const a = 1;\nconst b = 2;\n';
  const { writer, viewer } = await pair({ text, language: 'javascript' });
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type('c');
  await viewer.shows('const a = 1;\nconst b = 2;\nc');
  await viewer.focus();
  await viewer.page.evaluate(() => navigator.clipboard.writeText('PASTED'));
  await viewer.page.keyboard.type('TYPED');
  await viewer.keys(
    'Control+V',
    'Control+Z',
    'Control+Y',
    'Control+A',
    'Control+X',
    'Delete',
    'Backspace',
    'Enter',
    'Tab',
    'Alt+ArrowDown',
    'Control+Shift+K',
    'Control+/',
    'Control+.',
    'Control+Space',
    'F2',
    'Control+H',
  );
  await viewer.keys('Escape', 'Escape');
  const dropped = { text: 'DROPPED', name: 'file.txt', bytes: Buffer.from('DROPPED'), type: 'text/plain' };
  await viewer.drop('#editor .cm-content', dropped);
  assert.equal(await viewer.text(), 'const a = 1;\nconst b = 2;\nc');
  await writer.page.keyboard.type('d');
  await viewer.shows('const a = 1;\nconst b = 2;\ncd');
});

test("a second viewer's join leaves the first's selection, scroll and folding alone", async () => {
  const text = `function f() {\n  body();\n  more();\n}\n${LINES}`;
  const { writer, viewer } = await pair({ text, language: 'javascript' });
  await viewer.page.locator('#language-shown', { hasText: 'JavaScript' }).waitFor();
  await viewer.focus();
  // There is nothing to fold before the language is understood.
  await viewer.until(
    async () => {
      await viewer.keys('Control+Home', 'Control+Shift+[');
      return !(await viewer.lines()).some((line) => line.includes('body();'));
    },
    10_000,
    'folded',
    () => viewer.lines(),
  );
  await viewer.keys('Control+Home', 'ArrowDown', 'Home', 'Shift+End');
  await scroll(viewer, 60);
  const was = {
    top: await topLine(viewer),
    lines: await viewer.lines(),
    selected: await selected(viewer),
  };
  assert.equal(was.selected, 'line 1');
  const second = await scene.viewer(writer.link);
  await second.says('Live');
  await writer.page.locator('#viewer-count', { hasText: /^2$/ }).waitFor();
  assert.deepEqual(
    { top: await topLine(viewer), lines: await viewer.lines(), selected: await selected(viewer) },
    was,
  );
  await second.page.context().close();
});

test('a viewer follows, lets go by scrolling, and one click brings it back', async () => {
  const { writer, viewer } = await pair();
  await writer.focus();
  await writer.keys('Control+End');
  await viewer.until(
    async () => (await viewer.lines()).includes('line 200'),
    10_000,
    'the viewer goes to the end',
  );
  await scroll(viewer, -2_000);
  const follow = viewer.page.locator('#follow');
  await follow.locator('text=Back to the writer').waitFor();
  const top = await topLine(viewer);
  await writer.page.keyboard.type(' and on');
  await viewer.has(`${LINES} and on`);
  assert.equal(await topLine(viewer), top);
  await follow.click();
  await viewer.until(
    async () => (await viewer.lines()).includes('line 200 and on'),
    10_000,
    'the viewer is back',
  );
  assert.equal(await follow.getAttribute('aria-pressed'), 'true');
});

test("a viewer follows the writer's scrolling too", async () => {
  const { writer, viewer } = await pair();
  await scroll(writer, 1_500);
  await writer.until(
    async () =>
      (await topLine(writer)) === (await topLine(viewer)) && (await topLine(viewer)) !== 'line 1',
    10_000,
    'both see the same lines',
    async () => [await topLine(writer), await topLine(viewer)],
  );
});

test('lines inserted above do not move what a viewer reads', async () => {
  const { writer, viewer } = await pair();
  await scroll(viewer, 1_000);
  await viewer.page.locator('#follow', { hasText: 'Back to the writer' }).waitFor();
  const top = await topLine(viewer);
  assert.notEqual(top, 'line 1');
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.insertText('new 1\nnew 2\nnew 3\n');
  await writer.keys('Control+Shift+K');
  const expected = await writer.text();
  await viewer.has(expected);
  assert.equal(await topLine(viewer), top);
});

test("a viewer's own selection survives the writer's edits", async () => {
  const { writer, viewer } = await pair({ text: 'keep this\nother\n' });
  await viewer.focus();
  await viewer.keys('Control+Home', 'Shift+End');
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.insertText('above\n');
  await viewer.shows('above\nkeep this\nother\n');
  assert.equal(await selected(viewer), 'keep this');
});

test('a viewer goes back in time and returns to live, while the stream goes on', async () => {
  const { writer, viewer } = await ownPair('1');
  await writer.focus();
  await writer.keys('Control+End');
  // A letter at a time, because a word may come in two parts.
  for (const letter of ['2', '3', '4']) {
    await writer.page.keyboard.insertText(letter);
    await viewer.until(async () => (await viewer.lines())[0].endsWith(letter), 10_000, letter);
  }
  const slider = viewer.page.locator('#rewind');
  await slider.focus();
  // A key goes back by one change, and the screen is there at once. Only the cursor has moved in some.
  const seen = [];
  while (seen.at(-1) !== '12' && seen.length < MAX_STEPS) {
    await viewer.keys(',');
    seen.push((await viewer.lines())[0]);
  }
  assert.deepEqual([...new Set(['1234', ...seen])], ['1234', '123', '12']);
  await viewer.says('Rewound');
  await writer.page.keyboard.insertText('5');
  await viewer.shows('12');
  await viewer.keys('Home');
  await viewer.shows('1');
  // It plays up to the end, which is live.
  await viewer.page.locator('#speed').click();
  await viewer.page.locator('#play').click();
  await viewer.shows('12345');
  await viewer.says('Live');
  await slider.focus();
  await viewer.keys('ArrowLeft');
  await viewer.says('Rewound');
  await viewer.page.locator('#back-to-live').click();
  await viewer.shows('12345');
  await viewer.says('Live');
});

test('back to live is back to the writer, for a viewer who follows', async () => {
  const { writer, viewer } = await pair();
  await writer.focus();
  await writer.keys('Control+End');
  await writer.page.keyboard.type('!');
  await viewer.until(async () => (await viewer.lines()).includes('line 200!'), 10_000, 'the end');
  await viewer.page.locator('#rewind').focus();
  await viewer.keys('ArrowLeft');
  await viewer.says('Rewound');
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('?');
  await viewer.page.locator('#back-to-live').click();
  await viewer.says('Live');
  await viewer.until(
    async () => (await topLine(viewer)) === '?line 1',
    2_000,
    'the viewer is where the writer is',
    () => topLine(viewer),
  );
});

test('what a screen reader is told: that the text is read-only, not each second of the past, and what the number counts', async () => {
  const { viewer } = await pair({ text: 'one' });
  const box = viewer.page.getByRole('textbox', { name: 'The writer’s text, read only' });
  assert.equal(await box.getAttribute('aria-readonly'), 'true');
  assert.equal(await box.getAttribute('aria-multiline'), 'true');
  assert.equal(await viewer.page.locator('#moment').getAttribute('aria-live'), 'off');
  const size = viewer.page.viewportSize();
  await viewer.page.setViewportSize({ width: 360, height: 640 });
  const word = viewer.page.locator('#viewer-word');
  assert.equal(await word.evaluate((element) => getComputedStyle(element).display), 'block');
  await viewer.page.getByRole('button', { name: 'Menu', exact: true }).waitFor();
  await viewer.page.setViewportSize(size);
});

test('? shows the keys of the page, and Escape closes the list', async () => {
  const { viewer } = await pair({ text: 'one' });
  await viewer.page.locator('#rewind').focus();
  await viewer.page.locator('#menu-button').focus();
  await viewer.keys('?');
  await viewer.page.locator('#keys-help').waitFor();
  assert.match(await viewer.page.locator('#keys-help').textContent(), /5 s back/);
  await viewer.keys('Escape');
  assert.equal(await viewer.page.locator('#keys-help').isVisible(), false);
});

test('a viewer copies and downloads the whole text', async () => {
  const { viewer } = await pair();
  assert.equal(await viewer.text(), LINES);
  const download = viewer.page.waitForEvent('download');
  await viewer.press('download');
  const chunks = [];
  for await (const chunk of await (await download).createReadStream()) chunks.push(chunk);
  assert.equal(Buffer.concat(chunks).toString(), LINES);
});

test('an embedded page shows the text and its state, and no tools', async () => {
  const { writer } = await pair({ text: 'embedded' });
  await writer.page.locator('#share').click();
  await writer.page.locator('summary', { hasText: 'Embed' }).click();
  const choices = { theme: 'dark', size: '20', wrap: 'on' };
  for (const [name, value] of Object.entries(choices))
    await writer.page.locator(`#embed-${name}`).selectOption(value);
  const code = await writer.page.locator('#embed-field').inputValue();
  await writer.keys('Escape');
  const [, src] = /src="([^"]+)"/.exec(code);
  const address = src.replaceAll('&amp;', '&');
  const embedded = await scene.viewer(address, { viewport: { width: 480, height: 240 } });
  await embedded.says('Live');
  await embedded.shows('embedded');
  assert.equal(await embedded.page.locator('.tools').isVisible(), false);
  // It looks as the code says, and what the browser keeps for this site stays as it was.
  const looks = () => embedded.page.evaluate(() => {
    const { dataset, style } = document.documentElement;
    const kept = localStorage.getItem('codestream.preferences');
    return [dataset.theme, style.getPropertyValue('--font-size'), dataset.wrap, kept];
  });
  await embedded.until(async () => (await looks())[1] === '20px', 5_000, 'the size is applied', looks);
  assert.deepEqual(await looks(), ['dark', '20px', 'true', null]);
});

test('another link pasted into the same tab shows the other stream', async () => {
  const { writer } = await pair({ text: 'second stream' });
  const { viewer } = await ownPair('first stream');
  const loaded = viewer.page.waitForEvent('load');
  await viewer.page.evaluate((hash) => {
    location.hash = hash;
  }, new URL(writer.link).hash);
  await loaded;
  await viewer.shows('second stream');
});

test('a link that is cut off is explained, with a way on', async () => {
  const viewer = await scene.viewer(`${scene.stack.page}#tooshort`);
  await viewer.says('Not connected');
  await viewer.notices(/incomplete/);
  await viewer.page.locator('#banner-action').click();
  await viewer.says('Live');
});
