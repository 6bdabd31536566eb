// Raised hands and questions: a viewer raises, the writer sees, notes and lowers, the viewer is told.
import assert from 'node:assert/strict';
import { after, before, test } from '../../lib/test.js';
import { startScene } from '../browser.js';

/** So many times in turn; from six on each viewer has raised, moved and lowered a hand. */
const TURNS = Number(process.env.HAND_TURNS ?? 6);
const TEXT = 'one\ntwo\nthree\nfour\nfive';

let scene;
/** A writer, and two viewers whose reader is there. */
let writer;
let first;
let second;
before(async () => {
  scene = await startScene();
  writer = await scene.writer();
  await writer.paste(TEXT);
  [first, second] = await Promise.all([sits(), sits()]);
});
after(() => scene?.close());

const UP = /^Hand (raised|seen)$/;
const word = (viewer) => viewer.page.locator('#hand-label').textContent();
const saysOfHand = (viewer, label) =>
  viewer.until(async () => (await word(viewer)) === label, 10_000, label, () => word(viewer));
const allow = async (what) => {
  await writer.page.locator('#menu-button').click();
  await writer.page.locator('#hands-allowed').selectOption(what);
  await writer.keys('Escape');
};
const focused = ({ page }) => page.evaluate(() => document.activeElement?.id);
const strip = async ({ page }) =>
  (await page.locator('#hands-strip').isVisible())
    ? `${await page.locator('#hands-count').textContent()} ${await page.locator('#hands-lines').textContent()}`.trim()
    : '';
const counts = (writer, what) =>
  writer.until(async () => (await strip(writer)) === what, 10_000, what, () => strip(writer));

async function sits() {
  const viewer = await scene.viewer(writer.link);
  await viewer.shows(TEXT);
  await viewer.page.locator('#hand').waitFor();
  return viewer;
}

test('a hand goes up at a line by keyboard alone, is noted, lowered, and the viewer reads that', async () => {
  await first.page.locator('.cm-line', { hasText: 'three' }).click();
  await first.page.locator('#hand').focus();
  // Impatient: the form is one, and open.
  await first.page.evaluate(() => {
    for (let i = 0; i < 2; i++) document.activeElement.click();
  });
  await first.page.locator('#hand-sheet').waitFor();
  assert.equal(await first.page.locator('#hand-sheet').count(), 1);
  await first.keys('Enter');
  await saysOfHand(first, 'Hand raised');
  await counts(writer, '1 hand line 3');
  // Questions are off until the writer allows them.
  await second.page.locator('#hand').click();
  await second.page.locator('#hand-sheet').waitFor();
  assert.equal(await second.page.locator('#hand-question').isVisible(), false);
  // Escape closes it wherever the focus is.
  await second.page.evaluate(() => document.activeElement.blur());
  await second.keys('Escape');
  assert.equal(await second.page.locator('#hand-sheet').isVisible(), false);
  assert.equal(await focused(second), 'hand');
  await second.keys('Enter');
  await second.page.locator('#hand-raise').click();
  await counts(writer, '2 hands line 3');
  // The line moves with the text.
  await writer.focus();
  await writer.keys('Control+Home');
  await writer.page.keyboard.type('zero\n');
  await counts(writer, '2 hands line 4');
  await writer.page.locator('#hands').focus();
  await writer.keys('Enter');
  await writer.page.locator('#hands-sheet #line-0', { hasText: 'Line 4' }).waitFor();
  // The focus is on the line; note is next, and then lower.
  await writer.keys('Tab', 'Enter');
  await saysOfHand(first, 'Hand seen');
  assert.equal(await first.page.locator('#hand-said').textContent(), 'The writer has seen your hand.');
  // The button has done its work; the focus stays in the row.
  await writer.until(async () => (await focused(writer)) === 'line-0', 10_000, 'line-0', () => focused(writer));
  // What others do takes no button away that the writer is about to press.
  await writer.page.locator('#lower-1').focus();
  await writer.page.evaluate(() => {
    window.pressed = document.activeElement;
  });
  await first.page.locator('#hand').click();
  await first.page.locator('#hand-line').fill('1');
  await first.page.locator('#hand-raise').click();
  await writer.page.locator('#hands-sheet #line-0', { hasText: 'Line 1' }).waitFor();
  assert.ok(await writer.page.evaluate(() => document.activeElement === window.pressed));
  await writer.page.locator('#lower-0').click();
  await saysOfHand(first, 'Hand lowered');
  await counts(writer, '1 hand');
  await second.page.locator('#hand').click();
  await second.page.locator('#hand-lower').click();
  await counts(writer, '');
  assert.equal(await writer.page.locator('#hands-sheet').isVisible(), false);
});

test('a question is asked where that is allowed, shown as a number first, and is never markup', async () => {
  const viewer = second; // who has pointed at no line
  await allow('2');
  await viewer.page.locator('#hand').click();
  const question = viewer.page.locator('#hand-question');
  await question.waitFor();
  const words = '<img src=x onerror=alert(1)> why\u202e?';
  await question.fill(words + 'x'.repeat(300));
  await viewer.page.locator('#hand-raise').click();
  await counts(writer, '1 hand, 1 question');
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
  await counts(writer, '');
  await viewer.page.locator('#hand').waitFor({ state: 'hidden' });
  // The choice outlives the page; nothing of what was asked does.
  const kept = await writer.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }));
  assert.ok(kept.includes('"codestream.hands":"0"') && !kept.includes('onerror'), kept);
});

test('hands go up and down at random while the writer types, and no text differs', async () => {
  await allow('1');
  const seats = [first, second];
  for (const { page } of seats) await page.locator('#hand').waitFor();
  await writer.focus();
  await writer.keys('Control+End');
  for (let i = 0; i < TURNS; i++) {
    const viewer = seats[i % 2];
    const isUp = UP.test(await word(viewer));
    await viewer.page.locator('#hand').click();
    await viewer.page.locator(isUp && i % 3 ? '#hand-lower' : '#hand-raise').click();
    await writer.focus();
    await writer.page.keyboard.type(`${i}`);
  }
  const up = async () => {
    const words = await Promise.all(seats.map(word));
    return words.filter((label) => UP.test(label)).length;
  };
  const count = await up();
  const told = async () => (await strip(writer)).replace(/ lines? .*/, '');
  const hands = count === 0 ? '' : `${count} hand${count === 1 ? '' : 's'}`;
  await writer.until(async () => (await told()) === hands, 10_000, hands, told);
  const text = await writer.text();
  for (const viewer of seats) await viewer.has(text);
});
