// Everything on the screen but the editor: the bar, the banner, the menu. It shows what it is given
// as text, never as markup, and reports what is pressed.

import { onceLoaded } from './again.js';
import { element } from './element.js';
import { copyText } from './files.js';
import { daysText } from './kept.js';
import { LANGUAGES, languageOf } from './languages.js';
import { loadKeysHelp, loadSaving, loadSharePanel } from './parts.js';
import { countText, recordingQuestion } from './status.js';

/** @typedef {import('./status.js').Status} Status */

/** How long a button says that it has done its work. */
const DONE_MS = 2_000;

/** @param {string} id */
const button = (id) => element(id, HTMLButtonElement);
/** @param {string} id */
const box = (id) => element(id, HTMLElement);

/** A stream of one's own: in this tab, or in one of its own if this page is a part of another. */
export function startOwn() {
  const address = new URL(location.pathname, location.origin);
  const transport = new URLSearchParams(location.search).get('transport');
  if (transport) address.searchParams.set('transport', transport);
  if (window.top === window.self) location.assign(address);
  else window.open(address, '_blank', 'noopener');
}

export class Page {
  /** The stream's title. */
  #name = '';

  constructor() {
    /** @type {Status['notice']} */
    this.notice = undefined;
    /** @type {(action: string) => void} */
    this.onAction = () => {};
    /** The focused element has gone; the caller puts the focus elsewhere. */
    this.onFocusLost = () => {};
    /** @type {(lack: import('./again.js').Lack) => void} of a part that was wanted */
    this.onLack = () => {};
    button('banner-action').onclick = () => {
      if (this.notice?.action) this.onAction(this.notice.action);
    };
    for (const { id, label } of LANGUAGES)
      element('language', HTMLSelectElement).add(new Option(label, id));
    this.#keys();
    this.#menu();
  }

  /** @param {'writer' | 'viewer' | 'none'} role */
  setRole(role) {
    document.documentElement.dataset.role = role;
    const brand = element('brand', HTMLAnchorElement);
    // In a page that is a part of another one, it leads to the whole stream.
    const embedded = document.documentElement.dataset.embed !== undefined;
    if (embedded && role === 'viewer') {
      const whole = new URL(location.href);
      for (const name of ['embed', 'theme', 'size', 'wrap', 'line']) whole.searchParams.delete(name);
      brand.href = whole.href;
      brand.title = 'Open this stream in Codestream';
    } else if (role !== 'writer') brand.href = './';
  }

  /**
   * Asks, in place of the text, what is to be done.
   * @template {string} T
   * @param {{ title: string, text: string }} words @param {Record<T, string>} choices  their labels
   * @returns {Promise<T>}
   */
  offer(words, choices) {
    this.showEmpty(words);
    const row = box('empty-choices');
    row.hidden = false;
    return new Promise((resolve) => {
      for (const [choice, label] of /** @type {[T, string][]} */ (Object.entries(choices))) {
        const option = document.createElement('button');
        option.type = 'button';
        option.textContent = label;
        option.onclick = () => {
          row.hidden = true;
          row.replaceChildren();
          resolve(choice);
        };
        row.append(option);
      }
    });
  }

  /** @param {Status} status */
  showStatus({ word, tone, notice }) {
    setText('state', word);
    const { documentElement } = document;
    if (documentElement.dataset.tone !== tone) documentElement.dataset.tone = tone;
    this.showNotice(notice);
  }

  /** @param {Status['notice']} notice */
  showNotice(notice) {
    if (notice?.text === this.notice?.text && notice?.action === this.notice?.action) return;
    this.notice = notice;
    const action = button('banner-action');
    const focused = document.activeElement === action;
    box('banner').classList.toggle('silent', !notice);
    setText('banner-text', notice?.text ?? '');
    action.hidden = !notice?.action;
    this.setLabel('banner-action', notice?.label ?? '');
    if (focused && action.hidden) this.onFocusLost();
  }

  /**
   * Words in place of the text, where there is none.
   * @param {{ title: string, text: string } | undefined} words
   */
  showEmpty(words) {
    box('empty').hidden = words === undefined;
    document.documentElement.dataset.text = words ? 'none' : 'some';
    setText('empty-title', words?.title ?? '');
    setText('empty-text', words?.text ?? '');
  }

  /** The link for viewers. @param {string} link */
  showLink(link) {
    const anchor = element('share-link', HTMLAnchorElement);
    anchor.href = link;
    setText('share-link', link.replace(/^https?:\/\//, ''));
    anchor.hidden = false;
    this.enable('copy-link', true);
    this.enable('share', true);
  }

  /** @param {boolean} on */
  showFollowing(on) {
    button('follow').setAttribute('aria-pressed', String(on));
    this.setLabel('follow', on ? 'Following' : 'Back to the writer');
  }

  /** @param {number | undefined} count */
  showViewers(count) {
    box('viewers').hidden = count === undefined;
    setText('viewer-count', countText(count ?? 0));
    setText('viewer-word', count === 1 ? 'viewer' : 'viewers');
  }

  /** What becomes of the writer's text on the server; '': nothing. @param {string} words */
  showKept(words) {
    box('kept').hidden = words === '';
    setText('kept', words);
  }

  /** For how long the newest text is kept; 0: it is not. @param {number} days */
  showKeepDays(days) {
    box('kept-more').hidden = days === 0;
    setText(
      'kept-more',
      `The newest text of a stream is kept for ${daysText(days)} after its last change. ` +
        'Whoever has the link can read it.',
    );
  }

  /** @param {string} language @param {string} name */
  showSession(language, name) {
    const { id, label } = languageOf(language);
    element('language', HTMLSelectElement).value = id;
    setText('language-shown', label);
    box('file').hidden = name === '';
    setText('file', name);
    if (this.#name !== name) element('title', HTMLInputElement).value = name;
    this.#name = name;
    const title = name ? `${name} – Codestream` : 'Codestream';
    if (document.title !== title) document.title = title;
  }

  /** @param {string} id @param {() => void} pressed */
  onPress(id, pressed) {
    button(id).onclick = pressed;
  }

  /** @param {string} id @param {boolean} enabled */
  enable(id, enabled) {
    button(id).disabled = !enabled;
  }

  /** @param {string} id @param {string} label */
  setLabel(id, label) {
    setText(labelOf(id), label);
  }

  /**
   * Makes a button copy, and say for a moment that it has.
   * @param {string} id @param {() => string} text
   * @param {() => void} [failed]
   */
  onCopy(id, text, failed) {
    const label = labelOf(id).textContent ?? '';
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let back;
    button(id).onclick = async () => {
      const copied = await copyText(text());
      this.setLabel(id, copied ? 'Copied' : 'Could not copy');
      setText('said', copied ? 'Copied' : '');
      if (!copied) failed?.();
      clearTimeout(back);
      back = setTimeout(() => {
        this.setLabel(id, label);
        setText('said', '');
      }, DONE_MS);
    };
  }

  /**
   * Lets the share panel be opened.
   * @param {() => import('./share-panel.js').Offer} offer  what is given away then
   */
  onShare(offer) {
    button('share').onclick = onceLoaded(
      async () => new (await loadSharePanel())(() => button('share').focus()),
      (panel) => panel.open(offer()),
      (lack) => this.onLack(lack),
    );
  }

  /**
   * Lets the recording be downloaded, after a word about what is in it.
   * @param {() => import('./recording.js').Recording} recording @param {() => number} now
   */
  onRecording(recording, now) {
    const save = onceLoaded(
      loadSaving,
      (saveRecording) => saveRecording(recording(), now()),
      (lack) => this.onLack(lack),
    );
    this.onPress('download-recording', () => {
      if (confirm(recordingQuestion(recording().first === 0))) save();
    });
  }

  /** @param {(id: string) => void} chosen */
  onLanguage(chosen) {
    const menu = element('language', HTMLSelectElement);
    menu.onchange = () => chosen(menu.value);
  }

  /** @param {(title: string) => void} given  by hand; what comes of it is for `showSession` */
  onTitle(given) {
    const field = element('title', HTMLInputElement);
    field.onchange = () => {
      given(field.value);
      field.value = this.#name;
    };
  }

  /** @param {number} allowed  what viewers may do besides watching @param {(allowed: number) => void} chosen */
  onHands(allowed, chosen) {
    const menu = element('hands-allowed', HTMLSelectElement);
    menu.value = String(allowed);
    menu.onchange = () => chosen(Number(menu.value));
  }

  /** `?` shows the page's keys, except where it is typed into something. */
  #keys() {
    const open = onceLoaded(
      async () => new (await loadKeysHelp())(document.documentElement.dataset.role === 'writer'),
      (help) => help.open(),
      (lack) => this.onLack(lack),
    );
    document.addEventListener('keydown', (event) => {
      const { target } = event;
      const typed = target instanceof HTMLElement && target.closest('input:not([type=range]), textarea, .monaco-editor');
      if (event.key === '?' && !typed && !event.defaultPrevented) open();
    });
  }

  // ---- the menu ----

  #menu() {
    const opener = button('menu-button');
    const menu = box('menu');
    const set = (/** @type {boolean} */ open) => {
      menu.hidden = !open;
      opener.setAttribute('aria-expanded', String(open));
    };
    const isIn = (/** @type {EventTarget | null} */ target) =>
      !(target instanceof Node) || menu.contains(target) || opener.contains(target);
    opener.onclick = () => set(menu.hidden);
    // The editor keeps some of the keys that it gets.
    const escape = (/** @type {KeyboardEvent} */ event) => {
      if (event.key !== 'Escape' || menu.hidden) return;
      element('title', HTMLInputElement).value = this.#name;
      set(false);
      opener.focus();
    };
    document.addEventListener('keydown', escape, { capture: true });
    for (const part of [menu, opener])
      part.addEventListener('focusout', ({ relatedTarget }) => {
        if (!isIn(relatedTarget)) set(false);
      });
    document.addEventListener('pointerdown', ({ target }) => {
      if (!isIn(target)) set(false);
    });
    const { style } = document.documentElement;
    const bar = /** @type {HTMLElement} */ (opener.closest('.bar'));
    new ResizeObserver(() => style.setProperty('--bar', `${bar.offsetHeight}px`)).observe(bar);
    menu.addEventListener('click', ({ target }) => {
      const pressed = target instanceof Element ? target.closest('.group > button') : null;
      // These say on the button itself that they have copied, so it stays on the screen.
      if (!pressed || pressed.id.startsWith('copy-')) return;
      set(false);
      opener.focus();
    });
  }
}

/** @param {string} id */
function labelOf(id) {
  const label = button(id).querySelector('[data-label]');
  if (!(label instanceof HTMLElement)) throw new Error(`index.html has no label in "${id}"`);
  return label;
}

/** @param {string | HTMLElement} where @param {string} text */
function setText(where, text) {
  const target = typeof where === 'string' ? box(where) : where;
  // Screen readers announce a status region whenever it is written to, even with the same text.
  if (target.textContent !== text) target.textContent = text;
}
