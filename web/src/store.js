// What the browser keeps: the writer's sessions (key, draft, epoch) and everybody's preferences.
// A browser may refuse to keep anything; then all this lasts as long as the tab.

/**
 * @typedef {object} Draft
 * @property {string} room    empty until the first connection gives it one
 * @property {string} key
 * @property {number} epoch
 * @property {string} text
 * @property {string} language
 * @property {string} name
 * @property {import('./writer.js').Known} [known]  during a pause: what was published before it
 * @property {boolean} ended
 * @typedef {Draft & { at: number }} SessionRecord  at: when it was saved, by the time of day
 */

const SESSION = 'codestream.session.';
const LAST = 'codestream.last';
const TAB = 'codestream.tab';
const PREFERENCES = 'codestream.preferences';
const WORD = 'codestream.word.';
const TRIAL = 'codestream.trial';
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
      try {
        return window[kind].getItem(name) ?? memory.get(kind + name) ?? null;
      } catch {
        return memory.get(kind + name) ?? null;
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
        return true;
      } catch {
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

/** @param {string} room @returns {SessionRecord | undefined} */
function load(room) {
  const record = parse(browser.get(SESSION + room));
  const texts = [record?.room, record?.key, record?.text, record?.language, record?.name];
  return texts.every((text) => typeof text === 'string') ? record : undefined;
}

/** The last session of this tab, else of this browser. @param {number} now */
export function lastSession(now) {
  const own = tab.get(TAB);
  const record = load(own ?? browser.get(LAST) ?? '');
  return record && !record.ended && now - record.at < LIFE_MS ? record : undefined;
}

/** Removes the draft from before there was a room: it goes on under its room. */
export function dropUnnamed() {
  browser.remove(SESSION);
}

/** The next page of this tab begins a new session. */
export function forgetTab() {
  tab.remove(TAB);
  browser.remove(LAST);
}

/**
 * @param {SessionRecord} record
 * @returns {boolean} false if it will not outlive the tab
 */
export function saveSession(record) {
  // A tab that has been taken over must not overwrite the draft of the one that took over.
  if ((load(record.room)?.epoch ?? 0) > record.epoch) return true;
  tab.set(TAB, record.room);
  browser.set(LAST, record.room);
  return browser.set(SESSION + record.room, JSON.stringify(record));
}

/**
 * The next writer of this session will have a greater epoch than this one.
 * @param {string} room @param {number} epoch
 */
export function outrank(room, epoch) {
  const record = load(room);
  if (record && record.epoch < epoch)
    browser.set(SESSION + room, JSON.stringify({ ...record, epoch }));
}

/**
 * Evicts the oldest sessions: a browser keeps no more than a few megabytes.
 * @param {number} now
 */
export function pruneSessions(now) {
  const rooms = browser.names(SESSION).map((name) => name.slice(SESSION.length));
  const newestFirst = rooms
    .map((room) => ({ room, at: load(room)?.at ?? 0 }))
    .sort((a, b) => b.at - a.at);
  newestFirst.forEach(({ room, at }, i) => {
    if (i >= MAX_SESSIONS || now - at > LIFE_MS) browser.remove(SESSION + room);
  });
}

/**
 * Reports every session that another tab saves.
 * @param {(record: SessionRecord) => void} listener
 */
export function onOtherTab(listener) {
  window.addEventListener('storage', ({ key, newValue }) => {
    if (!key?.startsWith(SESSION)) return;
    const record = parse(newValue);
    if (typeof record?.epoch === 'number') listener(record);
  });
}

/**
 * @typedef {{ theme: 'system' | 'light' | 'dark' | 'contrast', wrap: boolean, fontSize: number }}
 *   Preferences
 */

/** @returns {Preferences} */
export function preferences() {
  const kept = parse(browser.get(PREFERENCES)) ?? {};
  return {
    theme: ['light', 'dark', 'contrast'].includes(kept.theme) ? kept.theme : 'system',
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

/** The language whose colours a page is trying; '' for none. */
export const keptTrial = () => browser.get(TRIAL) ?? '';

/** @param {string} language */
export function keepTrial(language) {
  if (language === '') browser.remove(TRIAL);
  else browser.set(TRIAL, language);
}
