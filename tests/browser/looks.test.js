// How the page looks in each state in which people meet it: axe-core, sizes from a phone to a wide
// screen, zoom.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../lib/test.js';
import { startScene } from './browser.js';
import { THEMES, axe, misplaced, violations } from './looking.js';

let scene;
before(async () => {
  scene = await startScene({ reducedMotion: 'no-preference' });
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

const BAD_ROOM = 'A'.repeat(22);

/** A viewer that has raised a hand at a line, with as long a question as may be. */
async function handUp(writer) {
  await writer.paste('one\ntwo\nthree');
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#hands-allowed').selectOption('2');
  await writer.keys('Escape');
  const viewer = await scene.viewer(writer.link);
  await viewer.page.locator('#hand').click();
  await viewer.page.locator('#hand-line').fill('3');
  await viewer.page.locator('#hand-question').fill('Why is that so? '.repeat(20));
  await viewer.page.locator('#hand-raise').click();
  return viewer;
}

/** The states in which people meet the page. */
const STATES = {
  writer: async (options) => {
    const writer = await scene.writer(options);
    await writer.paste('const answer = 42;\n'.repeat(60));
    return writer;
  },
  'writer with menu and banner': async (options) => {
    const writer = await scene.writer(options);
    await writer.press('pause');
    await writer.says('Paused');
    await writer.page.locator('#menu-button').click();
    return writer;
  },
  viewer: async (options) => {
    const writer = await scene.writer();
    await writer.page.locator('#language').selectOption('javascript');
    await writer.paste('/* 1 */ class Answer extends Base { give = (a) => [a[0], /x/, "y", 42]; }\n'.repeat(60));
    const viewer = await scene.viewer(writer.link, options);
    await viewer.says('Live');
    // The last of what gives it colours.
    await viewer.page.locator('#editor .bracket-3').first().waitFor();
    return viewer;
  },
  'the share panel': async (options) => {
    const writer = await scene.writer(options);
    await writer.page.locator('#share').click();
    const parts = writer.page.locator('#share-panel summary');
    await parts.first().waitFor();
    for (const part of await parts.all()) await part.click();
    return writer;
  },
  'hands, at the writer': async (options) => {
    const writer = await scene.writer(options);
    const viewer = await handUp(writer);
    await viewer.page.locator('#hand[data-state=raised]').waitFor();
    await writer.page.locator('#hands').click();
    await writer.page.locator('#question-0').click();
    return writer;
  },
  'hands, at a viewer': async () => {
    const viewer = await handUp(await scene.writer());
    await viewer.page.locator('#hand').click();
    return viewer;
  },
  waiting: async (options) => {
    const viewer = await scene.viewer(`${scene.stack.page}#${BAD_ROOM}`, options);
    await viewer.says('Waiting for the writer');
    return viewer;
  },
  error: async (options) => {
    const viewer = await scene.viewer(`${scene.stack.page}#cut`, options);
    await viewer.says('Not connected');
    return viewer;
  },
  'embed with find box': async (options) => {
    const writer = await scene.writer();
    await writer.paste('const answer = 42;\n'.repeat(60));
    const viewer = await scene.viewer(writer.link.replace('#', '?embed#'), options);
    await viewer.says('Live');
    await viewer.page.locator('#editor .first-text').waitFor({ state: 'detached' });
    await viewer.focus();
    const find = viewer.page.locator('.cm-search');
    // Its keys come after the text.
    await viewer.until(
      async () => {
        await viewer.keys('Control+F');
        return find.isVisible();
      },
      10_000,
      'the find box',
    );
    return viewer;
  },
  ended: async (options) => {
    const writer = await scene.writer();
    await writer.paste('the last text');
    const viewer = await scene.viewer(writer.link, options);
    await viewer.shows('the last text');
    writer.page.on('dialog', (dialog) => dialog.accept());
    await writer.press('end');
    await viewer.says('Ended');
    return viewer;
  },
};

const VIEWPORTS = [
  ...[360, 768, 1280, 1920].map((width) => ({ width, height: 700 })),
  { width: 640, height: 400 }, // 200 % zoom
  { width: 320, height: 256 }, // 400 %
];

/** axe-core finds nothing to object to, whatever the theme. */
async function isAccessible({ page }) {
  await page.evaluate(axe);
  for (const [theme, media] of Object.entries(THEMES)) {
    await page.emulateMedia(media);
    await page.locator(`html[data-theme=${theme}]`).waitFor();
    assert.deepEqual(await page.evaluate(violations), [], theme);
  }
}

/** Everything has its place, however large the screen. */
async function fits(screen) {
  for (const viewport of VIEWPORTS) {
    await screen.page.setViewportSize(viewport);
    await screen.until(
      () => screen.page.evaluate(() => document.querySelector('#editor').clientWidth === innerWidth),
      5_000,
      'relayout',
    );
    let found;
    // A resized page takes a moment to come to rest.
    await screen.until(
      async () => {
        found = await screen.page.evaluate(misplaced);
        return found.length === 0;
      },
      5_000,
      `${viewport.width} x ${viewport.height}`,
      () => found,
    );
  }
}

for (const [name, enter] of Object.entries(STATES))
  test(`axe-core objects to nothing in any theme, and no part is off the screen from 360 to 1920 px or at 200 and 400 % zoom: ${name}`, async () => {
    const screen = await enter();
    await isAccessible(screen);
    await fits(screen);
  });

test('the list of keys is whole on a phone, without anything to object to, and goes with Escape', async () => {
  const viewer = await STATES.waiting({ viewport: { width: 320, height: 480 } });
  await viewer.page.locator('#share').focus();
  await viewer.keys('?');
  await viewer.page.locator('#keys-help').waitFor();
  await isAccessible(viewer);
  assert.deepEqual(await viewer.page.evaluate(misplaced), []);
  await viewer.keys('Escape');
  assert.equal(await viewer.page.locator('#keys-help').isVisible(), false);
  assert.equal(await viewer.page.evaluate(() => document.activeElement.id), 'share');
});

test('forced colours leave nothing to object to, and with reduced motion nothing moves', async () => {
  const viewer = await STATES.viewer();
  const { page } = viewer;
  await page.emulateMedia({ forcedColors: 'active', reducedMotion: 'reduce' });
  await page.locator('html[data-theme^=contrast]').waitFor();
  await page.evaluate(axe);
  assert.deepEqual(await page.evaluate(violations), []);
  assert.deepEqual(await page.evaluate(misplaced), []);
  const moving = () => document.getAnimations().map(({ animationName }) => animationName);
  assert.deepEqual(await page.evaluate(moving), []);
});
