// Makes the README's pictures of the page as it is built: docs/page-light.png, docs/page-dark.png and
// docs/page-moving.png, and notes in docs/page-marks.json what they show (marks.js). `make pictures` runs it.

import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import UPNG from 'upng-js';
import { ROOT } from '../lib/handler.js';
import { Frame } from './frame.js';
import { marksOf } from './marks.js';
import { inTheme, openPictured, seen, typeAll, TYPED } from './scene.js';

const COLOURS = 128;
const SCALE = 1.5;
const [TYPING_MS, HELD_MS, DRAG_MS] = [80, 1800, 240];
/** Each picture shows so many letters more than the one before. */
const LETTERS = 2;
const MOST_TRIES = 20;

const at = (name) => path.join(ROOT, 'docs', name);

/** @param {Buffer[]} pngs @param {number[]} delays  how long each is shown, in ms */
async function save(name, pngs, delays = []) {
  const images = pngs.map((png) => UPNG.decode(png));
  const [{ width, height }] = images;
  const frames = images.map((image) => UPNG.toRGBA8(image)[0]);
  const bytes = Buffer.from(UPNG.encode(frames, width, height, COLOURS, delays));
  await writeFile(at(name), bytes);
  console.log(`docs/${name}: ${width} x ${height}, ${frames.length} frames, ${Math.round(bytes.length / 1000)} kB`);
}

async function still() {
  const pictured = await openPictured({ scale: SCALE });
  const marks = {};
  try {
    await typeAll(pictured);
    const frame = await Frame.open(pictured.scene.browser, SCALE);
    for (const theme of ['light', 'dark']) {
      await inTheme(pictured, theme);
      await save(`page-${theme}.png`, [await takeLive(frame, pictured)]);
      marks[theme] = { writer: await marksOf(pictured.writer), viewer: await marksOf(pictured.viewer) };
    }
  } finally {
    await pictured.scene.close();
  }
  await writeFile(at('page-marks.json'), `${JSON.stringify(marks, undefined, 1)}\n`);
}

/** A busy machine may have a page say that it is slow, which is not what a picture is to show. */
async function takeLive(frame, { writer, viewer }) {
  const areLive = async () => (await Promise.all([writer.state(), viewer.state()])).join() === 'Live,Live';
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    await writer.says('Live');
    await viewer.says('Live');
    const png = await frame.take({ writer, viewer });
    if (await areLive()) return png;
  }
  throw new Error('the pages are not live for as long as a picture takes');
}

/** Type here, it appears there, rewind, and back to live. */
async function moving() {
  const pictured = await openPictured({ scale: SCALE });
  const { scene, writer, viewer } = pictured;
  const [pngs, delays] = [[], []];
  try {
    const frame = await Frame.open(scene.browser, SCALE);
    const take = async (ms, finger) => {
      await writer.says('Live');
      pngs.push(await frame.take(pictured, finger));
      delays.push(ms);
    };
    await take(HELD_MS / 2);
    for (const [i, line] of TYPED.entries()) {
      const letters = line.trim();
      for (let n = 0; n < letters.length; n += LETTERS) {
        await writer.page.keyboard.type(letters.slice(n, n + LETTERS));
        await seen(viewer, letters.slice(0, n + LETTERS));
        await take(TYPING_MS);
      }
      if (i < TYPED.length - 1) await writer.page.keyboard.press('Enter');
    }
    delays[delays.length - 1] = HELD_MS;
    await rewind(viewer, take);
  } finally {
    await scene.close();
  }
  await save('page-moving.png', pngs, delays);
}

async function rewind({ page }, take) {
  const slider = await page.locator('#rewind').boundingBox();
  const y = slider.y + slider.height / 2;
  const pointAt = (part) => ({ x: slider.x + slider.width * part, y });
  const steps = [0.98, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4];
  await page.mouse.move(pointAt(1).x - 8, y);
  await page.mouse.down();
  for (const part of steps) {
    const point = pointAt(part);
    await page.mouse.move(point.x, point.y);
    await take(DRAG_MS, point);
  }
  await page.mouse.up();
  await take(HELD_MS);
  const back = await page.locator('#back-to-live').boundingBox();
  await take(2 * DRAG_MS, { x: back.x + back.width / 2, y: back.y + back.height / 2 });
  await page.locator('#back-to-live').click();
  await page.locator('#state', { hasText: /^Live$/ }).waitFor();
  await take(HELD_MS);
}

await still();
await moving();
process.exit(); // nothing that is left keeps a make waiting
