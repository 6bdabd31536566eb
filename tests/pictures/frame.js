// Puts a laptop's screen and a phone's side by side, on nothing: the reader's own background is seen.

import { LAPTOP, PHONE } from './scene.js';

const GAP = 24;
const EDGE = 10;
const SIZE = { width: LAPTOP.width + GAP + PHONE.width + 4 * EDGE, height: PHONE.height + 2 * EDGE };

const html = `<style>
  body { margin: 0; display: flex; align-items: center; gap: ${GAP}px; width: ${SIZE.width}px; height: ${SIZE.height}px }
  div { position: relative; border: ${EDGE}px solid #3b4252; overflow: hidden; flex: none; display: flex }
  #laptop { border-radius: 12px } #phone { border-radius: 24px }
  #laptop img { width: ${LAPTOP.width}px; height: ${LAPTOP.height}px }
  #phone img { width: ${PHONE.width}px; height: ${PHONE.height}px }
  #finger { position: absolute; width: 30px; height: 30px; margin: -15px; border-radius: 50%;
    background: #d9770699; border: 2px solid #d97706; box-sizing: border-box }
</style><div id="laptop"><img></div><div id="phone"><img><span id="finger" hidden></span></div>`;

export class Frame {
  /** @param {import('playwright-core').Browser} browser */
  static async open(browser, scale) {
    const context = await browser.newContext({ viewport: SIZE, deviceScaleFactor: scale });
    const page = await context.newPage();
    await page.setContent(html);
    return new Frame(page);
  }

  constructor(page) {
    this.page = page;
  }

  /**
   * @param {{ writer: object, viewer: object }} screens
   * @param {{ x: number, y: number }} [finger]  where it touches the phone
   * @returns {Promise<Buffer>} a PNG of both screens as they are now
   */
  async take({ writer, viewer }, finger) {
    const screens = await Promise.all([writer, viewer].map(({ page }) => page.screenshot({ animations: 'disabled' })));
    await this.page.evaluate(async ({ images, at }) => {
      for (const [i, image] of [...document.images].entries()) {
        image.src = `data:image/png;base64,${images[i]}`;
        await image.decode();
      }
      const mark = document.getElementById('finger');
      mark.hidden = !at;
      if (at) Object.assign(mark.style, { left: `${at.x}px`, top: `${at.y}px` });
    }, { images: screens.map((one) => one.toString('base64')), at: finger });
    return this.page.screenshot({ omitBackground: true });
  }
}
