// Firefox, over WebDriver BiDi.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const PLACES = ['/usr/bin/firefox-esr', '/usr/bin/firefox'];

export async function startFirefox() {
  const executablePath = process.env.FIREFOX || PLACES.find((path) => existsSync(path));
  if (!executablePath) throw new Error(`no Firefox: set FIREFOX, or install ${PLACES.join(' or ')}`);
  const browser = await puppeteer.launch({
    browser: 'firefox',
    executablePath,
    headless: true,
    timeout: 120_000,
    protocolTimeout: 120_000,
    extraPrefsFirefox: { 'dom.disable_open_during_load': false },
  });
  return { open: (options) => open(browser, options), close: () => browser.close() };
}

/** Opens a page for a person of their own. */
async function open(browser, { url, width = 1100, height = 700 }) {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  const faults = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    if (['error', 'warn'].includes(message.type())) faults.push(message.text());
  });
  await page.setViewport({ width, height });
  await page.goto(url);
  return {
    faults,
    evaluate: (script, ...parts) => page.evaluate(script, ...parts),
    click: async (selector) => (await page.waitForSelector(selector, { visible: true })).click(),
    // Only the page in front has the keyboard.
    type: async (text) => {
      await page.bringToFront();
      await page.keyboard.type(text);
    },
    press: async (key, ...held) => {
      await page.bringToFront();
      for (const name of held) await page.keyboard.down(name);
      await page.keyboard.press(key);
      for (const name of held.reverse()) await page.keyboard.up(name);
    },
    reload: () => page.reload(),
    close: () => context.close(),
  };
}
