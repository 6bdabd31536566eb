// The QR code of a link, for phones in the room. Loaded with the share panel.

import { encode } from 'uqr';
import { draw } from './make.js';
import { outline } from './share.js';

/** Readers want so many light squares around the code. */
const BORDER = 4;

/** @param {string} link */
export function qrCode(link) {
  const { data, size } = encode(link, { ecc: 'M', border: BORDER });
  return draw(
    'svg',
    { class: 'qr', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'QR code of the link' },
    draw('path', { d: outline(data) }),
  );
}
