// By what it is seen that a picture is older than the page that it shows: which controls and words there
// are, in which order and colours, and where from top to bottom. Widths follow the fonts of the machine, so
// they are left out.

/** A pixel or two are the machine's. */
const TOLERANCE_PX = 3;

/** Runs in the page. Nothing while it does not say that it is live: a machine has its moments. */
function marksInPage() {
  if (document.getElementById('state').textContent !== 'Live') return undefined;
  const isSeen = (part) => {
    const { width, height } = part.getBoundingClientRect();
    const { visibility, clipPath } = getComputedStyle(part);
    return width > 2 && height > 2 && visibility === 'visible' && clipPath === 'none';
  };
  /** Numbers, and what carries the room, are another one's each time. */
  const wordsOf = (part) => (part.id === 'share-link' ? '' : [...part.childNodes]
    .filter(({ nodeType }) => nodeType === 3).map(({ data }) => data.trim()).join(' ').replace(/\d+/g, '#'));
  return [...document.querySelectorAll('.bar, .bar *, .stage, .timeline, .timeline *')]
    .filter((part) => isSeen(part) && !/^(path|rect|circle|option)$/.test(part.localName))
    .map((part) => {
      const { top, height } = part.getBoundingClientRect();
      const { color, backgroundColor } = getComputedStyle(part);
      const name = part.id || part.getAttribute('class') || part.localName;
      return { what: [name, wordsOf(part), color, backgroundColor].join(' | '), top: Math.round(top), height: Math.round(height) };
    });
}

/** @param {import('../browser/browser.js').Screen} screen */
export const marksOf = async ({ page }) => (await page.waitForFunction(marksInPage)).jsonValue();

/** What is not as it was, in words. */
export function differences(was, is) {
  const [before, now] = [was, is].map((marks) => marks.map(({ what }) => what));
  const lost = before.filter((what) => !now.includes(what)).map((what) => `gone: ${what}`);
  const added = now.filter((what) => !before.includes(what)).map((what) => `new: ${what}`);
  if (lost.length || added.length) return [...lost, ...added];
  return is.flatMap((mark, i) => {
    const same = was[i]?.what === mark.what ? was[i] : undefined;
    if (!same) return [`elsewhere: ${mark.what}`];
    const moved = Math.max(Math.abs(same.top - mark.top), Math.abs(same.height - mark.height));
    return moved > TOLERANCE_PX ? [`moved by ${moved} px: ${mark.what}`] : [];
  });
}
