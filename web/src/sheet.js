// A box above the bar at the bottom that a button opens and closes. It goes, too, when Escape is
// pressed, when something beside it is, and when the focus moves on.

import { make } from './make.js';

/** Between the box and the bar. */
const GAP = 6;

export class Sheet {
  /**
   * @param {HTMLElement} opener  in the bar @param {string} id @param {string} title
   * @param {(Node | string)[]} content
   */
  constructor(opener, id, title, ...content) {
    this.opener = opener;
    this.box = make(
      'section',
      { class: 'sheet', id, 'aria-labelledby': `${id}-title`, hidden: true, tabindex: '-1' },
      make('h2', { id: `${id}-title` }, title),
      ...content,
    );
    document.body.append(this.box);
    opener.setAttribute('aria-controls', id);
    // Not every browser focuses what is clicked, so the key may come from anywhere.
    document.addEventListener('keydown', (event) => {
      if (event.key === 'Escape') this.close();
    });
    this.box.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.#has(relatedTarget)) this.close(false);
    });
    document.addEventListener('pointerdown', ({ target }) => {
      if (target instanceof Node && !this.#has(target)) this.close(false);
    });
  }

  /** @param {Node} node */
  #has(node) {
    return this.box.contains(node) || this.opener.contains(node);
  }

  get isOpen() {
    return !this.box.hidden;
  }

  open() {
    const bar = this.opener.closest('footer');
    const top = bar?.getBoundingClientRect().top ?? innerHeight;
    this.box.style.bottom = `${innerHeight - top + GAP}px`;
    this.box.style.maxHeight = `${Math.max(120, top - 2 * GAP)}px`;
    this.box.hidden = false;
    this.opener.setAttribute('aria-expanded', 'true');
  }

  /** @param {boolean} [back]  the focus returns to the button */
  close(back = true) {
    if (!this.isOpen) return;
    this.box.hidden = true;
    this.opener.setAttribute('aria-expanded', 'false');
    if (back) this.opener.focus();
  }
}
