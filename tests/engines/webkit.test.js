// The page in WebKit, Safari's engine: as writer, as viewer, beside Chromium, and in the oldest that
// the page is built for.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { after, before, test } from '../lib/test.js';
import { startStack } from '../lib/stack.js';
import { Person, story } from './story.js';
import { openWebDriver } from './webdriver.js';

const CHROMIUM = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];
/** It needs no display, and starts the browser that it is told to. */
const OLD_ENV = { COG_PLATFORM_NAME: 'headless', WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS: '1' };
const OLD = {
  'wpe:browserOptions': { binary: '/usr/bin/cog', args: ['--platform=headless', '--automation'] },
};

let scene;
let browser;
before(async () => {
  scene = await startStack({ host: true, website: true });
  const executablePath = process.env.CHROME || CHROMIUM.find((place) => existsSync(place));
  browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-dev-shm-usage'],
  });
});
after(async () => {
  await browser?.close();
  await scene?.close();
});

const webkit = (url) => openWebDriver({ url, driver: 'WebKitWebDriver' });

/** Chromium under the same names. */
async function chrome(url) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  await page.goto(url);
  return {
    faults,
    // Playwright takes one argument.
    evaluate: (script, argument) => page.evaluate(script, argument),
    click: (selector) => page.locator(selector).first().click(),
    type: (text) => page.keyboard.type(text),
    press: (key, ...held) => page.keyboard.press([...held, key].join('+')),
    reload: () => page.reload(),
    close: () => context.close(),
  };
}

test('one types in WebKit, and another reads in WebKit', () => story(scene, webkit, webkit));
test('one types in WebKit, and another reads in Chromium', () => story(scene, webkit, chrome));
test('one types in Chromium, and another reads in WebKit', () => story(scene, chrome, webkit));

test('what is composed in WebKit arrives', async () => {
  const writer = await new Person(await webkit(scene.page)).watch();
  try {
    await writer.says('Live');
    await writer.until(
      () => writer.driver.evaluate(() => document.querySelector('#editor .view-lines') !== null),
      true,
    );
    await writer.focus();
    // GTK's own input method: a character by its number.
    await writer.driver.press('u', 'Control', 'Shift');
    await writer.driver.type('65e5\n');
    await writer.shows('日');
    const viewer = await new Person(await chrome(await writer.link())).watch();
    await viewer.shows('日');
    await viewer.driver.close();
  } finally {
    await writer.driver.close();
  }
});

test('the oldest WebKit that the page is built for reads and writes', async () => {
  const old = (url) =>
    openWebDriver({ url, driver: 'WPEWebDriver', capabilities: OLD, env: OLD_ENV, display: false });
  const writer = await new Person(await chrome(scene.page)).watch();
  try {
    await writer.says('Live');
    await writer.focus();
    await writer.driver.type('old but read');
    const viewer = await new Person(await old(await writer.link())).watch();
    try {
      await viewer.says('Live');
      await viewer.shows('old but read');
      await viewer.reads();
    } finally {
      await viewer.driver.close();
    }
  } finally {
    await writer.driver.close();
  }
});
