// What the browser keeps: the writer's sessions (key, draft, epoch) and everybody's preferences.
// A browser may refuse to keep anything; then all this lasts as long as the tab. What it keeps it may
// share with other pages of the same address, which can fill it or clear it.

/**
 * @typedef {object} Draft
 * @property {string} room    empty until the first connection gives it one
 * @property {string} key
 * @property {number} epoch
 * @property {boolean} [beside]  the writer has no epoch yet: this one is the greatest that it knows
 * @property {string} text
 * @property {string} language
 * @property {string} name
 * @property {import('./writer.js').Known} [known]  during a pause: what was published before it
 * @property {boolean} ended
 * @property {boolean} [dropped]  the function app is not to keep this text
 * @property {boolean} [trying]  no page has yet survived the colours of this text
 * @typedef {Draft & { at: number, api?: string, page?: string }} SessionRecord  at: when it was
 *   saved, by the time of day; api: the function app that knows the room; page: which one saved it
 */

const SESSION = 'codestream.session.';
const LAST = 'codestream.last';
const TAB = 'codestream.tab';
const PEN = 'codestream.pen';
const PREFERENCES = 'codestream.preferences';
const WORD = 'codestream.word.';
const HANDS = 'codestream.hands';
const TAKING = 'codestream.taking';
const LEFT = 'codestream.left';
/** A session that nobody has written in for a day is not resumed. */
const LIFE_MS = 24 * 60 * 60 * 1000;
const MAX_SESSIONS = 5;

/** @type {Map<string, string>} */
const memory = new Map();

/** @param {'localStorage' | 'sessionStorage'} kind */
function storage(kind) {
  return {
    /** @param {string} name @returns {string | null} */
    get(name) {
      // What could not be stored is newer than what could.
      const unstored = memory.get(kind + name);
      if (unstored !== undefined) return unstored;
      try {
        return window[kind].getItem(name);
      } catch {
        return null;
      }
    },
    /**
     * @param {string} name
     * @param {string} value
     * @returns {boolean} false if it will not outlive the tab
     */
    set(name, value) {
      try {
        window[kind].setItem(name, value);
        memory.delete(kind + name);
        return true;
      } catch {
        // An older value that comes back as if it were the newest is worse than none.
        this.remove(name);
        memory.set(kind + name, value);
        return false;
      }
    },
    /** @param {string} name */
    remove(name) {
      memory.delete(kind + name);
      try {
        window[kind].removeItem(name);
      } catch {
        // Nothing was kept.
      }
    },
    /** @param {string} prefix @returns {string[]} */
    names(prefix) {
      try {
        return Object.keys(window[kind]).filter((name) => name.startsWith(prefix));
      } catch {
        return [];
      }
    },
  };
}

const browser = storage('localStorage');
const tab = storage('sessionStorage');

/** @param {string | null} json */
function parse(json) {
  try {
    return JSON.parse(json ?? '');
  } catch {
    return undefined;
  }
}

/** What sets apart the drafts of pages that have not been let in yet. */
const BESIDE = '+';
/** This page, among those of this browser. */
export const page = Math.random().toString(36).slice(2, 10);
/** The draft that this page has begun with. */
let origin = '';
/** What was in it then. */
let begun = /** @type {string | null} */ (null);

/** The name under which a draft is kept. @param {Draft} draft */
const slotOf = ({ room, beside }) => (beside ? room + BESIDE + page : room);

const roomOf = (/** @type {string} */ slot) => slot.split(BESIDE)[0];

/** What this page has begun with has a successor; what another page saved there since stays. */
function dropOrigin() {
  const beside = origin === '' || origin.includes(BESIDE);
  if (beside && browser.get(SESSION + origin) === begun) browser.remove(SESSION + origin);
}

/** @param {string} slot @returns {SessionRecord | undefined} */
function load(slot) {
  const record = parse(browser.get(SESSION + slot));
  const texts = [record?.room, record?.key, record?.text, record?.language, record?.name];
  return texts.every((text) => typeof text === 'string') ? record : undefined;
}

/**
 * The last session of this tab, else of this browser.
 * @param {number} now @param {string} [api]  other function apps do not know its room
 */
export function lastSession(now, api) {
  origin = tab.get(TAB) ?? browser.get(LAST) ?? '';
  // Another page may have taken up the draft beside, and gone on with it under the room's name.
  const record = load(origin) ?? load(roomOf(origin));
  begun = browser.get(SESSION + origin);
  const ours = record && (record.api ?? api) === api;
  return ours && !record.ended && now - record.at < LIFE_MS ? record : undefined;
}

/** What the browser keeps of a room now, whoever saved it. @param {string} room */
export const keptSession = (room) => load(room);

/**
 * This page has been let in: its draft goes on under its room alone, unless another page with a
 * greater epoch was faster there.
 * @param {string} room @param {number} epoch
 */
export function dropBeside(room, epoch) {
  if ((load(room)?.epoch ?? 0) > epoch) return;
  dropOrigin();
  for (const slot of [BESIDE + page, room + BESIDE + page]) browser.remove(SESSION + slot);
}

/** The next page of this tab begins a new session. */
export function forgetTab() {
  tab.remove(TAB);
  browser.remove(LAST);
}

/** The next page of this tab takes the pen, whoever has it. */
export const takeNext = () => tab.set(TAKING, 'yes');

/** Whether this page is to take the pen; asked once. */
export function takes() {
  const taking = tab.get(TAKING) !== null;
  tab.remove(TAKING);
  return taking;
}

/** This page goes, and the next one of this tab need not ask where it is. */
export const leave = () => tab.set(LEFT, page);

/** The way back has led to this page. */
export const comeBack = () => tab.remove(LEFT);

/** Whether this tab has left a page. @param {string | undefined} other */
export const hasLeft = (other) => tab.get(LEFT) === other;

/** Nothing of this session stays in this browser. @param {string} room */
export function forgetSession(room) {
  forgetTab();
  tab.remove(PEN);
  for (const slot of slots().filter((name) => roomOf(name) === room || name === BESIDE + page))
    browser.remove(SESSION + slot);
}

/**
 * @param {SessionRecord} record
 * @param {{ makeRoom?: boolean }} [options]  whether drafts of other sessions may have to go
 * @returns {boolean} false if it will not outlive the tab
 */
export function saveSession(record, { makeRoom = true } = {}) {
  const slot = slotOf(record);
  // A tab that has been taken over must not overwrite the draft of the one that took over.
  if ((load(slot)?.epoch ?? 0) > record.epoch) return true;
  const name = SESSION + slot;
  const json = JSON.stringify({ ...record, page });
  let kept = browser.set(name, json);
  if (!kept && makeRoom)
    for (const { slot: other } of newestFirst().reverse()) {
      if (other === slot) continue;
      browser.remove(SESSION + other);
      kept = browser.set(name, json);
      if (kept) break;
    }
  tab.set(TAB, slot);
  browser.set(LAST, slot);
  // Loading the page again and again, while nobody is let in, must not evict other sessions.
  if (kept && record.beside && slot !== origin) dropOrigin();
  return kept;
}

/** This tab has been opened with a writer's link. @param {import('./writer-link.js').Pen} pen */
export function keepPen(pen) {
  tab.set(PEN, JSON.stringify(pen));
}

/** The pen that this tab may take, if it is this room's. @param {string} room */
export function keptPen(room) {
  /** @type {import('./writer-link.js').Pen | undefined} */
  const pen = parse(tab.get(PEN)) ?? undefined;
  return pen?.room === room ? pen : undefined;
}

/**
 * The next writer of this session will have a greater epoch than this one.
 * @param {string} room @param {number} epoch
 */
export function outrank(room, epoch) {
  for (const slot of [room, room + BESIDE + page]) {
    const record = load(slot);
    if (record && record.epoch < epoch)
      browser.set(SESSION + slot, JSON.stringify({ ...record, epoch }));
  }
}

/**
 * Evicts the oldest sessions: a browser keeps no more than a few megabytes.
 * @param {number} now
 */
export function pruneSessions(now) {
  newestFirst().forEach(({ slot, at }, i) => {
    if (i >= MAX_SESSIONS || now - at > LIFE_MS) browser.remove(SESSION + slot);
  });
}

const slots = () => browser.names(SESSION).map((name) => name.slice(SESSION.length));

const newestFirst = () =>
  slots()
    .map((slot) => ({ slot, at: load(slot)?.at ?? 0 }))
    .sort((a, b) => b.at - a.at);

/**
 * Reports what other pages do to the sessions that are kept.
 * @param {{ saved: (record: SessionRecord) => void, dropped: (isIt: (draft: Draft) => boolean) =>
 *   void }} listener  saved: one that its page has been let in to; dropped: some are gone, and
 *   whether a draft is one of them
 */
export function onOtherTab({ saved, dropped }) {
  window.addEventListener('storage', ({ key, newValue }) => {
    // Without a key, everything was cleared.
    if (key === null) dropped(() => true);
    if (!key?.startsWith(SESSION)) return;
    if (newValue === null) dropped((draft) => key === SESSION + slotOf(draft));
    const record = parse(newValue);
    if (typeof record?.epoch === 'number' && !record.beside) saved(record);
  });
}

/**
 * @typedef {{ theme: 'system' | 'light' | 'dark' | 'contrast', wrap: boolean, fontSize: number,
 *   indent: 'text' | '2' | '4' | 'tab', announce: boolean }} Preferences  indent: as in the text, or
 *   as chosen; announce: new lines are read out
 */

/** @returns {Preferences} */
export function preferences() {
  const kept = parse(browser.get(PREFERENCES)) ?? {};
  return {
    theme: ['light', 'dark', 'contrast'].includes(kept.theme) ? kept.theme : 'system',
    indent: ['2', '4', 'tab'].includes(kept.indent) ? kept.indent : 'text',
    announce: kept.announce === true,
    // On a phone, lines are longer than the screen.
    wrap: kept.wrap ?? window.innerWidth < 720,
    fontSize:
      Number.isInteger(kept.fontSize) && kept.fontSize >= 10 && kept.fontSize <= 32
        ? kept.fontSize
        : 14,
  };
}

/** @param {Preferences} values */
export function savePreferences(values) {
  browser.set(PREFERENCES, JSON.stringify(values));
}

/** The word that starts streams at a function app, '' if none is kept. @param {string} api */
export const keptWord = (api) => browser.get(WORD + api) ?? '';

/** @param {string} api @param {string} word */
export function keepWord(api, word) {
  browser.set(WORD + api, word);
}

/** @param {string} api */
export function forgetWord(api) {
  browser.remove(WORD + api);
}

/** What the writer of this browser lets viewers do besides watching: undefined if never chosen. */
export function keptHands() {
  const kept = Number(browser.get(HANDS) ?? NaN);
  return [0, 1, 2].includes(kept) ? kept : undefined;
}

/** @param {number} allowed */
export function keepHands(allowed) {
  browser.set(HANDS, String(allowed));
}
