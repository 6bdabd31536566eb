// Drafts in the browser, here in the memory that stands in where a browser keeps nothing.

import test from 'node:test';
import assert from 'node:assert/strict';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.now();

/** A browser's storage, and a page of it each time. */
function browser() {
  const kept = { localStorage: new Map(), sessionStorage: new Map() };
  let pages = 0;
  const storage = (map) =>
    new Proxy(
      {
        getItem: (name) => map.get(name) ?? null,
        setItem: (name, value) => map.set(name, value),
        removeItem: (name) => map.delete(name),
      },
      { ownKeys: () => [...map.keys()], getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true }) },
    );
  return {
    kept,
    /** @returns the module as another page has it; newTab: with a session storage of its own */
    async page({ newTab = false } = {}) {
      if (newTab) kept.sessionStorage = new Map();
      globalThis.window = {
        localStorage: storage(kept.localStorage),
        sessionStorage: storage(kept.sessionStorage),
      };
      return import(`../src/store.js?page=${browser.id++}-${pages++}`);
    },
  };
}
browser.id = 0;

const draft = { room: 'R', key: 'K', language: 'go', name: '', ended: false, at: NOW };

test('a draft is saved beside the one that it came from until its page is let in', async () => {
  const { page, kept } = browser();
  const first = await page();
  first.saveSession({ ...draft, epoch: 7, text: 'one' });
  const second = await page({ newTab: true });
  assert.equal(second.lastSession(NOW).text, 'one');
  second.saveSession({ ...draft, epoch: 7, beside: true, text: 'one and two' });
  assert.equal(JSON.parse(kept.localStorage.get('codestream.session.R')).text, 'one');
  // It was never let in, but what was written in it is there.
  const third = await page();
  assert.equal(third.lastSession(NOW).text, 'one and two');
  third.saveSession({ ...draft, epoch: 9, text: 'one and two and three' });
  third.dropBeside('R');
  const sessions = [...kept.localStorage.keys()].filter((name) => name.includes('session'));
  assert.deepEqual(sessions, ['codestream.session.R']);
  assert.equal((await page()).lastSession(NOW).text, 'one and two and three');
});

test('two pages without a room do not overwrite each other', async () => {
  const { page, kept } = browser();
  const [one, two] = [await page(), await page()];
  one.saveSession({ ...draft, room: '', key: '', epoch: 0, beside: true, text: 'one' });
  two.saveSession({ ...draft, room: '', key: '', epoch: 0, beside: true, text: 'two' });
  assert.equal((await page()).lastSession(NOW).text, 'two');
  const sessions = [...kept.localStorage.keys()].filter((name) => name.includes('session'));
  assert.equal(sessions.length, 2);
});

test('a tab that was taken over does not overwrite the draft of the one that took over', async () => {
  const { page } = browser();
  const { saveSession, lastSession } = await page();
  saveSession({ ...draft, epoch: 9, text: 'newer' });
  saveSession({ ...draft, epoch: 7, text: 'older' });
  assert.equal(lastSession(NOW).text, 'newer');
});

test('a page whose clock is years off keeps its draft', async () => {
  for (const years of [-6, 14]) {
    const { page } = browser();
    const now = NOW + years * 365 * DAY_MS;
    const { saveSession } = await page();
    saveSession({ ...draft, at: now, epoch: 7, text: 'kept' });
    const later = await page();
    later.pruneSessions(now + 1000);
    assert.equal(later.lastSession(now + 1000).text, 'kept');
  }
});
