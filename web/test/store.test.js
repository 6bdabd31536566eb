// Drafts in the browser, here in the memory that stands in where a browser keeps nothing.

import test from 'node:test';
import assert from 'node:assert/strict';

const DAY_MS = 24 * 60 * 60 * 1000;
const NOW = Date.now();

/** A browser's storage, and a page of it each time. @param {number} [quota]  in letters */
function browser(quota = Infinity) {
  const kept = { localStorage: new Map(), sessionStorage: new Map() };
  let pages = 0;
  const size = (map) => [...map].reduce((sum, [name, value]) => sum + name.length + value.length, 0);
  const storage = (map) =>
    new Proxy(
      {
        getItem: (name) => map.get(name) ?? null,
        setItem: (name, value) => {
          const grown = size(map) + value.length - (map.get(name)?.length ?? -name.length);
          if (grown > quota) throw new DOMException('full', 'QuotaExceededError');
          map.set(name, value);
        },
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
  third.dropBeside('R', 9);
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

test('loading a page again and again before it is let in evicts no other session', async () => {
  const { page, kept } = browser();
  const first = await page();
  for (const room of ['A', 'B', 'C', 'R'])
    first.saveSession({ ...draft, room, epoch: 7, text: room });
  for (let i = 1; i <= 8; i++) {
    const again = await page();
    again.pruneSessions(NOW + i);
    const { text } = again.lastSession(NOW + i);
    again.saveSession({ ...draft, at: NOW + i, epoch: 7, beside: true, text: `${text}+` });
  }
  const last = await page();
  last.pruneSessions(NOW + 9);
  assert.equal(last.lastSession(NOW + 9).text, 'R++++++++');
  for (const room of ['A', 'B', 'C', 'R']) assert.ok(kept.localStorage.has(`codestream.session.${room}`));
});

test('what another page has saved since stays when its successor goes on', async () => {
  const { page, kept } = browser();
  const one = await page();
  one.saveSession({ ...draft, epoch: 7, beside: true, text: 'one' });
  const two = await page();
  assert.equal(two.lastSession(NOW).text, 'one');
  one.saveSession({ ...draft, epoch: 7, beside: true, text: 'one goes on' });
  two.saveSession({ ...draft, epoch: 9, text: 'two' });
  two.dropBeside('R', 9);
  const texts = [...kept.localStorage].filter(([name]) => name.includes('.session.'))
    .map(([, json]) => JSON.parse(json).text);
  assert.deepEqual(texts.sort(), ['one goes on', 'two']);
});

test('a page that was let in too late keeps its text, and can take the pen back with it', async () => {
  const { page } = browser();
  const late = await page();
  late.saveSession({ ...draft, epoch: 7, beside: true, text: 'late' });
  const other = await page({ newTab: true });
  other.saveSession({ ...draft, epoch: 20, text: 'other' });
  const tab = await page({ newTab: true });
  tab.lastSession(NOW);
  tab.saveSession({ ...draft, epoch: 7, beside: true, text: 'mine' });
  tab.saveSession({ ...draft, epoch: 19, text: 'mine' });
  tab.dropBeside('R', 19);
  tab.outrank('R', 20);
  const { text, epoch } = (await page()).lastSession(NOW);
  assert.deepEqual([text, epoch], ['mine', 20]);
});

test('a tab whose draft another page has taken up goes on with the session', async () => {
  const { page } = browser();
  const one = await page();
  one.saveSession({ ...draft, epoch: 7, beside: true, text: 'one' });
  const two = await page();
  two.lastSession(NOW);
  two.saveSession({ ...draft, epoch: 9, text: 'two' });
  two.dropBeside('R', 9);
  // The first was ended without another word, and its tab comes back.
  globalThis.window.sessionStorage.setItem('codestream.tab', 'R+gone');
  assert.equal((await page()).lastSession(NOW).text, 'two');
});

const sessionsOf = (kept) =>
  [...kept.localStorage].filter(([name]) => name.includes('.session.')).map(([, json]) => JSON.parse(json));

test('where the storage is full, the oldest drafts of other sessions go first', async () => {
  const { page, kept } = browser(4_000);
  const { saveSession } = await page();
  for (const [i, room] of ['A', 'B', 'C'].entries())
    saveSession({ ...draft, room, at: NOW + i, epoch: 7, text: room.repeat(1_000) });
  assert.equal(saveSession({ ...draft, at: NOW + 3, epoch: 7, text: 'r'.repeat(2_400) }), true);
  assert.deepEqual(sessionsOf(kept).map(({ room }) => room).sort(), ['C', 'R']);
});

test('what does not fit leaves no older draft behind that would come back as the newest', async () => {
  const { page, kept } = browser(4_000);
  const { saveSession, lastSession } = await page();
  saveSession({ ...draft, epoch: 7, text: 'old' });
  assert.equal(saveSession({ ...draft, epoch: 7, text: 'n'.repeat(5_000) }), false);
  assert.deepEqual(sessionsOf(kept), []);
  assert.equal(lastSession(NOW).text.length, 5_000, 'the page itself has it');
  assert.equal((await page()).lastSession(NOW), undefined);
  assert.equal(saveSession({ ...draft, epoch: 7, text: 'short again' }), true);
  assert.equal((await page()).lastSession(NOW).text, 'short again');
});

test('a draft that is saved again because it was removed evicts nobody', async () => {
  const { page, kept } = browser(4_000);
  const { saveSession } = await page();
  saveSession({ ...draft, room: 'A', epoch: 7, text: 'a'.repeat(2_000) });
  const kind = { makeRoom: false };
  assert.equal(saveSession({ ...draft, epoch: 7, text: 'r'.repeat(2_000) }, kind), false);
  assert.deepEqual(sessionsOf(kept).map(({ room }) => room), ['A']);
});

test('a session of another function app under the same address is not taken up', async () => {
  const { page } = browser();
  const { saveSession, lastSession } = await page();
  saveSession({ ...draft, epoch: 7, text: 'one', api: 'https://one.example' });
  assert.equal(lastSession(NOW, 'https://two.example'), undefined);
  assert.equal(lastSession(NOW, 'https://one.example').text, 'one');
  saveSession({ ...draft, epoch: 8, text: 'of a page that did not tell' });
  assert.equal(lastSession(NOW, 'https://two.example').text, 'of a page that did not tell');
});

test('of a session that is forgotten nothing stays, and the others do', async () => {
  const { page, kept } = browser();
  const { keepPen, keptPen, saveSession, forgetSession } = await page();
  keepPen({ room: 'R', key: 'K', epoch: 1 });
  saveSession({ ...draft, room: 'other', epoch: 7, text: 'other' });
  saveSession({ ...draft, epoch: 7, text: 'kept' });
  saveSession({ ...draft, epoch: 7, beside: true, text: 'beside' });
  saveSession({ ...draft, room: '', key: '', epoch: 0, beside: true, text: 'without a room' });
  forgetSession('R');
  assert.equal(keptPen('R'), undefined, 'nor the right to write, from a writer’s link');
  assert.deepEqual(sessionsOf(kept).map(({ room }) => room), ['other']);
  assert.equal((await page()).lastSession(NOW), undefined);
});

test('a page that is to take the pen learns it once', async () => {
  const { page } = browser();
  (await page()).takeNext();
  const next = await page();
  assert.deepEqual([next.takes(), next.takes()], [true, false]);
});
