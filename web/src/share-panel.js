// The panel that gives the link away: in full, as a QR code, to the system's share sheet, as code to
// embed and, at the writer, as the link that passes the pen. Loaded when it is first opened.

import './shared.js';
import { copyText } from './files.js';
import { make } from './make.js';
import { qrCode } from './qr.js';
import { embedCode } from './share.js';

const PASS_WARNING =
  'Whoever opens the writer’s link writes in this session from then on, and this page stops. ' +
  'Send it only to your own other machine or to a person whom you trust: it cannot be taken back, ' +
  'and it stays in the history of the browser that opens it.';

/** What an address takes. */
const MAX_LINE = 9_999_999;

/**
 * @typedef {object} Offer
 * @property {string} link  the one for viewers
 * @property {string} [pen]  the one that passes the pen
 */

export class SharePanel {
  #status = make('p', { role: 'status', class: 'said' });
  #body = make('div', { class: 'share-parts' });
  #dialog = make(
    'dialog',
    { class: 'dialog share-panel', id: 'share-panel', 'aria-labelledby': 'share-title' },
    make('h2', { id: 'share-title' }, 'Share this stream'),
    this.#body,
    this.#status,
    make('p', { class: 'choices' }, button('share-close', 'Close', () => this.#dialog.close())),
  );

  /** @param {() => void} closed  puts the focus back */
  constructor(closed) {
    this.#dialog.onclose = closed;
    document.body.append(this.#dialog);
  }

  /** @param {Offer} offer */
  open(offer) {
    this.#status.textContent = '';
    this.#body.replaceChildren(
      qrCode(offer.link),
      this.#link(offer.link),
      ...(offer.pen ? [this.#pen(offer.pen)] : []),
      this.#embed(offer.link),
    );
    this.#dialog.showModal();
  }

  /** @param {string} link */
  #link(link) {
    const field = shown('link-field', 'Link for viewers', link);
    const share = button('share-system', 'Send…', () => this.#send(link));
    share.hidden = typeof navigator.share !== 'function';
    const copy = this.#copier('share-copy', 'Copy link', field, 'The link is copied.');
    copy.className = 'primary';
    copy.autofocus = true;
    return make('div', { class: 'part' }, ...labelled(field), make('p', { class: 'choices' }, share, copy));
  }

  /** @param {string} link */
  async #send(link) {
    try {
      await navigator.share({ title: document.title, url: link });
    } catch (error) {
      // The person has closed the system's sheet.
      if (/** @type {any} */ (error)?.name === 'AbortError') return;
      this.#status.textContent = 'The system did not take the link. Copy it instead.';
    }
  }

  /** @param {string} pen */
  #pen(pen) {
    const field = shown('pen-field', 'The writer’s link', pen);
    // On a projector, it would be everybody's.
    const box = make('div', { class: 'part', hidden: true }, ...labelled(field));
    const copy = this.#copier('copy-pen', 'Copy the writer’s link', field, 'The writer’s link is copied.', () => {
      box.hidden = false;
    });
    return make(
      'details',
      {},
      make('summary', {}, 'Pass the pen'),
      make('p', { class: 'warning' }, PASS_WARNING),
      box,
      make('p', { class: 'choices' }, copy),
    );
  }

  /** @param {string} link */
  #embed(link) {
    const code = make('textarea', { id: 'embed-field', readonly: true, rows: 5, spellcheck: 'false' });
    const theme = choice('embed-theme', 'Theme', { '': 'As the reader has it', light: 'Light', dark: 'Dark', contrast: 'High contrast' });
    const size = choice('embed-size', 'Text size', { '': 'As the reader has it', 12: '12', 14: '14', 16: '16', 20: '20' });
    const wrap = choice('embed-wrap', 'Long lines', { '': 'As the reader has it', on: 'Wrapped', off: 'Not wrapped' });
    const line = make('input', { id: 'embed-line', type: 'number', min: 1, max: MAX_LINE, placeholder: 'Where the writer is' });
    make('label', { class: 'choice' }, make('span', {}, 'First line shown'), line);
    const write = () => {
      const options = { theme: theme.value, size: size.value, wrap: wrap.value };
      code.value = embedCode(link, { ...options, line: line.validity.valid ? line.value : '' });
    };
    for (const option of [theme, size, wrap, line]) option.oninput = write;
    write();
    return make(
      'details',
      {},
      make('summary', {}, 'Embed in a page'),
      ...[theme, size, wrap, line].map((menu) => /** @type {Node} */ (menu.parentNode)),
      make('label', { for: 'embed-field' }, 'Code'),
      code,
      make('p', { class: 'choices' }, this.#copier('copy-embed', 'Copy code', code, 'The code is copied.')),
    );
  }

  /**
   * A button that copies what stands in a field. The text is there before it is pressed: a browser
   * takes nothing that comes later. If it takes nothing at all, the text is selected.
   * @param {string} id @param {string} label @param {HTMLInputElement | HTMLTextAreaElement} field
   * @param {string} done @param {() => void} [refused]
   */
  #copier(id, label, field, done, refused) {
    return button(id, label, async () => {
      this.#status.textContent = '';
      const copied = await copyText(field.value);
      if (!copied) {
        refused?.();
        field.focus();
        field.select();
      }
      this.#status.textContent = copied ? done : 'The browser did not copy. It is selected: copy it by hand.';
    });
  }
}

/** @param {string} id @param {string} label @param {() => void} pressed */
function button(id, label, pressed) {
  const made = make('button', { type: 'button', id }, label);
  made.onclick = pressed;
  return made;
}

/** A text that can be selected and copied, not changed. @param {string} id @param {string} label @param {string} text */
function shown(id, label, text) {
  const field = make('input', { id, readonly: true, 'data-label': label, translate: 'no' });
  field.value = text;
  field.onfocus = () => field.select();
  return field;
}

/** @param {HTMLInputElement} field */
const labelled = (field) => [make('label', { for: field.id }, field.dataset.label ?? ''), field];

/** @param {string} id @param {string} label @param {Record<string, string>} values */
function choice(id, label, values) {
  const menu = make('select', { id }, ...Object.entries(values).map(([value, text]) => make('option', { value }, text)));
  // A number as a name would stand before the others.
  menu.prepend(...[...menu.options].filter(({ value }) => value === ''));
  menu.value = '';
  make('label', { class: 'choice' }, make('span', {}, label), menu);
  return menu;
}
