// What the README's pictures show: a writer at a laptop and a viewer on a phone, in one room.

import { startScene } from '../browser/browser.js';

export const LAPTOP = { width: 700, height: 470 };
export const PHONE = { width: 360, height: 540 };
const NAME = 'fizz.py';
const TEXT = `# Everybody with the link sees each letter.

def fizz(n):
    if n % 15 == 0:
        return "FizzBuzz"
    if n % 5 == 0:
        return "Buzz"
    return "Fizz" if n % 3 == 0 else n

`;
/** What is typed while others watch. */
export const TYPED = ['for n in range(1, 101):', '    print(fizz(n))'];

/** @param {{ scale?: number }} [options]  of the screens: device pixels for each of CSS */
export async function openPictured({ scale = 1 } = {}) {
  const scene = await startScene({ deviceScaleFactor: scale, colorScheme: 'light' });
  const writer = await scene.writer({ viewport: LAPTOP });
  const file = { name: NAME, mimeType: 'text/plain', buffer: Buffer.from(TEXT) };
  await writer.page.locator('.monaco-editor .view-line').first().waitFor();
  await writer.page.setInputFiles('#open-file', file);
  await writer.page.locator('.view-line', { hasText: 'FizzBuzz' }).waitFor();
  const viewer = await scene.viewer(writer.link, { viewport: PHONE, isMobile: true, hasTouch: true });
  await viewer.says('Live');
  await viewer.page.locator('.cm-content').waitFor();
  await viewer.page.locator('#file', { hasText: NAME }).waitFor({ state: 'attached' });
  await writer.page.locator('#viewer-count', { hasText: '1' }).waitFor();
  await writer.focus();
  await writer.page.keyboard.press('ControlOrMeta+End');
  return { scene, writer, viewer };
}

/** Both screens in a theme of the system, of which a page hears a moment later. */
export const inTheme = ({ writer, viewer }, colorScheme) =>
  Promise.all([writer, viewer].map(async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.locator(`html[data-theme=${colorScheme}]`).waitFor();
  }));

/** Types all of it, and waits until the viewer has it. */
export async function typeAll({ writer, viewer }) {
  await writer.page.keyboard.type(`${TYPED[0]}\n${TYPED[1].trim()}`);
  await seen(viewer, TYPED[1]);
}

export const seen = ({ page }, line) => page.locator('.cm-line', { hasText: line.trim() }).waitFor();
