// Raised hands and questions: a viewer raises, the writer sees, notes and lowers, the viewer is told.
import assert from 'node:assert/strict';
import { after, before, test } from '../../lib/test.js';
import { startScene } from '../browser.js';

/** So many times in turn; from six on each viewer has raised and lowered a hand. */
const TURNS = Number(process.env.HAND_TURNS ?? 6);
const TEXT = 'one\ntwo\nthree\nfour\nfive';

let scene;
let writer;
/** Whose screen is looked at, and somebody else. */
let viewer;
let other;
before(async () => {
  scene = await startScene();
  writer = await scene.writer();
  await writer.paste(TEXT);
  viewer = await scene.viewer(writer.link);
  await viewer.shows(TEXT);
  await viewer.page.locator('#hand').waitFor();
  other = await scene.reader(writer.link);
});
after(() => scene?.close());

const UP = /^Hand (raised|seen)$/;
const word = () => viewer.page.locator('#hand-label').textContent();
const saysOfHand = (label) =>
  viewer.until(async () => (await word()) === label, 10_000, label, word);
const allow = async (what) => {
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#hands-allowed').selectOption(what);
  await writer.keys('Escape');
};
const focused = ({ page }) => page.evaluate(() => document.activeElement?.id);
const strip = async () => {
  const { page } = writer;
  return (await page.locator('#hands-strip').isVisible())
    ? `${await page.locator('#hands-count').textContent()} ${await page.locator('#hands-lines').textContent()}`.trim()
    : '';
};
const counts = (what) => writer.until(async () => (await strip()) === what, 10_000, what, strip);

test('a hand goes up at a line by keyboard alone, is noted, lowered, and the viewer reads that', async () => {
  await viewer.page.locator('.cm-line', { hasText: 'three' }).click();
  await viewer.page.locator('#hand').focus();
  // Impatient: the form is one, and open.
  await viewer.page.evaluate(() => {
    for (let i = 0; i < 2; i++) document.activeElement.click();
  });
  await viewer.page.locator('#hand-sheet').waitFor();
  assert.equal(await viewer.page.locator('#hand-sheet').count(), 1);
  // Questions are off until the writer allows them.
  assert.equal(await viewer.page.locator('#hand-question').isVisible(), false);
  // Escape closes it wherever the focus is.
  await viewer.page.evaluate(() => document.activeElement.blur());
  await viewer.keys('Escape');
  assert.equal(await viewer.page.locator('#hand-sheet').isVisible(), false);
  assert.equal(await focused(viewer), 'hand');
  await viewer.keys('Enter');
  await viewer.page.locator('#hand-sheet').waitFor();
  await viewer.keys('Enter');
  await saysOfHand('Hand raised');
  await counts('1 hand line 3');
  other.raises();
  await counts('2 hands line 3');
  // The line moves with the text.
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('zero\n');
  await counts('2 hands line 4');
  await writer.page.locator('#hands').focus();
  await writer.keys('Enter');
  await writer.page.locator('#hands-sheet #line-0', { hasText: 'Line 4' }).waitFor();
  // The focus is on the line; note is next, and then lower.
  await writer.keys('Tab', 'Enter');
  await saysOfHand('Hand seen');
  assert.equal(await viewer.page.locator('#hand-said').textContent(), 'The writer has seen your hand.');
  // The button has done its work; the focus stays in the row.
  await writer.until(async () => (await focused(writer)) === 'line-0', 10_000, 'line-0', () => focused(writer));
  // What others do takes no button away that the writer is about to press.
  await writer.page.locator('#lower-1').focus();
  await writer.page.evaluate(() => {
    window.pressed = document.activeElement;
  });
  await viewer.page.locator('#hand').click();
  await viewer.page.locator('#hand-line').fill('1');
  await viewer.page.locator('#hand-raise').click();
  await writer.page.locator('#hands-sheet #line-0', { hasText: 'Line 1' }).waitFor();
  assert.ok(await writer.page.evaluate(() => document.activeElement === window.pressed));
  await writer.page.locator('#lower-0').click();
  await saysOfHand('Hand lowered');
  await counts('1 hand');
  other.raises(false);
  await counts('');
  assert.equal(await writer.page.locator('#hands-sheet').isVisible(), false);
});

test('a question is asked where that is allowed, shown as a number first, and is never markup', async () => {
  await allow('2');
  await viewer.page.locator('#hand').click();
  const question = viewer.page.locator('#hand-question');
  await question.waitFor();
  await viewer.page.locator('#hand-line').fill('');
  const words = '<img src=x onerror=alert(1)> why\u202e?';
  await question.fill(words + 'x'.repeat(300));
  await viewer.page.locator('#hand-raise').click();
  await counts('1 hand, 1 question');
  assert.equal((await writer.page.locator('body').textContent()).includes('onerror'), false);
  await writer.page.locator('#hands').click();
  assert.equal(await writer.page.locator('[id^=words-]').isVisible(), false);
  await writer.page.locator('[id^=question-]').click();
  const shown = await writer.page.locator('[id^=words-]').textContent();
  assert.match(shown, /^<img src=x onerror=alert\(1\)> why\?x+$/);
  assert.ok(shown.length <= 200);
  assert.equal(await writer.page.locator('#hands-sheet img').count(), 0);
  // Off is off, for both.
  await allow('0');
  await counts('');
  await viewer.page.locator('#hand').waitFor({ state: 'hidden' });
  // The choice outlives the page; nothing of what was asked does.
  const kept = await writer.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(kept.includes('"codestream.hands":"0"') && !kept.includes('onerror'), kept);
});

test('hands go up and down at random while the writer types, and no text differs', async () => {
  await allow('1');
  await viewer.page.locator('#hand').waitFor();
  await writer.focus();
  await writer.keys('Control+End');
  const raised = async () => UP.test(await word());
  for (let i = 0; i < TURNS; i++) {
    if (i % 2) other.raises(!other.hand.up);
    else {
      const lowers = (await raised()) && i % 4 === 0;
      await viewer.page.locator('#hand').click();
      await viewer.page.locator(lowers ? '#hand-lower' : '#hand-raise').click();
    }
    await writer.focus();
    await writer.page.keyboard.type(`${i}`);
  }
  const count = Number(await raised()) + Number(other.hand.up);
  const told = async () => (await strip()).replace(/ lines? .*/, '');
  const hands = count === 0 ? '' : `${count} hand${count === 1 ? '' : 's'}`;
  await writer.until(async () => (await told()) === hands, 10_000, hands, told);
  const text = await writer.text();
  await viewer.has(text);
  await other.shows(text);
});
