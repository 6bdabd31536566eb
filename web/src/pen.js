// Which of this browser's pages is open and writes. The browser holds a lock for as long as the page
// is there, whatever becomes of it.

const NAME = 'codestream.page.';
/** The page before this one in the same tab may be about to go. */
const GOING_MS = 500;

/** Only an address that is safe has locks; elsewhere no page knows of another. */
const { locks } = navigator;

/** @type {(() => void) | undefined} */
let release;

/** This page writes. @param {string} page */
export function holdPen(page) {
  if (release || !locks) return;
  const held = new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    release = resolve;
  });
  locks.request(NAME + page, () => held).catch(() => {});
}

/** A page that holds a lock would not be kept for the way back. */
export function dropPen() {
  release?.();
  release = undefined;
}

/**
 * Whether another page is open and writes.
 * @param {string | undefined} page @returns {Promise<boolean>}
 */
export async function writes(page) {
  if (!page || !locks) return false;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), GOING_MS);
  try {
    await locks.request(NAME + page, { signal: patience.signal }, () => {});
    return false;
  } catch (error) {
    return /** @type {DOMException} */ (error).name === 'AbortError';
  } finally {
    clearTimeout(timer);
  }
}
