// What the browser tests share: a headless browser, pages in the two roles, and the reading of a
// page as a person reads it. Every page is watched for the whole of its life: an uncaught error,
// a report of the content security policy or a request to a foreign origin fails the test that
// opened it.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';
import { eventually, PATIENCE, within } from '../lib/deadline.js';
import { startStack } from '../lib/stack.js';
import { Author, Reader } from './people.js';

const FLAGS = [
  '--no-sandbox',
  '--disable-dev-shm-usage',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const BROWSERS = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'];

/** A machine with two cores and a sanitizer has its moments. */
export const SOON_MS = 10_000;
/** Between two looks at a page, each of which costs page, browser and test some work. */
const LOOK_MS = 100;
/** Between two looks at a whole text, which is copied for each. */
const COPY_MS = 300;
/** In which a page says how things are when a test has failed. */
const LAST_LOOK_MS = 2_000;

/** The scene in which others of this process are, if it has said so. */
let shared;

/** From now on, scenes that need no stack of their own have the same browser and the same stack. */
export function shareScene() {
  shared = startOwnScene({}, {});
  return async () => (await shared).close();
}

/**
 * A stack with the page, and a browser for it.
 * @param {object} [needs] of the stack: service, env, app, website, keepDays; the rest is for the browser's contexts
 */
export async function startScene({ service, env, app, website, keepDays, ...options } = {}) {
  const needs = { service, env, app, website, keepDays };
  const needsNothing = Object.values(needs).every((need) => need === undefined);
  return shared && needsNothing ? (await shared).within(options) : startOwnScene(needs, options);
}

async function startOwnScene({ website = true, ...needs }, options) {
  return openScene(await startStack({ host: true, website, ...needs }), options);
}

/**
 * A browser for pages of any other making.
 * @param {{page: string, api: string, service: {endpoint: string}, close: () => Promise<void>}} stack
 *   page, api and endpoint are what its pages may ask
 */
export async function openScene(stack, options = {}) {
  const executablePath = process.env.CHROME || BROWSERS.find((path) => existsSync(path));
  assert.ok(executablePath, `no browser: set CHROME, or install one of ${BROWSERS.join(', ')}`);
  const browser = await chromium.launch({ executablePath, args: FLAGS }).catch(async (error) => {
    await stack.close();
    throw error;
  });
  const end = async () => {
    await browser.close();
    await stack.close();
  };
  return new Scene(stack, browser, options, end);
}

export class Scene {
  constructor(stack, browser, options, end) {
    Object.assign(this, { stack, browser, options, end });
    /** What no page may ever do, with the page's name. */
    this.faults = [];
    this.requests = [];
    this.people = [];
    this.contexts = [];
  }

  /** Another one with the same browser and stack, which stay when everybody has left it. */
  within(options) {
    return new Scene(this.stack, this.browser, options, async () => {});
  }

  /** Every person has a browser profile of their own. */
  async person(options = {}) {
    const context = await this.browser.newContext({
      viewport: { width: 1280, height: 800 },
      reducedMotion: 'reduce', // the dot that breathes is a seventh of what opening a page costs
      ...this.options,
      ...options,
    });
    this.contexts.push(context);
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    context.setDefaultTimeout(PATIENCE * SOON_MS);
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
        console.error(`content security policy: ${violatedDirective} ${blockedURI}`);
      });
    });
    return context;
  }

  /** @returns {Promise<Screen>} a page that is being written in */
  async writer({ context, ...options } = {}) {
    const screen = await this.open(
      this.stack.page,
      'writer',
      context ?? (await this.person(options)),
    );
    await screen.says('Live');
    await screen.page.locator('#share-link').waitFor({ state: 'attached' });
    screen.link = await screen.page.locator('#share-link').getAttribute('href');
    return screen;
  }

  /** @returns {Promise<Screen>} a page that watches */
  async viewer(link, { context, ...options } = {}) {
    return this.open(link, 'viewer', context ?? (await this.person(options)));
  }

  /** Somebody who writes, where nobody looks at the writer's screen. @returns {Promise<Author>} */
  async author(text = '', session) {
    const author = new Author(this.stack, text, session);
    this.people.push(author);
    await author.says('Live');
    return author;
  }

  /** Somebody who watches, where nobody looks at that screen. @returns {Promise<Reader>} */
  async reader(link, word = 'Live') {
    const reader = new Reader(this.stack, link);
    this.people.push(reader);
    await reader.says(word);
    return reader;
  }

  async open(url, name, context) {
    const page = await context.newPage();
    const allowed = [this.stack.page, this.stack.api, this.stack.service.endpoint].map(
      (address) => new URL(address).host,
    );
    page.on('pageerror', (error) => this.faults.push(`${name}: ${error.stack ?? error}`));
    page.on('console', (message) => {
      if (/content security policy|MonacoEnvironment|web worker/i.test(message.text()))
        this.faults.push(`${name}: ${message.text()}`);
    });
    const watch = (address) => {
      const { host, protocol } = new URL(address);
      this.requests.push({ page, url: address });
      if (!['data:', 'blob:'].includes(protocol) && !allowed.includes(host))
        this.faults.push(`${name}: request to ${address}`);
    };
    page.on('request', (request) => watch(request.url()));
    page.on('websocket', (socket) => watch(socket.url()));
    await page.goto(url);
    return new Screen(page);
  }

  /** After each test: an open page is work as long as it lives. */
  async everybodyLeaves() {
    for (const somebody of this.people.splice(0)) somebody.leaves();
    await Promise.all(this.contexts.splice(0).map((context) => context.close()));
    assert.deepEqual(this.faults.splice(0), []);
  }

  async close() {
    try {
      await this.everybodyLeaves();
    } finally {
      await this.end();
    }
  }
}

/** A page as the person in front of it uses and reads it. */
export class Screen {
  constructor(page) {
    this.page = page;
  }

  /** The one word that says how things are. */
  state() {
    return this.page.locator('#state').textContent();
  }

  async says(word, ms = SOON_MS) {
    await this.until(
      async () => (await this.state()) === word,
      ms,
      `the page says ${word}`,
      () => this.state(),
    );
  }

  async notices(pattern, ms = SOON_MS) {
    await this.until(
      async () => pattern.test(await this.notice()),
      ms,
      `the banner says ${pattern}`,
      () => this.notice(),
    );
  }

  /** What the banner says, and '' if there is none. */
  async notice() {
    const banner = this.page.locator('#banner');
    return (await banner.isVisible()) ? this.page.locator('#banner-text').textContent() : '';
  }

  async until(check, ms, what, now = () => undefined, lookMs = LOOK_MS) {
    await eventually(ms, check, what, undefined, lookMs).catch(async (error) => {
      const asked = Promise.all([now(), this.state(), this.notice()]);
      const seen = await within(LAST_LOOK_MS, asked, 'the page answers').catch(({ message }) => message);
      error.message += `; now: ${JSON.stringify(seen)}`;
      throw error;
    });
  }

  /** The lines on the screen, from top to bottom. */
  lines() {
    return this.page.evaluate(() =>
      [...document.querySelectorAll('#editor :is(.view-line, .cm-line)')]
        .map((line) => ({
          top: line.getBoundingClientRect().top,
          text: line.textContent.replaceAll('\u00a0', ' '),
        }))
        .sort((a, b) => a.top - b.top)
        .map(({ text }) => text),
    );
  }

  async shows(text, ms = SOON_MS) {
    await this.until(
      async () => (await this.lines()).join('\n') === text,
      ms,
      `the screen shows ${JSON.stringify(text)}`,
      () => this.lines(),
    );
  }

  /** The whole text, as it can be copied. */
  async text() {
    await this.press('copy-text');
    await this.page.locator('#copy-text', { hasText: 'Copied' }).waitFor();
    const text = await this.page.evaluate(() => navigator.clipboard.readText());
    await this.page.locator('#menu-button').click();
    return text;
  }

  async has(text, ms = SOON_MS) {
    const isEqual = async () => (await this.text()) === text;
    await this.until(isEqual, ms, 'the whole text is as expected', undefined, COPY_MS);
  }

  /** Presses what is in the menu. */
  async press(id) {
    if (!(await this.page.locator('#menu').isVisible()))
      await this.page.locator('#menu-button').click();
    await this.page.locator(`#${id}`).click();
  }

  async type(text, options) {
    await this.focus();
    await this.page.keyboard.type(text, options);
  }

  /** All at once, as a paste does, and without the editor's help with brackets and indentation. */
  async paste(text) {
    await this.focus();
    await this.page.evaluate((value) => navigator.clipboard.writeText(value), text);
    await this.page.keyboard.press('ControlOrMeta+V');
  }

  /**
   * Lets go of something that was dragged here.
   * @param {string} where  a selector
   * @param {{ text?: string, name?: string, bytes?: Iterable<number>, type?: string }} what  a text, a file or both
   * @returns {Promise<boolean>} the page has taken it, and the browser does nothing of its own
   */
  drop(where, { text, name, bytes = [], type }) {
    return this.page.locator(where).evaluate(
      (target, given) => {
        const data = new DataTransfer();
        if (given.text) data.setData('text/plain', given.text);
        if (given.name) data.items.add(new File([Uint8Array.from(given.bytes)], given.name, { type: given.type }));
        const { left, top, height } = target.getBoundingClientRect();
        const place = { clientX: left + 60, clientY: top + Math.min(20, height / 2) };
        const options = { dataTransfer: data, bubbles: true, cancelable: true, ...place };
        const taken = ['dragenter', 'dragover', 'drop'].map(
          (event) => !target.dispatchEvent(new DragEvent(event, options)),
        );
        return taken.every(Boolean);
      },
      { text, name, bytes: [...bytes], type },
    );
  }

  async focus() {
    await this.page
      .locator('#editor :is(.monaco-editor, .cm-content)')
      .first()
      .click({ position: { x: 200, y: 20 } });
  }

  async keys(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }
}
