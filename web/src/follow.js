// Whether a viewer's screen follows the writer. Scrolling or selecting by hand ends that; a button
// begins it again.

/** A scroll this soon after input by mouse, keyboard or touch was made by hand. */
const HAND_MS = 600;

export class Follow {
  /**
   * @param {{ host: HTMLElement, reader: import('./reader.js').Reader, changed: (following:
   *   boolean) => void, now: () => number }} options
   */
  constructor({ host, reader, changed, now }) {
    this.reader = reader;
    this.changed = changed;
    this.on = true;
    /** @type {import('./protocol.js').View | undefined} */
    this.view = undefined;
    let handAt = -Infinity;
    const hand = (/** @type {Event} */ event) => {
      if (event.type !== 'pointermove' || /** @type {PointerEvent} */ (event).buttons)
        handAt = now();
    };
    for (const type of ['wheel', 'touchmove', 'pointerdown', 'pointermove', 'keydown'])
      host.addEventListener(type, hand, { capture: true, passive: true });
    const moved = () => {
      if (now() - handAt < HAND_MS) this.set(false);
    };
    reader.onScroll(moved);
    reader.onSelect(moved);
  }

  /** @param {boolean} on */
  set(on) {
    if (on === this.on) return;
    this.on = on;
    if (!on) this.reader.stay();
    this.#go();
    this.changed(on);
  }

  /** The writer is here now. @param {import('./protocol.js').View | undefined} view */
  show(view) {
    this.view = view;
    this.reader.showWriter(view);
    this.#go();
  }

  #go() {
    if (this.on && this.view) this.reader.reveal(this.view);
  }
}
