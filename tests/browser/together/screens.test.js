// The page on every screen and for everybody: long names, fingers, hardly any height, paper, menus,
// screen readers. Most of it is tried on one writer and one viewer.
import assert from 'node:assert/strict';
import { after, before, test } from '../../lib/test.js';
import { startScene } from '../browser.js';
import { isAccessibleInThemes, misplaced } from '../looking.js';

const LONG = { timeout: 60_000 };
/** Where each form of the bar has least room; with WIDTHS=all, as make test-slow has it, those between too. */
const WIDTHS = [320, 520, 720, 800, 900, 1060, 1280].concat(
  process.env.WIDTHS === 'all' ? [360, 519, 719, 768, 1000, 1920] : [],
);
const NAME = `${'W'.repeat(77)}.py`;
const TEXT = Array.from({ length: 150 }, (_, i) => `def f${i}():\n    return ${i}`).join('\n');

let scene;
let writer;
let viewer;
let embed;
before(async () => {
  scene = await startScene();
  writer = await scene.writer();
  await writer.page.setInputFiles('#open-file', { name: NAME, mimeType: 'text/plain', buffer: Buffer.from(TEXT) });
  viewer = await scene.viewer(writer.link);
  await viewer.says('Live');
  await reads(viewer);
  embed = await other(writer.link.replace('#', '?embed#'));
});
after(() => scene?.close());

const reads = ({ page }) => page.locator('.cm-content').waitFor();
const size = (screen, width, height = 600) => screen.page.setViewportSize({ width, height });
const box = ({ page }, selector) => page.locator(selector).boundingBox();
const openMenu = async ({ page }) => {
  if (!(await page.locator('#menu').isVisible())) await page.locator('#menu-button').click();
};
/** A page of its own, in the look that this person's device gives it. */
const other = async (link, options) => {
  const screen = await scene.viewer(link, options);
  await screen.says('Live');
  await reads(screen);
  return screen;
};

/** The longest words that there are in the bar, and whether the name is seen; runs in the page. */
function crowd(width) {
  const set = (id, text) => {
    const part = document.getElementById(id);
    if (part.textContent !== '') part.textContent = text;
  };
  set('state', 'Live, every 0.8 s');
  set('viewer-count', 'about 10,000');
  set('viewer-word', 'viewers');
  set('language-shown', 'Visual Basic .NET');
  const { offsetWidth, scrollWidth } = document.getElementById('file');
  const narrow = scrollWidth > 0 && offsetWidth < 32 ? [`the name has ${offsetWidth} px`] : [];
  return innerWidth === width ? narrow : ['it is being resized'];
}

test('the longest name leaves the bar whole and nothing over anything, from 320 to 1920 px', LONG, async () => {
  for (const screen of [writer, viewer, embed]) {
    const { page } = screen;
    // Its layout takes time, and is not looked at here.
    const hide = (hidden) =>
      page.locator('#editor').evaluate((editor, is) => editor.toggleAttribute('hidden', is), hidden);
    await hide(true);
    for (const width of WIDTHS) {
      await size(screen, width);
      let found;
      await screen.until(
        async () => {
          // At once: the page says again how things are.
          found = await page.evaluate(`(${crowd})(${width}).concat((${misplaced})())`);
          return found.length === 0;
        },
        5_000,
        `${width} px`,
        () => found,
      );
    }
    await hide(false);
  }
});

/** What a finger would miss; runs in the page. */
function tooSmall() {
  const parts = document.querySelectorAll(
    'button, select, summary, a, textarea, label.choice, input:not([type=checkbox]), #editor .cm-panel label',
  );
  return [...parts].flatMap((part) => {
    const { width, height } = part.getBoundingClientRect();
    const inText = part.closest('.monaco-editor, .cm-content, .cm-gutters') !== null;
    if (width <= 1 || inText || (width >= 44 && height >= 44)) return [];
    return [`${part.id || part.className || part.textContent}: ${Math.round(width)} x ${Math.round(height)}`];
  });
}

test('what a finger presses is 44 px wide and high, in the bar, the menu, the panel and the boxes', LONG, async () => {
  const phone = { hasTouch: true, isMobile: true, viewport: { width: 390, height: 780 } };
  const small = async ({ page }, what) => assert.deepEqual(await page.evaluate(tooSmall), [], what);
  const [one, two] = [await scene.writer(phone), await scene.viewer(writer.link, phone)];
  for (const screen of [one, two]) {
    await openMenu(screen);
    await small(screen, 'menu');
    await screen.keys('Escape');
    await screen.page.locator('#share').tap();
    for (const part of await screen.page.locator('#share-panel summary').all()) await part.tap();
    await small(screen, 'panel');
    await screen.page.locator('#share-close').tap();
  }
  await two.page.locator('#hand').tap();
  await two.page.locator('#hand-sheet').waitFor();
  await small(two, 'hand');
  await two.keys('Escape');
  await reads(two);
  await two.focus();
  await two.until(
    async () => {
      await two.keys('Control+F');
      return two.page.locator('.cm-search').isVisible();
    },
    10_000,
    'the find box',
  );
  await small(two, 'find box');
  for (const { page } of [one, two]) await page.context().close();
});

test('with hardly any height the text has most of it: a small frame, 400 %, a phone that lies down', LONG, async () => {
  /** How much of the text is seen. */
  const seen = async (screen) => {
    const { y, height } = await box(screen, '#editor');
    return Math.min(y + height, screen.page.viewportSize().height) - y;
  };
  const has = (screen, least) =>
    screen.until(async () => (await seen(screen)) >= least, 5_000, `${least} px`, () => seen(screen));
  await size(embed, 320, 200);
  await has(embed, 110);
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('# one ');
  await embed.until(async () => (await embed.lines())[0].startsWith('# one '), 10_000, 'it has arrived');
  await embed.page.locator('#rewind').focus();
  await embed.keys('Home');
  await embed.says('Rewound');
  await has(embed, 110);
  await isAccessibleInThemes(embed);
  assert.deepEqual(await embed.page.evaluate(misplaced), []);
  await embed.page.context().close();
  await size(writer, 320, 180);
  await writer.page.evaluate(() => document.getElementById('pause').click());
  await writer.says('Paused');
  await has(writer, 44);
  for (const [width, height] of [[568, 240], [320, 256]]) {
    await size(writer, width, height);
    await has(writer, 66);
  }
  await writer.page.locator('#banner-action').click();
  await writer.says('Live');
});

test('on paper there is the whole text, and the title above it', async () => {
  for (const { page } of [writer, viewer]) {
    await page.evaluate(() => {
      addEventListener('beforeprint', () => {
        window.printed = document.querySelector('.print').innerText;
      });
    });
    const pdf = await page.pdf({ format: 'A4' });
    const pages = pdf.toString('latin1').match(/\/Type\s*\/Page\b/g).length;
    assert.ok(pages > 3, `${pages} pages for 300 lines`);
    const printed = await page.evaluate(() => window.printed);
    assert.ok(printed.startsWith(NAME) && printed.includes('def f75()') && printed.trimEnd().endsWith('return 149'));
    assert.equal(await page.locator('.print').textContent(), '', 'the screen is as it was');
  }
});

test('the menu hangs below the bar, gives a title, and closes when the focus goes on', async () => {
  for (const width of [360, 1280]) {
    await size(writer, width, 700);
    await openMenu(writer);
    const [bar, menu] = [await box(writer, '.bar'), await box(writer, '#menu')];
    const below = menu.y - (bar.y + bar.height);
    assert.ok(Math.abs(below) <= 2 && menu.y + menu.height <= 700, `${below} px at ${width}`);
    await writer.keys('Escape');
  }
  await openMenu(writer);
  const title = writer.page.locator('#title');
  assert.equal(await title.inputValue(), NAME);
  await title.fill('forgotten');
  await writer.keys('Escape');
  assert.equal(await writer.page.locator('#file').textContent(), NAME);
  await openMenu(writer);
  await title.fill('Lesson 12: input/output');
  await writer.keys('Enter');
  for (const { page } of [writer, viewer]) {
    await page.locator('#file', { hasText: 'Lesson 12: input-output' }).waitFor();
    assert.equal(await page.title(), 'Lesson 12: input-output – Codestream');
  }
  const [download] = await Promise.all([writer.page.waitForEvent('download'), writer.press('download')]);
  assert.match(download.suggestedFilename(), /^Lesson 12. input-output\.py$/);
  await openMenu(writer);
  await title.fill('');
  await writer.page.locator('#menu a').focus();
  await writer.keys('Tab');
  assert.equal(await writer.page.locator('#menu').isVisible(), false);
  await viewer.page.locator('#file').waitFor({ state: 'hidden' });
});

test('a link names a line, whatever stands behind it, and the page says what it is to others', async () => {
  // A slow machine comes to the line before it has drawn anything.
  const context = await scene.person();
  await context.addInitScript(() => {
    window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 500);
  });
  const late = await other(`${writer.link}:L101).`, { context });
  await late.until(async () => (await late.lines())[0] !== '' && (await first(late)) === '101', 10_000, 'line 101', () => first(late));
  assert.equal(await late.page.locator('#follow').getAttribute('aria-pressed'), 'false');
  const meta = (name) => late.page.locator(`meta[property="og:${name}"]`).getAttribute('content');
  for (const name of ['title', 'description', 'type', 'site_name']) assert.notEqual(await meta(name), '');
  // The browser's own bar is as dark as the page, whoever chose that; code is no language to translate.
  await openMenu(late);
  await late.page.locator('#theme').selectOption('dark');
  const colours = await late.page.evaluate(() =>
    [...document.querySelectorAll('meta[name=theme-color]')].map(({ content }) => content));
  assert.deepEqual(colours, ['#171c25', '#171c25']);
  for (const { page } of [writer, late])
    assert.equal(await page.evaluate(() => document.querySelector('#editor :is(.view-lines, .cm-line)').translate), false);
  await late.page.context().close();
});

/** The number of the first line that is seen as a whole. */
const first = ({ page }) =>
  page.evaluate(() => {
    const { top } = document.querySelector('#editor').getBoundingClientRect();
    return [...document.querySelectorAll('.cm-lineNumbers .cm-gutterElement')].find(
      (number) => number.getBoundingClientRect().top >= top - 1 && number.offsetHeight > 0,
    )?.textContent;
  });

test('whoever wants it has new lines read out', async () => {
  const said = () => viewer.page.locator('#new-lines').textContent();
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('# not asked for\n');
  await viewer.until(async () => (await viewer.lines())[0] === '# not asked for', 10_000, 'it has arrived');
  assert.equal(await said(), '');
  await openMenu(viewer);
  await viewer.page.locator('#announce').focus();
  await viewer.keys('Space', 'Escape');
  await writer.page.keyboard.type('# read out\n');
  await viewer.until(async () => (await said()) === 'Line 2: # read out', 15_000, 'it is said', said);
  assert.equal(await viewer.page.evaluate(() => JSON.parse(localStorage['codestream.preferences']).announce), true);
});
