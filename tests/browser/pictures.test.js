// The README's pictures are of the page as it is, and small enough to be sent with a README.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../lib/handler.js';
import { after, before, test } from '../lib/test.js';
import { differences, marksOf } from '../pictures/marks.js';
import { inTheme, openPictured, typeAll } from '../pictures/scene.js';

const LONG = { timeout: 120_000 };
const MOST_BYTES = { 'page-light.png': 150_000, 'page-dark.png': 150_000, 'page-moving.png': 400_000 };
const recorded = JSON.parse(readFileSync(path.join(ROOT, 'docs/page-marks.json'), 'utf8'));

let pictured;
before(async () => {
  pictured = await openPictured();
  await typeAll(pictured);
}, LONG);
after(() => pictured?.scene.close());

test('the page has the controls, words, colours and heights that its pictures show', LONG, async () => {
  for (const [theme, marks] of Object.entries(recorded)) {
    await inTheme(pictured, theme);
    for (const who of ['writer', 'viewer']) {
      const now = await marksOf(pictured[who]);
      assert.ok(now.length > 15, `${now.length} marks`);
      assert.deepEqual(differences(marks[who], now), [], `run make pictures: the ${who}'s page, ${theme}, has changed`);
    }
  }
});

test('another colour, another word, another height and a control less are seen', async () => {
  const { page } = pictured.writer;
  const before = await marksOf(pictured.writer);
  for (const [what, css] of [
    ['colour', '#state { color: rgb(1, 2, 3) }'],
    ['height', '.bar { padding-bottom: 40px }'],
    ['control', '#share { display: none }'],
  ]) {
    const style = await page.addStyleTag({ content: css });
    assert.notDeepEqual(differences(before, await marksOf(pictured.writer)), [], what);
    await style.evaluate((element) => element.remove());
  }
  await page.evaluate(() => (document.querySelector('#copy-link span').textContent = 'Take link'));
  assert.deepEqual(differences(before, await marksOf(pictured.writer)).length, 2);
});

test('no picture is larger than a README bears', () => {
  for (const [name, most] of Object.entries(MOST_BYTES))
    assert.ok(statSync(path.join(ROOT, 'docs', name)).size <= most, name);
});
