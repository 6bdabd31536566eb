// Whether a viewer's screen goes where the writer goes. Scrolling or selecting by hand lets go; a
// button takes hold again.

/** A scroll this soon after a hand on mouse, keyboard or screen is the hand's. */
const HAND_MS = 600;

export class Follow {
  /**
   * @param {{ host: HTMLElement, editor: import('./editor.js').Editor, changed: (following:
   *   boolean) => void, now: () => number }} options
   */
  constructor({ host, editor, changed, now }) {
    this.editor = editor;
    this.changed = changed;
    this.on = true;
    /** @type {import('./protocol.js').View | undefined} */
    this.view = undefined;
    let handAt = -Infinity;
    const hand = () => {
      handAt = now();
    };
    for (const type of ['wheel', 'touchmove', 'pointerdown', 'keydown']) {
      host.addEventListener(type, hand, { capture: true, passive: true });
    }
    host.addEventListener(
      'pointermove',
      ({ buttons }) => {
        if (buttons) hand();
      },
      { capture: true, passive: true },
    );
    editor.onScroll(() => {
      if (now() - handAt < HAND_MS) this.set(false);
    });
    editor.onSelect(() => {
      if (now() - handAt < HAND_MS) this.set(false);
    });
  }

  /** @param {boolean} on */
  set(on) {
    if (on === this.on) return;
    this.on = on;
    this.#go();
    this.changed(on);
  }

  /** The writer is here now. @param {import('./protocol.js').View | undefined} view */
  show(view) {
    this.view = view;
    this.editor.showWriter(view);
    this.#go();
  }

  #go() {
    if (this.on && this.view) this.editor.reveal(this.view);
  }
}
