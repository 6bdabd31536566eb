// How the page looks in each state in which people meet it: axe-core, sizes from a phone to a wide
// screen, zoom.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from '../../lib/test.js';
import { startScene } from '../browser.js';
import { isAccessible, isAccessibleInThemes, misplaced } from '../looking.js';

let scene;
before(async () => {
  scene = await startScene({ reducedMotion: 'no-preference' });
});
afterEach(() => scene?.everybodyLeaves());
after(() => scene?.close());

const BAD_ROOM = 'A'.repeat(22);
const LONG = { timeout: 120_000 };

/** More than a screen of which a few lines have words, since axe-core looks at each word's colours. */
const SCREENFUL = '\n'.repeat(60);
const CODE = `const answer = 42;\nconst question = '?';${SCREENFUL}`;

/** A viewer raises a hand at a line, with as long a question as may be. */
async function raiseHand(viewer) {
  await viewer.page.locator('#hand').click();
  await viewer.page.locator('#hand-line').fill('3');
  await viewer.page.locator('#hand-question').fill('Why is that so? '.repeat(20));
  await viewer.page.locator('#hand-raise').click();
  await viewer.page.locator('#hand[data-state=raised]').waitFor();
}

/** The states in which people meet the page as writers: one comes after the other, on one page. */
const STATES_OF_WRITER = {
  writing: async (writer) => {
    await writer.paste(CODE);
    await writer.keys('Control+Home');
  },
  'menu and banner': async (writer) => {
    await writer.press('pause');
    await writer.says('Paused');
    await writer.page.locator('#menu-button').click();
  },
  'the share panel': async (writer) => {
    await writer.keys('Escape');
    await writer.page.locator('#banner-action').click();
    await writer.page.locator('#share').click();
    const parts = writer.page.locator('#share-panel summary');
    await parts.first().waitFor();
    for (const part of await parts.all()) await part.click();
  },
  'a hand and a question': async (writer) => {
    await writer.page.locator('#share-close').click();
    await writer.page.locator('#menu-button').click();
    await writer.page.locator('#hands-allowed').selectOption('2');
    await writer.keys('Escape');
    await raiseHand(await scene.viewer(writer.link));
    await writer.page.locator('#hands').click();
    await writer.page.locator('#question-0').click();
  },
};

/** And as viewers. */
const STATES = {
  viewer: async (options) => {
    const line = '/* 1 */ class Answer extends Base { give = (a) => [a[0], /x/, "y", 42]; }';
    const author = await scene.author(line + SCREENFUL);
    author.set({ language: 'javascript' });
    const viewer = await scene.viewer(author.link, options);
    await viewer.says('Live');
    // The last of what gives it colours.
    await viewer.page.locator('#editor .bracket-3').first().waitFor();
    return viewer;
  },
  'a raised hand': async (options) => {
    const author = await scene.author('one\ntwo\nthree');
    author.allowHands(2);
    const viewer = await scene.viewer(author.link, options);
    await raiseHand(viewer);
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
    const author = await scene.author(CODE);
    const viewer = await scene.viewer(author.link.replace('#', '?embed#'), options);
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
    const author = await scene.author('the last text');
    const viewer = await scene.viewer(author.link, options);
    await viewer.shows('the last text');
    author.set({ ended: true });
    await viewer.says('Ended');
    return viewer;
  },
};

const VIEWPORTS = [
  ...[360, 768, 1280, 1920].map((width) => ({ width, height: 700 })),
  { width: 640, height: 400 }, // 200 % zoom
  { width: 320, height: 256 }, // 400 %
];

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

/** The words in the editor, each of which axe-core looks at, are the same in most states. */
const WITH_TEXT = ['writing', 'viewer', 'embed with find box'];

async function looksRight(name, screen) {
  await isAccessibleInThemes(screen, WITH_TEXT.includes(name) ? undefined : '#editor');
  await fits(screen);
}

const SENTENCE = 'axe-core objects to nothing in any theme, and no part is off the screen from 360 to '
  + '1920 px or at 200 and 400 % zoom';

test(`${SENTENCE}: the writer, with menu, panel, and hands`, LONG, async (t) => {
  const writer = await scene.writer();
  for (const [name, enter] of Object.entries(STATES_OF_WRITER)) {
    await writer.page.setViewportSize({ width: 1280, height: 800 });
    await enter(writer);
    t.diagnostic(name);
    await looksRight(name, writer);
  }
});

for (const [name, enter] of Object.entries(STATES))
  test(`${SENTENCE}: ${name}`, async () => {
    await looksRight(name, await enter());
  });

test('the list of keys is whole on a phone, without anything to object to, and goes with Escape', async () => {
  const viewer = await STATES.waiting({ viewport: { width: 320, height: 480 } });
  await viewer.page.locator('#share').focus();
  await viewer.keys('?');
  await viewer.page.locator('#keys-help').waitFor();
  await isAccessibleInThemes(viewer);
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
  await isAccessible(viewer);
  assert.deepEqual(await page.evaluate(misplaced), []);
  const moving = () => document.getAnimations().map(({ animationName }) => animationName);
  assert.deepEqual(await page.evaluate(moving), []);
});
